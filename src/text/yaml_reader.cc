#include "text/yaml_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"
#include "text/nodes.h"
#include "text/python_format.h"

namespace reeve::text {
namespace {

constexpr std::string_view yaml_org = "tag:yaml.org,2002:";

std::string_view view(const yaml_char_t* text) {
  return text == nullptr ? std::string_view{} : std::string_view(reinterpret_cast<const char*>(text));
}
Position position_of(const yaml_mark_t& mark) {
  return {static_cast<int>(mark.line) + 1, static_cast<int>(mark.column) + 1};
}

std::optional<ScalarTag> scalar_tag(std::string_view name) {
  using enum ScalarTag;
  if (name == "null") return null;
  if (name == "bool") return boolean;
  if (name == "int") return integer;
  if (name == "float") return real;
  if (name == "timestamp") return timestamp;
  if (name == "binary") return binary;
  if (name == "str") return text;
  return std::nullopt;
}

}  // namespace

YamlReader::YamlReader(std::string_view text, std::string_view file_name, YamlOptions options, bool json)
    : text_(text), name_(file_name), options_(options), json_(json), has_tabs_(!json && text.contains('\t')) {
  REEVE_ASSERT(yaml_parser_initialize(&parser_) == 1);
  yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  out_.name_ = file_name;
}

YamlReader::~YamlReader() {
  if (has_event_) yaml_event_delete(&event_);
  yaml_parser_delete(&parser_);
}

std::unexpected<Error> YamlReader::bad(Position at, std::string message, Code code) const {
  return fail(Error{
      .code = code, .message = std::move(message), .resource = fmt::format("{}:{}:{}", name_, at.line, at.column)});
}

std::unexpected<Error> YamlReader::parser_error() {
  const std::string_view problem = parser_.problem == nullptr ? "not YAML" : parser_.problem;
  if (problem.contains("invalid Unicode character escape")) bad_escape_ = parser_.problem_mark.index;
  Position at = position_of(parser_.problem_mark);
  if (parser_.error == YAML_READER_ERROR) {
    const auto before = text_.substr(0, std::min(parser_.problem_offset, text_.size()));
    const std::size_t line = before.rfind('\n');
    at = {static_cast<int>(std::ranges::count(before, '\n')) + 1,
          static_cast<int>(before.size() - (line == std::string_view::npos ? 0 : line + 1)) + 1};
  }
  std::string message(problem);
  if (parser_.context != nullptr) message = fmt::format("{} {}", parser_.context, problem);
  return bad(at, std::move(message));
}

Result<void> YamlReader::next() {
  if (has_event_) yaml_event_delete(&event_);
  has_event_ = yaml_parser_parse(&parser_, &event_) == 1;
  if (!has_event_) return parser_error();
  if (event_.type == YAML_SCALAR_EVENT && event_.data.scalar.style != YAML_PLAIN_SCALAR_STYLE && has_tabs_) {
    quoted_.emplace_back(event_.start_mark.index, event_.end_mark.index);
  }
  return {};
}

/// libyaml takes tabs between tokens and inside plain scalars, the loader that we follow takes none there.
Result<void> YamlReader::check_tabs() const {
  std::size_t character = 0;
  Position at{1, 1};
  auto quoted = quoted_.begin();
  bool comment = false;
  char before = '\n';
  for (std::size_t i = text_.starts_with("\xEF\xBB\xBF") ? 3 : 0; i < text_.size(); ++i) {
    const char c = text_[i];
    if ((static_cast<unsigned char>(c) & 0xC0) == 0x80) continue;
    while (quoted != quoted_.end() && quoted->second <= character) ++quoted;
    const bool inside = quoted != quoted_.end() && quoted->first <= character;
    if (c == '\n') comment = false;
    if (!inside && !comment) {
      comment = c == '#' && (before == ' ' || before == '\n' || before == '\r');
      if (c == '\t') return bad(at, "a tab cannot stand here; use spaces");
    }
    ++character;
    at = c == '\n' ? Position{at.line + 1, 1} : Position{at.line, at.column + 1};
    before = c;
  }
  return {};
}

Position YamlReader::here() const { return position_of(event_.start_mark); }

/// The explicit tag of the node that begins here, "" where it has none.
std::string_view YamlReader::tag() const {
  const yaml_char_t* tag = nullptr;
  if (event_.type == YAML_SCALAR_EVENT) tag = event_.data.scalar.tag;
  if (event_.type == YAML_SEQUENCE_START_EVENT) tag = event_.data.sequence_start.tag;
  if (event_.type == YAML_MAPPING_START_EVENT) tag = event_.data.mapping_start.tag;
  const auto text = view(tag);
  return text == "!" ? std::string_view{} : text;
}

Result<void> YamlReader::count(std::size_t nodes) {
  nodes_ += nodes;
  if (nodes_ > limits::yaml_nodes)
    return bad(here(), "the file holds or expands to too many values", Code::limit_exceeded);
  return {};
}

Result<YamlFile> YamlReader::run() {
  TRY(next());  // the stream's start
  TRY(next());
  Built root{.cell = plain_node(Kind::null), .note = {.position = {1, 1}}};
  if (event_.type == YAML_DOCUMENT_START_EVENT) {
    TRY(next());
    TRY(root, node(0));
    TRY(next());  // the document's end
    TRY(next());
    if (event_.type != YAML_STREAM_END_EVENT) {
      return bad(here(), "a second document begins here; a file holds one");
    }
  }
  if (has_tabs_) TRY(check_tabs());
  Node* cell = static_cast<Node*>(arena_->allocate(sizeof(Node), alignof(Node)));
  *cell = root.cell;
  out_.notes_[cell] = root.note;
  out_.document_ = Document(arena_, Value(cell, nullptr));
  return std::move(out_);
}

/// The node whose first event is the current one; afterwards its last event is the current one.
Result<YamlReader::Built> YamlReader::node(std::size_t depth) {
  if (depth > limits::document_depth) return bad(here(), "the file nests too deeply", Code::limit_exceeded);
  if (event_.type == YAML_ALIAS_EVENT) return alias(depth);
  std::string anchor;
  if (event_.type == YAML_SCALAR_EVENT) anchor = view(event_.data.scalar.anchor);
  if (event_.type == YAML_SEQUENCE_START_EVENT) anchor = view(event_.data.sequence_start.anchor);
  if (event_.type == YAML_MAPPING_START_EVENT) anchor = view(event_.data.mapping_start.anchor);
  if (anchor.empty()) return content(depth);
  if (anchors_.contains(anchor)) return bad(here(), fmt::format("the anchor '{}' is there already", anchor));
  anchors_[anchor];
  TRY(auto built, content(depth));
  anchors_[anchor] = built;
  return built;
}

Result<YamlReader::Built> YamlReader::alias(std::size_t depth) {
  const auto name = view(event_.data.alias.anchor);
  const auto found = anchors_.find(std::string(name));
  if (found == anchors_.end()) return bad(here(), fmt::format("there is no anchor '{}' before this alias", name));
  if (!found->second) return bad(here(), fmt::format("the value of '{}' contains itself", name));
  Built built = *found->second;
  built.note.position = here();
  if (depth + built.height > limits::document_depth) {
    return bad(here(), "the file nests too deeply", Code::limit_exceeded);
  }
  TRY(count(built.nodes));
  return built;
}

Result<YamlReader::Built> YamlReader::content(std::size_t depth) {
  TRY(count(1));
  switch (event_.type) {
    case YAML_SCALAR_EVENT:
      return scalar();
    case YAML_SEQUENCE_START_EVENT:
      return sequence(depth);
    case YAML_MAPPING_START_EVENT:
      return mapping(depth);
    default:
      return bad(here(), "a value is missing");
  }
}

Result<YamlReader::Built> YamlReader::scalar() {
  const auto& s = event_.data.scalar;
  const std::string_view text(reinterpret_cast<const char*>(s.value), s.length);
  const Position at = here();
  const std::string_view given = tag();
  ScalarTag type = ScalarTag::text;
  if (given.starts_with(yaml_org)) {
    const auto known = scalar_tag(given.substr(yaml_org.size()));
    if (!known) return bad(at, fmt::format("the tag !!{} is not known for a scalar", given.substr(yaml_org.size())));
    type = *known;
  } else if (!given.empty()) {
    return bad(at, fmt::format("the tag {} is not known", given));
  } else if (s.plain_implicit != 0 || (view(s.tag) == "!" && s.style == YAML_PLAIN_SCALAR_STYLE)) {
    if (json_ && s.style == YAML_PLAIN_SCALAR_STYLE) {
      auto value = read_json_scalar(text);
      if (!value) return bad(at, value.error().message);
      return Built{.cell = value->cell, .note = {.position = at}};
    }
    type = resolve_plain(text);
  }
  auto value = read_scalar(type, text, *arena_);
  if (!value) return bad(at, value.error().message);
  return Built{.cell = value->cell, .note = {at, value->form, value->utc_offset_s}};
}

Result<YamlReader::Built> YamlReader::sequence(std::size_t depth) {
  const Position at = here();
  const std::string_view given = tag();
  if (given == "tag:yaml.org,2002:omap" || given == "tag:yaml.org,2002:pairs") return pairs(depth, at);
  if (!given.empty() && given != "tag:yaml.org,2002:seq") {
    return bad(at, fmt::format("the tag {} is not known for a sequence", given));
  }
  Built out{.note = {.position = at}};
  std::vector<Built> items;
  for (;;) {
    TRY(next());
    if (event_.type == YAML_SEQUENCE_END_EVENT) break;
    TRY(auto item, node(depth + 1));
    out.nodes += item.nodes;
    out.height = std::max(out.height, item.height + 1);
    items.push_back(item);
  }
  out.cell = place_list(items);
  return out;
}

/// !!omap and !!pairs: a sequence of mappings with one entry each.
Result<YamlReader::Built> YamlReader::pairs(std::size_t depth, Position at) {
  Built out{.note = {.position = at, .form = YamlForm::pair_list}, .height = 2};
  std::vector<Built> items;
  for (;;) {
    TRY(next());
    if (event_.type == YAML_SEQUENCE_END_EVENT) break;
    const Position where = here();
    if (event_.type != YAML_MAPPING_START_EVENT) return bad(where, "expected a mapping with one entry");
    TRY(next());
    if (event_.type == YAML_MAPPING_END_EVENT) return bad(where, "expected a mapping with one entry");
    std::vector<Built> two;
    for (int i = 0; i < 2; ++i) {
      TRY(auto part, node(depth + 2));
      out.nodes += part.nodes;
      out.height = std::max(out.height, part.height + 2);
      two.push_back(part);
      TRY(next());
    }
    if (event_.type != YAML_MAPPING_END_EVENT) return bad(where, "expected a mapping with one entry");
    TRY(count(1));
    items.push_back({.cell = place_list(two), .note = {.position = where}});
  }
  out.cell = place_list(items);
  return out;
}

Result<YamlReader::Built> YamlReader::mapping(std::size_t depth) {
  Built out{.note = {.position = here()}};
  const std::string_view given = tag();
  if (given == "tag:yaml.org,2002:set") {
    out.note.form = YamlForm::set;
  } else if (!given.empty() && given != "tag:yaml.org,2002:map") {
    return bad(here(), fmt::format("the tag {} is not known for a mapping", given));
  }
  std::vector<Entry> own, merged;
  for (;;) {
    TRY(next());
    if (event_.type == YAML_MAPPING_END_EVENT) break;
    const Position at = here();
    const bool plain_key = event_.type == YAML_SCALAR_EVENT && event_.data.scalar.plain_implicit != 0 && !json_;
    const auto type = plain_key ? resolve_plain(view(event_.data.scalar.value)) : ScalarTag::text;
    if (type == ScalarTag::merge) {
      TRY(next());
      const Position where = here();
      TRY(const auto from, node(depth + 1));
      TRY(auto entries, merged_entries(from, where));
      out.height = std::max(out.height, from.height + 1);
      out.nodes += from.nodes;
      std::ranges::move(entries, std::back_inserter(merged));
      continue;
    }
    Built key;
    if (type == ScalarTag::value) {
      key = {.cell = borrowed_text_node("="), .note = {.position = at}};
    } else {
      TRY(key, node(depth + 1));
    }
    const Kind kind = key.cell.kind();
    if (kind == Kind::list || kind == Kind::map) return bad(at, "a key must be a scalar");
    TRY(next());
    TRY(auto value, node(depth + 1));
    const Node typed = key.cell;
    own.push_back({.key = key_text(key), .typed = copy_nodes(*arena_, {&typed, 1}), .at = at, .value = value});
    out_.notes_[own.back().typed] = key.note;
  }
  // Merged entries come first and yield to the mapping's own ones, as in the loader's dictionary.
  std::vector<Entry> all;
  std::unordered_map<std::string, std::size_t> index;
  const auto put = [&](const Entry& e) {
    const auto [found, fresh] =
        index.try_emplace(identity({.cell = *e.typed, .note = out_.notes_[e.typed]}), all.size());
    if (fresh) {
      all.push_back(e);
    } else {
      all[found->second].value = e.value;
      all[found->second].at = e.at;
    }
    return found->second;
  };
  for (const Entry& e : merged) put(e);
  std::unordered_map<std::size_t, Position> first;  // of the mapping's own keys
  for (const Entry& e : own) {
    const auto [seen, fresh] = first.try_emplace(put(e), e.at);
    if (fresh) continue;
    const auto key = Value(&e.key, nullptr).as_string();
    if (options_.duplicate_keys_are_errors) {
      return bad(e.at,
                 fmt::format("the key '{}' stands twice in this mapping, first in line {}", key, seen->second.line));
    }
    out_.duplicate_keys_.push_back({e.at, seen->second, key});
  }
  for (const Entry& e : all) {
    out.nodes += e.value.nodes;
    out.height = std::max(out.height, e.value.height + 1);
  }
  out.cell = place_map(all);
  return out;
}

/// What `<<` brings in, in the order in which the loader's dictionary takes it: the last one of equals wins.
Result<std::vector<YamlReader::Entry>> YamlReader::merged_entries(const Built& from, Position at) {
  if (from.cell.kind() == Kind::map) {
    auto entries = entries_of(from.cell);
    TRY(count(entries.size()));
    return entries;
  }
  if (from.cell.kind() != Kind::list) return bad(at, "only a mapping or a list of mappings can be merged");
  std::vector<Entry> out;
  for (std::size_t i = from.cell.size; i > 0; --i) {  // the first mapping of the list wins
    const Node& one = from.cell.children[i - 1];
    if (one.kind() != Kind::map) return bad(at, "only a mapping or a list of mappings can be merged");
    auto entries = entries_of(one);
    TRY(count(entries.size()));
    std::ranges::move(entries, std::back_inserter(out));
  }
  return out;
}

std::vector<YamlReader::Entry> YamlReader::entries_of(const Node& map) const {
  std::vector<Entry> out;
  for (std::uint32_t i = 0; i < map.size; ++i) {
    const Node* cell = map.children + 2 * i;
    const auto& key = out_.keys_.at(cell);
    out.push_back({.key = *cell,
                   .typed = key.typed,
                   .at = key.position,
                   .value = {.cell = cell[1], .note = out_.notes_.at(cell + 1)}});
  }
  return out;
}

Node YamlReader::place_list(std::vector<Built>& items) {
  std::vector<Node> cells;
  cells.reserve(items.size());
  for (const Built& item : items) cells.push_back(item.cell);
  const Node out = list_node(*arena_, cells);
  for (std::size_t i = 0; i < items.size(); ++i) out_.notes_[out.children + i] = items[i].note;
  return out;
}

Node YamlReader::place_map(const std::vector<Entry>& entries) {
  std::vector<Node> cells;
  cells.reserve(entries.size() * 2);
  for (const Entry& e : entries) {
    cells.push_back(e.key);
    cells.push_back(e.value.cell);
  }
  const Node out = map_node(*arena_, cells);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    out_.keys_[out.children + 2 * i] = {entries[i].at, entries[i].typed};
    out_.notes_[out.children + 2 * i + 1] = entries[i].value.note;
  }
  return out;
}

