#include "policy/filters/list_item.h"

#include <algorithm>
#include <iterator>

#include "base/contains.h"

namespace reeve::policy {
namespace {

constexpr std::string_view attribute_filters[] = {"value", "and", "or", "not"};

/// What filters see instead of a record.
const estate::Kind& item_kind() {
  static const estate::Kind kind = [] {
    estate::Kind made;
    made.name = "list-item";
    made.id = "c7n:_id";
    made.tag_style = estate::TagStyle::none;
    return made;
  }();
  return kind;
}

}  // namespace

std::vector<Key> ListItemFilter::keys() {
  const auto ops = op_names();
  return {{"key", "text", true},
          {"attrs", "list"},
          {"count", "integer"},
          {"count_op", "text", false, std::vector<std::string_view>(ops.begin(), ops.end())}};
}

Verdict ListItemFilter::test(Candidate& candidate, Context& context) const {
  const Value list = key_->find(candidate.view, context.scratch);
  if (list.is_unknown()) return {Truth::unknown, key_->key() + " is unknown: " + std::string(list.unknown_reason())};
  if (!list.is_null() && !list.is_list()) return {Truth::unknown, key_->key() + " is no list"};
  std::vector<std::size_t> matched;
  std::size_t open = 0;
  std::string reason;
  std::size_t index = 0;
  for (const Value item : list.items()) {
    // The list may be made by the look-up, in the scratch: the items' own look-ups must not clear it.
    Candidate one{.view = estate::RecordView({&item_kind(), candidate.view.record().scope, Document({}, item)})};
    Verdict verdict{Truth::yes, {}};
    for (const auto& filter : attributes_) {
      Verdict answer = filter->test(one, context);
      if (answer.truth < verdict.truth) verdict = std::move(answer);
      if (verdict.truth == Truth::no) break;
    }
    if (verdict.truth == Truth::yes) matched.push_back(index);
    if (verdict.truth == Truth::unknown) {
      ++open;
      reason = std::move(verdict.reason);
    }
    ++index;
  }
  if (count_) {
    const auto holds = [&](std::size_t count) {
      Operand resource, value;
      resource.set(static_cast<std::int64_t>(count));
      value.set(*count_);
      return apply(count_op_, resource, value, nullptr);
    };
    const Truth truth = holds(matched.size());
    for (std::size_t more = 1; more <= open; ++more) {
      if (holds(matched.size() + more) != truth) return {Truth::unknown, reason};
    }
    return {truth, {}};
  }
  if (matched.empty()) return {open > 0 ? Truth::unknown : Truth::no, open > 0 ? reason : std::string()};
  Builder b;
  b.begin_list();
  for (const std::size_t at : matched) b.add(key_->key() + "[" + std::to_string(at) + "]");
  b.end();
  candidate.view.add_evidence(std::string(list_item_evidence), b.finish());
  return {Truth::yes, {}};
}

void ListItemFilter::explain(Candidate& candidate, Context&, std::size_t mark) const {
  Builder b;
  b.begin_map();
  b.put("key", key_->key());
  const auto& evidence = candidate.view.evidence();
  for (std::size_t i = mark; i < evidence.size(); ++i) {
    if (evidence[i].first == list_item_evidence) b.put("items", evidence[i].second);
  }
  b.end();
  candidate.findings.push_back({.filter = "list-item " + key_->key(), .verdict = Truth::yes, .evidence = b.finish()});
}

std::unique_ptr<Filter> ListItemFilter::make(const Build& build) {
  auto filter = std::make_unique<ListItemFilter>();
  const Value data = build.data;
  auto key = Lookup::compile(data["key"].as_text(), {.kind = &build.kind});
  bool fine = key.has_value();
  if (key) {
    filter->key_ = *std::move(key);
  } else {
    build.problem(data["key"],
                  "\"" + data["key"].as_string() + "\" is not a key that can be looked up: " + key.error().message);
  }
  for (const Value item : data["attrs"].items()) {
    const Value type = item["type"];
    if (type.is_text() && !contains(attribute_filters, type.as_text())) {
      build.problem(type, "\"attrs\" of filter \"list-item\" are " + one_of(attribute_filters) + ", not \"" +
                              type.as_string() + "\"");
      fine = false;
      continue;
    }
    Build child{.kind = item_kind(),
                .data = item,
                .vocabulary = build.vocabulary,
                .problem = build.problem,
                .warning = build.warning,
                .now = build.now};
    auto made = build.vocabulary.make_filter(child);
    if (made && made->stage() != Stage::record) {
      build.problem(item, "an item of a list can only be asked for its own values");
      made = nullptr;
    }
    fine = fine && made != nullptr;
    if (made) filter->attributes_.push_back(std::move(made));
  }
  if (const Value count = data["count"]; count.kind() == Kind::integer) filter->count_ = count.as_integer();
  filter->count_op_ = find_op(data["count_op"].as_text_or("eq")).value_or(Op::equal);
  if (!fine) return nullptr;
  return filter;
}

}  // namespace reeve::policy
