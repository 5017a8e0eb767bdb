// The whole door on real models, codecs, rule sets and signatures, against the other half of the same codecs. What this
// cannot see (a mistake that both halves share) the outside suites and moto see.
#include <gtest/gtest.h>

#include "aws/fault.h"
#include "aws/live.h"
#include "aws/live_fakes.h"
#include "aws/pages.h"
#include "aws/settings.h"
#include "aws/sign.h"
#include "base/sim_seams.h"

namespace reeve::aws {
namespace {

struct StaticCredentials : CredentialSource {
  Task<Result<Credentials>> get() override {
    co_return Credentials{.access_key_id = "AKIDEXAMPLE", .secret_access_key = "secret"};
  }
  void invalidate(const Credentials&) override {}
};

/// A server of EC2's DescribeSnapshots in three pages that checks signatures.
struct Server : Http {
  Server(SimWorld& w, Models& m) : world(w), models(m) {}
  Task<Result<HttpResponse>> send(HttpRequest request, Steady, Cancel) override {
    Result<HttpResponse> answer = serve(request);
    hosts.push_back(request.host);
    if (answer) {
      answer->headers.emplace_back("Date", format_http_date(world.clock.true_time()));
      answer->body.reserve(answer->body.size() + 64);
      std::fill_n(answer->body.data() + answer->body.size(), 64, '\0');
    }
    co_return answer;
  }
  Result<HttpResponse> serve(const HttpRequest& request) {
    TRY(const auto model, models.get("ec2"));
    TRY(const Codec* codec, codec_for(*model));
    const auto secret_of = [](std::string_view) { return std::optional<std::string>("secret"); };
    if (const auto checked = verify(request, secret_of, world.clock.true_time()); !checked) {
      const AwsError& why = *checked.error().aws;
      return codec->encode_error(*model, {.code = why.code, .message = checked.error().message, .status = 403});
    }
    TRY(const Operation* operation, codec->route(*model, request));
    TRY(const Document params, codec->decode_request(*model, *operation, request));
    if (params["OwnerIds"][std::size_t{0}].as_text() != "self") {
      return codec->encode_error(*model, {.code = "InvalidParameterValue", .message = "self only", .status = 400});
    }
    const std::string_view token = params["NextToken"].as_text();
    const Document page = doc(token.empty()    ? R"({"Snapshots": [{"SnapshotId": "snap-1"}], "NextToken": "one"})"
                              : token == "one" ? R"({"Snapshots": [], "NextToken": "two"})"
                                               : R"({"Snapshots": [{"SnapshotId": "snap-2", "VolumeSize": 8}]})");
    return codec->encode_response(*model, *operation, page, "request-1");
  }
  SimWorld& world;
  Models& models;
  std::vector<std::string> hosts;
};

class StackTest : public testing::Test {
 protected:
  Result<std::vector<Document>> list(Live::Inside inside = {}, LiveSettings settings = {.version = "0.1.0"}) {
    const World seams{world.clock,   world.random,      world.disk,    server,
                      world.process, world.environment, world.workers, world.loop};
    live = make_live(seams, models, credentials, std::move(settings), nullptr, std::move(inside));
    Task<Result<std::vector<Document>>> items =
        all_items(*live, models, world.loop,
                  request("ec2", "DescribeSnapshots", R"({"OwnerIds": ["self"], "MaxResults": 1000})"));
    return world.loop.run(std::move(items));
  }
  SimWorld world;
  Models models;
  Server server{world, models};
  StaticCredentials credentials;
  std::unique_ptr<Live> live;
};

TEST_F(StackTest, AListingOverTheWire) {
  const auto items = list();
  ASSERT_TRUE(items) << items.error().text();
  ASSERT_EQ(items->size(), 2U);
  EXPECT_EQ((*items)[1]["SnapshotId"].as_text(), "snap-2");
  EXPECT_EQ((*items)[1]["VolumeSize"].as_integer(), 8);
  EXPECT_EQ(server.hosts.front(), "ec2.us-east-1.amazonaws.com");
}

TEST_F(StackTest, AnEndpointOfOurs) {
  const auto items = list({}, {.version = "0.1.0", .endpoint_url = "http://127.0.0.1:4566"});
  ASSERT_TRUE(items) << items.error().text();
  EXPECT_EQ(server.hosts.front(), "127.0.0.1");
}

TEST_F(StackTest, AnEndpointOfTheEnvironment) {
  world.environment.variables = {{"AWS_ENDPOINT_URL_AUTO_SCALING", "http://localhost:1"},
                                 {"AWS_ENDPOINT_URL", "http://localhost:2"}};
  const auto settings = load_settings(world.environment, world.disk);
  ASSERT_TRUE(settings) << settings.error().text();
  ASSERT_TRUE(list({}, live_settings(*settings, world.environment, models)));
  EXPECT_EQ(live->sender().endpoint_override("autoscaling"), "http://localhost:1");
  EXPECT_EQ(live->sender().endpoint_override("ec2"), "http://localhost:2");
  EXPECT_EQ(server.hosts.front(), "localhost");
}

/// Remembers where requests went, and that their signatures are right.
struct Addresses : Http {
  explicit Addresses(SimWorld& w) : world(w) {}
  Task<Result<HttpResponse>> send(HttpRequest request, Steady, Cancel) override {
    const auto secret_of = [](std::string_view) { return std::optional<std::string>("secret"); };
    const auto checked = verify(request, secret_of, world.clock.true_time());
    EXPECT_TRUE(checked) << checked.error().text();
    seen.push_back(request.host + request.target);
    co_return HttpResponse{.status = 404, .body = ""};
  }
  SimWorld& world;
  std::vector<std::string> seen;
};

// The bucket stands once, in the host or at the front of the path.
TEST_F(StackTest, BucketsStandWhereTheEndpointPutsThem) {
  Addresses http(world);
  const World seams{world.clock,   world.random,      world.disk,    http,
                    world.process, world.environment, world.workers, world.loop};
  auto address = [&](const LiveSettings& settings, const std::string& operation, std::string_view params) {
    live = make_live(seams, models, credentials, settings);
    Task<Result<Response>> call = live->call(request("s3", operation, params));
    EXPECT_FALSE(world.loop.run(std::move(call)));
    return http.seen.back();
  };
  const LiveSettings aws{.version = "0.1.0"}, ours{.version = "0.1.0", .endpoint_url = "http://127.0.0.1:4566"};
  constexpr std::string_view object = R"({"Bucket": "logs", "Key": "logs/a b"})", bucket = R"({"Bucket": "logs"})";
  EXPECT_EQ(address(aws, "HeadObject", object), "logs.s3.us-east-1.amazonaws.com/logs/a%20b");
  EXPECT_EQ(address(aws, "GetBucketTagging", bucket), "logs.s3.us-east-1.amazonaws.com/?tagging");
  EXPECT_EQ(address(aws, "GetBucketTagging", R"({"Bucket": "with.dots"})"),
            "s3.us-east-1.amazonaws.com/with.dots?tagging");
  EXPECT_EQ(address(ours, "HeadObject", object), "127.0.0.1/logs/logs/a%20b");
  EXPECT_EQ(address(ours, "GetBucketTagging", bucket), "127.0.0.1/logs?tagging");
  EXPECT_EQ(address(ours, "HeadBucket", bucket), "127.0.0.1/logs");
  EXPECT_EQ(address(ours, "ListBuckets", "{}").substr(0, 10), "127.0.0.1/");
}

TEST_F(StackTest, AClockTenMinutesOff) {
  for (const int off : {-10, 10}) {
    world.clock.set_skew(std::chrono::minutes(off));
    const auto items = list();
    ASSERT_TRUE(items) << items.error().text();
    EXPECT_EQ(items->size(), 2U);
    EXPECT_EQ(live->clock_skew().offset("ec2", "us-east-1"), std::chrono::minutes(-off));
  }
}

TEST_F(StackTest, FaultsWithinTheRetries) {
  const auto script = FaultScript::parse(R"({"format": 1, "rules": [
      {"match": {"nth": 2}, "fault": "throttle", "times": 10},
      {"match": {"every": 3}, "fault": "server_error_before"}]})",
                                         "faults");
  ASSERT_TRUE(script) << script.error().text();
  Fault* fault = nullptr;
  const auto items = list([&](Api& sender) {
    auto layer = std::make_unique<Fault>(sender, world.loop, *script);
    fault = layer.get();
    return layer;
  });
  ASSERT_TRUE(items) << items.error().text();
  EXPECT_EQ(items->size(), 2U);
  // Thirteen calls and the one that failed: the twelfth, the only third one that the throttles left over.
  EXPECT_EQ(fault->script().fired(), (std::vector<std::int64_t>{10, 1}));
}

}  // namespace
}  // namespace reeve::aws
