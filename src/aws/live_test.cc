// One attempt and the whole stack, against a scripted network; protocols, rule sets and credentials are fakes.
#include "aws/live.h"

#include <gtest/gtest.h>

#include <deque>

#include "aws/live_fakes.h"
#include "aws/live_url.h"
#include "base/sim_seams.h"

namespace reeve::aws {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

struct FakeModel : ServiceModel {
  explicit FakeModel(std::string service) : ServiceModel(std::move(service), std::make_shared<Keys>()) {
    signing_name = "signing";
    endpoint_rules = R"({"parameters": {
      "Region": {"builtIn": "AWS::Region", "type": "string"},
      "UseFIPS": {"builtIn": "AWS::UseFIPS", "type": "boolean"},
      "UseDualStack": {"builtIn": "AWS::UseDualStack", "type": "boolean"},
      "Endpoint": {"builtIn": "SDK::Endpoint", "type": "string"}}})";
  }
};

/// The parameters' JSON as the body; an error's body is "code message".
struct FakeCodec : Codec {
  Result<EncodedRequest> encode_request(const ServiceModel&, const Operation&, Value params,
                                        std::string_view token) const override {
    if (params["Bad"].as_bool()) return fail(Code::invalid_params, "Bad is not known");
    return EncodedRequest{.target = "/op?x=1",
                          .host_prefix = "data.",
                          .headers = {{"x-token", std::string(token)}},
                          .body = to_json(params)};
  }
  Result<Document> decode_response(const ServiceModel&, const Operation&,
                                   std::shared_ptr<const HttpResponse> response) const override {
    return parse_json(response->body);
  }
  WireError decode_error(const ServiceModel&, const Operation&, const HttpResponse& response) const override {
    if (response.body.starts_with("<html")) return {.status = response.status, .is_document = false};
    return {.code = response.body, .message = "said so", .status = response.status};
  }
  Result<const Operation*> route(const ServiceModel&, const HttpRequest&) const override { return nullptr; }
  Result<Document> decode_request(const ServiceModel&, const Operation&, const HttpRequest&) const override {
    return Document();
  }
  HttpResponse encode_response(const ServiceModel&, const Operation&, Value, std::string_view) const override {
    return {};
  }
  HttpResponse encode_error(const ServiceModel&, const WireError&) const override { return {}; }
};

struct FakeEndpoints : Endpoints {
  Result<Endpoint> resolve(const ServiceModel& model, Value parameters) override {
    if (parameters["Endpoint"].is_text()) return Endpoint{.url = parameters["Endpoint"].as_string()};
    return Endpoint{.url = "https://" + model.service() + "." + parameters["Region"].as_string() + ".amazonaws.com"};
  }
  Result<Document> evaluate(std::string_view, Value) override { return Document(); }
  std::string partition_of(std::string_view) override { return "aws"; }
};

struct FakeCredentials : CredentialSource {
  Task<Result<Credentials>> get() override {
    ++asked;
    if (slow_on != nullptr) (void)co_await slow_on->sleep(seconds(40));
    co_return Credentials{.access_key_id = "AKID" + std::to_string(refused), .secret_access_key = "secret"};
  }
  void invalidate(const Credentials&) override { ++refused; }
  int asked = 0, refused = 0;
  Loop* slow_on = nullptr;
};

/// Answers in order; the last one stays. A Date header tells the world's true time, moved by `aws_ahead`.
struct ScriptedHttp : Http {
  explicit ScriptedHttp(SimWorld& w) : world(w) {}
  Task<Result<HttpResponse>> send(HttpRequest request, Steady deadline, Cancel) override {
    sent.push_back(std::move(request));
    deadlines.push_back(deadline);
    Result<HttpResponse> answer = answers.front();
    if (answers.size() > 1) answers.pop_front();
    if (answer) {
      answer->headers.emplace_back("Date", format_http_date(world.clock.true_time() + aws_ahead));
      answer->headers.emplace_back("x-amzn-RequestId", "id-" + std::to_string(sent.size()));
    }
    co_return answer;
  }
  void say(int status, std::string body) { answers.push_back(HttpResponse{.status = status, .body = std::move(body)}); }
  std::string header(std::size_t request, std::string_view name) const {
    for (const auto& [key, value] : sent[request].headers) {
      if (key == name) return value;
    }
    return {};
  }
  SimWorld& world;
  Duration aws_ahead{0};
  std::deque<Result<HttpResponse>> answers;
  std::vector<HttpRequest> sent;
  std::vector<Steady> deadlines;
};

