#include "estate/kind.h"

#include <algorithm>
#include <cctype>
#include <span>

#include "base/contains.h"
#include "estate/embedded.h"

namespace reeve::estate {
namespace {

bool in_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// Whether an expression names a member: the word, not as a part of a longer one.
bool names_word(std::string_view expression, std::string_view word) {
  for (auto at = expression.find(word); at != expression.npos; at = expression.find(word, at + 1)) {
    const auto end = at + word.size();
    if ((at == 0 || !in_word(expression[at - 1])) && (end == expression.size() || !in_word(expression[end])))
      return true;
  }
  return false;
}

/// The member of the record that an expression begins at, where it rests on that one alone; empty where it may rest on
/// others too.
std::string_view only_member(std::string_view expression) {
  const auto word = expression.substr(
      0, static_cast<std::size_t>(std::ranges::find_if_not(expression, in_word) - expression.begin()));
  const auto rest = expression.substr(word.size());
  const bool simple = rest.empty() || rest.front() == '.' || rest.front() == '[';
  return simple && !rest.contains("||") && !rest.contains("&&") ? word : std::string_view{};
}

}  // namespace

const Column* Kind::column(std::string_view column_name) const {
  const auto found = std::ranges::find(columns, column_name, &Column::name);
  return found == columns.end() ? nullptr : &*found;
}

const Column* Kind::tags_column() const {
  const auto found = std::ranges::find_if(columns, [this](const Column& column) {
    return column.name == tags || (column.spread && contains(column.members, tags));
  });
  return found == columns.end() ? nullptr : &*found;
}

std::vector<std::string> Kind::columns_of(std::string_view key) const {
  std::vector<std::string> out;
  if (key.starts_with("tag:")) {
    if (const Column* column = tags_column()) out.push_back(column->name);
    return out;
  }
  if (key.starts_with("c7n:")) return out;
  const auto member = only_member(key);
  const bool listed = member == id || (!member.empty() && (derive.contains(std::string(member)) || column(member)));
  for (const Column& column : columns) {
    bool needed = false;
    if (!column.spread) {
      needed = names_word(key, column.name);
    } else if (column.members.empty()) {
      needed = !listed;
    } else {
      needed = std::ranges::any_of(column.members, [&](const auto& name) { return names_word(key, name); });
    }
    if (needed) out.push_back(column.name);
  }
  return out;
}

Result<std::shared_ptr<const Kinds>> Kinds::embedded() {
  auto kinds = std::make_shared<Kinds>();
  for (const EmbeddedFile& file : std::span(reeve_kinds, reeve_kinds_count)) {
    TRY(auto kind, parse({file.begin, file.end}, file.name));
    kinds->kinds_.push_back(std::move(kind));
  }
  std::ranges::sort(kinds->kinds_, {}, [](const auto& kind) { return kind->name; });
  return kinds;
}

const Kind* Kinds::find(std::string_view name) const {
  if (name.starts_with("aws.")) name.remove_prefix(4);
  for (const auto& kind : kinds_) {
    if (kind->name == name || std::ranges::find(kind->aliases, name) != kind->aliases.end()) return kind.get();
  }
  return nullptr;
}

std::vector<std::string> Kinds::names() const {
  std::vector<std::string> out;
  for (const auto& kind : kinds_) out.push_back(kind->name);
  return out;
}

}  // namespace reeve::estate
