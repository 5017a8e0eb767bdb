#pragma once
#include <yaml.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/yaml.h"
#include "text/yaml_scalar.h"

namespace reeve::text {

/// Reads one text over libyaml's events.
class YamlReader {
 public:
  YamlReader(std::string_view text, std::string_view file_name, YamlOptions options, bool json);
  ~YamlReader();
  YamlReader(const YamlReader&) = delete;
  YamlReader& operator=(const YamlReader&) = delete;

  Result<YamlFile> run();
  /// The character where an escape stood that names half a pair of surrogates, after run() failed for it.
  std::optional<std::size_t> bad_escape() const { return bad_escape_; }

  static Result<YamlFile> read_json(std::string_view text, std::string_view file_name, YamlOptions options);

 private:
  struct Built {
    Node cell;
    YamlFile::Note note;
    std::size_t nodes = 1;   // with all that aliases expand to
    std::size_t height = 0;  // levels below
  };
  struct Entry {
    Node key;           // a text
    const Node* typed;  // the key as it was read
    Position at;
    Built value;
  };

  Result<void> next();
  std::string_view tag() const;
  Position here() const;
  std::unexpected<Error> bad(Position at, std::string message, Code code = Code::invalid_input) const;
  std::unexpected<Error> parser_error();

  Result<Built> node(std::size_t depth);
  Result<Built> content(std::size_t depth);
  Result<Built> alias(std::size_t depth);
  Result<Built> scalar();
  Result<Built> sequence(std::size_t depth);
  Result<Built> mapping(std::size_t depth);
  Result<Built> pairs(std::size_t depth, Position at);
  Result<void> count(std::size_t nodes);
  Result<void> check_tabs() const;

  Result<std::vector<Entry>> merged_entries(const Built& from, Position at);
  std::vector<Entry> entries_of(const Node& map) const;
  Node place_list(std::vector<Built>& items);
  Node place_map(const std::vector<Entry>& entries);
  Node key_text(const Built& key);
  static std::string identity(const Built& key);

  std::string_view text_;
  std::string name_;
  YamlOptions options_;
  bool json_, has_tabs_;
  std::vector<std::pair<std::size_t, std::size_t>> quoted_;  // characters of scalars that are not plain
  yaml_parser_t parser_;
  yaml_event_t event_;
  bool has_event_ = false;
  std::shared_ptr<Arena> arena_ = std::make_shared<Arena>();
  std::unordered_map<std::string, std::optional<Built>> anchors_;  // nullopt while the node is being read
  std::size_t nodes_ = 0;
  std::optional<std::size_t> bad_escape_;
  YamlFile out_;
};

}  // namespace reeve::text
