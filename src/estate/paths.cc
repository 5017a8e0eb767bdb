#include "estate/paths.h"

namespace reeve::estate {
namespace {

void walk(Value at, std::string_view rest, Value around, const std::function<void(Value, Value)>& found) {
  if (at.is_list()) {
    for (const Value item : at.items()) walk(item, rest, around, found);
    return;
  }
  if (at.is_null()) return;
  if (rest.empty() || at.is_unknown()) return found(at, around);
  const auto dot = rest.find('.');
  const Value member = at[rest.substr(0, dot)];
  walk(member, dot == rest.npos ? std::string_view{} : rest.substr(dot + 1), member.is_list() ? at : around, found);
}

}  // namespace

void walk_path(Value from, std::string_view path, const std::function<void(Value value, Value around)>& found) {
  walk(from, path, Value(), found);
}

}  // namespace reeve::estate
