#include "policy/filters/value.h"

#include <algorithm>
#include <chrono>

#include "base/json.h"
#include "policy/filters/python_value.h"
#include "text/dates.h"
#include "text/python_text.h"

namespace reeve::policy {
namespace {

constexpr double day_us = 86'400e6;

Time days_from(Time now, double days) { return {now.us + static_cast<std::int64_t>(days * day_us)}; }

/// Values longer than this are left out of what people are shown.
constexpr std::size_t shown_bytes = 200;

/// Adds what was found, in short: records may hold long and secret things.
void put_found(Builder& builder, std::string_view key, Value found) {
  if (found.is_list() || found.is_map()) {
    builder.put(key, std::to_string(found.size()) + (found.is_list() ? " items" : " members"));
  } else if (found.size() > shown_bytes) {
    builder.put(key, std::to_string(found.size()) + " bytes");
  } else {
    builder.put(key, found);
  }
}

}  // namespace

Value ValueFilter::found(const estate::RecordView& view, text::Scratch& scratch, Node& node) const {
  const Value value = lookup_->find(view, scratch);
  if (!value_regex_ || value.is_unknown()) return value;
  if (!value.is_text()) return {};
  const auto match = value_regex_->match(value.as_text());
  if (!match) return unknown_value(node, "its regular expression takes too many steps");
  if (!*match || (*match)->groups.size() < 2 || !(*match)->groups[1]) return {};
  return text_value(node, *(*match)->groups[1]);
}

Value ValueFilter::wanted(const estate::RecordView& view, text::Scratch& scratch) const {
  return value_lookup_ ? value_lookup_->find(view, scratch) : value_.root();
}

/// Converts both sides as value_type says. Unknown sides stay as they are: every op then answers unknown.
void ValueFilter::convert(Operand& resource, Operand& value, Time now) const {
  const bool tuple = resource.form == Operand::Form::tuple;
  const Value r = resource.value;
  switch (value_type_) {
    case ValueType::none:
    case ValueType::expr:
      return;
    case ValueType::age:
    case ValueType::expiration: {
      const Value days = value.value;
      Time limit = days.as_time();
      if (days.is_number()) {
        limit = days_from(now, value_type_ == ValueType::age ? -days.as_real() : days.as_real());
      } else if (days.kind() != Kind::timestamp) {
        value.form = Operand::Form::raises;
        return;
      }
      const auto date = tuple ? std::nullopt : text::parse_date(r, now);
      Operand& dated = value_type_ == ValueType::age ? value : resource;
      Operand& fixed = value_type_ == ValueType::age ? resource : value;
      resource.form = Operand::Form::plain;
      fixed.set(limit);
      if (date) {
        dated.set(*date);
      } else {
        dated.set(std::int64_t{0});
      }
      return;
    }
    case ValueType::date: {
      const auto date = tuple ? std::nullopt : text::parse_date(r, now);
      const auto other = date_ ? date_ : text::parse_date(value.value, now);
      resource.form = Operand::Form::plain;
      resource.value = value.value = {};
      if (date) resource.set(*date);
      if (other) value.set(*other);
      return;
    }
    case ValueType::integer:
      resource.form = Operand::Form::plain;
      return resource.set(tuple ? 0 : python_int(r));
    case ValueType::real:
      resource.form = Operand::Form::plain;
      return resource.set(tuple ? 0.0 : python_real(r));
    case ValueType::normalize:
      if (r.is_text()) resource.set(text::lower(text::strip(r.as_text())));
      return;
    case ValueType::size:
      resource.form = Operand::Form::plain;
      return resource.set(static_cast<std::int64_t>(r.is_text() ? text::length(r.as_text()) : r.size()));
    case ValueType::unique_size:
      resource.form = Operand::Form::plain;
      return resource.set(static_cast<std::int64_t>(distinct_items(r).value_or(0)));
    case ValueType::swap:
      std::swap(resource.form, value.form);
      std::swap(resource.value, value.value);
      return;
    case ValueType::cidr:
      resource.set_cidr(r, tuple);
      value.set_cidr(value.value, false);
      // An address of the policy against a network of the record: the sides change places.
      if (value.form == Operand::Form::cidr && resource.form == Operand::Form::cidr && value.cidr && resource.cidr &&
          !value.cidr->network && resource.cidr->network) {
        std::swap(resource.cidr, value.cidr);
      }
      return;
    case ValueType::cidr_size: {
      Operand parsed;
      parsed.set_cidr(r, tuple);
      resource.form = Operand::Form::plain;
      if (parsed.form != Operand::Form::cidr || (parsed.cidr && !parsed.cidr->network)) {
        resource.form = Operand::Form::raises;
        return;
      }
      return resource.set(std::int64_t{parsed.cidr ? parsed.cidr->prefix : 0});
    }
    case ValueType::version:
      if (tuple || !r.is_text() || r.empty() || !value.value.is_text() || value.value.empty()) {
        resource.form = Operand::Form::raises;
        return;
      }
      resource.form = value.form = Operand::Form::version;
      return;
  }
}

Truth ValueFilter::decide(const estate::RecordView& view, Context& context) const {
  if (plain_) return equal(lookup_->find(view, context.scratch), value_.root());
  Node node;
  Operand resource, value;
  resource.value = found(view, context.scratch, node);
  value.value = wanted(view, context.scratch);
  if (resource.value.is_unknown() || value.value.is_unknown()) return Truth::unknown;
  if (has_op_ && resource.value.is_null() && (op_ == Op::in || op_ == Op::not_in)) {
    resource.form = Operand::Form::tuple;
  }
  convert(resource, value, context.now);
  if (resource.form == Operand::Form::raises || value.form == Operand::Form::raises) return Truth::unknown;

  if (value.form == Operand::Form::plain && value.value.is_text()) {
    const std::string_view sentinel = value.value.as_text();
    const bool null = resource.form == Operand::Form::plain ? resource.value.is_null()
                                                            : resource.form == Operand::Form::cidr && !resource.cidr;
    const auto filled = [&] {
      return resource.form == Operand::Form::tuple   ? Truth::no
             : resource.form == Operand::Form::plain ? truthy(resource.value)
             : null                                  ? Truth::no
                                                     : Truth::yes;
    };
    if (sentinel == "absent" && null) return Truth::yes;
    if (sentinel == "present" && !null) return Truth::yes;
    if (sentinel == "not-null" && filled() == Truth::yes) return Truth::yes;
    if (sentinel == "empty" && filled() == Truth::no) return Truth::yes;
  }
  return apply(op_, resource, value, pattern_ ? &*pattern_ : nullptr);
}

std::string ValueFilter::fault(Value found) const {
  if (found.is_unknown()) return key() + " is unknown: " + std::string(found.unknown_reason());
  return key() + " cannot be compared: " + to_json(found).substr(0, shown_bytes);
}

Verdict ValueFilter::test(Candidate& candidate, Context& context) const {
  const Truth truth = decide(candidate.view, context);
  if (truth != Truth::unknown) [[likely]]
    return {truth, {}};
  return {truth, fault(lookup_->find(candidate.view, context.scratch))};
}

std::vector<std::string> ValueFilter::columns() const { return columns_; }

void ValueFilter::explain(Candidate& candidate, Context& context, std::size_t) const {
  Builder builder;
  builder.begin_map();
  put_found(builder, "found", lookup_->find(candidate.view, context.scratch));
  builder.end();
  candidate.findings.push_back({.filter = "value " + key(), .verdict = Truth::yes, .evidence = builder.finish()});
  candidate.matched_keys.push_back(key());
}

std::string ValueFilter::why_not(const Candidate& candidate, Context& context) const {
  Builder builder;
  builder.begin_map();
  const Value value = lookup_->find(candidate.view, context.scratch);
  if (value.is_null()) return key() + " is absent";
  put_found(builder, "found", value);
  builder.end();
  return key() + " is " + to_json(builder.finish()["found"]);
}

}  // namespace reeve::policy
