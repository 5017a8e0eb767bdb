#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/protocol/codec.h"
#include "base/json.h"

namespace reeve::aws {
namespace {

using testing::HasSubstr;

class RestJson : public testing::Test {
 protected:
  Models models;
  const Codec& codec = *find_codec("rest-json");
  static Document json(std::string_view text) { return *parse_json(text); }
};

TEST_F(RestJson, LabelsAndQueryStringsAreEncoded) {
  const auto [model, op] = *models.get("scheduler", "GetSchedule");
  const auto request = codec.encode_request(*model, *op, json(R"({"Name": "a b/c", "GroupName": "g&h"})"), "");
  ASSERT_TRUE(request) << request.error().text();
  EXPECT_EQ(request->method, "GET");
  EXPECT_EQ(request->target, "/schedules/a%20b%2Fc?groupName=g%26h");
  EXPECT_EQ(request->body, "");
}

TEST_F(RestJson, EmptyLabelsAreRefused) {
  const auto [model, op] = *models.get("scheduler", "GetSchedule");
  const auto request = codec.encode_request(*model, *op, json(R"({"Name": ""})"), "");
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().code, Code::invalid_params);
  EXPECT_THAT(request.error().message, HasSubstr("Name must not be empty"));
}

TEST_F(RestJson, TheMoreFixedPathWins) {
  const auto model = *models.get("lambda");
  HttpRequest request;
  request.method = "GET";
  request.target = "/2015-03-31/functions/f/configuration?Qualifier=1";
  const auto found = codec.route(*model, request);
  ASSERT_TRUE(found);
  EXPECT_EQ((*found)->name, "GetFunctionConfiguration");
  request.target = "/nowhere";
  EXPECT_EQ(codec.route(*model, request).error().code, Code::unknown_service);
}

TEST_F(RestJson, ErrorNamesComeInThreePlaces) {
  const auto [model, op] = *models.get("rbin", "GetRule");
  HttpResponse response;
  response.status = 404;
  response.headers = {{"X-Amzn-ErrorType", "ResourceNotFoundException:http://internal/"}, {"x-amzn-RequestId", "r"}};
  response.body = R"({"Message": "gone", "Reason": "RULE_NOT_FOUND"})";
  auto error = codec.decode_error(*model, *op, response);
  EXPECT_EQ(error.code, "ResourceNotFoundException");
  EXPECT_EQ(error.message, "gone");
  EXPECT_EQ(error.request_id, "r");
  EXPECT_EQ(error.detail["Reason"].as_text(), "RULE_NOT_FOUND");
  response.headers.clear();
  response.body = R"({"__type": "com.amazon#ValidationException"})";
  EXPECT_EQ(codec.decode_error(*model, *op, response).code, "ValidationException");
  response.body = "<html>";
  EXPECT_FALSE(codec.decode_error(*model, *op, response).is_document);
}

TEST_F(RestJson, ErrorsGoThereAndBack) {
  const auto [model, op] = *models.get("rbin", "GetRule");
  WireError sent{.code = "ResourceNotFoundException", .message = "gone", .status = 404, .request_id = "r"};
  sent.detail = json(R"({"Reason": "RULE_NOT_FOUND"})");
  const auto error = codec.decode_error(*model, *op, codec.encode_error(*model, sent));
  EXPECT_EQ(error.code, sent.code);
  EXPECT_EQ(error.message, "gone");
  EXPECT_EQ(error.status, 404);
  EXPECT_EQ(error.detail["Reason"].as_text(), "RULE_NOT_FOUND");
}

TEST_F(RestJson, AnAnswerWithoutContentHasNoBody) {
  const auto [model, op] = *models.get("rbin", "DeleteRule");
  const auto answer = codec.encode_response(*model, *op, json("{}"), "r");
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.body, "");
}

}  // namespace
}  // namespace reeve::aws
