// The JSON form of fault scripts (docs/formats/fault-script.md).
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "aws/fault_positions.h"
#include "aws/fault_script.h"
#include "aws/model.h"
#include "aws/protocol/nearest.h"
#include "base/json.h"
#include "base/limits.h"

namespace reeve::aws {

namespace {

/// In the order of FaultKind, with the parameters that each may have; a final "!" says that it must be there.
struct Word {
  std::string_view name;
  std::array<std::string_view, 3> parameters;
};
constexpr auto words = std::to_array<Word>({
    {"throttle", {"code", "status", ""}},
    {"error", {"code!", "status", "message"}},
    {"server_error_before", {"code", "status", "message"}},
    {"server_error_after", {"code", "status", "message"}},
    {"timeout_before", {"ms", "", ""}},
    {"timeout_after", {"ms", "", ""}},
    {"torn_body", {"", "", ""}},
    {"slow", {"ms!", "", ""}},
    {"clock_skew", {"s!", "", ""}},
    {"expired_token", {"code", "status", ""}},
    {"repeat_page", {"", "", ""}},
    {"drop_token", {"member", "", ""}},
    {"empty_page", {"member", "", ""}},
    {"not_aws", {"status", "message", ""}},
    {"error_in_200", {"code", "message", ""}},
    {"slow_bytes", {"ms!", "bytes", ""}},
});

constexpr std::int64_t longest_ms = 24LL * 3600 * 1000;  // a day: longer is a slip of the pen
constexpr std::int64_t most_skew_s = 366LL * 24 * 3600;  // a year either way
constexpr std::int64_t most_count = 1'000'000'000;       // calls
constexpr std::int64_t most_bytes = 1LL << 20;           // more at once is not slow

std::string listed(std::span<const std::string_view> names) { return fmt::format("{}", fmt::join(names, ", ")); }

/// Reads one script and notes all that is wrong with it.
class Reader {
 public:
  Reader(std::string_view text, std::string_view file, Models* models)
      : positions_(text), file_(file), models_(models) {}

  std::vector<FaultRule> script(Value root) {
    std::vector<FaultRule> out;
    if (!is(root, Kind::map, "")) return out;
    only(root, "", std::array<std::string_view, 2>{"format", "rules"});
    const Value format = root["format"];
    if (format.kind() != Kind::integer || format.as_integer() != 1) at_value("format", "'format' must be 1");
    const Value rules = root["rules"];
    if (!is(rules, Kind::list, "rules")) return out;
    std::size_t i = 0;
    for (const Value one : rules.items()) out.push_back(rule(one, fmt::format("rules[{}]", i++)));
    return out;
  }

  const std::vector<std::string>& wrong() const { return wrong_; }
  void at_value(std::string_view path, std::string_view what) { add(positions_.of_value(path), what); }
  void add(std::string_view place, std::string_view what) {
    wrong_.push_back(fmt::format("{}:{}: {}", file_, place, what));
  }
  const JsonPositions& positions() const { return positions_; }

 private:
  bool is(Value value, Kind kind, const std::string& path) {
    if (value.kind() == kind) return true;
    at_value(path, fmt::format("{} must be a {}, not {}", path.empty() ? "the script" : "'" + path + "'", name(kind),
                               value.is_null() ? "absent" : name(value.kind())));
    return false;
  }

  void unknown_word(std::string_view place, std::string_view what, std::string_view word,
                    std::span<const std::string_view> allowed) {
    const std::string_view near = nearest_name(word, allowed);
    add(place,
        fmt::format("unknown {} '{}'; {}{}", what, word, near.empty() ? "" : fmt::format("did you mean '{}'? ", near),
                    allowed.empty() ? "none may stand here" : "allowed: " + listed(allowed)));
  }

  void only(Value map, const std::string& path, std::span<const std::string_view> allowed) {
    for (const auto [key, value] : map.entries()) {
      if (std::ranges::find(allowed, key) != allowed.end()) continue;
      const std::string here = path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
      unknown_word(positions_.of_key(here), "key", key, allowed);
    }
  }

  std::int64_t number(Value map, const std::string& path, std::string_view key, std::int64_t least, std::int64_t most,
                      std::int64_t otherwise) {
    const auto value = map.find(key);
    if (!value) return otherwise;
    const std::int64_t got = value->as_integer();
    if (value->kind() == Kind::integer && got >= least && got <= most) return got;
    at_value(fmt::format("{}.{}", path, key), fmt::format("'{}' must be an integer from {} to {}", key, least, most));
    return otherwise;
  }

  std::string text(Value map, const std::string& path, std::string_view key) {
    const auto value = map.find(key);
    if (!value) return {};
    if (value->is_text() && !value->empty()) return value->as_string();
    at_value(fmt::format("{}.{}", path, key), fmt::format("'{}' must be a text that is not empty", key));
    return {};
  }

  FaultRule rule(Value from, const std::string& path) {
    FaultRule out;
    if (!is(from, Kind::map, path)) return out;
    only(from, path, std::array<std::string_view, 3>{"match", "fault", "times"});
    bool unbounded = false;
    if (const auto match = from.find("match")) unbounded = read_match(*match, path + ".match", out);
    out.times = number(from, path, "times", 0, most_count, unbounded ? 0 : 1);
    if (const auto fault = from.find("fault")) {
      out.fault = read_fault(*fault, path + ".fault");
    } else {
      at_value(path, "the rule has no 'fault'");
    }
    return out;
  }

