#include <gtest/gtest.h>

#include "aws/protocol/codec.h"
#include "aws/protocol/compress.h"
#include "base/json.h"

namespace reeve::aws {
namespace {

class JsonRpc : public testing::Test {
 protected:
  Models models;
  std::shared_ptr<const ServiceModel> sqs = *models.get("sqs");
  const Codec& codec = *find_codec("json");
  const Operation& get_url = *sqs->find_operation("GetQueueUrl");
};

TEST_F(JsonRpc, ErrorsOfQueryCompatibleServicesKeepTheirOldCodes) {
  const auto model = *ServiceModel::parse(
      "queues", R"({"metadata": {"protocol": "json", "awsQueryCompatible": {}}, "operations": {"Get": {"name": "Get"}},
                    "shapes": {"QueueGone": {"type": "structure", "members": {}, "exception": true,
                                             "error": {"code": "Old.NoQueue"}}}})",
      "", "", "", std::make_shared<Keys>());
  const WireError error{.code = "Old.NoQueue", .message = "no such queue", .status = 400, .request_id = "id"};
  const HttpResponse answer = codec.encode_error(*model, error);
  EXPECT_EQ(answer.header("x-amzn-query-error"), "Old.NoQueue;Sender");
  EXPECT_NE(answer.body.find(R"("__type":"QueueGone")"), std::string::npos) << answer.body;
  const WireError read = codec.decode_error(*model, *model->find_operation("Get"), answer);
  EXPECT_EQ(read.code, error.code);
  EXPECT_EQ(read.message, error.message);
  EXPECT_EQ(read.request_id, "id");
  EXPECT_TRUE(read.is_document);
}

TEST_F(JsonRpc, AnAnswerThatIsNoErrorDocumentIsTold) {
  const HttpResponse answer{.status = 502, .headers = {}, .body = "<html>Bad Gateway</html>"};
  EXPECT_FALSE(codec.decode_error(*sqs, get_url, answer).is_document);
}

TEST_F(JsonRpc, TheServerGoesByTheRequest) {
  const auto cloudwatch = *models.get("cloudwatch");
  auto protocol = [&](HttpRequest request) { return *codec_of(*cloudwatch, request); };
  EXPECT_EQ(protocol({.headers = {{"x-amz-target", "GraniteServiceVersion20100801.ListMetrics"}}}), find_codec("json"));
  EXPECT_EQ(protocol({.headers = {{"content-type", "application/x-www-form-urlencoded; charset=utf-8"}}}),
            find_codec("query"));
  EXPECT_EQ(protocol({.target = "/?Action=ListMetrics"}), find_codec("query"));
}

TEST(Compression, GoesBothWaysAndStopsAtTheLimit) {
  static constexpr std::string_view encodings[] = {"gzip"};
  Operation operation;
  operation.request_compression = encodings;
  const std::string body(20'000, 'a');
  EncodedRequest small{.body = "short"}, large{.headers = {{"Content-Encoding", "custom"}}, .body = body};
  compress_body(operation, small);
  compress_body(operation, large);
  EXPECT_EQ(small.body, "short");
  EXPECT_LT(large.body.size(), 200U);
  EXPECT_EQ(large.headers[0].second, "custom, gzip");
  HttpRequest request{.headers = large.headers, .body = large.body};
  ASSERT_TRUE(decompress_body(request));
  EXPECT_EQ(request.body, body);

  EncodedRequest bomb{.body = std::string(std::size_t{64} << 20, 'a')};
  compress_body(operation, bomb);
  std::string twice = bomb.body;
  HttpRequest cut{.headers = {{"Content-Encoding", "gzip"}}, .body = twice.substr(0, twice.size() / 2)};
  EXPECT_EQ(decompress_body(cut).error().code, Code::malformed);
}

}  // namespace
}  // namespace reeve::aws
