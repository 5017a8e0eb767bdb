#include "policy/filters/marked_for_op.h"

#include "policy/filters/hours_schedule.h"
#include "policy/filters/lookup.h"
#include "text/dates.h"
#include "text/python_text.h"

namespace reeve::policy {
namespace {

struct Mark {
  std::string op, date;
};

/// "TEXT: OP@DATE": what stands after the last colon, at its first "@".
std::optional<Mark> read_mark(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || !text.contains('@')) return std::nullopt;
  const std::string_view target = text.substr(colon + 1);
  const auto at = target.find('@');
  if (at == std::string_view::npos) return std::nullopt;
  return Mark{.op = std::string(text::strip(target.substr(0, at))),
              .date = std::string(text::strip(target.substr(at + 1)))};
}

}  // namespace

std::vector<Key> MarkedForOpFilter::keys() {
  return {{"tag", "text"}, {"op", "text"}, {"tz", "text"}, {"skew", "number"}, {"skew_hours", "number"}};
}

Verdict MarkedForOpFilter::test(Candidate& candidate, Context& context) const {
  const auto value = candidate.view.record().tag(tag_);
  if (!value) return {Truth::no, {}};
  if (value->is_unknown()) return {Truth::unknown, "its tags are unknown: " + std::string(value->unknown_reason())};
  const auto mark = read_mark(value->as_text());
  if (!mark || mark->op != op_) return {Truth::no, {}};
  const auto date = text::parse_date_text(mark->date, context.now);
  if (!date) return {Truth::no, {}};
  if (date->zone_passed_over)
    return {Truth::unknown, "the time zone of the mark \"" + mark->date + "\" is not one that can be read"};
  const std::int64_t due = date->time.us - static_cast<std::int64_t>(skew_hours_ * 3600e6);
  return {context.now.us >= due ? Truth::yes : Truth::no, {}};
}

void MarkedForOpFilter::explain(Candidate& candidate, Context&, std::size_t) const {
  Builder b;
  b.begin_map();
  b.put("tag", tag_);
  if (const auto value = candidate.view.record().tag(tag_)) b.put("value", *value);
  b.end();
  candidate.findings.push_back({.filter = "marked-for-op", .verdict = Truth::yes, .evidence = b.finish()});
}

std::string MarkedForOpFilter::why_not(const Candidate& candidate, Context&) const {
  const auto value = candidate.view.record().tag(tag_);
  return value ? "the tag " + tag_ + " is \"" + value->as_string() + "\"" : "there is no tag " + tag_;
}

std::unique_ptr<Filter> MarkedForOpFilter::make(const Build& build) {
  auto filter = std::make_unique<MarkedForOpFilter>();
  const Value data = build.data;
  filter->tag_ = data["tag"].as_text_or(filter->tag_);
  if (const auto tag = Lookup::compile("tag:" + filter->tag_, {.kind = &build.kind})) filter->columns_ = tag->columns();
  filter->op_ = data["op"].as_text_or(filter->op_);
  filter->skew_hours_ = (data["skew"].is_number() ? data["skew"].as_real() * 24 : 0) +
                        (data["skew_hours"].is_number() ? data["skew_hours"].as_real() : 0);
  if (filter->skew_hours_ < 0) {
    build.problem(data, "\"skew\" and \"skew_hours\" of filter \"marked-for-op\" cannot be negative");
    return nullptr;
  }
  if (build.vocabulary.find_action(build.kind, filter->op_) == nullptr) {
    build.warning(data["op"].is_null() ? data : data["op"],
                  "no action of " + build.kind.name + " is called \"" + filter->op_ + "\"");
  }
  if (const Value zone = data["tz"]; zone.is_text() && !hours_zone(zone.as_text())) {
    build.problem(zone, "there is no time zone \"" + zone.as_string() + "\"");
    return nullptr;
  }
  return filter;
}

}  // namespace reeve::policy
