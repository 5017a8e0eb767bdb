#include "policy/filters/lookup.h"

#include <algorithm>
#include <cctype>

#include "text/python_text.h"

namespace reeve::policy {
namespace {

std::uint32_t head_of(Kind kind) { return (std::uint32_t{Keys::none} << 8) | static_cast<std::uint32_t>(kind); }

std::string without(std::string text, char letter) {
  std::erase(text, letter);
  return text;
}

}  // namespace

Value text_value(Node& node, std::string_view text) {
  node = {};
  node.head = head_of(Kind::text);
  node.size = static_cast<std::uint32_t>(text.size());
  node.text = text.data();
  return {&node, nullptr};
}

Value unknown_value(Node& node, std::string_view reason) {
  text_value(node, reason);
  node.head = head_of(Kind::unknown);
  return {&node, nullptr};
}

Value integer_value(Node& node, std::int64_t integer) {
  node = {};
  node.head = head_of(Kind::integer);
  node.integer = integer;
  return {&node, nullptr};
}

Value real_value(Node& node, double real) {
  node = {};
  node.head = head_of(Kind::real);
  node.real = real;
  return {&node, nullptr};
}

Value time_value(Node& node, Time time) {
  node = {};
  node.head = head_of(Kind::timestamp);
  node.integer = time.us;
  return {&node, nullptr};
}

std::string transform_tag_key(std::string_view key, const std::vector<std::string>& transforms) {
  std::string out(key);
  for (const std::string& transform : transforms) {
    if (transform == "capitalize") out = text::capitalize(out);
    if (transform == "lower") out = text::lower(out);
    if (transform == "strip") out = std::string(text::strip(out));
    if (transform == "title") out = text::title(out);
    if (transform == "upper") out = text::upper(out);
    if (transform == "nospaces") out = without(out, ' ');
    if (transform == "nounderscores") out = without(out, '_');
    if (transform == "nodashes") out = without(out, '-');
  }
  return out;
}

Result<Lookup> Lookup::compile(std::string_view key, const Options& options) {
  Lookup lookup;
  lookup.key_ = key;
  lookup.transforms_ = options.tag_key_transforms;
  if (options.kind != nullptr) lookup.columns_ = options.kind->columns_of(key);
  if (key.starts_with("tag:")) {
    lookup.is_tag_ = true;
    lookup.tag_ = key.substr(4);
    return lookup;
  }
  lookup.whole_view_ = key.contains("c7n:");
  for (const std::string& name : lookup.columns_) {
    const estate::Column& column = *options.kind->column(name);
    if (!options.kind->in_record(column)) {
      lookup.whole_view_ = true;
    } else if (column.members.empty() && column.spread) {
      lookup.spread_.push_back(name);
    }
  }
  auto expression = text::Jmespath::compile(key);
  // Names of evidence are no JMESPath, and stand for themselves.
  if (!expression && !key.starts_with("c7n:")) return std::unexpected(std::move(expression).error());
  if (expression) lookup.expression_ = *std::move(expression);
  lookup.member_ = Member(lookup.key_);
  if (lookup.expression_) {
    for (const std::string& name : lookup.expression_->path()) lookup.path_.emplace_back(name);
  }
  lookup.expression_only_ = key.find_first_of(".[(|") != std::string_view::npos;
  Builder builder;
  builder.unknown("\"" + lookup.key_ + "\" does not fit this record");
  lookup.misfit_ = builder.finish();
  return lookup;
}

Value Lookup::find_tag(Value record) const {
  const auto tags = record.find("Tags");
  if (tags) {
    if (tags->is_unknown()) return *tags;
    Value unknown;
    for (const Value tag : tags->items()) {
      const Value key = tag["Key"];
      if (key.is_unknown()) unknown = key;
      if (!key.is_text()) continue;
      if (is_the_tag(key.as_text())) return tag["Value"];
    }
    return unknown;
  }
  const Value map = record.find("labels").value_or(record["tags"]);
  if (map.is_unknown()) return map;
  for (const auto [key, value] : map.entries()) {
    if (is_the_tag(key)) return value;
  }
  return {};
}

bool Lookup::is_the_tag(std::string_view key) const {
  return transforms_.empty() ? key == tag_ : transform_tag_key(key, transforms_) == tag_;
}

Value Lookup::Member::of(Value map) const {
  const Keys* keys = map.keys();
  if (!map.is_map()) return map.is_unknown() ? map : Value();
  if (keys == nullptr || map.node()->spelled()) return map[name_];
  if (keys_ != keys || id_ == Keys::none) {  // a name may be interned later
    keys_ = keys;
    id_ = keys->find(name_);
    hint_ = 0;
  }
  if (id_ == Keys::none) return {};
  const Node* found = map.find(id_, hint_);
  return found != nullptr ? Value(found, keys) : Value();
}

Value Lookup::find(const estate::RecordView& view, text::Scratch& scratch) const {
  const Value record = view.record().document.root();
  if (!record.is_map()) return record.is_unknown() ? record : Value();
  if (is_tag_) return find_tag(record);
  for (const std::string& name : spread_) {
    // What could not be read might hold the member, whatever it is called.
    if (const auto column = view.column(name); column && column->is_unknown()) return *column;
  }
  if (!expression_only_ || record.node()->spelled()) {
    if (const Value member = member_.of(record); !member.is_null()) return member;
  }
  const Value searched = whole_view_ ? view.whole() : record;
  if (whole_view_) {
    if (const auto found = searched.find(key_)) return *found;
  }
  if (!expression_) return {};
  if (expression_->path().size() == 1 && expression_->path().front() == key_)
    return {};  // the member, which is not there
  auto found = expression_->search(searched, scratch);
  return found ? *found : misfit_.root();
}

}  // namespace reeve::policy
