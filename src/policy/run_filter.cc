#include "policy/run_filter.h"

namespace reeve::policy {

Task<void> fetch_columns(std::vector<std::string> names, std::span<Candidate*> candidates, Context& context) {
  if (candidates.empty()) co_return;
  const estate::Kind* kind = candidates.front()->view.record().kind;
  for (const std::string& name : names) {
    const estate::Column* column = kind->column(name);
    if (column == nullptr) continue;
    std::vector<estate::RecordView*> views;
    for (Candidate* candidate : candidates) {
      if (!candidate->view.column(name)) views.push_back(&candidate->view);
    }
    if (!views.empty()) co_await context.reader.fetch_column(*column, std::move(views));
  }
}

Task<std::vector<Verdict>> run_filter(const Filter& filter, std::span<Candidate*> candidates, Context& context) {
  std::vector<Verdict> verdicts;
  if (candidates.empty()) co_return verdicts;
  std::vector<std::string> columns = filter.columns();
  if (!columns.empty()) co_await fetch_columns(std::move(columns), candidates, context);

  if (filter.stage() == Stage::record) {
    verdicts.reserve(candidates.size());
    for (Candidate* candidate : candidates) {
      const std::size_t mark = candidate->view.evidence_mark();
      verdicts.push_back(filter.test(*candidate, context));
      if (verdicts.back().truth == Truth::yes) filter.explain(*candidate, context, mark);
      context.scratch.clear();
    }
    co_return verdicts;
  }

  struct Before {
    std::size_t findings, evidence;
  };
  std::vector<Before> before;
  before.reserve(candidates.size());
  for (const Candidate* candidate : candidates) {
    before.push_back({candidate->findings.size(), candidate->view.evidence_mark()});
  }
  verdicts = co_await filter.judge(candidates, context);
  REEVE_ASSERT(verdicts.size() == candidates.size());
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (verdicts[i].truth != Truth::yes || candidates[i]->findings.size() > before[i].findings) continue;
    filter.explain(*candidates[i], context, before[i].evidence);
    context.scratch.clear();
  }
  co_return verdicts;
}

}  // namespace reeve::policy
