#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "policy/filters/lookup.h"
#include "policy/vocabulary.h"
#include "text/pattern.h"

namespace reeve::policy {

/// `reduce`: sorts records, in groups, leaves the first out (`discard`) and keeps the next (`limit`). What cannot be
/// put in its place, because its key or an earlier filter is unknown, is unknown, and so is what its place decides.
class ReduceFilter : public Filter {
 public:
  std::string_view type() const override { return "reduce"; }
  Stage stage() const override { return Stage::set; }
  Again again() const override { return Again::frozen; }
  Task<std::vector<Verdict>> judge(std::span<Candidate*> candidates, Context& context) const override;
  std::vector<std::string> columns() const override;
  static std::vector<Key> keys();
  /// nullptr after problems were reported.
  static std::unique_ptr<Filter> make(const Build& build);

 private:
  enum class ValueKind : std::uint8_t { text, number, date };
  /// `group-by` and `sort-by`: what is looked up, and as what it is compared.
  struct By {
    Lookup lookup;
    ValueKind kind = ValueKind::text;
    std::optional<text::Pattern> regex = std::nullopt;
  };
  /// A key as it is compared: null where the record has none.
  struct Key_ {
    bool null = true, unknown = false;
    std::string text = {};
    double number = 0;
    friend bool operator==(const Key_&, const Key_&) = default;
  };
  enum class Order : std::uint8_t { ascending, descending, reverse, randomize };
  struct Item;
  struct Window;
  static std::optional<By> read_by(const Build& build, std::string_view key);
  Key_ key_of(const By& by, const Candidate& candidate, Context& context) const;
  bool before(const Key_& a, const Key_& b) const;
  Window window(std::size_t count) const;
  void sort(std::vector<Item>& items, const Context& context) const;
  void judge_group(std::vector<Item> group, const Context& context, std::vector<Verdict>& verdicts) const;

  std::optional<By> group_by_, sort_by_;
  Order order_ = Order::ascending;
  bool null_first_ = false;
  double discard_ = 0, discard_percent_ = 0, limit_ = 0, limit_percent_ = 0;
};

}  // namespace reeve::policy
