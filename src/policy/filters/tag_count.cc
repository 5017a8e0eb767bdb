#include "policy/filters/tag_count.h"

namespace reeve::policy {
namespace {

std::int64_t count_tags(Value tags) {
  std::int64_t count = 0;
  for (const Value tag : tags.items()) count += tag["Key"].as_text_or({}).starts_with("aws:") ? 0 : 1;
  return count;
}

}  // namespace

std::vector<Key> TagCountFilter::keys() {
  const auto ops = op_names();
  return {{"type", "text"}, {"count", "integer"}, {"op", "text", false, {ops.begin(), ops.end()}}};
}

Verdict TagCountFilter::test(Candidate& candidate, Context&) const {
  const Value tags = candidate.view.record().tags();
  if (tags.is_unknown()) return {Truth::unknown, "its tags are unknown: " + std::string(tags.unknown_reason())};
  Operand found, wanted;
  found.set(count_tags(tags));
  wanted.set(count_);
  return {apply(op_, found, wanted, nullptr), {}};
}

void TagCountFilter::explain(Candidate& candidate, Context&, std::size_t) const {
  Builder builder;
  builder.begin_map();
  builder.put("tags", count_tags(candidate.view.record().tags()));
  builder.end();
  candidate.findings.push_back({.filter = "tag-count", .verdict = Truth::yes, .evidence = builder.finish()});
}

std::unique_ptr<Filter> TagCountFilter::make(const Build& build) {
  auto filter = std::make_unique<TagCountFilter>();
  if (const estate::Column* column = build.kind.tags_column()) filter->columns_.push_back(column->name);
  if (const auto count = build.data.find("count")) {
    if (count->kind() != Kind::integer || count->as_integer() < 0) {
      build.problem(*count, "\"count\" of filter \"tag-count\" must be a whole number, 0 or more");
      return nullptr;
    }
    filter->count_ = count->as_integer();
  }
  if (const auto op = build.data.find("op")) filter->op_ = find_op(op->as_text()).value_or(Op::at_least);
  return filter;
}

}  // namespace reeve::policy
