// What policies take for a date: values/dates.json, made with dateutil.
#include "text/dates.h"

#include <gtest/gtest.h>

#include "suite_files.h"

namespace reeve::text {
namespace {

std::string show(std::optional<Time> time) { return time ? format_iso8601(*time) : "no date"; }

TEST(Dates, EveryCase) {
  const Document suite = suite_file("values/dates.json");
  if (suite.root().is_null()) GTEST_SKIP();
  const Time made{1795312800LL * 1'000'000};  // the day of the run that made the suite, 2026-11-22
  const Time fixed = from_calendar({.year = 2026, .month = 1, .day = 30});
  // Where the oracle raises, there is no date.
  Ledger policy("dates as policies read them", {});
  Ledger bare("dates as dateutil reads them", {});
  for (const Value c : suite["cases"].items()) {
    const std::string id = to_json(c["in"]);
    const auto expected = [](Value v) { return v.is_map() ? *parse_iso8601(v["__datetime__"].as_text()) : Time{}; };
    const auto got = parse_date(c["in"], made);
    const Value wanted = c["parse_date"];
    policy.note(id, wanted.is_map() ? got == expected(wanted) : !got, show(got));
    if (!c["in"].is_text()) continue;
    const auto parsed = parse_date_text(c["in"].as_text(), fixed);
    const Value moment = c["dateutil_default_utc"], plain = c["dateutil"];
    const auto offset = plain["utc_offset_s"];
    const bool same = !parsed ? !moment.is_map()
                              : moment.is_map() && parsed->time == expected(moment) &&
                                    parsed->utc_offset_s.has_value() == !offset.is_null() &&
                                    parsed->utc_offset_s.value_or(0) == offset.as_integer();
    bare.note(id, same, show(parsed ? std::optional(parsed->time) : std::nullopt));
  }
}

}  // namespace
}  // namespace reeve::text
