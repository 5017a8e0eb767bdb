// S3 through the door, by its own model, against a scripted network.
#include <gtest/gtest.h>

#include "aws/event_reader.h"
#include "aws/live.h"
#include "aws/live_body.h"
#include "aws/live_fakes.h"
#include "aws/protocol/event_stream.h"
#include "aws/sign_chunks.h"
#include "base/byte_streams.h"
#include "base/encoding.h"
#include "base/sim_seams.h"

namespace reeve::aws {
namespace {

struct FakeCredentials : CredentialSource {
  Task<Result<Credentials>> get() override {
    co_return Credentials{.access_key_id = "AKIAEXAMPLE", .secret_access_key = "secret"};
  }
  void invalidate(const Credentials&) override {}
};

/// Answers by a function; reads a streamed body as a network would.
struct PlayedHttp : Http {
  Task<Result<HttpResponse>> send(HttpRequest request, Steady, Cancel) override {
    if (request.stream) {
      announced = request.stream->size();
      auto reader = request.stream->open();
      if (!reader) co_return std::unexpected(reader.error());
      Task<Result<std::string>> reading = read_all(**reader, SIZE_MAX);
      CO_TRY(request.body, co_await std::move(reading));
    }
    sent.push_back(request);
    co_return answer(request);
  }
  std::string header(std::string_view name) const {
    for (const auto& [key, value] : sent.back().headers) {
      if (std::ranges::equal(key, name, [](char a, char b) { return std::tolower(a) == std::tolower(b); }))
        return value;
    }
    return {};
  }
  std::function<HttpResponse(const HttpRequest&)> answer = [](const HttpRequest&) {
    return HttpResponse{.status = 200};
  };
  std::vector<HttpRequest> sent;
  std::optional<std::uint64_t> announced;
};

HttpResponse xml(int status, std::string body, std::vector<std::pair<std::string, std::string>> headers = {}) {
  return {.status = status, .headers = std::move(headers), .body = std::move(body)};
}

class LiveS3Test : public testing::Test {
 protected:
  Live& live() {
    if (!live_) {
      settings.version = "1";
      settings.retry.attempts_most = 2;
      live_ = make_live(world, models, credentials, settings);
    }
    return *live_;
  }
  Request ask(std::string operation, std::string_view params) {
    return aws::request("s3", std::move(operation), params);
  }
  Result<Response> call(Request request) { return sim.loop.run(live().call(std::move(request))); }
  Result<Response> call(std::string operation, std::string_view params) { return call(ask(operation, params)); }
  Result<std::string> all(Response& answer) { return sim.loop.run(read_all(*answer.body, SIZE_MAX)); }

