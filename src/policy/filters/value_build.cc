#include <algorithm>
#include <cmath>

#include "base/contains.h"
#include "policy/filters/value.h"
#include "text/dates.h"

namespace reeve::policy {
namespace {

/// Ages past this many days leave the calendar.
constexpr double most_days = 700'000;

}  // namespace

std::vector<Key> ValueFilter::keys() {
  const auto list = [](std::span<const std::string_view> names) {
    return std::vector<std::string_view>(names.begin(), names.end());
  };
  auto types = list(value_type_names());
  types.push_back("resource_count");
  return {{"type", "text"},
          {"key", "text"},
          {"value", "any"},
          {"op", "text", false, list(op_names())},
          {"value_type", "text", false, std::move(types)},
          {"value_regex", "text"},
          {"value_path", "text"},
          {"value_from", "map"},
          {"tag_key_transforms", "list"},
          {"default", "any"}};
}

/// Builds a value filter and checks what Custodian checks when it loads a policy, and what would stop its run later.
struct ValueBuilder {
  const Build& build;
  std::unique_ptr<ValueFilter> filter = std::make_unique<ValueFilter>();
  bool fine = true;

  void problem(Value at, std::string message) {
    fine = false;
    build.problem(at, std::move(message));
  }

  std::optional<Lookup> lookup(Value at, std::string_view key, const Lookup::Options& options) {
    auto compiled = Lookup::compile(key, options);
    if (!compiled) {
      problem(at, "\"" + std::string(key) + "\" is not a key that can be looked up: " + compiled.error().message);
      return std::nullopt;
    }
    filter->columns_.insert(filter->columns_.end(), compiled->columns().begin(), compiled->columns().end());
    return *std::move(compiled);
  }

  std::optional<text::Pattern> pattern(Value at, std::string_view what, text::PatternOptions options) {
    if (!at.is_text()) {
      problem(at, std::string(what) + " must be text");
      return std::nullopt;
    }
    auto compiled = text::Pattern::compile(at.as_text(), options);
    if (!compiled) {
      problem(at, std::string(what) + " is not a regular expression: " + compiled.error().message);
      return std::nullopt;
    }
    return *std::move(compiled);
  }

  void shorthand() {
    const auto [key, value] = *build.data.entries().begin();
    if (value.is_map() || (value.is_list() && !value.empty())) {
      return problem(value, "the short form of a value filter takes one value: write type: value, key: " +
                                std::string(key) + ", op and value");
    }
    filter->lookup_ = lookup(key_value(build.data, key), key, {.kind = &build.kind});
    filter->value_ = deep_copy(value);
  }

  std::vector<std::string> transforms() {
    std::vector<std::string> names;
    for (const Value item : build.data["tag_key_transforms"].items()) {
      if (!item.is_text() || !contains(tag_key_transform_names, item.as_text())) {
        problem(item, "tag_key_transforms are " + one_of(tag_key_transform_names) +
                          did_you_mean(item.as_text_or({}), tag_key_transform_names));
      } else {
        names.push_back(item.as_string());
      }
    }
    return names;
  }

  /// False where the element's form is not supported at all.
  bool supported() {
    const Value data = build.data;
    if (data.find("value_from")) {
      problem(key_value(data, "value_from"), "value_from of the value filter is not supported yet");
    }
    if (data["value_type"].as_text_or({}) == "resource_count") {
      problem(data["value_type"], "value_type: resource_count counts records: it is for the filter \"value\" alone");
    }
    return fine;
  }

  void long_form() {
    const Value data = build.data;
    if (!supported()) return;
    if (!data.find("key")) problem(data, "filter \"value\" needs the key \"key\"");
    if (!data.find("value") && !data.find("value_path")) {
      problem(data, "filter \"value\" needs the key \"value\" (or \"value_path\")");
    }
    if (data.find("value") && data.find("value_path")) {
      problem(key_value(data, "value_path"), "filter \"value\" takes either \"value\" or \"value_path\"");
    }
    if (!fine) return;
    filter->has_op_ = data.find("op").has_value();
    if (filter->has_op_) filter->op_ = find_op(data["op"].as_text()).value_or(Op::equal);
    filter->value_type_ = find_value_type(data["value_type"].as_text_or({})).value_or(ValueType::none);
    filter->value_ = deep_copy(data["value"]);
    const Lookup::Options options{.tag_key_transforms = transforms(), .kind = &build.kind};
    filter->lookup_ = lookup(data["key"], data["key"].as_text(), options);
    if (data.find("value_path")) {
      filter->value_lookup_ = lookup(data["value_path"], data["value_path"].as_text(), {.kind = &build.kind});
    }
    if (data.find("value_regex")) value_regex(data["value_regex"]);
    const bool regex = filter->op_ == Op::regex || filter->op_ == Op::regex_case;
    if (regex && data.find("value")) {
      filter->pattern_ = pattern(data["value"], "the value of op: " + data["op"].as_string(),
                                 {.ignore_case = filter->op_ == Op::regex});
    }
    if (data.find("value")) constant(data["value"]);
  }

  void value_regex(Value at) {
    filter->value_regex_ = pattern(at, "value_regex", {});
    if (filter->value_regex_ && filter->value_regex_->group_count() != 1) {
      problem(at, "value_regex must have exactly one capture group, not " +
                      std::to_string(filter->value_regex_->group_count()));
    }
  }

  void days(Value at) {
    const std::string type = build.data["value_type"].as_string();
    if (at.is_number() ? !(std::abs(at.as_real()) <= most_days) : at.kind() != Kind::timestamp) {
      problem(at, "the value of value_type: " + type + " must be a number of days or a date without quotes, not " +
                      std::string(at.is_number() ? "so large a number" : name(at.kind())));
    }
  }

  /// Checks a constant against value_type and op: what can only throw in Custodian is a problem here.
  void constant(Value at) {
    switch (filter->value_type_) {
      case ValueType::age:
      case ValueType::expiration:
        days(at);
        break;
      case ValueType::date:
        filter->date_ = text::parse_date(at, build.now);
        if (!filter->date_) problem(at, "the value of value_type: date is not a date");
        break;
      case ValueType::cidr:
        if (!at.is_text() && !at.is_list()) {
          problem(at, "the value of value_type: cidr must be an address, a network or a list of these");
        }
        break;
      case ValueType::version:
        if (!at.is_text() || at.empty()) problem(at, "the value of value_type: version must be text, such as \"1.10\"");
        break;
      case ValueType::expr:
        if (!at.is_text()) {
          problem(at, "the value of value_type: expr must be a key of the record");
        } else {
          filter->value_lookup_ = lookup(at, at.as_text(), {.kind = &build.kind});
        }
        break;
      default:
        break;
    }
    const bool number = at.is_number() || at.kind() == Kind::boolean;
    if (filter->op_ == Op::mod && number && at.as_real() == 0 && !at.as_bool()) problem(at, "op: mod divides by zero");
  }
};

std::unique_ptr<ValueFilter> ValueFilter::make(const Build& build) {
  ValueBuilder builder{build};
  if (build.data.find("type")) {
    builder.long_form();
  } else {
    builder.shorthand();
  }
  ValueFilter& filter = *builder.filter;
  if (!builder.fine || !filter.lookup_) return nullptr;
  const std::string_view text = filter.value_.root().as_text_or({});
  const bool sentinel = text == "absent" || text == "present" || text == "not-null" || text == "empty";
  filter.plain_ = !sentinel && filter.op_ == Op::equal && filter.value_type_ == ValueType::none &&
                  !filter.value_lookup_ && !filter.value_regex_;
  return std::move(builder.filter);
}

}  // namespace reeve::policy
