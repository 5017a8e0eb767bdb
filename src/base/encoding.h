#pragma once
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace reeve {

/// RFC 4648 base64 with padding.
std::string encode_base64(std::string_view bytes);
/// nullopt if the text is not base64 (padding may be left out; white space is not allowed).
std::optional<std::string> decode_base64(std::string_view text);

std::string encode_hex(std::string_view bytes);  ///< lower case

/// SHA-256 (FIPS 180-4) of the bytes: 32 raw bytes, or 64 hex digits.
std::array<unsigned char, 32> sha256(std::string_view bytes);
std::string sha256_hex(std::string_view bytes);
/// SHA-1 (FIPS 180-4) as 40 hex digits: for names that others derive so, never for trust.
std::string sha1_hex(std::string_view bytes);
/// MD5 (RFC 1321): 16 raw bytes, for checks and names that AWS derives so, never for trust.
std::string md5(std::string_view bytes);

/// CRC-32 of IEEE 802.3 (as zlib's).
unsigned crc32(std::string_view bytes);

/// RFC 3986 percent-encoding: everything but unreserved characters; '/' stays where `keep_slash`.
std::string encode_percent(std::string_view text, bool keep_slash = false);
/// Decodes %XX; with `plus_is_space` also '+'. A '%' without two hex digits stays as it is.
std::string decode_percent(std::string_view text, bool plus_is_space = false);

/// Length of the UTF-8 sequence (RFC 3629) at the start of `text`; 0 where there is none.
std::size_t utf8_sequence(std::string_view text);

/// Text from outside made harmless for a terminal or a log line: control characters (C0, C1, DEL) and the characters
/// that turn the direction of writing or break lines (U+061C, U+200E–200F, U+2028–202E, U+2066–2069) become visible
/// escapes such as \x1b or
/// \u202e; bytes that are not UTF-8 become U+FFFD. Line feeds and tabs stay where `keep_lines`.
std::string harmless_text(std::string_view text, bool keep_lines = false);

}  // namespace reeve
