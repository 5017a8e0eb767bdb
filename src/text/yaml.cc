#include "text/yaml.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/limits.h"
#include "text/python_format.h"
#include "text/yaml_reader.h"

namespace reeve::text {

Position YamlFile::position(Value v) const {
  if (const auto found = notes_.find(v.node()); found != notes_.end()) return found->second.position;
  const auto key = keys_.find(v.node());
  return key == keys_.end() ? Position{} : key->second.position;
}

Position YamlFile::key_position(Value map, std::string_view key) const {
  if (map.is_map() && map.node()->spelled()) {
    for (std::size_t i = 0; i < map.size(); ++i) {
      const Node* cell = map.node()->children + 2 * i;
      const auto found = keys_.find(cell);
      if (found != keys_.end() && Value(cell, nullptr).as_text() == key) return found->second.position;
    }
  }
  return position(map);
}

std::string YamlFile::place(Value v) const { return place(position(v)); }

std::string YamlFile::place(Position at) const {
  return at.line == 0 ? name_ : fmt::format("{}:{}:{}", name_, at.line, at.column);
}

YamlForm YamlFile::form(Value v) const {
  const auto found = notes_.find(v.node());
  return found == notes_.end() ? YamlForm::plain : found->second.form;
}

std::optional<int> YamlFile::utc_offset_s(Value v) const {
  const auto found = notes_.find(v.node());
  if (found == notes_.end() || found->second.form != YamlForm::aware) return std::nullopt;
  return found->second.utc_offset_s;
}

Value YamlFile::typed_key(Value map, std::size_t index) const {
  if (!map.is_map() || index >= map.size() || !map.node()->spelled()) return {};
  const Node* cell = map.node()->children + 2 * index;
  const auto found = keys_.find(cell);
  return {found == keys_.end() || found->second.typed == nullptr ? cell : found->second.typed, nullptr};
}

namespace {

/// "\ud83d\ude00" at `at` as "\U0001f600"; false if there is no pair of surrogates.
bool join_surrogates(std::string& text, std::size_t at) {
  const auto unit = [&](std::size_t from) -> unsigned {
    if (text.size() < from + 6 || text[from] != '\\' || text[from + 1] != 'u') return 0;
    unsigned value = 0;
    for (std::size_t i = from + 2; i < from + 6; ++i) {
      if (!std::isxdigit(static_cast<unsigned char>(text[i]))) return 0;
      value = value * 16 + static_cast<unsigned>(text[i] <= '9' ? text[i] - '0' : (text[i] | 0x20) - 'a' + 10);
    }
    return value;
  };
  const unsigned high = unit(at), low = unit(at + 6);
  if (high < 0xD800 || high > 0xDBFF || low < 0xDC00 || low > 0xDFFF) return false;
  text.replace(at, 12, fmt::format("\\U{:08x}", 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)));
  return true;
}

/// The byte of the n-th character, past a byte order mark.
std::size_t byte_of(std::string_view text, std::size_t characters) {
  std::size_t at = text.starts_with("\xEF\xBB\xBF") ? 3 : 0;
  for (; at < text.size(); ++at) {
    if ((static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) continue;
    if (characters-- == 0) break;
  }
  return at;
}

}  // namespace

Result<YamlFile> parse_yaml(std::string_view text, std::string_view file_name, YamlOptions options) {
  constexpr int most_surrogates = 1000;  // each one means to read the text again
  if (text.size() > limits::text_file_bytes) {
    return fail(
        Error{.code = Code::limit_exceeded, .message = "the file is too large", .resource = std::string(file_name)});
  }
  if (file_name.ends_with(".json")) return YamlReader::read_json(text, file_name, options);
  std::string copy;
  for (int joined = 0;; ++joined) {
    YamlReader reader(text, file_name, options, false);
    auto out = reader.run();
    // libyaml knows no pairs of surrogates, the loader that we follow does.
    if (out || !reader.bad_escape() || joined == most_surrogates) return out;
    if (copy.empty()) copy = text;
    const std::size_t at = byte_of(copy, *reader.bad_escape());
    if (at < 2 || !join_surrogates(copy, at - 2)) return out;
    text = copy;
  }
}

Result<YamlFile> YamlReader::read_json(std::string_view text, std::string_view file_name, YamlOptions options) {
  auto parsed = parse_json(text);
  if (!parsed) {
    auto error = std::move(parsed.error());
    if (error.code == Code::malformed) error.code = Code::invalid_input;
    error.resource = file_name;
    return fail(std::move(error));
  }
  // It is good JSON; reading it again as YAML's flow style tells where everything stands.
  std::string copy(text);
  for (std::size_t at = 0; (at = copy.find("\\u", at)) != std::string::npos; ++at) {
    if (at > 0 && copy[at - 1] == '\\') continue;
    join_surrogates(copy, at);
  }
  auto with_positions = YamlReader(copy, file_name, options, true).run();
  if (with_positions && with_positions->root() == parsed->root()) return with_positions;
  YamlFile out;
  out.name_ = file_name;
  out.document_ = std::move(*parsed);
  return out;
}

}  // namespace reeve::text
