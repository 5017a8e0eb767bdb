#include "estate/page.h"

#include "estate/form.h"
#include "estate/paths.h"
#include "estate/tag_list.h"

namespace reeve::estate {
namespace {

std::string_view renamed(const Kind& kind, std::string_view key) {
  if (kind.rename.empty()) return key;
  const auto found = kind.rename.find(std::string(key));
  return found == kind.rename.end() ? key : std::string_view(found->second);
}

/// Whether records of this page must be written anew, or can be taken as they came.
bool needs_shaping(const Kind& kind, Value first, const std::vector<std::string>& carry) {
  if (!carry.empty() || !kind.rename.empty() || !kind.list.item.empty()) return true;
  const Value tags = first[kind.tags];
  return !tags.is_null() && !is_tag_list(tags);
}

void put_record(Builder& b, const Kind& kind, const Document& page, Value value, Value around,
                const std::vector<std::string>& carry) {
  b.begin_map();
  if (value.is_text() && !kind.list.item.empty()) {
    b.key(kind.list.item);
    b.add_shared(value);
  }
  for (const auto [key, member] : value.entries()) {
    const auto name = renamed(kind, key);
    b.key(name);
    if (name == kind.tags && !is_tag_list(member)) {
      b.add(tag_list(page.part(member)));
    } else {
      b.add_shared(member);
    }
  }
  for (const auto& name : carry) {
    const auto outer = around.find(name);
    if (!outer || value.find(name)) continue;
    b.key(name);
    b.add_shared(*outer);
  }
  b.end();
}

/// The record with the members that the descriptor makes of others.
Record with_derived(Record record) {
  Builder b;
  if (record.document.arena()) b.arena().keep(record.document.arena());
  b.begin_map();
  for (const auto [key, value] : record.document.root().entries()) {
    b.key(key);
    b.add_shared(value);
  }
  for (const auto& [name, form] : record.kind->derive) {
    if (const auto text = fill_form(form, record)) b.put(name, *text);
  }
  b.end();
  record.document = b.finish();
  return record;
}

}  // namespace

std::vector<Record> records_of(const Kind& kind, const aws::Scope& scope, const Document& page, std::string_view path,
                               const std::vector<std::string>& carry) {
  std::vector<Record> out;
  const auto add = [&](Document document) {
    Record record{&kind, scope, std::move(document)};
    if (!kind.derive.empty()) record = with_derived(std::move(record));
    if (record.document.root()[kind.id].is_text()) out.push_back(std::move(record));
  };
  Value first;
  walk_path(page, path, [&](Value value, Value) { first = first.is_null() ? value : first; });
  if (!needs_shaping(kind, first, carry)) {
    walk_path(page, path, [&](Value value, Value) { add(page.part(value)); });
    return out;
  }
  Builder b;
  b.arena().keep(page.arena());
  b.begin_list();
  walk_path(page, path, [&](Value value, Value around) { put_record(b, kind, page, value, around, carry); });
  b.end();
  const Document list = b.finish();
  for (const Value record : list.root().items()) add(list.part(record));
  return out;
}

}  // namespace reeve::estate
