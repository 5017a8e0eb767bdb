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

/// Writes tags: those that differ, as the kind's tag style says (tag_steps.h, also for what undo there is).
class TagAction : public Action {
 public:
  static std::unique_ptr<Action> make(const Build& build);
  TagAction(std::map<std::string, TagValue> tags, std::vector<std::string> columns, Document item = {})
      : tags_(std::move(tags)), columns_(std::move(columns)), item_(std::move(item)) {}
  std::vector<std::string> columns() const override { return columns_; }
  std::string_view type() const override { return "tag"; }
  std::variant<RowDraft, Kept> plan_row(const estate::RecordView& view, const Context& context) const override;

 private:
  std::map<std::string, TagValue> tags_;
  std::vector<std::string> columns_;  // that the record's tags come from
  Document item_;                     // more members of each tag, or null
};

/// Removes the tags that are there, as the kind's tag style says.
class RemoveTagAction : public Action {
 public:
  static std::unique_ptr<Action> make(const Build& build);
  RemoveTagAction(std::vector<std::string> keys, std::vector<std::string> columns)
      : keys_(std::move(keys)), columns_(std::move(columns)) {}
  std::vector<std::string> columns() const override { return columns_; }
  std::string_view type() const override { return "remove-tag"; }
  std::variant<RowDraft, Kept> plan_row(const estate::RecordView& view, const Context& context) const override;

 private:
  std::vector<std::string> keys_, columns_;
};

/// Marks a record for an action that another policy, or a later run, does when the date has come: the tag's value ends
/// in "ACTION@DATE", which the filter marked-for-op reads.
class MarkForOpAction : public TagAction {
 public:
  static std::unique_ptr<Action> make(const Build& build);
  using TagAction::TagAction;
  std::string_view type() const override { return "mark-for-op"; }
};

/// The key of a tag that a policy does not name.
inline constexpr std::string_view default_tag_key = "maid_status";

/// What is wrong with a tag; empty if nothing is.
std::string wrong_tag(std::string_view key, std::string_view value);

std::vector<ActionWord> tag_change_actions();  // tag_changes.cc: rename-tag, normalize-tag, tag-trim

}  // namespace reeve::policy