  SimWorld sim{1};
  PlayedHttp http;
  World world{sim.clock, sim.random, sim.disk, http, sim.process, sim.environment, sim.workers, sim.loop};
  Models models;
  FakeCredentials credentials;
  LiveSettings settings;
  std::unique_ptr<Live> live_;
};

TEST_F(LiveS3Test, ABodyInMemoryHasItsChecksumInAHeader) {
  ASSERT_TRUE(call("PutObject", R"({"Bucket": "b-1", "Key": "k", "Body": "123456789"})"));
  EXPECT_EQ(http.sent.back().body, "123456789");
  EXPECT_EQ(http.header("x-amz-checksum-crc32"), "y/Q5Jg==");
  EXPECT_EQ(http.header("x-amz-sdk-checksum-algorithm"), "CRC32");
  EXPECT_EQ(http.header("x-amz-content-sha256"), "UNSIGNED-PAYLOAD") << "over TLS the checksum is enough";
  ASSERT_TRUE(
      call("PutObject", R"({"Bucket": "b-1", "Key": "k", "Body": "123456789", "ChecksumAlgorithm": "CRC64NVME"})"));
  EXPECT_EQ(http.header("x-amz-checksum-crc64nvme"), "rosUhgp5mIg=");
  EXPECT_EQ(http.header("x-amz-checksum-crc32"), "");
  ASSERT_TRUE(call("PutObject", R"({"Bucket": "b-1", "Key": "k", "Body": "123456789", "ChecksumCRC32": "y/Q5Jg=="})"));
  EXPECT_EQ(http.header("x-amz-sdk-checksum-algorithm"), "") << "the caller's own is enough";
  const auto wrong = call("PutObject", R"({"Bucket": "b-1", "Key": "k", "Body": "x", "ChecksumAlgorithm": "CRC16"})");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Code::invalid_params);
}

TEST_F(LiveS3Test, ChecksumsOnlyWhereTheyAreRequired) {
  settings.request_checksums = settings.response_checksums = ChecksumUse::when_required;
  ASSERT_TRUE(call("PutObject", R"({"Bucket": "b-1", "Key": "k", "Body": "x"})"));
  EXPECT_EQ(http.header("x-amz-checksum-crc32"), "");
  EXPECT_EQ(http.header("x-amz-content-sha256").size(), 64u) << "then the body's hash is signed";
  ASSERT_TRUE(call("DeleteObjects", R"({"Bucket": "b-1", "Delete": {"Objects": [{"Key": "k"}]}})"));
  EXPECT_NE(http.header("x-amz-checksum-crc32"), "");
  ASSERT_TRUE(call("GetObject", R"({"Bucket": "b-1", "Key": "k"})"));
  EXPECT_EQ(http.header("x-amz-checksum-mode"), "");
}

TEST_F(LiveS3Test, AStreamGoesInChunksWithItsChecksumBehind) {
  std::string content(200'000, '\0');
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 2654435761u >> 9);
  for (const bool secure : {true, false}) {
    live_.reset();
    settings.endpoint_url = secure ? "" : "http://localhost:9";
    Request request = ask("PutObject", R"({"Bucket": "b-1", "Key": "k"})");
    request.body = std::make_shared<TextSource>(content);
    ASSERT_TRUE(call(std::move(request)));
    EXPECT_EQ(http.header("x-amz-content-sha256"),
              chunk_word(secure ? ChunkMode::unsigned_trailer : ChunkMode::signed_payload_trailer));
    EXPECT_EQ(http.header("x-amz-decoded-content-length"), "200000");
    EXPECT_EQ(http.header("x-amz-trailer"), "x-amz-checksum-crc32");
    EXPECT_EQ(http.announced, http.sent.back().body.size());
    const auto secret = [](auto) { return std::string("secret"); };
    EXPECT_TRUE(verify(http.sent.back(), secret, sim.clock.wall()));
    const auto back = without_chunks(http.sent.back(), secret);
    ASSERT_TRUE(back && *back) << back.error().text();
    EXPECT_TRUE((*back)->body == content);
    EXPECT_EQ((*back)->headers.back().second, encode_base64(checksum(ChecksumKind::crc32, content)));
  }
}

/// A body that comes once.
struct OnceSource : ByteSource {
  std::optional<std::uint64_t> size() const override { return 4; }
  bool opens() const override { return !opened; }
  Result<std::unique_ptr<ByteReader>> open() override {
    if (std::exchange(opened, true)) return fail(Code::unsupported, "it came once");
    return TextSource("once").open();
  }
  bool opened = false;
};

TEST_F(LiveS3Test, ABodyThatCameOnceIsNotSentAgain) {
  http.answer = [](const HttpRequest&) { return xml(503, "<Error><Code>SlowDown</Code></Error>"); };
  for (const bool once : {true, false}) {
    http.sent.clear();
    Request request = ask("PutObject", R"({"Bucket": "b-1", "Key": "k"})");
    if (once) {
      request.body = std::make_shared<OnceSource>();
    } else {
      request.body = std::make_shared<TextSource>("ever");
    }
    const auto got = call(std::move(request));
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, Code::throttled) << got.error().text();
    EXPECT_EQ(http.sent.size(), once ? 1u : 2u);
  }
}

