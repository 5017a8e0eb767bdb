#pragma once
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/services/cloudwatch_series.h"

namespace reeve::sandbox {

/// A search expression's query: '{Namespace,Dimension} terms' with AND, OR, NOT, parentheses, designators and exact
/// terms in quotes [CloudWatch user guide, "CloudWatch search expression syntax"].
class MetricSearch {
 public:
  /// The error says what is wrong with it.
  static std::expected<MetricSearch, std::string> parse(std::string_view text);
  bool matches(const Metric& metric) const;

 private:
  enum class Op : std::uint8_t { term, negate, both, either };
  struct Part {
    Op op = Op::term;
    std::string property, text;  ///< of a term: "" looks at everything
    bool exact = false;
    std::size_t left = 0, right = 0;
  };
  struct Parser;
  bool holds(std::size_t index, const Metric& metric) const;
  bool has_schema_ = false, has_terms_ = false;
  std::string namespace_;
  std::vector<std::string> dimensions_;
  std::vector<Part> parts_;
  std::size_t root_ = 0;
};

}  // namespace reeve::sandbox
