#include <fmt/format.h>
#include <simdjson.h>

#include <array>
#include <cmath>

#include "aws/protocol/json_body.h"
#include "aws/protocol/json_scanner.h"
#include "aws/protocol/scalar.h"
#include "base/encoding.h"
#include "base/limits.h"

namespace reeve::aws {
namespace {

std::string_view name_of(const Member& member) {
  return member.location_name.empty() ? std::string_view(member.name) : member.location_name;
}

/// Writes what the scanner finds straight to where the model wants it. Functions give false where it is malformed.
class Reader {
 public:
  Reader(Tape& tape, std::string_view text) : tape_(tape), json_(text) {}

  /// An object's members that `shape` knows. `unknown` (may be null) gets the name of the first one, not null, that it
  /// does not know.
  bool members(const Shape& shape, std::size_t depth, std::string* unknown = nullptr) {
    const std::size_t mark = tape_.mark();
    const void* last = &shape;  // the member before, or the shape at its first
    if (!json_.open('{')) return false;
    for (bool more = json_.first('}'); more; more = json_.next('}')) {
      std::string_view name;
      const Member* const member = key(shape, last, name);
      if (json_.failed()) return false;
      if (json_.peek() == 'n') {
        if (!json_.null()) return false;
        continue;
      }
      if (member != nullptr && member->location == Location::body && member->shape != nullptr &&
          !tape_.has_key(mark, member->key)) {
        if (!read(*member, member->key, depth)) return false;
        continue;
      }
      if (member == nullptr && unknown != nullptr && unknown->empty() && name != "__type") *unknown = name;
      if (!json_.skip(depth)) return false;
    }
    return !json_.failed();
  }

  bool read(const Member& member, Keys::Id key, std::size_t depth) {
    if (depth > limits::document_depth) return json_.fail(JsonScanner::nests_too_deeply);
    const Shape& shape = *member.shape;
    const char c = json_.peek();
    if (shape.document || c == 'n') return any(key, depth);
    const std::size_t mark = tape_.mark();
    switch (shape.type) {
      case ShapeType::structure: {
        if (c != '{') return wrong(member, "an object");
        std::string unknown;
        if (!members(shape, depth + 1, shape.union_type ? &unknown : nullptr)) return false;
        const bool other = !unknown.empty() && tape_.mark() == mark;  // a union's member that the shape does not know
        if (other) put_unknown_union_member(tape_, unknown);
        tape_.close(mark, Kind::map, key, other);
        return true;
      }
      case ShapeType::list:
        if (c != '[' || !json_.open('[')) return wrong(member, "an array");
        for (bool more = json_.first(']'); more; more = json_.next(']')) {
          if (!(shape.item.shape == nullptr ? json_.skip(depth + 1) : read(shape.item, Keys::none, depth + 1))) {
            return false;
          }
        }
        tape_.close(mark, Kind::list, key);
        return !json_.failed();
      case ShapeType::map:
        if (c != '{') return wrong(member, "an object");
        return map(&shape.map_value, key, depth);
      case ShapeType::string:
        if (c != '"') return any(key, depth);  // models err; what AWS sent is still of use
        return text(key);
      case ShapeType::boolean: {
        bool value = false;
        if ((c != 't' && c != 'f') || !json_.boolean(value)) return wrong(member, "true or false");
        tape_.push(Kind::boolean, key).boolean = value;
        return true;
      }
      default:
        return c == '"' ? quoted(member, key) : number(member, key);
    }
  }

  bool finish() { return json_.finish(); }
  Error error() && {
    if (!wrong_.empty()) return {Code::malformed, "malformed JSON: " + wrong_};
    return {json_.past_limit() ? Code::limit_exceeded : Code::malformed, "malformed JSON: " + json_.error()};
  }

 private:
  bool wrong(const Member& member, std::string_view expected) {
    wrong_ = fmt::format("{} is not {}", member.name, expected);
    return false;
  }

  /// Passes a key and its colon; the member of this name, or nullptr and then the name. What followed on a member the
  /// last time, with this first letter, is looked at first: records of one kind have their members in one order.
  const Member* key(const Shape& shape, const void*& last, std::string_view& name) {
    auto& seen = followed_[slot(last, json_.first_of_text())];
    for (const Followed& one : seen) {
      if (one.last != last || !json_.skip_key(one.key)) continue;
      last = one.next;
      return one.next;
    }
    if (json_.failed() || !json_.key(name)) return nullptr;
    const Member* const found = member_named(shape, name);
    if (found == nullptr) return nullptr;
    seen.back() = seen.front();
    seen.front() = {.last = last, .next = found, .key = JsonScanner::Key(name_of(*found))};
    last = found;
    return found;
  }

  static const Member* member_named(const Shape& shape, std::string_view name) {
    if (name.empty()) return nullptr;
    for (const Member& member : shape.members) {
      const std::string_view own = name_of(member);
      if (own.size() != name.size() || own.front() != name.front()) continue;
      if (own.size() == 1 || own == name) return &member;
    }
    return nullptr;
  }

  bool text(Keys::Id key) {
    std::string_view text;
    if (!json_.text(text)) return false;
    tape_.text(key, text);
    return true;
  }

  /// A map, whose values are by `item`; nullptr: values without a model.
  bool map(const Member* item, Keys::Id key, std::size_t depth) {
    const std::size_t mark = tape_.mark();
    if (!json_.open('{')) return false;
    for (bool more = json_.first('}'); more; more = json_.next('}')) {
      std::string_view name;
      if (!json_.key(name)) return false;
      if (item == nullptr) {
        tape_.text(Keys::none, name);
        if (!any(Keys::none, depth + 1)) return false;
        continue;
      }
      // Dense maps have no nulls, and models do not say which are sparse; a reader sees null either way.
      if (item->shape == nullptr || json_.peek() == 'n') {
        if (!json_.skip(depth + 1)) return false;
        continue;
      }
      tape_.text(Keys::none, name);
      if (!read(*item, Keys::none, depth + 1)) return false;
    }
    tape_.close(mark, Kind::map, key, true);
    return !json_.failed();
  }

