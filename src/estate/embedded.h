#pragma once

namespace reeve::estate {

/// A file that the binary carries (cmake/embed.cmake).
struct EmbeddedFile {
  const char* name;  ///< without its folder
  const char* begin;
  const char* end;
};

}  // namespace reeve::estate

extern const reeve::estate::EmbeddedFile reeve_kinds[];
extern const unsigned long reeve_kinds_count;
extern const reeve::estate::EmbeddedFile reeve_prices[];
extern const unsigned long reeve_prices_count;
