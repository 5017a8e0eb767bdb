#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/action.h"
#include "policy/vocabulary.h"
#include "text/jmespath.h"

namespace reeve::policy {

/// A tag's value as a policy gives it: a text, or {type: resource, key: JMESPath, default-value}, which reads the
/// record; without `key`, the default is written only where the tag is missing.
struct TagValue {
  std::string text = {};
  bool from_resource = false;
  std::shared_ptr<const text::Jmespath> key = nullptr;
  std::optional<std::string> otherwise = std::nullopt;
};

/// Writes tags: CreateTags with those that differ. Undo is exact: the pre-image holds {"tags": {key: old value, or null
/// where there was none}}.
class TagAction : public Action {
 public:
  static std::unique_ptr<Action> make(const Build& build);
  explicit TagAction(std::map<std::string, TagValue> tags) : tags_(std::move(tags)) {}
  std::string_view type() const override { return "tag"; }
  std::variant<RowDraft, Kept> plan_row(const estate::RecordView& view, const Context& context) const override;

 private:
  std::map<std::string, TagValue> tags_;
};

/// Removes tags: DeleteTags with those that are there. Undo is exact, with the same pre-image.
class RemoveTagAction : public Action {
 public:
  static std::unique_ptr<Action> make(const Build& build);
  explicit RemoveTagAction(std::vector<std::string> keys) : keys_(std::move(keys)) {}
  std::string_view type() const override { return "remove-tag"; }
  std::variant<RowDraft, Kept> plan_row(const estate::RecordView& view, const Context& context) const override;

 private:
  std::vector<std::string> keys_;
};

}  // namespace reeve::policy
