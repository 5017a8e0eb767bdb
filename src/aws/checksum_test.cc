#include "aws/checksum.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace reeve::aws {
namespace {

// The check values of the CRC catalogue ("123456789"), and those of FIPS 180-4 and RFC 1321 for "abc".
TEST(Checksum, KnownAnswers) {
  EXPECT_EQ(encode_hex(checksum(ChecksumKind::crc32, "123456789")), "cbf43926");
  EXPECT_EQ(encode_hex(checksum(ChecksumKind::crc32c, "123456789")), "e3069283");
  EXPECT_EQ(encode_hex(checksum(ChecksumKind::crc64nvme, "123456789")), "ae8b14860a799888");
  EXPECT_EQ(encode_hex(checksum(ChecksumKind::sha1, "abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(encode_hex(checksum(ChecksumKind::sha256, "abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(encode_hex(checksum(ChecksumKind::md5, "abc")), "900150983cd24fb0d6963f7d28e17f72");
}

TEST(Checksum, PiecesMakeTheSameAsTheWhole) {
  for (const auto kind : {ChecksumKind::crc32, ChecksumKind::crc32c, ChecksumKind::crc64nvme, ChecksumKind::sha1,
                          ChecksumKind::sha256, ChecksumKind::md5}) {
    Checksum sum(kind);
    for (const std::string_view piece : {"a", "", "bc"}) sum.add(piece);
    EXPECT_EQ(sum.take(), checksum(kind, "abc")) << name(kind);
    EXPECT_EQ(sum.take(), checksum(kind, "")) << "it begins again";
    EXPECT_EQ(checksum_kind(name(kind)), kind);
  }
  EXPECT_FALSE(checksum_kind("CRC16"));
}

TEST(Checksum, CrcsOfPartsJoin) {
  for (const auto kind : {ChecksumKind::crc32, ChecksumKind::crc32c, ChecksumKind::crc64nvme}) {
    EXPECT_EQ(joined_checksum(kind, checksum(kind, "12345"), checksum(kind, "6789"), 4), checksum(kind, "123456789"))
        << name(kind);
  }
  EXPECT_EQ(joined_checksum(ChecksumKind::sha1, "", "", 0), "");
}

}  // namespace
}  // namespace reeve::aws
