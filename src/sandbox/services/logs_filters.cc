#include <fmt/format.h>

#include <algorithm>

#include "sandbox/services/logs.h"

/// Metric filters, and subscription filters as records.
namespace reeve::sandbox {
namespace {

std::expected<std::string, Fault> read_pattern(const Call& c) {
  const auto pattern = LogPattern::parse(c["filterPattern"].as_text());
  if (!pattern) return log_invalid("Invalid filter pattern: " + pattern.error());
  return c["filterPattern"].as_string();
}

std::expected<std::string, Fault> read_name(const Call& c) {
  const std::string name = c["filterName"].as_string();
  if (name.empty() || name.size() > 512 || name.find_first_of(":*") != name.npos) {
    return log_invalid("A filter's name has 1 to 512 characters, and no ':' and '*'.");
  }
  return name;
}

Outcome put_metric_filter(Call& c) {
  constexpr std::size_t most = 100;
  TRY(LogGroup * group, log_group_of(c));
  MetricFilter filter{.created = c.now};
  TRY(filter.name, read_name(c));
  TRY(filter.pattern, read_pattern(c));
  const Value given = c["metricTransformations"];
  if (given.size() != 1) return log_invalid("A metric filter has one metric transformation.");
  for (Value item : given.items()) {
    MetricTransformation to{.name = item["metricName"].as_string(),
                            .metric_namespace = item["metricNamespace"].as_string(),
                            .value = item["metricValue"].as_string(),
                            .unit = item["unit"].as_string()};
    if (to.name.empty() || to.metric_namespace.empty() || to.value.empty() || to.metric_namespace.starts_with("AWS/")) {
      return log_invalid("A metric transformation needs metricName, metricNamespace (not of AWS/) and metricValue.");
    }
    if (!item["defaultValue"].is_null()) to.otherwise = item["defaultValue"].as_real();
    for (auto [name, value] : item["dimensions"].entries()) to.dimensions[std::string(name)] = value.as_string();
    if (to.dimensions.size() > 3) return log_invalid("A metric transformation has at most 3 dimensions.");
    if (!to.dimensions.empty() && to.otherwise) return log_invalid("dimensions and defaultValue exclude each other.");
    filter.transformations.push_back(std::move(to));
  }
  const auto at = std::ranges::find(group->metric_filters, filter.name, &MetricFilter::name);
  if (at != group->metric_filters.end()) {
    filter.created = at->created;
    *at = std::move(filter);
    return {};
  }
  if (group->metric_filters.size() >= most) return fault("LimitExceededException", "Resource limit exceeded.");
  group->metric_filters.push_back(std::move(filter));
  std::ranges::sort(group->metric_filters, {}, &MetricFilter::name);
  return {};
}

void write_metric_filter(Builder& out, const LogGroup& group, const MetricFilter& filter) {
  out.begin_map();
  out.put("filterName", filter.name);
  out.put("filterPattern", filter.pattern);
  out.put("logGroupName", group.id);
  out.put("creationTime", to_ms(filter.created));
  out.begin_list("metricTransformations");
  for (const MetricTransformation& to : filter.transformations) {
    out.begin_map();
    out.put("metricName", to.name);
    out.put("metricNamespace", to.metric_namespace);
    out.put("metricValue", to.value);
    out.put_if("unit", to.unit);
    if (to.otherwise) out.put("defaultValue", *to.otherwise);
    if (!to.dimensions.empty()) {
      out.begin_map("dimensions");
      for (const auto& [name, value] : to.dimensions) out.put(name, value);
      out.end();
    }
    out.end();
  }
  out.end();
  out.end();
}

Outcome describe_metric_filters(Call& c) {
  const std::string_view prefix = c["filterNamePrefix"].as_text(), metric = c["metricName"].as_text(),
                         space = c["metricNamespace"].as_text();
  if (metric.empty() != space.empty()) return log_invalid("metricName and metricNamespace are wanted together.");
  const LogGroup* only = nullptr;
  if (!c["logGroupName"].is_null()) {
    TRY(only, log_group_of(c));
  }
  TRY(const Page page, log_page(c));
  std::size_t written = 0;
  std::string last, next;
  c.out.begin_list("metricFilters");
  for (const auto& [id, group] : c.region.drawers.of<Logs>().groups.rows) {
    if (only && only != &group) continue;
    for (const MetricFilter& filter : group.metric_filters) {
      const std::string place = id + "\n" + filter.name;
      if (!filter.name.starts_with(prefix) || place <= page.after || !next.empty()) continue;
      const bool fits = metric.empty() || std::ranges::any_of(filter.transformations, [&](const auto& to) {
                          return to.name == metric && to.metric_namespace == space;
                        });
      if (!fits) continue;
      if (written++ == page.size) {
        next = make_token(c, c.account.id, last);
        continue;
      }
      last = place;
      write_metric_filter(c.out, group, filter);
    }
  }
  c.out.end();
  c.out.put_if("nextToken", next);
  return {};
}

/// Takes a filter of this name out of a list.
template <class T>
Outcome drop(std::vector<T>& filters, std::string_view name, std::string_view what) {
  if (std::erase_if(filters, [&](const T& filter) { return filter.name == name; }) == 0) return log_not_found(what);
  return {};
}

Outcome delete_metric_filter(Call& c) {
  TRY(LogGroup * group, log_group_of(c));
  return drop(group->metric_filters, c["filterName"].as_text(), "metric filter");
}

Outcome test_metric_filter(Call& c) {
  auto pattern = LogPattern::parse(c["filterPattern"].as_text());
  if (!pattern) return log_invalid("Invalid filter pattern: " + pattern.error());
  std::int64_t number = 0;
  c.out.begin_list("matches");
  for (std::string_view message : texts(c["logEventMessages"])) {
    ++number;
    if (!pattern->matches(message)) continue;
    c.out.begin_map();
    c.out.put("eventNumber", number);
    c.out.put("eventMessage", message);
    c.out.begin_map("extractedValues");
    c.out.end();
    c.out.end();
  }
  c.out.end();
  return {};
}

Outcome put_subscription(Call& c) {
  constexpr std::size_t most = 2;  // [quotas]: subscription filters of a log group
  TRY(LogGroup * group, log_group_of(c));
  SubscriptionFilter filter{
      .destination = c["destinationArn"].as_string(), .role = c["roleArn"].as_string(), .created = c.now};
  TRY(filter.name, read_name(c));
  TRY(filter.pattern, read_pattern(c));
  filter.distribution = c["distribution"].as_text_or("ByLogStream");
  if (!filter.destination.starts_with("arn:")) return log_invalid("destinationArn must be an ARN.");
  const auto at = std::ranges::find(group->subscriptions, filter.name, &SubscriptionFilter::name);
  if (at != group->subscriptions.end()) {
    *at = std::move(filter);
    return {};
  }
  if (group->subscriptions.size() >= most) return fault("LimitExceededException", "Resource limit exceeded.");
  group->subscriptions.push_back(std::move(filter));
  return {};
}

Outcome describe_subscriptions(Call& c) {
  TRY(const LogGroup* group, log_group_of(c));
  const std::string_view prefix = c["filterNamePrefix"].as_text();
  c.out.begin_list("subscriptionFilters");
  for (const SubscriptionFilter& filter : group->subscriptions) {
    if (!filter.name.starts_with(prefix)) continue;
    c.out.begin_map();
    c.out.put("filterName", filter.name);
    c.out.put("logGroupName", group->id);
    c.out.put("filterPattern", filter.pattern);
    c.out.put("destinationArn", filter.destination);
    c.out.put_if("roleArn", filter.role);
    c.out.put("distribution", filter.distribution);
    c.out.put("creationTime", to_ms(filter.created));
    c.out.end();
  }
  c.out.end();
  return {};
}

Outcome delete_subscription(Call& c) {
  TRY(LogGroup * group, log_group_of(c));
  return drop(group->subscriptions, c["filterName"].as_text(), "subscription filter");
}

}  // namespace

void register_log_filters(Registry& r) {
  r.add("logs", "PutMetricFilter", put_metric_filter);
  r.add("logs", "DescribeMetricFilters", describe_metric_filters);
  r.add("logs", "DeleteMetricFilter", delete_metric_filter);
  r.add("logs", "TestMetricFilter", test_metric_filter);
  r.add("logs", "PutSubscriptionFilter", put_subscription);
  r.add("logs", "DescribeSubscriptionFilters", describe_subscriptions);
  r.add("logs", "DeleteSubscriptionFilter", delete_subscription);
}

}  // namespace reeve::sandbox
