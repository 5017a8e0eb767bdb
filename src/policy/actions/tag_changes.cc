// Actions that change the tags that are there: other keys, other letters, fewer.
#include <algorithm>
#include <set>

#include "policy/actions/tag_steps.h"
#include "policy/actions/tags.h"
#include "policy/protect_tag.h"
#include "text/python_text.h"

namespace reeve::policy {
namespace {

const Kept tags_unknown{"unknown", "its tags are unknown"};

std::size_t own_tags(const TagMap& tags) {
  return static_cast<std::size_t>(
      std::ranges::count_if(tags, [](const auto& tag) { return !tag.first.starts_with("aws:"); }));
}

/// An action on the tags of one kind.
class OnTags : public Action {
 public:
  explicit OnTags(const estate::Kind& kind) : columns_(tag_columns(kind)) {}
  std::vector<std::string> columns() const override { return columns_; }

 private:
  std::vector<std::string> columns_;
};

/// Gives a tag another key: the first of the old ones that is there gives the value, all of them go.
class RenameTagAction : public OnTags {
 public:
  RenameTagAction(const estate::Kind& kind, std::vector<std::string> old_keys, std::string new_key)
      : OnTags(kind), old_keys_(std::move(old_keys)), new_key_(std::move(new_key)) {}
  std::string_view type() const override { return "rename-tag"; }
  std::variant<RowDraft, Kept> plan_row(const estate::RecordView& view, const Context&) const override {
    const auto before = tags_of(view);
    if (!before) return tags_unknown;
    TagChanges changes;
    Document item;
    for (const auto& key : old_keys_) {
      const auto old = before->find(key);
      if (old == before->end() || key == new_key_) continue;
      if (changes.empty()) {
        changes.emplace_back(new_key_, old->second);
        item = tag_members(view.record(), key);
      }
      changes.emplace_back(key, std::nullopt);
    }
    if (changes.empty()) return Kept{"nothing-to-do", "it has none of these tags"};
    auto row = tag_row(view.record(), *before, changes, item, true);
    // Where there is no room for one more, the old ones go first.
    auto* draft = std::get_if<RowDraft>(&row);
    const bool full = !before->contains(new_key_) && own_tags(*before) >= view.record().kind->most_tags;
    if (draft != nullptr && full) std::ranges::rotate(draft->steps, draft->steps.begin() + 1);
    return row;
  }

 private:
  std::vector<std::string> old_keys_;
  std::string new_key_;
};

std::unique_ptr<Action> make_rename(const Build& build) {
  const Value data = build.data;
  std::vector<std::string> old_keys;
  if (data["old_key"].is_text()) old_keys.push_back(data["old_key"].as_string());
  for (const Value key : data["old_keys"].items()) old_keys.push_back(key.as_string());
  const auto new_key = data["new_key"].as_string();
  std::string wrong = old_keys.empty() ? "\"rename-tag\" needs old_key or old_keys" : wrong_tag(new_key, "");
  for (const auto& key : old_keys) {
    if (wrong.empty()) wrong = wrong_tag(key, "");
    if (means_key(key, protect_tag)) wrong = "reeve:protect is removed by hand, never by a policy";
  }
  if (build.kind.tag_style == estate::TagStyle::none) wrong = build.kind.name + " has no tags that could be changed";
  if (!wrong.empty()) {
    build.problem(data, std::move(wrong));
    return nullptr;
  }
  return std::make_unique<RenameTagAction>(build.kind, std::move(old_keys), new_key);
}

/// Writes a tag's value in other letters, or without blanks or given letters around it.
class NormalizeTagAction : public OnTags {
 public:
  NormalizeTagAction(const estate::Kind& kind, std::string key, std::string how, std::string letters)
      : OnTags(kind), key_(std::move(key)), how_(std::move(how)), letters_(std::move(letters)) {}
  std::string_view type() const override { return "normalize-tag"; }
  std::variant<RowDraft, Kept> plan_row(const estate::RecordView& view, const Context&) const override {
    const auto before = tags_of(view);
    if (!before) return tags_unknown;
    const auto old = before->find(key_);
    if (old == before->end()) return Kept{"nothing-to-do", "it has no tag " + key_};
    auto value = normal(old->second);
    if (value == old->second) return Kept{"nothing-to-do", "its tag " + key_ + " is so already"};
    return tag_row(view.record(), *before, {{key_, std::move(value)}});
  }

