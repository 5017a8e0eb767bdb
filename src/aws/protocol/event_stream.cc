#include "aws/protocol/event_stream.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/protocol/common.h"
#include "base/encoding.h"

namespace reeve::aws {
namespace {

constexpr std::size_t prelude_bytes = 12;                       // two lengths and their CRC
constexpr std::size_t smallest_message = 16;                    // and the message's own
constexpr std::size_t largest_message = std::size_t{24} << 20;  // the specification's bound
constexpr std::size_t padding = 64;

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

void append_big_endian(std::string& out, std::uint64_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i) & 0xFF);
}

std::unexpected<Error> malformed(std::string_view what) {
  return fail(Code::malformed, fmt::format("malformed event stream: {}", what));
}

/// Bytes that an integer of the type takes; 0 for the others.
int width_of(EventHeader::Type type) {
  using enum EventHeader::Type;
  switch (type) {
    case byte:
      return 1;
    case int16:
      return 2;
    case int32:
      return 4;
    case int64:
    case timestamp:
      return 8;
    default:
      return 0;
  }
}

/// Takes the first header off `rest`. False: it is cut off, or of no type that there is.
bool read_header(std::string_view& rest, EventHeader& header) {
  auto take = [&](std::size_t size, std::string_view& out) {
    if (rest.size() < size) return false;
    out = rest.substr(0, size);
    rest.remove_prefix(size);
    return true;
  };
  std::string_view bytes;
  if (!take(1, bytes) || !take(big_endian(bytes), header.name)) return false;
  if (!take(1, bytes) || static_cast<unsigned char>(bytes[0]) > static_cast<unsigned>(EventHeader::Type::uuid))
    return false;
  header.type = static_cast<EventHeader::Type>(bytes[0]);
  if (header.type == EventHeader::Type::yes || header.type == EventHeader::Type::no) return true;
  if (header.type == EventHeader::Type::uuid) return take(16, header.bytes);
  if (const int width = width_of(header.type); width > 0) {
    if (!take(static_cast<std::size_t>(width), bytes)) return false;
    const int unused = 64 - 8 * width;
    header.number = static_cast<std::int64_t>(big_endian(bytes) << unused) >> unused;  // keeps the sign
    return true;
  }
  return take(2, bytes) && take(big_endian(bytes), header.bytes);
}

void put_header(Tape& tape, const EventHeader& header, const Member& member) {
  using enum EventHeader::Type;
  switch (header.type) {
    case yes:
    case no:
      tape.push(Kind::boolean, member.key).boolean = header.type == yes;
      return;
    case timestamp:
      // A moment that microseconds cannot hold is at their end.
      tape.push(Kind::timestamp, member.key).integer =
          std::clamp(header.number, INT64_MIN / 1000, INT64_MAX / 1000) * 1000;
      return;
    case text:
      return tape.text(member.key, header.bytes);
    case bytes:
    case uuid:
      return tape.text(member.key, header.bytes, Kind::blob);
    default:
      tape.push(Kind::integer, member.key).integer = header.number;
  }
}

/// The cells of an event's members.
Result<void> read_members(Tape& tape, const EventMessage& message, const Shape& event, EventPayloadReader reader) {
  std::string payload(message.payload);
  payload.append(padding, '\0');
  const std::string_view text(payload.data(), message.payload.size());
  bool whole = false;
  for (const Member& member : event.members) {
    if (member.shape == nullptr) continue;
    if (member.event_header) {
      for (const EventHeader& header : message.headers) {
        if (header.name == member.name) put_header(tape, header, member);
      }
    } else if (member.event_payload) {
      whole = true;
      if (member.shape->type == ShapeType::blob || member.shape->type == ShapeType::string) {
        tape.text(member.key, text, member.shape->type == ShapeType::blob ? Kind::blob : Kind::text);
      } else {
        TRY(reader.value(tape, text, member));
      }
    }
  }
  return whole ? Result<void>{} : reader.members(tape, text, event);
}

}  // namespace

std::string_view EventMessage::text(std::string_view name) const {
  for (const EventHeader& header : headers) {
    if (header.name == name && header.type == EventHeader::Type::text) return header.bytes;
  }
  return {};
}

