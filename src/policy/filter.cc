#include "policy/filter.h"

namespace reeve::policy {

std::string_view name(Truth truth) {
  switch (truth) {
    case Truth::no:
      return "no";
    case Truth::unknown:
      return "unknown";
    case Truth::yes:
      return "yes";
  }
  return "unknown";
}

Verdict Filter::test(Candidate&, Context&) const {
  return {Truth::unknown, "the filter \"" + std::string(type()) + "\" judges many records at a time"};
}

Task<std::vector<Verdict>> Filter::judge(std::span<Candidate*> candidates, Context& context) const {
  std::vector<Verdict> verdicts;
  verdicts.reserve(candidates.size());
  for (Candidate* candidate : candidates) {
    verdicts.push_back(test(*candidate, context));
    context.scratch.clear();
  }
  co_return verdicts;
}

void Filter::explain(Candidate& candidate, Context&, std::size_t mark) const {
  Finding finding{.filter = std::string(type()), .verdict = Truth::yes, .evidence = {}};
  const auto& evidence = candidate.view.evidence();
  if (evidence.size() > mark) {
    Builder builder;
    builder.begin_map();
    for (std::size_t i = mark; i < evidence.size(); ++i) builder.put(evidence[i].first, evidence[i].second);
    builder.end();
    finding.evidence = builder.finish();
  }
  candidate.findings.push_back(std::move(finding));
}

std::string Filter::why_not(const Candidate&, Context&) const { return {}; }

}  // namespace reeve::policy
