#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "aws/checksum.h"
#include "aws/sign_chunks.h"
#include "base/encoding.h"
#include "base/sim_seams.h"
#include "sandbox/test_cloud.h"
#include "sandbox/wire_body.h"

/// S3 as its handlers and its door see it; what clients see of it stands in tests/e2e/sandbox_s3_test.py.
namespace reeve::sandbox {
namespace {

struct S3Cloud : TestCloud {
  S3Cloud() { s3("CreateBucket", R"({"Bucket": "box"})"); }
  Document s3(std::string_view operation, const std::string& params) { return ok(operation, params, "s3"); }
  std::string s3_refused(std::string_view operation, const std::string& params) {
    return refused(operation, params, "s3");
  }
  void put(std::string_view key) {
    s3("PutObject", fmt::format(R"({{"Bucket": "box", "Key": "{}", "Body": "x"}})", key));
  }
};

TEST(S3Listings, PagesOfNothingAreWhole) {
  S3Cloud cloud;
  const std::string id = cloud.s3("CreateMultipartUpload", R"({"Bucket": "box", "Key": "k"})")["UploadId"].as_string();
  const std::string of_upload = fmt::format(R"("Bucket": "box", "Key": "k", "UploadId": "{}")", id);
  cloud.s3("UploadPart", fmt::format(R"({{{}, "PartNumber": 1, "Body": "x"}})", of_upload));
  cloud.put("k");
  for (const Document& answer : {cloud.s3("ListMultipartUploads", R"({"Bucket": "box", "MaxUploads": 0})"),
                                 cloud.s3("ListParts", fmt::format(R"({{{}, "MaxParts": 0}})", of_upload)),
                                 cloud.s3("ListObjects", R"({"Bucket": "box", "MaxKeys": 0})"),
                                 cloud.s3("ListObjectVersions", R"({"Bucket": "box", "MaxKeys": 0})")}) {
    EXPECT_FALSE(answer["IsTruncated"].is_null());
    EXPECT_FALSE(answer["IsTruncated"].as_bool());
  }
}

TEST(S3Parts, CopiesHaveLimits) {
  S3Cloud cloud;
  cloud.load(R"({"buckets": [{"Name": "full"}], "objects": [{"Bucket": "full", "Key": "big", "Size": 5368709121}]})");
  auto begin = [&] {
    return fmt::format(R"("Bucket": "box", "Key": "k", "UploadId": "{}")",
                       cloud.s3("CreateMultipartUpload", R"({"Bucket": "box", "Key": "k"})")["UploadId"].as_string());
  };
  const std::string big = begin();
  for (const char* range : {"", R"(, "CopySourceRange": "bytes=0-5368709120")"}) {
    EXPECT_EQ(cloud.s3_refused("UploadPartCopy",
                               fmt::format(R"({{{}, "PartNumber": 1, "CopySource": "full/big"{}}})", big, range)),
              "InvalidRequest");
  }
  // A range of what was joined of a range, and so on.
  cloud.s3("PutObject", fmt::format(R"({{"Bucket": "box", "Key": "k", "Body": "{}"}})", std::string(2'000, 'x')));
  int copies = 0;
  for (; copies < 1'000; ++copies) {
    const std::string upload = begin();
    std::string parts;
    const auto size =
        static_cast<int>(cloud.s3("HeadObject", R"({"Bucket": "box", "Key": "k"})")["ContentLength"].as_integer());
    const auto copied = cloud.call("UploadPartCopy",
                                   fmt::format(R"({{{}, "PartNumber": 1, "CopySource": "box/k",
                                                   "CopySourceRange": "bytes=1-{}"}})",
                                               upload, size - 1),
                                   "s3");
    if (!copied) {
      EXPECT_EQ(copied.error().code, "InvalidRequest");
      break;
    }
    cloud.s3("CompleteMultipartUpload",
             fmt::format(R"({{{}, "MultipartUpload": {{"Parts": [{{"PartNumber": 1, "ETag": {}}}]}}}})", upload,
                         to_json((*copied)["CopyPartResult"]["ETag"])));
  }
  EXPECT_EQ(copies, 1'000);  // ranges of ranges lie flat
  EXPECT_EQ(cloud.s3("HeadObject", R"({"Bucket": "box", "Key": "k"})")["ContentLength"].as_integer(), 1'000);
}

// Whatever the size of the pages, together they are the whole listing: each key and each prefix once, in order.
TEST(S3Listings, PagesTogetherAreTheWhole) {
  S3Cloud cloud;
  for (const char* key : {"a", "a/", "a/b", "a/b/c", "a0", "b//x", "b//y", "c", "zz/1", "zz/2"}) cloud.put(key);
  for (const char* delimiter : {"", "/"}) {
    for (const char* prefix : {"", "a", "a/", "b/", "none"}) {
      auto pages = [&](int size) {
        std::vector<std::string> out;
        std::string token;
        for (int page = 0; page < 50; ++page) {
          const Document answer = cloud.s3(
              "ListObjectsV2",
              fmt::format(R"({{"Bucket": "box", "Delimiter": "{}", "Prefix": "{}", "MaxKeys": {}{}}})", delimiter,
                          prefix, size, token.empty() ? "" : fmt::format(R"(, "ContinuationToken": "{}")", token)));
          std::vector<std::string> here;
          for (const Value row : answer["Contents"].items()) here.push_back(row["Key"].as_string());
          for (const Value row : answer["CommonPrefixes"].items()) here.push_back(row["Prefix"].as_string());
          EXPECT_EQ(answer["KeyCount"].as_integer(), static_cast<std::int64_t>(here.size()));
          std::ranges::sort(here);
          out.insert(out.end(), here.begin(), here.end());
          token = answer["NextContinuationToken"].as_string();
          EXPECT_EQ(answer["IsTruncated"].as_bool(), !token.empty());
          if (token.empty()) break;
        }
        return out;
      };
      const auto whole = pages(1000);
      EXPECT_TRUE(std::ranges::is_sorted(whole));
      EXPECT_EQ(std::ranges::adjacent_find(whole), whole.end());
      for (const int size : {1, 2, 3, 7}) EXPECT_EQ(pages(size), whole) << delimiter << " " << prefix << " " << size;
    }
  }
}

TEST(S3Versions, TheNewestIsWhatAReaderSees) {
  S3Cloud cloud;
  cloud.put("k");
  cloud.s3("PutBucketVersioning", R"({"Bucket": "box", "VersioningConfiguration": {"Status": "Enabled"}})");
  cloud.put("k");
  cloud.put("k");
  const Document listed = cloud.s3("ListObjectVersions", R"({"Bucket": "box"})");
  ASSERT_EQ(listed["Versions"].size(), 3U);
  EXPECT_TRUE(listed["Versions"][0]["IsLatest"].as_bool());
  EXPECT_FALSE(listed["Versions"][1]["IsLatest"].as_bool());
  EXPECT_EQ(listed["Versions"][2]["VersionId"].as_text(), "null");
  cloud.s3("PutBucketVersioning", R"({"Bucket": "box", "VersioningConfiguration": {"Status": "Suspended"}})");
  cloud.s3("DeleteObject", R"({"Bucket": "box", "Key": "k"})");
  EXPECT_EQ(cloud.s3_refused("GetObject", R"({"Bucket": "box", "Key": "k"})"), "NoSuchKey");
  const Document after = cloud.s3("ListObjectVersions", R"({"Bucket": "box"})");
  EXPECT_EQ(after["Versions"].size(), 2U) << "the marker took the place of the version without an id";
}

TEST(S3Estates, WhatIsSavedIsWhatIsLoaded) {
  S3Cloud cloud;
  cloud.load(R"({"objects": [{"Bucket": "box", "Key": "many", "Size": 5000000000, "LastModified": "-3d"}]})");
  cloud.put("k");
  cloud.s3("PutBucketTagging", R"({"Bucket": "box", "Tagging": {"TagSet": [{"Key": "a", "Value": "b"}]}})");
  TestCloud again;
  ASSERT_TRUE(again.sandbox.load_estate(cloud.sandbox.state()));
  EXPECT_EQ(to_json(again.sandbox.state()), to_json(cloud.sandbox.state()));
  const Document head = again.ok("HeadObject", R"({"Bucket": "box", "Key": "many"})", "s3");
  EXPECT_EQ(head["ContentLength"].as_integer(), 5'000'000'000);
}

TEST(S3Hosts, BucketsStandInThem) {
  auto bucket = [](std::string host) { return bucket_of_host({.headers = {{"Host", std::move(host)}}}); };
  EXPECT_EQ(bucket("photos.s3.eu-west-1.amazonaws.com"), "photos");
  EXPECT_EQ(bucket("a.b.s3.amazonaws.com"), "a.b");
  EXPECT_EQ(bucket("photos.localhost:5555"), "photos");
  EXPECT_EQ(bucket("photos.s3.localhost"), "photos");
  for (const char* plain : {"s3.eu-west-1.amazonaws.com", "127.0.0.1:5555", "localhost", "s3.localhost:1"}) {
    EXPECT_EQ(bucket(plain), "") << plain;
  }
  EXPECT_EQ(with_bucket_in_path({.target = "/k?acl"}, "photos").target, "/photos/k?acl");
}

// --- Bodies that come as streams -------------------------------------------------------------------------------------

class Pieces : public ByteReader {
 public:
  Pieces(std::string bytes, std::size_t step) : bytes_(std::move(bytes)), step_(step) {}
  Task<Result<std::string>> next() override {
    std::string piece = bytes_.substr(0, step_);
    bytes_.erase(0, step_);
    co_return piece;
  }

 private:
  std::string bytes_;
  std::size_t step_;
};

class Source : public ByteSource {
 public:
  explicit Source(std::string bytes) : bytes_(std::move(bytes)) {}
  std::optional<std::uint64_t> size() const override { return bytes_.size(); }
  Result<std::unique_ptr<ByteReader>> open() override { return std::make_unique<Pieces>(bytes_, 1000); }

 private:
  std::string bytes_;
};

struct Streamed : S3Cloud {
  std::string content = std::string(200'000, 'x') + "end";
  aws::Credentials credentials{.access_key_id = "testing", .secret_access_key = "testing"};
  aws::SignOptions options{.region = "us-east-1",
                           .signing_name = "s3",
                           .time = clock.at,
                           .double_encode_path = false,
                           .normalize_path = false,
                           .content_sha256_header = true};
  HttpRequest request() const { return {.method = "PUT", .host = "127.0.0.1", .target = "/box/k"}; }
  HttpResponse send(HttpRequest with, std::string body) {
    with.stream = std::make_shared<Source>(std::move(body));
    Loop loop(clock);
    return loop.run(sandbox.handle(std::move(with))).response;
  }
};

TEST(S3Streams, TheDeclaredHashIsCheckedAtTheEnd) {
  Streamed cloud;
  HttpRequest request = cloud.request();
  request.body = cloud.content;
  ASSERT_TRUE(aws::sign(request, cloud.credentials, cloud.options));
  request.body.clear();
  EXPECT_EQ(cloud.send(request, cloud.content).status, 200);
  std::string changed = cloud.content;
  changed.back() = '!';
  const HttpResponse refused = cloud.send(request, changed);
  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(refused.body.find("XAmzContentSHA256Mismatch"), std::string::npos) << refused.body;
}

TEST(S3Streams, ChunksAndTrailersAreChecked) {
  Streamed cloud;
  const std::string sum = encode_base64(aws::checksum(aws::ChecksumKind::crc32c, cloud.content));
  for (const auto mode :
       {aws::ChunkMode::signed_payload, aws::ChunkMode::signed_payload_trailer, aws::ChunkMode::unsigned_trailer}) {
    const bool trails = mode != aws::ChunkMode::signed_payload;
    auto body = [&](const std::string& trailer, HttpRequest& request) {
      aws::StreamedBody streamed{.mode = mode, .size_bytes = cloud.content.size()};
      if (trails) streamed.trailer_names = {"x-amz-checksum-crc32c"};
      auto signer = aws::sign_streamed(request, cloud.credentials, cloud.options, streamed);
      EXPECT_TRUE(signer);
      std::string out = signer->chunk(cloud.content.substr(0, 65'536)) + signer->chunk(cloud.content.substr(65'536));
      return out + signer->end(trails ? aws::Trailers{{"x-amz-checksum-crc32c", trailer}} : aws::Trailers{});
    };
    SCOPED_TRACE(aws::chunk_word(mode));
    HttpRequest good = cloud.request();
    const std::string bytes = body(sum, good);
    const HttpResponse kept = cloud.send(good, bytes);
    EXPECT_EQ(kept.status, 200) << kept.body;
    if (trails) EXPECT_EQ(kept.header("x-amz-checksum-crc32c"), sum);
    if (trails) {
      HttpRequest wrong = cloud.request();
      const std::string other = body("AAAAAA==", wrong);
      const HttpResponse refused = cloud.send(wrong, other);
      EXPECT_EQ(refused.status, 400);
      EXPECT_NE(refused.body.find("BadDigest"), std::string::npos) << refused.body;
    }
    if (mode != aws::ChunkMode::unsigned_trailer) {
      std::string changed = bytes;
      changed[changed.find("xx")] = 'y';
      const HttpResponse refused = cloud.send(good, changed);
      EXPECT_EQ(refused.status, 403);
      EXPECT_NE(refused.body.find("SignatureDoesNotMatch"), std::string::npos) << refused.body;
    }
    const HttpResponse torn = cloud.send(good, bytes.substr(0, bytes.size() / 2));
    EXPECT_EQ(torn.status, 400);
    EXPECT_NE(torn.body.find("IncompleteBody"), std::string::npos) << torn.body;
  }
}

}  // namespace
}  // namespace reeve::sandbox
