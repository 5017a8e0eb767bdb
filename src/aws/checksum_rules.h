#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "aws/checksum.h"
#include "aws/model.h"
#include "base/bytes.h"
#include "base/seams.h"

namespace reeve::aws {

/// When checksums are made and looked at (AWS SDKs and Tools Reference Guide: "Data Integrity Protections for Amazon
/// S3", request_checksum_calculation and response_checksum_validation).
enum class ChecksumUse : std::uint8_t { when_supported, when_required };

/// A checksum in a header or a trailer.
struct HeldChecksum {
  ChecksumKind kind;
  std::string name;       ///< of the header, in lower case
  std::string text = {};  ///< in base64; empty: not made yet
};

/// The checksum that a request is to carry, by the model and its parameters: the algorithm that `params` name, CRC32
/// where the model wants one or `use` says so, Content-MD5 where a model wants one and knows no other (Smithy:
/// "httpChecksumRequired trait"). nullopt: none, or the caller gave one. A default is told in `http`, whose headers are
/// filled but for this. Errors: invalid_params (an algorithm that there is not).
Result<std::optional<HeldChecksum>> request_checksum(const Operation& operation, Value params, ChecksumUse use,
                                                     HttpRequest& http);

/// The member by which the answer is asked to carry a checksum, where `params` leave it out; empty: there is nothing to
/// ask.
std::string_view checksum_to_ask_for(const Operation& operation, Value params, ChecksumUse use);

/// The checksum that the body of an answer must have; nullopt where it carries none that counts: one that was made of
/// its parts' ("-2" at its end), one of an algorithm that Reeve does not know, one of all where `params` ask for a
/// range.
std::optional<HeldChecksum> response_checksum(const Operation& operation, Value params, const HttpResponse& http);

/// Compares. Errors: malformed.
Result<void> check(const HeldChecksum& expected, std::string_view body);
/// Hands on what `from` gives; where it was not as `expected`, the end is an error: malformed.
std::shared_ptr<ByteReader> checked(std::shared_ptr<ByteReader> from, HeldChecksum expected);

}  // namespace reeve::aws
