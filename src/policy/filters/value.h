#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "policy/filters/lookup.h"
#include "policy/filters/operand.h"
#include "policy/vocabulary.h"

namespace reeve::policy {

/// The `value` filter: what a key of the record says, compared with a value (../shared/reference/policy-language.md,
/// section 1.5; docs/differences.md for where it departs).
class ValueFilter : public Filter {
 public:
  std::string_view type() const override { return "value"; }
  Verdict test(Candidate& candidate, Context& context) const override;
  std::vector<std::string> columns() const override;
  void explain(Candidate& candidate, Context& context, std::size_t mark) const override;
  std::string why_not(const Candidate& candidate, Context& context) const override;

  /// The comparison alone: nothing is allocated for a plain key and a constant value.
  Truth decide(const estate::RecordView& view, Context& context) const;
  const std::string& key() const { return lookup_->key(); }

  /// Words of the policy language that this filter reads, for the vocabulary.
  static std::vector<Key> keys();
  /// nullptr after problems were reported.
  static std::unique_ptr<ValueFilter> make(const Build& build);

 private:
  friend struct ValueBuilder;

  /// What the record says, after value_regex.
  Value found(const estate::RecordView& view, text::Scratch& scratch, Node& node) const;
  /// The policy's side, before conversion.
  Value wanted(const estate::RecordView& view, text::Scratch& scratch) const;
  void convert(Operand& resource, Operand& value, Time now) const;
  std::string fault(Value found) const;

  std::optional<Lookup> lookup_;
  Op op_ = Op::equal;
  bool has_op_ = false;
  ValueType value_type_ = ValueType::none;
  bool plain_ = false;  ///< equality with a constant that is no sentinel: the quick way
  Document value_;
  std::optional<Lookup> value_lookup_;  ///< value_path, and value_type: expr
  std::optional<text::Pattern> pattern_, value_regex_;
  std::optional<Time> date_;  ///< the value of value_type: date
  std::vector<std::string> columns_;
};

}  // namespace reeve::policy
