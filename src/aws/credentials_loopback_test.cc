// Metadata services over the real transport, against a server of our own on loopback.
#include <gtest/gtest.h>

#include "aws/credentials_source.h"
#include "aws/http_server.h"
#include "aws/transport.h"
#include "base/real_seams.h"
#include "base/sim_seams.h"

namespace reeve::aws {
namespace {

constexpr const char* keys = R"({"Code": "Success", "AccessKeyId": "ASIALOOP", "SecretAccessKey": "s", "Token": "t",
                                 "Expiration": "2099-01-01T00:00:00Z", "AccountId": "123456789012"})";

struct CredentialTransport : testing::Test {
  RealClock clock;
  Loop loop{clock};
  ThreadWorkers workers{1};
  SimWorld simulated;  // files, environment, chance and processes
  std::vector<std::string> seen;
  std::unique_ptr<HttpServer> server;
  std::unique_ptr<Http> http = make_http(loop, workers, {.http_proxy = "http://127.0.0.1:1"});

  void SetUp() override {
    auto listening = HttpServer::listen(loop, 0, [this](HttpRequest request) { return serve(std::move(request)); });
    ASSERT_TRUE(listening);
    server = std::move(*listening);
  }
  void TearDown() override { loop.run(server->stop()); }

  Task<HttpAnswer> serve(HttpRequest request) {
    std::string token;
    for (const auto& [name, value] : request.headers) {
      if (name == "Authorization" || name == "x-aws-ec2-metadata-token") token = " " + value;
    }
    seen.push_back(request.method + " " + request.target + token);
    HttpResponse out{.status = 200, .headers = {}, .body = keys};
    if (request.target.ends_with("/token")) out.body = "t0k";
    if (request.target.ends_with("/security-credentials/")) out.body = "role-1\n";
    co_return HttpAnswer{.response = std::move(out)};
  }

  Result<Credentials> get(std::map<std::string, std::string, std::less<>> variables) {
    simulated.environment.variables = std::move(variables);
    const World world{clock, simulated.random, simulated.disk, *http, simulated.process, simulated.environment, workers,
                      loop};
    const auto settings = load_settings(simulated.environment, simulated.disk);
    EXPECT_TRUE(settings);
    const auto source = make_credentials(world, *settings, {});
    return loop.run(source->get());
  }
};

TEST_F(CredentialTransport, Container) {
  const auto got = get({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", server->url() + "/v1/credentials?a=b"},
                        {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "Bearer x"}});
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ(got->access_key_id, "ASIALOOP");
  EXPECT_EQ(got->account_id, "123456789012");
  EXPECT_EQ(seen, (std::vector<std::string>{"GET /v1/credentials?a=b Bearer x"}));
}

TEST_F(CredentialTransport, InstanceMetadata) {
  const auto got = get({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", server->url() + "/"}});
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ(got->source, "instance metadata (role role-1)");
  EXPECT_EQ(seen,
            (std::vector<std::string>{"PUT /latest/api/token", "GET /latest/meta-data/iam/security-credentials/ t0k",
                                      "GET /latest/meta-data/iam/security-credentials/role-1 t0k"}));
}

TEST_F(CredentialTransport, NobodyListens) {
  const std::string url = server->url();
  loop.run(server->stop());
  const auto got = get({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", url}});
  ASSERT_FALSE(got);
  EXPECT_NE(got.error().message.find("refused"), std::string::npos) << got.error().message;
  auto again = HttpServer::listen(loop, 0, [this](HttpRequest request) { return serve(std::move(request)); });
  ASSERT_TRUE(again);
  server = std::move(*again);
}

}  // namespace
}  // namespace reeve::aws
