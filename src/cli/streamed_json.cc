#include "cli/streamed_json.h"

#include <cstdio>
#include <string>

#include "base/json.h"

namespace reeve::cli {
namespace {

constexpr int step = 2;

/// Without the flush of print(): a list may have a hundred thousand items.
void put(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

/// A value whose lines after the first are moved in by `depth` steps.
void put_value(Value value, int depth) {
  const std::string text = to_json(value, step);
  const std::string margin(static_cast<std::size_t>(step * depth), ' ');
  std::size_t at = 0;
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', at)) {
    put(std::string_view(text).substr(at, end + 1 - at));
    put(margin);
    at = end + 1;
  }
  put(std::string_view(text).substr(at));
}

}  // namespace

StreamedJson::StreamedJson() { put("{\n  \"format\": 1"); }

StreamedJson::~StreamedJson() {
  if (in_list_) end_list();  // what made the items failed: what is printed stays JSON
  put("\n}\n");
  std::fflush(stdout);
}

void StreamedJson::key(std::string_view key) {
  put(",\n  \"");
  put(key);  // ours: a plain word
  put("\": ");
}

void StreamedJson::member(std::string_view name, Value value) {
  key(name);
  put_value(value, 1);
}

void StreamedJson::begin_list(std::string_view name) {
  key(name);
  put("[");
  empty_ = in_list_ = true;
}

void StreamedJson::item(Value value) {
  put(empty_ ? "\n    " : ",\n    ");
  put_value(value, 2);
  empty_ = false;
}

void StreamedJson::end_list() {
  put(empty_ ? "]" : "\n  ]");
  in_list_ = false;
}

}  // namespace reeve::cli
