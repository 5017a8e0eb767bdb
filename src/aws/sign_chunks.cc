#include "aws/sign_chunks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "aws/sign_parts.h"

namespace reeve::aws {

using namespace signing;

namespace {

constexpr std::array<std::string_view, 3> words = {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
                                                   "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
                                                   "STREAMING-UNSIGNED-PAYLOAD-TRAILER"};
constexpr std::string_view empty_hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr std::string_view signature_extension = ";chunk-signature=";
constexpr std::string_view trailer_signature = "x-amz-trailer-signature";
constexpr std::size_t longest_line = 8192;  // of a chunk's head or a trailer: as long as a header may be
constexpr std::size_t most_trailers = 16;

/// The chain of signatures: each is made over the one before.
class Chain {
 public:
  Chain(Digest key, std::string stamp, std::string scope, std::string seed)
      : key_(key), stamp_(std::move(stamp)), scope_(std::move(scope)), last_(std::move(seed)) {}
  std::string next_chunk(const Digest& content) {
    return next("AWS4-HMAC-SHA256-PAYLOAD", fmt::format("{}\n{}", empty_hash, hex(content)));
  }
  std::string next_trailer(const Trailers& trailers) {
    std::string text;
    for (const auto& [name, value] : trailers) text.append(name).append(":").append(trimmed(value)).append("\n");
    return next("AWS4-HMAC-SHA256-TRAILER", hex(hasher_.sha256(text)));
  }
  Digest hash(std::string_view content) { return hasher_.sha256(content); }

 private:
  std::string next(std::string_view kind, const std::string& hashes) {
    last_ = hex(hasher_.hmac(key_, fmt::format("{}\n{}\n{}\n{}\n{}", kind, stamp_, scope_, last_, hashes)));
    return last_;
  }
  Hasher hasher_;
  Digest key_;
  std::string stamp_, scope_, last_;
};

/// After "Signature=" of the Authorization header.
std::string seed_of(const HttpRequest& request) {
  const std::string* header = find_header(request, "authorization");
  constexpr std::string_view before = "Signature=";
  const std::size_t at = header == nullptr ? std::string::npos : header->rfind(before);
  if (at == std::string::npos) return {};
  const std::string_view rest = std::string_view(*header).substr(at + before.size());
  return std::string(trimmed(rest.substr(0, rest.find(','))));
}

}  // namespace

std::string_view chunk_word(ChunkMode mode) { return words[static_cast<std::size_t>(mode)]; }

std::optional<ChunkMode> chunk_mode(std::string_view word) {
  const auto found = std::ranges::find(words, word);
  if (found == words.end()) return std::nullopt;
  return static_cast<ChunkMode>(found - words.begin());
}

// --- ChunkSigner -----------------------------------------------------------------------------------------------------

struct ChunkSigner::State {
  ChunkMode mode;
  Chain chain;
};

ChunkSigner::ChunkSigner(std::unique_ptr<State> state) : state_(std::move(state)) {}
ChunkSigner::ChunkSigner(ChunkSigner&&) noexcept = default;
ChunkSigner& ChunkSigner::operator=(ChunkSigner&&) noexcept = default;
ChunkSigner::~ChunkSigner() = default;

std::string ChunkSigner::chunk(std::string_view content) {
  if (content.empty()) return {};
  std::string out = fmt::format("{:x}", content.size());
  if (state_->mode != ChunkMode::unsigned_trailer) {
    out.append(signature_extension).append(state_->chain.next_chunk(state_->chain.hash(content)));
  }
  out.append("\r\n").append(content).append("\r\n");
  return out;
}

std::string ChunkSigner::end(const Trailers& trailers) {
  std::string out = "0";
  if (state_->mode != ChunkMode::unsigned_trailer) {
    out.append(signature_extension).append(state_->chain.next_chunk(state_->chain.hash({})));
  }
  out.append("\r\n");
  for (const auto& [name, value] : trailers) out.append(name).append(":").append(value).append("\r\n");
  if (state_->mode == ChunkMode::signed_payload_trailer) {
    out.append(trailer_signature).append(":").append(state_->chain.next_trailer(trailers)).append("\r\n");
  }
  out.append("\r\n");
  return out;
}

Result<ChunkSigner> sign_streamed(HttpRequest& request, const Credentials& credentials, const SignOptions& options,
                                  const StreamedBody& body) {
  const std::string* coding = find_header(request, "content-encoding");
  set_header(request, "Content-Encoding",
             coding == nullptr || coding->empty() ? std::string("aws-chunked") : "aws-chunked," + *coding);
  set_header(request, "X-Amz-Decoded-Content-Length", fmt::format("{}", body.size_bytes));
  set_header(request, "X-Amz-Content-SHA256", std::string(chunk_word(body.mode)));
  if (!body.trailer_names.empty()) {
    set_header(request, "X-Amz-Trailer", fmt::format("{}", fmt::join(body.trailer_names, ",")));
  }
  TRY(sign(request, credentials, options));
  const std::string stamp = stamp_of(options.time);
  const SignatureScope scope{.access_key_id = credentials.access_key_id,
                             .date = stamp.substr(0, 8),
                             .region = options.region,
                             .service = options.signing_name};
  Hasher hasher;
  return ChunkSigner(
      std::make_unique<ChunkSigner::State>(body.mode, Chain(signing_key(hasher, credentials.secret_access_key, scope),
                                                            stamp, credential_scope(scope), seed_of(request))));
}

// --- ChunkReader -----------------------------------------------------------------------------------------------------

struct ChunkReader::State {
  enum class Place : std::uint8_t { head, content, after_content, trailer, done };
  ChunkMode mode;
  std::optional<Chain> chain;  // not for unsigned chunks
  std::optional<std::uint64_t> announced;
  Place place = Place::head;
  std::string line;          // begun, not ended
  std::uint64_t left = 0;    // of the chunk
  std::uint64_t length = 0;  // of all content so far
  std::string claimed;       // the chunk's signature
  StreamHash hash;
  Trailers trailers;
  bool trailer_checked = false;

