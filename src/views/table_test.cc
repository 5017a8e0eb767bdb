#include "views/table.h"

#include <gtest/gtest.h>

namespace reeve::views {
namespace {

TEST(Table, AlignsByCharactersNotBytes) {
  Table table({{"name"}, {"size", Table::Align::right}});
  table.add({"größe", "5"});
  table.add({"x", "1000"});
  EXPECT_EQ(table.text(), "name   size\ngröße     5\nx      1000\n");
}

TEST(Table, CutsLongTextsAtACharacter) {
  Table table({{"t", Table::Align::left, 4}});
  table.add({"ääääää"});
  EXPECT_EQ(table.text(), "t\näää…\n");
}

TEST(Table, ShowsControlCharactersInsteadOfSendingThem) {
  EXPECT_EQ(printable("a\x1b[31mb\n\xC2\x9B"
                      "c"),
            "a\\x1b[31mb\\x0a\\x9bc");
}

TEST(Table, CsvQuotesAndDisarmsFormulas) {
  Table table({{"a"}, {"b"}});
  table.add({"=1+2", "x,\"y\""});
  EXPECT_EQ(table.csv(), "a,b\r\n'=1+2,\"x,\"\"y\"\"\"\r\n");
}

TEST(Table, WritesMoney) {
  EXPECT_EQ(dollars(1234567.891), "$1,234,567.89");
  EXPECT_EQ(dollars(0), "$0.00");
  EXPECT_EQ(dollars(-0.004), "$0.00");
  EXPECT_EQ(dollars(-12.5), "-$12.50");
  EXPECT_EQ(dollars(999), "$999.00");
}

}  // namespace
}  // namespace reeve::views
