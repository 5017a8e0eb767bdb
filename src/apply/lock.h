#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "aws/api.h"
#include "base/result.h"
#include "base/seams.h"

namespace reeve::apply {

/// The right to change one or more scopes, held until destroyed and gone with the process. flock on one file an
/// (account, region) in `folder`; the file says who holds it: {"run", "pid", "host", "since"}.
class ScopeLocks {
 public:
  /// Takes all or none, in the scopes' order. Errors: locked, naming the holder.
  static Result<ScopeLocks> take(World& world, const std::string& folder, std::vector<aws::Scope> scopes,
                                 const std::string& run);
  /// Whether this run holds the lock of a scope now. The lock itself is only tried where the file names the run: so
  /// looking stands in nobody else's way.
  static Result<bool> held(World& world, const std::string& folder, const aws::Scope& scope, std::string_view run);

 private:
  std::vector<std::unique_ptr<FileLock>> locks_;
};

}  // namespace reeve::apply
