#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/protocol/codec.h"
#include "base/json.h"

namespace reeve::aws {
namespace {

using testing::HasSubstr;

class Ec2 : public testing::Test {
 protected:
  Models models;
  const Codec& codec = *find_codec("ec2");

  Models::Found find(std::string_view operation) { return *models.get("ec2", operation); }
  static Document json(std::string_view text) { return *parse_json(text); }

  std::string body_of(std::string_view operation, std::string_view params, std::string_view token = "") {
    const auto [model, op] = find(operation);
    const auto request = codec.encode_request(*model, *op, json(params), token);
    return request ? request->body : request.error().text();
  }
  Result<Document> decode(std::string_view operation, std::string body, int status = 200) {
    const auto [model, op] = find(operation);
    auto response = std::make_shared<HttpResponse>();
    response->status = status;
    response->body = std::move(body);
    return codec.decode_response(*model, *op, response);
  }
  std::string json_of(std::string_view operation, std::string body) {
    const auto document = decode(operation, std::move(body));
    return document ? to_json(*document) : document.error().text();
  }
};

TEST_F(Ec2, RequestsFlattenListsAndCapitaliseNames) {
  EXPECT_EQ(
      body_of("DescribeSnapshots", R"({"Filters": [{"Name": "tag:a b", "Values": ["1", "2"]}], "OwnerIds": ["self"],
                     "MaxResults": 5, "DryRun": false})"),
      "Action=DescribeSnapshots&Version=2016-11-15&MaxResults=5&Owner.1=self&DryRun=false&"
      "Filter.1.Name=tag%3Aa%20b&Filter.1.Value.1=1&Filter.1.Value.2=2");
}

TEST_F(Ec2, TheTokenFillsWhatParamsLeaveOut) {
  EXPECT_THAT(body_of("RunInstances", R"({"MinCount": 1, "MaxCount": 1})", "tok"), HasSubstr("ClientToken=tok"));
  EXPECT_THAT(body_of("RunInstances", R"({"MinCount": 1, "MaxCount": 1, "ClientToken": "mine"})", "tok"),
              HasSubstr("ClientToken=mine"));
}

TEST_F(Ec2, WrongParamsAreNamedWithTheirPath) {
  const auto text = body_of("DescribeSnapshots", R"({"Filters": [{"Nam": "x", "Values": "y"}], "MaxResult": "5"})");
  EXPECT_THAT(text, HasSubstr("Filters[0].Nam is not known (did you mean Name?)"));
  EXPECT_THAT(text, HasSubstr("Filters[0].Values must be a list, not a text"));
  EXPECT_THAT(text, HasSubstr("MaxResult is not known (did you mean MaxResults?)"));
  EXPECT_THAT(body_of("DeleteSnapshot", "{}"), HasSubstr("SnapshotId is required"));
}

TEST_F(Ec2, AnswersBecomeDocuments) {
  EXPECT_EQ(
      json_of("DescribeSnapshots", R"(<?xml version="1.0" encoding="UTF-8"?>
    <DescribeSnapshotsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
      <requestId>abc</requestId>
      <snapshotSet><item><snapshotId>snap-1</snapshotId><volumeSize>8</volumeSize><encrypted>false</encrypted>
        <startTime>2026-01-19T00:36:26.000Z</startTime><unheardOf><a/></unheardOf><description>a &lt;b&gt; &#x41;</description>
        <tagSet/></item></snapshotSet><nextToken>t</nextToken></DescribeSnapshotsResponse>)"),
      R"({"Snapshots":[{"SnapshotId":"snap-1","VolumeSize":8,"Encrypted":false,"StartTime":"2026-01-19T00:36:26Z",)"
      R"("Description":"a <b> A","Tags":[]}],"NextToken":"t"})");
}

TEST_F(Ec2, WhatTheServerSendsTheClientReads) {
  const auto [model, op] = find("DescribeSnapshots");
  const Document sent = json(R"({"Snapshots": [{"SnapshotId": "snap-0123456789abcdef0", "VolumeSize": 8, "Tags": [],
      "Description": "<&>\"'\r\n", "Encrypted": true}, {"Tags": [{"Key": "a", "Value": ""}]}]})");
  auto response = std::make_shared<HttpResponse>(codec.encode_response(*model, *op, sent, "id-1"));
  EXPECT_THAT(response->body, HasSubstr("<tagSet/>"));
  EXPECT_THAT(response->body, HasSubstr("<requestId>id-1</requestId>"));
  const auto read = codec.decode_response(*model, *op, response);
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_TRUE(read->root() == sent.root()) << to_json(*read);
}

