#include "cases/compare.h"

#include <algorithm>
#include <cctype>
#include <iterator>

#include "base/contains.h"
#include "base/json.h"

namespace reeve::cases {
namespace {

/// Members that list the resources of one call: which of them go together is the client's choice.
constexpr std::string_view batch_members[] = {"Resources",  "ResourceARNList",     "ResourceArns", "InstanceIds",
                                              "AlarmNames", "VolumeIds",           "ImageIds",     "VpcEndpointIds",
                                              "FlowLogIds", "NetworkInterfaceIds", "MetricData",   "Findings"};
/// Members whose value a client makes up anew for each call.
constexpr std::string_view token_members[] = {"ClientToken", "ClientRequestToken", "IdempotencyToken", "Token",
                                              "CreationToken"};
constexpr std::size_t compressed_bytes = 100;  // notify's messages are longer; names and ids are shorter

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// zlib's header in base64, and nothing but base64.
bool is_compressed(std::string_view text) {
  if (text.size() < compressed_bytes || !text.starts_with("eJ")) return false;
  return std::ranges::all_of(text, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '/' || c == '=';
  });
}

/// How far `pattern` fits from `at` on: '0' a digit, anything else itself; 0 if it does not fit.
std::size_t fits(std::string_view text, std::size_t at, std::string_view pattern) {
  if (at + pattern.size() > text.size()) return 0;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = text[at + i];
    if (pattern[i] == '0' ? !is_digit(c) : pattern[i] == '?' ? (c != '-' && c != '/') : c != pattern[i]) return 0;
  }
  return pattern.size();
}

/// Length of a date at `at`, with the time and the zone after it; 0 if there is none.
std::size_t date_at(std::string_view text, std::size_t at) {
  if (at > 0 && is_digit(text[at - 1])) return 0;
  const std::size_t day = fits(text, at, "0000?00?00");
  if (day == 0) return 0;
  std::size_t end = at + day;
  if (end < text.size() && is_digit(text[end])) return 0;
  for (const std::string_view time : {"T00:00:00", " 00:00:00", "T00:00", " 00:00", " 0000", "T00"}) {
    const std::size_t length = fits(text, end, time);
    if (length == 0) continue;
    end += length;
    if (end < text.size() && text[end] == '.') {
      for (++end; end < text.size() && is_digit(text[end]);) ++end;
    }
    std::size_t zone = 0;
    for (const std::string_view form : {"+00:00", "-00:00", "Z"}) zone = std::max(zone, fits(text, end, form));
    if (zone == 0 && end < text.size() && text[end] == ' ') {
      std::size_t letters = end + 1;
      while (letters < text.size() && std::isupper(static_cast<unsigned char>(text[letters])) != 0) ++letters;
      if (letters - end - 1 >= 3) zone = letters - end;
    }
    end += zone;
    break;
  }
  return end - at;
}

/// The value in the form that is compared.
std::string plain(Value value) {
  if (value.kind() == Kind::timestamp) return "\"<date>\"";
  if (value.is_map()) {
    if (value["__class__"].as_text() == "datetime") return "\"<date>\"";
    std::vector<std::string> members;
    for (const auto [key, member] : value.entries()) {
      if (contains(token_members, key) || member.is_null()) continue;
      if (key == "DryRun" && member.kind() == Kind::boolean && !member.as_bool()) continue;
      std::string one;
      append_json_string(one, key);
      members.push_back(one + ":" + plain(member));
    }
    std::ranges::sort(members);
    std::string out = "{";
    for (const auto& member : members) out += (out.size() > 1 ? "," : "") + member;
    return out + "}";
  }
  if (value.is_list()) {
    std::vector<std::string> items;
    for (const Value item : value.items()) items.push_back(plain(item));
    std::ranges::sort(items);
    std::string out = "[";
    for (const auto& item : items) out += (out.size() > 1 ? "," : "") + item;
    return out + "]";
  }
  if (!value.is_text()) return canonical_json(value);
  const std::string_view text = value.as_text();
  if (is_compressed(text)) return "\"<message>\"";
  if (text.starts_with('{') || text.starts_with('[')) {  // policy documents and the like: JSON in a text
    if (const auto inside = parse_json(text)) return plain(*inside);
  }
  std::string out;
  append_json_string(out, mask_dates(text));
  return out;
}

}  // namespace

std::string mask_dates(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (const std::size_t length = date_at(text, at); length > 0) {
      out += "<date>";
      at += length;
    } else {
      out += text[at++];
    }
  }
  return out;
}

std::vector<std::string> comparable(std::string_view service, std::string_view operation, Value params) {
  const std::string head = std::string(service) + "." + std::string(operation) + " ";
  for (const std::string_view member : batch_members) {
    const auto list = params.find(member);
    if (!list || !list->is_list() || list->size() < 2) continue;
    std::vector<std::string> out;
    for (const Value item : list->items()) {
      Builder b;
      b.begin_map();
      for (const auto [key, value] : params.entries()) {
        if (key != member) {
          b.put(key, value);
          continue;
        }
        b.begin_list(key);
        b.add(item);
        b.end();
      }
      b.end();
      out.push_back(head + plain(b.finish()));
    }
    return out;
  }
  return {head + plain(params)};
}

Difference difference(std::vector<std::string> expected, std::vector<std::string> actual) {
  std::ranges::sort(expected);
  std::ranges::sort(actual);
  Difference out;
  std::ranges::set_difference(expected, actual, std::back_inserter(out.missing));
  std::ranges::set_difference(actual, expected, std::back_inserter(out.extra));
  return out;
}

}  // namespace reeve::cases
