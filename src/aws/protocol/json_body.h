#pragma once
#include <string>
#include <string_view>

#include "aws/model.h"
#include "aws/protocol/event_stream.h"
#include "aws/protocol/tape.h"
#include "base/document.h"
#include "base/result.h"

namespace reeve::aws {

/// Appends a value as JSON by the model: members under their locationName, times as seconds since 1970 unless the model
/// says otherwise, bytes as base64, NaN and Infinity as texts. Members that are null are left out; null items of lists
/// and maps stay.
void append_json(std::string& out, Value value, const Member& member, const Keys* keys);

/// Appends the members of a structure that stand in the body, as a JSON object. `idempotency_token` fills members with
/// that trait that `value` lacks, where it is not empty.
void append_json_members(std::string& out, Value value, const Shape& shape, const Keys* keys,
                         std::string_view idempotency_token);

/// Reads a JSON text onto the tape: the cells of the body members of `shape`, for the caller to close. An empty text
/// counts as an empty object. Members that the shape does not know and nulls are passed over. The text must be followed
/// by 64 readable bytes. Errors: malformed, limit_exceeded.
Result<void> read_json_members(Tape& tape, std::string_view text, const Shape& shape);

/// Reads a JSON text as one value by `member`, a cell under `key`; no cell for null. Errors: as above.
Result<void> read_json_value(Tape& tape, std::string_view text, const Member& member, Keys::Id key);

/// Reads the payloads of events in JSON.
extern const EventPayloadReader json_events;

}  // namespace reeve::aws
