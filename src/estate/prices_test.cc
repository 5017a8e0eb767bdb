#include "estate/prices.h"

#include <gmock/gmock.h>

namespace reeve::estate {
namespace {

constexpr auto* head = "service,sku,unit,price_usd,source,as_of,note\n";

Result<Prices> parse(const std::string& rows) { return Prices::parse(head + rows, "p.csv", "us-east-1"); }

TEST(Prices, TheShippedTableHasWhatKindsNeed) {
  const auto prices = Prices::embedded();
  ASSERT_TRUE(prices) << prices.error().text();
  const auto snapshot = prices->find("us-east-1", "ebs", "snapshot.standard");
  ASSERT_TRUE(snapshot);
  EXPECT_DOUBLE_EQ(snapshot->usd, 0.05);
  EXPECT_EQ(snapshot->unit, "GB-month");
  EXPECT_EQ(snapshot->as_of, "2024-07-01");
  EXPECT_TRUE(prices->find("us-east-1", "ebs", "snapshot.archive"));
}

TEST(Prices, AnotherRegionHasNoFigure) {
  const auto prices = Prices::embedded();
  ASSERT_TRUE(prices);
  EXPECT_FALSE(prices->find("eu-central-1", "ebs", "snapshot.standard"));
  EXPECT_FALSE(prices->find("us-east-1", "ebs", "snapshot.golden"));
}

TEST(Prices, QuotedFieldsMayHoldCommas) {
  const auto prices = parse("ebs,a,GB,1.5,\"x, \"\"y\"\"\",2026-01-01,\r\n");
  ASSERT_TRUE(prices) << prices.error().text();
  EXPECT_EQ(prices->find("us-east-1", "ebs", "a")->source, "x, \"y\"");
}

TEST(Prices, MistakesNameTheirLine) {
  for (const auto* row : {"ebs,a,GB,free,s,2026-01-01,\n", "ebs,a,GB,-1,s,2026-01-01,\n", "ebs,a,GB,1,,2026-01-01,\n",
                          "ebs,a,GB,1,s,lately,\n", "ebs,a,GB,1\n", "ebs,a,GB,1,\"s,2026-01-01,\n",
                          "ebs,a,GB,nan,s,2026-01-01,\n", ",a,GB,1,s,2026-01-01,\n"}) {
    const auto prices = parse(row);
    ASSERT_FALSE(prices) << row;
    EXPECT_EQ(prices.error().code, Code::invalid_input);
    EXPECT_EQ(prices.error().resource, "p.csv:2:1");
  }
  EXPECT_FALSE(parse("ebs,a,GB,1,s,2026-01-01,\nebs,a,GB,2,s,2026-01-01,\n"));
  EXPECT_FALSE(Prices::parse("", "p.csv", "us-east-1"));
  EXPECT_FALSE(Prices::parse("sku,price\n", "p.csv", "us-east-1"));
}

}  // namespace
}  // namespace reeve::estate
