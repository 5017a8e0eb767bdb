#include "policy/filters/event.h"

namespace reeve::policy {

Verdict EventFilter::test(Candidate& candidate, Context& context) const {
  if (context.event.is_null()) return {Truth::yes, {}};
  const estate::RecordView event({&kind_, candidate.view.record().scope, Document({}, context.event)});
  const Truth truth = value_->decide(event, context);
  if (truth != Truth::unknown) return {truth, {}};
  return {truth, value_->key() + " of the event cannot be compared"};
}

std::unique_ptr<Filter> EventFilter::make(const Build& build) {
  auto value = ValueFilter::make(build);
  if (!value) return nullptr;
  return std::make_unique<EventFilter>(std::move(value), build.kind);
}

}  // namespace reeve::policy
