#pragma once
#include <memory>

#include "policy/filters/value.h"

namespace reeve::policy {

/// `event`: a value filter on the event that triggered the policy. Without an event it lets every record pass, so that a
/// plan shows what the policy looks at; no row is planned then (Policy::needs_event).
class EventFilter : public Filter {
 public:
  std::string_view type() const override { return "event"; }
  Verdict test(Candidate&, Context&) const override { return {Truth::yes, {}}; }
  /// nullptr after problems were reported: its keys are checked as those of a value filter.
  static std::unique_ptr<Filter> make(const Build& build);
};

}  // namespace reeve::policy
