#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/protocol/codec.h"
#include "base/json.h"

namespace reeve::aws {
namespace {

using testing::HasSubstr;

class Query : public testing::Test {
 protected:
  Models models;
  const Codec& codec = *find_codec("query");
  static Document json(std::string_view text) { return *parse_json(text); }
};

TEST_F(Query, ServicesWithSeveralProtocolsSpeakTheFirstThatWeKnow) {
  auto model = [](std::string_view protocols) {
    return *ServiceModel::parse("s",
                                R"({"metadata": {"protocols": [)" + std::string(protocols) + R"(]}, "shapes": {}})", "",
                                "", "", std::make_shared<Keys>());
  };
  EXPECT_EQ(*codec_for(*model(R"("telepathy", "query", "ec2")")), &codec);
  const auto other = codec_for(*model(R"("telepathy")"));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Code::unknown_service);
}

TEST_F(Query, ListsAndMapsAreSpelledOut) {
  const auto [model, op] = *models.get("sns", "CreateTopic");
  const auto request = codec.encode_request(
      *model, *op, json(R"({"Name": "t", "Attributes": {"a": "1"}, "Tags": [{"Key": "k", "Value": "v"}]})"), "");
  ASSERT_TRUE(request) << request.error().text();
  EXPECT_EQ(request->body,
            "Action=CreateTopic&Version=2010-03-31&Name=t&Attributes.entry.1.key=a&Attributes.entry.1.value=1&"
            "Tags.member.1.Key=k&Tags.member.1.Value=v");
}

TEST_F(Query, AnswersAreWrapped) {
  const auto [model, op] = *models.get("sts", "GetCallerIdentity");
  auto answer = std::make_shared<HttpResponse>(
      codec.encode_response(*model, *op, json(R"({"UserId": "u", "Account": "123456789012"})"), "id"));
  EXPECT_EQ(answer->body,
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>"
            "<UserId>u</UserId><Account>123456789012</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>id"
            "</RequestId></ResponseMetadata></GetCallerIdentityResponse>");
  const auto read = codec.decode_response(*model, *op, answer);
  ASSERT_TRUE(read);
  EXPECT_EQ((*read)["Account"].as_text(), "123456789012");
}

TEST_F(Query, ErrorsGoThereAndBackWithTheirStatus) {
  const auto [model, op] = *models.get("iam", "ListAccountAliases");
  auto answer =
      codec.encode_error(*model, {.code = "ServiceFailure", .message = "m", .status = 500, .request_id = "r"});
  const auto error = codec.decode_error(*model, *op, answer);
  EXPECT_TRUE(error.is_document);
  EXPECT_EQ(error.code, "ServiceFailure");
  EXPECT_EQ(error.status, 500);
  EXPECT_EQ(error.request_id, "r");
  EXPECT_THAT(answer.body, HasSubstr("<Type>Receiver</Type>"));
}

TEST_F(Query, PolicyDocumentsAreDecodedTexts) {
  const auto [model, op] = *models.get("iam", "GetRole");
  const Document role =
      json(R"({"Role": {"RoleName": "r", "AssumeRolePolicyDocument": "{\"Version\": \"2012-10-17\"}"}})");
  auto answer = std::make_shared<HttpResponse>(codec.encode_response(*model, *op, role, "id"));
  EXPECT_THAT(answer->body, HasSubstr("%7B%22Version%22%3A%20%222012-10-17%22%7D"));
  const auto read = codec.decode_response(*model, *op, answer);
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->root() == role.root()) << to_json(*read);
}

}  // namespace
}  // namespace reeve::aws
