#include "base/result.h"

#include <cstdio>
#include <cstdlib>

namespace reeve {

std::string_view name(Code code) {
  switch (code) {
#define CODE(id, meaning) \
  case Code::id:          \
    return #id;
#include "base/error_codes.def"
#undef CODE
  }
  return "internal";
}

std::string Error::text() const {
  std::string out = message;
  std::string where;
  auto add = [&where](std::string_view part) {
    if (part.empty()) return;
    if (!where.empty()) where += ' ';
    where += part;
  };
  add(operation);
  add(resource);
  if (aws) {
    add(aws->code);
    if (aws->status != 0) add("HTTP " + std::to_string(aws->status));
    if (!aws->request_id.empty()) add("request " + aws->request_id);
  }
  if (!where.empty()) out += " (" + where + ")";
  if (cause) out += ": " + cause->text();
  if (hint.empty()) return out;
  const bool ended = out.ends_with('.') || out.ends_with('?') || out.ends_with('!');
  out += ended ? " " : ". ";
  const std::size_t begins = out.size();
  out += hint;
  const char first = out[begins];
  if (first >= 'a' && first <= 'z') out[begins] = static_cast<char>(first - 'a' + 'A');  // a sentence of its own
  return out;
}

void assertion_failed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "reeve: internal error: %s does not hold at %s:%d\n", expression, file, line);
  std::abort();
}

}  // namespace reeve