  /// A string where the model has neither a string nor a boolean.
  bool quoted(const Member& member, Keys::Id key) {
    std::string_view text;
    if (!json_.text(text)) return false;
    switch (member.shape->type) {
      case ShapeType::blob: {
        const auto bytes = decode_base64(text);
        if (!bytes) return wrong(member, "base64");
        tape_.text(key, *bytes, Kind::blob);
        return true;
      }
      case ShapeType::timestamp: {
        const auto time = parse_time(text);
        if (!time) return tape_.unreadable_time(key, text), true;
        tape_.push(Kind::timestamp, key).integer = time->us;
        return true;
      }
      case ShapeType::float_number:
      case ShapeType::double_number: {
        const auto number = parse_real(text);
        if (!number) return wrong(member, "a number");
        tape_.push(Kind::real, key).real = *number;
        return true;
      }
      default:
        return wrong(member, "an integer");
    }
  }

  bool number(const Member& member, Keys::Id key) {
    JsonScanner::Number number;
    const char c = json_.peek();
    const bool is_number = (c >= '0' && c <= '9') || c == '-';
    if (is_number && !json_.number(number)) return false;
    switch (member.shape->type) {
      case ShapeType::blob:
        return wrong(member, "base64");
      case ShapeType::timestamp: {
        constexpr double last_second = 9.2e12;
        if (!is_number || !(std::abs(number.real) < last_second)) return wrong(member, "a time");
        tape_.push(Kind::timestamp, key).integer =
            number.whole ? number.integer * 1'000'000 : std::llround(number.real * 1e6);
        return true;
      }
      case ShapeType::float_number:
      case ShapeType::double_number:
        if (!is_number) return wrong(member, "a number");
        tape_.push(Kind::real, key).real = number.real;
        return true;
      default: {
        constexpr double surely_whole = 9e15;  // a whole number may be written as a real one
        const bool whole =
            number.whole || (std::abs(number.real) < surely_whole && number.real == std::floor(number.real));
        if (!is_number || !whole) return wrong(member, "an integer");
        tape_.push(Kind::integer, key).integer = number.whole ? number.integer : static_cast<std::int64_t>(number.real);
        return true;
      }
    }
  }

  /// A value without a model, for members of document type; or a null.
  bool any(Keys::Id key, std::size_t depth) {
    if (depth > limits::document_depth) return json_.fail(JsonScanner::nests_too_deeply);
    const std::size_t mark = tape_.mark();
    switch (json_.peek()) {
      case '[':
        if (!json_.open('[')) return false;
        for (bool more = json_.first(']'); more; more = json_.next(']')) {
          if (!any(Keys::none, depth + 1)) return false;
        }
        tape_.close(mark, Kind::list, key);
        return !json_.failed();
      case '{':
        return map(nullptr, key, depth);
      case '"':
        return text(key);
      case 't':
      case 'f': {
        bool value = false;
        if (!json_.boolean(value)) return false;
        tape_.push(Kind::boolean, key).boolean = value;
        return true;
      }
      case 'n':
        if (!json_.null()) return false;
        tape_.push(Kind::null, key);
        return true;
      default: {
        JsonScanner::Number number;
        if (!json_.number(number)) return false;
        if (number.whole) {
          tape_.push(Kind::integer, key).integer = number.integer;
        } else {
          tape_.push(Kind::real, key).real = number.real;
        }
        return true;
      }
    }
  }

  static std::size_t slot(const void* last, char letter) {
    constexpr std::uint64_t golden = 0x9E3779B97F4A7C15;
    return ((reinterpret_cast<std::uintptr_t>(last) + static_cast<unsigned char>(letter)) * golden) >> (64 - slot_bits);
  }

  struct Followed {
    const void* last = nullptr;
    const Member* next = nullptr;
    JsonScanner::Key key = {};
  };
  static constexpr int slot_bits = 5;
  Tape& tape_;
  JsonScanner json_;
  std::string wrong_;  // by the model
  std::array<std::array<Followed, 2>, 1U << slot_bits> followed_{};
};

/// What holds for every text. False: there is nothing in it, or null. Errors: malformed, limit_exceeded.
Result<bool> check(std::string_view text) {
  if (text.size() > limits::response_body_bytes) return fail(Code::limit_exceeded, "the JSON is too large");
  const std::string_view whole = trimmed(text);
  if (whole.empty() || whole == "null") return false;
  if (!simdjson::validate_utf8(text.data(), text.size())) {
    return fail(Code::malformed, "malformed JSON: it is not UTF-8");
  }
  return true;
}

}  // namespace

Result<void> read_json_members(Tape& tape, std::string_view text, const Shape& shape) {
  TRY(const bool something, check(text));
  if (!something) return {};
  Reader reader(tape, text);
  if (!reader.members(shape, 0) || !reader.finish()) return fail(std::move(reader).error());
  return {};
}

const EventPayloadReader json_events = {.members = read_json_members,
                                        .value = [](Tape& tape, std::string_view text, const Member& member) {
                                          return read_json_value(tape, text, member, member.key);
                                        }};

Result<void> read_json_value(Tape& tape, std::string_view text, const Member& member, Keys::Id key) {
  TRY(const bool something, check(text));
  if (!something) return {};
  Reader reader(tape, text);
  if (!reader.read(member, key, 0) || !reader.finish()) return fail(std::move(reader).error());
  return {};
}

}  // namespace reeve::aws
