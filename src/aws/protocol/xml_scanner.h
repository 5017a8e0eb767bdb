#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace reeve::aws {

/// Moves through an XML 1.0 text, element by element, without building a tree. What AWS sends: elements, attributes,
/// texts with entities, CDATA, comments, processing instructions; no DTD. Tags must match. Each function gives false
/// on malformed input, and `error()` then says what was wrong and where; nothing more may be called then.
///
/// The text must be followed by 64 readable zero bytes.
class XmlScanner {
 public:
  explicit XmlScanner(std::string_view text) : begin_(text.data()), at_(text.data()), end_(text.data() + text.size()) {}

  struct Attribute {
    std::string_view name, value;  ///< entities not yet replaced
  };

  /// Goes to the first tag behind declaration and comments and reads it.
  bool root(std::string_view& name);

  /// Inside an element: goes to its next child's start tag and past the child's name; `found` false at the end tag,
  /// which is still to be read by `close`. Text between elements is passed over.
  bool child(std::string_view& name, bool& found) {
    if (!to_child(found)) return false;
    return !found || read_name(name);
  }
  /// The first half of `child`: stops right behind the '<'.
  bool to_child(bool& found);
  /// If the name here is `expected`, goes past it.
  bool skip_if(std::string_view expected) {
    // Behind end_ stand zero bytes, which no name has.
    if (static_cast<std::size_t>(end_ - at_) < expected.size() ||
        __builtin_memcmp(at_, expected.data(), expected.size()) != 0) {
      return false;
    }
    const char after = at_[expected.size()];
    if (after != '>' && after != ' ' && after != '/') return false;
    at_ += expected.size();
    return true;
  }
  bool read_name(std::string_view& name);

  /// Reads the rest of a start tag. `empty`: it was `<name/>`, which has no end tag.
  bool open(bool& empty) {
    if (*at_ == '>') [[likely]] {
      ++at_;
      empty = false;
      return true;
    }
    return open_slowly(empty, nullptr);
  }
  bool open(bool& empty, std::vector<Attribute>& attributes) { return open_slowly(empty, &attributes); }

  /// Reads the end tag of `name`.
  bool close(std::string_view name) {
    if (at_[0] == '<' && at_[1] == '/' && static_cast<std::size_t>(end_ - at_) > name.size() + 2 &&
        __builtin_memcmp(at_ + 2, name.data(), name.size()) == 0 && at_[name.size() + 2] == '>') [[likely]] {
      at_ += name.size() + 3;
      return true;
    }
    return close_slowly(name);
  }

  /// The text of an element without children, up to its end tag. The view is of the body itself where nothing had to
  /// be replaced, else of a buffer that the next call overwrites.
  bool text(std::string_view& text);

  /// Replaces entities of an attribute's value. False: malformed.
  bool replace_entities(std::string_view raw, std::string& out);

  /// Passes over the rest of an element whose name was read. `depth` counts towards the limit.
  bool skip(std::string_view name, std::size_t depth);

  /// Nothing may follow the root element but comments and white space.
  bool finish();

  bool fail_with(std::string_view what);
  Error error() const;
  const char* position() const { return at_; }
  void go_to(const char* position) { at_ = position; }

 private:
  bool open_slowly(bool& empty, std::vector<Attribute>* attributes);
  bool close_slowly(std::string_view name);
  bool text_slowly(const char* stop, std::string_view& text);
  bool markup();  // comment, CDATA section or processing instruction at '<': passed over
  bool append_plain(const char* from, const char* to);
  const char* begin_;
  const char* at_;
  const char* end_;
  std::string buffer_;
  std::string what_;
  std::size_t where_ = 0;
};

}  // namespace reeve::aws
