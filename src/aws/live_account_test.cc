// What settings and the surroundings put into every call: the account in the endpoint, the trace of the invocation.
#include <gtest/gtest.h>

#include "aws/credentials_source.h"
#include "aws/live.h"
#include "aws/live_fakes.h"
#include "aws/settings.h"
#include "base/sim_seams.h"

namespace reeve::aws {
namespace {

/// Keeps the last request, and does not answer it.
struct Silent : Http {
  HttpRequest last;
  Task<Result<HttpResponse>> send(HttpRequest request, Steady, Cancel) override {
    last = std::move(request);
    co_return fail(Code::limit_exceeded, "nobody is there");
  }
};

struct LiveAccount : testing::Test {
  SimWorld world;
  Silent http;
  Models models;

  Result<Response> list_tables(std::map<std::string, std::string, std::less<>> variables, std::string account) {
    world.environment.variables = std::move(variables);
    const World seams{world.clock,   world.random,      world.disk,    http,
                      world.process, world.environment, world.workers, world.loop};
    const auto settings = load_settings(world.environment, world.disk);
    EXPECT_TRUE(settings);
    const auto credentials =
        fixed_credentials({.access_key_id = "a", .secret_access_key = "s", .account_id = std::move(account)});
    const auto live = make_live(seams, models, *credentials, live_settings(*settings, world.environment, models));
    http.last = {};
    return world.loop.run(live->call(request("dynamodb", "ListTables")));
  }
};

TEST_F(LiveAccount, StandsInTheEndpointWhereItIsKnown) {
  EXPECT_FALSE(list_tables({}, "123456789012"));
  EXPECT_EQ(http.last.host, "123456789012.ddb.us-east-1.amazonaws.com");
  EXPECT_FALSE(list_tables({}, ""));
  EXPECT_EQ(http.last.host, "dynamodb.us-east-1.amazonaws.com");
  EXPECT_FALSE(list_tables({{"AWS_ACCOUNT_ID_ENDPOINT_MODE", "disabled"}}, "123456789012"));
  EXPECT_EQ(http.last.host, "dynamodb.us-east-1.amazonaws.com");
}

TEST_F(LiveAccount, IsMissedWhereItIsRequired) {
  const auto got = list_tables({{"AWS_ACCOUNT_ID_ENDPOINT_MODE", "required"}}, "");
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Code::endpoint);
  EXPECT_EQ(http.last.host, "") << "nothing is sent";
}

TEST_F(LiveAccount, TheTraceOfAnInvocationGoesAlongUnsigned) {
  EXPECT_FALSE(list_tables({{"AWS_LAMBDA_FUNCTION_NAME", "f"}, {"_X_AMZN_TRACE_ID", "Root=1"}}, ""));
  std::string trace, authorization;
  for (const auto& [name, value] : http.last.headers) {
    if (name == "X-Amzn-Trace-Id") trace = value;
    if (name == "Authorization") authorization = value;
  }
  EXPECT_EQ(trace, "Root=1");
  EXPECT_EQ(authorization.find("trace"), std::string::npos) << authorization;
}

}  // namespace
}  // namespace reeve::aws
