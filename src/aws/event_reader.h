#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "aws/api.h"
#include "aws/model.h"
#include "aws/protocol/codec.h"
#include "aws/protocol/event_stream.h"

namespace reeve::aws {

/// The events of an answer as they come (S3's SelectObjectContent, Lambda's InvokeWithResponseStream, Logs'
/// StartLiveTail): Response::body of a call with Request::streams, message by message. Serial use.
class EventReader {
 public:
  /// `operation` and `codec` are those that the call went by, `operation` of `model`; its output has a stream of
  /// events.
  EventReader(std::shared_ptr<const ServiceModel> model, const Operation& operation, const Codec& codec,
              std::shared_ptr<ByteReader> body);
  /// The next event, a map with one member by its type; nullopt at the end. Events that the model does not know are
  /// passed over. Errors: those of the body; malformed (a CRC, a message that is cut off, a payload that does not
  /// parse), limit_exceeded; what the service ends the stream with, as the error of the call would be. After one there
  /// are no more.
  Task<Result<std::optional<Document>>> next();
  /// What came before the first event, as members of the output; null where nothing did.
  const Document& initial() const { return initial_; }

 private:
  Result<std::optional<Document>> read(std::string_view message);
  Error ended_by(const EventMessage& message, Value event) const;

  std::shared_ptr<const ServiceModel> model_;
  const Operation& operation_;
  const Member& stream_;
  EventPayloadReader payloads_;
  std::shared_ptr<ByteReader> body_;
  std::string held_;
  std::size_t at_ = 0;  // what of `held_` was read
  Document initial_;
  bool over_ = false;
};

}  // namespace reeve::aws
