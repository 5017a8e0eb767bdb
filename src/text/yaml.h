#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/document.h"
#include "base/result.h"

namespace reeve::text {

/// Where something stands in a text; both count from 1, columns in characters. {0, 0} where it is not known.
struct Position {
  int line = 0, column = 0;
  friend bool operator==(const Position&, const Position&) = default;
};

struct YamlOptions {
  bool duplicate_keys_are_errors = false;  ///< else the last one wins, at the place of the first
};

/// What a value of a YAML file was, where its Kind does not say it.
enum class YamlForm : std::uint8_t {
  plain,     ///< what its Kind says
  date,      ///< a timestamp that is a bare date (midnight UTC)
  naive,     ///< a timestamp without an offset, taken as UTC
  aware,     ///< a timestamp with an offset, see utc_offset_s
  set,       ///< a map of nulls (!!set)
  pair_list  ///< a list of two-item lists (!!omap, !!pairs)
};

/// A key that stands in one mapping a second time.
struct DuplicateKey {
  Position position;  ///< of the second one
  Position first;     ///< of the first one
  std::string key;
};

/// A parsed file: a document with maps spelled out, and where its values stand.
class YamlFile {
 public:
  const Document& document() const { return document_; }
  Value root() const { return document_.root(); }
  /// The name that was given to parse_yaml.
  const std::string& name() const { return name_; }

  /// Where a value of document() stands, or a key of one of its maps; `v` must be read from that very document, not from a copy.
  Position position(Value v) const;
  /// Where the key of a map stands; the map's own position if it has no such key.
  Position key_position(Value map, std::string_view key) const;
  /// "file:line:column" of a value.
  std::string place(Value v) const;
  std::string place(Position position) const;

  YamlForm form(Value v) const;
  /// Seconds east of UTC of a timestamp that was written with an offset.
  std::optional<int> utc_offset_s(Value v) const;
  /// The key of a map's entry as YAML reads it. Documents have text keys: `on:` reads "true" there, and true here.
  Value typed_key(Value map, std::size_t index) const;

  /// Keys that stood twice in one mapping (always empty where those are errors).
  const std::vector<DuplicateKey>& duplicate_keys() const { return duplicate_keys_; }

 private:
  friend class YamlReader;
  struct Note {
    Position position;
    YamlForm form = YamlForm::plain;
    int utc_offset_s = 0;
  };
  struct Key {
    Position position;
    const Node* typed;
  };
  std::string name_;
  Document document_;
  std::unordered_map<const Node*, Note> notes_;
  std::unordered_map<const Node*, Key> keys_;  // by the address of the entry's key text
  std::vector<DuplicateKey> duplicate_keys_;
};

/// Reads one YAML 1.1 document as PyYAML's safe loader does (yaml.org/type for the resolution of plain scalars, with
/// that loader's patterns): yes/no/on/off, octal 0777, sexagesimal 1:30, dates, merge keys, !!set, !!omap, !!pairs,
/// !!binary. A file whose name ends in ".json" is read as JSON. An empty text is null. Aliases may expand to at most
/// limits::yaml_nodes; a value that contains itself is refused.
/// Errors: invalid_input with "file:line:column" in `resource`, limit_exceeded.
Result<YamlFile> parse_yaml(std::string_view text, std::string_view file_name, YamlOptions options = {});

}  // namespace reeve::text
