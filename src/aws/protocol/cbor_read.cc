#include <fmt/format.h>
#include <simdjson.h>

#include <bit>
#include <cmath>

#include "aws/protocol/cbor.h"
#include "aws/protocol/cbor_body.h"
#include "aws/protocol/scalar.h"
#include "base/limits.h"

namespace reeve::aws {
namespace {

using cbor::Major;

/// The start of an item.
struct Head {
  Major major = Major::simple;
  unsigned char first = 0;
  bool indefinite = false;
  std::uint64_t count = 0;  ///< a number, or how many bytes, items or pairs; of simple values, the bits of a real
};

/// What reading an item's children needs to know of its end.
struct Children {
  bool indefinite;
  std::uint64_t left;
};

class Reader {
 public:
  Reader(Tape& tape, std::string_view body) : tape_(tape), at_(body.data()), end_(body.data() + body.size()) {}

  bool document(const Shape& shape) {
    Head head;
    if (!read_head(head)) return false;
    if (head.first == cbor::null || head.first == cbor::undefined) return finish();
    if (head.major != Major::map) return wrong("a map was expected");
    return members(head, shape, 0) && finish();
  }

  bool document(const Member& member) { return at_ == end_ || (value(member, member.key, 0) && finish()); }

  /// Goes through the outermost map for one text.
  bool find_text(std::string_view name, std::string& out) {
    Head head;
    if (!read_head(head) || head.major != Major::map) return false;
    Children children{head.indefinite, head.count};
    std::string_view key;
    for (bool more = false; next(children, more) && more;) {
      if (!key_text(key)) return false;
      Head item;
      if (!read_head(item)) return false;
      if (key == name && item.major == Major::text) {
        std::string_view text;
        if (!string(item, text)) return false;
        out = text;
        return true;
      }
      if (!skip(item, 0)) return false;
    }
    return false;
  }

  Error error() const {
    const Code code = too_deep_ ? Code::limit_exceeded : Code::malformed;
    return {.code = code, .message = fmt::format("malformed CBOR: {}", what_)};
  }

 private:
  bool wrong(std::string_view what) {
    what_ = what;
    return false;
  }
  bool finish() { return at_ == end_ || wrong("something follows the value"); }
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }

  bool read_head(Head& head) {
    if (at_ == end_) [[unlikely]]
      return wrong("it ends too early");
    head.first = static_cast<unsigned char>(*at_++);
    head.major = static_cast<Major>(head.first >> 5);
    const unsigned low = head.first & 31U;
    head.indefinite = false;
    head.count = low;
    if (low < cbor::one_byte) [[likely]]
      return true;
    return read_count(head, low);
  }

  bool read_count(Head& head, unsigned low) {
    if (low == cbor::indefinite) {
      head.indefinite = true;
      const bool may = head.major >= Major::bytes && head.major != Major::tag;
      return may || wrong("a number of indefinite length");
    }
    if (low > cbor::one_byte + 3) return wrong("a reserved first byte");
    const std::size_t width = std::size_t{1} << (low - cbor::one_byte);
    if (left() < width) return wrong("it ends too early");
    head.count = 0;
    for (std::size_t i = 0; i < width; ++i) head.count = head.count << 8 | static_cast<unsigned char>(at_[i]);
    at_ += width;
    return true;
  }

  /// Whether there is another child. False: malformed.
  bool next(Children& children, bool& more) {
    if (!children.indefinite) {
      more = children.left > 0;
      children.left -= more ? 1 : 0;
      return true;
    }
    if (at_ == end_) return wrong("it ends too early");
    more = static_cast<unsigned char>(*at_) != cbor::stop;
    at_ += more ? 0 : 1;
    return true;
  }

