#pragma once
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace reeve::aws {

/// Where the values of a JSON text stand, for errors about a file that people wrote. Paths are like
/// "rules[2].match.nth"; the whole text is "".
class JsonPositions {
 public:
  explicit JsonPositions(std::string_view text);
  /// "line:column" of a value (from 1; columns in bytes), or of its member's name; of what is around it where there is
  /// no such value.
  std::string of_value(std::string_view path) const;
  std::string of_key(std::string_view path) const;
  /// "line:column" of the first thing that is no JSON, if there is one.
  std::optional<std::string> first_fault() const;

 private:
  struct Place {
    std::size_t key = 0, value = 0;
  };
  void read(const std::string& path, std::size_t key_at, std::size_t depth);
  void read_members(const std::string& path, std::size_t depth);
  void read_items(const std::string& path, std::size_t depth);
  std::string_view read_text();
  void skip_space();
  bool take(char c);
  void fail_here() { broken_ = broken_ ? broken_ : std::optional(at_); }
  const Place& find(std::string_view path) const;
  std::string place(std::size_t offset) const;

  std::string_view text_;
  std::size_t at_ = 0;
  std::optional<std::size_t> broken_;
  std::map<std::string, Place, std::less<>> places_;
};

}  // namespace reeve::aws
