// Damaged answers and requests are errors or other documents, never a crash: deterministic mutations of good ones.
// tests/fuzz/decode_fuzz.cc goes further.
#include <gtest/gtest.h>

#include <array>

#include "aws/protocol/codec.h"
#include "base/json.h"

namespace reeve::aws {
namespace {

class Chance {
 public:
  explicit Chance(std::uint64_t seed) : state_(seed) {}
  std::uint64_t below(std::uint64_t bound) {
    state_ ^= state_ << 13, state_ ^= state_ >> 7, state_ ^= state_ << 17;  // xorshift64 (Marsaglia 2003)
    return state_ % bound;
  }

 private:
  std::uint64_t state_;
};

std::string mutated(std::string text, Chance& chance) {
  static constexpr std::array<std::string_view, 22> pieces = {
      "<",          ">",         "/",   "</",   "/>", "<item>", "</item>", "&",       "&amp;", "&#0;",
      "&#x110000;", "<![CDATA[", "]]>", "<!--", "\"", "{",      "[",       "\\u0000", "1e999", "99999999999999999999",
      "%",          "="};
  for (std::uint64_t n = 1 + chance.below(3); n > 0 && !text.empty(); --n) {
    const std::size_t at = chance.below(text.size());
    switch (chance.below(5)) {
      case 0:
        text[at] = static_cast<char>(chance.below(256));
        break;
      case 1:
        text.erase(at, 1 + chance.below(12));
        break;
      case 2:
        text.insert(at, pieces[chance.below(pieces.size())]);
        break;
      case 3:
        text.resize(at);
        break;
      default:
        text.insert(at, text.substr(chance.below(text.size()), chance.below(80)));
    }
  }
  text.shrink_to_fit();  // no zero bytes behind it by accident
  return text;
}

constexpr int rounds = 4000;

void expect_calm(const Result<Document>& document, const std::string& input) {
  if (document) {
    EXPECT_FALSE(to_json(*document).empty());
    return;
  }
  const Code code = document.error().code;
  EXPECT_TRUE(code == Code::malformed || code == Code::limit_exceeded || code == Code::invalid_params) << input;
}

void damage_answers(const char* service, const char* name, const std::string& body, std::uint64_t seed) {
  Models models;
  const auto [model, operation] = *models.get(service, name);
  const Codec& codec = **codec_for(*model);
  Chance chance(seed);
  int good = 0;
  for (int i = 0; i < rounds; ++i) {
    auto response = std::make_shared<HttpResponse>();
    response->status = 200;
    response->body = mutated(body, chance);
    const auto document = codec.decode_response(*model, *operation, response);
    expect_calm(document, response->body);
    good += document ? 1 : 0;
    codec.decode_error(*model, *operation, *response);
  }
  EXPECT_GT(good, 0);
  EXPECT_LT(good, rounds);
}

TEST(Mutations, OfAnswersInXml) {
  const std::string body =
      R"(<?xml version="1.0"?><!-- c --><R xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><snapshotSet>
      <item><snapshotId>snap-0123456789abcdef0</snapshotId><volumeSize>8</volumeSize><encrypted>true</encrypted>
      <startTime>2026-01-19T00:36:26.000Z</startTime><description>a &amp; <![CDATA[b]]></description><tagSet><item>
      <key>k</key><value>v</value></item></tagSet></item><item/></snapshotSet><nextToken/></R>)";
  damage_answers("ec2", "DescribeSnapshots", body, 1);
}

TEST(Mutations, OfAnswersOfQuery) {
  damage_answers("sns", "GetTopicAttributes",
                 "<GetTopicAttributesResponse><GetTopicAttributesResult><Attributes><entry><key>a</key><value>b</value>"
                 "</entry></Attributes></GetTopicAttributesResult><ResponseMetadata/></GetTopicAttributesResponse>",
                 2);
}

TEST(Mutations, OfAnswersInJson) {
  damage_answers(
      "rbin", "GetRule",
      R"({"Identifier": "abcdefghijk", "RetentionPeriod": {"RetentionPeriodValue": 7, "RetentionPeriodUnit": "DAYS"},
                     "ResourceTags": [{"ResourceTagKey": "a", "ResourceTagValue": null}], "LockEndTime": 1.5e9})",
      3);
}

TEST(Mutations, OfAnswersOfJsonRpc) {
  damage_answers("logs", "DescribeLogGroups",
                 R"({"logGroups": [{"logGroupName": "a", "creationTime": 1700000000000, "storedBytes": 7,
                     "inheritedProperties": ["ACCOUNT_DATA"], "x": {"y": [1, null]}}], "nextToken": null})",
                 5);
}

TEST(Mutations, OfAnswersOfRestXml) {
  damage_answers(
      "s3", "ListObjectsV2",
      "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"u\"><EncodingType>url</EncodingType><Contents><Key>a%20b"
      "</Key><LastModified>2026-01-19T00:36:26.000Z</LastModified><Size>7</Size></Contents><Contents><Key>c"
      "</Key></Contents><CommonPrefixes><Prefix>d/</Prefix></CommonPrefixes></ListBucketResult>",
      6);
}

TEST(Mutations, OfAnswersInCbor) {
  Models models;
  const auto [model, operation] = *models.get("cloudwatch", "ListMetrics");
  const Document result = *parse_json(
      R"({"Metrics": [{"Namespace": "AWS/EC2", "MetricName": "CPUUtilization", "Dimensions": [{"Name": "InstanceId",
          "Value": "i-0123456789abcdef0"}]}], "NextToken": "t", "OwningAccounts": ["123456789012", null]})");
  const std::string body = find_codec("smithy-rpc-v2-cbor")->encode_response(*model, *operation, result, "id").body;
  damage_answers("cloudwatch", "ListMetrics", body, 7);
  damage_answers("cloudwatch", "GetMetricData",
                 "\xbf\x71MetricDataResults\x9f\xbf\x66Values\x82\xf9\x3c\x01\xfb\x3f\xf1"
                 "\x99\x99\x99\x99\x99\x9a\x6aTimestamps\x81\xc1\x1a\x69\x6d\x7d\x00\xff\xff\xff",
                 8);
}

TEST(Mutations, OfRequests) {
  Models models;
  const auto [model, operation] = *models.get("ec2", "RunInstances");
  const Codec& codec = **codec_for(*model);
  Chance chance(4);
  const std::string body =
      "Action=RunInstances&Version=2016-11-15&MinCount=1&MaxCount=2&UserData=IyEv&TagSpecification.1.ResourceType="
      "instance"
      "&TagSpecification.1.Tag.1.Key=k&TagSpecification.1.Tag.1.Value=v%20w&BlockDeviceMapping.2.Ebs.VolumeSize=9";
  for (int i = 0; i < rounds; ++i) {
    HttpRequest request;
    request.body = mutated(body, chance);
    expect_calm(codec.decode_request(*model, *operation, request), request.body);
  }
}

TEST(Mutations, DeepNestingIsRefused) {
  Models models;
  const auto [model, operation] = *models.get("ec2", "DescribeSnapshots");
  auto response = std::make_shared<HttpResponse>();
  response->status = 200;
  for (int i = 0; i < 100'000; ++i) response->body += "<a>";
  EXPECT_FALSE(find_codec("ec2")->decode_response(*model, *operation, response));
  EXPECT_FALSE(find_codec("ec2")->decode_error(*model, *operation, *response).is_document);
}

}  // namespace
}  // namespace reeve::aws
