#include "sandbox/wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/protocol/codec.h"
#include "aws/sign.h"
#include "aws/sign_chunks.h"
#include "base/sim_seams.h"
#include "sandbox/test_cloud.h"

namespace reeve::sandbox {
namespace {

using testing::HasSubstr;

/// Calls over the wire as a client does: encode, sign, send, decode.
struct WireClient {
  TestCloud& cloud;
  aws::Credentials credentials{.access_key_id = "testing", .secret_access_key = "testing"};
  std::string region = "us-east-1";
  Duration skew{0};

  HttpRequest request(const std::string& service, const std::string& operation, std::string_view params) {
    const auto found = cloud.models.get(service, operation);
    EXPECT_TRUE(found) << found.error().text();
    const auto codec = aws::codec_for(*found->model);
    const auto json = parse_json(params);
    const auto encoded = (*codec)->encode_request(*found->model, *found->operation, *json, "token");
    EXPECT_TRUE(encoded) << encoded.error().text();
    HttpRequest out;
    out.method = encoded->method;
    out.target = encoded->target;
    out.headers = encoded->headers;
    out.body = encoded->body;
    out.host = service + "." + region + ".amazonaws.com";
    const aws::SignOptions options{
        .region = region, .signing_name = found->model->signing_name, .time = cloud.clock.at + skew};
    EXPECT_TRUE(aws::sign(out, credentials, options));
    return out;
  }
  HttpResponse send(const HttpRequest& request) {
    Loop loop(cloud.clock);
    return loop.run(cloud.sandbox.handle(request)).response;
  }
  HttpResponse raw(const std::string& service, const std::string& operation, std::string_view params) {
    return send(request(service, operation, params));
  }
  Document ok(const std::string& service, const std::string& operation, std::string_view params) {
    auto response = std::make_shared<HttpResponse>(raw(service, operation, params));
    EXPECT_LT(response->status, 300) << response->body;
    const std::size_t size = response->body.size();
    response->body.resize(size + 64, '\0');
    response->body.resize(size);
    const auto found = cloud.models.get(service, operation);
    const auto codec = aws::codec_for(*found->model);
    const auto document = (*codec)->decode_response(*found->model, *found->operation, response);
    EXPECT_TRUE(document) << document.error().text() << "\n" << response->body;
    return document ? *document : Document();
  }
  aws::WireError refused(const std::string& service, const std::string& operation, std::string_view params) {
    const HttpResponse response = raw(service, operation, params);
    EXPECT_GE(response.status, 300) << response.body;
    const auto found = cloud.models.get(service, operation);
    const auto codec = aws::codec_for(*found->model);
    return (*codec)->decode_error(*found->model, *found->operation, response);
  }
};

constexpr std::string_view two = R"({"snapshots": [
  {"SnapshotId": "snap-a", "VolumeId": "vol-ffffffff", "Tags": {"Name": "a & <b>"}},
  {"SnapshotId": "snap-b", "VolumeId": "", "StartTime": "-45d"}]})";

TEST(Wire, WhatTheSandboxSaysTheClientReads) {
  TestCloud cloud;
  cloud.load(two);
  WireClient client{cloud};
  const Document answer = client.ok("ec2", "DescribeSnapshots", R"({"OwnerIds": ["self"]})");
  ASSERT_EQ(answer["Snapshots"].size(), 2U);
  EXPECT_EQ(answer["Snapshots"][0]["Tags"][0]["Value"].as_text(), "a & <b>");
  EXPECT_EQ(answer["Snapshots"][1]["StartTime"].as_time(), cloud.clock.at - std::chrono::hours(24 * 45));
  client.ok("ec2", "DeleteSnapshot", R"({"SnapshotId": "snap-b"})");
  EXPECT_EQ(client.ok("ec2", "DescribeSnapshots", R"({"OwnerIds": ["self"]})")["Snapshots"].size(), 1U);
}

TEST(Wire, FaultsAreErrorsOfTheProtocol) {
  TestCloud cloud;
  WireClient client{cloud};
  const aws::WireError ec2 = client.refused("ec2", "DeleteSnapshot", R"({"SnapshotId": "snap-0123456789abcdef0"})");
  EXPECT_EQ(ec2.code, "InvalidSnapshot.NotFound");
  EXPECT_EQ(ec2.status, 400);
  EXPECT_FALSE(ec2.request_id.empty());
  EXPECT_EQ(client.refused("rbin", "GetRule", R"({"Identifier": "abc"})").code, "ResourceNotFoundException");
  EXPECT_EQ(client.refused("autoscaling", "DeleteAutoScalingGroup", R"({"AutoScalingGroupName": "x"})").code,
            "ValidationError");
}

