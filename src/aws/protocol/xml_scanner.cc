#include "aws/protocol/xml_scanner.h"

#include <emmintrin.h>
#include <fmt/format.h>

#include <charconv>
#include <cstring>

#include "base/limits.h"

namespace reeve::aws {
namespace {

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

/// Ends of names: white space, '>', '/', '=', and what no name may have.
bool ends_name(char c) {
  return is_space(c) || c == '>' || c == '/' || c == '=' || c == '<' || c == '"' || c == '\'' || c == '&' || c == '\0';
}

/// The first '<', '&' or '\r' from `at`, or `end`. Reads up to 16 bytes past `end`.
const char* special(const char* at, const char* end) {
  const __m128i less = _mm_set1_epi8('<'), ampersand = _mm_set1_epi8('&'), carriage = _mm_set1_epi8('\r');
  for (; at < end; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i hits = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, less), _mm_cmpeq_epi8(bytes, ampersand)),
                                      _mm_cmpeq_epi8(bytes, carriage));
    if (const int mask = _mm_movemask_epi8(hits); mask != 0) {
      at += __builtin_ctz(static_cast<unsigned>(mask));
      return at < end ? at : end;
    }
  }
  return end;
}

bool append_utf8(std::string& out, std::uint32_t code) {
  if (code == 0 || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return false;
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (code >> 18));
    out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
  return true;
}

constexpr std::size_t longest_entity = 12;  // "&#x0010FFFF;"

/// Reads an entity at `at` ('&') and goes past it.
bool entity(const char*& at, const char* end, std::string& out) {
  const std::string_view here(at, std::min(static_cast<std::size_t>(end - at), longest_entity));
  const std::size_t semicolon = here.find(';');
  if (semicolon == std::string_view::npos || semicolon < 3) return false;
  const std::string_view name = here.substr(1, semicolon - 1);
  at += semicolon + 1;
  if (name == "lt") return out += '<', true;
  if (name == "gt") return out += '>', true;
  if (name == "amp") return out += '&', true;
  if (name == "quot") return out += '"', true;
  if (name == "apos") return out += '\'', true;
  if (name[0] != '#') return false;
  const bool hex = name[1] == 'x';
  const std::string_view digits = name.substr(hex ? 2 : 1);
  std::uint32_t code = 0;
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code, hex ? 16 : 10);
  return error == std::errc{} && stop == digits.data() + digits.size() && append_utf8(out, code);
}

}  // namespace

bool XmlScanner::fail_with(std::string_view what) {
  if (what_.empty()) {
    what_ = what;
    where_ = static_cast<std::size_t>(std::min(at_, end_) - begin_);
  }
  return false;
}

Error XmlScanner::error() const {
  return Error{Code::malformed, fmt::format("malformed XML at byte {}: {}", where_, what_)};
}

bool XmlScanner::markup() {
  const std::string_view rest(at_, static_cast<std::size_t>(end_ - at_));
  auto past = [&](std::string_view opening, std::string_view ending) {
    const std::size_t found = rest.find(ending, opening.size());
    if (found == std::string_view::npos) return fail_with("it ends inside a comment, CDATA section or instruction");
    at_ += found + ending.size();
    return true;
  };
  if (rest.starts_with("<!--")) return past("<!--", "-->");
  if (rest.starts_with("<?")) return past("<?", "?>");
  if (rest.starts_with("<![CDATA[")) return past("<![CDATA[", "]]>");
  return fail_with("document type declarations are not allowed");
}

bool XmlScanner::root(std::string_view& name) {
  if (static_cast<std::size_t>(end_ - at_) >= 3 && std::memcmp(at_, "\xEF\xBB\xBF", 3) == 0) at_ += 3;
  for (;;) {
    while (is_space(*at_)) ++at_;
    if (*at_ != '<' || at_ >= end_) return fail_with("it does not begin with an element");
    if (at_[1] == '?' || (at_[1] == '!' && at_[2] == '-')) {
      if (!markup()) return false;
      continue;
    }
    ++at_;
    return read_name(name);
  }
}

bool XmlScanner::read_name(std::string_view& name) {
  const char* first = at_;
  while (!ends_name(*at_)) ++at_;
  if (at_ == first || at_ > end_) return fail_with("an element without a name");
  name = {first, static_cast<std::size_t>(at_ - first)};
  return true;
}

bool XmlScanner::to_child(bool& found) {
  for (;;) {
    while (is_space(*at_)) ++at_;
    if (*at_ != '<') {
      at_ = static_cast<const char*>(std::memchr(at_, '<', static_cast<std::size_t>(end_ - std::min(at_, end_))));
      if (at_ == nullptr) {
        at_ = end_;
        return fail_with("it ends before its elements do");
      }
    }
    if (at_ >= end_) return fail_with("it ends before its elements do");
    if (at_[1] == '/') {
      found = false;
      return true;
    }
    if (at_[1] == '!' || at_[1] == '?') {
      if (!markup()) return false;
      continue;
    }
    ++at_;
    found = true;
    return true;
  }
}

