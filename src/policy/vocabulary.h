#pragma once
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "estate/kind.h"
#include "policy/action.h"
#include "policy/filter.h"
#include "text/yaml.h"

namespace reeve::policy {

class Vocabulary;

/// A mistake in a policy file. Errors are gathered: all are shown at once.
struct Problem {
  std::string file;
  int line = 0, column = 0;
  std::string message;  ///< what is wrong, what is allowed, the nearest word
  bool warning = false;
  bool alone = false;       ///< stops only the policy that it stands in (a kind that Reeve does not know yet)
  std::string policy = {};  ///< its name, where there is one
};

/// What a filter or action is built from: its data, and where to report what is wrong.
struct Build {
  const estate::Kind& kind;
  Value data;  ///< the element: a map with `type`, or the value shorthand, or a bare text
  const Vocabulary& vocabulary;
  /// Reports a problem at a value of the policy (or at the key of a map).
  std::function<void(Value at, std::string message)> problem;
  std::function<void(Value at, std::string message)> warning;
  Time now;  ///< for values that are fixed when the policy is read
};

/// The key of a map's entry as a value, for reporting a problem at it; the map itself where it has no such key.
Value key_value(Value map, std::string_view key);

/// One word of the policy language: a key that an element accepts.
struct Key {
  std::string_view name;
  std::string_view
      type;  ///< for people and the schema: "text", "number", "integer", "boolean", "list", "map", "any", "text|list"
  bool required = false;
  std::vector<std::string_view> allowed = {};  ///< where only these values may stand
};

using Report = std::function<void(Value at, std::string message)>;
/// Checks the keys of a map: unknown ones (with the nearest word), types, allowed values, required ones. `what` names
/// the element in messages ("filter \"value\""). A text that is a whole `{placeholder}` passes for any type.
/// False if something was reported.
bool check_keys(Value map, std::span<const Key> keys, std::string_view what, const Report& report);
/// "; did you mean \"x\"?" or nothing.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);
/// "a, b or c", each in quotes.
std::string one_of(std::span<const std::string_view> words);

struct FilterWord {
  std::string_view name;
  std::vector<std::string_view> kinds;  ///< empty = all
  std::vector<Key> keys;
  std::string_view description;
  std::function<std::unique_ptr<Filter>(const Build&)> make;  ///< nullptr after it reported a problem
};
struct ActionWord {
  std::string_view name;
  std::vector<std::string_view> aliases;
  std::vector<std::string_view> kinds;
  std::vector<Key> keys;
  std::string_view description;
  std::function<std::unique_ptr<Action>(const Build&)> make;
};

/// The one table of filters and actions by kind: validation, schema and docs come from it.
class Vocabulary {
 public:
  Vocabulary();
  const FilterWord* find_filter(const estate::Kind& kind, std::string_view name) const;
  const ActionWord* find_action(const estate::Kind& kind, std::string_view name) const;
  std::vector<std::string_view> filter_names(const estate::Kind& kind) const;
  std::vector<std::string_view> action_names(const estate::Kind& kind) const;
  std::span<const FilterWord> filters() const { return filters_; }
  std::span<const ActionWord> actions() const { return actions_; }

  /// Builds one element after checking its keys against its word. nullptr after problems were reported.
  std::unique_ptr<Filter> make_filter(const Build& build) const;
  std::unique_ptr<Action> make_action(const Build& build) const;

 private:
  std::vector<FilterWord> filters_;
  std::vector<ActionWord> actions_;
};

// Each file of filters/ and actions/ gives its words to the table.
std::vector<FilterWord> core_filters();      // filters/core.cc: value, and, or, not, age, tag-count, …
std::vector<FilterWord> snapshot_filters();  // filters/stale.cc
std::vector<ActionWord> tag_actions();       // actions/tags.cc: tag, remove-tag with their aliases
std::vector<ActionWord> snapshot_actions();  // actions/snapshot.cc: delete, archive

}  // namespace reeve::policy