  /// The bytes of a string, in one piece; in a buffer if they came in several.
  bool string(const Head& head, std::string_view& out) {
    if (!head.indefinite) {
      if (head.count > left()) return wrong("a string that ends too early");
      out = {at_, static_cast<std::size_t>(head.count)};
      at_ += head.count;
      return true;
    }
    buffer_.clear();
    Children children{true, 0};
    for (bool more = false;;) {
      if (!next(children, more)) return false;
      if (!more) break;
      Head part;
      std::string_view text;
      if (!read_head(part)) return false;
      if (part.major != head.major || part.indefinite) return wrong("a piece of a string that is none");
      if (!string(part, text)) return false;
      buffer_ += text;
    }
    out = buffer_;
    return true;
  }

  /// Most texts are short and ASCII: a loop of our own is quicker there than the call.
  static bool is_utf8(std::string_view text) {
    constexpr std::size_t long_text = 64;
    if (text.size() > long_text) return simdjson::validate_utf8(text.data(), text.size());
    unsigned char bits = 0;
    for (const char c : text) bits |= static_cast<unsigned char>(c);
    return bits < 0x80 || simdjson::validate_utf8(text.data(), text.size());
  }

  bool text_of(const Head& head, std::string_view& out) {
    return string(head, out) && (is_utf8(out) || wrong("a text that is not UTF-8"));
  }

  bool key_text(std::string_view& out) {
    Head head;
    if (!read_head(head)) return false;
    return head.major == Major::text ? text_of(head, out) : wrong("a key that is no text");
  }

  bool deeper(std::size_t depth) {
    if (depth <= limits::document_depth) return true;
    too_deep_ = true;
    return wrong("it nests too deeply");
  }

  bool skip(const Head& head, std::size_t depth) {
    if (!deeper(depth)) return false;
    switch (head.major) {
      case Major::bytes:
      case Major::text: {
        std::string_view unused;
        return string(head, unused);
      }
      case Major::array:
      case Major::map: {
        Children children{head.indefinite, head.count};
        for (bool more = false;;) {
          if (!next(children, more)) return false;
          if (!more) return true;
          for (int part = head.major == Major::map ? 2 : 1; part > 0; --part) {
            Head child;
            if (!read_head(child) || !skip(child, depth + 1)) return false;
          }
        }
      }
      case Major::tag: {
        Head child;
        return read_head(child) && skip(child, depth + 1);
      }
      default:
        return head.first != cbor::stop || wrong("a break outside of anything");
    }
  }

  bool members(const Head& head, const Shape& shape, std::size_t depth) {
    const std::size_t mark = tape_.mark(), count = shape.members.size();
    Children children{head.indefinite, head.count};
    std::size_t guess = 0;
    std::string_view unknown, name;
    for (bool more = false;;) {
      if (!next(children, more)) return false;
      if (!more) break;
      if (!key_text(name)) return false;
      std::size_t tried = 0;  // members mostly come in the order of last time, which is the model's or nearly
      while (tried < count && shape.members[guess].name != name) guess = guess + 1 == count ? 0 : guess + 1, ++tried;
      const bool known = tried < count;
      const Member* member = known ? &shape.members[guess] : nullptr;
      guess = guess + 1 < count ? guess + 1 : 0;
      if (known && member->shape != nullptr && !tape_.has_key(mark, member->key)) {
        const std::size_t before = tape_.mark();
        if (!value(*member, member->key, depth + 1)) return false;
        if (tape_.mark() > before && tape_.top().kind() == Kind::null) tape_.truncate(before);
      } else {
        if (shape.union_type && name != "__type") unknown = name;
        Head item;
        if (!read_head(item) || !skip(item, depth + 1)) return false;
      }
    }
    if (depth == 0) return true;  // the outermost cells are the caller's to close
    const bool other = !unknown.empty() && tape_.mark() == mark;
    if (other) put_unknown_union_member(tape_, unknown);
    spelled_ = other;
    return true;
  }

