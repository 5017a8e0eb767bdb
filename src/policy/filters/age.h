#pragma once
#include <memory>

#include "policy/filters/operand.h"
#include "policy/vocabulary.h"

namespace reeve::policy {

/// Filters of age: `days`, `hours` and `minutes` before now, compared with a date of the record. A record without a
/// date that can be read is unknown: it is never stale by silence.
class AgeFilter : public Filter {
 public:
  /// Where the date is found.
  enum class Source : std::uint8_t {
    kind,      ///< the kind's own date
    launch,    ///< an instance's LaunchTime
    attached,  ///< the oldest attachment of an instance's volumes, else its LaunchTime
  };
  std::string_view type() const override { return type_; }
  Verdict test(Candidate& candidate, Context& context) const override;
  std::vector<std::string> columns() const override { return columns_; }
  void explain(Candidate& candidate, Context& context, std::size_t mark) const override;
  std::string why_not(const Candidate& candidate, Context& context) const override;

  static std::vector<Key> keys();
  /// nullptr after problems were reported.
  static std::unique_ptr<Filter> make(const Build& build, std::string type, Source source);

 private:
  Value date_value(const estate::RecordView& view) const;
  std::string type_, member_;
  std::vector<std::string> columns_;
  Source source_ = Source::kind;
  Op op_ = Op::greater;
  std::int64_t age_us_ = 0;
};

}  // namespace reeve::policy