class LiveTest : public testing::Test {
 protected:
  LiveTest() {
    settings.version = "0.1.0";
    settings.run_id = "run-7";
  }
  LiveApi& api() {
    if (!api_) {
      auto find_model = [this](const std::string&, const std::string&) -> Result<Models::Found> {
        return Models::Found{model, &operation};
      };
      auto find_codec = [this](const ServiceModel&) -> Result<const Codec*> { return &codec; };
      const World seams{world.clock,   world.random,      world.disk,    http,
                        world.process, world.environment, world.workers, world.loop};
      api_ = std::make_unique<LiveApi>(seams, find_model, find_codec, endpoints, credentials, skew, settings);
    }
    return *api_;
  }
  Result<Response> run(Api& to, Request request) {
    Task<Result<Response>> call = to.call(std::move(request));
    return world.loop.run(std::move(call));
  }
  Result<Response> run(Request request) { return run(api(), std::move(request)); }
  Result<Response> run_with_retries(Request request) {
    Retry retry(api(), world.loop, world.random, {});
    return run(retry, std::move(request));
  }

  SimWorld world;
  ScriptedHttp http{world};
  std::shared_ptr<const ServiceModel> model = std::make_shared<FakeModel>("ec2");
  Operation operation;
  FakeCodec codec;
  FakeEndpoints endpoints;
  FakeCredentials credentials;
  ClockSkew skew;
  LiveSettings settings;

 private:
  std::unique_ptr<LiveApi> api_;
};

