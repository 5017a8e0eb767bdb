#include "text/pattern.h"

#include <gtest/gtest.h>

namespace reeve::text {
namespace {

bool match(std::string_view pattern, std::string_view text, PatternOptions options = {}) {
  const auto compiled = Pattern::compile(pattern, options);
  EXPECT_TRUE(compiled) << pattern << ": " << compiled.error().text();
  return compiled && *compiled->matches(text);
}

TEST(Pattern, MatchIsAnchoredAtTheStartOnly) {
  EXPECT_TRUE(match("ab", "abc"));
  EXPECT_FALSE(match("bc", "abc"));
  EXPECT_FALSE(match("AB", "abc"));
  EXPECT_TRUE(match("AB", "abc", {.ignore_case = true}));
  const auto p = Pattern::compile("b+");
  EXPECT_TRUE(*p->found_in("abbc"));
  EXPECT_EQ((*p->search("abbc"))->groups[0], "bb");
  EXPECT_EQ((*p->search("abbcb", 3))->begin, 4U);
  EXPECT_TRUE((*p->full_match("bb")).has_value());
  EXPECT_FALSE((*p->full_match("bbc")).has_value());
}

TEST(Pattern, Groups) {
  const auto p = Pattern::compile("(?P<key>[a-z]+)=(\\d+)?");
  ASSERT_TRUE(p);
  EXPECT_EQ(p->group_count(), 2U);
  EXPECT_EQ(p->group_index("key"), 1U);
  EXPECT_EQ(p->group_index("other"), std::nullopt);
  const auto m = *p->match("owner=");
  ASSERT_TRUE(m);
  EXPECT_EQ(m->groups[1], "owner");
  EXPECT_EQ(m->groups[2], std::nullopt);
}

TEST(Pattern, PythonsSyntax) {
  EXPECT_TRUE(match("a\\Z", "a"));
  EXPECT_FALSE(match("a\\Z", "a\n"));
  EXPECT_TRUE(match("a$", "a\n"));
  EXPECT_TRUE(match("\\u00e9", "é"));
  EXPECT_TRUE(match("[[:a]+$", "[:a")) << "no POSIX classes";
  EXPECT_TRUE(match("a{,2}b", "aab"));
  EXPECT_FALSE(match("a\\vb", "a\nb")) << "\\v is one character";
  EXPECT_TRUE(match("(a)\\1", "aa"));
  EXPECT_TRUE(match("\\101", "A"));
  EXPECT_TRUE(match("\\w+$", "été"));
  EXPECT_TRUE(match("(?i)(?P<x>AB)(?P=x)", "abAB"));
  EXPECT_TRUE(match("^((?!prod).)*$", "dev"));
  EXPECT_FALSE(match("^((?!prod).)*$", "my-prod"));
  EXPECT_TRUE(match("[]a]+$", "]a"));
  EXPECT_TRUE(match("", ""));
  EXPECT_TRUE(match(".", "\xFF") || true) << "bytes that are no UTF-8 do no harm";
}

TEST(Pattern, WhatPythonRefusesIsRefused) {
  for (const auto* p : {"(", "a)", "[a", "*a", "\\h", "\\", "\\Qa\\E", "(*UTF)a", "(?R)", "(?P>x)", "a**", "\\xg1",
                        "(?<n>a)", "\\1", "[b-a]", "(?|a|b)", "\\p{L}"}) {
    const auto compiled = Pattern::compile(p);
    EXPECT_FALSE(compiled) << p;
    if (!compiled) EXPECT_EQ(compiled.error().code, Code::invalid_input) << p;
  }
}

TEST(Pattern, BacktrackingIsBounded) {
  const auto p = Pattern::compile("(a|aa|aaa)*(b|c)*(a+)+$");
  ASSERT_TRUE(p);
  const auto found = p->matches(std::string(5000, 'a') + "!");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Code::limit_exceeded);
}

TEST(Glob, AsFnmatch) {
  EXPECT_TRUE(glob_match("*.txt", "a.txt"));
  EXPECT_FALSE(glob_match("*.TXT", "a.txt"));
  EXPECT_TRUE(glob_match("a?c*", "abc"));
  EXPECT_TRUE(glob_match("?", "é"));
  EXPECT_TRUE(glob_match("[a-c]x", "bx"));
  EXPECT_FALSE(glob_match("[!a-c]x", "bx"));
  EXPECT_TRUE(glob_match("[!a]", "b"));
  EXPECT_TRUE(glob_match("[]]", "]"));
  EXPECT_TRUE(glob_match("[a", "[a")) << "an open set stands for itself";
  EXPECT_TRUE(glob_match("*", "a\nb"));
  EXPECT_TRUE(glob_match("", ""));
  EXPECT_FALSE(glob_match("", "a"));
  EXPECT_TRUE(glob_match("a*b*c", "a--b--b--c"));
  EXPECT_FALSE(glob_match("a*b*c", "a--b--b--"));
  EXPECT_FALSE(glob_match("*a*a*a*a*a*a*a*a*a*b", std::string(2000, 'a')));
}

}  // namespace
}  // namespace reeve::text
