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

TEST(Table, WideCharactersTakeTwoPlaces) {
  Table table({{"name", Table::Align::left, 5}, {"n"}});
  table.add({"東京", 1});
  table.add({"東京都庁", 2});
  table.add({"abcd", 3});
  EXPECT_EQ(table.text(), "name   n\n東京   1\n東京…  2\nabcd   3\n");
}

TEST(Table, ShowsControlCharactersInsteadOfSendingThem) {
  Table table({{"t"}});
  table.add(
      {"a\x1b[31mb\n\xC2\x9B"
       "c\xE2\x80\xAE"
       "d\xff"});
  EXPECT_EQ(table.text(), "t\na\\x1b[31mb\\x0a\\x9bc\\u202ed\xEF\xBF\xBD\n");
  EXPECT_EQ(table.csv(), "t\r\n\"a\\x1b[31mb\n\\x9bc\\u202ed\xEF\xBF\xBD\"\r\n");
}

TEST(Table, CsvQuotesAndDisarmsFormulas) {
  Table table({{"a"}, {"b"}});
  table.add({"=1+2", "x,\"y\""});
  table.add({"＝1", "\t-1"});
  EXPECT_EQ(table.csv(), "a,b\r\n'=1+2,\"x,\"\"y\"\"\"\r\n'＝1,'\t-1\r\n");
}

TEST(Table, CsvHasPlainNumbersAndNamesWithoutSpaces) {
  Table table({{"saves/month"}, {"in doubt"}, {"State.Name"}});
  table.add({money(-1234.5), 7, "-1"});
  table.add({money(std::nullopt)});
  EXPECT_EQ(table.csv(), "saves_month,in_doubt,State.Name\r\n-1234.5,7,'-1\r\n,,\r\n");
  EXPECT_EQ(table.text(), "saves/month  in doubt  State.Name\n-$1,234.50   7         -1\n-\n");
}

TEST(Table, ColumnsForPeopleOrForPrograms) {
  Table table(
      {{"id"}, {"short", Table::Align::left, 60, Table::In::text}, {"long", Table::Align::left, 60, Table::In::csv}});
  table.add({"a", "b", "c"});
  EXPECT_EQ(table.text(), "id  short\na   b\n");
  EXPECT_EQ(table.csv(), "id,long\r\na,c\r\n");
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
