#include "policy/filters/hours_schedule.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "text/dates.h"
#include "text/python_text.h"

namespace reeve::policy {
namespace {

constexpr std::string_view day_letters = "mtwhfsu";
constexpr int days_a_week = 7;

constexpr auto stand_ins = std::to_array<std::pair<std::string_view, char>>({{"u28", '('},
                                                                             {"u29", ')'},
                                                                             {"u5b", '['},
                                                                             {"u5d", ']'},
                                                                             {"u2c", ','},
                                                                             {"u3b", ';'},
                                                                             {"u3d", '='},
                                                                             {"u2f", '/'},
                                                                             {"u2d", '-'}});

// Short names as policies use them (Cloud Custodian's documentation, "Resource scheduling: time zones").
constexpr auto zone_names = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"pt", "America/Los_Angeles"},
    {"pst", "America/Los_Angeles"},
    {"pdt", "America/Los_Angeles"},
    {"at", "America/Phoenix"},
    {"ast", "America/Phoenix"},
    {"et", "America/New_York"},
    {"est", "America/New_York"},
    {"edt", "America/New_York"},
    {"ct", "America/Chicago"},
    {"cst", "America/Chicago"},
    {"cdt", "America/Chicago"},
    {"mt", "America/Denver"},
    {"mst", "America/Denver"},
    {"mdt", "America/Denver"},
    {"gmt", "Etc/GMT"},
    {"gt", "Etc/GMT"},
    {"utc", "Etc/UTC"},
    {"bst", "Europe/London"},
    {"ist", "Europe/Dublin"},
    {"cet", "Europe/Berlin"},
    {"it", "Europe/Rome"},
    {"jst", "Asia/Tokyo"},
    {"kst", "Asia/Seoul"},
    {"sgt", "Asia/Singapore"},
    {"aet", "Australia/Sydney"},
    {"brst", "America/Sao_Paulo"},
    {"nzst", "Pacific/Auckland"},
});

std::vector<std::string_view> split(std::string_view text, std::string_view separator) {
  std::vector<std::string_view> out;
  while (true) {
    const auto at = text.find(separator);
    out.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return out;
    text.remove_prefix(at + separator.size());
  }
}

std::string without(std::string_view text, std::string_view letters) {
  std::string out(text);
  std::erase_if(out, [&](char c) { return letters.contains(c); });
  return out;
}

std::optional<int> day(std::string_view text) {
  if (text.size() != 1) return std::nullopt;
  const auto at = day_letters.find(text[0]);
  return at == std::string_view::npos ? std::nullopt : std::optional(static_cast<int>(at));
}

/// "m", "m-f", and over the week's end "s-m".
std::optional<std::vector<int>> read_days(std::string_view text) {
  const auto ends = split(text, "-");
  if (ends.size() > 2) return std::nullopt;
  const auto first = day(ends.front()), last = day(ends.back());
  if (!first || !last) return std::nullopt;
  std::vector<int> out;
  for (int at = *first;; at = (at + 1) % days_a_week) {
    out.push_back(at);
    if (at == *last) return out;
  }
}

/// "(m-f,19)", "[(m-f,19),(s,12)]", "m-f,19".
std::optional<std::vector<HourEntry>> read_entries(std::string_view text) {
  std::vector<HourEntry> out;
  const std::string list = without(text, "[]");
  for (const auto part : split(list, ",(")) {
    const std::string entry = without(part, "()");
    const auto words = split(entry, ",");
    if (words.size() != 2 || words[1].empty()) return std::nullopt;
    const auto days = read_days(words[0]);
    int hour = -1;
    const auto [end, error] = std::from_chars(words[1].data(), words[1].data() + words[1].size(), hour);
    if (!days || error != std::errc{} || end != words[1].data() + words[1].size() || hour < 0 || hour > 23) {
      return std::nullopt;
    }
    out.push_back({.days = *days, .hour = hour});
  }
  return out;
}

}  // namespace

std::optional<HoursSchedule> read_hours(std::string_view text) {
  HoursSchedule out;
  for (const auto words : split(text, " ")) {
    for (const auto part : split(words, ";")) {
      const auto equals = part.find('=');
      if (equals == std::string_view::npos) continue;
      const std::string_view key = part.substr(0, equals), value = part.substr(equals + 1);
      if (key == "tz") {
        out.zone = value;
      } else if (key == "on" || key == "off") {
        auto entries = read_entries(value);
        if (!entries) return std::nullopt;
        (key == "on" ? out.on : out.off) = std::move(entries);
      } else {
        return std::nullopt;
      }
    }
  }
  return out;
}

std::string plain_hours(std::string_view tag_value) {
  std::string text = text::lower(tag_value);
  for (const char quote : {'\'', '"'}) {
    while (text.starts_with(quote)) text.erase(0, 1);
    while (text.ends_with(quote)) text.pop_back();
  }
  for (const auto& [word, letter] : stand_ins) {
    for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
      text.replace(at, word.size(), 1, letter);
    }
  }
  return text;
}

std::optional<std::string> hours_zone(std::string_view name) {
  const std::string word = text::lower(name);
  const auto* const found = std::ranges::find(zone_names, word, [](const auto& one) { return one.first; });
  if (found != zone_names.end()) return std::string(found->second);
  if (text::is_zone(name)) return std::string(name);
  std::string title = word;
  bool begins = true;
  for (char& c : title) {
    if (begins && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    begins = c == '/' || c == '_' || c == '-';
  }
  return text::is_zone(title) ? std::optional(title) : std::nullopt;
}

}  // namespace reeve::policy
