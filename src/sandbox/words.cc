#include "sandbox/words.h"

#include <fmt/format.h>

namespace reeve::sandbox::words {

Fault unknown_operation(std::string_view protocol, std::string_view operation) {
  if (protocol == "ec2" || protocol == "query") {
    return {"InvalidAction", fmt::format("The action {} is not valid for this web service.", operation), 400};
  }
  if (protocol == "rest-xml") {
    return {"MethodNotAllowed", "The specified method is not allowed against this resource.", 405};
  }
  return {"UnknownOperationException", fmt::format("The operation {} is not known.", operation), 404};
}

Fault denied(std::string_view protocol, std::string text) {
  if (protocol == "ec2") {
    return {"UnauthorizedOperation", "You are not authorized to perform this operation. " + text, 403};
  }
  if (protocol == "query" || protocol == "rest-xml") return {"AccessDenied", std::move(text), 403};
  return {"AccessDeniedException", std::move(text), protocol == "rest-json" ? 403 : 400};
}

Fault opted_out(std::string_view protocol) {
  if (protocol == "ec2") {
    return {"AuthFailure", "AWS was not able to validate the provided access credentials", 401};
  }
  if (protocol == "query")
    return {"InvalidClientTokenId", "The security token included in the request is invalid", 403};
  if (protocol == "rest-xml") {
    return {"InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", 403};
  }
  return {"UnrecognizedClientException", "The security token included in the request is invalid.",
          protocol == "rest-json" ? 403 : 400};
}

}  // namespace reeve::sandbox::words
