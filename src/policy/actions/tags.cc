#include "policy/actions/tags.h"

#include <algorithm>

#include "base/json.h"
#include "policy/protect_tag.h"

namespace reeve::policy {
namespace {

// EC2 User Guide, Tag your Amazon EC2 resources: tag restrictions.
constexpr std::size_t most_tags = 50;
constexpr std::size_t key_characters = 128, value_characters = 256;
constexpr std::string_view default_key = "maid_status";
constexpr std::string_view default_message = "Resource does not meet policy guidelines";

using Tags = std::map<std::string, std::string, std::less<>>;

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

/// The record's tags; nullopt where one is unknown.
std::optional<Tags> tags_of(const estate::RecordView& view) {
  const Value list = view.record().tags();
  if (list.is_unknown()) return std::nullopt;
  Tags out;
  for (const Value tag : list.items()) {
    if (tag["Key"].is_unknown() || tag["Value"].is_unknown()) return std::nullopt;
    out.emplace(tag["Key"].as_text(), tag["Value"].as_text());
  }
  return out;
}

const Kept tags_unknown{"unknown", "its tags are unknown"};

/// One CreateTags or DeleteTags on one record; `values` has nullopt for tags that are named by key alone.
Step tag_step(std::string_view operation, std::string_view id,
              const std::vector<std::pair<std::string, std::optional<std::string>>>& values) {
  Builder b;
  b.begin_map();
  b.begin_list("Resources");
  b.add(id);
  b.end();
  b.begin_list("Tags");
  for (const auto& [key, value] : values) {
    b.begin_map();
    b.put("Key", key);
    if (value) b.put("Value", *value);
    b.end();
  }
  b.end();
  b.end();
  return {.type = Step::Type::call, .service = "ec2", .operation = std::string(operation), .params = b.finish()};
}

/// {"tags": {key: old value, or null}} for the keys that a step changes.
Document pre_image_of(const Tags& before, const Step& step) {
  Builder b;
  b.begin_map();
  b.begin_map("tags");
  for (const Value tag : step.params["Tags"].items()) {
    const auto old = before.find(tag["Key"].as_text());
    b.key(tag["Key"].as_text());
    old == before.end() ? b.null() : b.add(old->second);
  }
  b.end();
  b.end();
  return b.finish();
}

RowDraft exact_row(Step step, const Tags& before, std::string_view undo) {
  RowDraft row;
  row.pre_image = pre_image_of(before, step);
  row.steps.push_back(std::move(step));
  row.undo = {.undo_class = UndoClass::exact, .service = "ec2", .operation = std::string(undo)};
  return row;
}

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

bool has_tags(const Build& build) {
  if (build.kind.tag_style == estate::TagStyle::ec2) return true;
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
    const auto key = named.is_text() ? named.as_text() : default_key;
    if (value.is_null()) {
      good = check_key(build, named.is_text() ? named : data, key) && good;
      tags.emplace(key, TagValue{.text = std::string(default_message)});
    } else {
      take(named.is_text() ? named : data, key, value);
    }
  }
  if (!good) return nullptr;
  if (tags.size() > most_tags) {
    build.problem(data, "a resource has at most 50 tags");
    return nullptr;
  }
  return std::make_unique<TagAction>(std::move(tags));
}

std::variant<RowDraft, Kept> TagAction::plan_row(const estate::RecordView& view, const Context& context) const {
  const auto before = tags_of(view);
  if (!before) return tags_unknown;
  std::vector<std::pair<std::string, std::optional<std::string>>> changes;
  auto count = static_cast<std::size_t>(
      std::ranges::count_if(*before, [](const auto& tag) { return !tag.first.starts_with("aws:"); }));
  bool overwrites = false;
  for (const auto& [key, wanted] : tags_) {
    const auto old = before->find(key);
    auto value = value_for(wanted, old != before->end(), view, context);
    if (const auto* kept = std::get_if<Kept>(&value)) return *kept;
    auto& text = std::get<std::optional<std::string>>(value);
    if (!text || (old != before->end() && old->second == *text)) continue;
    if (const auto wrong = wrong_value(*text); !wrong.empty()) return Kept{"invalid-tag", wrong + " (" + key + ")"};
    if (old == before->end()) ++count;
    overwrites = overwrites || old != before->end();
    changes.emplace_back(key, std::move(text));
  }
  if (changes.empty()) return Kept{"nothing-to-do", "it has these tags already"};
  if (count > most_tags) return Kept{"too-many-tags", "it would have more than 50 tags"};
  return exact_row(tag_step("CreateTags", view.id(), changes), *before, overwrites ? "CreateTags" : "DeleteTags");
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
  if (given.is_null()) keys.emplace_back(default_key);
  if (good && keys.empty()) {
    build.problem(given, "\"tags\" of action \"remove-tag\" names no tag");
    good = false;
  }
  if (!good) return nullptr;
  std::ranges::sort(keys);
  keys.erase(std::ranges::unique(keys).begin(), keys.end());
  return std::make_unique<RemoveTagAction>(std::move(keys));
}

std::variant<RowDraft, Kept> RemoveTagAction::plan_row(const estate::RecordView& view, const Context&) const {
  const auto before = tags_of(view);
  if (!before) return tags_unknown;
  std::vector<std::pair<std::string, std::optional<std::string>>> gone;
  for (const auto& key : keys_) {
    if (before->contains(key)) gone.emplace_back(key, std::nullopt);
  }
  if (gone.empty()) return Kept{"nothing-to-do", "it has none of these tags"};
  return exact_row(tag_step("DeleteTags", view.id(), gone), *before, "CreateTags");
}

std::vector<ActionWord> tag_actions() {
  std::vector<ActionWord> words;
  words.push_back({.name = "tag",
                   .aliases = {"mark"},
                   .kinds = {},
                   .keys = {{"tags", "map"}, {"key", "text"}, {"tag", "text"}, {"value", "any"}, {"msg", "any"}},
                   .description = "Writes tags: `tags`, a map, or `key` and `value`. A value may be "
                                  "{type: resource, key: JMESPath, default-value: text}.",
                   .make = &TagAction::make});
  words.push_back({.name = "remove-tag",
                   .aliases = {"untag", "unmark"},
                   .kinds = {},
                   .keys = {{"tags", "list"}},
                   .description = "Removes the tags that `tags` names by key.",
                   .make = &RemoveTagAction::make});
  return words;
}

}  // namespace reeve::policy
