#include "aws/recording_mask.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/encoding.h"
#include "base/json.h"
#include "base/limits.h"

namespace reeve::aws {
namespace {

constexpr std::size_t account_digits = 12, key_length = 20;
/// Shorter ones are left alone in other texts: words such as "test" would tear names apart.
constexpr std::size_t shortest_secret = 8;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Names of members that are secrets wherever they stand, in lower case.
constexpr auto secret_names = std::to_array<std::string_view>({"secretaccesskey",
                                                               "sessiontoken",
                                                               "securitytoken",
                                                               "accesstoken",
                                                               "refreshtoken",
                                                               "idtoken",
                                                               "bearertoken",
                                                               "authtoken",
                                                               "clientsecret",
                                                               "devicecode",
                                                               "usercode",
                                                               "codeverifier",
                                                               "authorizationcode",
                                                               "authorizationtoken",
                                                               "authorization",
                                                               "webidentitytoken",
                                                               "samlassertion",
                                                               "tokencode",
                                                               "password",
                                                               "oldpassword",
                                                               "newpassword",
                                                               "masteruserpassword",
                                                               "masterpassword",
                                                               "servicepassword",
                                                               "servicecredentialsecret",
                                                               "passworddata",
                                                               "secretstring",
                                                               "secretbinary",
                                                               "secretkey",
                                                               "privatekey",
                                                               "privatekeyplaintext",
                                                               "keymaterial",
                                                               "plaintext",
                                                               "base32stringseed",
                                                               "qrcodepng",
                                                               "authenticationcode1",
                                                               "authenticationcode2",
                                                               "userdata",
                                                               "clientsecretvalue",
                                                               "signintoken",
                                                               "authparameters",
                                                               "apikeyvalue",
                                                               "connectionstring"});

bool is_secret_name(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if (c != '-' && c != '_') plain += lower(c);
  }
  return std::ranges::find(secret_names, plain) != secret_names.end();
}

/// What signs a URL: parameters whose values are credentials.
constexpr auto url_secrets =
    std::to_array<std::string_view>({"X-Amz-Security-Token=", "X-Amz-Signature=", "X-Amz-Credential=",
                                     "x-amz-security-token=", "Signature=", "AWSAccessKeyId=", "access_token="});

bool starts_key(std::string_view text) {
  return text.starts_with("AKIA") || text.starts_with("ASIA") || text.starts_with("ABIA") || text.starts_with("ACCA");
}
bool is_key_letter(char c) { return (c >= 'A' && c <= 'Z') || is_digit(c); }

/// Calls `run(begin, length)` for each run of exactly twelve digits.
template <class Run>
void twelve_digits(std::string_view text, Run run) {
  for (std::size_t i = 0; i < text.size();) {
    if (!is_digit(text[i])) {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < text.size() && is_digit(text[end])) ++end;
    if (end - i == account_digits) run(i, end - i);
    i = end;
  }
}
bool stands_alone(std::string_view text, std::size_t begin, std::size_t length) {
  const bool before = begin > 0 && is_letter(text[begin - 1]);
  const bool after = begin + length < text.size() && is_letter(text[begin + length]);
  return !before && !after;
}

/// Calls `run(begin)` for each access key id.
template <class Run>
void key_ids(std::string_view text, Run run) {
  for (std::size_t i = 0; i + key_length <= text.size(); ++i) {
    if (text[i] != 'A' || !starts_key(text.substr(i)) || (i > 0 && is_key_letter(text[i - 1]))) continue;
    std::size_t end = i;
    while (end < text.size() && is_key_letter(text[end])) ++end;
    if (end - i == key_length) run(i);
    i = end;
  }
}

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
}

const Shape* shape_of(const Member* member) { return member ? member->shape : nullptr; }
const Member* member_of(const Shape* shape, std::string_view name) {
  if (!shape) return nullptr;
  return shape->type == ShapeType::map ? &shape->map_value : shape->find(name);
}
const Member* item_of(const Shape* shape) { return shape && shape->type == ShapeType::list ? &shape->item : nullptr; }

bool is_secret(std::string_view name, const Member* member) {
  return is_secret_name(name) || (member && (member->sensitive || (member->shape && member->shape->sensitive)));
}

}  // namespace

