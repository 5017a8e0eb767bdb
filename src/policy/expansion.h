#pragma once
#include <functional>
#include <set>
#include <string>
#include <unordered_map>

#include "base/document.h"
#include "policy/policy.h"
#include "text/python_format.h"
#include "text/yaml.h"

namespace reeve::policy {

/// The names that `{…}` in a policy may use, and which of them were used.
class Names {
 public:
  /// `vars` is the file's `vars:`: its scalars are defaults, which --var replaces. A default that is text keeps a given
  /// value text; else it is read as YAML reads a scalar, so that `--var days=30` is a number.
  Names(Value vars, const Variables& variables);
  /// The value of a name within one policy; `policy` is that policy before expansion.
  std::optional<Value> find(std::string_view name, Value policy);
  /// Problems of --var: names that nothing uses. Call it after all policies were expanded.
  std::vector<Problem> unused(const Variables& variables) const;

 private:
  Document given_, builtin_;
  Value vars_;
  std::set<std::string, std::less<>> asked_;
};

/// A policy's data after expansion, and where its values stand in the file.
class Expansion {
 public:
  /// Expands every text of `policy`; texts that cannot be expanded are reported and stay as they are.
  Expansion(Value policy, const text::YamlFile& file, Names& names,
            const std::function<void(text::Position, std::string)>& problem);
  Value root() const { return document_.root(); }
  /// Of a value (or a key, see key_value) of root(); the policy's own for anything else.
  text::Position position(Value value) const;

 private:
  void note(Value from, Value to, const text::YamlFile& file);
  void note_all(Value value, text::Position position);
  Document document_;
  text::Position start_;
  std::unordered_map<const Node*, text::Position> positions_;
};

}  // namespace reeve::policy
