#pragma once
#include <emmintrin.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/limits.h"

namespace reeve::aws {

/// Moves through a JSON text (RFC 8259), token by token, without building a tree. Every byte is looked at: what is
/// passed over must be JSON, too. Functions that give a bool give false on malformed input; `error()` then says what
/// was wrong and where, and nothing more is found.
///
///   if (!json.open('{')) …
///   for (bool more = json.first('}'); more; more = json.next('}')) { json.key(name); … }
///   if (json.failed()) …
///
/// The text must be UTF-8 (not checked here) and followed by 64 readable bytes.
class JsonScanner {
 public:
  explicit JsonScanner(std::string_view text)
      : begin_(text.data()), at_(text.data()), end_(text.data() + text.size()) {}

  /// The first character of the next token; 0 at the end.
  char peek() {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
    return at_ < end_ ? *at_ : '\0';
  }
  /// The first character of the string that is the next token.
  char first_of_text() { return peek() == '"' ? at_[1] : '\0'; }
  bool open(char bracket) {
    if (peek() != bracket) return fail(bracket == '{' ? "an object was expected" : "an array was expected");
    ++at_;
    return true;
  }
  /// Whether an item follows, right behind the opening bracket.
  bool first(char close) {
    if (peek() != close) return !failed();
    ++at_;
    return false;
  }
  /// Whether another item follows behind one.
  bool next(char close) {
    const char c = peek();
    if (c == ',') return ++at_, true;
    if (c == close) return ++at_, false;
    return fail("a comma or the end was expected");
  }

  /// A key to compare with: its first bytes, with the closing quote where it fits in, are compared at once.
  class Key {
   public:
    Key() = default;
    explicit Key(std::string_view name) : name_(name) {
      const std::size_t quoted = std::min(name.size() + 1, sizeof(head_));
      std::memcpy(head_, name.data(), std::min(name.size(), sizeof(head_)));
      if (name.size() < sizeof(head_)) head_[name.size()] = '"';
      bits_ = (1U << quoted) - 1;
    }

   private:
    friend class JsonScanner;
    std::string_view name_;
    char head_[16] = {};
    unsigned bits_ = 0;
  };
  /// If the key here is `expected`, goes past it and its colon.
  bool skip_key(const Key& expected) {
    const std::string_view name = expected.name_;
    if (peek() != '"' || static_cast<std::size_t>(end_ - at_) < name.size() + 2) return false;
    const __m128i here = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at_ + 1));
    const __m128i head = _mm_loadu_si128(reinterpret_cast<const __m128i*>(expected.head_));
    const auto same = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(here, head)));
    if ((same & expected.bits_) != expected.bits_) return false;
    if (name.size() >= sizeof(expected.head_) &&
        (at_[name.size() + 1] != '"' || std::memcmp(at_ + 17, name.data() + 16, name.size() - 16) != 0)) {
      return false;
    }
    at_ += name.size() + 2;
    return colon();
  }
  /// A key and its colon.
  bool key(std::string_view& name) { return text(name) && colon(); }
  /// A string's text: in the body where it has no escapes, else in a buffer that the next call overwrites.
  bool text(std::string_view& text) {
    if (peek() != '"') return fail("a string was expected");
    const char* const from = at_ + 1;
    const char* const stop = plain_end(from);
    if (stop >= end_ || *stop != '"') [[unlikely]]
      return escaped_text(from, text);
    text = {from, stop};
    at_ = stop + 1;
    return true;
  }
  bool boolean(bool& value);
  bool null() { return word("null"); }

  struct Number {
    bool whole = false;        ///< without fraction and exponent, and fitting 64 bits
    std::int64_t integer = 0;  ///< if whole
    double real = 0;           ///< in any case
  };
  bool number(Number& number);

  /// Passes over a value. `depth` of nesting counts towards the limit.
  bool skip(std::size_t depth);
  /// Nothing may follow but blanks.
  bool finish() { return !failed() && (peek() == '\0' && at_ == end_ ? true : fail("more follows behind the end")); }

  bool failed() const { return what_ != nullptr; }
  /// What `fail` is told where a limit is passed, not a rule broken.
  static constexpr const char* nests_too_deeply = "it nests too deeply";
  bool past_limit() const { return what_ == nests_too_deeply; }
  std::string error() const;

  /// Says what is wrong here.
  bool fail(const char* what) {
    if (what_ == nullptr) what_ = what, failed_at_ = static_cast<std::size_t>(at_ - begin_);
    at_ = end_;
    return false;
  }

 private:
  bool colon() {
    if (peek() != ':') return fail("a colon was expected");
    ++at_;
    return true;
  }
  /// The first character, from `at` on, that ends the plain part of a string: a quote, a backslash, a control
  /// character. Looks up to 15 bytes past the end; what it finds there is not before it.
  const char* plain_end(const char* at) const {
    const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), last_control = _mm_set1_epi8(0x1F);
    for (; at < end_; at += 16) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
      const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes);
      const __m128i special = _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash));
      const auto found = static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(control, special)));
      if (found != 0) return at + std::countr_zero(found);
    }
    return at;
  }
  bool word(std::string_view word);
  bool escaped_text(const char* from, std::string_view& text);
  bool escape(const char*& at);
  bool real(const char* from, Number& number);

  const char *begin_, *at_, *end_;
  const char* what_ = nullptr;
  std::size_t failed_at_ = 0;
  std::string buffer_;  // of a text with escapes
};

}  // namespace reeve::aws
