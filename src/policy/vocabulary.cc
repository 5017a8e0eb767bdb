#include "policy/vocabulary.h"

#include <algorithm>
#include <iterator>

#include "base/contains.h"

namespace reeve::policy {
namespace {

template <class Word>
bool is_for(const Word& word, const estate::Kind& kind) {
  return word.kinds.empty() || contains(word.kinds, std::string_view(kind.name));
}

/// Names of the kinds for which a word exists, for "is a filter of …"; empty if it exists for none.
template <class Word>
std::vector<std::string_view> kinds_of(std::span<const Word> words, std::string_view name) {
  std::vector<std::string_view> kinds;
  for (const Word& word : words) {
    if (word.name == name) kinds.insert(kinds.end(), word.kinds.begin(), word.kinds.end());
  }
  return kinds;
}

template <class Word>
void report_unknown(const Build& build, Value at, std::string_view what, std::string_view name,
                    std::span<const Word> words, std::span<const std::string_view> names) {
  const auto kinds = kinds_of(words, name);
  if (!kinds.empty()) {
    build.problem(at, "the " + std::string(what) + " \"" + std::string(name) + "\" is not for " + build.kind.name +
                          ": it is for " + one_of(kinds));
    return;
  }
  build.problem(at, "there is no " + std::string(what) + " \"" + std::string(name) + "\" for " + build.kind.name +
                        ": there are " + one_of(names) + did_you_mean(name, names));
}

/// Checks an element's keys against its word's. `type` is a key of every element.
template <class Word>
bool check_element(const Build& build, const Word& word, std::string_view what, std::string_view type) {
  const std::string title = std::string(what) + " \"" + std::string(type) + "\"";
  if (build.data.is_map()) {
    std::vector<Key> keys = word.keys;
    if (!std::ranges::any_of(keys, [](const Key& key) { return key.name == "type"; }))
      keys.insert(keys.begin(), {"type", "text"});
    return check_keys(build.data, keys, title, build.problem);
  }
  for (const Key& key : word.keys) {
    if (!key.required || key.name == "type") continue;
    build.problem(build.data, title + " needs the key \"" + std::string(key.name) + "\"");
    return false;
  }
  return true;
}

}  // namespace

Vocabulary::Vocabulary() {
  std::ranges::move(core_filters(), std::back_inserter(filters_));
  std::ranges::move(snapshot_filters(), std::back_inserter(filters_));
  std::ranges::move(tag_actions(), std::back_inserter(actions_));
  std::ranges::move(snapshot_actions(), std::back_inserter(actions_));
}

const FilterWord* Vocabulary::find_filter(const estate::Kind& kind, std::string_view name) const {
  const auto found =
      std::ranges::find_if(filters_, [&](const FilterWord& word) { return word.name == name && is_for(word, kind); });
  return found == filters_.end() ? nullptr : &*found;
}

const ActionWord* Vocabulary::find_action(const estate::Kind& kind, std::string_view name) const {
  const auto found = std::ranges::find_if(actions_, [&](const ActionWord& word) {
    return is_for(word, kind) && (word.name == name || contains(word.aliases, name));
  });
  return found == actions_.end() ? nullptr : &*found;
}

std::vector<std::string_view> Vocabulary::filter_names(const estate::Kind& kind) const {
  std::vector<std::string_view> names;
  for (const FilterWord& word : filters_) {
    if (is_for(word, kind)) names.push_back(word.name);
  }
  return names;
}

std::vector<std::string_view> Vocabulary::action_names(const estate::Kind& kind) const {
  std::vector<std::string_view> names;
  for (const ActionWord& word : actions_) {
    if (!is_for(word, kind)) continue;
    names.push_back(word.name);
    names.insert(names.end(), word.aliases.begin(), word.aliases.end());
  }
  return names;
}

std::unique_ptr<Filter> Vocabulary::make_filter(const Build& build) const {
  const Value data = build.data;
  Value at = data;
  std::string type;
  if (data.is_text()) {
    type = data.as_string();
  } else if (!data.is_map() || data.empty()) {
    build.problem(data, "a filter must be a name, a map with \"type\", or a map of one key and its value");
    return nullptr;
  } else if (const auto given = data.find("type")) {
    if (!given->is_text()) {
      build.problem(*given, "\"type\" of a filter must be text");
      return nullptr;
    }
    at = *given;
    type = given->as_string();
  } else if (data.size() == 1) {
    const std::string_view key = (*data.entries().begin()).first;
    type = key == "and" || key == "or" || key == "not" ? std::string(key) : "value";
    if (const FilterWord* word = find_filter(build.kind, type)) return word->make(build);
  } else {
    build.problem(data, "a filter of several keys needs \"type\"");
    return nullptr;
  }

  const FilterWord* word = find_filter(build.kind, type);
  if (word == nullptr) {
    report_unknown(build, at, "filter", type, filters(), filter_names(build.kind));
    return nullptr;
  }
  if (!check_element(build, *word, "filter", type)) return nullptr;
  return word->make(build);
}

std::unique_ptr<Action> Vocabulary::make_action(const Build& build) const {
  const Value data = build.data;
  Value at = data;
  std::string type;
  if (data.is_text()) {
    type = data.as_string();
  } else if (const auto given = data.find("type"); given && given->is_text()) {
    at = *given;
    type = given->as_string();
  } else {
    build.problem(data, "an action must be a name or a map with \"type\"");
    return nullptr;
  }
  const ActionWord* word = find_action(build.kind, type);
  if (word == nullptr) {
    report_unknown(build, at, "action", type, actions(), action_names(build.kind));
    return nullptr;
  }
  if (!check_element(build, *word, "action", type)) return nullptr;
  return word->make(build);
}

}  // namespace reeve::policy
