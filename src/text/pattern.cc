#include "text/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <fmt/format.h>
#include <pcre2.h>

#include "base/limits.h"
#include "text/python_text.h"

namespace reeve::text {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/// Writes a pattern of Python's re in PCRE2's syntax, and refuses what only PCRE2 knows.
class Translator {
 public:
  explicit Translator(std::string_view in) : in_(in) {}

  Result<std::string> run() {
    while (at_ < in_.size()) {
      const char c = in_[at_];
      if (c == '\\') {
        TRY(escape(false));
      } else if (c == '[') {
        TRY(set());
      } else if (c == '(') {
        TRY(group());
      } else if (c == '{') {
        braces();
      } else if (c == '\0') {
        out_ += "\\x00";
        ++at_;
      } else {
        out_ += c;
        ++at_;
      }
    }
    return std::move(out_);
  }

 private:
  std::unexpected<Error> bad(std::string_view what) const {
    return fail(Error{.code = Code::invalid_input,
                      .message = fmt::format("the regular expression '{}' is wrong: {}", in_.substr(0, 200), what),
                      .resource = fmt::format("column {}", length(in_.substr(0, at_)) + 1)});
  }

  Result<void> code_point(std::size_t digits) {
    const auto hex = in_.substr(at_ + 2, digits);
    for (const char c : hex) {
      if (!is_hex(c)) return bad("an incomplete escape");
    }
    if (hex.size() != digits) return bad("an incomplete escape");
    out_ += fmt::format("\\x{{{}}}", hex);
    at_ += 2 + digits;
    return {};
  }

  Result<void> escape(bool in_set) {
    if (at_ + 1 == in_.size()) return bad("it ends with a backslash");
    const char c = in_[at_ + 1];
    if (c == 'x') return code_point(2);
    if (c == 'u') return code_point(4);
    if (c == 'U') return code_point(8);
    const auto put = [this](std::string_view what) {
      out_ += what;
      at_ += 2;
    };
    if (c == 'v') return put("\\x0b"), Result<void>();
    if (c == 'Z' && !in_set) return put("\\z"), Result<void>();
    if (c == '\0') return put("\\x00"), Result<void>();
    if (is_digit(c)) return number(in_set);
    const std::string_view known = in_set ? "abdDfnrsStwW" : "aAbBdDfnrsStwW";
    if (is_letter(c) && !known.contains(c)) return bad(fmt::format("there is no escape \\{}", c));
    out_ += '\\';
    ++at_;
    if (static_cast<unsigned char>(c) >= 0x80) out_.pop_back();  // a backslash means nothing there
    out_ += c;
    ++at_;
    return {};
  }

  /// A back reference, or an octal character: it begins with 0, or has three octal digits.
  Result<void> number(bool in_set) {
    std::size_t end = at_ + 1;
    while (end < in_.size() && end < at_ + 4 && is_digit(in_[end])) ++end;
    const auto digits = in_.substr(at_ + 1, end - at_ - 1);
    const auto octal = digits.substr(0, digits.find_first_not_of("01234567"));
    if (digits.front() == '0' || octal.size() == 3 || in_set) {
      if (octal.empty()) return bad("a bad escape in a set");
      out_ += fmt::format("\\o{{{}}}", octal);
      at_ += 1 + octal.size();
      return {};
    }
    const auto reference = digits.substr(0, 2);
    out_ += fmt::format("\\g{{{}}}", reference);
    at_ += 1 + reference.size();
    return {};
  }

  Result<void> set() {
    out_ += '[';
    ++at_;
    if (at_ < in_.size() && in_[at_] == '^') {
      out_ += '^';
      ++at_;
    }
    for (bool first = true; at_ < in_.size(); first = false) {
      const char c = in_[at_];
      if (c == ']' && !first) {
        out_ += ']';
        ++at_;
        return {};
      }
      if (c == '\\') {
        TRY(escape(true));
        continue;
      }
      if (c == '[' || c == ']') out_ += '\\';  // POSIX classes are nothing special here
      if (c == '\0') {
        out_ += "\\x00";
      } else {
        out_ += c;
      }
      ++at_;
    }
    return bad("a '[' without its ']'");
  }

  Result<void> group() {
    if (at_ + 1 < in_.size() && in_[at_ + 1] == '*') return bad("nothing to repeat");
    if (at_ + 1 >= in_.size() || in_[at_ + 1] != '?') {
      out_ += '(';
      ++at_;
      return {};
    }
    const std::string_view rest = in_.substr(at_ + 2);
    for (const std::string_view known : {":", "P<", "P=", "=", "!", "<=", "<!", "#", ">", "("}) {
      if (!rest.starts_with(known)) continue;
      out_ += "(?";
      out_ += known;
      at_ += 2 + known.size();
      return {};
    }
    std::size_t end = 0;
    std::string flags;
    for (; end < rest.size() && std::string_view("aimsux-").contains(rest[end]); ++end) {
      if (rest[end] == 'a') return bad("the flag (?a) is not supported");
      if (rest[end] != 'u') flags += rest[end];
    }
    if (end == 0 || end == rest.size() || (rest[end] != ')' && rest[end] != ':')) return bad("an unknown group (?…");
    out_ += fmt::format("(?{}{}", flags, rest[end]);
    at_ += 3 + end;
    return {};
  }

  /// {,n} is {0,n}.
  void braces() {
    out_ += '{';
    ++at_;
    std::size_t end = at_ + 1;
    if (at_ >= in_.size() || in_[at_] != ',') return;
    while (end < in_.size() && is_digit(in_[end])) ++end;
    if (end > at_ + 1 && end < in_.size() && in_[end] == '}') out_ += '0';
  }