TEST_F(LiveS3Test, AnAnswersChecksumIsLookedAt) {
  std::string header = "y/Q5Jg==";
  http.answer = [&](const HttpRequest&) { return xml(200, "123456789", {{"x-amz-checksum-crc32", header}}); };
  for (const bool streams : {false, true}) {
    for (const auto& [text, range, fine] :
         {std::tuple("y/Q5Jg==", false, true), std::tuple("AAAAAA==", false, false),
          std::tuple("AAAAAA==-2", false, true), std::tuple("AAAAAA==", true, true)}) {
      header = text;
      Request request = ask("GetObject", range ? R"({"Bucket": "b-1", "Key": "k", "Range": "bytes=0-8"})"
                                               : R"({"Bucket": "b-1", "Key": "k"})");
      request.streams = streams;
      Result<Response> got = call(std::move(request));
      EXPECT_EQ(http.header("x-amz-checksum-mode"), "ENABLED");
      if (streams) {
        ASSERT_TRUE(got && got->body);
        const auto body = all(*got);
        EXPECT_EQ(body.has_value(), fine) << text;
        if (!fine) EXPECT_EQ(body.error().code, Code::malformed);
      } else {
        EXPECT_EQ(got.has_value(), fine) << text;
        if (!fine) EXPECT_EQ(got.error().code, Code::malformed);
      }
    }
  }
}

TEST_F(LiveS3Test, ABucketInAnotherRegionIsAskedThere) {
  http.answer = [](const HttpRequest& request) {
    if (request.host.find("eu-west-1") != std::string::npos) return xml(200, "<ListBucketResult/>");
    return xml(301, "<Error><Code>PermanentRedirect</Code></Error>", {{"x-amz-bucket-region", "eu-west-1"}});
  };
  ASSERT_TRUE(call("ListObjectsV2", R"({"Bucket": "b-1"})"));
  EXPECT_EQ(http.sent.size(), 2u);
  EXPECT_NE(http.header("authorization").find("/eu-west-1/s3/"), std::string::npos) << "and signed for it";
  ASSERT_TRUE(call("ListObjectsV2", R"({"Bucket": "b-1"})"));
  EXPECT_EQ(http.sent.size(), 3u) << "it is remembered";
}

// What was judged in one region is not what bears its name in another.
TEST_F(LiveS3Test, AChangeThatRestsOnEvidenceIsNotSentAfterItsBucket) {
  http.answer = [](const HttpRequest& request) {
    if (request.host.find("eu-west-1") != std::string::npos) return xml(204, "");
    return xml(301, "<Error><Code>PermanentRedirect</Code></Error>", {{"x-amz-bucket-region", "eu-west-1"}});
  };
  Request request = ask("DeleteBucket", R"({"Bucket": "b-1"})");
  request.start_by = sim.clock.steady() + std::chrono::minutes(1);
  const auto got = call(std::move(request));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Code::drift);
  EXPECT_EQ(http.sent.size(), 1u);
  EXPECT_TRUE(call("DeleteBucket", R"({"Bucket": "b-1"})"));
}

TEST_F(LiveS3Test, WhereABucketIsIsAskedOfItselfWhenNothingSays) {
  for (const int status : {200, 301, 400, 403}) {
    live_.reset();
    http.sent.clear();
    http.answer = [status](const HttpRequest& request) {
      if (request.host.find("eu-west-1") != std::string::npos) return xml(200, "<ListBucketResult/>");
      if (request.method == "HEAD") return xml(status, "", {{"x-amz-bucket-region", "eu-west-1"}});
      return xml(400, "<Error><Code>AuthorizationHeaderMalformed</Code></Error>");
    };
    ASSERT_TRUE(call("ListObjectsV2", R"({"Bucket": "b-1"})")) << status;
    EXPECT_EQ(http.sent.size(), 3u) << status;
  }
}

TEST_F(LiveS3Test, TheRegionInAnErrorCounts) {
  http.answer = [](const HttpRequest& request) {
    if (request.host.find("eu-west-1") != std::string::npos) return xml(200, "<ListBucketResult/>");
    return xml(400, "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>");
  };
  EXPECT_TRUE(call("ListObjectsV2", R"({"Bucket": "b-1"})"));
  EXPECT_EQ(http.sent.size(), 2u);
}

TEST_F(LiveS3Test, RedirectsHaveAnEnd) {
  for (const char* region : {"us-east-1", "", "no region at all", "eu-west-1"}) {
    http.sent.clear();
    http.answer = [&](const HttpRequest& request) {
      const bool moved = request.host.find("eu-west-1") != std::string::npos;
      return xml(307, "", {{"x-amz-bucket-region", moved ? "us-east-1" : region}});
    };
    const auto got = call("ListObjectsV2", R"({"Bucket": "b-1"})");
    EXPECT_FALSE(got);
    EXPECT_LE(http.sent.size(), 3u) << region;
  }
}

