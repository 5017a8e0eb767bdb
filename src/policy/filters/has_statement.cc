#include "policy/filters/has_statement.h"

#include <algorithm>
#include <set>

#include "base/contains.h"
#include "base/json.h"
#include "policy/filters/resource_policy.h"
#include "text/python_text.h"

namespace reeve::policy {
namespace {

constexpr std::string_view partial_key = "PartialMatch";
/// Elements that hold names of actions: AWS reads them without regard to case, and one name as a list of one.
constexpr std::string_view action_keys[] = {"Action", "NotAction"};

bool has_item(Value list, Value wanted) {
  for (const Value item : list.items()) {
    if (item == wanted) return true;
  }
  return false;
}

/// A statement's element holds all of what is wanted: an item of a list, a member of a map.
bool holds(Value element, Value wanted) {
  if (wanted.is_list()) {
    for (const Value item : wanted.items()) {
      if (!holds(element, item)) return false;
    }
    return true;
  }
  if (wanted.is_map()) {
    for (const auto [key, value] : wanted.entries()) {
      const auto member = element.find(key);
      if (!member || !holds(*member, value)) return false;
    }
    return true;
  }
  return element.is_list() ? has_item(element, wanted) : element == wanted;
}

/// Equal, but for the order of lists, which means nothing in a policy.
bool is_same(Value element, Value wanted) {
  if (!element.is_list() || !wanted.is_list()) return element == wanted;
  return element.size() == wanted.size() && holds(element, wanted) && holds(wanted, element);
}

std::set<std::string> actions_in(Value element) {
  std::set<std::string> out;
  if (element.is_text()) out.insert(text::lower(element.as_text()));
  for (const Value item : element.items()) out.insert(text::lower(item.as_text()));
  return out;
}

bool fits(Value statement, Value wanted) {
  const Value partial = wanted[partial_key];
  const auto in_part = [&](std::string_view key) {
    if (partial.is_text()) return partial.as_text() == key;
    Node node;
    return has_item(partial, text_value(node, key));
  };
  bool any = false;
  for (const auto [key, value] : wanted.entries()) {
    if (key == partial_key) continue;
    const auto element = statement.find(key);
    if (!element) return false;
    if (contains(action_keys, key)) {
      const auto have = actions_in(*element), want = actions_in(value);
      if (!(in_part(key) ? std::ranges::includes(have, want) : have == want)) return false;
    } else if (!(in_part(key) ? holds(*element, value) : is_same(*element, value))) {
      return false;
    }
    any = true;
  }
  return any;
}

/// Texts of a policy may name what is known of the record only: {bucket_name} and the like.
Document filled_in(Value value, std::string_view id) {
  Builder b;
  const auto copy = [&](const auto& self, Value from) -> void {
    if (from.is_map()) {
      b.begin_map();
      for (const auto [key, member] : from.entries()) {
        b.key(key);
        self(self, member);
      }
      return b.end();
    }
    if (from.is_list()) {
      b.begin_list();
      for (const Value item : from.items()) self(self, item);
      return b.end();
    }
    if (!from.is_text()) return b.add(from);
    std::string text = from.as_string();
    for (const std::string_view name : {"{bucket_name}", "{topic_arn}", "{queue_url}", "{endpoint_id}"}) {
      for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at + id.size())) {
        text.replace(at, name.size(), id);
      }
    }
    b.add(text);
  };
  copy(copy, value);
  return b.finish();
}

}  // namespace

std::vector<Key> HasStatementFilter::keys() { return {{"statement_ids", "list"}, {"statements", "list"}}; }

Verdict HasStatementFilter::test(Candidate& candidate, Context& context) const {
  const Value found = policy_.find(candidate.view, context.scratch);
  if (found.is_unknown()) return {Truth::unknown, "its policy is unknown: " + std::string(found.unknown_reason())};
  if (found.is_null() || (found.is_text() && found.empty())) return {Truth::no, {}};
  Document policy;
  if (found.is_text()) {
    auto parsed = parse_json(found.as_text());
    if (!parsed) return {Truth::unknown, "its policy cannot be read"};
    policy = *std::move(parsed);
  } else {
    policy = deep_copy(found);
  }
  const Value list = policy["Statement"];
  std::vector<Value> statements;
  if (list.is_map()) statements.push_back(list);
  for (const Value statement : list.items()) statements.push_back(statement);
  const auto has_id = [&](const std::string& id) {
    return std::ranges::any_of(statements, [&](Value statement) { return statement["Sid"].as_text() == id; });
  };
  const Document wanted = filled_in(statements_, candidate.view.id());
  const auto has = [&](Value one) {
    return std::ranges::any_of(statements, [&](Value statement) { return fits(statement, one); });
  };
  bool all = std::ranges::all_of(ids_, has_id);
  for (const Value one : wanted.root().items()) all = all && has(one);
  return {all ? Truth::yes : Truth::no, {}};
}

std::unique_ptr<Filter> HasStatementFilter::make(const Build& build) {
  auto policy = policy_lookup(build);
  if (!policy) return nullptr;
  const Value data = build.data;
  if (data["statement_ids"].empty() && data["statements"].empty()) {
    build.problem(data, "filter \"has-statement\" needs \"statement_ids\" or \"statements\"");
    return nullptr;
  }
  std::vector<std::string> ids;
  for (const Value id : data["statement_ids"].items()) ids.push_back(id.as_string());
  return std::make_unique<HasStatementFilter>(*std::move(policy), std::move(ids), deep_copy(data["statements"]));
}

}  // namespace reeve::policy