bool XmlScanner::open_slowly(bool& empty, std::vector<Attribute>* attributes) {
  for (;;) {
    const bool space = is_space(*at_);
    while (is_space(*at_)) ++at_;
    if (*at_ == '>') {
      ++at_;
      empty = false;
      return true;
    }
    if (*at_ == '/' && at_[1] == '>') {
      at_ += 2;
      empty = true;
      return true;
    }
    if (!space) return fail_with("an unexpected character in a tag");
    Attribute attribute;
    if (!read_name(attribute.name)) return false;
    while (is_space(*at_)) ++at_;
    if (*at_ != '=') return fail_with("an attribute without a value");
    ++at_;
    while (is_space(*at_)) ++at_;
    const char quote = *at_;
    if (quote != '"' && quote != '\'') return fail_with("an attribute's value without quotes");
    ++at_;
    const auto* last =
        static_cast<const char*>(std::memchr(at_, quote, static_cast<std::size_t>(end_ - std::min(at_, end_))));
    if (last == nullptr) return fail_with("an attribute's value that does not end");
    attribute.value = {at_, static_cast<std::size_t>(last - at_)};
    if (attribute.value.find('<') != std::string_view::npos) return fail_with("a '<' in an attribute");
    at_ = last + 1;
    if (attributes != nullptr) attributes->push_back(attribute);
  }
}

bool XmlScanner::close_slowly(std::string_view name) {
  // Comments and the like may stand before the end tag of a text; child() has passed over them elsewhere.
  if (at_[0] != '<' || at_[1] != '/') return fail_with(fmt::format("the end of <{}> was expected", name));
  at_ += 2;
  std::string_view closed;
  if (!read_name(closed)) return false;
  while (is_space(*at_)) ++at_;
  if (closed != name || *at_ != '>') return fail_with(fmt::format("<{}> is ended by </{}>", name, closed));
  ++at_;
  return true;
}

bool XmlScanner::text(std::string_view& text) {
  const char* stop = special(at_, end_);
  if (*stop == '<' && stop[1] == '/' && stop < end_) [[likely]] {
    text = {at_, static_cast<std::size_t>(stop - at_)};
    at_ = stop;
    return true;
  }
  return text_slowly(stop, text);
}

bool XmlScanner::text_slowly(const char* stop, std::string_view& text) {
  buffer_.clear();
  for (;;) {
    buffer_.append(at_, stop);
    at_ = stop;
    if (at_ >= end_) return fail_with("it ends inside a text");
    if (*at_ == '\r') {  // XML 1.0, 2.11: a line end is one LF
      ++at_;
      if (*at_ != '\n') buffer_ += '\n';
    } else if (*at_ == '&') {
      if (!entity(at_, end_, buffer_)) return fail_with("an entity that is not known");
    } else if (at_[1] == '/') {
      text = buffer_;
      return true;
    } else if (at_[1] == '!' || at_[1] == '?') {
      const char* first = at_;
      if (!markup()) return false;
      constexpr std::size_t opening = sizeof("<![CDATA[") - 1, ending = sizeof("]]>") - 1;
      if (first[1] == '!' && first[2] == '[') buffer_.append(first + opening, at_ - ending);
    } else {
      return fail_with("an element where only a text may stand");
    }
    stop = special(at_, end_);
  }
}

bool XmlScanner::replace_entities(std::string_view raw, std::string& out) {
  const char* at = raw.data();
  const char* end = at + raw.size();
  while (at < end) {
    if (*at != '&') {
      out += *at++;
    } else if (!entity(at, end, out)) {
      return fail_with("an entity that is not known in an attribute");
    }
  }
  return true;
}

bool XmlScanner::skip(std::string_view name, std::size_t depth) {
  if (depth > limits::document_depth) return fail_with("it nests too deeply");
  bool empty = false;
  if (!open(empty)) return false;
  if (empty) return true;
  for (;;) {
    bool found = false;
    std::string_view inner;
    if (!child(inner, found)) return false;
    if (!found) return close(name);
    if (!skip(inner, depth + 1)) return false;
  }
}

bool XmlScanner::finish() {
  for (;;) {
    while (is_space(*at_)) ++at_;
    if (at_ >= end_) return true;
    if (*at_ != '<' || (at_[1] != '?' && !(at_[1] == '!' && at_[2] == '-'))) {
      return fail_with("something follows the document");
    }
    if (!markup()) return false;
  }
}

}  // namespace reeve::aws
