#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "aws/protocol/codec.h"
#include "aws/sign.h"
#include "base/task.h"
#include "sandbox/sandbox.h"
#include "sandbox/wire_body.h"

/// The sandbox's side of the wire.
namespace reeve::sandbox {

/// An answer, what the network does to it, and when.
struct WireAnswer : aws::HttpAnswer {
  Duration delay{0};
  Duration wait{0};             ///< the answer may come to hold more for that long (Call::wait)
  std::shared_ptr<void> asked;  ///< what to ask again then; refers to the request
};

/// Turns requests into calls and back.
class Wire {
 public:
  explicit Wire(Sandbox& sandbox) : sandbox_(sandbox) {}
  /// `received`: the body of a request that came as a stream.
  WireAnswer answer(const HttpRequest& request, const Received* received = nullptr);
  /// Receives a request whose body comes as a stream, and answers it.
  Task<WireAnswer> answer_streamed(const HttpRequest& request);
  /// Asks again from time to time, until there is more to answer or the time that the answer named is over (long
  /// polls). Neither counted nor given a fault once more. Errors: cancelled.
  Task<Result<void>> wait_for_more(Loop& loop, WireAnswer& answer, Steady deadline, Cancel cancel);

 private:
  struct Asked;   // a request that was understood
  struct Spoken;  // which service a request is for, and how it speaks
  Spoken spoken_by(const HttpRequest& request) const;
  WireAnswer refuse(const Spoken& spoken, const Fault& fault);
  WireAnswer refuse(const Spoken& spoken, const Error& error);
  std::expected<Document, Fault> run(Asked& asked, Duration* wait = nullptr, bool again = false);
  HttpResponse encode(Asked& asked, const std::expected<Document, Fault>& result);
  WireAnswer own_page(const HttpRequest& request);
  std::optional<std::string> secret_of(std::string_view access_key_id) const;
  /// The account behind a key, and its session if it has one; the fault of a key that is not good.
  std::expected<std::pair<std::string, const Session*>, Fault> caller_of(const aws::SignatureScope& scope) const;
  WireAnswer ask(Asked& asked);
  HttpResponse error(const aws::ServiceModel& model, const aws::Codec& codec, const Fault& fault);
  std::string next_request_id();
  Sandbox& sandbox_;
  std::uint64_t requests_ = 0;
  std::map<std::string, HttpResponse, std::less<>> last_answers_;  // by account, region and operation, for repeat_page
};

}  // namespace reeve::sandbox
