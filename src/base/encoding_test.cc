#include "base/encoding.h"

#include <gtest/gtest.h>

#include "base/seeded_random.h"

namespace reeve {
namespace {

std::string random_bytes(SeededRandom& random, std::size_t most) {
  std::string out(random.below(most + 1), '\0');
  for (char& c : out) c = static_cast<char>(random.below(256));
  return out;
}

TEST(Encoding, Base64IsRfc4648s) {
  const std::pair<const char*, const char*> cases[] = {{"", ""},
                                                       {"f", "Zg=="},
                                                       {"fo", "Zm8="},
                                                       {"foo", "Zm9v"},
                                                       {"foob", "Zm9vYg=="},
                                                       {"fooba", "Zm9vYmE="},
                                                       {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : cases) {
    EXPECT_EQ(encode_base64(plain), encoded);
    EXPECT_EQ(decode_base64(encoded), plain);
  }
  EXPECT_EQ(decode_base64("Zg"), "f");
  for (const char* bad : {"Z", "Zg=", "Zg===", "=", "====", "Zm9v=", "Zm 9v", "Zm9v\n", "Zm9-", "Z===", "Zm=v"}) {
    EXPECT_EQ(decode_base64(bad), std::nullopt) << bad;
  }
}

TEST(Encoding, WhatItEncodesItDecodes) {
  SeededRandom random(3);
  for (int i = 0; i < 2'000; ++i) {
    const std::string bytes = random_bytes(random, 40);
    EXPECT_EQ(decode_base64(encode_base64(bytes)), bytes);
    EXPECT_EQ(decode_percent(encode_percent(bytes)), bytes);
    EXPECT_EQ(decode_percent(encode_percent(bytes, true), true), bytes);
  }
}

TEST(Encoding, PercentKeepsOnlyUnreservedCharacters) {
  EXPECT_EQ(encode_percent("a-Z_0.~/ +%\xC3\xA9"), "a-Z_0.~%2F%20%2B%25%C3%A9");
  EXPECT_EQ(encode_percent("a/b c", true), "a/b%20c");
  EXPECT_EQ(decode_percent("%41%4a%4A"), "AJJ");
  EXPECT_EQ(decode_percent("100%"), "100%");
  EXPECT_EQ(decode_percent("%4"), "%4");
  EXPECT_EQ(decode_percent("%zz"), "%zz");
  EXPECT_EQ(decode_percent("a+b"), "a+b");
  EXPECT_EQ(decode_percent("a+b", true), "a b");
}

TEST(Encoding, Digests) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(encode_hex(md5("abc")), "900150983cd24fb0d6963f7d28e17f72");  // RFC 1321, A.5
  EXPECT_EQ(crc32("123456789"), 0xCBF43926U);
  EXPECT_EQ(crc32({}), 0U);
  EXPECT_EQ(encode_hex(std::string_view("\x00\xff\x10", 3)), "00ff10");
}

TEST(Encoding, Utf8SequencesAreRfc3629s) {
  EXPECT_EQ(utf8_sequence(""), 0U);
  EXPECT_EQ(utf8_sequence("a"), 1U);
  EXPECT_EQ(utf8_sequence("\xC3\xA9"), 2U);
  EXPECT_EQ(utf8_sequence("\xE2\x82\xAC"), 3U);
  EXPECT_EQ(utf8_sequence("\xF0\x9F\x98\x80"), 4U);
  EXPECT_EQ(utf8_sequence("\xF4\x8F\xBF\xBF"), 4U);
  for (const char* bad : {"\x80", "\xC0\x80", "\xC1\xBF", "\xC3", "\xE0\x80\x80", "\xED\xA0\x80", "\xE2\x82",
                          "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xC3(", "\xE2(\xAC"}) {
    EXPECT_EQ(utf8_sequence(bad), 0U) << encode_hex(bad);
  }
}

TEST(Encoding, HarmlessTextHasNoTerminalEscapes) {
  EXPECT_EQ(harmless_text("plain \xC3\xA9"), "plain \xC3\xA9");
  EXPECT_EQ(harmless_text("\x1b[31mred\x1b]0;t\x07"), "\\x1b[31mred\\x1b]0;t\\x07");
  EXPECT_EQ(harmless_text("\xC2\x9B"
                          "2J\x7f"),
            "\\x9b2J\\x7f");
  EXPECT_EQ(harmless_text("a\nb\tc\r"), "a\\x0ab\\x09c\\x0d");
  EXPECT_EQ(harmless_text("a\nb\tc\r", true), "a\nb\tc\\x0d");
  EXPECT_EQ(harmless_text("x\xE2\x80\xAEy\xE2\x80\xA8z\xE2\x81\xA6"), "x\\u202ey\\u2028z\\u2066");
  EXPECT_EQ(harmless_text("x\xD8\x9Cy\xE2\x80\x8Fz"), "x\\u061cy\\u200fz");
  EXPECT_EQ(harmless_text("\xFF\xC3"), "\xEF\xBF\xBD\xEF\xBF\xBD");
  SeededRandom random(4);
  for (int i = 0; i < 2'000; ++i) {
    const std::string out = harmless_text(random_bytes(random, 30));
    for (std::size_t at = 0; at < out.size();) {
      const std::size_t n = utf8_sequence(std::string_view(out).substr(at));
      ASSERT_GT(n, 0U);
      const auto byte = static_cast<unsigned char>(out[at]);
      ASSERT_GE(byte, 0x20);
      ASSERT_FALSE(byte == 0xC2 && static_cast<unsigned char>(out[at + 1]) < 0xA0);
      at += n;
    }
  }
}

}  // namespace
}  // namespace reeve
