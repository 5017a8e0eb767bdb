#pragma once
#include "base/seams.h"

namespace reeve::aws {

/// Within Lambda, adds X-Amzn-Trace-Id of the invocation, so that AWS can see functions that call themselves for ever
/// ("Recursive loop detection", Lambda Developer Guide). A header that is there stays. It is not signed.
void add_trace_header(Environment& environment, HttpRequest& request);

}  // namespace reeve::aws
