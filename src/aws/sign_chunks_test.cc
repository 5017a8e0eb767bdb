#include "aws/sign_chunks.h"

#include <gtest/gtest.h>

namespace reeve::aws {
namespace {

// The example of the S3 API reference, "Signature Calculations for the Authorization Header: Transferring Payload in
// Multiple Chunks": its keys, 66,560 bytes of 'a', chunks of 64 KiB, and the signatures that it prints.
const Credentials credentials{.access_key_id = "AKIAIOSFODNN7EXAMPLE",
                              .secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};
const SignOptions options{.region = "us-east-1",
                          .signing_name = "s3",
                          .time = parse_iso8601("2013-05-24T00:00:00Z").value(),
                          .double_encode_path = false,
                          .normalize_path = false};
const std::string content(66560, 'a');

HttpRequest example() {
  return {.method = "PUT",
          .host = "s3.amazonaws.com",
          .target = "/examplebucket/chunkObject.txt",
          .headers = {{"x-amz-storage-class", "REDUCED_REDUNDANCY"}, {"Content-Length", "66824"}}};
}

std::optional<std::string> secret_of(std::string_view id) {
  return id == credentials.access_key_id ? std::optional(credentials.secret_access_key) : std::nullopt;
}

std::string signature_in(const std::string& text, std::string_view after) {
  const auto at = text.find(after);
  return at == std::string::npos ? "" : text.substr(at + after.size(), 64);
}

std::string header(const HttpRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.headers) {
    if (key == name) return value;
  }
  return "";
}

/// A request with its body, ready to be read.
HttpRequest sent(ChunkMode mode, const Trailers& trailers = {}) {
  HttpRequest request = example();
  StreamedBody body{.mode = mode, .size_bytes = content.size()};
  for (const auto& [name, value] : trailers) body.trailer_names.push_back(name);
  auto signer = sign_streamed(request, credentials, options, body);
  EXPECT_TRUE(signer);
  request.body = signer->chunk(std::string_view(content).substr(0, 65536));
  request.body += signer->chunk(std::string_view(content).substr(65536));
  request.body += signer->chunk("");
  request.body += signer->end(trailers);
  return request;
}

/// AWS's code for what is wrong with the body; empty if all is right.
std::string wrong_with(const HttpRequest& request) {
  const auto read = without_chunks(request, secret_of);
  return read ? "" : read.error().aws->code;
}

TEST(SignChunks, TheReferencesExample) {
  HttpRequest request = example();
  auto signer = sign_streamed(request, credentials, options,
                              {.mode = ChunkMode::signed_payload, .size_bytes = content.size(), .trailer_names = {}});
  ASSERT_TRUE(signer);
  EXPECT_EQ(signature_in(header(request, "Authorization"), "Signature="),
            "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9");
  const std::string first = signer->chunk(std::string_view(content).substr(0, 65536));
  EXPECT_TRUE(first.starts_with("10000;chunk-signature="));
  EXPECT_EQ(signature_in(first, "signature="), "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648");
  EXPECT_EQ(signature_in(signer->chunk(std::string_view(content).substr(65536)), "signature="),
            "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497");
  EXPECT_EQ(signer->end(),
            "0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n");
}

// The same page's example with a trailer: "… Including Trailing Headers".
TEST(SignChunks, TheReferencesExampleWithATrailer) {
  const HttpRequest request = [] {
    HttpRequest out = example();
    std::erase_if(out.headers, [](const auto& one) { return one.first == "Content-Length"; });
    return out;
  }();
  HttpRequest asked = request;
  auto signer = sign_streamed(asked, credentials, options,
                              {.mode = ChunkMode::signed_payload_trailer,
                               .size_bytes = content.size(),
                               .trailer_names = {"x-amz-checksum-crc32c"}});
  ASSERT_TRUE(signer);
  EXPECT_EQ(signature_in(header(asked, "Authorization"), "Signature="),
            "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e");
  EXPECT_EQ(signature_in(signer->chunk(std::string_view(content).substr(0, 65536)), "signature="),
            "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2");
  EXPECT_EQ(signature_in(signer->chunk(std::string_view(content).substr(65536)), "signature="),
            "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7");
  const std::string end = signer->end({{"x-amz-checksum-crc32c", "sOO8/Q=="}});
  EXPECT_EQ(signature_in(end, "chunk-signature="), "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992");
  EXPECT_EQ(signature_in(end, "trailer-signature:"),
            "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435");
}

TEST(ReadChunks, GivesTheContentBack) {
  for (const ChunkMode mode :
       {ChunkMode::signed_payload, ChunkMode::signed_payload_trailer, ChunkMode::unsigned_trailer}) {
    SCOPED_TRACE(chunk_word(mode));
    const bool trails = mode != ChunkMode::signed_payload;
    const HttpRequest request = sent(mode, trails ? Trailers{{"x-amz-checksum-crc32c", "sOO8/Q=="}} : Trailers{});
    EXPECT_TRUE(verify(request, secret_of, options.time));
    const auto read = without_chunks(request, secret_of);
    ASSERT_TRUE(read) << read.error().text();
    ASSERT_TRUE(*read);
    EXPECT_EQ((*read)->body, content);
    EXPECT_EQ(header(**read, "Content-Encoding"), "");
    EXPECT_EQ(header(**read, "x-amz-checksum-crc32c"), trails ? "sOO8/Q==" : "");
  }
  const auto plain = without_chunks(example(), secret_of);
  ASSERT_TRUE(plain);
  EXPECT_FALSE(*plain);
}

TEST(ReadChunks, PiecesOfAnySizeAreTheSame) {
  const HttpRequest request = sent(ChunkMode::signed_payload_trailer, {{"x-amz-checksum-crc32c", "sOO8/Q=="}});
  for (const std::size_t size : {std::size_t{1}, std::size_t{7}, std::size_t{65537}}) {
    auto reader = ChunkReader::of(request, secret_of);
    ASSERT_TRUE(reader && *reader);
    std::string out;
    for (std::size_t at = 0; at < request.body.size(); at += size) {
      ASSERT_TRUE((*reader)->feed(std::string_view(request.body).substr(at, size), out));
    }
    EXPECT_TRUE((*reader)->ended());
    EXPECT_EQ(out, content);
  }
}

TEST(ReadChunks, AnyChangedPartIsRefused) {
  const Trailers trailers = {{"x-amz-checksum-crc32c", "sOO8/Q=="}};
  const HttpRequest good = sent(ChunkMode::signed_payload_trailer, trailers);
  ASSERT_EQ(wrong_with(good), "");
  auto changed = [&good](std::string_view what, std::string_view with) {
    HttpRequest out = good;
    out.body.replace(out.body.find(what), what.size(), with);
    return wrong_with(out);
  };
  EXPECT_EQ(changed("\r\naaaa", "\r\nbaaa"), "SignatureDoesNotMatch");
  EXPECT_EQ(changed(";chunk-signature=", ";chunk-signature=0"), "SignatureDoesNotMatch");
  EXPECT_EQ(changed("sOO8/Q==", "AAAAAA=="), "SignatureDoesNotMatch");
  EXPECT_EQ(changed("10000;", "zzzzz;"), "IncompleteBody");
  EXPECT_EQ(changed("10000;", "fffffffffffffffff;"), "IncompleteBody");
  EXPECT_EQ(changed("10000;", "0fffe;"), "SignatureDoesNotMatch");
  EXPECT_EQ(changed("x-amz-checksum-crc32c:", "x-amz-checksum-crc32c "), "MalformedTrailerError");
  const std::string signature = good.body.substr(good.body.find("x-amz-trailer-signature"));
  EXPECT_EQ(changed(signature, "\r\n"), "MalformedTrailerError");

  HttpRequest torn = good;
  torn.body.resize(torn.body.size() - 2);
  EXPECT_EQ(wrong_with(torn), "IncompleteBody");
  HttpRequest longer = good;
  longer.body += "0\r\n\r\n";
  EXPECT_EQ(wrong_with(longer), "IncompleteBody");
}

TEST(ReadChunks, TheAnnouncedLengthBinds) {
  for (const char* length : {"66559", "66561", "many"}) {
    HttpRequest request = sent(ChunkMode::unsigned_trailer, {{"x-amz-checksum-crc32", "AAAAAA=="}});
    for (auto& [name, value] : request.headers) {
      if (name == "X-Amz-Decoded-Content-Length") value = length;
    }
    EXPECT_NE(wrong_with(request), "") << length;
  }
}

}  // namespace
}  // namespace reeve::aws