TEST_F(LiveS3Test, ErrorsInAnAnswerOfStatus200AreTriedAgain) {
  const char* error = "<?xml version=\"1.0\"?>\n \n<Error><Code>InternalError</Code><Message>again</Message></Error>";
  for (const auto& [operation, params] :
       {std::pair("CopyObject", R"({"Bucket": "b-1", "Key": "k", "CopySource": "b-1/j"})"),
        std::pair("CompleteMultipartUpload", R"({"Bucket": "b-1", "Key": "k", "UploadId": "u"})"),
        std::pair("UploadPartCopy",
                  R"({"Bucket": "b-1", "Key": "k", "UploadId": "u", "PartNumber": 1, "CopySource": "b-1/j"})")}) {
    http.sent.clear();
    http.answer = [&](const HttpRequest&) { return xml(200, error); };
    const auto got = call(operation, params);
    ASSERT_FALSE(got) << operation;
    EXPECT_EQ(got.error().code, Code::server_error);
    EXPECT_EQ(http.sent.size(), 2u) << operation;
  }
  http.answer = [](const HttpRequest&) {
    return xml(200, "<DeleteResult><Error><Key>k</Key><Code>AccessDenied</Code></Error></DeleteResult>");
  };
  const auto deleted = call("DeleteObjects", R"({"Bucket": "b-1", "Delete": {"Objects": [{"Key": "k"}]}})");
  ASSERT_TRUE(deleted) << "what fails of several objects is data";
  EXPECT_EQ(deleted->document["Errors"][0]["Code"].as_text(), "AccessDenied");
}

TEST_F(LiveS3Test, KeysThatXmlCannotCarryAreAskedForEncoded) {
  http.answer = [](const HttpRequest&) {
    return xml(200,
               "<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>a%00b%0A+c</Key></Contents></"
               "ListBucketResult>");
  };
  const auto got = call("ListObjectsV2", R"({"Bucket": "b-1"})");
  ASSERT_TRUE(got);
  EXPECT_NE(http.sent.back().target.find("encoding-type=url"), std::string::npos);
  EXPECT_EQ(got->document["Contents"][0]["Key"].as_text(), std::string_view("a\0b\n c", 6));
}

// --- Events ----------------------------------------------------------------------------------------------------------

std::string event(std::string_view kind, std::string_view type, std::string_view payload) {
  using Type = EventHeader::Type;
  return encode_event_message(
      {.headers = {{":message-type", Type::text, 0, kind},
                   {kind == "exception" ? ":exception-type" : ":event-type", Type::text, 0, type}},
       .payload = payload});
}

class EventReaderTest : public LiveS3Test {
 protected:
  /// The events of a body in small pieces, and how it ended.
  std::pair<std::vector<Document>, Result<void>> read(std::string service, std::string operation, std::string body) {
    const auto found = models.get(service, operation);
    EXPECT_TRUE(found);
    EventReader reader(found->model, *found->operation, **codec_for(*found->model), *TextSource(body, 7).open());
    std::vector<Document> events;
    while (true) {
      auto next = sim.loop.run(reader.next());
      if (!next || !*next) {
        const auto after = sim.loop.run(reader.next());
        EXPECT_TRUE(after && !*after) << "and nothing after the end";
        initial = reader.initial();
        return {std::move(events), next ? Result<void>{} : std::unexpected(next.error())};
      }
      events.push_back(**next);
    }
  }
  Document initial;
};

TEST_F(EventReaderTest, EventsComeOneByOne) {
  const std::string body = event("event", "Records", "a,b\n") +
                           event("event", "Stats", "<Stats><BytesScanned>7</BytesScanned></Stats>") +
                           event("event", "News", "?") + event("event", "End", "");
  const auto [events, end] = read("s3", "SelectObjectContent", body);
  ASSERT_TRUE(end) << end.error().text();
  ASSERT_EQ(events.size(), 3u) << "what the model does not know is passed over";
  EXPECT_EQ(events[0]["Records"]["Payload"].as_text(), "a,b\n");
  EXPECT_EQ(events[1]["Stats"]["Details"]["BytesScanned"].as_integer(), 7);
  EXPECT_TRUE(events[2]["End"].is_map());
}

