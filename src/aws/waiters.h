#pragma once
#include <optional>
#include <string>

#include "aws/api.h"
#include "aws/model.h"
#include "base/task.h"

namespace reeve::aws {

/// How often and how long to look, where the waiter's own numbers do not fit.
struct WaitOptions {
  std::optional<Duration> delay = {};     ///< between two looks
  std::optional<int> attempts_most = {};  ///< looks at most
};

/// Waits until something is as a waiter of the model wants it (botocore's waiters-2.json: "InstanceRunning",
/// "SnapshotCompleted"), by asking the waiter's operation with `request.params` again and again; `request.operation` is
/// set from the model. Gives the answer that fitted; where an error was what it waited for ("…Deleted"), an answer
/// without a document, with the error's status.
///
/// Ends before its time with `request.cancel` (cancelled) and at `request.deadline` (timed_out).
/// Errors: unknown_service (no such waiter, with the nearest name), timed_out (the looks are used up), request_refused
/// (a state from which the wanted one does not come any more), malformed (a waiter that cannot be read), and those of
/// the operation that the waiter does not wait for.
Task<Result<Response>> wait_until(Api& api, Models& models, Loop& loop, std::string name, Request request,
                                  WaitOptions options = {});

}  // namespace reeve::aws
