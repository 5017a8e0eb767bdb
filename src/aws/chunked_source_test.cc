#include "aws/chunked_source.h"

#include <gtest/gtest.h>

#include "base/byte_streams.h"
#include "base/encoding.h"
#include "base/sim_seams.h"

namespace reeve::aws {
namespace {

const Credentials keys{.access_key_id = "AKIAEXAMPLE", .secret_access_key = "secret"};

// A body in chunks has the size that it says, is read back by the server's half to the same content with a right
// checksum, and comes the same each time it is opened.
TEST(ChunkedSource, SaysItsSizeAndIsReadBack) {
  SimClock clock;
  Loop loop{clock};
  for (const ChunkMode mode :
       {ChunkMode::signed_payload, ChunkMode::signed_payload_trailer, ChunkMode::unsigned_trailer}) {
    for (const std::size_t size : {0u, 1u, 65535u, 65536u, 65537u, 300000u}) {
      std::string content(size, '\0');
      for (std::size_t i = 0; i < size; ++i) content[i] = static_cast<char>(i * 2654435761u >> 9);
      std::optional<HeldChecksum> trailer;
      if (mode != ChunkMode::signed_payload)
        trailer = {size % 2 == 0 ? ChecksumKind::crc32 : ChecksumKind::sha256, "x-amz-checksum-test"};
      StreamedBody body{.mode = mode, .size_bytes = size};
      if (trailer) body.trailer_names = {trailer->name};
      HttpRequest request{.method = "PUT", .host = "example.com", .target = "/bucket/key"};
      const SignOptions options{.region = "us-east-1", .signing_name = "s3", .time = clock.wall()};
      const HttpRequest unsigned_one = request;
      ASSERT_TRUE(sign_streamed(request, keys, options, body));
      ChunkedSource source(
          std::make_shared<TextSource>(content, 10'000),
          [&] {
            HttpRequest again = unsigned_one;
            return sign_streamed(again, keys, options, body);
          },
          mode, trailer);
      const auto once = loop.run(read_all(**source.open(), SIZE_MAX)),
                 twice = loop.run(read_all(**source.open(), SIZE_MAX));
      ASSERT_TRUE(once && twice);
      EXPECT_EQ(source.size(), once->size()) << size;
      EXPECT_TRUE(*once == *twice);
      request.body = *once;
      const auto back = without_chunks(request, [](auto) { return std::string("secret"); });
      ASSERT_TRUE(back && *back) << (back ? "" : back.error().text());
      EXPECT_TRUE((*back)->body == content);
      if (trailer) {
        EXPECT_EQ((*back)->headers.back().second, encode_base64(checksum(trailer->kind, content)));
      }
    }
  }
}

}  // namespace
}  // namespace reeve::aws
