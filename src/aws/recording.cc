#include "aws/recording.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/json.h"
#include "base/limits.h"

namespace reeve::aws {

namespace {

constexpr std::string_view file_end = ".json";

/// The shapes of a call, where the models know it.
struct Shapes {
  const Shape* input = nullptr;
  const Shape* output = nullptr;
};
Shapes shapes_of(Models& models, const Request& request) {
  const auto found = models.get(request.service, request.operation);
  if (!found) return {};
  return {found->operation->input, found->operation->output};
}

/// What a request says, without what must not be told.
Request masked(Mask& mask, const Request& request, const Shape* input) {
  mask.learn_account(request.scope.account);
  mask.learn(request.params, input);
  Request out{.service = request.service, .operation = request.operation, .scope = request.scope};
  out.params = mask.apply(request.params, input);
  out.scope.account = mask.apply(request.scope.account);
  return out;
}

/// The same of an answer.
Result<Response> masked(Mask& mask, const Result<Response>& answer, const Shape* output) {
  if (answer) {
    mask.learn(answer->document, output);
    return Response{.document = mask.apply(answer->document, output), .meta = answer->meta};
  }
  Error error = answer.error();
  for (std::string* text : {&error.message, &error.resource, &error.hint}) {
    Builder one;
    one.add(*text);
    mask.learn(one.finish(), nullptr);
    *text = mask.apply(*text);
  }
  return fail(std::move(error));
}

/// What two calls must share to be the same call. No parameters and an empty map are the same.
std::string fingerprint(const std::string& operation, const Scope& scope, Value params) {
  return fmt::format("{} {}/{}/{} {}", operation, scope.partition, scope.account, scope.region,
                     params.is_null() ? "{}" : canonical_json(params));
}

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string error_json(const Error& error) {
  std::string out =
      fmt::format("{{\"code\": {}, \"message\": {}, \"resource\": {}, \"hint\": {}", quoted(name(error.code)),
                  quoted(error.message), quoted(error.resource), quoted(error.hint));
  if (error.aws) {
    out += fmt::format(
        ", \"aws\": {{\"code\": {}, \"status\": {}, \"request_id\": {}, \"attempts\": {}, \"retry_after_ms\": {}, "
        "\"retryable\": {}}}",
        quoted(error.aws->code), error.aws->status, quoted(error.aws->request_id), error.aws->attempts,
        error.aws->retry_after_ms, error.aws->retryable);
  }
  return out + "}";
}

std::string exchange_json(std::size_t number, const Request& request, const Result<Response>& answer) {
  std::string out = fmt::format(
      "{{\"format\": 1, \"seq\": {},\n \"service\": {}, \"operation\": {},\n \"scope\": {{\"partition\": {}, "
      "\"account\": "
      "{}, \"region\": {}}},\n \"params\": {}",
      number, quoted(request.service), quoted(request.operation), quoted(request.scope.partition),
      quoted(request.scope.account), quoted(request.scope.region), write_typed_json(request.params));
  if (answer) {
    const Meta& meta = answer->meta;
    out += fmt::format(
        ",\n \"document\": {},\n \"meta\": {{\"status\": {}, \"request_id\": {}, \"date\": {}, \"attempts\": {}}}",
        write_typed_json(answer->document), meta.status, quoted(meta.request_id),
        meta.date ? quoted(format_iso8601(*meta.date)) : "null", meta.attempts);
  } else {
    out += ",\n \"error\": " + error_json(answer.error());
  }
  return out + "}\n";
}

std::optional<Code> code_named(std::string_view text) {
  static constexpr auto codes = std::to_array<std::pair<std::string_view, Code>>({
#define CODE(name, meaning) {#name, Code::name},
#include "base/error_codes.def"
#undef CODE
  });
  const auto* it = std::ranges::find(codes, text, [](const auto& one) { return one.first; });
  return it == codes.end() ? std::nullopt : std::optional(it->second);
}

Result<Error> read_error(Value from, const std::string& operation) {
  const auto code = code_named(from["code"].as_text());
  if (!code) return fail(Code::malformed, fmt::format("unknown error code '{}'", from["code"].as_text()));
  Error out{.code = *code,
            .message = from["message"].as_string(),
            .operation = operation,
            .resource = from["resource"].as_string(),
            .hint = from["hint"].as_string()};
  if (const Value aws = from["aws"]; aws.is_map()) {
    out.aws =
        std::make_shared<AwsError>(AwsError{.code = aws["code"].as_string(),
                                            .status = static_cast<int>(aws["status"].as_integer()),
                                            .request_id = aws["request_id"].as_string(),
                                            .attempts = static_cast<int>(aws["attempts"].as_integer()),
                                            .retry_after_ms = static_cast<int>(aws["retry_after_ms"].as_integer()),
                                            .retryable = aws["retryable"].as_bool()});
  }
  return out;
}

}  // namespace

// --- Record ----------------------------------------------------------------------------------------------------------

Result<std::size_t> Record::next_number() {
  if (next_ == 0) {
    TRY(disk_.make_folders(folder_));
    TRY(mask_, Mask::open(disk_, folder_, random_));
    TRY(const auto names, disk_.list(folder_));
    std::size_t highest = 0;  // a recording that is there already goes on
    for (const std::string& name : names) {
      std::size_t number = 0;
      std::from_chars(name.data(), name.data() + name.size(), number);
      highest = std::max(highest, number);
    }
    next_ = highest + 1;
  }
  return next_++;
}

Task<Result<Response>> Record::call(Request request) {
  CO_TRY(const std::size_t number, next_number());
  Task<Result<Response>> inner = inner_.call(request);
  Result<Response> answer = co_await std::move(inner);
  const Shapes shapes = shapes_of(models_, request);
  mask_->learn_account(request.scope.account);
  mask_->learn(request.params, shapes.input);
  const Result<Response> answered = masked(*mask_, answer, shapes.output);
  const Request told = masked(*mask_, request, shapes.input);  // last: the answer may tell what is secret in it
  CO_TRY(mask_->save(disk_, folder_));
  const std::string path = fmt::format("{}/{:06}-{}{}", folder_, number, request.operation_name(), file_end);
  CO_TRY(disk_.write_file(path, exchange_json(number, told, answered)));
  co_return answer;
}

// --- Replay ----------------------------------------------------------------------------------------------------------

struct Replay::Exchange {
  std::string file, operation, call;  // call: see fingerprint
  std::string params;                 // for people
  Result<Response> answer = Response{};
  bool used = false;
};

Replay::Replay(Models& models, Mask mask) : models_(models), mask_(std::move(mask)) {}
Replay::~Replay() = default;

Result<std::unique_ptr<Replay>> Replay::open(Disk& disk, const std::string& folder, Models& models) {
  TRY(const auto names, disk.list(folder));
  TRY(Mask mask, Mask::replaying(disk, folder));
  std::unique_ptr<Replay> out(new Replay(models, std::move(mask)));
  for (const std::string& name : names) {
    if (!name.ends_with(file_end) || name == Mask::file_name) continue;
    const std::string path = folder + "/" + name;
    TRY(const std::string text, disk.read_file(path, limits::text_file_bytes));
    auto exchange = read_exchange(text, name, models.keys());
    if (!exchange) {
      Error error = std::move(exchange).error();
      error.resource = path;
      return fail(std::move(error));
    }
    out->exchanges_.push_back(*std::move(exchange));
  }
  return out;
}

Result<Replay::Exchange> Replay::read_exchange(std::string_view text, const std::string& file,
                                               const std::shared_ptr<const Keys>& keys) {
  TRY(const Document document, parse_json(text));
  const Value root = document;
  if (root["format"].as_integer() != 1 || root["service"].as_text().empty() || root["operation"].as_text().empty()) {
    return fail({.code = Code::malformed, .message = "this is no recorded exchange of format 1"});
  }
  Exchange out{.file = file, .operation = root["service"].as_string() + "." + root["operation"].as_string()};
  const Scope scope{.partition = root["scope"]["partition"].as_string(),
                    .account = root["scope"]["account"].as_string(),
                    .region = root["scope"]["region"].as_string()};
  TRY(const Document params, from_typed(root["params"]));
  out.params = to_json(params);
  out.call = fingerprint(out.operation, scope, params);
  if (root["error"].is_map()) {
    TRY(Error error, read_error(root["error"], out.operation));
    out.answer = fail(std::move(error));
    return out;
  }
  const Value meta = root["meta"];
  Response response{.meta = {.status = static_cast<int>(meta["status"].as_integer()),
                             .request_id = meta["request_id"].as_string(),
                             .attempts = static_cast<int>(meta["attempts"].as_integer())}};
  if (meta["date"].is_text()) {
    TRY(response.meta.date, parse_iso8601(meta["date"].as_text()));
  }
  TRY(response.document, from_typed(root["document"], keys));
  out.answer = std::move(response);
  return out;
}

Task<Result<Response>> Replay::call(Request request) {
  const std::string operation = request.operation_name();
  const Request asked = masked(mask_, request, shapes_of(models_, request).input);
  const std::string call = fingerprint(operation, asked.scope, asked.params);
  const Exchange* near = nullptr;
  for (Exchange& exchange : exchanges_) {
    if (exchange.used || exchange.operation != operation) continue;
    if (exchange.call == call) {
      exchange.used = true;
      co_return exchange.answer;
    }
    if (near == nullptr) near = &exchange;
  }
  co_return fail({.code = Code::not_found,
                  .message = fmt::format("the recording has no such call: {}", to_json(asked.params)),
                  .operation = operation,
                  .resource = request.scope.region,
                  .hint = near != nullptr
                              ? fmt::format("the next one of this operation is {}: {}", near->file, near->params)
                              : "it has no more calls of this operation"});
}

std::vector<std::string> Replay::unused() const {
  std::vector<std::string> out;
  for (const Exchange& exchange : exchanges_) {
    if (!exchange.used) out.push_back(exchange.file + ": " + exchange.operation);
  }
  return out;
}

}  // namespace reeve::aws
