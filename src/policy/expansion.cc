#include "policy/expansion.h"

#include "text/edit_distance.h"

namespace reeve::policy {
namespace {

bool is_scalar(Value value) { return !value.is_list() && !value.is_map(); }

/// What a --var stands for where its default is no text: a number, a truth, a date; a text if YAML reads it as one.
void put_scalar(Builder& builder, const std::string& name, const std::string& text) {
  const auto parsed = text::parse_yaml(text, "--var");
  if (parsed && is_scalar(parsed->root()) && !parsed->root().is_null()) {
    builder.put(name, parsed->root());
  } else {
    builder.put(name, text);
  }
}

/// Writes a copy of a policy's value with its texts expanded.
struct Copier {
  Builder builder = Builder{};
  const std::function<Result<text::Expanded>(std::string_view)>& expand;
  const std::function<void(Value, const Error&)>& failed;

  /// `kept` = texts that other stages expand: they stay as they are.
  void copy(Value value, bool kept = false) {
    if (value.is_map()) {
      const bool notify = value["type"].as_text_or({}) == "notify";
      builder.begin_map();
      for (const auto [key, member] : value.entries()) {
        builder.key(key);
        copy(member, (notify && key == "subject") || key == "member-role");
      }
      builder.end();
    } else if (value.is_list()) {
      builder.begin_list();
      for (const Value item : value.items()) copy(item);
      builder.end();
    } else if (value.is_text() && !kept) {
      const auto expanded = expand(value.as_text());
      if (!expanded) {
        failed(value, expanded.error());
        builder.add(value);
      } else if (expanded->value) {
        builder.add(*expanded->value);
      } else {
        builder.add(expanded->text);
      }
    } else {
      builder.add(value);
    }
  }
};

}  // namespace

Names::Names(Value vars, const Variables& variables) : vars_(vars) {
  Builder given;
  given.begin_map();
  for (const auto& [name, text] : variables.given) {
    if (vars[name].is_text()) {
      given.put(name, text);
    } else {
      put_scalar(given, name, text);
    }
  }
  given.end();
  given_ = given.finish();
  Builder builtin;
  builtin.begin_map();
  builtin.put("account_id", variables.account_id);
  builtin.put("region", variables.region);
  builtin.put("partition", variables.partition);
  builtin.put("now", variables.now);
  builtin.end();
  builtin_ = builtin.finish();
}

std::optional<Value> Names::find(std::string_view name, Value policy) {
  asked_.emplace(name);
  if (name == "policy") return policy;
  if (const auto known = builtin_.root().find(name)) return known;
  if (const auto given = given_.root().find(name)) return given;
  const auto standard = vars_.find(name);
  return standard && is_scalar(*standard) ? standard : std::nullopt;
}

std::vector<Problem> Names::unused(const Variables& variables) const {
  std::vector<Problem> problems;
  std::vector<std::string> names(asked_.begin(), asked_.end());
  for (const auto& [name, text] : variables.given) {
    if (builtin_.root().find(name) || name == "policy") {
      problems.push_back({.file = "--var", .message = "\"" + name + "\" is a name that Reeve sets itself"});
    } else if (!asked_.contains(name)) {
      const auto near = text::nearest(name, std::span<const std::string>(names));
      problems.push_back({.file = "--var",
                          .message = "no policy uses the variable \"" + name + "\"" +
                                     (near ? "; did you mean \"" + *near + "\"?" : std::string())});
    }
  }
  return problems;
}

Expansion::Expansion(Value policy, const text::YamlFile& file, Names& names,
                     const std::function<void(text::Position, std::string)>& problem)
    : start_(file.position(policy)) {
  const text::Variables variables = [&](std::string_view name) { return names.find(name, policy); };
  const std::function<Result<text::Expanded>(std::string_view)> expand = [&](std::string_view text) {
    return text::expand(text, variables);
  };
  const std::function<void(Value, const Error&)> failed = [&](Value at, const Error& error) {
    problem(file.position(at), "\"" + at.as_string() + "\" cannot be expanded: " + error.message +
                                   " (write {{ and }} for braces that stand for themselves)");
  };
  Copier copier{.expand = expand, .failed = failed};
  copier.copy(policy);
  document_ = copier.builder.finish();
  note(policy, document_.root(), file);
}

/// Walks both documents side by side: they have one shape, apart from texts that became something larger.
void Expansion::note(Value from, Value to, const text::YamlFile& file) {
  positions_.emplace(to.node(), file.position(from));
  if (from.is_map() && to.is_map()) {
    for (const auto [key, value] : from.entries()) {
      positions_.emplace(key_value(to, key).node(), file.key_position(from, key));
      note(value, to[key], file);
    }
  } else if (from.is_list() && to.is_list()) {
    for (std::size_t i = 0; i < from.size() && i < to.size(); ++i) note(from[i], to[i], file);
  } else {
    note_all(to, file.position(from));
  }
}

void Expansion::note_all(Value value, text::Position position) {
  positions_.emplace(value.node(), position);
  for (const Value item : value.items()) note_all(item, position);
  for (const auto [key, member] : value.entries()) {
    positions_.emplace(key_value(value, key).node(), position);
    note_all(member, position);
  }
}

text::Position Expansion::position(Value value) const {
  const auto found = positions_.find(value.node());
  return found == positions_.end() ? start_ : found->second;
}

}  // namespace reeve::policy
