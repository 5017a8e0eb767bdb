#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "base/document.h"
#include "base/result.h"

namespace reeve {

/// Reads one JSON text into a document (RFC 8259; simdjson underneath). Integers that fit 64 bits stay integers; texts
/// stay texts. A key that stands twice in one map is an error (`malformed`); so is anything after the value.
/// Keys known to `keys` become ids. Errors: malformed, limit_exceeded.
Result<Document> parse_json(std::string_view text, const std::shared_ptr<const Keys>& keys = nullptr);

/// parse_json for many texts one after another: keeps its buffers.
class JsonParser {
 public:
  JsonParser();
  JsonParser(JsonParser&&) noexcept;
  JsonParser& operator=(JsonParser&&) noexcept;
  ~JsonParser();
  Result<Document> parse(std::string_view text, const std::shared_ptr<const Keys>& keys = nullptr);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Writes a value as JSON. Timestamps as ISO 8601 texts, blobs as base64 texts, unknown as {"$unknown": reason},
/// NaN and infinities as texts. Keys in the document's order. `indent` 0 writes one line.
std::string to_json(Value value, int indent = 0);

/// The one text that equal values share: keys sorted by bytes, no spaces, numbers in their shortest form. For digests.
std::string canonical_json(Value value);

/// Appends `text` as a JSON string literal; bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

}  // namespace reeve
