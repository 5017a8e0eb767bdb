#include <gtest/gtest.h>

#include "aws/errors.h"
#include "aws/protocol/codec.h"
#include "base/json.h"

namespace reeve::aws {
namespace {

class RestXml : public testing::Test {
 protected:
  Models models;
  const Codec& codec = *find_codec("rest-xml");

  static Document json(std::string_view text) { return *parse_json(text); }
  Models::Found found(const char* operation) { return *models.get("s3", operation); }
  EncodedRequest encode(const char* operation, std::string_view params) {
    const auto [model, op] = found(operation);
    auto request = codec.encode_request(*model, *op, json(params), "");
    EXPECT_TRUE(request) << request.error().text();
    return request.value_or(EncodedRequest{});
  }
  static HttpResponse answer(int status, std::string body) {
    HttpResponse response;
    response.status = status;
    response.body = std::move(body);
    return response;
  }
  Result<Document> decode(const char* operation, std::string body) {
    const auto [model, op] = found(operation);
    return codec.decode_response(*model, *op, std::make_shared<const HttpResponse>(answer(200, std::move(body))));
  }
};

TEST_F(RestXml, GrantsCarryTheirTypeInAnAttribute) {
  const auto request = encode("PutBucketAcl", R"({"Bucket": "b", "AccessControlPolicy": {
      "Grants": [{"Grantee": {"Type": "CanonicalUser", "ID": "i"}, "Permission": "READ"}]}})");
  EXPECT_EQ(request.target, "/b?acl");
  EXPECT_EQ(request.body,
            "<AccessControlPolicy xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><AccessControlList><Grant>"
            "<Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"CanonicalUser\"><ID>i</ID>"
            "</Grantee><Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>");
}

TEST_F(RestXml, ListingsAskForEncodedKeysAndDecodeThem) {
  EXPECT_EQ(encode("ListObjectsV2", R"({"Bucket": "b"})").target, "/b?list-type=2&encoding-type=url");
  EXPECT_EQ(encode("ListObjects", R"({"Bucket": "b", "EncodingType": "url"})").target, "/b?encoding-type=url");
  const std::string rest =
      "<Contents><Key>a+b%0A%2B/c</Key></Contents><CommonPrefixes><Prefix>d%01/</Prefix>"
      "</CommonPrefixes></ListBucketResult>";
  const auto url = decode("ListObjectsV2", "<ListBucketResult><EncodingType>url</EncodingType>" + rest);
  ASSERT_TRUE(url) << url.error().text();
  EXPECT_EQ((*url)["Contents"][0]["Key"].as_text(), "a b\n+/c");
  EXPECT_EQ((*url)["CommonPrefixes"][0]["Prefix"].as_text(), "d\x01/");
  const auto plain = decode("ListObjectsV2", "<ListBucketResult>" + rest);
  ASSERT_TRUE(plain);
  EXPECT_EQ((*plain)["Contents"][0]["Key"].as_text(), "a+b%0A%2B/c");  // the other side did not encode
}

TEST_F(RestXml, AnErrorInAnAnswerOfStatus200IsAnErrorToTryAgain) {
  const std::string body =
      "<?xml version=\"1.0\"?>\n<Error><Code>InternalError</Code><Message>Try again.</Message>"
      "<RequestId>r</RequestId></Error>";
  for (const char* name : {"CopyObject", "CompleteMultipartUpload", "UploadPartCopy", "DeleteObjects"}) {
    const auto [model, op] = found(name);
    const HttpResponse response = answer(200, body);
    ASSERT_TRUE(codec.is_error(*model, *op, response)) << name;
    const WireError error = codec.decode_error(*model, *op, response);
    EXPECT_EQ(error.code, "InternalError");
    EXPECT_EQ(error.status, 500);
    EXPECT_EQ(error.request_id, "r");
    EXPECT_FALSE(codec.is_error(*model, *op, answer(200, "<CopyObjectResult/>"))) << name;
  }
  const auto [model, get] = found("GetObject");  // what somebody stored is never an error of S3's
  EXPECT_FALSE(codec.is_error(*model, *get, answer(200, body)));
}

TEST_F(RestXml, AHeadHasNoErrorDocumentToShow) {
  const auto [model, op] = found("HeadObject");
  const WireError error = codec.decode_error(*model, *op, answer(404, ""));
  EXPECT_TRUE(error.is_document);
  EXPECT_EQ(to_error(error, op, {.operation = "s3.HeadObject", .host = "127.0.0.1"}).code, Code::not_found);
}

TEST_F(RestXml, TheLocationOfABucketIsTheRootElement) {
  EXPECT_EQ((*decode("GetBucketLocation",
                     "<LocationConstraint xmlns=\"u\">eu-west-1</LocationConstraint>"))["LocationConstraint"]
                .as_text(),
            "eu-west-1");
  EXPECT_TRUE((*decode("GetBucketLocation", "<LocationConstraint/>"))["LocationConstraint"].is_null());
}

TEST_F(RestXml, HeadersAreMembersWhateverSomebodyStored) {
  const auto [model, op] = found("HeadObject");
  auto response = std::make_shared<HttpResponse>(answer(200, ""));
  response->headers = {{"Expires", "never"}, {"Content-Length", "7"}, {"x-amz-meta-Owner", "me"}};
  const auto document = codec.decode_response(*model, *op, response);
  ASSERT_TRUE(document) << document.error().text();
  EXPECT_EQ((*document)["ContentLength"].as_integer(), 7);
  EXPECT_EQ((*document)["Metadata"]["Owner"].as_text(), "me");
  EXPECT_EQ((*document)["Expires"].as_text(), "never");
}

TEST_F(RestXml, TheServerTellsOperationsOfOneUriByWhatTheyRequire) {
  const auto model = found("GetObject").model;
  auto route = [&](HttpRequest request) { return std::string((*codec.route(*model, request))->name); };
  EXPECT_EQ(route({.method = "DELETE", .target = "/b/k"}), "DeleteObject");
  EXPECT_EQ(route({.method = "DELETE", .target = "/b/k?uploadId=u"}), "AbortMultipartUpload");
  EXPECT_EQ(route({.method = "PUT", .target = "/b/k"}), "PutObject");
  EXPECT_EQ(route({.method = "PUT", .target = "/b/k", .headers = {{"x-amz-copy-source", "/b/o"}}}), "CopyObject");
  EXPECT_EQ(route({.method = "GET", .target = "/b?notification"}), "GetBucketNotificationConfiguration");
  EXPECT_EQ(route({.method = "GET", .target = "/"}), "ListBuckets");
}

}  // namespace
}  // namespace reeve::aws
