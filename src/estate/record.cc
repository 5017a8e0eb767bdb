#include "estate/record.h"

#include <algorithm>

namespace reeve::estate {
namespace {

std::string filled(std::string_view form, const Record& record) {
  std::string out;
  for (std::size_t i = 0; i < form.size();) {
    const auto open = form.find('{', i);
    const auto close = open == form.npos ? form.npos : form.find('}', open);
    if (close == form.npos) return out += form.substr(i), out;
    out += form.substr(i, open - i);
    const auto word = form.substr(open + 1, close - open - 1);
    out += word == "partition" ? std::string_view(record.scope.partition)
           : word == "region"  ? std::string_view(record.scope.region)
           : word == "account" ? std::string_view(record.scope.account)
           : word == "id"      ? record.id()
                               : form.substr(open, close - open + 1);
    i = close + 1;
  }
  return out;
}

std::optional<Value> find_in(const std::vector<std::pair<std::string, Document>>& pairs, std::string_view name) {
  for (const auto& [key, value] : pairs) {
    if (key == name) return value.root();
  }
  return std::nullopt;
}

}  // namespace

std::string_view Record::title() const { return document.root()[kind->title].as_text_or(id()); }

std::string Record::arn() const { return filled(kind->arn, *this); }

std::optional<Time> Record::date() const {
  if (kind->date.empty()) return std::nullopt;
  const Value value = document.root()[kind->date];
  if (value.kind() == reeve::Kind::timestamp) return value.as_time();
  if (!value.is_text()) return std::nullopt;
  const auto time = parse_iso8601(value.as_text());
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

void RecordView::set_column(std::string name, Document value) {
  whole_.reset();
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
    b.key(name);
    share(column);
  }
  if (record_.document.arena()) b.arena().keep(record_.document.arena());
  for (const auto [key, value] : root.entries()) {
    if (find_in(columns_, key) || find_in(evidence_, key)) continue;
    b.key(key);
    b.add_shared(value);
  }
  b.end();
  whole_ = b.finish();
  return whole_->root();
}

}  // namespace reeve::estate