  Result<void> take_line();
  Result<void> begin_chunk(std::string_view head);
  Result<void> check_chunk();
  Result<void> take_trailer(std::string_view text);
};

namespace {

std::unexpected<Error> mismatch() {
  return refuse("SignatureDoesNotMatch", 403,
                "The chunk signature we calculated does not match the signature you provided. Check your AWS Secret "
                "Access Key and signing method.");
}
std::unexpected<Error> incomplete(std::string message) { return refuse("IncompleteBody", 400, std::move(message)); }

}  // namespace

Result<void> ChunkReader::State::begin_chunk(std::string_view head) {
  const std::size_t size_end = std::min(head.find(';'), head.size());
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(head.data(), head.data() + size_end, size, 16);
  if (size_end == 0 || error != std::errc{} || end != head.data() + size_end) {
    return incomplete("A chunk does not begin with its size.");
  }
  // In unsigned bodies extensions mean nothing (RFC 9112, 7.1.1).
  claimed.clear();
  if (const std::string_view rest = head.substr(size_end); chain) {
    if (!rest.starts_with(signature_extension)) return mismatch();
    claimed = rest.substr(signature_extension.size());
  }
  if (size > UINT64_MAX - length) return incomplete("A chunk is larger than a body can be.");
  length += size;
  if (announced && length > *announced) {
    return incomplete("The request body holds more than X-Amz-Decoded-Content-Length says.");
  }
  left = size;
  if (size > 0) {
    place = Place::content;
    return {};
  }
  place = Place::trailer;
  return check_chunk();
}

Result<void> ChunkReader::State::check_chunk() {
  if (!chain) return {};
  return same_signature(chain->next_chunk(hash.take()), claimed) ? Result<void>() : mismatch();
}

Result<void> ChunkReader::State::take_trailer(std::string_view text) {
  if (text.empty()) {
    if (mode == ChunkMode::signed_payload_trailer && !trailer_checked) {
      return refuse("MalformedTrailerError", 400, "The request's trailer has no signature.");
    }
    place = Place::done;
    return {};
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || trailer_checked || trailers.size() >= most_trailers ||
      mode == ChunkMode::signed_payload) {
    return refuse("MalformedTrailerError", 400, "The request contained trailing data that was not well-formed.");
  }
  std::string name = lower(trimmed(text.substr(0, colon)));
  const std::string_view value = trimmed(text.substr(colon + 1));
  if (name != trailer_signature) {
    trailers.emplace_back(std::move(name), value);
    return {};
  }
  trailer_checked = true;
  return !chain || same_signature(chain->next_trailer(trailers), value) ? Result<void>() : mismatch();
}

Result<void> ChunkReader::State::take_line() {
  const std::string text = std::exchange(line, {});
  switch (place) {
    case Place::head:
      return begin_chunk(text);
    case Place::after_content:
      place = Place::head;
      return text.empty() ? Result<void>() : incomplete("A chunk does not end where its size says.");
    case Place::trailer:
      return take_trailer(text);
    case Place::content:
    case Place::done:
      break;
  }
  return incomplete("The request body goes on after its last chunk.");
}

ChunkReader::ChunkReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
ChunkReader::ChunkReader(ChunkReader&&) noexcept = default;
ChunkReader& ChunkReader::operator=(ChunkReader&&) noexcept = default;
ChunkReader::~ChunkReader() = default;
const Trailers& ChunkReader::trailers() const { return state_->trailers; }

Result<std::optional<ChunkReader>> ChunkReader::of(const HttpRequest& request, const SecretOf& secret_of) {
  const std::string* word = find_header(request, "x-amz-content-sha256");
  const auto mode = word != nullptr ? chunk_mode(*word) : std::nullopt;
  if (!mode) return std::nullopt;
  auto state = std::make_unique<State>();
  state->mode = *mode;
  if (const std::string* size = find_header(request, "x-amz-decoded-content-length")) {
    std::uint64_t bytes = 0;
    const auto [end, error] = std::from_chars(size->data(), size->data() + size->size(), bytes);
    if (error != std::errc{} || end != size->data() + size->size()) {
      return refuse("MissingContentLength", 411, "X-Amz-Decoded-Content-Length is not a number.");
    }
    state->announced = bytes;
  }
  if (*mode != ChunkMode::unsigned_trailer) {
    const auto scope = signature_scope(request);
    const std::string* stamp = find_header(request, "x-amz-date");
    const auto secret = scope ? secret_of(scope->access_key_id) : std::nullopt;
    if (!secret || stamp == nullptr) return mismatch();
    Hasher hasher;
    state->chain.emplace(signing_key(hasher, *secret, *scope), *stamp, credential_scope(*scope), seed_of(request));
  }
  return ChunkReader(std::move(state));
}

Result<void> ChunkReader::feed(std::string_view piece, std::string& out) {
  State& state = *state_;
  while (!piece.empty()) {
    if (state.place == State::Place::content) {
      const std::string_view content = piece.substr(0, std::min<std::uint64_t>(state.left, piece.size()));
      piece.remove_prefix(content.size());
      if (state.chain) state.hash.add(content);
      out.append(content);
      state.left -= content.size();
      if (state.left > 0) continue;
      state.place = State::Place::after_content;
      TRY(state.check_chunk());
      continue;
    }
    const std::size_t end = piece.find('\n');
    state.line.append(piece.substr(0, end));
    if (state.line.size() > longest_line) return incomplete("A line between the chunks is too long.");
    if (end == std::string_view::npos) return {};
    piece.remove_prefix(end + 1);
    if (state.line.ends_with('\r')) state.line.pop_back();
    TRY(state.take_line());
  }
  return {};
}

Result<void> ChunkReader::ended() const {
  if (state_->place != State::Place::done) return incomplete("The request body ended before its last chunk.");
  if (state_->announced && *state_->announced != state_->length) {
    return incomplete("The request body holds less than X-Amz-Decoded-Content-Length says.");
  }
  return {};
}

HttpRequest chunkless_head(const HttpRequest& request, const Trailers& trailers) {
  HttpRequest out{.method = request.method,
                  .scheme = request.scheme,
                  .host = request.host,
                  .port = request.port,
                  .target = request.target,
                  .headers = request.headers,
                  .body = {}};
  if (const std::string* coding = find_header(out, "content-encoding")) {
    std::string rest;
    for (const std::string_view one : split(*coding, ',')) {
      if (trimmed(one) == "aws-chunked") continue;
      if (!rest.empty()) rest.push_back(',');
      rest.append(trimmed(one));
    }
    if (rest.empty()) {
      std::erase_if(out.headers, [](const auto& header) { return same_name(header.first, "content-encoding"); });
    } else {
      set_header(out, "Content-Encoding", std::move(rest));
    }
  }
  for (const auto& [name, value] : trailers) out.headers.emplace_back(name, value);
  return out;
}

Result<std::optional<HttpRequest>> without_chunks(const HttpRequest& request, const SecretOf& secret_of) {
  TRY(auto reader, ChunkReader::of(request, secret_of));
  if (!reader) return std::nullopt;
  std::string body;
  TRY(reader->feed(request.body, body));
  TRY(reader->ended());
  HttpRequest out = chunkless_head(request, reader->trailers());
  out.body = std::move(body);
  return out;
}

}  // namespace reeve::aws
