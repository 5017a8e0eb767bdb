#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "aws/transport_flow.h"
#include "aws/transport_tls.h"
#include "base/seams.h"

namespace reeve::aws::crt {

/// The flows of a transport that may still be under way.
class Flows {
 public:
  void add(const std::shared_ptr<Flow>& flow);
  /// Gives up all of them: whoever still holds a reader gets an error from it.
  void stop();

 private:
  std::vector<std::weak_ptr<Flow>> flows_;
};

/// Sends a request of which the body, or that of its answer, is a stream (HttpRequest) over connections of `manager`'s;
/// those of answers that stream must hold back what is not read. What a closing connection did not begin to send is
/// sent over another one, its body read from the beginning. Errors: those of Http, and of the body's source.
Task<Result<HttpResponse>> send_streamed(Loop& loop, Flows& flows, aws_http_connection_manager* manager,
                                         Handshakes* handshakes, std::string where, HttpRequest request,
                                         FlowBounds bounds, std::size_t response_limit_bytes);

}  // namespace reeve::aws::crt
