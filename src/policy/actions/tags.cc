#include "policy/actions/tags.h"

#include <algorithm>

#include "base/json.h"
#include "policy/actions/tag_steps.h"
#include "policy/protect_tag.h"

namespace reeve::policy {
namespace {

// EC2 User Guide, Tag your Amazon EC2 resources: tag restrictions.
constexpr std::size_t key_characters = 128, value_characters = 256;
constexpr std::string_view default_message = "Resource does not meet policy guidelines";

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

/// What is wrong with a key; empty if nothing is.
std::string wrong_key(std::string_view key) {
  if (key.empty()) return "a tag's key is empty";
  if (key.starts_with("aws:")) return "tags that begin with \"aws:\" are AWS's own: \"" + std::string(key) + "\"";
  if (characters(key) > key_characters) return "a tag's key has at most 128 characters: \"" + std::string(key) + "\"";
  return {};
}
std::string wrong_value(std::string_view value) {
  return characters(value) > value_characters ? "a tag's value has at most 256 characters" : "";
}

/// A scalar as a tag holds it; nullopt for what is none.
std::optional<std::string> scalar_text(Value value) {
  switch (value.kind()) {
    case Kind::text:
      return value.as_string();
    case Kind::timestamp:
      return format_iso8601(value.as_time());
    case Kind::boolean:
    case Kind::integer:
    case Kind::real:
      return to_json(value);
    default:
      return std::nullopt;
  }
}

const Kept tags_unknown{"unknown", "its tags are unknown"};

/// What a policy's value comes to on this record: nullopt to leave the tag as it is.
std::variant<std::optional<std::string>, Kept> value_for(const TagValue& wanted, bool tagged,
                                                         const estate::RecordView& view, const Context& context) {
  if (!wanted.from_resource) return wanted.text;
  if (wanted.key == nullptr) return tagged ? std::nullopt : wanted.otherwise;
  const auto found = wanted.key->search(view.whole(), context.scratch);
  if (!found) return Kept{"invalid-tag", "the value's path " + wanted.key->expression() + ": " + found.error().message};
  if (found->is_unknown()) return Kept{"unknown", wanted.key->expression() + " is unknown: " + found->as_string()};
  auto text = scalar_text(*found);
  if (!text) text = wanted.otherwise;
  return text;
}

/// nullopt after a problem.
std::optional<TagValue> read_value(const Build& build, Value value) {
  TagValue out;
  if (value.is_map()) {
    if (value["type"].as_text() != "resource") {
      build.problem(value, "a tag's value is a text, or a map with \"type: resource\"");
      return std::nullopt;
    }
    const Key keys[] = {{"type", "text"}, {"key", "text"}, {"default-value", "text"}};
    if (!check_keys(value, keys, "a tag's value", build.problem)) return std::nullopt;
    out.from_resource = true;
    if (const auto otherwise = value.find("default-value")) out.otherwise = otherwise->as_string();
    const auto path = value.find("key");
    if (!path && !out.otherwise) {
      build.problem(value, "a tag's value from the resource needs \"key\" or \"default-value\"");
      return std::nullopt;
    }
    if (!path) return out;
    auto compiled = text::Jmespath::compile(path->as_text());
    if (!compiled) {
      build.problem(*path, compiled.error().message);
      return std::nullopt;
    }
    out.key = std::make_shared<const text::Jmespath>(std::move(*compiled));
    return out;
  }
  auto text = scalar_text(value);
  const std::string wrong = text ? wrong_value(*text) : "a tag's value must be a text";
  if (!wrong.empty()) {
    build.problem(value, wrong);
    return std::nullopt;
  }
  out.text = *std::move(text);
  return out;
}

/// Whether a tag has these members (PropagateAtLaunch) already.
bool has_members(const estate::Record& record, std::string_view key, const Document& wanted) {
  const Document there = tag_members(record, key);
  for (const auto [member, value] : wanted.root().entries()) {
    if (there[member] != value) return false;
  }
  return true;
}

bool has_tags(const Build& build) {
  if (build.kind.tag_style != estate::TagStyle::none) return true;
  build.problem(build.data, build.kind.name + " has no tags that could be changed");
  return false;
}

/// Reports a wrong key at its place. True if it is fine.
bool check_key(const Build& build, Value at, std::string_view key) {
  const auto wrong = wrong_key(key);
  if (!wrong.empty()) build.problem(at, wrong);
  return wrong.empty();
}

}  // namespace

std::string wrong_tag(std::string_view key, std::string_view value) {
  auto wrong = wrong_key(key);
  return wrong.empty() ? wrong_value(value) : wrong;
}

std::unique_ptr<Action> TagAction::make(const Build& build) {
  if (!has_tags(build)) return nullptr;
  std::map<std::string, TagValue> tags;
  bool good = true;
  const auto take = [&](Value at, std::string_view key, Value given) {
    auto value = read_value(build, given);
    good = check_key(build, at, key) && value && good;
    if (value) tags.emplace(key, *std::move(value));
  };
  const Value data = build.data;
  for (const auto [key, value] : data["tags"].entries()) take(key_value(data["tags"], key), key, value);
  const bool single =
      data["key"].is_text() || data["tag"].is_text() || !data["value"].is_null() || !data["msg"].is_null();
  if (single || tags.empty()) {
    const Value named = data["key"].is_text() ? data["key"] : data["tag"];
    const Value value = !data["value"].is_null() ? data["value"] : data["msg"];
    const auto key = named.is_text() ? named.as_text() : default_tag_key;
    if (value.is_null()) {
      good = check_key(build, named.is_text() ? named : data, key) && good;
      tags.emplace(key, TagValue{.text = std::string(default_message)});
    } else {
      take(named.is_text() ? named : data, key, value);
    }
  }
  if (!good) return nullptr;
  const std::size_t most = build.kind.most_tags;
  if (tags.size() > most) {
    build.problem(data, "a resource of kind " + build.kind.name + " has at most " + std::to_string(most) + " tags");
    return nullptr;
  }
  Document item;
  if (const auto propagate = data.find("propagate")) {
    Builder b;
    b.begin_map();
    b.put("PropagateAtLaunch", propagate->as_bool());
    b.end();
    item = b.finish();
    if (build.kind.name != "asg") {
      build.problem(*propagate, "\"propagate\" is for Auto Scaling groups only");
      return nullptr;
    }
  }
  return std::make_unique<TagAction>(std::move(tags), tag_columns(build.kind), std::move(item));
}

std::variant<RowDraft, Kept> TagAction::plan_row(const estate::RecordView& view, const Context& context) const {
  const auto before = tags_of(view);
  if (!before) return tags_unknown;
  TagChanges changes;
  auto count = static_cast<std::size_t>(
      std::ranges::count_if(*before, [](const auto& tag) { return !tag.first.starts_with("aws:"); }));
  for (const auto& [key, wanted] : tags_) {
    const auto old = before->find(key);
    auto value = value_for(wanted, old != before->end(), view, context);
    if (const auto* kept = std::get_if<Kept>(&value)) return *kept;
    auto& text = std::get<std::optional<std::string>>(value);
    if (!text) continue;
    if (old != before->end() && old->second == *text && has_members(view.record(), key, item_)) continue;
    if (const auto wrong = wrong_value(*text); !wrong.empty()) return Kept{"invalid-tag", wrong + " (" + key + ")"};
    if (old == before->end()) ++count;
    changes.emplace_back(key, std::move(text));
  }
  if (changes.empty()) return Kept{"nothing-to-do", "it has these tags already"};
  const std::size_t most = view.record().kind->most_tags;
  if (count > most) return Kept{"too-many-tags", "it would have more than " + std::to_string(most) + " tags"};
  return tag_row(view.record(), *before, changes, item_);
}

std::unique_ptr<Action> RemoveTagAction::make(const Build& build) {
  if (!has_tags(build)) return nullptr;
  std::vector<std::string> keys;
  bool good = true;
  const Value given = build.data["tags"];
  for (const Value item : given.items()) {
    if (!item.is_text()) {
      build.problem(item, "a tag to remove is named by its key, a text");
      good = false;
    } else if (means_key(item.as_text(), protect_tag)) {
      build.problem(item, "reeve:protect is removed by hand, never by a policy");
      good = false;
    } else {
      good = check_key(build, item, item.as_text()) && good;
      keys.push_back(item.as_string());
    }
  }
  // Auto Scaling groups name one tag by "key".
  if (const Value key = build.data["key"]; given.is_null() && key.is_text()) {
    good = check_key(build, key, key.as_text());
    if (means_key(key.as_text(), protect_tag)) {
      build.problem(key, "reeve:protect is removed by hand, never by a policy");
      good = false;
    }
    keys.push_back(key.as_string());
  } else if (given.is_null()) {
    keys.emplace_back(default_tag_key);
  }
  if (good && keys.empty()) {
    build.problem(given, "\"tags\" of action \"remove-tag\" names no tag");
    good = false;
  }
  if (!good) return nullptr;
  std::ranges::sort(keys);
  keys.erase(std::ranges::unique(keys).begin(), keys.end());
  return std::make_unique<RemoveTagAction>(std::move(keys), tag_columns(build.kind));
}

std::variant<RowDraft, Kept> RemoveTagAction::plan_row(const estate::RecordView& view, const Context&) const {
  const auto before = tags_of(view);
  if (!before) return tags_unknown;
  TagChanges gone;
  for (const auto& key : keys_) {
    if (before->contains(key)) gone.emplace_back(key, std::nullopt);
  }
  if (gone.empty()) return Kept{"nothing-to-do", "it has none of these tags"};
  return tag_row(view.record(), *before, gone);
}

std::vector<ActionWord> tag_actions() {
  std::vector<ActionWord> words;
  words.push_back({.name = "tag",
                   .aliases = {"mark"},
                   .kinds = {},
                   .keys = {{"tags", "map"},
                            {"key", "text"},
                            {"tag", "text"},
                            {"value", "any"},
                            {"msg", "any"},
                            {"propagate", "boolean"}},
                   .description = "Writes tags: `tags`, a map, or `key` and `value`. A value may be "
                                  "{type: resource, key: JMESPath, default-value: text}. `propagate` hands the tags "
                                  "of an Auto Scaling group on to its instances.",
                   .make = &TagAction::make});
  words.push_back({.name = "remove-tag",
                   .aliases = {"untag", "unmark"},
                   .kinds = {},
                   .keys = {{"tags", "list"}, {"key", "text"}},
                   .description = "Removes the tags that `tags` names by key, or the one that `key` names.",
                   .make = &RemoveTagAction::make});
  words.push_back({.name = "mark-for-op",
                   .aliases = {},
                   .kinds = {},
                   .keys = {{"op", "text", true},
                            {"tag", "text"},
                            {"msg", "text"},
                            {"message", "text"},
                            {"days", "number"},
                            {"hours", "number"},
                            {"tz", "text"}},
                   .description = "Writes a tag that says which action is due when; the filter marked-for-op reads it.",
                   .make = &MarkForOpAction::make});
  for (ActionWord& word : tag_change_actions()) words.push_back(std::move(word));
  return words;
}

}  // namespace reeve::policy