  bool value(const Member& member, Keys::Id key, std::size_t depth) {
    if (!deeper(depth)) return false;
    Head head;
    if (!read_head(head)) return false;
    if (head.first == cbor::null || head.first == cbor::undefined) return tape_.push(Kind::null, key), true;
    const Shape& shape = *member.shape;
    if (shape.document) return any(head, key, depth);
    const std::size_t mark = tape_.mark();
    switch (shape.type) {
      case ShapeType::structure:
        if (head.major != Major::map) return wrong_type(member, "a map");
        if (!members(head, shape, depth + 1)) return false;
        tape_.close(mark, Kind::map, key, std::exchange(spelled_, false));
        return true;
      case ShapeType::list: {
        if (head.major != Major::array) return wrong_type(member, "an array");
        Children children{head.indefinite, head.count};
        for (bool more = false;;) {
          if (!next(children, more)) return false;
          if (!more) break;
          if (shape.item.shape == nullptr) return wrong_type(member, "an array that the model describes");
          if (!value(shape.item, Keys::none, depth + 1)) return false;
        }
        tape_.close(mark, Kind::list, key);
        return true;
      }
      case ShapeType::map: {
        if (head.major != Major::map) return wrong_type(member, "a map");
        Children children{head.indefinite, head.count};
        std::string_view name;
        for (bool more = false;;) {
          if (!next(children, more)) return false;
          if (!more) break;
          if (shape.map_value.shape == nullptr) return wrong_type(member, "a map that the model describes");
          if (!key_text(name)) return false;
          const std::size_t before = tape_.mark();
          tape_.text(Keys::none, name);
          if (!value(shape.map_value, Keys::none, depth + 1)) return false;
          if (tape_.top().kind() == Kind::null) tape_.truncate(before);  // as in json_read.cc
        }
        tape_.close(mark, Kind::map, key, true);
        return true;
      }
      default:
        return scalar(head, member, key, depth);
    }
  }

  bool wrong_type(const Member& member, std::string_view expected) {
    return wrong(fmt::format("{} is not {}", member.name, expected));
  }

  static std::optional<std::int64_t> integer(const Head& head) {
    if (head.count > INT64_MAX) return std::nullopt;
    const auto count = static_cast<std::int64_t>(head.count);
    if (head.major == Major::positive) return count;
    if (head.major == Major::negative) return -1 - count;
    return std::nullopt;
  }

