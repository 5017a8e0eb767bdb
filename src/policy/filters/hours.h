#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "policy/filters/hours_schedule.h"
#include "policy/vocabulary.h"

namespace reeve::policy {

/// `offhour` and `onhour`: now is the hour at which a record's tag, or the policy's default, says that it stops or
/// starts, by the clock of its zone. A tag that cannot be read matches never.
class HoursFilter : public Filter {
 public:
  enum class When : std::uint8_t { off, on };
  std::string_view type() const override { return when_ == When::off ? "offhour" : "onhour"; }
  /// The hour passes while a plan waits: what it decided stays.
  Again again() const override { return Again::frozen; }
  Verdict test(Candidate& candidate, Context& context) const override;
  std::vector<std::string> columns() const override { return columns_; }
  void explain(Candidate& candidate, Context& context, std::size_t mark) const override;
  static std::vector<Key> keys(When when);
  /// nullptr after problems were reported.
  static std::unique_ptr<Filter> make(const Build& build, When when);

 private:
  std::vector<std::string> columns_;  // that the tags come from
  std::optional<std::string> schedule_text(const Candidate& candidate) const;
  Verdict at_hour(std::string_view text, const Context& context) const;
  When when_ = When::off;
  std::string tag_ = "maid_offhours";
  std::string default_zone_ = "et";
  HourEntry default_;
  bool opt_out_ = false;
  std::string state_;  // that an instance must be in; empty: any
  std::optional<std::string> fallback_;
  std::vector<std::string> skip_days_;  // "2026-12-24"
};

}  // namespace reeve::policy
