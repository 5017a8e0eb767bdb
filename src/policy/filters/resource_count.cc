#include "policy/filters/resource_count.h"

#include <algorithm>

#include "base/contains.h"

namespace reeve::policy {
namespace {

constexpr std::string_view allowed_keys[] = {"type", "op", "value", "value_type"};

}  // namespace

Task<std::vector<Verdict>> ResourceCountFilter::judge(std::span<Candidate*> candidates, Context&) const {
  const auto certain = static_cast<std::size_t>(
      std::ranges::count_if(candidates, [](const Candidate* candidate) { return !candidate->uncertain; }));
  const auto with = [&](std::size_t count) {
    Operand resource, value;
    resource.set(static_cast<std::int64_t>(count));
    value.value = value_;
    return apply(op_, resource, value, nullptr);
  };
  // Records that nobody could decide may belong to the set or not: what holds for each count is certain.
  Verdict verdict{with(certain), {}};
  for (std::size_t count = certain + 1; count <= candidates.size(); ++count) {
    if (with(count) == verdict.truth) continue;
    verdict = {Truth::unknown, "how many records there are depends on some that could not be decided"};
    break;
  }
  if (verdict.truth == Truth::unknown && verdict.reason.empty()) verdict.reason = "their number cannot be compared";
  std::vector<Verdict> verdicts(candidates.size(), verdict);
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (verdict.truth != Truth::yes) continue;
    Builder b;
    b.begin_map();
    b.put("resource_count", candidates.size());
    b.end();
    candidates[i]->findings.push_back(
        {.filter = "value resource_count", .verdict = Truth::yes, .evidence = b.finish()});
  }
  co_return verdicts;
}

std::unique_ptr<Filter> ResourceCountFilter::make(const Build& build) {
  bool fine = true;
  const auto problem = [&](Value at, std::string message) {
    fine = false;
    build.problem(at, std::move(message));
  };
  for (const auto [key, value] : build.data.entries()) {
    if (!contains(allowed_keys, key)) {
      problem(key_value(build.data, key), "value_type: resource_count takes no \"" + std::string(key) + "\"");
    }
  }
  const Value op = build.data["op"], value = build.data["value"];
  const auto found = find_op(op.as_text_or("eq"));
  constexpr Op texts[] = {Op::glob, Op::regex, Op::regex_case};
  if (!build.data.find("op")) problem(build.data, "value_type: resource_count needs \"op\"");
  if (found && std::ranges::find(texts, *found) != std::end(texts)) {
    problem(op, "value_type: resource_count compares numbers: op: " + op.as_string() + " is for texts");
  }
  if (value.kind() != Kind::integer)
    problem(value.is_null() ? build.data : value, "value_type: resource_count needs a whole number as \"value\"");
  if (!fine || !found) return nullptr;
  return std::make_unique<ResourceCountFilter>(*found, deep_copy(value));
}

}  // namespace reeve::policy
