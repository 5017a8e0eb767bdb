#include "estate/prices.h"

#include <charconv>
#include <cmath>
#include <vector>

#include "estate/embedded.h"

namespace reeve::estate {
namespace {

constexpr std::string_view columns_line = "service,sku,unit,price_usd,source,as_of,note";
constexpr std::string_view shipped_table = "us-east-1.csv";

/// The fields of one line by RFC 4180; nullopt where a quote is not closed.
std::optional<std::vector<std::string>> fields_of(std::string_view line) {
  std::vector<std::string> out(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"') {
      if (quoted && i + 1 < line.size() && line[i + 1] == '"') {
        out.back() += '"';
        ++i;
      } else {
        quoted = !quoted;
      }
    } else if (line[i] == ',' && !quoted) {
      out.emplace_back();
    } else {
      out.back() += line[i];
    }
  }
  if (quoted) return std::nullopt;
  return out;
}

std::unexpected<Error> wrong(std::string_view file, int line, std::string message) {
  Error error{Code::invalid_input, "price table: " + std::move(message)};
  error.resource = std::string(file) + ":" + std::to_string(line) + ":1";
  return fail(std::move(error));
}

}  // namespace

Result<Prices> Prices::parse(std::string_view csv, std::string_view file_name, std::string region) {
  Prices out;
  out.region_ = std::move(region);
  int number = 0;
  while (!csv.empty()) {
    ++number;
    const auto end = csv.find('\n');
    std::string_view line = csv.substr(0, end);
    csv.remove_prefix(end == csv.npos ? csv.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (number == 1) {
      if (line != columns_line) return wrong(file_name, 1, "the first line must be " + std::string(columns_line));
      continue;
    }
    if (line.empty()) continue;
    const auto fields = fields_of(line);
    if (!fields) return wrong(file_name, number, "a quoted field is not closed");
    if (fields->size() != 7)
      return wrong(file_name, number, "7 fields are expected, not " + std::to_string(fields->size()));
    const auto& f = *fields;
    Price price{.usd = 0, .unit = f[2], .as_of = f[5], .source = f[4]};
    const auto read = std::from_chars(f[3].data(), f[3].data() + f[3].size(), price.usd);
    if (read.ec != std::errc() || read.ptr != f[3].data() + f[3].size() || !std::isfinite(price.usd) || price.usd < 0) {
      return wrong(file_name, number, "'" + f[3] + "' is not a price");
    }
    if (f[0].empty() || f[1].empty()) return wrong(file_name, number, "service and sku are missing");
    if (f[4].empty() || f[5].empty()) return wrong(file_name, number, "a price needs a source and a date");
    if (!parse_iso8601(f[5])) return wrong(file_name, number, "'" + f[5] + "' is not a date");
    if (!out.prices_.emplace(f[0] + "/" + f[1], std::move(price)).second) {
      return wrong(file_name, number, f[0] + "/" + f[1] + " stands twice");
    }
  }
  if (number == 0) return wrong(file_name, 1, "the table is empty");
  return out;
}

Result<Prices> Prices::embedded() {
  for (unsigned long i = 0; i < reeve_prices_count; ++i) {
    const EmbeddedFile& file = reeve_prices[i];
    if (file.name == shipped_table) return parse({file.begin, file.end}, file.name, "us-east-1");
  }
  return fail(Code::internal, "the price table is not part of this binary");
}

std::optional<Prices::Price> Prices::find(std::string_view region, std::string_view service,
                                          std::string_view sku) const {
  if (region != region_) return std::nullopt;
  const auto found = prices_.find(std::string(service) + "/" + std::string(sku));
  return found == prices_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace reeve::estate