TEST(Wire, OperationsThatAreLackingAreInvalidActions) {
  TestCloud cloud;
  WireClient client{cloud};
  EXPECT_EQ(client.refused("ec2", "DescribeVpnGateways", "{}").code, "InvalidAction");
  EXPECT_EQ(client.refused("iam", "ListSAMLProviders", "{}").code, "InvalidAction");
  EXPECT_EQ(cloud.sandbox.calls()["ec2.DescribeVpnGateways"].as_integer(), 1);
}

TEST(Wire, KeysAreAccounts) {
  TestCloud cloud;
  WireClient home{cloud};
  EXPECT_EQ(home.ok("sts", "GetCallerIdentity", "{}")["Account"].as_text(), "123456789012");
  WireClient other{cloud, {.access_key_id = "210987654321", .secret_access_key = "sandbox"}};
  EXPECT_EQ(other.ok("sts", "GetCallerIdentity", "{}")["Account"].as_text(), "210987654321");
}

TEST(Wire, SignaturesAreChecked) {
  TestCloud cloud;
  WireClient wrong{cloud, {.access_key_id = "testing", .secret_access_key = "guessed"}};
  EXPECT_EQ(wrong.refused("sts", "GetCallerIdentity", "{}").code, "SignatureDoesNotMatch");
  EXPECT_EQ(wrong.refused("ec2", "DescribeSnapshots", "{}").code, "AuthFailure");
  WireClient unknown{cloud, {.access_key_id = "AKIANOBODY", .secret_access_key = "x"}};
  EXPECT_EQ(unknown.refused("sts", "GetCallerIdentity", "{}").code, "InvalidClientTokenId");
  WireClient late{cloud};
  late.skew = std::chrono::hours(-2);
  EXPECT_GE(late.raw("ec2", "DescribeSnapshots", "{}").status, 400);
}

TEST(Wire, SessionsOfAssumedRolesActInTheirAccountUntilTheyExpire) {
  TestCloud cloud;
  WireClient home{cloud};
  const Document role = home.ok(
      "sts", "AssumeRole",
      R"({"RoleArn": "arn:aws:iam::210987654321:role/reader", "RoleSessionName": "run-1", "DurationSeconds": 900})");
  WireClient assumed{cloud,
                     {.access_key_id = role["Credentials"]["AccessKeyId"].as_string(),
                      .secret_access_key = role["Credentials"]["SecretAccessKey"].as_string(),
                      .session_token = role["Credentials"]["SessionToken"].as_string()}};
  const Document who = assumed.ok("sts", "GetCallerIdentity", "{}");
  EXPECT_EQ(who["Account"].as_text(), "210987654321");
  EXPECT_EQ(who["Arn"].as_text(), "arn:aws:sts::210987654321:assumed-role/reader/run-1");
  WireClient tokenless = assumed;
  tokenless.credentials.session_token.clear();
  EXPECT_EQ(tokenless.refused("sts", "GetCallerIdentity", "{}").code, "InvalidClientTokenId");
  cloud.advance(std::chrono::minutes(16));
  EXPECT_EQ(assumed.refused("sts", "GetCallerIdentity", "{}").code, "ExpiredToken");
}

TEST(Wire, TheSandboxsOwnPages) {
  TestCloud cloud;
  cloud.load(two);
  WireClient client{cloud};
  const HttpResponse state = client.send({.target = "/_sandbox/state"});
  EXPECT_THAT(state.body, HasSubstr("\"SnapshotId\":\"snap-a\""));
  const Time before = cloud.sandbox.now();
  const HttpResponse moved =
      client.send({.method = "POST", .target = "/_sandbox/clock", .body = R"({"advance_s": 3600})"});
  EXPECT_EQ(moved.status, 200);
  EXPECT_EQ(cloud.sandbox.now() - before, std::chrono::hours(1));
  EXPECT_EQ(client.send({.method = "POST", .target = "/_sandbox/clock", .body = R"({"advance_s": -1})"}).status, 400);
  for (const char* wrong : {"1e300", "1e18", "-0.5", "\"1\"", "null", "[1]"}) {
    const std::string body = std::string(R"({"advance_s": )") + wrong + "}";
    EXPECT_EQ(client.send({.method = "POST", .target = "/_sandbox/clock", .body = body}).status, 400) << wrong;
  }
  EXPECT_EQ(client.send({.target = "/_sandbox/nothing"}).status, 404);
}

