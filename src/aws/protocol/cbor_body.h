#pragma once
#include <string>
#include <string_view>

#include "aws/model.h"
#include "aws/protocol/event_stream.h"
#include "aws/protocol/tape.h"
#include "base/document.h"
#include "base/result.h"

namespace reeve::aws {

/// Appends the members of a structure as a CBOR map (RFC 8949), by the model: keys are the members' own names, times
/// tag 1, reals in the shortest form that keeps them. `idempotency_token` as in append_json_members.
void append_cbor_members(std::string& out, Value value, const Shape& shape, const Keys* keys,
                         std::string_view idempotency_token);
/// Appends a value by the model.
void append_cbor(std::string& out, Value value, const Member& member, const Keys* keys);
/// Appends the head of a map with so many entries, which are the caller's to append.
void append_cbor_map(std::string& out, std::size_t entries);
/// Appends a text string.
void append_cbor_text(std::string& out, std::string_view text);

/// Reads a CBOR map onto the tape: the cells of the members of `shape`, for the caller to close. An empty body counts
/// as an empty map. Members that the shape does not know and nulls are passed over. Lengths may be indefinite. Errors:
/// malformed, limit_exceeded.
Result<void> read_cbor_members(Tape& tape, std::string_view body, const Shape& shape);

/// A text member of the outermost map; empty where there is none. For errors, before their shape is known.
std::string cbor_text_member(std::string_view body, std::string_view name);

/// Reads the payloads of events in CBOR.
extern const EventPayloadReader cbor_events;

}  // namespace reeve::aws
