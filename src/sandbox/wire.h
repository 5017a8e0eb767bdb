#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "aws/protocol/codec.h"
#include "aws/sign.h"
#include "sandbox/sandbox.h"

/// The sandbox's side of the wire.
namespace reeve::sandbox {

/// An answer, what the network does to it, and when.
struct WireAnswer : aws::HttpAnswer {
  Duration delay{0};
};

/// Turns requests into calls and back.
class Wire {
 public:
  explicit Wire(Sandbox& sandbox) : sandbox_(sandbox) {}
  WireAnswer answer(const HttpRequest& request);

 private:
  struct Asked;  // a request that was understood
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
