#include "cli/region.h"

#include <fmt/format.h>

#include <vector>

#include "aws/region_name.h"
#include "base/json.h"
#include "text/edit_distance.h"
#include "text/pattern.h"

namespace reeve::cli {

Result<void> check_region_form(const std::string& region) {
  if (region.empty()) return fail({.code = Code::usage, .message = "--region is empty"});
  if (aws::is_region_name(region)) return {};
  return fail({.code = Code::usage,
               .message = fmt::format("'{}' is no region", region),
               .hint = "A region is written like eu-central-1; all stands for the enabled ones"});
}

Result<void> check_region_known(const std::string& region, std::string_view partitions_json) {
  TRY(const Document table, parse_json(partitions_json));
  std::vector<std::string> names;
  for (const Value partition : table["partitions"].items()) {
    for (const auto [name, about] : partition["regions"].entries()) names.emplace_back(name);
    TRY(const auto pattern, text::Pattern::compile(partition["regionRegex"].as_text()));
    TRY(const bool fits, pattern.matches(region));
    if (fits) return {};
  }
  for (const auto& name : names) {
    if (name == region) return {};
  }
  const auto near = text::nearest(region, names);
  return fail({.code = Code::endpoint,
               .message = fmt::format("AWS has no region '{}'{}", region, near ? "; nearest: " + *near : std::string()),
               .hint = "For a cloud of your own give --endpoint-url"});
}

}  // namespace reeve::cli
