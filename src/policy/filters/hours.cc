#include "policy/filters/hours.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/contains.h"
#include "policy/filters/lookup.h"
#include "text/dates.h"
#include "text/python_text.h"

namespace reeve::policy {
namespace {

constexpr int friday = 4, days_a_week = 7;

}  // namespace

std::vector<Key> HoursFilter::keys(When when) {
  return {{"tag", "text"},
          {"default_tz", "text", true},
          {when == When::off ? "offhour" : "onhour", "integer", true},
          {"weekends", "boolean"},
          {"weekends-only", "boolean"},
          {"opt-out", "boolean"},
          {"skip-days", "list"},
          {"fallback-schedule", "text"},
          {"fallback_schedule", "text"},
          {"state-filter", "boolean"}};
}

/// What says the record's hours: its tag, the policy's fallback, or, with opt-out, nothing (the defaults). nullopt: it
/// takes no part.
std::optional<std::string> HoursFilter::schedule_text(const Candidate& candidate) const {
  for (const Value tag : candidate.view.record().tags().items()) {
    if (text::lower(tag["Key"].as_text()) != tag_) continue;
    std::string value = plain_hours(tag["Value"].as_text());
    if (value == "off") return std::nullopt;
    return value;
  }
  if (fallback_) return plain_hours(*fallback_);
  return opt_out_ ? std::optional<std::string>("") : std::nullopt;
}

Verdict HoursFilter::test(Candidate& candidate, Context& context) const {
  const Value tags = candidate.view.record().tags();
  if (tags.is_unknown()) return {Truth::unknown, "its tags are unknown: " + std::string(tags.unknown_reason())};
  if (!state_.empty()) {
    const Value state = candidate.view.record().document["State"]["Name"];
    if (state.is_unknown()) return {Truth::unknown, "its state is unknown"};
    if (state.as_text() != state_) return {Truth::no, {}};
  }
  const auto text = schedule_text(candidate);
  if (!text) return {Truth::no, {}};
  return at_hour(*text, context);
}

Verdict HoursFilter::at_hour(std::string_view text, const Context& context) const {
  auto schedule = read_hours(text);
  if (!schedule) return {Truth::no, fmt::format("its schedule \"{}\" cannot be read", text)};
  const auto zone = hours_zone(schedule->zone.empty() ? default_zone_ : schedule->zone);
  const auto clock = zone ? text::clock_in_zone(context.now, *zone) : std::nullopt;
  if (!clock) return {Truth::no, fmt::format("there is no time zone \"{}\"", schedule->zone)};
  const Calendar& local = clock->calendar;
  const std::string day = fmt::format("{:04}-{:02}-{:02}", local.year, local.month, local.day);
  if (contains(skip_days_, day)) return {Truth::no, {}};
  const auto& entries = when_ == When::off ? schedule->off : schedule->on;
  const std::vector<HourEntry> hours = entries.value_or(std::vector<HourEntry>{default_});
  const int weekday = static_cast<int>((local.weekday + days_a_week - 1) % days_a_week);  // from Monday
  const bool matches = std::ranges::any_of(
      hours, [&](const HourEntry& entry) { return entry.hour == local.hour && contains(entry.days, weekday); });
  return {matches ? Truth::yes : Truth::no, {}};
}

void HoursFilter::explain(Candidate& candidate, Context&, std::size_t) const {
  Builder b;
  b.begin_map();
  b.put("tag", tag_);
  b.put("schedule", schedule_text(candidate).value_or(""));
  b.end();
  candidate.findings.push_back({.filter = std::string(type()), .verdict = Truth::yes, .evidence = b.finish()});
}

std::unique_ptr<Filter> HoursFilter::make(const Build& build, When when) {
  auto filter = std::make_unique<HoursFilter>();
  const Value data = build.data;
  filter->when_ = when;
  filter->tag_ = text::lower(data["tag"].as_text_or(filter->tag_));
  if (const auto tag = Lookup::compile("tag:" + filter->tag_, {.kind = &build.kind})) filter->columns_ = tag->columns();
  filter->opt_out_ = data["opt-out"].as_bool();
  bool fine = true;
  const Value zone = data["default_tz"];
  filter->default_zone_ = zone.as_text();
  if (!hours_zone(zone.as_text())) {
    build.problem(zone, "there is no time zone \"" + zone.as_string() + "\"");
    fine = false;
  }
  const Value hour = data[when == When::off ? "offhour" : "onhour"];
  if (hour.as_integer() < 0 || hour.as_integer() > 23) {
    build.problem(hour, "an hour is a number from 0 to 23");
    fine = false;
  }
  filter->default_.hour = static_cast<int>(hour.as_integer());
  if (data["weekends-only"].as_bool()) {
    filter->default_.days = {when == When::off ? friday : 0};
  } else {
    const bool weekends = !data.find("weekends") || data["weekends"].as_bool();
    for (int day = 0; day < (weekends ? friday + 1 : days_a_week); ++day) filter->default_.days.push_back(day);
  }
  for (const Value day : data["skip-days"].items()) {
    // A day without quotes is a date by YAML.
    filter->skip_days_.push_back(day.kind() == Kind::timestamp ? format_iso8601(day.as_time()).substr(0, 10)
                                                               : day.as_string());
  }
  for (const char* key : {"fallback-schedule", "fallback_schedule"}) {
    if (data[key].is_text()) filter->fallback_ = data[key].as_string();
  }
  const bool by_state = !data.find("state-filter") || data["state-filter"].as_bool();
  if (build.kind.name == "ec2" && by_state) filter->state_ = when == When::off ? "running" : "stopped";
  if (!fine) return nullptr;
  return filter;
}

}  // namespace reeve::policy
