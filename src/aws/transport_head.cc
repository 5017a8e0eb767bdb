#include "aws/transport_head.h"

#include <aws/http/request_response.h>

#include <algorithm>
#include <charconv>

#include "aws/crt_runtime.h"
#include "base/limits.h"

namespace reeve::aws::crt {
namespace {

void add(aws_http_message* message, std::string_view name, std::string_view value) {
  aws_http_header header{};
  header.name = cursor(name);
  header.value = cursor(value);
  aws_http_message_add_header(message, header);
}

}  // namespace

bool has_header(const HttpRequest& request, std::string_view name) {
  return std::ranges::any_of(
      request.headers, [&](const auto& header) { return aws_http_header_name_eq(cursor(header.first), cursor(name)); });
}

int write_head(aws_http_message* message, const HttpRequest& request, std::optional<std::uint64_t> body_bytes) {
  if (aws_http_message_set_request_method(message, cursor(request.method)) != AWS_OP_SUCCESS ||
      aws_http_message_set_request_path(message, cursor(request.target)) != AWS_OP_SUCCESS) {
    return aws_last_error();
  }
  if (!has_header(request, "Host")) {
    const bool standard = request.port == 0 || request.port == (request.scheme == "http" ? 80 : 443);
    add(message, "Host", standard ? request.host : request.host + ":" + std::to_string(request.port));
  }
  for (const auto& [name, value] : request.headers) add(message, name, value);
  if (body_bytes && !has_header(request, "Content-Length") && !has_header(request, "Transfer-Encoding")) {
    add(message, "Content-Length", std::to_string(*body_bytes));
  }
  return 0;
}

bool AnswerHead::take(int block, const aws_http_header* headers, std::size_t count, HttpResponse& response) {
  headers_ += count;
  for (std::size_t i = 0; i < count; ++i) bytes_ += headers[i].name.len + headers[i].value.len;
  if (headers_ > limits::response_headers || bytes_ > limits::response_header_bytes) return false;
  if (block != AWS_HTTP_HEADER_BLOCK_MAIN) return true;
  if (response.headers.empty()) response.headers.reserve(12);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view name = view(headers[i].name), value = view(headers[i].value);
    if (aws_http_header_name_eq(headers[i].name, cursor("Content-Length"))) {
      std::from_chars(value.data(), value.data() + value.size(), size_.emplace(0));
      framed_ = true;
    } else if (aws_http_header_name_eq(headers[i].name, cursor("Transfer-Encoding"))) {
      framed_ = true;
    }
    response.headers.emplace_back(name, value);
  }
  return true;
}

bool AnswerHead::end_block(int block) {
  return block != AWS_HTTP_HEADER_BLOCK_INFORMATIONAL || ++interim_ <= limits::interim_answers;
}

bool AnswerHead::lacks_body(const HttpRequest& request, int status) const {
  const bool success = status >= 200 && status < 300;
  return success && !framed_ && status != 204 && request.method != "HEAD";
}

}  // namespace reeve::aws::crt
