#include "policy/filters/age.h"

#include <cmath>

#include "policy/filters/lookup.h"
#include "policy/filters/python_value.h"
#include "text/dates.h"

namespace reeve::policy {
namespace {

constexpr double second_us = 1e6;
constexpr double day_us = 86'400 * second_us;
/// 2,700 years: what is older cannot be meant, and the sum stays far from overflow.
constexpr double most_days = 1e6;
constexpr std::string_view orders[] = {"greater-than", "gt", "gte",   "ge", "less-than", "lt",
                                       "lte",          "le", "equal", "eq", "not-equal", "ne"};

}  // namespace

std::vector<Key> AgeFilter::keys() {
  return {{"type", "text"},
          {"days", "number"},
          {"hours", "number"},
          {"minutes", "number"},
          {"op", "text", false, {std::begin(orders), std::end(orders)}}};
}

Value AgeFilter::date_value(const estate::RecordView& view) const {
  const Value record = view.record().document.root();
  if (source_ == Source::kind) return view.record().date_value();
  if (source_ != Source::attached) return record[member_];
  Value oldest;
  for (const Value device : record["BlockDeviceMappings"].items()) {
    const Value time = device["Ebs"]["AttachTime"];
    if (time.is_unknown()) return time;
    if (time.is_null()) continue;
    if (oldest.is_null() || order(time, oldest) == Order::less) oldest = time;
  }
  return oldest.is_null() ? record[member_] : oldest;
}

Verdict AgeFilter::test(Candidate& candidate, Context& context) const {
  const Value value = date_value(candidate.view);
  const auto date =
      value.kind() == Kind::timestamp ? std::optional(value.as_time()) : text::parse_date(value, context.now);
  if (!date) [[unlikely]] {
    return {Truth::unknown, value.is_unknown() ? "its date is unknown: " + std::string(value.unknown_reason())
                            : value.is_null()  ? "it has no date " + member_
                                               : "its date " + member_ + " cannot be read"};
  }
  Operand threshold, dated;
  threshold.set(Time{context.now.us - age_us_});
  dated.set(*date);
  return {apply(op_, threshold, dated, nullptr), {}};
}

void AgeFilter::explain(Candidate& candidate, Context& context, std::size_t) const {
  Builder builder;
  builder.begin_map();
  const Value value = date_value(candidate.view);
  if (const auto date = text::parse_date(value, context.now)) {
    builder.put("date", *date);
    builder.put("days", std::floor(static_cast<double>((context.now - *date).count()) / day_us * 10) / 10);
  }
  builder.end();
  candidate.findings.push_back({.filter = type_, .verdict = Truth::yes, .evidence = builder.finish()});
}

std::string AgeFilter::why_not(const Candidate& candidate, Context& context) const {
  const auto date = text::parse_date(date_value(candidate.view), context.now);
  return date ? "it is from " + format_iso8601(*date) : std::string();
}

std::unique_ptr<Filter> AgeFilter::make(const Build& build, std::string type, Source source) {
  auto filter = std::make_unique<AgeFilter>();
  filter->member_ = source == Source::kind ? build.kind.date : "LaunchTime";
  if (source == Source::kind) filter->columns_ = build.kind.columns_of(build.kind.date);
  if (filter->member_.empty()) {
    build.problem(build.data, build.kind.name + " has no date, so it has no \"" + type + "\"");
    return nullptr;
  }
  filter->type_ = std::move(type);
  filter->source_ = source;
  const auto part = [&](const char* key, double unit_us) { return build.data[key].as_real() * unit_us; };
  const double age_us = part("days", day_us) + part("hours", 3600 * second_us) + part("minutes", 60 * second_us);
  if (!build.data.find("days") && !build.data.find("hours") && !build.data.find("minutes")) {
    build.problem(build.data, "filter \"" + filter->type_ + "\" needs one of \"days\", \"hours\" and \"minutes\"");
    return nullptr;
  }
  for (const char* key : {"days", "hours", "minutes"}) {
    const auto given = build.data.find(key);
    if (!given || given->is_number()) continue;
    build.problem(*given, "\"" + std::string(key) + "\" must be a number");
    return nullptr;
  }
  if (!(age_us >= 0 && age_us <= most_days * day_us)) {
    build.problem(build.data, "filter \"" + filter->type_ + "\" must be of 0 to 1000000 days");
    return nullptr;
  }
  filter->age_us_ = static_cast<std::int64_t>(age_us);
  if (const auto op = build.data.find("op")) filter->op_ = find_op(op->as_text()).value_or(Op::greater);
  return filter;
}

}  // namespace reeve::policy
