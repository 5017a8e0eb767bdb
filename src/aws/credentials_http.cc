#include "aws/credentials_http.h"

#include <fmt/format.h>

#include "aws/live_url.h"
#include "base/encoding.h"
#include "base/json.h"

namespace reeve::aws {
namespace {

/// Of what a metadata service says of itself, at most this goes into a message.
constexpr std::size_t message_bytes_most = 200;

bool may_pass(int status) { return status == 429 || status >= 500; }

}  // namespace

Task<Result<HttpResponse>> ask_metadata(CredentialContext context, HttpRequest request, MetadataPatience patience) {
  const std::string where = fmt::format("{}://{}{}", request.scheme, request.host, request.target);
  request.headers.emplace_back("User-Agent", "reeve");
  for (int connections = 1, answers = 1;;) {
    HttpRequest again = request;
    const Steady deadline = context.world.clock.steady() + patience.timeout;
    Task<Result<HttpResponse>> sending = context.world.http.send(std::move(again), deadline, Cancel());
    auto answer = co_await std::move(sending);
    if (answer && !may_pass(answer->status)) co_return answer;
    if (answer && answers++ >= patience.attempts) {
      co_return no_credentials(fmt::format("{} answered {}", where, what_it_said(*answer)));
    }
    if (!answer && (answer.error().code == Code::cancelled || connections++ >= patience.connections)) {
      co_return no_credentials(where, std::move(answer).error());
    }
    Task<Result<void>> pause = context.world.loop.sleep(patience.pause);
    CO_TRY(co_await std::move(pause));
  }
}

Result<HttpRequest> metadata_request(std::string_view url) {
  const auto scheme = url.find("://");
  const auto path = scheme == std::string_view::npos ? scheme : url.find_first_of("/?", scheme + 3);
  TRY(const Url parsed, parse_url(url.substr(0, path)));
  HttpRequest out{.scheme = parsed.scheme, .host = parsed.host, .port = parsed.port};
  if (path != std::string_view::npos) out.target = url.substr(path);
  if (out.target.starts_with('?')) out.target.insert(0, "/");
  return out;
}

std::string what_it_said(const HttpResponse& response) {
  std::string out = fmt::format("status {}", response.status);
  const auto document = parse_json(response.body);
  if (!document || !document->root().is_map()) return out;
  for (const char* key : {"Code", "code", "Message", "message"}) {
    const Value said = (*document)[key];
    if (said.is_text())
      out += (key[0] == 'C' || key[0] == 'c' ? ", " : ": ") + std::string(said.as_text().substr(0, message_bytes_most));
  }
  return out;
}

}  // namespace reeve::aws
