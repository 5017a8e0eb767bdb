#include "estate/record.h"

#include <algorithm>
#include <charconv>

#include "estate/form.h"
#include "estate/tag_list.h"

namespace reeve::estate {
namespace {

std::optional<Value> find_in(const std::vector<std::pair<std::string, Document>>& pairs, std::string_view name) {
  for (const auto& [key, value] : pairs) {
    if (key == name) return value.root();
  }
  return std::nullopt;
}

/// A moment as a number: seconds, or milliseconds where seconds would be past the year 5000.
std::optional<Time> from_epoch(double number) {
  constexpr double first_milliseconds = 1e11, second_us = 1e6, millisecond_us = 1e3, most = 1e14;
  if (!(number > 0 && number < most)) return std::nullopt;
  return Time{static_cast<std::int64_t>(number * (number < first_milliseconds ? second_us : millisecond_us))};
}

/// A record with some members replaced or added; those that are null are left out.
Document with_members(const Document& record, const std::vector<std::pair<std::string, Document>>& members) {
  Builder b;
  if (record.arena()) b.arena().keep(record.arena());
  b.begin_map();
  for (const auto [key, value] : record.root().entries()) {
    if (std::ranges::find(members, key, [](const auto& member) { return std::string_view(member.first); }) !=
        members.end())
      continue;
    b.key(key);
    b.add_shared(value);
  }
  for (const auto& [key, value] : members) {
    if (value.root().is_null()) continue;
    if (value.arena()) b.arena().keep(value.arena());
    b.key(key);
    b.add_shared(value.root());
  }
  b.end();
  return b.finish();
}

}  // namespace

std::string_view Record::title() const { return document.root()[kind->title].as_text_or(id()); }

std::string Record::arn() const { return fill_form(kind->arn, *this).value_or(std::string()); }

Value Record::date_value() const {
  if (const Value first = document.root()[kind->date]; !first.is_null()) return first;
  for (const auto& member : kind->dates) {
    if (const Value value = document.root()[member]; !value.is_null()) return value;
  }
  return {};
}

std::optional<Time> Record::date() const {
  const Value value = date_value();
  if (value.kind() == reeve::Kind::timestamp) return value.as_time();
  if (value.is_number()) return from_epoch(value.as_real());
  if (!value.is_text()) return std::nullopt;
  const std::string_view text = value.as_text();
  double number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec == std::errc() && read.ptr == text.data() + text.size()) return from_epoch(number);
  const auto time = parse_iso8601(text);
  return time ? std::optional(*time) : std::nullopt;
}

std::optional<Value> Record::tag(std::string_view key) const {
  const Value list = tags();
  if (list.is_unknown()) return list;
  for (const Value item : list.items()) {
    const Value name = item["Key"];
    if (name.is_unknown()) return name;
    if (name.as_text() == key) return item["Value"];
  }
  return std::nullopt;
}

std::optional<Value> RecordView::column(std::string_view name) const { return find_in(columns_, name); }

void RecordView::put_in_record(const Column& column, const Document& value) {
  const Kind& kind = *record_.kind;
  std::vector<std::pair<std::string, Document>> members;
  const auto put = [&](std::string_view name, Document member) {
    if (name == kind.tags && !member.root().is_unknown()) member = tag_list(member);
    if (name != kind.id) members.emplace_back(name, std::move(member));
  };
  if (!column.spread) {
    put(column.name, value);
  } else if (!column.members.empty()) {
    for (const auto& name : column.members) {
      put(name, value.root().is_unknown() ? value : value.part(value.root()[name]));
    }
  } else {
    for (const auto [name, member] : value.root().entries()) put(name, value.part(member));
  }
  if (!members.empty()) record_.document = with_members(record_.document, members);
}

void RecordView::set_column(std::string name, Document value) {
  whole_.reset();
  if (record_.kind != nullptr) {
    const Column* column = record_.kind->column(name);
    if (column != nullptr && record_.kind->in_record(*column)) put_in_record(*column, value);
  }
  std::erase(unsupported_, name);
  for (auto& [key, old] : columns_) {
    if (key == name) {
      old = std::move(value);
      return;
    }
  }
  columns_.emplace_back(std::move(name), std::move(value));
}

void RecordView::set_column_unknown(std::string name, std::string_view reason) {
  Builder b;
  b.unknown(reason);
  set_column(std::move(name), b.finish());
}

void RecordView::set_column_unsupported(std::string name) {
  set_column(name, {});
  unsupported_.push_back(std::move(name));
}

bool RecordView::column_unsupported(std::string_view name) const {
  return std::ranges::find(unsupported_, name) != unsupported_.end();
}

void RecordView::add_evidence(std::string name, Document value) {
  whole_.reset();
  evidence_.emplace_back(std::move(name), std::move(value));
}

std::optional<Value> RecordView::find_evidence(std::string_view name) const {
  // The latest word counts, as an annotation that is written again replaces the earlier one.
  for (auto at = evidence_.rbegin(); at != evidence_.rend(); ++at) {
    if (at->first == name) return at->second.root();
  }
  return std::nullopt;
}

void RecordView::forget_evidence(std::size_t mark) {
  if (mark >= evidence_.size()) return;
  whole_.reset();
  evidence_.resize(mark);
}

bool RecordView::in_record(std::string_view name) const {
  const Column* column = record_.kind == nullptr ? nullptr : record_.kind->column(name);
  return column != nullptr && record_.kind->in_record(*column);
}

Value RecordView::whole() const {
  const Value root = record_.document.root();
  if ((columns_.empty() && evidence_.empty()) || !root.is_map()) return root;
  if (whole_) return whole_->root();

  // Columns and evidence stand before the record's own members, and the latest evidence first: a reader finds the
  // first.
  Builder b;
  const auto share = [&b](const Document& document) {
    if (document.arena()) b.arena().keep(document.arena());
    b.add_shared(document.root());
  };
  b.begin_map();
  for (auto at = evidence_.rbegin(); at != evidence_.rend(); ++at) {
    b.key(at->first);
    share(at->second);
  }
  for (const auto& [name, column] : columns_) {
    if (in_record(name)) continue;
    b.key(name);
    share(column);
  }
  if (record_.document.arena()) b.arena().keep(record_.document.arena());
  for (const auto [key, value] : root.entries()) {
    if (find_in(evidence_, key) || (find_in(columns_, key) && !in_record(key))) continue;
    b.key(key);
    b.add_shared(value);
  }
  b.end();
  whole_ = b.finish();
  return whole_->root();
}

}  // namespace reeve::estate
