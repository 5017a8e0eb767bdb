#include "aws/trace_header.h"

#include <fmt/format.h>

#include <algorithm>

namespace reeve::aws {
namespace {

constexpr std::string_view header = "X-Amzn-Trace-Id";

bool same(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return (x | 32) == (y | 32); });
}

/// Whatever a header may not hold, percent-encoded.
std::string encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c >= ' ' && c <= '~') {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace

void add_trace_header(Environment& environment, HttpRequest& request) {
  const auto function = environment.get("AWS_LAMBDA_FUNCTION_NAME"), trace = environment.get("_X_AMZN_TRACE_ID");
  if (!function || function->empty() || !trace || trace->empty()) return;
  const bool there = std::ranges::any_of(request.headers, [](const auto& h) { return same(h.first, header); });
  if (!there) request.headers.emplace_back(header, encoded(*trace));
}

}  // namespace reeve::aws
