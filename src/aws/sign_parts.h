#pragma once
// What signing and checking share. Inside the room only.
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/sign.h"
#include "base/result.h"
#include "base/seams.h"

namespace reeve::aws::signing {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view unsigned_payload = "UNSIGNED-PAYLOAD";

using Digest = std::array<unsigned char, 32>;

/// SHA-256 and HMAC over one context: OpenSSL's one-shot functions look the algorithm up on every call.
class Hasher {
 public:
  Hasher() : context_(EVP_MD_CTX_new()) { REEVE_ASSERT(context_ != nullptr && method() != nullptr); }
  Hasher(Hasher&& other) noexcept : context_(std::exchange(other.context_, nullptr)) {}
  Hasher& operator=(Hasher&&) = delete;
  ~Hasher() { EVP_MD_CTX_free(context_); }

  Digest sha256(std::string_view bytes) { return two({}, bytes); }

  Digest hmac(std::string_view key, std::string_view message) {
    std::array<char, 64> inner{}, outer{};
    Digest hashed_key;
    if (key.size() > inner.size()) {
      hashed_key = sha256(key);
      key = view(hashed_key);
    }
    std::ranges::copy(key, inner.begin());
    outer = inner;
    for (char& c : inner) c ^= 0x36;
    for (char& c : outer) c ^= 0x5c;
    const Digest first = two({inner.data(), inner.size()}, message);
    return two({outer.data(), outer.size()}, view(first));
  }
  Digest hmac(const Digest& key, std::string_view message) { return hmac(view(key), message); }

  static std::string_view view(const Digest& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
  }

 private:
  friend class StreamHash;
  static const EVP_MD* method() {
    static const EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);  // immutable
    return fetched;
  }
  Digest two(std::string_view a, std::string_view b) {
    Digest out;
    EVP_DigestInit_ex2(context_, method(), nullptr);
    EVP_DigestUpdate(context_, a.data(), a.size());
    EVP_DigestUpdate(context_, b.data(), b.size());
    EVP_DigestFinal_ex(context_, out.data(), nullptr);
    return out;
  }
  EVP_MD_CTX* context_;
};

/// SHA-256 of bytes that come in pieces.
class StreamHash {
 public:
  StreamHash() : context_(EVP_MD_CTX_new()) {
    REEVE_ASSERT(context_ != nullptr);
    begin();
  }
  StreamHash(StreamHash&& other) noexcept : context_(std::exchange(other.context_, nullptr)) {}
  StreamHash& operator=(StreamHash&& other) noexcept {
    std::swap(context_, other.context_);
    return *this;
  }
  ~StreamHash() { EVP_MD_CTX_free(context_); }
  void add(std::string_view bytes) { EVP_DigestUpdate(context_, bytes.data(), bytes.size()); }
  /// The digest of what was added; then it begins again.
  Digest take() {
    Digest out;
    EVP_DigestFinal_ex(context_, out.data(), nullptr);
    begin();
    return out;
  }

 private:
  void begin() { EVP_DigestInit_ex2(context_, Hasher::method(), nullptr); }
  EVP_MD_CTX* context_;
};

std::string hex(const Digest& digest);
std::string lower(std::string_view text);
bool same_name(std::string_view a, std::string_view b);  ///< header names, without regard to case
bool white(char c);
std::string_view trimmed(std::string_view text);
std::vector<std::string_view> split(std::string_view text, char at);

const std::string* find_header(const HttpRequest& request, std::string_view name);
void set_header(HttpRequest& request, std::string_view name, std::string value);
/// The raw value of a query parameter, still percent-encoded; nullopt if there is none.
std::optional<std::string_view> find_query(const HttpRequest& request, std::string_view name);
std::string host_of(const HttpRequest& request);  ///< as the Host header says it

std::string stamp_of(Time time);  ///< "20150830T123600Z"
std::optional<Time> read_stamp(std::string_view text);
bool is_s3(std::string_view service);

/// Which headers are signed: by their names in lower case.
using Takes = std::function<bool(const std::string& name)>;
/// All but those that proxies and libraries change on the way, so that nobody signs them.
bool usually_signed(const std::string& lower_name);

struct Canonical {
  std::string text, signed_headers;
};
/// The canonical request; a parameter X-Amz-Signature of the query is left out.
Canonical canonical_request(const HttpRequest& request, std::string_view payload_hash, bool double_encode,
                            bool normalize, const Takes& takes);
/// The names of the headers that are signed, sorted, with ';' between.
std::string signed_headers_of(const HttpRequest& request, const Takes& takes);

/// "20150830/us-east-1/service/aws4_request".
std::string credential_scope(const SignatureScope& scope);
Digest signing_key(Hasher& hasher, std::string_view secret, const SignatureScope& scope);
std::string signature_of(Hasher& hasher, std::string_view canonical, std::string_view secret, std::string_view stamp,
                         const SignatureScope& scope);
/// In a time that does not tell where they differ.
bool same_signature(std::string_view a, std::string_view b);

std::unexpected<Error> refuse(std::string code, int status, std::string message);

}  // namespace reeve::aws::signing
