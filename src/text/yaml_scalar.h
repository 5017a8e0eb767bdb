#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/document.h"
#include "base/result.h"
#include "text/yaml.h"

namespace reeve::text {

/// What a scalar can be in YAML 1.1's type repository (yaml.org/type).
enum class ScalarTag : std::uint8_t { null, boolean, integer, real, timestamp, merge, value, text, binary };

/// The type of a plain scalar without a tag, by the patterns of PyYAML's safe loader.
ScalarTag resolve_plain(std::string_view text);

/// A scalar of a type as a cell; text and bytes are copied into the arena.
struct Scalar {
  Node cell;
  YamlForm form = YamlForm::plain;
  int utc_offset_s = 0;
};
/// Reads the text of a scalar as a type. The error's message says what is wrong.
Result<Scalar> read_scalar(ScalarTag tag, std::string_view text, Arena& arena);

/// A plain scalar of JSON: true, false, null or a number.
Result<Scalar> read_json_scalar(std::string_view text);

}  // namespace reeve::text
