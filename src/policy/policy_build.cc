#include "policy/policy_build.h"

#include <algorithm>
#include <iterator>

#include "base/contains.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/limits.h"

namespace reeve::policy {
namespace {

/// The keys of a policy (../shared/reference/policy-language.md, section 1.2).
const std::vector<Key>& policy_keys() {
  static const std::vector<Key> keys = {
      {"name", "text", true},
      {"resource", "text|list", true},
      {"description", "text"},
      {"title", "text"},
      {"comment", "text|list"},
      {"comments", "text|list"},
      {"tags", "list"},
      {"metadata", "map"},
      {"conditions", "list"},
      {"region", "text"},
      {"start", "text|date"},
      {"end", "text|date"},
      {"tz", "text"},
      {"mode", "map"},
      {"source", "text"},
      {"query", "list"},
      {"filters", "list"},
      {"actions", "list"},
      {"max-resources", "integer|map"},
      {"max-resources-percent", "number"},
  };
  return keys;
}

/// Custodian's execution modes. "pull" and those that a clock starts judge all records; the others one event's.
constexpr std::string_view modes[] = {
    "pull",       "periodic",    "schedule",         "cloudtrail", "ec2-instance-state", "asg-instance-state",
    "guard-duty", "config-rule", "config-poll-rule", "phd",        "hub-finding",        "hub-action"};
constexpr std::string_view modes_without_event[] = {"pull", "periodic", "schedule", "config-poll-rule"};
constexpr std::string_view condition_filters[] = {"value", "event", "and", "or", "not"};

/// `^[A-z][A-z0-9]*(-[A-z0-9]+)*$`: as Custodian's schema has it, so "_" is a letter.
bool is_policy_name(std::string_view name) {
  const auto letter = [](char c) { return c >= 'A' && c <= 'z'; };
  const auto part = [&](char c) { return letter(c) || (c >= '0' && c <= '9'); };
  if (name.empty() || !letter(name.front())) return false;
  for (std::size_t i = 1; i < name.size(); ++i) {
    const bool dash = name[i] == '-' && i + 1 < name.size() && part(name[i + 1]);
    if (!dash && !part(name[i])) return false;
  }
  return true;
}

/// What conditions see instead of a resource.
const estate::Kind& condition_kind() {
  static const estate::Kind kind = [] {
    estate::Kind made;
    made.name = "policy";
    made.id = "name";
    made.tag_style = estate::TagStyle::none;
    return made;
  }();
  return kind;
}

/// Whether a filter `event` stands anywhere in these filters.
bool asks_for_event(Value filters) {
  bool found = filters.is_map() && filters["type"].as_text() == "event";
  if (filters.is_list()) {
    for (const Value filter : filters.items()) found = found || asks_for_event(filter);
  }
  for (const char* block : {"and", "or", "not"}) found = found || (filters.is_map() && asks_for_event(filters[block]));
  return found;
}

class PolicyBuilder {
 public:
  PolicyBuilder(Value data, const PolicyBuild& build) : data_(data), build_(build) {}

  std::unique_ptr<Policy> run() {
    if (!data_.is_map()) {
      problem(data_, "a policy must be a map with \"name\" and \"resource\"");
      return nullptr;
    }
    fine_ = check_keys(data_, policy_keys(), "a policy", build_.problem);
    read_name();
    read_kind();
    read_mode();
    read_limits();
    read_metadata();
    read_conditions();
    if (policy_->kind != nullptr) read_vocabulary();
    if (!fine_) return nullptr;
    policy_->needs_event = !contains(modes_without_event, policy_->mode) || asks_for_event(data_["filters"]) ||
                           asks_for_event(data_["conditions"]);
    policy_->data = encode_data(data_);
    policy_->hash = sha256_hex(canonical_json(policy_->data));
    return std::move(policy_);
  }

 private:
  void problem(Value at, std::string message) {
    fine_ = false;
    build_.problem(at, std::move(message));
  }
  /// Reports as problem() does, for what takes a Report.
  Report reporter() {
    return [this](Value at, std::string message) { problem(at, std::move(message)); };
  }
  Build element(const estate::Kind& kind, Value data) {
    return {.kind = kind,
            .data = data,
            .vocabulary = build_.vocabulary,
            .problem = reporter(),
            .warning = build_.warning,
            .now = build_.now};
  }

  void read_name() {
    const Value name = data_["name"];
    if (!name.is_text()) return;
    if (!is_policy_name(name.as_text())) {
      return problem(name, "the policy name \"" + name.as_string() +
                               "\" must begin with a letter and hold letters, digits, \"_\" and single dashes inside");
    }
    if (name.as_text().size() > limits::policy_name_bytes) {
      return problem(name, "the policy name has " + std::to_string(name.as_text().size()) + " characters: at most " +
                               std::to_string(limits::policy_name_bytes) + " are allowed");
    }
    policy_->name = name.as_string();
  }

  void read_kind() {
    Value resource = data_["resource"];
    if (resource.is_list()) {
      if (resource.size() != 1) return problem(resource, "a policy takes one resource: write a policy for each");
      resource = resource[std::size_t{0}];
    }
    if (resource.is_null()) return;
    if (!resource.is_text()) return problem(resource, "\"resource\" must be text");
    policy_->kind = build_.kinds.find(resource.as_text());
    if (policy_->kind != nullptr) return;
    const std::vector<std::string> known = build_.kinds.names();
    const std::vector<std::string_view> names(known.begin(), known.end());
    std::string_view word = resource.as_text();
    if (word.starts_with("aws.")) word.remove_prefix(4);
    fine_ = false;
    build_.problem_alone(resource, "Reeve does not know the kind \"" + resource.as_string() + "\": there are " +
                                       one_of(names) + did_you_mean(word, names));
  }

