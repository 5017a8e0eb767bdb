#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/model.h"
#include "aws/protocol/tape.h"
#include "base/result.h"

namespace reeve::aws {

/// Messages of application/vnd.amazon.eventstream (Smithy: "Amazon Event Stream Specification"): bytes in, bytes out,
/// for whoever has a stream to read from. Lengths are big-endian, a CRC-32 ends the prelude and the message.

/// A header of a message, by the number of its type on the wire.
struct EventHeader {
  enum class Type : std::uint8_t { yes, no, byte, int16, int32, int64, bytes, text, timestamp, uuid };
  std::string_view name;
  Type type = Type::text;
  std::int64_t number = 0;      ///< of integers; of a timestamp, milliseconds since 1970
  std::string_view bytes = {};  ///< of bytes, texts and UUIDs
};

struct EventMessage {
  std::vector<EventHeader> headers;  ///< views into the message's bytes
  std::string_view payload;
  /// The text of a header such as ":event-type"; empty if there is none.
  std::string_view text(std::string_view name) const;
};

/// How many bytes the message at the front of `bytes` takes; nullopt while fewer than its prelude are there. Errors:
/// malformed (the prelude's CRC, lengths that cannot be), limit_exceeded.
Result<std::optional<std::size_t>> event_message_size(std::string_view bytes);
/// Reads one whole message, of just that size. Errors: malformed.
Result<EventMessage> decode_event_message(std::string_view bytes);
/// The bytes of a message. Names are up to 255 bytes, values up to 65,535.
std::string encode_event_message(const EventMessage& message);

/// How a protocol reads the payload of an event; texts are followed by 64 zero bytes.
struct EventPayloadReader {
  Result<void> (*members)(Tape& tape, std::string_view text, const Shape& shape);
  Result<void> (*value)(Tape& tape, std::string_view text, const Member& member);
};

/// Puts one event on the tape as a map with one member, by the union `stream`; nothing for an event that the model does
/// not know. Exceptions that the model names are members like events. Errors: malformed; server_error for a message of
/// type "error", with the service's own words.
Result<void> read_event(Tape& tape, const EventMessage& message, const Shape& stream, EventPayloadReader reader);

/// Puts a whole body of events on the tape as a list under the member's key. The members of an "initial-response" go
/// before it, by `around`, the structure that has the stream. Errors: as above.
Result<void> read_events(Tape& tape, std::string_view body, const Member& stream, const Shape& around,
                         EventPayloadReader reader);

/// A whole body that holds the members of `shape` (nullptr: nothing is wanted), or its stream of events, as a document.
/// For protocols that put nothing elsewhere. Errors: malformed, limit_exceeded.
Result<Document> read_rpc_body(const ServiceModel& model, const Shape* shape, std::string_view body,
                               Result<void> (*members)(Tape&, std::string_view, const Shape&),
                               const EventPayloadReader& events);

}  // namespace reeve::aws
