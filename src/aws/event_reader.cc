#include "aws/event_reader.h"

#include <fmt/format.h>

#include "aws/errors.h"
#include "aws/live_body.h"
#include "aws/protocol/cbor_body.h"
#include "aws/protocol/common.h"
#include "aws/protocol/json_body.h"
#include "aws/protocol/xml_read.h"

namespace reeve::aws {
namespace {

EventPayloadReader payloads_of(const Codec& codec) {
  if (&codec == find_codec("rest-xml")) return xml_events;
  return &codec == find_codec("smithy-rpc-v2-cbor") ? cbor_events : json_events;
}

const Member& stream_of(const Operation& operation) {
  const Member* stream = operation.output == nullptr ? nullptr : event_stream_of(*operation.output);
  REEVE_ASSERT(stream != nullptr);
  return *stream;
}

}  // namespace

EventReader::EventReader(std::shared_ptr<const ServiceModel> model, const Operation& operation, const Codec& codec,
                         std::shared_ptr<ByteReader> body)
    : model_(std::move(model)),
      operation_(operation),
      stream_(stream_of(operation)),
      payloads_(payloads_of(codec)),
      body_(std::move(body)) {}

Task<Result<std::optional<Document>>> EventReader::next() {
  while (!over_) {
    const std::string_view rest = std::string_view(held_).substr(at_);
    Result<std::optional<std::size_t>> size = event_message_size(rest);
    over_ = !size;
    if (!size) co_return fail(std::move(size).error());
    if (*size && **size <= rest.size()) {
      at_ += **size;
      Result<std::optional<Document>> event = read(rest.substr(0, **size));
      over_ = !event;
      if (!event || *event) co_return event;
      continue;
    }
    held_.erase(0, std::exchange(at_, 0));
    Task<Result<std::string>> more = body_->next();
    Result<std::string> piece = co_await std::move(more);
    over_ = !piece || piece->empty();
    if (!piece) co_return fail(std::move(piece).error());
    if (over_ && !held_.empty()) co_return fail(Code::malformed, "malformed event stream: a message is cut off");
    held_ += *piece;
  }
  co_return std::nullopt;
}

/// Nothing for a message that is no event.
Result<std::optional<Document>> EventReader::read(std::string_view bytes) {
  TRY(const EventMessage message, decode_event_message(bytes));
  Tape tape(bytes.size());
  if (message.text(":event-type") == "initial-response") {
    TRY(read_events(tape, bytes, stream_, *operation_.output, payloads_));
    tape.close(0, Kind::map, Keys::none);
    if (initial_.root().is_null()) initial_ = without(*model_, tape.finish(model_->keys()), stream_.name);
    return std::nullopt;
  }
  const std::string_view kind = message.text(":message-type");
  if (kind != "error") TRY(read_event(tape, message, *stream_.shape, payloads_));
  std::optional<Document> event;
  if (tape.mark() > 0) event = tape.finish(model_->keys());
  if (kind == "error" || kind == "exception") return fail(ended_by(message, event ? event->root() : Value()));
  return event;
}

Error EventReader::ended_by(const EventMessage& message, Value event) const {
  WireError wire;
  const Member* member = nullptr;
  if (message.text(":message-type") == "error") {
    wire.code = message.text(":error-code");
    wire.message = message.text(":error-message");
  } else {
    wire.code = message.text(":exception-type");
    member = stream_.shape->find(wire.code);
    const Value members = event[wire.code];
    wire.message = members["message"].as_text_or(members["Message"].as_text());
  }
  if (member != nullptr && member->shape != nullptr) {
    wire.code = member->shape->error_code.empty() ? member->shape->name : member->shape->error_code;
    if (member->shape->error_status != 0) wire.status = member->shape->error_status;
  } else if (wire.code.find("Internal") != std::string::npos) {  // S3's and others' word for their own faults
    wire.status = 500;
  }
  return to_error(wire, &operation_, {.operation = fmt::format("{}.{}", model_->service(), operation_.name)});
}

}  // namespace reeve::aws