Result<std::optional<std::size_t>> event_message_size(std::string_view bytes) {
  if (bytes.size() < prelude_bytes) return std::nullopt;
  if (big_endian(bytes.substr(8, 4)) != crc32(bytes.substr(0, 8))) return malformed("the CRC of a prelude is wrong");
  const std::size_t size = big_endian(bytes.substr(0, 4)), headers = big_endian(bytes.substr(4, 4));
  if (size > largest_message) return fail(Code::limit_exceeded, "a message of the event stream is too large");
  if (size < smallest_message || headers > size - smallest_message) return malformed("lengths that cannot be");
  return size;
}

Result<EventMessage> decode_event_message(std::string_view bytes) {
  TRY(const std::optional<std::size_t> size, event_message_size(bytes));
  if (!size || *size != bytes.size()) return malformed("a message is cut off");
  if (big_endian(bytes.substr(*size - 4)) != crc32(bytes.substr(0, *size - 4))) {
    return malformed("the CRC of a message is wrong");
  }
  const std::size_t headers = big_endian(bytes.substr(4, 4));
  EventMessage message;
  message.payload = bytes.substr(prelude_bytes + headers, *size - smallest_message - headers);
  for (std::string_view rest = bytes.substr(prelude_bytes, headers); !rest.empty();) {
    if (!read_header(rest, message.headers.emplace_back())) return malformed("a header that cannot be read");
  }
  return message;
}

std::string encode_event_message(const EventMessage& message) {
  std::string headers;
  for (const EventHeader& header : message.headers) {
    REEVE_ASSERT(header.name.size() <= 255 && header.bytes.size() <= 65535);
    append_big_endian(headers, header.name.size(), 1);
    headers += header.name;
    append_big_endian(headers, static_cast<std::uint64_t>(header.type), 1);
    append_big_endian(headers, static_cast<std::uint64_t>(header.number), width_of(header.type));
    if (header.type == EventHeader::Type::bytes || header.type == EventHeader::Type::text) {
      append_big_endian(headers, header.bytes.size(), 2);
    }
    headers += header.bytes;
  }
  std::string out;
  append_big_endian(out, smallest_message + headers.size() + message.payload.size(), 4);
  append_big_endian(out, headers.size(), 4);
  append_big_endian(out, crc32(out), 4);
  out.append(headers).append(message.payload);
  append_big_endian(out, crc32(out), 4);
  return out;
}

Result<void> read_event(Tape& tape, const EventMessage& message, const Shape& stream, EventPayloadReader reader) {
  const std::string_view kind = message.text(":message-type");
  if (kind == "error") {
    return fail(Code::server_error, fmt::format("{}: {}", message.text(":error-code"), message.text(":error-message")));
  }
  const Member* member = stream.find(message.text(kind == "exception" ? ":exception-type" : ":event-type"));
  if (member == nullptr || member->shape == nullptr) return {};
  const std::size_t outer = tape.mark();
  TRY(read_members(tape, message, *member->shape, reader));
  tape.close(outer, Kind::map, member->key);
  tape.close(outer, Kind::map, Keys::none);
  return {};
}

Result<void> read_events(Tape& tape, std::string_view body, const Member& stream, const Shape& around,
                         EventPayloadReader reader) {
  std::size_t mark = tape.mark();
  while (!body.empty()) {
    TRY(const std::optional<std::size_t> size, event_message_size(body));
    if (!size || *size > body.size()) return malformed("it is cut off");
    TRY(const EventMessage message, decode_event_message(body.substr(0, *size)));
    body.remove_prefix(*size);
    if (message.text(":event-type") != "initial-response") {
      TRY(read_event(tape, message, *stream.shape, reader));
    } else if (tape.mark() == mark) {  // it comes first
      TRY(read_members(tape, message, around, reader));
      mark = tape.mark();
    }
  }
  tape.close(mark, Kind::list, stream.key);
  return {};
}

Result<Document> read_rpc_body(const ServiceModel& model, const Shape* shape, std::string_view body,
                               Result<void> (*members)(Tape&, std::string_view, const Shape&),
                               const EventPayloadReader& events) {
  Tape tape(body.size());
  const Member* stream = shape == nullptr ? nullptr : event_stream_of(*shape);
  if (stream != nullptr) {
    TRY(read_events(tape, body, *stream, *shape, events));
  } else if (shape != nullptr) {
    TRY(members(tape, body, *shape));
  }
  tape.close(0, Kind::map, Keys::none);
  return tape.finish(model.keys());
}

}  // namespace reeve::aws
