#include "aws/protocol/validate.h"

#include <fmt/format.h>

#include "aws/protocol/nearest.h"
#include "aws/protocol/scalar.h"
#include "base/limits.h"

namespace reeve::aws {
namespace {

std::string_view expected(ShapeType type) {
  switch (type) {
    case ShapeType::structure:
      return "a map";
    case ShapeType::list:
      return "a list";
    case ShapeType::map:
      return "a map";
    case ShapeType::string:
      return "a text";
    case ShapeType::blob:
      return "a text or bytes";
    case ShapeType::boolean:
      return "true or false";
    case ShapeType::integer:
      return "an integer";
    case ShapeType::long_integer:
      return "an integer";
    case ShapeType::float_number:
      return "a number";
    case ShapeType::double_number:
      return "a number";
    case ShapeType::timestamp:
      return "a time (ISO 8601, or seconds since 1970)";
  }
  return "another type";
}

std::string_view given(Value value) {
  switch (value.kind()) {
    case Kind::null:
      return "null";
    case Kind::boolean:
      return "a boolean";
    case Kind::integer:
      return "an integer";
    case Kind::real:
      return "a number";
    case Kind::text:
      return "a text";
    case Kind::timestamp:
      return "a time";
    case Kind::blob:
      return "bytes";
    case Kind::list:
      return "a list";
    case Kind::map:
      return "a map";
    case Kind::unknown:
      return "an unknown value";
  }
  return "another type";
}

class Checker {
 public:
  explicit Checker(const Keys* keys) : keys_(keys) {}

  void check(Value value, const Member& member) {
    const Shape* shape = member.shape;
    if (shape == nullptr || value.is_null() || shape->document || member.json_value) return;
    if (path_parts_ > limits::document_depth) return fault("nests too deeply");
    if (value.is_unknown()) return fault(fmt::format("is not known: {}", value.unknown_reason()));
    switch (shape->type) {
      case ShapeType::structure:
        return structure(value, *shape);
      case ShapeType::list:
        return list(value, *shape);
      case ShapeType::map:
        return map(value, *shape);
      default:
        if (!fits(value, shape->type)) wrong_type(value, shape->type);
    }
  }

  const std::string& faults() const { return faults_; }
  std::size_t count() const { return count_; }
  const std::string& hint() const { return hint_; }

 private:
  static constexpr std::size_t most_faults = 10;

  static bool fits(Value value, ShapeType type) {
    switch (type) {
      case ShapeType::string:
        return value.is_text();
      case ShapeType::blob:
        return value.is_text() || value.kind() == Kind::blob;
      case ShapeType::boolean:
        return value.kind() == Kind::boolean;
      case ShapeType::integer:
      case ShapeType::long_integer:
        return value.kind() == Kind::integer;
      case ShapeType::float_number:
      case ShapeType::double_number:
        return value.is_number() || is_special_number(value);
      case ShapeType::timestamp:
        return time_of(value).has_value();
      default:
        return false;
    }
  }

  static bool is_special_number(Value value) {
    const std::string_view text = value.as_text();
    return value.is_text() && (text == "NaN" || text == "Infinity" || text == "-Infinity");
  }

  void structure(Value value, const Shape& shape) {
    if (!value.is_map()) return wrong_type(value, shape.type);
    for (const auto [key, item] : value.entries()) {
      const Member* member = shape.find(key);
      const Step step(*this, key);
      if (member == nullptr) {
        unknown_member(key, shape);
      } else {
        check(item, *member);
      }
    }
    for (const Member& member : shape.members) {
      std::uint32_t hint = 0;
      if (!member.required || member.idempotency_token || !member_of(value, member, keys_, hint).is_null()) continue;
      const Step step(*this, member.name);
      fault("is required");
    }
  }

  void list(Value value, const Shape& shape) {
    if (!value.is_list()) return wrong_type(value, shape.type);
    std::size_t index = 0;
    for (const Value item : value.items()) {
      const Step step(*this, index++);
      check(item, shape.item);
    }
  }

  void map(Value value, const Shape& shape) {
    if (!value.is_map()) return wrong_type(value, shape.type);
    for (const auto [key, item] : value.entries()) {
      const Step step(*this, key);
      check(item, shape.map_value);
    }
  }

  void unknown_member(std::string_view key, const Shape& shape) {
    std::vector<std::string_view> names;
    for (const Member& member : shape.members) names.push_back(member.name);
    const std::string_view nearest = nearest_name(key, names);
    if (nearest.empty()) return fault("is not known");
    fault(fmt::format("is not known (did you mean {}?)", nearest));
    if (hint_.empty()) hint_ = fmt::format("Did you mean '{}'?", nearest);
  }

  void wrong_type(Value value, ShapeType type) {
    fault(fmt::format("must be {}, not {}", expected(type), given(value)));
  }

  void fault(std::string_view what) {
    if (++count_ > most_faults) return;
    if (!faults_.empty()) faults_ += "; ";
    faults_ += fmt::format("{} {}", path_.empty() ? "the whole" : path_, what);
  }

  /// One step down the path, undone at its end.
  struct Step {
    Step(Checker& c, std::string_view key) : checker(c), size(c.path_.size()) {
      if (!c.path_.empty()) c.path_ += '.';
      c.path_ += key;
      ++c.path_parts_;
    }
    Step(Checker& c, std::size_t index) : checker(c), size(c.path_.size()) {
      c.path_ += fmt::format("[{}]", index);
      ++c.path_parts_;
    }
    ~Step() {
      checker.path_.resize(size);
      --checker.path_parts_;
    }
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;
    Checker& checker;
    std::size_t size;
  };

  const Keys* keys_;
  std::string path_, faults_, hint_;
  std::size_t path_parts_ = 0, count_ = 0;
};

}  // namespace

Result<void> validate_params(const ServiceModel& model, const Operation& operation, Value params) {
  Checker checker(model.keys().get());
  if (operation.input == nullptr) {
    if (params.is_null() || (params.is_map() && params.empty())) return {};
    Error error{Code::invalid_params, fmt::format("{} takes no parameters", operation.name)};
    error.operation = fmt::format("{}.{}", model.service(), operation.name);
    return fail(std::move(error));
  }
  Member root;
  root.shape = operation.input;
  const Document nothing = [] {
    Builder b;
    b.begin_map();
    b.end();
    return b.finish();
  }();
  checker.check(params.is_null() ? nothing.root() : params, root);
  if (checker.count() == 0) return {};
  Error error{Code::invalid_params, fmt::format("parameters of {} do not fit: {}", operation.name, checker.faults())};
  if (checker.count() > 10) error.message += fmt::format("; and {} more", checker.count() - 10);
  error.operation = fmt::format("{}.{}", model.service(), operation.name);
  error.hint = checker.hint();
  return fail(std::move(error));
}

}  // namespace reeve::aws
