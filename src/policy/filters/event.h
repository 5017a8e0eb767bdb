#pragma once
#include <memory>

#include "policy/filters/value.h"

namespace reeve::policy {

/// `event`: a value filter on the event that triggered the policy. Without an event it lets every record pass, so that
/// a plan shows what the policy looks at; no row is planned then (Policy::needs_event).
class EventFilter : public Filter {
 public:
  EventFilter(std::unique_ptr<ValueFilter> value, const estate::Kind& kind) : value_(std::move(value)), kind_(kind) {}
  std::string_view type() const override { return "event"; }
  Again again() const override { return Again::frozen; }
  Verdict test(Candidate& candidate, Context& context) const override;
  /// nullptr after problems were reported: its keys are checked as those of a value filter.
  static std::unique_ptr<Filter> make(const Build& build);

 private:
  std::unique_ptr<ValueFilter> value_;
  const estate::Kind& kind_;
};

}  // namespace reeve::policy
