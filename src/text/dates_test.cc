#include "text/dates.h"

#include <gtest/gtest.h>

#include <random>

namespace reeve::text {
namespace {

const Time now = from_calendar({.year = 2026, .month = 1, .day = 30});

std::string read(std::string_view text) {
  const auto d = parse_date_text(text, now);
  return d ? format_iso8601(d->time) : "none";
}

TEST(Dates, Forms) {
  EXPECT_EQ(read("2026-01-19T00:36:26.5+02:00"), "2026-01-18T22:36:26.500Z");
  EXPECT_EQ(read("Jan 19, 2026 7 pm"), "2026-01-19T19:00:00Z");
  EXPECT_EQ(read("7:05 PM"), "2026-01-30T19:05:00Z");
  EXPECT_EQ(read("19.01.2026"), "2026-01-19T00:00:00Z");
  EXPECT_EQ(read("1st of March 2027"), "2027-03-01T00:00:00Z");
  EXPECT_EQ(read("19-Jan-2026"), "2026-01-19T00:00:00Z");
  EXPECT_EQ(read("February"), "2026-02-28T00:00:00Z") << "the 30th of this month, cut to the shorter one";
  EXPECT_EQ(read("2026-01-19 10:00 GMT+3"), "2026-01-19T13:00:00Z") << "GMT is three hours ahead";
  EXPECT_EQ(read("2026-01-19 23:59:60"), "none");
  EXPECT_EQ(read("hello"), "none");
}

TEST(Dates, StrftimeDirectives) {
  const Time t = *parse_iso8601("2026-03-05T07:08:09.000123Z");
  EXPECT_EQ(format_strftime(t, "%Y-%m-%d %H:%M:%S.%f"), "2026-03-05 07:08:09.000123");
  EXPECT_EQ(format_strftime(t, "%z|%Z"), "|");
  EXPECT_EQ(format_strftime(t, "%H%z %Z", 7200), "09+0200 UTC+0200");
  EXPECT_EQ(format_strftime(t, "%Z", 0), "UTC");
  EXPECT_EQ(format_strftime(t, ""), "");
  EXPECT_EQ(format_strftime(t, "%p"), "AM");
  EXPECT_EQ(format_strftime(t, "%j %-d 100%%"), "064 5 100%");
}

TEST(Dates, ZonesWithDaylightSaving) {
  if (!is_zone("America/New_York")) GTEST_SKIP() << "this machine has no zone database";
  EXPECT_FALSE(is_zone("Nowhere/Land"));
  const auto winter = clock_in_zone(*parse_iso8601("2026-01-19T12:00:00Z"), "America/New_York");
  ASSERT_TRUE(winter);
  EXPECT_EQ(winter->calendar.hour, 7);
  EXPECT_EQ(winter->abbreviation, "EST");
  const auto summer = clock_in_zone(*parse_iso8601("2026-07-19T12:00:00Z"), "America/New_York");
  EXPECT_EQ(summer->utc_offset_s, -4 * 3600);
  const auto back = time_in_zone({.year = 2026, .month = 11, .day = 1, .hour = 1, .minute = 30}, "America/New_York");
  ASSERT_TRUE(back);
  EXPECT_EQ(format_iso8601(*back), "2026-11-01T05:30:00Z") << "the earlier of the two";
  EXPECT_FALSE(time_in_zone({}, "Nowhere/Land"));
}

TEST(Dates, AnyTextIsAnsweredNotFatal) {
  std::mt19937 random(5);
  const std::vector<std::string> seeds = {"2026-01-19T00:36:26.533Z", "Mon, 19 Jan 2026 00:36:26 GMT", "01/02/2026 7pm",
                                          "20260119T003626Z", "7h 5m 3s +0200 (MSK)"};
  const std::string alphabet = "0123456789:-/.,+TZ aJn()\xC3\xFF";
  for (int i = 0; i < 20'000; ++i) {
    std::string text = seeds[random() % seeds.size()];
    for (unsigned n = random() % 4 + 1; n > 0; --n) {
      const std::size_t at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text.insert(at, 1, alphabet[random() % alphabet.size()]);
          break;
        case 1:
          if (text.size() > 1) text.erase(at, 1);
          break;
        default:
          text[at] = alphabet[random() % alphabet.size()];
      }
    }
    const auto d = parse_date_text(text, now);
    if (d) EXPECT_LT(d->time, Time{253402387200LL * 1'000'000}) << text;
  }
}

}  // namespace
}  // namespace reeve::text