TEST_F(LiveTest, OneCallGoesWhereItShouldAndSaysWhoItIs) {
  http.say(200, R"({"Answer": 1})");
  Request call = request("ec2", "DescribeSnapshots", R"({"A": 1})");
  call.invocation_id = "uuid-1";
  call.attempt = 2;
  call.attempts_most = 3;
  const auto answer = run(call);
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->document["Answer"].as_integer(), 1);
  EXPECT_EQ(answer->meta.status, 200);
  EXPECT_EQ(answer->meta.request_id, "id-1");
  EXPECT_EQ(answer->meta.date, Time{1'767'225'600'000'000});
  const HttpRequest& sent = http.sent[0];
  EXPECT_EQ(sent.scheme + "://" + sent.host + sent.target, "https://data.ec2.us-east-1.amazonaws.com/op?x=1");
  EXPECT_EQ(sent.body, R"({"A":1})");
  EXPECT_EQ(http.header(0, "User-Agent"), "reeve/0.1.0 run/run-7");
  EXPECT_EQ(http.header(0, "amz-sdk-invocation-id"), "uuid-1");
  EXPECT_EQ(http.header(0, "amz-sdk-request"), "attempt=2; max=3");
  EXPECT_EQ(http.header(0, "x-token"), "uuid-1") << "fills idempotency tokens";
  EXPECT_NE(http.header(0, "Authorization").find("/20260101/us-east-1/signing/aws4_request"), std::string::npos);
}

TEST_F(LiveTest, AnAttemptEndsInAMinuteOrAtTheDeadline) {
  http.say(200, "{}");
  ASSERT_TRUE(run(request("ec2", "X")));
  Request hurried = request("ec2", "X");
  hurried.deadline = Steady{} + seconds(5);
  ASSERT_TRUE(run(hurried));
  EXPECT_EQ(http.deadlines, (std::vector<Steady>{Steady{} + seconds(60), Steady{} + seconds(5)}));
}

TEST_F(LiveTest, ErrorsCarryWhatAwsSaid) {
  http.say(400, "InvalidSnapshot.NotFound");
  const auto answer = run(request("ec2", "DeleteSnapshot"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::not_found);
  EXPECT_EQ(answer.error().operation, "ec2.DeleteSnapshot");
  ASSERT_TRUE(answer.error().aws);
  EXPECT_EQ(answer.error().aws->request_id, "id-1");
  EXPECT_EQ(answer.error().aws->status, 400);
}

TEST_F(LiveTest, WhatIsWrongBeforeSendingIsNotSent) {
  http.say(200, "{}");
  const auto bad = run(request("ec2", "X", R"({"Bad": true})"));
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, Code::invalid_params);
  EXPECT_EQ(bad.error().operation, "ec2.X");
  Request nowhere = request("ec2", "X");
  nowhere.scope.region = "";
  EXPECT_EQ(run(nowhere).error().code, Code::endpoint);
  CancelSource source;
  source.cancel();
  Request stopped = request("ec2", "X");
  stopped.cancel = source.token();
  EXPECT_EQ(run(stopped).error().code, Code::cancelled);
  EXPECT_TRUE(http.sent.empty());
}

TEST_F(LiveTest, AnAnswerThatDoesNotParseIsMalformedWithItsRequestId) {
  http.say(200, "not json");
  const auto answer = run(request("ec2", "X"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::malformed);
  EXPECT_EQ(answer.error().aws->request_id, "id-1");
}

TEST_F(LiveTest, LargeAnswersAreDecodedAside) {
  const std::string large = R"({"Text": ")" + std::string(std::size_t{300} << 10, 'x') + "\"}";
  http.say(200, large);
  const auto answer = run(request("ec2", "X"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->document["Text"].size(), std::size_t{300} << 10);
}

// Scenario 16 of ../shared/reference/safety.md: a clock ten minutes off. Refused once, then signed by AWS's clock.
TEST_F(LiveTest, AWrongClockIsCorrected) {
  world.clock.set_skew(minutes(-10));
  http.say(403, "RequestTimeTooSkewed");
  http.say(200, "{}");
  const auto answer = run_with_retries(request("ec2", "X"));
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->meta.attempts, 2);
  EXPECT_EQ(http.header(0, "X-Amz-Date"), "20251231T235000Z");
  EXPECT_EQ(http.header(1, "X-Amz-Date"), "20260101T000000Z");
  EXPECT_EQ(skew.offset("ec2", "us-east-1"), minutes(10));
  EXPECT_EQ(skew.offset("ec2", "eu-west-1"), Duration(0));
  ASSERT_TRUE(run(request("ec2", "X")));
  EXPECT_EQ(http.header(2, "X-Amz-Date"), "20260101T000000Z") << "kept for the next call";
}

TEST_F(LiveTest, ARequestExpiredByTheClockIsNoExpiredCredential) {
  world.clock.set_skew(minutes(-20));
  http.say(400, "RequestExpired");
  http.say(200, "{}");
  ASSERT_TRUE(run_with_retries(request("ec2", "X")));
  EXPECT_EQ(credentials.refused, 0);
}

TEST_F(LiveTest, AClockThatCannotBeHelpedFailsAfterOneMore) {
  http.say(403, "RequestTimeTooSkewed");
  const auto answer = run_with_retries(request("ec2", "X"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::clock_skew);
  EXPECT_EQ(http.sent.size(), 2U);
}

// Scenario 12: credentials that expire in the middle are fetched anew, once.
TEST_F(LiveTest, ExpiredCredentialsAreNotUsedAgain) {
  http.say(400, "ExpiredToken");
  http.say(200, "{}");
  ASSERT_TRUE(run_with_retries(request("ec2", "X")));
  EXPECT_NE(http.header(0, "Authorization").find("Credential=AKID0/"), std::string::npos);
  EXPECT_NE(http.header(1, "Authorization").find("Credential=AKID1/"), std::string::npos);
  http.say(400, "ExpiredToken");
  http.answers.pop_front();
  EXPECT_EQ(run_with_retries(request("ec2", "X")).error().code, Code::expired_credentials);
}

TEST_F(LiveTest, IdempotencyTokensStayOverAttempts) {
  http.say(500, "InternalError");
  http.say(503, "Unavailable");
  http.say(200, "{}");
  ASSERT_TRUE(run_with_retries(request("ec2", "CreateVolume")));
  ASSERT_EQ(http.sent.size(), 3U);
  EXPECT_FALSE(http.header(0, "x-token").empty());
  EXPECT_EQ(http.header(0, "x-token"), http.header(2, "x-token"));
  EXPECT_EQ(http.header(2, "amz-sdk-request"), "attempt=3; max=3");
}

TEST_F(LiveTest, AnEmulatorsPageIsUnsupportedAndAwssIsNot) {
  http.say(500, "<html>no</html>");
  EXPECT_EQ(run(request("ec2", "X")).error().code, Code::server_error);
}

TEST_F(LiveTest, WhatAnsweredOnceIsSupported) {
  settings.endpoint_url = "http://127.0.0.1:5000";
  http.say(200, "{}");
  http.say(500, "<html>no</html>");
  ASSERT_TRUE(run(request("ec2", "X")));
  EXPECT_EQ(run(request("ec2", "X")).error().code, Code::server_error);
  EXPECT_EQ(run(request("ec2", "Y")).error().code, Code::unsupported);
}

TEST_F(LiveTest, EndpointsThatWereGiven) {
  settings.endpoint_url = "http://127.0.0.1:5000/moto/";
  settings.service_endpoints = {{"ec2", "http://other:1"}};
  http.say(500, "<html>no</html>");
  const auto answer = run(request("ec2", "X"));
  EXPECT_EQ(answer.error().code, Code::unsupported);
  const HttpRequest& sent = http.sent[0];
  EXPECT_EQ(sent.scheme, "http");
  EXPECT_EQ(sent.host, "127.0.0.1") << "no prefix before an address";
  EXPECT_EQ(sent.port, 5000);
  EXPECT_EQ(sent.target, "/moto/op?x=1");
  EXPECT_FALSE(api().at_aws("ec2"));
}

TEST_F(LiveTest, EndpointsByService) {
  settings.service_endpoints = {{"ec2", "http://localhost:1"},
                                {"sts", "https://vpce-1.sts.us-east-1.vpce.amazonaws.com"}};
  settings.configured_endpoint = [](const std::string& service) {
    return service == "kms" ? std::string() : "http://localhost:2/" + service;
  };
  EXPECT_EQ(api().endpoint_override("ec2"), "http://localhost:1");
  EXPECT_EQ(api().endpoint_override("iam"), "http://localhost:2/iam");
  EXPECT_EQ(api().endpoint_override("kms"), "");
  EXPECT_FALSE(api().at_aws("iam"));
  EXPECT_TRUE(api().at_aws("sts")) << "a VPC endpoint is AWS";
}

TEST_F(LiveTest, NothingIsSentOnEvidenceThatBecameTooOld) {
  http.say(200, "{}");
  credentials.slow_on = &world.loop;
  Request deletion = request("ec2", "DeleteSnapshot");
  deletion.start_by = world.clock.steady() + seconds(30);
  Task<Result<Response>> call = api().call(deletion);
  const auto answer = world.loop.run(std::move(call));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::drift);
  EXPECT_TRUE(http.sent.empty());
}

TEST_F(LiveTest, UnsignedOperationsNeedNoCredentials) {
  operation.auth_type = "none";
  http.say(200, "{}");
  ASSERT_TRUE(run(request("sts", "AssumeRoleWithWebIdentity")));
  EXPECT_EQ(credentials.asked, 0);
  EXPECT_EQ(http.header(0, "Authorization"), "");
}

TEST(Url, Parts) {
  const auto plain = parse_url("https://EC2.us-east-1.amazonaws.com");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->host, "ec2.us-east-1.amazonaws.com");
  EXPECT_EQ(plain->path, "");
  const auto six = parse_url("http://[::1]:8080/a/b/");
  ASSERT_TRUE(six);
  EXPECT_EQ(six->host, "[::1]");
  EXPECT_EQ(six->port, 8080);
  EXPECT_EQ(six->path, "/a/b");
  for (const char* wrong : {"", "localhost:5000", "ftp://x", "http://", "http://x:0", "http://x:99999", "http://x:y",
                            "http://user@x", "http://x?y", "http://[::1", "http://a b"}) {
    const auto parsed = parse_url(wrong);
    ASSERT_FALSE(parsed) << wrong;
    EXPECT_EQ(parsed.error().code, Code::endpoint);
  }
}

TEST(ClockSkew, OnlyWhatMattersIsCorrected) {
  ClockSkew skew;
  EXPECT_FALSE(skew.observe("ec2", "r", Time{0} + minutes(3), Time{0}));
  EXPECT_EQ(skew.offset("ec2", "r"), Duration(0));
  EXPECT_EQ(skew.latest(), minutes(3));
  EXPECT_TRUE(skew.observe("ec2", "r", Time{0} + minutes(10), Time{0}));
  EXPECT_EQ(skew.offset("ec2", "r"), minutes(10));
  EXPECT_FALSE(skew.observe("ec2", "r", Time{0} + minutes(11), Time{0})) << "near enough to what is known";
  EXPECT_TRUE(skew.observe("ec2", "r", Time{0}, Time{0})) << "the local clock was set right";
  EXPECT_EQ(skew.offset("ec2", "r"), Duration(0));
}

}  // namespace
}  // namespace reeve::aws
