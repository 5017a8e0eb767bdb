#pragma once
#include <cstdint>

/// The parts of CBOR's encoding that both halves use (RFC 8949, sections 3 and 3.3): the first byte of an item is a
/// major type in its upper three bits and a count, or how the count follows, in the lower five.
namespace reeve::aws::cbor {

enum class Major : std::uint8_t { positive, negative, bytes, text, array, map, tag, simple };

inline constexpr unsigned one_byte = 24;    ///< lower bits: the count is in the byte that follows; 25 to 27: in 2, 4, 8
inline constexpr unsigned indefinite = 31;  ///< lower bits: items up to a "break"
inline constexpr unsigned char no = 0xF4, yes = 0xF5, null = 0xF6, undefined = 0xF7;
inline constexpr unsigned char float16 = 0xF9, float32 = 0xFA, float64 = 0xFB, stop = 0xFF;
inline constexpr std::uint64_t epoch_time = 1;  ///< tag: seconds since 1970

}  // namespace reeve::aws::cbor
