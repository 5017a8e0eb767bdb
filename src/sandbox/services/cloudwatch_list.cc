#include <fmt/format.h>

#include <algorithm>

#include "sandbox/listing.h"
#include "sandbox/services/cloudwatch.h"

/// ListMetrics.
namespace reeve::sandbox {
namespace {

/// A filter of dimensions: a name, and the value it must have where one is given.
bool fits(const Tags& dimensions, const std::vector<std::pair<std::string, std::optional<std::string>>>& wanted) {
  return std::ranges::all_of(wanted, [&](const auto& filter) {
    const auto at = dimensions.find(filter.first);
    return at != dimensions.end() && (!filter.second || at->second == *filter.second);
  });
}

Outcome list(Call& c) {
  constexpr std::size_t page_size = 500;  // [API reference, ListMetrics]
  constexpr int active_hours = 3, listed_days = 14;
  TRY(Page page, read_page(c, false));
  page.size = page_size;
  const std::string_view space = c["Namespace"].as_text(), name = c["MetricName"].as_text();
  std::vector<std::pair<std::string, std::optional<std::string>>> wanted;
  for (Value item : c["Dimensions"].items()) {
    wanted.emplace_back(item["Name"].as_string(),
                        item["Value"].is_null() ? std::nullopt : std::optional<std::string>(item["Value"].as_string()));
  }
  if (wanted.size() > 30) return invalid_value("The collection Dimensions must not have a size greater than 30.");
  const std::string_view recent = c["RecentlyActive"].as_text();
  if (!recent.empty() && recent != "PT3H") return invalid_value("The value for parameter RecentlyActive must be PT3H.");
  const Time since = c.now - (recent.empty() ? std::chrono::hours(24 * listed_days) : std::chrono::hours(active_hours));
  Listed<Metric> listed;
  auto keep = [&](const Metric& metric) {
    if (!space.empty() && metric.metric_namespace != space) return false;
    if (!name.empty() && metric.name != name) return false;
    const auto last = metric.last(c.now);
    return last && *last >= since && fits(metric.dimensions, wanted);
  };
  list_table(c, c.region.drawers.of<CloudWatch>().metrics, c.account.id, page, {}, "", {}, keep, listed);
  c.out.begin_list("Metrics");
  for (const Metric* metric : listed.rows) {
    c.out.begin_map();
    c.out.put("Namespace", metric->metric_namespace);
    c.out.put("MetricName", metric->name);
    write_dimensions(c.out, metric->dimensions);
    c.out.end();
  }
  c.out.end();
  c.out.put_if("NextToken", listed.next);
  return {};
}

}  // namespace

void register_metric_lists(Registry& r) { r.add("cloudwatch", "ListMetrics", list); }

}  // namespace reeve::sandbox
