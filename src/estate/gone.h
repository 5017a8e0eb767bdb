#pragma once
#include "base/result.h"

namespace reeve::estate {

/// Whether an error says that the resource that was asked for does not exist. Services have a code of their own each:
/// DBInstanceNotFound, LoadBalancerNotFound, NoSuchEntity, AWS.SimpleQueueService.NonExistentQueue.
inline bool says_gone(const Error& error) {
  if (error.code == Code::not_found) return true;
  if (!error.aws) return false;
  const std::string_view code = error.aws->code;
  return code.ends_with("NotFound") || code.ends_with("NotFoundFault") || code.ends_with("NotFoundException") ||
         code.ends_with("DoesNotExist") || code.ends_with("NonExistentQueue");
}

}  // namespace reeve::estate
