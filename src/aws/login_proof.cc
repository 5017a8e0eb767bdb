#include "aws/login_proof.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <array>
#include <memory>
#include <vector>

#include "base/document.h"
#include "base/encoding.h"
#include "base/json.h"

namespace reeve::aws {
namespace {

/// Bytes of a number of the curve P-256.
constexpr int number_bytes = 32;

template <auto release>
struct Release {
  template <class T>
  void operator()(T* what) const {
    release(what);
  }
};
using Bio = std::unique_ptr<BIO, Release<&BIO_free_all>>;
using Key = std::unique_ptr<EVP_PKEY, Release<&EVP_PKEY_free>>;
using Digest = std::unique_ptr<EVP_MD_CTX, Release<&EVP_MD_CTX_free>>;
using Number = std::unique_ptr<BIGNUM, Release<&BN_free>>;
using Pair = std::unique_ptr<ECDSA_SIG, Release<&ECDSA_SIG_free>>;

std::unexpected<Error> wrong_key() {
  return fail({.code = Code::credentials, .message = "the key of the login (dpopKey) is no P-256 key in PEM"});
}

/// Base64 for URLs, without padding (RFC 7515).
std::string for_url(std::string_view bytes) {
  std::string out = encode_base64(bytes);
  while (out.ends_with('=')) out.pop_back();
  for (char& c : out) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return out;
}

std::string padded(const BIGNUM* number) {
  std::array<unsigned char, number_bytes> bytes{};
  if (BN_bn2binpad(number, bytes.data(), number_bytes) != number_bytes) return {};
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string coordinate(const EVP_PKEY* key, const char* name) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &raw) != 1) return {};
  const Number number(raw);
  return padded(number.get());
}

bool is_p256(const EVP_PKEY* key) {
  std::array<char, 32> group{};
  std::size_t size = 0;
  return EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) == 1 &&
         std::string_view(group.data(), size) == "prime256v1";
}

/// r and s side by side, as JWS wants them (RFC 7518, 3.4).
std::string signature(EVP_PKEY* key, const std::string& text) {
  const Digest digest(EVP_MD_CTX_new());
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t size = 0;
  if (EVP_DigestSignInit(digest.get(), nullptr, EVP_sha256(), nullptr, key) != 1 ||
      EVP_DigestSign(digest.get(), nullptr, &size, bytes, text.size()) != 1) {
    return {};
  }
  std::vector<unsigned char> der(size);
  if (EVP_DigestSign(digest.get(), der.data(), &size, bytes, text.size()) != 1) return {};
  const unsigned char* at = der.data();
  const Pair pair(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size)));
  if (!pair) return {};
  return padded(ECDSA_SIG_get0_r(pair.get())) + padded(ECDSA_SIG_get0_s(pair.get()));
}

std::string url_of(const HttpRequest& request) {
  std::string out = request.scheme + "://" + request.host;
  if (request.port != 0) out += ":" + std::to_string(request.port);
  return out + request.target.substr(0, request.target.find('?'));
}

}  // namespace

Result<std::string> login_proof(const std::string& key_pem, const HttpRequest& request, Time now,
                                const std::string& random_id) {
  const Bio text(BIO_new_mem_buf(key_pem.data(), static_cast<int>(key_pem.size())));
  // A key with a password would be asked for on the terminal: the empty one is no password at all.
  const auto no_password = [](char*, int, int, void*) { return 0; };
  const Key key(PEM_read_bio_PrivateKey(text.get(), nullptr, no_password, nullptr));
  if (!key || !is_p256(key.get())) return wrong_key();
  Builder header;
  header.begin_map();
  header.put("typ", "dpop+jwt");
  header.put("alg", "ES256");
  header.begin_map("jwk");
  header.put("kty", "EC");
  header.put("x", for_url(coordinate(key.get(), OSSL_PKEY_PARAM_EC_PUB_X)));
  header.put("y", for_url(coordinate(key.get(), OSSL_PKEY_PARAM_EC_PUB_Y)));
  header.put("crv", "P-256");
  header.end();
  header.end();
  Builder claims;
  claims.begin_map();
  claims.put("htm", request.method);
  claims.put("htu", url_of(request));
  claims.put("iat", now.us / 1'000'000);
  claims.put("jti", random_id);
  claims.end();
  const std::string said = for_url(to_json(header.finish())) + "." + for_url(to_json(claims.finish()));
  const std::string proof = signature(key.get(), said);
  if (proof.size() != 2 * number_bytes) return wrong_key();
  return said + "." + for_url(proof);
}

}  // namespace reeve::aws
