#include <algorithm>
#include <optional>

#include "policy/guards/guards.h"

namespace reeve::policy {
namespace {

constexpr std::size_t rules_at_once = 16;

/// A retention rule that is live now.
struct Rule {
  Document document;  // GetRule's answer
  std::string id;
  std::int64_t days = 0;
  bool by_tag() const { return !document["ResourceTags"].empty(); }
};

struct Rules {
  std::vector<Rule> live;
  std::string problem;
  bool unsupported = false;
};

bool has_tag(Value tags, Value rule_tag) {
  for (const Value tag : tags.items()) {
    if (tag["Key"].as_text() == rule_tag["ResourceTagKey"].as_text() &&
        tag["Value"].as_text() == rule_tag["ResourceTagValue"].as_text()) {
      return true;
    }
  }
  return false;
}

bool has_any(Value tags, Value rule_tags) {
  for (const Value rule_tag : rule_tags.items()) {
    if (has_tag(tags, rule_tag)) return true;
  }
  return false;
}

/// A rule excludes by key alone too: better no undo promised than one that is not there.
bool excluded(Value tags, Value rule_tags) {
  for (const Value rule_tag : rule_tags.items()) {
    for (const Value tag : tags.items()) {
      const bool same_key = tag["Key"].as_text() == rule_tag["ResourceTagKey"].as_text();
      if (same_key && (rule_tag["ResourceTagValue"].as_text().empty() || has_tag(tags, rule_tag))) return true;
    }
  }
  return false;
}

/// The rule that would keep a snapshot with these tags: tag-level ones come before region-level ones; of several, the
/// longest (EBS User Guide, How Recycle Bin works).
const Rule* matching(const Rules& rules, Value tags) {
  const Rule* best = nullptr;
  for (const Rule& rule : rules.live) {
    const bool matches = rule.by_tag() ? has_any(tags, rule.document["ResourceTags"])
                                       : !excluded(tags, rule.document["ExcludeResourceTags"]);
    if (!matches) continue;
    const bool better = best == nullptr || (rule.by_tag() != best->by_tag() ? rule.by_tag() : rule.days > best->days);
    if (better) best = &rule;
  }
  return best;
}

Document type_params() {
  Builder b;
  b.begin_map();
  b.put("ResourceType", "EBS_SNAPSHOT");
  b.end();
  return b.finish();
}

Task<void> read_rule(Context& context, std::string id, Rules& into) {
  Builder b;
  b.begin_map();
  b.put("Identifier", id);
  b.end();
  Document params = b.finish();
  std::string service = "rbin", operation = "GetRule";
  auto answer = co_await context.reader.call(std::move(service), std::move(operation), std::move(params));
  if (!answer) {
    if (answer.error().code != Code::not_found) into.problem = answer.error().text();
    co_return;
  }
  Rule rule{.document = answer->document, .id = std::move(id)};
  const Value period = rule.document["RetentionPeriod"];
  rule.days =
      period["RetentionPeriodUnit"].as_text_or("DAYS") == "DAYS" ? period["RetentionPeriodValue"].as_integer() : 0;
  if (rule.document["Status"].as_text_or("available") == "available" && rule.days > 0) {
    into.live.push_back(std::move(rule));
  }
}

Task<Rules> read_rules(Context& context) {
  Rules out;
  Document params = type_params();
  const Listed listed = co_await list_items(context, "rbin", "ListRules", std::move(params));
  if (!listed.items) {
    out.problem = listed.problem;
    co_return out;
  }
  out.unsupported = listed.unsupported();
  const auto& items = listed.items->items;
  std::function<Task<void>(std::size_t)> body = [&](std::size_t i) {
    return read_rule(context, items[i]["Identifier"].as_string(), out);
  };
  co_await for_each(context.reader.loop(), items.size(), rules_at_once, std::move(body));
  std::ranges::sort(out.live, {}, &Rule::id);
  co_return out;
}

Document column_of(const Rule& rule) {
  Builder b;
  b.begin_map();
  b.put("rule", rule.id);
  b.put("retention_days", rule.days);
  b.put("level", rule.by_tag() ? "tag" : "region");
  b.end();
  return b.finish();
}

/// A rule must be live before the delete: only then can it be taken back.
class RecycleBin : public Guard {
 public:
  std::string_view name() const override { return "recycle-bin"; }
  Task<std::vector<GuardAnswer>> check(std::span<Candidate*> candidates, Context& context) const override {
    const Rules rules = co_await read_rules(context);
    std::vector<GuardAnswer> answers;
    for (Candidate* candidate : candidates) answers.push_back(answer(*candidate, rules));
    co_return answers;
  }

 private:
  static GuardAnswer answer(Candidate& candidate, const Rules& rules) {
    estate::RecordView& view = candidate.view;
    const std::string column(recycle_bin_column);
    if (!rules.problem.empty()) {
      view.set_column_unknown(column, rules.problem);
      return note_undo_none("unknown-bin", "the Recycle Bin's rules could not be read: " + rules.problem);
    }
    if (rules.unsupported) {
      view.set_column_unsupported(column);
      return note_unsupported("ListRules of the Recycle Bin");
    }
    // The bin keeps only snapshots that were completed: one that failed has nothing to be restored.
    const auto state = view.record().document["State"].as_text();
    if (state != "completed") {
      view.set_column(column, Document());
      return note_undo_none("not-completed",
                            "the Recycle Bin does not keep a snapshot whose state is " + std::string(state));
    }
    const Value tags = view.record().tags();
    const Rule* rule = tags.is_unknown() ? nullptr : matching(rules, tags);
    view.set_column(column, rule == nullptr ? Document() : column_of(*rule));
    if (rule != nullptr) return {};
    return note_undo_none("no-bin-rule", "no Recycle Bin rule would keep it: it is gone at once");
  }
};

}  // namespace

const Guard& recycle_bin_guard() {
  static const RecycleBin guard;
  return guard;
}

}  // namespace reeve::policy
