#include "sandbox/listing.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.h"

namespace reeve::sandbox {

bool matches_wildcard(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
      continue;
    }
    const bool escaped = p + 1 < pattern.size() && pattern[p] == '\\';
    const char wanted = p < pattern.size() ? pattern[p + (escaped ? 1 : 0)] : '\0';
    if (p < pattern.size() && ((!escaped && wanted == '?') || wanted == text[t])) {
      p += escaped ? 2 : 1;
      ++t;
      continue;
    }
    if (star == std::string_view::npos) return false;
    p = star + 1;
    t = ++mark;
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool Filter::matches(std::string_view text) const {
  if (std::ranges::binary_search(exact, text)) return true;
  return std::ranges::any_of(wildcards, [&](const std::string& w) { return matches_wildcard(w, text); });
}

std::expected<std::vector<Filter>, Fault> read_filters(Value filters) {
  constexpr std::size_t most_values = 200;  // [EC2 API reference, "Filter"]
  constexpr std::size_t most_filters = 50;
  if (filters.size() > most_filters) return fault("FilterLimitExceeded", "Too many filters are specified.");
  std::vector<Filter> out;
  std::size_t values = 0;
  for (Value item : filters.items()) {
    Filter filter{.name = item["Name"].as_string()};
    if (filter.name.empty()) return missing("Filter.Name");
    if (filter.name.starts_with("tag:")) filter.tag = filter.name.substr(4);
    if (item["Values"].empty()) return fault("InvalidParameterValue", "The filter '" + filter.name + "' has no values");
    values += item["Values"].size();
    for (std::string_view value : texts(item["Values"])) {
      (value.find_first_of("*?\\") == value.npos ? filter.exact : filter.wildcards).emplace_back(value);
    }
    std::ranges::sort(filter.exact);
    filter.exact.erase(std::ranges::unique(filter.exact).begin(), filter.exact.end());
    out.push_back(std::move(filter));
  }
  if (values > most_values) {
    return fault("FilterLimitExceeded",
                 fmt::format("The maximum number of filter values specified on a single call is {}.", most_values));
  }
  return out;
}

bool tags_match(const Filter& filter, const Tags& tags) {
  if (filter.tag.empty()) {  // tag-key
    return std::ranges::any_of(tags, [&](const auto& tag) { return filter.matches(tag.first); });
  }
  auto at = tags.find(filter.tag);
  return at != tags.end() && filter.matches(at->second);
}

const Filter* id_filter(const std::vector<Filter>& filters, std::string_view name) {
  for (const Filter& filter : filters) {
    if (filter.name == name && filter.wildcards.empty()) return &filter;
  }
  return nullptr;
}

namespace {
/// Tokens are bound to what they continue; AWS's are opaque, and so are these.
unsigned token_check(std::string_view own_account, std::string_view region, std::string_view service,
                     std::string_view operation, std::string_view account, std::string_view after) {
  return crc32(fmt::format("{}\n{}\n{}\n{}\n{}\n{}", own_account, region, service, operation, account, after));
}

std::string token_text(unsigned check, std::string_view account, std::string_view after) {
  return encode_base64(fmt::format("1:{:08x}:{}:{}", check, account, after));
}
}  // namespace

std::string make_token(const Call& call, std::string_view account, std::string_view after) {
  return token_text(token_check(call.account.id, call.region.name, call.service, call.operation, account, after),
                    account, after);
}

std::string first_token(std::string_view account, std::string_view region, std::string_view service,
                        std::string_view operation) {
  return token_text(token_check(account, region, service, operation, "", ""), "", "");
}

std::expected<Page, Fault> read_page(const Call& call, bool by_ids, std::int64_t least, std::int64_t most,
                                     std::string_view size_member, std::string_view token_member) {
  Page page;
  const Value size = call[size_member];
  const std::string_view token = call[token_member].as_text();
  if (by_ids && !size.is_null()) {
    return fault("InvalidParameterCombination",
                 "The parameter MaxResults cannot be used with a list of ids in the same request");
  }
  if (!size.is_null()) {
    const std::int64_t asked = size.as_integer();
    if (asked < least) {
      return fault(
          "InvalidParameterValue",
          fmt::format("Value ( {} ) for parameter maxResults is invalid. Expecting a value greater than or equal "
                      "to {}.",
                      asked, least));
    }
    page.size = static_cast<std::size_t>(std::min(asked, most));
  } else if (!token.empty()) {
    page.size = static_cast<std::size_t>(most);
  }
  if (token.empty()) return page;
  const auto plain = decode_base64(token);
  const std::string_view text = plain ? std::string_view(*plain) : std::string_view();
  const auto colon = text.size() > 11 ? text.find(':', 11) : text.npos;
  if (text.substr(0, 2) == "1:" && colon != text.npos) {
    page.account = text.substr(11, colon - 11);
    page.after = text.substr(colon + 1);
    if (text.substr(2, 8) == fmt::format("{:08x}", token_check(call.account.id, call.region.name, call.service,
                                                               call.operation, page.account, page.after)))
      return page;
  }
  return fault("InvalidNextToken", "The specified NextToken is not valid.");
}

std::string filter_date(Time time) {
  const Calendar c = to_calendar(time);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", c.year, c.month, c.day, c.hour, c.minute, c.second,
                     c.microsecond / 1000);
}

}  // namespace reeve::sandbox