/// How a key that is no text reads as one: as JSON would write it, dates without their time.
Node YamlReader::key_text(const Built& key) {
  const Value v(&key.cell, nullptr);
  switch (v.kind()) {
    case Kind::null:
      return borrowed_text_node("null");
    case Kind::boolean:
      return borrowed_text_node(v.as_bool() ? "true" : "false");
    case Kind::integer:
      return text_node(*arena_, fmt::format("{}", v.as_integer()));
    case Kind::real:
      return text_node(*arena_, python_float(v.as_real()));
    case Kind::timestamp: {
      const std::string iso = format_iso8601(v.as_time());
      return text_node(*arena_, key.note.form == YamlForm::date ? iso.substr(0, 10) : iso);
    }
    default:
      return text_node(*arena_, v.as_text());
  }
}

/// Equal for keys that are equal to Python: 1, 1.0 and true are.
std::string YamlReader::identity(const Built& key) {
  const Value v(&key.cell, nullptr);
  switch (v.kind()) {
    case Kind::null:
      return "0";
    case Kind::boolean:
      return v.as_bool() ? "n1" : "n0";
    case Kind::integer:
      return fmt::format("n{}", v.as_integer());
    case Kind::real: {
      const double x = v.as_real();
      const auto whole = v.as_integer();
      return static_cast<double>(whole) == x ? fmt::format("n{}", whole) : fmt::format("n{}", x);
    }
    case Kind::timestamp:
      return fmt::format("{}{}", static_cast<int>(key.note.form), v.as_time().us);
    case Kind::blob:
      return "b" + v.as_string();
    default:
      return "t" + v.as_string();
  }
}

}  // namespace reeve::text