  void read_mode() {
    const auto mode = data_.find("mode");
    if (!mode || !mode->is_map()) return;
    const Value type = (*mode)["type"];
    if (!type.is_text()) return problem(*mode, "\"mode\" needs the key \"type\": " + one_of(modes));
    if (!contains(modes, type.as_text())) {
      return problem(type, "there is no mode \"" + type.as_string() + "\": there are " + one_of(modes) +
                               did_you_mean(type.as_text(), modes));
    }
    policy_->mode = type.as_string();
  }

  void read_limits() {
    const auto percent = [&](Value value) -> std::optional<double> {
      if (value.is_number() && value.as_real() >= 0 && value.as_real() <= 100) {
        return value.as_real() == 0 ? std::nullopt : std::optional(value.as_real());
      }
      problem(value, "a percentage must be a number from 0 to 100");
      return std::nullopt;
    };
    const auto amount = [&](Value value, std::int64_t least) -> std::optional<double> {
      if (value.kind() == Kind::integer && value.as_integer() >= least) {
        return value.as_integer() == 0 ? std::nullopt : std::optional(value.as_real());
      }
      problem(value, "a number of resources must be a whole number, " + std::to_string(least) + " or more");
      return std::nullopt;
    };
    if (const auto share = data_.find("max-resources-percent"); share && share->is_number()) {
      policy_->max_resources.percent = percent(*share);
    }
    const auto most = data_.find("max-resources");
    if (!most) return;
    if (most->kind() == Kind::integer) policy_->max_resources.amount = amount(*most, 1);
    if (!most->is_map()) return;
    const Key keys[] = {{"amount", "integer"}, {"percent", "number"}, {"op", "text", false, {"and", "or"}}};
    if (!check_keys(*most, keys, "\"max-resources\"", reporter())) return;
    if (const auto value = most->find("amount")) policy_->max_resources.amount = amount(*value, 0);
    if (const auto value = most->find("percent")) policy_->max_resources.percent = percent(*value);
    policy_->max_resources.both = (*most)["op"].as_text_or("or") == "and";
  }

  void read_metadata() {
    const auto reeve = data_["metadata"].find("reeve");
    if (!reeve) return;
    if (!reeve->is_map()) return problem(*reeve, "\"reeve\" of \"metadata\" must be a map");
    const Key keys[] = {{"irreversible", "text", false, {"allow"}}};
    if (!check_keys(*reeve, keys, "\"metadata\": {reeve}", reporter())) return;
    policy_->irreversible_allowed = (*reeve)["irreversible"].as_text_or({}) == "allow";
  }

  bool check_condition(Value item) {
    if (!item.is_map()) return true;
    const Value type = item["type"];
    if (type.is_text() && !contains(condition_filters, type.as_text())) {
      problem(type, "a condition must be one of " + one_of(condition_filters) + ", not \"" + type.as_string() + "\"");
      return false;
    }
    for (const char* block : {"and", "or", "not"}) {
      for (const Value child : item[block].items()) {
        if (!check_condition(child)) return false;
      }
    }
    return true;
  }

  void add_condition(Value item) {
    if (!check_condition(item)) return;
    if (auto made = build_.vocabulary.make_filter(element(condition_kind(), item))) {
      policy_->conditions.push_back(std::move(made));
    }
  }

  /// `region`, `start` and `end` are old ways to write conditions.
  void add_deprecated(std::string_view word, std::string_view key, std::string_view op, bool date) {
    const auto given = data_.find(word);
    if (!given) return;
    build_.warning(key_value(data_, word), "\"" + std::string(word) + "\" is deprecated: use \"conditions\"");
    Builder builder;
    builder.begin_map();
    builder.put("type", "value");
    builder.put("key", key);
    builder.put("op", op);
    builder.put("value", *given);
    if (date) builder.put("value_type", "date");
    builder.end();
    const Document condition = builder.finish();
    Build build = element(condition_kind(), condition);
    build.problem = [this, at = *given](Value, std::string message) { problem(at, std::move(message)); };
    if (auto made = build_.vocabulary.make_filter(build)) policy_->conditions.push_back(std::move(made));
  }

  void read_conditions() {
    for (const Value item : data_["conditions"].items()) add_condition(item);
    add_deprecated("region", "region", "eq", false);
    add_deprecated("start", "now", "gte", true);
    add_deprecated("end", "now", "lte", true);
  }

  void read_vocabulary() {
    const estate::Kind& kind = *policy_->kind;
    if (const Value source = data_["source"]; source.is_text() && source.as_text() != "describe") {
      problem(source, "source: " + source.as_string() + " is not supported yet: only \"describe\" is");
    }
    policy_->query = read_query(data_["query"], kind, reporter());
    for (const Value item : data_["filters"].items()) {
      auto made = build_.vocabulary.make_filter(element(kind, item));
      if (made)
        policy_->filters.push_back(std::move(made));
      else
        fine_ = false;
    }
    for (const Value item : data_["actions"].items()) {
      auto made = build_.vocabulary.make_action(element(kind, item));
      if (made)
        policy_->actions.push_back(std::move(made));
      else
        fine_ = false;
    }
  }

  Value data_;
  const PolicyBuild& build_;
  std::unique_ptr<Policy> policy_ = std::make_unique<Policy>();
  bool fine_ = true;
};

}  // namespace

std::unique_ptr<Policy> build_policy(Value data, const PolicyBuild& build) { return PolicyBuilder(data, build).run(); }

}  // namespace reeve::policy