TEST_F(Ec2, WhatTheClientSendsTheServerReads) {
  const auto [model, op] = find("RunInstances");
  const Document params = json(R"({"MinCount": 1, "MaxCount": 2, "UserData": "#!/bin/sh\necho ä",
      "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "k", "Value": "v w+%"}]}],
      "BlockDeviceMappings": [{"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 9, "Encrypted": true}}]})");
  const auto sent = codec.encode_request(*model, *op, params, "");
  ASSERT_TRUE(sent) << sent.error().text();
  HttpRequest request;
  request.method = "POST";
  request.body = sent->body;
  EXPECT_THAT(request.body, HasSubstr("UserData=IyEvYmlu"));
  const auto routed = codec.route(*model, request);
  ASSERT_TRUE(routed);
  EXPECT_EQ(*routed, op);
  const auto read = codec.decode_request(*model, *op, request);
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_TRUE(read->root() == params.root()) << to_json(*read);
}

TEST_F(Ec2, TheServerRefusesParametersThatAreNotKnown) {
  const auto [model, op] = find("DescribeSnapshots");
  HttpRequest request;
  request.body = "Action=DescribeSnapshots&Version=2016-11-15&Snapshot.1=x";
  const auto read = codec.decode_request(*model, *op, request);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::invalid_params);
  EXPECT_EQ(read.error().resource, "Snapshot");
  request.body = "Action=Nonsense";
  EXPECT_EQ(codec.route(*model, request).error().code, Code::unknown_service);
}

TEST_F(Ec2, ErrorsGoThereAndBack) {
  const auto [model, op] = find("DeleteSnapshot");
  const auto sent =
      codec.encode_error(*model, {.code = "InvalidSnapshot.InUse", .message = "in <use>", .request_id = "r"});
  const auto error = codec.decode_error(*model, *op, sent);
  EXPECT_TRUE(error.is_document);
  EXPECT_EQ(error.code, "InvalidSnapshot.InUse");
  EXPECT_EQ(error.message, "in <use>");
  EXPECT_EQ(error.request_id, "r");
  EXPECT_EQ(error.status, 400);
}

TEST_F(Ec2, WhatIsNoErrorDocumentIsSaidSo) {
  const auto [model, op] = find("DeleteSnapshot");
  for (const char* body : {"", "<html><body>Internal error</body></html>", "<Response><Errors/></Response>", "oops",
                           "<Response><Errors><Error><Code></Code></Error></Errors></Response>"}) {
    HttpResponse response;
    response.status = 500;
    response.body = body;
    const auto error = codec.decode_error(*model, *op, response);
    EXPECT_FALSE(error.is_document) << body;
    EXPECT_EQ(error.status, 500);
  }
}

TEST_F(Ec2, ATimeThatIsNoneIsUnknownAndThePageIsNotLost) {
  const auto document = decode("DescribeSnapshots",
                               "<a><snapshotSet><item><startTime>yesterday</startTime><volumeSize>8</volumeSize></item>"
                               "</snapshotSet></a>");
  ASSERT_TRUE(document) << document.error().text();
  EXPECT_EQ((*document)["Snapshots"][0]["StartTime"].unknown_reason(), "not a time: yesterday");
  EXPECT_EQ((*document)["Snapshots"][0]["VolumeSize"].as_integer(), 8);
}

TEST_F(Ec2, MalformedAnswersAreErrorsWithTheirPlace) {
  for (const char* body :
       {"", "no", "<a", "<a>", "<a><snapshotSet><item></snapshotSet></a>", "<a><nextToken>x</nextTokem></a>",
        "<a><nextToken>&nope;</nextToken></a>",
        "<a><snapshotSet><item><volumeSize>x</volumeSize></item></snapshotSet></a>",
        "<a><snapshotSet><item><encrypted>maybe</encrypted></item></snapshotSet></a>", "<a/><b/>", "<!DOCTYPE a><a/>",
        "<a><nextToken><b/></nextToken></a>", "<a><nextToken>\xff</nextToken></a>"}) {
    const auto document = decode("DescribeSnapshots", body);
    ASSERT_FALSE(document) << body;
    EXPECT_EQ(document.error().code, Code::malformed) << body;
  }
}

}  // namespace
}  // namespace reeve::aws
