#include <algorithm>

#include "base/encoding.h"
#include "sandbox/services/sesv2.h"

// Reads MIME messages as far as a mailbox shows them.
namespace reeve::sandbox {
namespace {

constexpr int deepest = 10;  // parts in parts

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && std::string_view(" \t\r\n").find(text.front()) != text.npos) text.remove_prefix(1);
  while (!text.empty() && std::string_view(" \t\r\n").find(text.back()) != text.npos) text.remove_suffix(1);
  return text;
}

/// One entity: its headers by lower-case name, unfolded, and what follows.
struct Entity {
  std::map<std::string, std::string, std::less<>> headers;
  std::string_view body;
  std::string_view header(std::string_view name) const {
    const auto at = headers.find(name);
    return at == headers.end() ? std::string_view() : std::string_view(at->second);
  }
};

Entity read_entity(std::string_view text) {
  Entity out;
  std::string* last = nullptr;
  while (!text.empty()) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == text.npos ? std::string_view() : text.substr(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) break;
    if ((line.front() == ' ' || line.front() == '\t') && last) {
      last->append(" ").append(trimmed(line));
      continue;
    }
    const auto colon = line.find(':');
    if (colon == line.npos) continue;
    last = &out.headers[lower(line.substr(0, colon))];
    *last = trimmed(line.substr(colon + 1));
  }
  out.body = text;
  return out;
}

/// A parameter of a header: boundary of "multipart/mixed; boundary=x".
std::string parameter(std::string_view header, std::string_view name) {
  const std::string all = lower(header);
  const auto at = all.find(std::string(name) + "=");
  if (at == all.npos) return {};
  std::string_view value = header.substr(at + name.size() + 1);
  if (value.starts_with('"')) return std::string(value.substr(1, value.find('"', 1) - 1));
  return std::string(trimmed(value.substr(0, value.find(';'))));
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char up = static_cast<char>(c & ~0x20);
  return up >= 'A' && up <= 'F' ? up - 'A' + 10 : -1;
}

/// RFC 2045's quoted-printable; in headers (RFC 2047) "_" is a space.
std::string unquoted(std::string_view text, bool in_header) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '_' && in_header) {
      out += ' ';
    } else if (text[i] != '=') {
      out += text[i];
    } else if (i + 1 < text.size() && (text[i + 1] == '\n' || text[i + 1] == '\r')) {
      i += text[i + 1] == '\r' ? 2 : 1;  // a soft line break
    } else if (i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += '=';
    }
  }
  return out;
}

/// "=?utf-8?B?…?=" and "=?utf-8?Q?…?=" in a header.
std::string decoded_words(std::string_view text) {
  std::string out;
  bool after_word = false;
  while (!text.empty()) {
    const auto begin = text.find("=?");
    const auto charset = begin == text.npos ? begin : text.find('?', begin + 2);
    const auto encoding = charset == text.npos ? charset : text.find('?', charset + 1);
    const auto end = encoding == text.npos ? encoding : text.find("?=", encoding + 1);
    if (end == text.npos) return out.append(text);
    const std::string_view between = text.substr(0, begin);
    if (!after_word || !trimmed(between).empty()) out += between;  // space between two words is none
    const std::string_view word = text.substr(encoding + 1, end - encoding - 1);
    const bool base64 = lower(text.substr(charset + 1, encoding - charset - 1)) == "b";
    out += base64 ? decode_base64(word).value_or(std::string(word)) : unquoted(word, true);
    text.remove_prefix(end + 2);
    after_word = true;
  }
  return out;
}

std::string decoded_body(const Entity& entity) {
  const std::string encoding = lower(entity.header("content-transfer-encoding"));
  if (encoding == "quoted-printable") return unquoted(entity.body, false);
  if (encoding != "base64") return std::string(entity.body);
  std::string plain(entity.body);
  std::erase_if(plain, [](char c) { return c == '\r' || c == '\n' || c == ' '; });
  return decode_base64(plain).value_or(std::string(entity.body));
}

void read_bodies(const Entity& entity, Mail& mail, int depth) {
  const std::string type = lower(entity.header("content-type"));
  if (lower(entity.header("content-disposition")).starts_with("attachment") || depth > deepest) return;
  if (!type.starts_with("multipart/")) {
    std::string& into = type.starts_with("text/html") ? mail.html : mail.text;
    const bool is_text = type.empty() || type.starts_with("text/");
    if (is_text && into.empty()) into = decoded_body(entity);
    return;
  }
  const std::string boundary = "--" + parameter(entity.header("content-type"), "boundary");
  if (boundary.size() == 2) return;
  std::string_view rest = entity.body;
  auto at = rest.find(boundary);
  while (at != rest.npos) {
    rest.remove_prefix(at + boundary.size());
    if (rest.starts_with("--")) return;
    rest.remove_prefix(std::min(rest.size(), rest.find('\n') == rest.npos ? rest.size() : rest.find('\n') + 1));
    at = rest.find(boundary);
    std::string_view part = rest.substr(0, at);
    if (part.ends_with('\n')) part.remove_suffix(1);
    if (part.ends_with('\r')) part.remove_suffix(1);
    read_bodies(read_entity(part), mail, depth + 1);
  }
}

std::vector<std::string> addresses(std::string_view header) {
  std::vector<std::string> out;
  std::string one;
  bool quoted = false;
  for (const char c : header) {
    if (c == '"') quoted = !quoted;
    if (c == ',' && !quoted) {
      out.emplace_back(trimmed(one));
      one.clear();
    } else {
      one += c;
    }
  }
  if (!trimmed(one).empty()) out.emplace_back(trimmed(one));
  for (std::string& address : out) address = decoded_words(address);
  return out;
}

}  // namespace

void read_mime(std::string_view raw, Mail& mail) {
  const Entity message = read_entity(raw);
  if (mail.from.empty()) mail.from = decoded_words(message.header("from"));
  if (mail.to.empty() && mail.cc.empty() && mail.bcc.empty()) {
    mail.to = addresses(message.header("to"));
    mail.cc = addresses(message.header("cc"));
    mail.bcc = addresses(message.header("bcc"));
  }
  if (mail.reply_to.empty()) mail.reply_to = addresses(message.header("reply-to"));
  mail.subject = decoded_words(message.header("subject"));
  read_bodies(message, mail, 0);
}

}  // namespace reeve::sandbox