  static std::optional<double> real(const Head& head) {
    switch (head.first) {
      case cbor::float16:
        return half(static_cast<std::uint16_t>(head.count));
      case cbor::float32:
        return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(head.count)));
      case cbor::float64:
        return std::bit_cast<double>(head.count);
      default:
        break;
    }
    if (head.major == Major::positive) return static_cast<double>(head.count);
    if (head.major == Major::negative) return -1.0 - static_cast<double>(head.count);
    return std::nullopt;
  }

  /// A real of 16 bits (RFC 8949, appendix D).
  static double half(std::uint16_t bits) {
    const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
    double value = 0;
    if (exponent == 0) {
      value = std::ldexp(mantissa, -24);
    } else if (exponent != 31) {
      value = std::ldexp(mantissa + 1024, exponent - 25);
    } else {
      value = mantissa == 0 ? INFINITY : NAN;
    }
    return (bits & 0x8000) != 0 ? -value : value;
  }

  std::optional<Time> time(const Head& head) {
    if (head.major != Major::tag || head.count != cbor::epoch_time) return std::nullopt;
    Head inner;
    if (!read_head(inner)) return std::nullopt;
    constexpr double last_second = 9.2e12;  // microseconds of an int64 end there
    const auto seconds = real(inner);
    if (!seconds || !(std::abs(*seconds) < last_second)) return std::nullopt;
    if (const auto whole = integer(inner)) return Time{*whole * 1'000'000};
    return Time{std::llround(*seconds * 1e6)};
  }

  bool scalar(const Head& head, const Member& member, Keys::Id key, std::size_t depth) {
    switch (member.shape->type) {
      case ShapeType::string: {
        if (head.major != Major::text) return any(head, key, depth);  // models err; what AWS sent is still of use
        std::string_view text;
        if (!text_of(head, text)) return false;
        tape_.text(key, text);
        return true;
      }
      case ShapeType::blob: {
        std::string_view bytes;
        if (head.major != Major::bytes) return wrong_type(member, "a byte string");
        if (!string(head, bytes)) return false;
        tape_.text(key, bytes, Kind::blob);
        return true;
      }
      case ShapeType::boolean:
        if (head.first != cbor::yes && head.first != cbor::no) return wrong_type(member, "true or false");
        tape_.push(Kind::boolean, key).boolean = head.first == cbor::yes;
        return true;
      case ShapeType::timestamp: {
        const auto moment = time(head);
        if (!moment) return wrong_type(member, "a time");
        tape_.push(Kind::timestamp, key).integer = moment->us;
        return true;
      }
      case ShapeType::float_number:
      case ShapeType::double_number: {
        const auto number = real(head);
        if (!number) return wrong_type(member, "a number");
        tape_.push(Kind::real, key).real = *number;
        return true;
      }
      default: {
        auto number = integer(head);
        const auto rounded = real(head);
        if (!number && rounded && std::abs(*rounded) < 9e15 && *rounded == std::floor(*rounded)) {
          number = static_cast<std::int64_t>(*rounded);
        }
        if (!number) return wrong_type(member, "an integer");
        tape_.push(Kind::integer, key).integer = *number;
        return true;
      }
    }
  }

  /// A value without a model.
  bool any(const Head& head, Keys::Id key, std::size_t depth) {
    if (!deeper(depth)) return false;
    const std::size_t mark = tape_.mark();
    switch (head.major) {
      case Major::bytes:
      case Major::text: {
        std::string_view text;
        if (!(head.major == Major::text ? text_of(head, text) : string(head, text))) return false;
        tape_.text(key, text, head.major == Major::text ? Kind::text : Kind::blob);
        return true;
      }
      case Major::array:
      case Major::map: {
        Children children{head.indefinite, head.count};
        std::string_view name;
        for (bool more = false;;) {
          if (!next(children, more)) return false;
          if (!more) break;
          if (head.major == Major::map) {
            if (!key_text(name)) return false;
            tape_.text(Keys::none, name);
          }
          Head child;
          if (!read_head(child) || !any(child, Keys::none, depth + 1)) return false;
        }
        tape_.close(mark, head.major == Major::map ? Kind::map : Kind::list, key, head.major == Major::map);
        return true;
      }
      case Major::tag: {
        if (head.count == cbor::epoch_time) {
          const auto moment = time(head);
          if (!moment) return wrong("a time that is none");
          tape_.push(Kind::timestamp, key).integer = moment->us;
          return true;
        }
        Head inner;
        return read_head(inner) && any(inner, key, depth + 1);
      }
      default:
        if (const auto number = integer(head)) {
          tape_.push(Kind::integer, key).integer = *number;
        } else if (const auto fraction = real(head)) {
          tape_.push(Kind::real, key).real = *fraction;
        } else if (head.first == cbor::yes || head.first == cbor::no) {
          tape_.push(Kind::boolean, key).boolean = head.first == cbor::yes;
        } else if (head.first == cbor::stop) {
          return wrong("a break outside of anything");
        } else {
          tape_.push(Kind::null, key);
        }
        return true;
    }
  }

  Tape& tape_;
  const char* at_;
  const char* end_;
  std::string buffer_, what_;
  bool spelled_ = false, too_deep_ = false;
};

Result<void> check(std::string_view body) {
  if (body.size() > limits::response_body_bytes) return fail(Code::limit_exceeded, "the answer is too large");
  return {};
}

}  // namespace

Result<void> read_cbor_members(Tape& tape, std::string_view body, const Shape& shape) {
  if (body.empty()) return {};
  TRY(check(body));
  Reader reader(tape, body);
  if (!reader.document(shape)) return fail(reader.error());
  return {};
}

std::string cbor_text_member(std::string_view body, std::string_view name) {
  Tape unused(0);
  std::string text;
  if (!Reader(unused, body).find_text(name, text)) text.clear();
  return text;
}

const EventPayloadReader cbor_events = {.members = read_cbor_members,
                                        .value = [](Tape& tape, std::string_view text, const Member& member) {
                                          Reader reader(tape, text);
                                          return reader.document(member) ? Result<void>{} : fail(reader.error());
                                        }};

}  // namespace reeve::aws
