#include "aws/protocol/xml_read.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <array>

#include "aws/protocol/scalar.h"
#include "aws/protocol/tape.h"
#include "aws/protocol/xml_scanner.h"
#include "base/encoding.h"
#include "base/limits.h"

namespace reeve::aws {
namespace {

/// URI and query string are of requests alone: in an answer, such members stand in the body.
bool is_in_answer_body(const Member& member) {
  return member.location == Location::body || member.location == Location::uri ||
         member.location == Location::querystring;
}

std::string_view local_name(std::string_view name) {
  const std::size_t colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

/// Which members of a structure have been met.
class Seen {
 public:
  /// False if it was met before. Members past the last bit are never counted as met: a reader finds the first.
  bool first_time(std::size_t member) {
    if (member >= bits_.size() * 64) return true;
    std::uint64_t& word = bits_[member / 64];
    const std::uint64_t bit = std::uint64_t{1} << (member % 64);
    const bool first = (word & bit) == 0;
    word |= bit;
    return first;
  }

 private:
  std::array<std::uint64_t, 4> bits_{};
};

class Reader {
 public:
  Reader(Tape& tape, std::string_view body) : scan_(body), tape_(tape) {}

  /// The cells of the members of `shape`, not closed.
  bool document(const Shape* shape, XmlPlace place);
  /// The root element as one value.
  bool document(const Member& member);
  Error error() const { return scan_.error(); }

 private:
  /// Items of a flattened list or entries of a flattened map, met one by one among other members.
  struct Flat {
    const Member* member;
    std::vector<Node> cells;
  };
  static constexpr std::uint16_t no_guess = 0xFFFF;

  bool inside(const Shape* shape, std::string_view name, XmlPlace place);
  bool structure(const Shape& shape, std::string_view name, Keys::Id key, std::size_t depth);
  bool members(const Shape& shape, std::string_view name, Keys::Id key, std::size_t depth);
  bool attributes(const Shape& shape, Seen& seen);
  bool value(const Member& member, std::string_view name, Keys::Id key, std::size_t depth);
  bool list(const Member& item, std::string_view name, Keys::Id key, std::size_t depth);
  bool map(const Shape& shape, std::string_view name, Keys::Id key, std::size_t depth);
  bool entry(const Shape& shape, std::string_view name, std::size_t depth);
  bool flat(const Member& member, std::string_view name, std::vector<Flat>& flats, std::size_t depth);
  bool scalar(const Member& member, std::string_view name, Keys::Id key);
  bool scalar_text(const Member& member, std::string_view text, Keys::Id key);
  bool member_at(const Shape& shape, std::uint16_t& guess, std::size_t& index, std::string_view& name);

  XmlScanner scan_;
  Tape& tape_;
  std::vector<std::uint16_t> next_;  // for each member of each shape: the one that followed it last time
  std::vector<XmlScanner::Attribute> attributes_;
};

bool Reader::document(const Shape* shape, XmlPlace place) {
  std::string_view root;
  if (!scan_.root(root)) return false;
  if (shape == nullptr) return scan_.skip(root, 0) && scan_.finish();
  return inside(shape, root, place) && scan_.finish();
}

bool Reader::document(const Member& member) {
  std::string_view root;
  return scan_.root(root) && value(member, root, member.key, 1) && scan_.finish();
}

/// Reads `shape` in the element `name` or in one below, whose name was read.
bool Reader::inside(const Shape* shape, std::string_view name, XmlPlace place) {
  if (place.first.empty()) {
    if (place.second.empty()) return structure(*shape, name, Keys::none, 0);
    return inside(shape, name, {.first = place.second, .optional = place.optional});
  }
  const char* const start = scan_.position();
  bool empty = false;
  if (!scan_.open(empty)) return false;
  bool done = false;
  while (!empty) {
    bool found = false;
    std::string_view child;
    if (!scan_.child(child, found)) return false;
    if (!found) {
      if (!scan_.close(name)) return false;
      break;
    }
    if (!done && local_name(child) == place.first) {
      done = true;
      if (!inside(shape, child, {.first = place.second, .optional = place.optional})) return false;
    } else if (!scan_.skip(child, 0)) {
      return false;
    }
  }
  if (done || !place.optional) return true;
  scan_.go_to(start);
  return structure(*shape, name, Keys::none, 0);
}

/// Which member the element here is. Guesses what followed the last one before; if the guess holds, the name need not
/// be looked for. Gives the number of members for an element that the shape does not know.
bool Reader::member_at(const Shape& shape, std::uint16_t& guess, std::size_t& index, std::string_view& name) {
  if (guess < shape.members.size()) {
    const Member& guessed = shape.members[guess];
    if (scan_.skip_if(guessed.xml_name)) [[likely]] {
      name = guessed.xml_name;
      index = guess;
      return true;
    }
  }
  if (!scan_.read_name(name)) return false;
  const std::size_t count = shape.members.size();
  for (int pass = 0; pass < 2; ++pass) {
    const std::string_view wanted = pass == 0 ? name : local_name(name);
    for (index = 0; index < count; ++index) {
      const Member& m = shape.members[index];
      // Models differ in whether a flattened list goes by its own name or by its items': both are read.
      if ((m.xml_name == wanted || (m.flattened && m.name == wanted)) && !m.xml_attribute && is_in_answer_body(m)) {
        if (index < no_guess) guess = static_cast<std::uint16_t>(index);
        return true;
      }
    }
    if (name.find(':') == std::string_view::npos) break;
  }
  return true;
}

bool Reader::structure(const Shape& shape, std::string_view name, Keys::Id key, std::size_t depth) {
  if (depth > limits::document_depth) return scan_.fail_with("it nests too deeply");
  return members(shape, name, key, depth);
}

bool Reader::members(const Shape& shape, std::string_view name, Keys::Id key, std::size_t depth) {
  const std::size_t mark = tape_.mark();
  const std::size_t count = shape.members.size();
  if (shape.ordinal + count >= next_.size()) next_.resize(shape.ordinal + count + 64, no_guess);
  Seen seen;
  std::vector<Flat> flats;
  std::string_view unknown;  // of a union
  bool empty = false;
  if (scan_.position()[0] != '>') {
    attributes_.clear();
    if (!scan_.open(empty, attributes_) || !attributes(shape, seen)) return false;
  } else if (!scan_.open(empty)) {
    return false;
  }
  std::size_t slot = shape.ordinal + count;  // what came first last time
  while (!empty) {
    bool found = false;
    if (!scan_.to_child(found)) return false;
    if (!found) {
      if (!scan_.close(name)) return false;
      break;
    }
    std::uint16_t& guess = next_[slot];
    std::size_t index = 0;
    std::string_view child;
    if (!member_at(shape, guess, index, child)) return false;
    if (index >= count) {
      if (shape.union_type) unknown = child;
      if (!scan_.skip(child, depth + 1)) return false;
      continue;
    }
    slot = shape.ordinal + index;
    const Member& member = shape.members[index];
    const bool is_flat = member.flattened && member.shape != nullptr &&
                         (member.shape->type == ShapeType::list || member.shape->type == ShapeType::map);
    if (is_flat) {
      if (!flat(member, child, flats, depth)) return false;
    } else if (member.shape == nullptr || !seen.first_time(index)) {
      if (!scan_.skip(child, depth + 1)) return false;
    } else if (!value(member, child, member.key, depth + 1)) {
      return false;
    }
  }
  for (const Flat& f : flats) {
    const std::size_t first = tape_.mark();
    for (const Node& cell : f.cells) tape_.push(cell);
    const bool is_map = f.member->shape->type == ShapeType::map;
    tape_.close(first, is_map ? Kind::map : Kind::list, f.member->key, is_map);
  }
  if (depth == 0) return true;  // the root's cells are the caller's to close
  const bool other = !unknown.empty() && tape_.mark() == mark;
  if (other) put_unknown_union_member(tape_, local_name(unknown));
  tape_.close(mark, Kind::map, key, other);
  return true;
}

bool Reader::attributes(const Shape& shape, Seen& seen) {
  for (const XmlScanner::Attribute& attribute : attributes_) {
    if (attribute.name.starts_with("xmlns")) continue;
    for (std::size_t i = 0; i < shape.members.size(); ++i) {
      const Member& member = shape.members[i];
      if (!member.xml_attribute || member.shape == nullptr) continue;
      if (member.xml_name != attribute.name && local_name(member.xml_name) != attribute.name) continue;
      if (!seen.first_time(i)) continue;
      std::string replaced;
      if (!scan_.replace_entities(attribute.value, replaced)) return false;
      if (!scalar_text(member, replaced, member.key)) return false;
    }
  }
  return true;
}

bool Reader::value(const Member& member, std::string_view name, Keys::Id key, std::size_t depth) {
  const Shape& shape = *member.shape;
  switch (shape.type) {
    case ShapeType::structure:
      return structure(shape, name, key, depth);
    case ShapeType::list:
      return list(shape.item, name, key, depth);
    case ShapeType::map:
      return map(shape, name, key, depth);
    default:
      return scalar(member, name, key);
  }
}

bool Reader::list(const Member& item, std::string_view name, Keys::Id key, std::size_t depth) {
  if (depth > limits::document_depth) return scan_.fail_with("it nests too deeply");
  const std::size_t mark = tape_.mark();
  bool empty = false;
  if (!scan_.open(empty)) return false;
  while (!empty) {
    bool found = false;
    std::string_view child;
    if (!scan_.child(child, found)) return false;
    if (!found) {
      if (!scan_.close(name)) return false;
      break;
    }
    if (item.shape == nullptr) {
      if (!scan_.skip(child, depth + 1)) return false;
      continue;
    }
    const std::size_t before = tape_.mark();
    if (!value(item, child, Keys::none, depth + 1)) return false;
    if (tape_.mark() == before) tape_.push(Kind::null, Keys::none);  // a list's items keep their places
  }
  tape_.close(mark, Kind::list, key);
  return true;
}

bool Reader::map(const Shape& shape, std::string_view name, Keys::Id key, std::size_t depth) {
  if (depth > limits::document_depth) return scan_.fail_with("it nests too deeply");
  const std::size_t mark = tape_.mark();
  bool empty = false;
  if (!scan_.open(empty)) return false;
  while (!empty) {
    bool found = false;
    std::string_view child;
    if (!scan_.child(child, found)) return false;
    if (!found) {
      if (!scan_.close(name)) return false;
      break;
    }
    if (!entry(shape, child, depth + 1)) return false;
  }
  tape_.close(mark, Kind::map, key, true);
  return true;
}

/// One entry of a map, whose element's name was read: a text and a value on the stack, or nothing.
bool Reader::entry(const Shape& shape, std::string_view name, std::size_t depth) {
  const std::string_view key_name = shape.map_key.location_name.empty() ? "key" : shape.map_key.location_name;
  const std::string_view value_name = shape.map_value.location_name.empty() ? "value" : shape.map_value.location_name;
  const std::size_t mark = tape_.mark();
  Node entry_key, entry_value;
  bool has_key = false, has_value = false, empty = false;
  if (!scan_.open(empty)) return false;
  while (!empty) {
    bool found = false;
    std::string_view child;
    if (!scan_.child(child, found)) return false;
    if (!found) {
      if (!scan_.close(name)) return false;
      break;
    }
    const std::string_view local = local_name(child);
    if (local == key_name && !has_key) {
      bool no_text = false;
      std::string_view text;
      if (!scan_.open(no_text)) return false;
      if (!no_text && (!scan_.text(text) || !scan_.close(child))) return false;
      tape_.text(Keys::none, text);
      entry_key = tape_.pop();
      has_key = true;
    } else if (local == value_name && !has_value && shape.map_value.shape != nullptr) {
      if (!value(shape.map_value, child, Keys::none, depth + 1)) return false;
      if (tape_.mark() > mark) {
        entry_value = tape_.pop();
        has_value = true;
      }
    } else if (!scan_.skip(child, depth + 1)) {
      return false;
    }
  }
  if (!has_key) return true;
  tape_.push(entry_key);
  tape_.push(entry_value);
  return true;
}

bool Reader::flat(const Member& member, std::string_view name, std::vector<Flat>& flats, std::size_t depth) {
  Flat* into = nullptr;
  for (Flat& f : flats) {
    if (f.member == &member) into = &f;
  }
  if (into == nullptr) into = &flats.emplace_back(Flat{&member, {}});
  const std::size_t mark = tape_.mark();
  const Shape& shape = *member.shape;
  if (shape.type == ShapeType::map) {
    if (!entry(shape, name, depth + 1)) return false;
  } else if (shape.item.shape == nullptr) {
    return scan_.skip(name, depth + 1);
  } else {
    if (!value(shape.item, name, Keys::none, depth + 1)) return false;
    if (tape_.mark() == mark) tape_.push(Kind::null, Keys::none);
  }
  const std::size_t cells = tape_.mark() - mark;
  into->cells.resize(into->cells.size() + cells);
  for (std::size_t i = 0; i < cells; ++i) into->cells[into->cells.size() - 1 - i] = tape_.pop();
  return true;
}

bool Reader::scalar(const Member& member, std::string_view name, Keys::Id key) {
  bool empty = false;
  if (!scan_.open(empty)) return false;
  std::string_view text;
  if (!empty && !scan_.text(text)) return false;
  if (!scalar_text(member, text, key)) return false;
  return empty || scan_.close(name);
}

bool Reader::scalar_text(const Member& member, std::string_view text, Keys::Id key) {
  const ShapeType type = member.shape->type;
  if (type == ShapeType::string) {
    tape_.text(key, text);
    return true;
  }
  if (type == ShapeType::blob) {
    const auto bytes = decode_base64(trimmed(text));
    if (!bytes) return scan_.fail_with("bytes that are not base64");
    tape_.text(key, *bytes, Kind::blob);
    return true;
  }
  if (text.empty() || trimmed(text).empty()) return true;
  switch (type) {
    case ShapeType::boolean: {
      const auto flag = parse_boolean(text);
      if (!flag) return scan_.fail_with("a boolean that is neither true nor false");
      tape_.push(Kind::boolean, key).boolean = *flag;
      return true;
    }
    case ShapeType::integer:
    case ShapeType::long_integer: {
      const auto number = parse_integer(text);
      if (!number) return scan_.fail_with("an integer that is none");
      tape_.push(Kind::integer, key).integer = *number;
      return true;
    }
    case ShapeType::float_number:
    case ShapeType::double_number: {
      const auto number = parse_real(text);
      if (!number) return scan_.fail_with("a number that is none");
      tape_.push(Kind::real, key).real = *number;
      return true;
    }
    case ShapeType::timestamp: {
      const auto time = parse_time(text);
      if (!time) return tape_.unreadable_time(key, text), true;
      tape_.push(Kind::timestamp, key).integer = time->us;
      return true;
    }
    default:
      return scan_.fail_with("a list or structure in an attribute");
  }
}

bool tree(XmlScanner& scan, std::string_view name, Builder& b, std::size_t depth) {
  if (depth > limits::document_depth) return scan.fail_with("it nests too deeply");
  bool empty = false;
  if (!scan.open(empty)) return false;
  const char* const start = scan.position();
  std::string_view text;
  if (empty) return b.add(text), true;
  bool found = false;
  if (!scan.to_child(found)) return false;
  if (!found) {
    scan.go_to(start);
    if (!scan.text(text)) return false;
    b.add(text);
    return scan.close(name);
  }
  scan.go_to(start);
  b.begin_map();
  for (;;) {
    std::string_view child;
    if (!scan.child(child, found)) return false;
    if (!found) break;
    b.key(local_name(child));
    if (!tree(scan, child, b, depth + 1)) return false;
  }
  b.end();
  return scan.close(name);
}

Result<void> check(std::string_view body) {
  if (body.size() > limits::response_body_bytes) return fail(Code::limit_exceeded, "the answer is too large");
  if (!simdjson::validate_utf8(body.data(), body.size())) {
    return fail(Code::malformed, "the answer is not UTF-8");
  }
  return {};
}

}  // namespace

Result<Document> read_xml(std::string_view body, const Shape* shape, const std::shared_ptr<Keys>& keys,
                          XmlPlace place) {
  TRY(check(body));
  Tape tape(body.size());
  Reader reader(tape, body);
  if (!reader.document(shape, place)) return fail(reader.error());
  tape.close(0, Kind::map, Keys::none);
  return tape.finish(keys);
}

Result<void> read_xml_members(Tape& tape, std::string_view body, const Shape& shape, XmlPlace place) {
  if (trimmed(body).empty()) return {};
  TRY(check(body));
  Reader reader(tape, body);
  if (!reader.document(&shape, place)) return fail(reader.error());
  return {};
}

Result<void> read_xml_value(Tape& tape, std::string_view body, const Member& member) {
  if (trimmed(body).empty()) return {};
  TRY(check(body));
  Reader reader(tape, body);
  if (!reader.document(member)) return fail(reader.error());
  return {};
}

const EventPayloadReader xml_events = {
    .members = [](Tape& tape, std::string_view text,
                  const Shape& shape) { return read_xml_members(tape, text, shape, {}); },
    .value = read_xml_value};

std::string_view xml_root_name(std::string_view body) {
  XmlScanner scan(body);
  std::string_view name;
  return scan.root(name) ? local_name(name) : std::string_view{};
}

Result<Document> read_xml_tree(std::string_view body) {
  TRY(check(body));
  std::string padded(body);  // what the scanner may look at behind it; error documents are short
  padded.append(64, '\0');
  XmlScanner scan({padded.data(), body.size()});
  Builder b;
  b.begin_map();
  std::string_view root;
  if (!scan.root(root)) return fail(scan.error());
  b.key(local_name(root));
  if (!tree(scan, root, b, 0) || !scan.finish()) return fail(scan.error());
  b.end();
  return b.finish();
}

}  // namespace reeve::aws