  std::string_view in_;
  std::string out_;
  std::size_t at_ = 0;
};

}  // namespace

struct Pattern::Compiled {
  pcre2_code* code = nullptr;
  pcre2_match_data* data = nullptr;
  pcre2_match_context* context = nullptr;
  Compiled() = default;
  Compiled(const Compiled&) = delete;
  Compiled& operator=(const Compiled&) = delete;
  ~Compiled() {
    pcre2_match_context_free(context);
    pcre2_match_data_free(data);
    pcre2_code_free(code);
  }

  /// Whether it matches; the offsets are then in `data`.
  Result<bool> run(std::string_view text, std::size_t from, std::uint32_t flags, const std::string& pattern) const {
    if (from > text.size()) return false;
    const auto* bytes = reinterpret_cast<PCRE2_SPTR>(text.empty() ? "" : text.data());
    const int rc = pcre2_match(code, bytes, text.size(), from, flags, data, context);
    if (rc > 0) return true;
    if (rc == PCRE2_ERROR_NOMATCH) return false;
    return fail(Code::limit_exceeded, fmt::format("the regular expression '{}' takes too long on a text of {} bytes",
                                                  pattern.substr(0, 200), text.size()));
  }

  std::optional<PatternMatch> groups(std::string_view text) const {
    const std::size_t* at = pcre2_get_ovector_pointer(data);
    PatternMatch out{.begin = at[0], .end = at[1]};
    const std::uint32_t count = pcre2_get_ovector_count(data);
    for (std::uint32_t i = 0; i < count; ++i) {
      if (at[2 * i] == PCRE2_UNSET || at[2 * i] > at[2 * i + 1]) {
        out.groups.emplace_back();
      } else {
        out.groups.emplace_back(text.substr(at[2 * i], at[2 * i + 1] - at[2 * i]));
      }
    }
    return out;
  }
};

Pattern::Pattern(std::string pattern, std::unique_ptr<Compiled> compiled)
    : pattern_(std::move(pattern)), compiled_(std::move(compiled)) {}
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

Result<Pattern> Pattern::compile(std::string_view pattern, PatternOptions options) {
  TRY(const std::string translated, Translator(pattern).run());
  std::unique_ptr<pcre2_compile_context, void (*)(pcre2_compile_context*)> context(
      pcre2_compile_context_create(nullptr), pcre2_compile_context_free);
  REEVE_ASSERT(context != nullptr);
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  std::uint32_t flags = PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C;
  if (options.ignore_case) flags |= PCRE2_CASELESS;
  if (options.dot_all) flags |= PCRE2_DOTALL;
  if (options.multi_line) flags |= PCRE2_MULTILINE;
  int error = 0;
  std::size_t offset = 0;
  auto compiled = std::make_unique<Compiled>();
  compiled->code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(), flags, &error,
                                 &offset, context.get());
  if (compiled->code == nullptr) {
    PCRE2_UCHAR message[256] = {};
    pcre2_get_error_message(error, message, sizeof(message));
    return fail(Error{.code = Code::invalid_input,
                      .message = fmt::format("the regular expression '{}' is wrong: {}", pattern.substr(0, 200),
                                             reinterpret_cast<const char*>(message)),
                      .resource = fmt::format("column {}", std::min(offset, pattern.size()) + 1)});
  }
  compiled->data = pcre2_match_data_create_from_pattern(compiled->code, nullptr);
  compiled->context = pcre2_match_context_create(nullptr);
  REEVE_ASSERT(compiled->data != nullptr && compiled->context != nullptr);
  pcre2_set_match_limit(compiled->context, limits::regex_match_steps);
  pcre2_set_depth_limit(compiled->context, limits::regex_depth);
  return Pattern(std::string(pattern), std::move(compiled));
}

Result<std::optional<PatternMatch>> Pattern::match(std::string_view text) const {
  TRY(const bool found, compiled_->run(text, 0, PCRE2_ANCHORED, pattern_));
  return found ? compiled_->groups(text) : std::nullopt;
}

Result<std::optional<PatternMatch>> Pattern::search(std::string_view text, std::size_t from) const {
  TRY(const bool found, compiled_->run(text, from, 0, pattern_));
  return found ? compiled_->groups(text) : std::nullopt;
}

Result<std::optional<PatternMatch>> Pattern::full_match(std::string_view text) const {
  TRY(const bool found, compiled_->run(text, 0, PCRE2_ANCHORED | PCRE2_ENDANCHORED, pattern_));
  return found ? compiled_->groups(text) : std::nullopt;
}

Result<bool> Pattern::matches(std::string_view text) const { return compiled_->run(text, 0, PCRE2_ANCHORED, pattern_); }
Result<bool> Pattern::found_in(std::string_view text) const { return compiled_->run(text, 0, 0, pattern_); }

std::size_t Pattern::group_count() const {
  std::uint32_t count = 0;
  pcre2_pattern_info(compiled_->code, PCRE2_INFO_CAPTURECOUNT, &count);
  return count;
}

std::optional<std::size_t> Pattern::group_index(std::string_view name) const {
  const int index =
      pcre2_substring_number_from_name(compiled_->code, reinterpret_cast<PCRE2_SPTR>(std::string(name).c_str()));
  return index > 0 ? std::optional(static_cast<std::size_t>(index)) : std::nullopt;
}

}  // namespace reeve::text
