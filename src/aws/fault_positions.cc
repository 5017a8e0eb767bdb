#include "aws/fault_positions.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"

namespace reeve::aws {

JsonPositions::JsonPositions(std::string_view text) : text_(text) {
  read("", 0, 0);
  skip_space();
  if (at_ < text_.size()) fail_here();
}

void JsonPositions::skip_space() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }

bool JsonPositions::take(char c) {
  skip_space();
  if (at_ >= text_.size() || text_[at_] != c) return false;
  ++at_;
  return true;
}

std::string_view JsonPositions::read_text() {
  if (!take('"')) {
    fail_here();
    return {};
  }
  const std::size_t begin = at_;
  while (at_ < text_.size() && text_[at_] != '"') {
    if (static_cast<unsigned char>(text_[at_]) < 0x20) break;  // a line that ends within a text
    at_ += text_[at_] == '\\' ? 2 : 1;
  }
  if (at_ >= text_.size() || text_[at_] != '"') {
    at_ = std::min(begin, text_.size()) - 1;  // the quote that nothing closes
    fail_here();
    return {};
  }
  return text_.substr(begin, at_++ - begin);
}

void JsonPositions::read_members(const std::string& path, std::size_t depth) {
  if (take('}')) return;
  while (!broken_) {
    skip_space();
    const std::size_t key_at = at_;
    const std::string_view key = read_text();
    if (broken_) return;
    if (!take(':')) return fail_here();
    read(path.empty() ? std::string(key) : fmt::format("{}.{}", path, key), key_at, depth + 1);
    if (broken_ || take('}')) return;
    if (!take(',')) return fail_here();
  }
}

void JsonPositions::read_items(const std::string& path, std::size_t depth) {
  if (take(']')) return;
  for (std::size_t i = 0; !broken_; ++i) {
    skip_space();
    read(fmt::format("{}[{}]", path, i), at_, depth + 1);
    if (broken_ || take(']')) return;
    if (!take(',')) return fail_here();
  }
}

void JsonPositions::read(const std::string& path, std::size_t key_at, std::size_t depth) {
  skip_space();
  if (at_ >= text_.size() || depth > limits::document_depth) return fail_here();
  places_.emplace(path, Place{key_at, at_});
  const char first = text_[at_];
  if (first == '{') {
    ++at_;
    return read_members(path, depth);
  }
  if (first == '[') {
    ++at_;
    return read_items(path, depth);
  }
  if (first == '"') {
    read_text();
    return;
  }
  const std::size_t end = std::min(text_.find_first_of(",]} \t\r\n:\"{[", at_), text_.size());
  const std::string_view word = text_.substr(at_, end - at_);
  const bool number = first == '-' || (first >= '0' && first <= '9');
  if (!number && word != "true" && word != "false" && word != "null") return fail_here();
  at_ = end;
}

const JsonPositions::Place& JsonPositions::find(std::string_view path) const {
  static constexpr Place start{};
  while (true) {
    if (const auto it = places_.find(path); it != places_.end()) return it->second;
    if (path.empty()) return start;
    const std::size_t cut = path.find_last_of(".[");
    path = path.substr(0, cut == std::string_view::npos ? 0 : cut);
  }
}

std::string JsonPositions::place(std::size_t offset) const {
  const std::string_view before = text_.substr(0, offset);
  const auto line = std::ranges::count(before, '\n') + 1;
  const std::size_t start = before.rfind('\n');
  return fmt::format("{}:{}", line, start == std::string_view::npos ? offset + 1 : offset - start);
}

std::string JsonPositions::of_value(std::string_view path) const { return place(find(path).value); }
std::string JsonPositions::of_key(std::string_view path) const { return place(find(path).key); }

std::optional<std::string> JsonPositions::first_fault() const {
  if (!broken_) return std::nullopt;
  return place(*broken_);
}

}  // namespace reeve::aws