 private:
  std::string normal(const std::string& value) const {
    if (how_ == "upper") return text::upper(value);
    if (how_ == "lower") return text::lower(value);
    if (how_ == "title") return text::title(value);
    if (letters_.empty()) return std::string(text::strip(value));
    const auto first = value.find_first_not_of(letters_);
    return first == value.npos ? std::string() : value.substr(first, value.find_last_not_of(letters_) - first + 1);
  }
  std::string key_, how_, letters_;
};

std::unique_ptr<Action> make_normalize(const Build& build) {
  const Value data = build.data;
  std::string wrong = wrong_tag(data["key"].as_text(), "");
  if (build.kind.tag_style == estate::TagStyle::none) wrong = build.kind.name + " has no tags that could be changed";
  if (!wrong.empty()) {
    build.problem(data, std::move(wrong));
    return nullptr;
  }
  return std::make_unique<NormalizeTagAction>(build.kind, data["key"].as_string(), data["action"].as_string(),
                                              data["value"].as_string());
}

/// Removes tags, by the alphabet, until `space` more fit; those that `preserve` names stay.
class TrimTagsAction : public OnTags {
 public:
  TrimTagsAction(const estate::Kind& kind, std::set<std::string, std::less<>> keep, std::size_t space)
      : OnTags(kind), keep_(std::move(keep)), space_(space) {}
  std::string_view type() const override { return "tag-trim"; }
  std::variant<RowDraft, Kept> plan_row(const estate::RecordView& view, const Context&) const override {
    const auto before = tags_of(view);
    if (!before) return tags_unknown;
    const std::size_t most = view.record().kind->most_tags, count = own_tags(*before);
    if (count + space_ <= most) return Kept{"nothing-to-do", "it has room for that many tags"};
    TagChanges gone;
    for (const auto& [key, value] : *before) {
      if (gone.size() == count + space_ - most) break;
      if (key.starts_with("aws:") || keep_.contains(key) || means_key(key, protect_tag)) continue;
      gone.emplace_back(key, std::nullopt);
    }
    if (gone.empty()) return Kept{"nothing-to-do", "all its tags are to stay"};
    return tag_row(view.record(), *before, gone);
  }

 private:
  std::set<std::string, std::less<>> keep_;
  std::size_t space_;
};

std::unique_ptr<Action> make_trim(const Build& build) {
  const Value data = build.data;
  std::set<std::string, std::less<>> keep;
  for (const Value key : data["preserve"].items()) keep.insert(key.as_string());
  constexpr std::int64_t default_space = 3;
  const auto space = data["space"].is_null() ? default_space : data["space"].as_integer();
  const auto most = static_cast<std::int64_t>(build.kind.most_tags);
  if (space < 1 || space > most || build.kind.tag_style == estate::TagStyle::none) {
    build.problem(data, build.kind.name + " has room for " + std::to_string(most) +
                            " tags: \"space\" of \"tag-trim\" lies between 1 and that");
    return nullptr;
  }
  return std::make_unique<TrimTagsAction>(build.kind, std::move(keep), static_cast<std::size_t>(space));
}

}  // namespace

std::vector<ActionWord> tag_change_actions() {
  std::vector<ActionWord> words;
  words.push_back({.name = "rename-tag",
                   .aliases = {},
                   .kinds = {},
                   .keys = {{"old_key", "text"}, {"old_keys", "list"}, {"new_key", "text", true}},
                   .description = "Gives a tag another key: the first of `old_keys` that is there gives the value.",
                   .make = &make_rename});
  words.push_back({.name = "normalize-tag",
                   .aliases = {},
                   .kinds = {},
                   .keys = {{"key", "text", true},
                            {"action", "text", true, {"upper", "lower", "title", "strip"}},
                            {"value", "text"}},
                   .description = "Writes a tag's value in upper or lower case, as a title, or without the letters of "
                                  "`value` (or blanks) around it.",
                   .make = &make_normalize});
  words.push_back({.name = "tag-trim",
                   .aliases = {},
                   .kinds = {},
                   .keys = {{"preserve", "list"}, {"space", "integer"}},
                   .description = "Removes tags until `space` more fit; those that `preserve` names stay.",
                   .make = &make_trim});
  return words;
}

}  // namespace reeve::policy
