#pragma once
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/seams.h"
#include "base/task.h"

namespace reeve::aws {

/// What a request is signed with.
struct Credentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;       ///< empty for long-term keys
  std::optional<Time> expiration;  ///< nullopt: they do not expire
  std::string account_id;          ///< where the source knows it, else empty
  std::string source;              ///< for people: "environment", "profile prod", "credential_process of profile x"
};

/// Where credentials come from. Kept fresh: gives credentials that are good for some minutes more, and asks its origin
/// once when several callers come at the same time.
class CredentialSource {
 public:
  virtual ~CredentialSource() = default;
  /// Errors: credentials (says for each source what was tried and why not), cancelled.
  virtual Task<Result<Credentials>> get() = 0;
  /// AWS refused these as expired: the next get() must not give them again.
  virtual void invalidate(const Credentials& refused) = 0;
};

}  // namespace reeve::aws
