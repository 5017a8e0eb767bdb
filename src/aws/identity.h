#pragma once
#include <optional>
#include <string>
#include <vector>

#include "aws/api.h"

namespace reeve::aws {

/// Whose credentials these are.
struct Identity {
  std::string account;  ///< twelve digits
  std::string arn;
  std::string partition;  ///< from the ARN: "aws", "aws-cn", …
};

/// Asks STS (GetCallerIdentity), which needs no permission. Errors: as Api; malformed where the answer lacks them.
Task<Result<Identity>> who_am_i(Api& api, std::string region, Cancel cancel = {});

/// The account's alias: nullopt where it has none. Errors: as Api (access_denied is frequent: then it is unknown).
Task<Result<std::optional<std::string>>> account_alias(Api& api, Scope scope, Cancel cancel = {});

/// A region as an account sees it.
struct Region {
  std::string name;
  bool enabled = true;  ///< opted in, or needing no opt-in
};

/// All regions of the scope's partition, by EC2, sorted by name. Errors: as Api.
Task<Result<std::vector<Region>>> list_regions(Api& api, Scope scope, Cancel cancel = {});

}  // namespace reeve::aws
