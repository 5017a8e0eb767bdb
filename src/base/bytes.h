#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/task.h"

/// Bytes too many to hold at once, in pieces.
namespace reeve {

/// Bytes that arrive piece by piece, once. Loop thread only; one next() at a time.
class ByteReader {
 public:
  /// Destroyed before its end, what is left is given up (a connection is closed, a file too).
  virtual ~ByteReader() = default;
  /// The next piece, of any size above zero; empty at the end, and after it. Errors: those of where the bytes come from
  /// (network, timed_out, cancelled, io, malformed for a wrong checksum); after one there are no more.
  virtual Task<Result<std::string>> next() = 0;
};

/// Bytes that can be read from their beginning, as often as an attempt needs them.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// How many there are; nullopt where that is known at the end alone.
  virtual std::optional<std::uint64_t> size() const = 0;
  /// Whether open() still gives a reader: false for bytes that came once and are gone.
  virtual bool opens() const { return true; }
  /// A reader that stands at the beginning. Errors: io; unsupported where the bytes came once and are gone.
  virtual Result<std::unique_ptr<ByteReader>> open() = 0;
};

}  // namespace reeve
