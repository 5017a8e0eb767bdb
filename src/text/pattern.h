#pragma once
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace reeve::text {

/// What one match found. The views point into the text that was searched.
struct PatternMatch {
  std::size_t begin = 0, end = 0;                         ///< bytes of the whole match
  std::vector<std::optional<std::string_view>> groups{};  ///< [0] is the whole match; nullopt = took no part
};

struct PatternOptions {
  bool ignore_case = false;
  bool dot_all = false;
  bool multi_line = false;
};

/// A regular expression in the syntax of Python's `re`, over UTF-8. What Python refuses is refused here too (`\h`,
/// POSIX classes mean nothing special, verbs). One object serves one thread at a time.
class Pattern {
 public:
  /// Errors: invalid_input with what is wrong and where.
  static Result<Pattern> compile(std::string_view pattern, PatternOptions options = {});
  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;
  ~Pattern();

  /// At the start of the text, not necessarily to its end (re.match). nullopt = no match.
  /// Errors of all three: limit_exceeded (limits::regex_match_steps, regex_depth); take it for unknown.
  Result<std::optional<PatternMatch>> match(std::string_view text) const;
  /// Anywhere, the leftmost (re.search); `from` is the byte to begin at.
  Result<std::optional<PatternMatch>> search(std::string_view text, std::size_t from = 0) const;
  /// The whole text (re.fullmatch).
  Result<std::optional<PatternMatch>> full_match(std::string_view text) const;
  /// The same, where only yes or no matters: no allocation.
  Result<bool> matches(std::string_view text) const;
  Result<bool> found_in(std::string_view text) const;

  std::size_t group_count() const;  ///< capture groups, without the whole match
  /// The number of a named group (?P<name>…).
  std::optional<std::size_t> group_index(std::string_view name) const;
  const std::string& pattern() const { return pattern_; }

 private:
  struct Compiled;
  Pattern(std::string pattern, std::unique_ptr<Compiled> compiled);
  std::string pattern_;
  std::unique_ptr<Compiled> compiled_;
};

/// Whether the text matches a glob of Python's fnmatch.fnmatchcase: `*`, `?`, `[seq]`, `[!seq]`; case matters, the
/// whole text must match, `*` also takes line ends. A `[` without its `]` stands for itself.
bool glob_match(std::string_view glob, std::string_view text);

}  // namespace reeve::text
