#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace reeve::text {

/// Python's text methods on UTF-8. Letters beyond ASCII: Latin-1, Latin Extended-A, Greek and Cyrillic change case;
/// others stay as they are.
std::string lower(std::string_view text);
std::string upper(std::string_view text);
std::string capitalize(std::string_view text);  ///< the first letter upper, the rest lower
std::string title(std::string_view text);       ///< every run of letters: the first upper, the rest lower
/// Without white space (Unicode's) at both ends.
std::string_view strip(std::string_view text);

/// Number of code points; a byte that is no UTF-8 counts as one.
std::size_t length(std::string_view text);
/// Takes the code point at `at`, moves on; a byte that is no UTF-8 gives U+FFFD and moves by one.
char32_t next_code_point(std::string_view text, std::size_t& at);
void append_utf8(std::string& out, char32_t code_point);

}  // namespace reeve::text