  bool read_match(Value from, const std::string& path, FaultRule& out) {
    if (!is(from, Kind::map, path)) return false;
    only(from, path, std::array<std::string_view, 6>{"service", "operation", "params", "nth", "every", "after"});
    out.service = text(from, path, "service");
    out.operation = text(from, path, "operation");
    if (models_) known(path, out);
    if (const auto params = from.find("params"); params && is(*params, Kind::map, path + ".params")) {
      out.params = deep_copy(*params);
    }
    out.nth = number(from, path, "nth", 1, most_count, 0);
    out.every = number(from, path, "every", 1, most_count, 0);
    out.after = number(from, path, "after", 0, most_count, 0);
    int when = 0;
    for (const std::string_view key : {"nth", "every", "after"}) when += from.find(key) ? 1 : 0;
    if (when > 1) at_value(path, "only one of 'nth', 'every' and 'after' may stand in one rule");
    return from.find("every") || from.find("after");
  }

  /// A service and an operation that there are.
  void known(const std::string& path, const FaultRule& rule) {
    const std::vector<std::string> services = models_->services();
    const bool any = rule.service.empty();
    if (!any && std::ranges::find(services, rule.service) == services.end()) {
      const std::vector<std::string_view> names(services.begin(), services.end());
      return unknown_word(positions_.of_value(path + ".service"), "service", rule.service, names);
    }
    if (rule.operation.empty()) return;
    const std::string_view wanted = rule.operation;
    const auto stem = wanted.ends_with('*') ? std::optional(wanted.substr(0, wanted.size() - 1)) : std::nullopt;
    std::vector<std::shared_ptr<const ServiceModel>> asked;  // the names are views of them
    std::vector<std::string_view> names;
    for (const std::string& service : services) {
      if (!any && service != rule.service) continue;
      auto model = models_->get(service);
      if (!model) continue;
      for (const std::string_view name : (*model)->operation_names()) {
        if (stem ? name.starts_with(*stem) : name == wanted) return;
        names.push_back(name);
      }
      asked.push_back(*std::move(model));
    }
    const std::string_view near = nearest_name(stem.value_or(wanted), names);
    add(positions_.of_value(path + ".operation"),
        fmt::format("{} operation {}'{}'{}", any ? "no service has an" : rule.service + " has no",
                    stem ? "that begins as " : "", wanted,
                    near.empty() ? "" : fmt::format("; did you mean '{}'?", near)));
  }

  FaultAction read_fault(Value from, const std::string& path) {
    FaultAction out;
    std::string_view word = from.as_text();
    Value parameters;
    std::string inner = path;
    if (from.is_map() && from.size() == 1) {
      const auto [key, value] = *from.entries().begin();
      word = key;
      parameters = value;
      inner = fmt::format("{}.{}", path, key);
      if (!is(parameters, Kind::map, inner)) return out;
    } else if (!from.is_text()) {
      at_value(path, "'fault' must be a name, or a map of one name to its parameters");
      return out;
    }
    std::size_t index = 0;
    while (index < words.size() && words[index].name != word) ++index;
    if (index == words.size()) {
      std::vector<std::string_view> names;
      for (const Word& one : words) names.push_back(one.name);
      unknown_word(from.is_text() ? positions_.of_value(path) : positions_.of_key(inner), "fault", word, names);
      return out;
    }
    out.kind = static_cast<FaultKind>(index);
    read_parameters(parameters, inner, words[index], out);
    return out;
  }

  void read_parameters(Value from, const std::string& path, const Word& word, FaultAction& out) {
    std::vector<std::string_view> allowed;
    for (std::string_view parameter : word.parameters) {
      if (parameter.empty()) continue;
      const bool required = parameter.ends_with('!');
      if (required) parameter.remove_suffix(1);
      allowed.push_back(parameter);
      if (required && !from.find(parameter)) at_value(path, fmt::format("'{}' needs '{}'", word.name, parameter));
    }
    only(from, path, allowed);
    out.code = text(from, path, "code");
    out.message = text(from, path, "message");
    out.member = text(from, path, "member");
    out.status = static_cast<int>(number(from, path, "status", 300, 599, 0));
    out.time = std::chrono::milliseconds(number(from, path, "ms", 0, longest_ms, 0));
    out.bytes = number(from, path, "bytes", 1, most_bytes, 1);
    if (from.find("s")) out.time = std::chrono::seconds(number(from, path, "s", -most_skew_s, most_skew_s, 0));
  }

  JsonPositions positions_;
  std::string_view file_;
  Models* models_;
  std::vector<std::string> wrong_;
};

}  // namespace

std::string_view name(FaultKind kind) { return words.at(static_cast<std::size_t>(kind)).name; }

Result<FaultScript> FaultScript::parse(std::string_view text, std::string_view file, Models* models) {
  if (text.size() > limits::text_file_bytes) {
    return fail({.code = Code::limit_exceeded,
                 .message = fmt::format("a fault script of more than {} bytes", limits::text_file_bytes),
                 .resource = std::string(file)});
  }
  Reader reader(text, file, models);
  std::vector<FaultRule> rules;
  if (Result<Document> document = parse_json(text)) {
    rules = reader.script(*document);
  } else {
    const auto place = reader.positions().first_fault();
    reader.add(place.value_or("1:1"), document.error().message);
  }
  if (reader.wrong().empty()) return FaultScript(std::move(rules));
  return fail({.code = Code::invalid_input,
               .message = fmt::format("the fault script is wrong:\n{}", fmt::join(reader.wrong(), "\n")),
               .resource = std::string(file),
               .hint = "See docs/formats/fault-script.md: it says what may stand in it"});
}

}  // namespace reeve::aws