TEST_F(EventReaderTest, ExceptionsAndErrorsEndIt) {
  const auto [events, end] =
      read("lambda", "InvokeWithResponseStream",
           event("event", "PayloadChunk", "chunk") +
               encode_event_message({.headers = {{":message-type", EventHeader::Type::text, 0, "error"},
                                                 {":error-code", EventHeader::Type::text, 0, "InternalError"},
                                                 {":error-message", EventHeader::Type::text, 0, "it broke"}}}));
  EXPECT_EQ(events.size(), 1u);
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, Code::server_error);
  EXPECT_EQ(end.error().message, "it broke");
  const auto [none, refusal] = read("logs", "StartLiveTail",
                                    event("event", "initial-response", "{}") +
                                        event("exception", "SessionTimeoutException", R"({"message": "three hours"})"));
  EXPECT_TRUE(none.empty());
  ASSERT_FALSE(refusal);
  EXPECT_EQ(refusal.error().aws->code, "SessionTimeoutException");
  EXPECT_EQ(refusal.error().message, "three hours");
  EXPECT_TRUE(initial.root().is_map());
}

TEST_F(EventReaderTest, DamageIsNoticed) {
  const std::string good = event("event", "Records", "payload");
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    EXPECT_FALSE(read("s3", "SelectObjectContent", bad).second) << at;
    if (at > 0) EXPECT_FALSE(read("s3", "SelectObjectContent", good.substr(0, at)).second) << at;
  }
}

TEST_F(LiveS3Test, EventsOfACallAreAStream) {
  http.answer = [](const HttpRequest& request) {
    EXPECT_TRUE(request.streams_response);
    return xml(200, event("event", "Records", "a,b\n"));
  };
  Request request = ask("SelectObjectContent", R"({"Bucket": "b-1", "Key": "k", "Expression": "select * from s3object",
      "ExpressionType": "SQL", "InputSerialization": {"CSV": {}}, "OutputSerialization": {"CSV": {}}})");
  request.streams = true;
  auto got = call(std::move(request));
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_FALSE(got->document.root().find("Payload"));
  EXPECT_EQ(*all(*got), event("event", "Records", "a,b\n"));
}

TEST_F(LiveS3Test, OtherServicesHaveTheHashOfAStreamSigned) {
  HttpRequest request{.method = "POST", .host = "glacier.us-east-1.amazonaws.com", .target = "/-/vaults/v/archives"};
  request.stream = std::make_shared<TextSource>("content");
  const Credentials keys{.access_key_id = "AKIAEXAMPLE", .secret_access_key = "secret"};
  const SignOptions options{.region = "us-east-1", .signing_name = "glacier", .time = sim.clock.wall()};
  ASSERT_TRUE(sim.loop.run(sign_stream(request, keys, options, std::nullopt)));
  request.body = "content";
  request.stream = nullptr;
  EXPECT_TRUE(verify(request, [](auto) { return std::string("secret"); }, sim.clock.wall()));
}

TEST_F(LiveS3Test, OnlyOperationsThatTakeBytesTakeABody) {
  Request request = ask("ListObjectsV2", R"({"Bucket": "b-1"})");
  request.body = std::make_shared<TextSource>("x");
  const auto got = call(std::move(request));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Code::invalid_params);
}

TEST(ChecksumRules, AModelThatKnowsNoOtherGetsContentMd5) {
  Operation operation;
  operation.checksum_required = true;
  HttpRequest http;
  const auto checksum = request_checksum(operation, {}, ChecksumUse::when_required, http);
  ASSERT_TRUE(checksum && *checksum);
  EXPECT_EQ((*checksum)->name, "content-md5");
  EXPECT_EQ((*checksum)->kind, ChecksumKind::md5);
  http.headers.emplace_back("Content-MD5", "the caller's");
  EXPECT_FALSE(*request_checksum(operation, {}, ChecksumUse::when_required, http));
}

}  // namespace
}  // namespace reeve::aws
