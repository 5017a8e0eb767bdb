// The room's small parts: versions, networks, distances, Python's text methods.
#include <gtest/gtest.h>

#include "text/cidr.h"
#include "text/edit_distance.h"
#include "text/python_text.h"
#include "text/version_compare.h"

namespace reeve::text {
namespace {

TEST(Versions, AsLooseVersion) {
  EXPECT_EQ(compare_versions("1.10", "1.9"), std::strong_ordering::greater);
  EXPECT_EQ(compare_versions("1.0", "1.0"), std::strong_ordering::equal);
  EXPECT_EQ(compare_versions("1.0", "1.0.0"), std::strong_ordering::less);
  EXPECT_EQ(compare_versions("1.2b", "1.2c"), std::strong_ordering::less);
  EXPECT_EQ(compare_versions("1.02", "1.2"), std::strong_ordering::equal);
  EXPECT_EQ(compare_versions("99999999999999999999999", "99999999999999999999998"), std::strong_ordering::greater);
  EXPECT_EQ(compare_versions("1.a", "1.2"), std::nullopt);
  EXPECT_EQ(compare_versions("5.7.mysql", "5.7.1"), std::nullopt);
}

TEST(Cidr, Containment) {
  const auto c = [](std::string_view text) { return *parse_network(text); };
  EXPECT_TRUE(c("10.0.0.0/8").contains(c("10.255.1.1")));
  EXPECT_TRUE(c("10.0.0.0/8").contains(c("10.1.0.0/16")));
  EXPECT_FALSE(c("10.1.0.0/16").contains(c("10.0.0.0/8")));
  EXPECT_FALSE(c("10.0.0.0/9").contains(c("10.128.0.1")));
  EXPECT_TRUE(c("0.0.0.0/0").contains(c("1.2.3.4")));
  EXPECT_FALSE(c("0.0.0.0/0").contains(c("::1")));
  EXPECT_TRUE(c("2001:db8::/33").contains(c("2001:db8:7fff::1")));
  EXPECT_FALSE(c("2001:db8::/33").contains(c("2001:db8:8000::1")));
  EXPECT_EQ(c("1.2.3.0/255.255.255.0").prefix, 24);
  EXPECT_EQ(c("1.2.3.0/0.0.0.255").prefix, 24);
  EXPECT_FALSE(parse_network("1.2.3.0/255.0.255.0"));
  EXPECT_FALSE(parse_network("1.2.3.4/"));
  EXPECT_FALSE(parse_network("1.2.3.4/-1"));
}

TEST(Nearest, FindsSlips) {
  const std::vector<std::string_view> words = {"filters", "actions", "resource", "name"};
  EXPECT_EQ(nearest("filter", words), "filters");
  EXPECT_EQ(nearest("Actions", words), "actions");
  EXPECT_EQ(nearest("naem", words), "name");
  EXPECT_EQ(nearest("completely-else", words), std::nullopt);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(PythonText, Cases) {
  EXPECT_EQ(lower("ÀÉ Ab1 ЖΣ"), "àé ab1 жσ");
  EXPECT_EQ(upper("àé ab1 жß"), "ÀÉ AB1 ЖSS");
  EXPECT_EQ(title("my first-tag o'neil 3rd"), "My First-Tag O'Neil 3Rd");
  EXPECT_EQ(capitalize("éCOLE x"), "École x");
  EXPECT_EQ(strip(" \t x y\xC2\xA0\n"), "x y");
  EXPECT_EQ(strip("  "), "");
  EXPECT_EQ(upper("\xFF x"), "\xFF X") << "bytes that are no UTF-8 stay";
  EXPECT_EQ(length("✓foo"), 4U);
  EXPECT_EQ(length("\xFF\xC3"), 2U);
}

}  // namespace
}  // namespace reeve::text