// --- The file
// ----------------------------------------------------------------------------------------------------------

Result<Mask> Mask::read(Disk& disk, const std::string& folder) {
  const std::string path = fmt::format("{}/{}", folder, file_name);
  TRY(const bool exists, disk.exists(path));
  if (!exists) return Mask("");
  TRY(const std::string text, disk.read_file(path, limits::text_file_bytes));
  TRY(const Document document, parse_json(text));
  if (document["format"].as_integer() != 1 || document["salt"].as_text().empty()) {
    return fail({.code = Code::malformed, .message = "this is no mask of format 1", .resource = path});
  }
  Mask out(document["salt"].as_string());
  for (const Value item : document["invented"].items()) out.invented_.insert(item.as_string());
  out.saved_ = true;
  return out;
}

Result<Mask> Mask::open(Disk& disk, const std::string& folder, Random& random) {
  TRY(Mask out, read(disk, folder));
  if (out.salt_.empty()) out.salt_ = fmt::format("{:016x}{:016x}", random.next(), random.next());
  return out;
}

Result<Mask> Mask::replaying(Disk& disk, const std::string& folder) {
  TRY(Mask out, read(disk, folder));
  out.replaying_ = true;
  return out;
}

Result<void> Mask::save(Disk& disk, const std::string& folder) {
  if (saved_) return {};
  Builder out;
  out.begin_map();
  out.put("format", 1);
  out.put("salt", salt_);
  out.begin_list("invented");
  for (const std::string& text : invented_) out.add(text);
  out.end();
  out.end();
  TRY(disk.write_file(fmt::format("{}/{}", folder, file_name), to_json(out.finish()) + "\n"));
  saved_ = true;
  return {};
}

// --- Invented numbers
// --------------------------------------------------------------------------------------------------

/// Slow on purpose: an account number has only twelve digits, and whoever has the folder has the salt.
std::string Mask::digest(std::string_view text) const {
  constexpr int rounds = 1 << 14;
  std::string state = salt_ + std::string(text);
  for (int i = 0; i < rounds; ++i) {
    const auto next = sha256(state);
    state.assign(reinterpret_cast<const char*>(next.data()), next.size());
  }
  return state;
}

std::string Mask::invented_account(std::string_view id) const {
  const std::string bytes = digest(id);
  std::string out;
  for (std::size_t i = 0; i < account_digits; ++i) {
    out += static_cast<char>('0' + static_cast<unsigned char>(bytes[i]) % 10);
  }
  return out;
}

/// The kind of a key ("AKIA", "ASIA") stays; the rest holds the account's number in another form.
std::string Mask::invented_key(std::string_view id) const {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const std::string bytes = digest(id);
  std::string out(id.substr(0, 4));
  for (std::size_t i = 4; i < key_length; ++i) out += letters[static_cast<unsigned char>(bytes[i]) % letters.size()];
  return out;
}

// --- Learning
// ----------------------------------------------------------------------------------------------------------

void Mask::learn_account(std::string_view id) {
  if (salt_.empty() || id.size() != account_digits || !std::ranges::all_of(id, is_digit) || known_.contains(id)) return;
  if (replaying_ && invented_.contains(id)) return;
  std::string made = invented_account(id);
  if (replaying_ && !invented_.contains(made)) return;  // of no account that the recording knows
  saved_ = !invented_.insert(made).second && saved_;
  known_.emplace(id, std::move(made));
}

void Mask::learn_text(std::string_view text) {
  twelve_digits(text, [&](std::size_t begin, std::size_t length) {
    // In a replay a number that hangs on letters counts where the recording has its invented one.
    if (replaying_ || stands_alone(text, begin, length)) learn_account(text.substr(begin, length));
  });
  key_ids(text, [&](std::size_t begin) {
    const std::string_view id = text.substr(begin, key_length);
    if (known_.contains(id) || (replaying_ && invented_.contains(id))) return;
    std::string made = invented_key(id);
    saved_ = !invented_.insert(made).second && saved_;
    known_.emplace(id, std::move(made));
  });
}

