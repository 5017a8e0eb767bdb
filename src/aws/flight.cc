#include "aws/flight.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "aws/errors.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/limits.h"

namespace reeve::aws {
namespace {

constexpr std::string_view file_end = ".json";
/// What the client library adds to each answer; no shape has it.
constexpr std::string_view client_metadata = "ResponseMetadata";

/// {"__class__": "datetime", "year", "month", …}; recordings are in UTC.
std::optional<Time> recorded_time(Value map) {
  if (map["__class__"].as_text() != "datetime") return std::nullopt;
  const auto number = [&](const char* key) { return map[key].as_integer(); };
  const auto time = parse_iso8601(fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", number("year"), number("month"),
                                              number("day"), number("hour"), number("minute"), number("second")));
  if (!time) return std::nullopt;
  return *time + std::chrono::microseconds(number("microsecond"));
}

class Converter {
 public:
  explicit Converter(const std::shared_ptr<const Keys>& keys) : b_(keys) {}
  Document run(Value data, const Shape* shape) {
    put(data, shape, false);
    return b_.finish();
  }

 private:
  void put(Value value, const Shape* shape, bool streaming) {
    if (value.is_map()) {
      if (const auto time = recorded_time(value)) return b_.add(*time);
      if (shape != nullptr && shape->type == ShapeType::string) return b_.add(to_json(value));
      return put_map(value, shape);
    }
    if (value.is_list()) {
      if (shape != nullptr && shape->type == ShapeType::string) return b_.add(to_json(value));
      b_.begin_list();
      const bool typed = shape != nullptr && shape->type == ShapeType::list;
      for (const Value item : value.items()) put(item, typed ? shape->item.shape : nullptr, false);
      return b_.end();
    }
    if (shape == nullptr) return b_.add(value);
    if (shape->type == ShapeType::blob && value.is_text()) return put_blob(value.as_text(), streaming);
    if (shape->type == ShapeType::timestamp) return put_time(value);
    if (shape->type == ShapeType::double_number && value.kind() == Kind::integer) return b_.add(value.as_real());
    b_.add(value);
  }

  void put_map(Value map, const Shape* shape) {
    b_.begin_map();
    for (const auto [key, member] : map.entries()) {
      if (key == client_metadata || member.is_null()) continue;  // AWS sends no nulls
      const Shape* of = nullptr;
      bool streaming = false;
      if (shape != nullptr && shape->type == ShapeType::structure) {
        if (const Member* found = shape->find(key)) {
          of = found->shape;
          streaming = found->streaming || (of != nullptr && of->streaming);
        }
      } else if (shape != nullptr && shape->type == ShapeType::map) {
        of = shape->map_value.shape;
      }
      b_.key(key);
      put(member, of, streaming);
    }
    b_.end();
  }

  void put_blob(std::string_view text, bool streaming) {
    if (streaming) {  // other blobs were recorded as they are
      if (const auto bytes = decode_base64(text)) return b_.blob(*bytes);
    }
    b_.blob(text);
  }

  void put_time(Value value) {
    if (value.is_number()) return b_.add(Time{static_cast<std::int64_t>(value.as_real() * 1e6)});
    if (value.is_text()) {
      if (const auto time = parse_iso8601(value.as_text())) return b_.add(*time);
    }
    b_.add(value);
  }

  Builder b_;
};

/// As the recording client names errors: the shape of the model's exception, else "ClientError".
std::string outcome_of(const ServiceModel& model, std::string_view code) {
  const Shape* shape = model.find_error(code);
  return shape == nullptr ? "ClientError" : std::string(shape->name);
}

}  // namespace

Document recorded_document(Value data, const Shape* shape, const std::shared_ptr<const Keys>& keys) {
  return Converter(keys).run(data, shape);
}

Task<Result<Response>> Flight::call(Request request) {
  const std::size_t place = calls_.size();
  calls_.push_back(
      {.service = request.service, .operation = request.operation, .params = request.params, .outcome = "ok"});
  if (request.params.root().is_null()) {
    Builder b;
    b.begin_map();
    b.end();
    calls_[place].params = b.finish();
  }
  Result<Response> response = answer(request);
  if (!response) {
    Error error = response.error();
    error.operation = request.operation_name();
    calls_[place].outcome = "missing";
    if (error.aws) {
      if (const auto model = models_.get(request.service)) calls_[place].outcome = outcome_of(**model, error.aws->code);
    }
    co_return fail(std::move(error));
  }
  co_return response;
}

void Flight::index() {
  for (const auto& [name, text] : files_) {
    if (!name.ends_with(file_end)) continue;
    const std::size_t end = name.size() - file_end.size();
    const std::size_t mark = name.rfind('_');
    std::size_t number = 0;
    if (mark == std::string::npos || mark > end) continue;
    const auto [last, error] = std::from_chars(name.data() + mark + 1, name.data() + end, number);
    if (error == std::errc{} && last == name.data() + end) numbers_[name.substr(0, mark)].push_back(number);
  }
  for (auto& [name, numbers] : numbers_) std::ranges::sort(numbers);
}

Result<void> Flight::list() {
  if (listed_) return {};
  TRY(const auto names, disk_->list(folder_));
  for (const auto& name : names) files_.emplace(name, std::string());
  index();
  listed_ = true;
  return {};
}

Result<Response> Flight::answer(const Request& request) {
  TRY(const auto found, models_.get(request.service, request.operation));
  TRY(list());
  const std::string name = found.model->endpoint_prefix + "." + request.operation;
  const auto numbers = numbers_.find(name);
  if (numbers == numbers_.end()) {
    return fail({.code = Code::not_found, .message = "the recording has no answer of " + name});
  }
  const auto used = used_.try_emplace(name, 0).first;
  if (missed_ > 0 && !asked_.contains(name)) used->second += missed_;
  asked_.insert(name);
  const std::size_t turn = used->second++ % numbers->second.size();
  const std::string file = fmt::format("{}_{}{}", name, numbers->second[turn], file_end);
  std::string text;
  if (disk_ != nullptr) {
    TRY(text, disk_->read_file(folder_ + "/" + file, limits::text_file_bytes));
  } else {
    text = files_.find(file)->second;
  }
  const auto parsed = parse_json(text);
  if (!parsed) {
    return fail({.code = Code::malformed, .message = file + ": " + parsed.error().message, .resource = folder_});
  }
  const Value data = (*parsed)["data"];
  const int status = parsed->root().find("status_code") ? static_cast<int>((*parsed)["status_code"].as_integer()) : 200;
  if (status >= 300) {
    const WireError wire{
        .code = data["Error"]["Code"].as_string(), .message = data["Error"]["Message"].as_string(), .status = status};
    return fail(to_error(wire, found.operation,
                         {.operation = request.operation_name(),
                          .host = found.model->endpoint_prefix + ".amazonaws.com",
                          .has_answered = true}));
  }
  Response response{.meta = {.status = status}};
  response.document = recorded_document(data, found.operation->output, found.model->keys());
  return response;
}

}  // namespace reeve::aws
