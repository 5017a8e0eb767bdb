#include "aws/identity.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace reeve::aws {

namespace {

Document no_params() {
  Builder builder;
  builder.begin_map();
  builder.end();
  return builder.finish();
}

bool is_account(std::string_view text) {
  return text.size() == 12 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

Task<Result<Identity>> who_am_i(Api& api, std::string region, Cancel cancel) {
  Request request{.service = "sts", .operation = "GetCallerIdentity", .params = no_params()};
  request.scope.region = std::move(region);
  request.cancel = std::move(cancel);
  Task<Result<Response>> call = api.call(std::move(request));
  CO_TRY(const Response answer, co_await std::move(call));
  Identity out{.account = answer.document["Account"].as_string(), .arn = answer.document["Arn"].as_string()};
  const std::string_view arn = out.arn;
  const std::size_t end = arn.find(':', 4);
  if (!is_account(out.account) || !arn.starts_with("arn:") || end == std::string_view::npos) {
    co_return fail({.code = Code::malformed,
                    .message = fmt::format("the answer names no account and caller (account '{}', ARN '{}')",
                                           out.account, out.arn),
                    .operation = "sts.GetCallerIdentity"});
  }
  out.partition = arn.substr(4, end - 4);
  co_return out;
}

Task<Result<std::optional<std::string>>> account_alias(Api& api, Scope scope, Cancel cancel) {
  Request request{.service = "iam", .operation = "ListAccountAliases", .params = no_params()};
  request.scope = std::move(scope);
  request.cancel = std::move(cancel);
  Task<Result<Response>> call = api.call(std::move(request));
  CO_TRY(const Response answer, co_await std::move(call));
  // An account has at most one alias (IAM user guide: "Create an alias for an AWS account ID").
  const Value alias = answer.document["AccountAliases"][std::size_t{0}];
  co_return alias.is_text() ? std::optional(alias.as_string()) : std::nullopt;
}

Task<Result<std::vector<Region>>> list_regions(Api& api, Scope scope, Cancel cancel) {
  Builder params;
  params.begin_map();
  params.put("AllRegions", true);
  params.end();
  Request request{.service = "ec2", .operation = "DescribeRegions", .params = params.finish()};
  request.scope = std::move(scope);
  request.cancel = std::move(cancel);
  Task<Result<Response>> call = api.call(std::move(request));
  CO_TRY(const Response answer, co_await std::move(call));
  std::vector<Region> out;
  const Value regions = answer.document["Regions"];
  for (const Value region : regions.items()) {
    if (!region["RegionName"].is_text()) continue;
    out.push_back(
        {.name = region["RegionName"].as_string(), .enabled = region["OptInStatus"].as_text() != "not-opted-in"});
  }
  std::ranges::sort(out, {}, &Region::name);
  co_return out;
}

}  // namespace reeve::aws