void Mask::learn_secret(Value value) {
  switch (value.kind()) {
    case Kind::text:
    case Kind::blob:
      if (value.size() >= shortest_secret && value.as_text() != masked) secrets_.insert(value.as_string());
      break;
    case Kind::list:
      for (const Value item : value.items()) learn_secret(item);
      break;
    case Kind::map:
      for (const auto [key, item] : value.entries()) learn_secret(item);
      break;
    default:
      break;
  }
}

void Mask::learn(Value value, const Shape* shape) {
  if (salt_.empty()) return;
  switch (value.kind()) {
    case Kind::text:
    case Kind::blob:
      learn_text(value.as_text());
      break;
    case Kind::unknown:
      learn_text(value.unknown_reason());
      break;
    case Kind::list:
      for (const Value item : value.items()) {
        const Member* of = item_of(shape);
        if (is_secret("", of)) learn_secret(item);
        learn(item, shape_of(of));
      }
      break;
    case Kind::map:
      for (const auto [key, item] : value.entries()) {
        const Member* of = member_of(shape, key);
        learn_text(key);
        if (is_secret(key, of)) learn_secret(item);
        learn(item, shape_of(of));
      }
      break;
    default:
      break;
  }
}

// --- Masking
// -----------------------------------------------------------------------------------------------------------

std::string Mask::replace_numbers(std::string_view text) const {
  // In one pass from left to right, so that an invented number is never taken for a real one.
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    auto found = known_.end();
    if (is_digit(text[i])) {
      found = known_.find(text.substr(i, account_digits));
    } else if (text[i] == 'A') {
      found = known_.find(text.substr(i, key_length));
    }
    if (found == known_.end()) {
      out += text[i++];
      continue;
    }
    out += found->second;
    i += found->first.size();
  }
  return out;
}

std::string Mask::apply(std::string_view text) const {
  if (salt_.empty()) return std::string(text);
  std::string out(text);
  // The longest first: one secret may be a part of another.
  std::vector<std::string_view> secrets(secrets_.begin(), secrets_.end());
  std::ranges::sort(secrets, std::greater{}, &std::string_view::size);
  for (const std::string_view secret : secrets) {
    replace_all(out, secret, masked);
    if (std::string escaped = encode_percent(secret); escaped != secret) replace_all(out, escaped, masked);
  }
  for (const std::string_view name : url_secrets) {
    for (std::size_t at = out.find(name); at != std::string::npos; at = out.find(name, at + name.size())) {
      const std::size_t begin = at + name.size();
      const std::size_t end = std::min(out.find_first_of("& \t\r\n\"'<>", begin), out.size());
      out.replace(begin, end - begin, masked);
    }
  }
  return replace_numbers(out);
}

void Mask::write(Builder& out, Value value, const Shape* shape, bool secret) const {
  switch (value.kind()) {
    case Kind::text:
      out.add(secret ? std::string(masked) : apply(value.as_text()));
      break;
    case Kind::blob:
      out.blob(secret ? std::string(masked) : apply(value.as_text()));
      break;
    case Kind::unknown:
      out.unknown(apply(value.unknown_reason()));
      break;
    case Kind::integer: {
      const auto known = known_.find(std::to_string(value.as_integer()));
      if (secret) {
        out.add(0);
      } else if (known != known_.end()) {
        out.add(std::int64_t{std::strtoll(known->second.c_str(), nullptr, 10)});
      } else {
        out.add(value);
      }
      break;
    }
    case Kind::real:
      if (secret) {
        out.add(0.0);
      } else {
        out.add(value);
      }
      break;
    case Kind::list:
      out.begin_list();
      for (const Value item : value.items()) {
        const Member* of = item_of(shape);
        write(out, item, shape_of(of), secret || is_secret("", of));
      }
      out.end();
      break;
    case Kind::map:
      out.begin_map();
      for (const auto [key, item] : value.entries()) {
        const Member* of = member_of(shape, key);
        out.key(apply(key));
        write(out, item, shape_of(of), secret || is_secret(key, of));
      }
      out.end();
      break;
    default:
      out.add(value);
      break;
  }
}

Document Mask::apply(Value value, const Shape* shape, const std::shared_ptr<const Keys>& keys) const {
  Builder out(keys);
  write(out, value, shape, false);
  return out.finish();
}

}  // namespace reeve::aws
