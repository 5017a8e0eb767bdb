#include "policy/actions/tag_steps.h"

#include <algorithm>

#include "estate/form.h"

namespace reeve::policy {
namespace {

using estate::TagCall;
using estate::TagStyle;

/// What the members of each tag come from, the last first: a call's own, the tag's as it stands, those that are given.
struct Members {
  Value of_call;
  const estate::Record& record;
  Value given;
};

void put_members(Builder& b, const Members& from, std::string_view key) {
  const Document old = tag_members(from.record, key);
  for (const auto [member, value] : from.of_call.entries()) {
    if (!from.given.find(member)) b.put(member, old.root().find(member).value_or(value));
  }
  for (const auto [member, value] : from.given.entries()) b.put(member, value);
}

void put_tags(Builder& b, TagCall::Form form, const TagChanges& tags, const Members& members) {
  using Form = TagCall::Form;
  if (form == Form::map) {
    b.begin_map();
    for (const auto& [key, value] : tags) b.put(key, value.value_or(std::string()));
    return b.end();
  }
  b.begin_list();
  for (const auto& [key, value] : tags) {
    if (form == Form::keys) {
      b.add(key);
      continue;
    }
    const bool kms = form == Form::kms_list;
    b.begin_map();
    b.put(kms ? "TagKey" : "Key", key);
    if (value) b.put(kms ? "TagValue" : "Value", *value);
    put_members(b, members, key);
    b.end();
  }
  b.end();
}

/// Writes `tags` at a path of member names into a map that is open.
void put_at(Builder& b, std::string_view path, const TagCall& call, const TagChanges& tags, const Members& members) {
  const auto dot = path.find('.');
  b.key(path.substr(0, dot));
  if (dot == path.npos) return put_tags(b, call.form, tags, members);
  b.begin_map();
  put_at(b, path.substr(dot + 1), call, tags, members);
  b.end();
}

/// nullopt where the record lacks what the call needs.
std::optional<Step> step_of(const TagCall& call, const estate::Record& record, const TagChanges& tags, Value more) {
  const auto params = estate::fill_forms(call.params, record);
  const auto item = estate::fill_forms(call.item, record);
  if (!params || !item) return std::nullopt;
  Builder b;
  b.begin_map();
  for (const auto [key, value] : params->root().entries()) b.put(key, value);
  if (call.form != TagCall::Form::nothing) put_at(b, call.member, call, tags, {*item, record, more});
  b.end();
  return Step{.type = Step::Type::call, .service = call.service, .operation = call.operation, .params = b.finish()};
}

/// All tags that the record has after the changes: those that are written first, then the others as they stood.
TagChanges whole_set(const estate::Record& record, const TagChanges& changes) {
  TagChanges out;
  for (const auto& change : changes) {
    if (change.second) out.push_back(change);
  }
  for (const Value tag : record.tags().items()) {
    const auto key = tag["Key"].as_text();
    const bool changed = std::ranges::any_of(changes, [&](const auto& change) { return change.first == key; });
    if (!changed) out.emplace_back(key, tag["Value"].as_string());
  }
  return out;
}

/// Whether `apply` has an effect for it (apply/effects.cc).
bool is_carried_out(const Step& step) {
  return step.service == "ec2" && (step.operation == "CreateTags" || step.operation == "DeleteTags");
}

Document pre_image(const estate::Record& record, const TagMap& before, const TagChanges& changes, bool items) {
  Builder b;
  b.begin_map();
  b.begin_map("tags");
  for (const auto& [key, value] : changes) {
    const auto old = before.find(key);
    b.key(key);
    old == before.end() ? b.null() : b.add(old->second);
  }
  b.end();
  if (items) {
    b.begin_list("items");
    for (const Value tag : record.tags().items()) {
      const auto key = tag["Key"].as_text();
      if (std::ranges::any_of(changes, [&](const auto& change) { return change.first == key; })) b.add(tag);
    }
    b.end();
  }
  b.end();
  return b.finish();
}

}  // namespace

std::vector<std::string> tag_columns(const estate::Kind& kind) {
  const estate::Column* column = kind.tags_column();
  return column == nullptr ? std::vector<std::string>{} : std::vector<std::string>{column->name};
}

Document tag_members(const estate::Record& record, std::string_view key) {
  const Document& members = record.kind->add_tags.item;
  Builder b;
  b.begin_map();
  for (const Value tag : record.tags().items()) {
    if (members.root().empty() || tag["Key"].as_text() != key) continue;
    for (const auto [member, value] : members.root().entries()) {
      if (const auto old = tag.find(member); old && !old->is_null() && !old->is_unknown()) b.put(member, *old);
    }
    break;
  }
  b.end();
  return b.finish();
}

std::optional<TagMap> tags_of(const estate::RecordView& view) {
  const Value list = view.record().tags();
  const estate::Column* column = view.record().kind->tags_column();
  if (list.is_null() && column != nullptr && !view.column(column->name)) return std::nullopt;
  if (list.is_unknown()) return std::nullopt;
  TagMap out;
  for (const Value tag : list.items()) {
    if (tag["Key"].is_unknown() || tag["Value"].is_unknown()) return std::nullopt;
    out.emplace(tag["Key"].as_text(), tag["Value"].as_text());
  }
  return out;
}

std::variant<RowDraft, Kept> tag_row(const estate::Record& record, const TagMap& before, const TagChanges& changes,
                                     const Document& item, bool exactly) {
  const estate::Kind& kind = *record.kind;
  RowDraft row;
  const auto add_step = [&](const TagCall& call, const TagChanges& tags, Value more) {
    auto step = step_of(call, record, tags, more);
    if (step) row.steps.push_back(*std::move(step));
    return step.has_value();
  };
  TagChanges written, removed;
  for (const auto& change : changes) (change.second ? written : removed).push_back(change);
  bool fine = true;
  if (kind.tag_style == TagStyle::whole) {
    const TagChanges all = whole_set(record, changes);
    fine = add_step(all.empty() ? kind.remove_tags : kind.add_tags, all, Value());
  } else {
    if (!written.empty()) fine = add_step(kind.add_tags, written, item);
    if (exactly) {
      for (const auto& [key, gone] : removed) {
        fine = add_step(kind.remove_tags, {{key, before.find(key)->second}}, Value()) && fine;
      }
    } else if (!removed.empty()) {
      fine = add_step(kind.remove_tags, removed, Value()) && fine;
    }
  }
  if (!fine) return Kept{"unknown", "what its tags are called by (its ARN) is not known"};
  row.pre_image = pre_image(record, before, changes, !kind.add_tags.item.root().empty());
  const bool carried_out = std::ranges::all_of(row.steps, &is_carried_out);
  if (!carried_out) {
    row.risk_reasons.push_back("apply does not carry out " + row.steps.front().service + "." +
                               row.steps.front().operation + " yet");
  }
  // No undo is known of a row of several steps (apply/undo.cc).
  if (!carried_out || row.steps.size() != 1) return row;
  const bool puts_back = std::ranges::any_of(changes, [&](const auto& c) { return before.contains(c.first); });
  const TagCall& means = puts_back ? kind.add_tags : kind.remove_tags;
  row.undo = {.undo_class = UndoClass::exact, .service = means.service, .operation = means.operation};
  return row;
}

}  // namespace reeve::policy