TEST(Wire, FaultScriptsHappenOnTheWire) {
  TestCloud cloud;
  cloud.load(two);
  aws::FaultScript script;
  script.add(
      {.service = "ec2",
       .operation = "DescribeSnapshots",
       .fault = {
           .kind = aws::FaultKind::throttle, .code = "RequestLimitExceeded", .message = "slow down", .status = 503}});
  script.add(
      {.service = "ec2",
       .operation = "DeleteSnapshot",
       .fault = {
           .kind = aws::FaultKind::server_error_after, .code = "InternalError", .message = "oops", .status = 500}});
  script.add({.service = "ec2", .operation = "DescribeVolumes", .fault = {.kind = aws::FaultKind::not_aws}});
  cloud.sandbox.set_faults(std::move(script));
  WireClient client{cloud};
  EXPECT_EQ(client.refused("ec2", "DescribeSnapshots", "{}").code, "RequestLimitExceeded");
  EXPECT_EQ(client.refused("ec2", "DeleteSnapshot", R"({"SnapshotId": "snap-b"})").status, 500);
  EXPECT_EQ(client.ok("ec2", "DescribeSnapshots", R"({"OwnerIds": ["self"]})")["Snapshots"].size(), 1U);
  EXPECT_FALSE(client.refused("ec2", "DescribeVolumes", "{}").is_document);
}

TEST(Wire, FaultScriptsBreakConnections) {
  TestCloud cloud;
  cloud.load(two);
  aws::FaultScript script;
  for (const auto kind : {aws::FaultKind::timeout_before, aws::FaultKind::torn_body, aws::FaultKind::timeout_after}) {
    script.add({.service = "ec2", .operation = "DescribeSnapshots", .fault = {.kind = kind}});
  }
  cloud.sandbox.set_faults(std::move(script));
  WireClient client{cloud};
  const HttpRequest request = client.request("ec2", "DescribeSnapshots", "{}");
  Loop loop(cloud.clock);
  using Sent = aws::HttpAnswer::Sent;
  for (const auto [sent, calls] :
       {std::pair(Sent::nothing, 0), {Sent::half, 1}, {Sent::nothing, 2}, {Sent::whole, 3}}) {
    const auto answer = loop.run(cloud.sandbox.handle(request));
    EXPECT_EQ(answer.sent, sent);
    EXPECT_EQ(cloud.sandbox.calls()["ec2.DescribeSnapshots"].as_integer(), calls);
  }
}

TEST(Wire, InProcessTheNetworkIsTheSandbox) {
  TestCloud cloud;
  cloud.load(two);
  WireClient client{cloud};
  const auto http = in_process_http(cloud.sandbox);
  Loop loop(cloud.clock);
  const auto answer = loop.run(http->send(client.request("ec2", "DescribeSnapshots", "{}"), Steady{INT64_MAX}, {}));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_FALSE(answer->header("Date").empty());
  EXPECT_GE(answer->body.capacity(), answer->body.size() + 64);
}

TEST(Wire, PresignedAndChunkedRequestsAreChecked) {
  TestCloud cloud;
  WireClient client{cloud};
  const aws::Credentials credentials{.access_key_id = "123456789012", .secret_access_key = "sandbox"};
  const aws::SignOptions options{.region = "us-east-1", .signing_name = "sts", .time = cloud.clock.at};
  const std::string body = "Action=GetCallerIdentity&Version=2011-06-15";
  const HttpRequest plain{.method = "POST",
                          .host = "sts.us-east-1.amazonaws.com",
                          .headers = {{"Content-Type", "application/x-www-form-urlencoded"}}};
  HttpRequest presigned = plain;
  presigned.body = body;
  ASSERT_TRUE(aws::presign(presigned, credentials, options, std::chrono::minutes(1)));
  EXPECT_EQ(client.send(presigned).status, 200);
  presigned.body += "&x=y";
  EXPECT_EQ(client.send(presigned).status, 403);

  HttpRequest chunked = plain;
  auto signer = aws::sign_streamed(chunked, credentials, options,
                                   {.mode = aws::ChunkMode::signed_payload, .size_bytes = body.size()});
  ASSERT_TRUE(signer);
  chunked.body = signer->chunk(body.substr(0, 20)) + signer->chunk(body.substr(20)) + signer->end();
  EXPECT_EQ(client.send(chunked).status, 200);
  chunked.body.replace(chunked.body.find("Action"), 1, "B");
  EXPECT_EQ(client.send(chunked).status, 403);
}

}  // namespace
}  // namespace reeve::sandbox
