#pragma once
#include <memory>

#include "policy/filters/value.h"

namespace reeve::policy {

/// `event`: a value filter on the event that triggered the policy. Policies that run by themselves have no event, and
/// then it lets every record pass, as Custodian does.
class EventFilter : public Filter {
 public:
  std::string_view type() const override { return "event"; }
  Verdict test(Candidate&, Context&) const override { return {Truth::yes, {}}; }
  /// nullptr after problems were reported: its keys are checked as those of a value filter.
  static std::unique_ptr<Filter> make(const Build& build);
};

}  // namespace reeve::policy
