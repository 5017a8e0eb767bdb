#include "base/time.h"

#include <gtest/gtest.h>

#include "base/seeded_random.h"

namespace reeve {
namespace {

constexpr std::int64_t second = 1'000'000;

TEST(Time, WritesAFractionOnlyWhereThereIsOne) {
  EXPECT_EQ(format_iso8601(Time{1'768'783'586 * second}), "2026-01-19T00:46:26Z");
  EXPECT_EQ(format_iso8601(Time{1'768'783'586 * second + 500'000}), "2026-01-19T00:46:26.500Z");
  EXPECT_EQ(format_iso8601(Time{1'768'783'586 * second + 1}), "2026-01-19T00:46:26.000001Z");
  EXPECT_EQ(format_iso8601(Time{-1}), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(format_iso8601(Time{}), "1970-01-01T00:00:00Z");
}

TEST(Time, CoversItsWholeRange) {
  EXPECT_EQ(format_iso8601(Time{INT64_MAX}), "294247-01-10T04:00:54.775807Z");
  EXPECT_EQ(to_calendar(Time{INT64_MIN}).year, -290308);
  EXPECT_EQ(from_calendar(to_calendar(Time{INT64_MAX})), Time{INT64_MAX});
  EXPECT_EQ(from_calendar({.year = 400'000}), Time{INT64_MAX});
  EXPECT_EQ(from_calendar({.year = -400'000}), Time{INT64_MIN});
}

TEST(Time, SumsStopAtTheEnds) {
  EXPECT_EQ(Time{INT64_MAX} + Duration(1), Time{INT64_MAX});
  EXPECT_EQ(Time{INT64_MIN} - Duration(1), Time{INT64_MIN});
  EXPECT_EQ(Steady{INT64_MAX} + std::chrono::hours(1), Steady{INT64_MAX});
  EXPECT_EQ(Steady{INT64_MAX} - Steady{-5}, Duration(INT64_MAX));
  EXPECT_EQ(Time{7} - Time{9}, Duration(-2));
}

TEST(Time, CalendarAndBackIsTheSameMoment) {
  SeededRandom random(1);
  for (int i = 0; i < 20'000; ++i) {
    const Time time{static_cast<std::int64_t>(random.next())};
    const Calendar c = to_calendar(time);
    ASSERT_TRUE(valid_date(c.year, c.month, c.day)) << time.us;
    if (time.us > INT64_MIN + second) {
      ASSERT_EQ(from_calendar(c), time) << time.us;
    }
  }
}

TEST(Time, AgreesWithTheStandardCalendarDayByDay) {
  using namespace std::chrono;
  for (sys_days day = 1899y / December / 20; day < sys_days(2105y / January / 5); day += days(1)) {
    const year_month_day date(day);
    const Calendar c = to_calendar(Time{std::int64_t{day.time_since_epoch().count()} * 86400 * second + 5});
    ASSERT_EQ(c.year, static_cast<int>(date.year()));
    ASSERT_EQ(c.month, static_cast<unsigned>(date.month()));
    ASSERT_EQ(c.day, static_cast<unsigned>(date.day()));
    ASSERT_EQ(c.weekday, weekday(day).c_encoding());
  }
}

TEST(Time, KnowsValidDates) {
  EXPECT_TRUE(valid_date(2024, 2, 29));
  EXPECT_TRUE(valid_date(2000, 2, 29));
  EXPECT_FALSE(valid_date(1900, 2, 29));
  EXPECT_FALSE(valid_date(2026, 2, 29));
  EXPECT_FALSE(valid_date(2026, 4, 31));
  EXPECT_FALSE(valid_date(2026, 13, 1));
  EXPECT_FALSE(valid_date(2026, 257, 1));
  EXPECT_FALSE(valid_date(2026, 0, 1));
  EXPECT_FALSE(valid_date(2026, 1, 0));
}

TEST(Time, ReadsIso8601) {
  const Time at{1'768'783'586 * second};
  for (const char* text : {"2026-01-19T00:46:26Z", "2026-01-19t00:46:26z", "2026-01-19 00:46:26", "2026-01-19T00:46:26",
                           "2026-01-19T02:46:26+02:00", "2026-01-18T19:16:26-0530", "2026-01-19T02:46:26+02"}) {
    const auto read = parse_iso8601(text);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(*read, at) << text;
  }
  EXPECT_EQ(*parse_iso8601("2026-01-19T00:46:26.1234567Z"), at + Duration(123'456));
  EXPECT_EQ(*parse_iso8601("2026-01-19"), from_calendar({.year = 2026, .month = 1, .day = 19}));
  EXPECT_EQ(*parse_iso8601("2026-01-19T24:00:00Z"), *parse_iso8601("2026-01-20"));
  EXPECT_EQ(*parse_iso8601("2016-12-31T23:59:60Z"), *parse_iso8601("2017-01-01"));
  EXPECT_EQ(*parse_iso8601("0001-01-01"), Time{-62'135'596'800 * second});
}

TEST(Time, RefusesWhatIsNotATime) {
  for (const char* text :
       {"", "2026", "2026-01", "2026-13-01", "2026-02-29", "26-01-19", "2026-01-19T", "2026-01-19T25:00:00Z",
        "2026-01-19T24:00:01Z", "2026-01-19T24:00:00.5Z", "2026-01-19T00:60:00Z", "2026-01-19T00:00:61Z",
        "2026-01-19T00:46:26.Z", "2026-01-19T00:46:26Zx", "2026-01-19T00:46:26+", "2026-01-19T00:46:26+2:00",
        "2026-01-19T00:46:26+02:60", " 2026-01-19", "2026-01-19T00"}) {
    const auto read = parse_iso8601(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, Code::malformed);
  }
}

TEST(Time, WhatItWritesItReads) {
  SeededRandom random(2);
  for (int i = 0; i < 5'000; ++i) {
    const Time time{static_cast<std::int64_t>(random.below(250'000'000'000)) * second - 62'000'000'000 * second +
                    static_cast<std::int64_t>(random.below(second))};
    ASSERT_EQ(*parse_iso8601(format_iso8601(time)), time) << format_iso8601(time);
    const Time whole{time.us - ((time.us % second) + second) % second};
    ASSERT_EQ(*parse_http_date(format_http_date(whole)), whole) << format_http_date(whole);
  }
}

TEST(Time, ReadsTheThreeHttpDates) {
  const Time at{784'111'777 * second};  // RFC 9110's own example
  EXPECT_EQ(*parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), at);
  EXPECT_EQ(*parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"), at);
  EXPECT_EQ(*parse_http_date("Sun Nov  6 08:49:37 1994"), at);
  EXPECT_EQ(*parse_http_date("Sun, 06 Nov 1994 08:49:37.25 GMT"), at + Duration(250'000));
  for (const char* text :
       {"", "Sun", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 PST",
        "Sun, 06 Nov 1994 08:49 GMT", "Sun, 06 Nov 1994 08:49:37 GMT+1"}) {
    EXPECT_FALSE(parse_http_date(text)) << text;
  }
}

}  // namespace
}  // namespace reeve
