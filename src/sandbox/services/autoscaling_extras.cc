#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sandbox/services/autoscaling.h"

/// Tags, notifications, group metrics, warm pools and instance refreshes of groups.
namespace reeve::sandbox {
namespace {

// --- Tags ------------------------------------------------------------------------------------------------------------

std::expected<ScalingGroup*, Fault> tagged_group(Call& c, Value tag) {
  const std::string_view name = tag["ResourceId"].as_text();
  ScalingGroup* group = c.region.scaling_groups.find(name);
  if (tag["ResourceType"].as_text_or("auto-scaling-group") != "auto-scaling-group" || !group) {
    return scaling_validation(fmt::format("AutoScalingGroup name not found - AutoScalingGroup '{}' not found", name));
  }
  return group;
}

Outcome put_tags(Call& c) {
  constexpr std::size_t most = 50;
  auto& drawer = c.region.drawers.of<AutoScaling>();
  for (Value tag : c["Tags"].items()) {
    TRY(ScalingGroup * group, tagged_group(c, tag));
    const std::string key = tag["Key"].as_string();
    if (key.empty() || key.starts_with("aws:") || key.size() > 128 || tag["Value"].size() > 256) {
      return scaling_validation(fmt::format("The tag key '{}' or its value is not valid.", key));
    }
    if (!group->tags.contains(key) && group->tags.size() >= most) {
      return fault("LimitExceeded", "A group may have at most 50 tags.");
    }
    c.changing(c.region.scaling_groups, group->id);
    group->tags[key] = tag["Value"].as_string();
    GroupSettings* settings = drawer.settings.find(group->id);
    if (!settings) continue;
    settings->own_tags.erase(key);
    if (!tag["PropagateAtLaunch"].is_null() && !tag["PropagateAtLaunch"].as_bool()) settings->own_tags.insert(key);
  }
  return {};
}

Outcome delete_tags(Call& c) {
  for (Value tag : c["Tags"].items()) {
    TRY(ScalingGroup * group, tagged_group(c, tag));
    const auto at = group->tags.find(tag["Key"].as_text());
    if (at == group->tags.end() || (!tag["Value"].is_null() && tag["Value"].as_text() != at->second)) continue;
    c.changing(c.region.scaling_groups, group->id);
    group->tags.erase(at);
  }
  return {};
}

/// A group's tag as a row, for filters and pages.
struct TagRow {
  std::string id, group, key, value;
  bool own = false;
};

Outcome describe_tags(Call& c) {
  constexpr std::array<Field<TagRow>, 4> tag_fields{{
      {"auto-scaling-group", [](const TagRow& row, TextTest t) { return t(row.group); }},
      {"key", [](const TagRow& row, TextTest t) { return t(row.key); }},
      {"value", [](const TagRow& row, TextTest t) { return t(row.value); }},
      {"propagate-at-launch", [](const TagRow& row, TextTest t) { return t(truth(!row.own)); }},
  }};
  TRY(const auto filters, read_filters(c["Filters"]));
  TRY(const auto bound, bind(filters, tag_fields));
  TRY(const Page page, scaling_page(c));
  auto& drawer = c.region.drawers.of<AutoScaling>();
  Table<TagRow> rows;
  for (const auto& [name, group] : c.region.scaling_groups.rows) {
    const GroupSettings* settings = drawer.settings.find(name);
    for (const auto& [key, value] : group.tags) {
      rows.add({name + "/" + key, name, key, value, settings && settings->own_tags.contains(key)});
    }
  }
  Listed<TagRow> listed;
  list_table(c, rows, c.account.id, page, filters, "", bound, [](const TagRow&) { return true; }, listed);
  c.out.begin_list("Tags");
  for (const TagRow* row : listed.rows) {
    c.out.begin_map();
    c.out.put("ResourceId", row->group);
    c.out.put("ResourceType", "auto-scaling-group");
    c.out.put("Key", row->key);
    c.out.put("Value", row->value);
    c.out.put("PropagateAtLaunch", !row->own);
    c.out.end();
  }
  c.out.end();
  c.out.put_if("NextToken", listed.next);
  return {};
}

// --- Notifications ---------------------------------------------------------------------------------------------------

constexpr std::array<std::string_view, 5> events{
    "autoscaling:EC2_INSTANCE_LAUNCH", "autoscaling:EC2_INSTANCE_LAUNCH_ERROR", "autoscaling:EC2_INSTANCE_TERMINATE",
    "autoscaling:EC2_INSTANCE_TERMINATE_ERROR", "autoscaling:TEST_NOTIFICATION"};

Outcome put_notification(Call& c) {
  TRY(const ScalingGroup* group, group_of(c));
  auto& drawer = c.region.drawers.of<AutoScaling>();
  const std::string topic = c["TopicARN"].as_string();
  if (!topic.starts_with("arn:aws:sns:")) return scaling_validation("Invalid notification ARN");
  for (std::string_view type : texts(c["NotificationTypes"])) {
    if (!has(events, type)) return scaling_validation(fmt::format("\"{}\" is not a valid Notification Type", type));
  }
  std::erase_if(drawer.notifications.rows,
                [&](const auto& entry) { return entry.second.group == group->id && entry.second.topic == topic; });
  for (std::string_view type : texts(c["NotificationTypes"])) {
    drawer.notifications.add({fmt::format("{}/{}/{}", group->id, type, topic), group->id, topic, std::string(type)});
  }
  c.store.deliver(topic,
                  {.source_arn = group->arn,
                   .subject = fmt::format("Auto Scaling: test notification for group \"{}\"", group->id),
                   .body = fmt::format(R"({{"AccountId":"{}","AutoScalingGroupARN":"{}","AutoScalingGroupName":"{}",)"
                                       R"("Event":"autoscaling:TEST_NOTIFICATION","Service":"AWS Auto Scaling",)"
                                       R"("Time":"{}"}})",
                                       c.account.id, group->arn, group->id, format_iso8601(c.now)),
                   .at = c.now});
  return {};
}

Outcome describe_notifications(Call& c) {
  const auto names = texts(c["AutoScalingGroupNames"]);
  TRY(const Page page, scaling_page(c));
  Listed<ScalingNotification> listed;
  auto keep = [&](const ScalingNotification& n) { return names.empty() || has(names, n.group); };
  list_table(c, c.region.drawers.of<AutoScaling>().notifications, c.account.id, page, {}, "", {}, keep, listed);
  c.out.begin_list("NotificationConfigurations");
  for (const ScalingNotification* n : listed.rows) {
    c.out.begin_map();
    c.out.put("AutoScalingGroupName", n->group);
    c.out.put("TopicARN", n->topic);
    c.out.put("NotificationType", n->type);
    c.out.end();
  }
  c.out.end();
  c.out.put_if("NextToken", listed.next);
  return {};
}

Outcome delete_notification(Call& c) {
  TRY(const ScalingGroup* group, known_group(c));
  const std::string_view topic = c["TopicARN"].as_text();
  std::erase_if(c.region.drawers.of<AutoScaling>().notifications.rows,
                [&](const auto& entry) { return entry.second.group == group->id && entry.second.topic == topic; });
  return {};
}

Outcome describe_events(Call& c) {
  c.out.begin_list("AutoScalingNotificationTypes");
  for (std::string_view event : events) c.out.add(event);
  c.out.end();
  return {};
}

// --- Group metrics ---------------------------------------------------------------------------------------------------

constexpr std::array<std::string_view, 8> group_metrics{
    "GroupMinSize",          "GroupMaxSize",          "GroupDesiredCapacity",      "GroupInServiceInstances",
    "GroupPendingInstances", "GroupStandbyInstances", "GroupTerminatingInstances", "GroupTotalInstances"};

Outcome turn_metrics(Call& c, bool on) {
  TRY(const ScalingGroup* group, group_of(c));
  auto names = texts(c["Metrics"]);
  if (names.empty()) names.assign(group_metrics.begin(), group_metrics.end());
  for (std::string_view name : names) {
    if (!has(group_metrics, name)) return scaling_validation(fmt::format("{} is not a metric of groups", name));
  }
  if (on && c["Granularity"].as_text() != "1Minute") return scaling_validation("Granularity must be 1Minute");
  auto& drawer = c.region.drawers.of<AutoScaling>();
  GroupSettings& settings = *drawer.settings.find(group->id);
  std::erase_if(settings.metrics, [&](const std::string& name) { return has(names, name); });
  if (on) settings.metrics.insert(settings.metrics.end(), names.begin(), names.end());
  drawer.arm(c.store, c.region, c.now);
  return {};
}

// --- Warm pools ------------------------------------------------------------------------------------------------------

Outcome put_warm_pool(Call& c) {
  TRY(const ScalingGroup* group, group_of(c));
  if (group->mixed_instances.root().is_map()) {
    return scaling_validation("You can't add a warm pool to a group with a mixed instances policy.");
  }
  const std::string_view state = c["PoolState"].as_text_or("Stopped");
  if (state != "Stopped" && state != "Running" && state != "Hibernated") {
    return scaling_validation("PoolState must be Stopped, Running or Hibernated");
  }
  Builder out(c.store.keys);
  out.begin_map();
  out.put("MinSize", c["MinSize"].as_integer());
  if (!c["MaxGroupPreparedCapacity"].is_null()) {
    out.put("MaxGroupPreparedCapacity", c["MaxGroupPreparedCapacity"].as_integer());
  }
  out.put("PoolState", state);
  if (c["InstanceReusePolicy"].is_map()) out.put("InstanceReusePolicy", c["InstanceReusePolicy"]);
  out.end();
  c.region.drawers.of<AutoScaling>().settings.find(group->id)->warm_pool = out.finish();
  return {};
}

Outcome describe_warm_pool(Call& c) {
  TRY(const ScalingGroup* group, known_group(c));
  const GroupSettings* settings = c.region.drawers.of<AutoScaling>().settings.find(group->id);
  if (settings && settings->warm_pool.root().is_map()) c.out.put("WarmPoolConfiguration", settings->warm_pool);
  c.out.begin_list("Instances");
  c.out.end();
  return {};
}

Outcome delete_warm_pool(Call& c) {
  TRY(const ScalingGroup* group, group_of(c));
  GroupSettings& settings = *c.region.drawers.of<AutoScaling>().settings.find(group->id);
  if (!settings.warm_pool.root().is_map()) {
    return scaling_validation(fmt::format("No warm pool found for Auto Scaling group {}", group->id));
  }
  settings.warm_pool = {};
  return {};
}

// --- Instance refreshes ----------------------------------------------------------------------------------------------

/// Replaces all of a group's instances at once, where AWS does it in waves.
Outcome start_refresh(Call& c) {
  TRY(ScalingGroup * group, group_of(c));
  Scaler scaler(c.store, c.region, c.now);
  bool active = false;
  each_of_group(scaler.drawer.refreshes, group->id, [&](const InstanceRefresh& r) { active = active || !r.end; });
  if (active) {
    return fault("InstanceRefreshInProgress",
                 "An Instance Refresh is already in progress and blocks the execution of this Instance Refresh.");
  }
  if (const Value wanted = c["DesiredConfiguration"]; wanted.is_map()) {
    if (const Value launch = wanted["LaunchTemplate"]; launch.is_map()) {
      group->launch_template_id = launch["LaunchTemplateId"].as_string();
      group->launch_template_name = launch["LaunchTemplateName"].as_string();
      group->launch_template_version = launch["Version"].as_string();
      group->launch_configuration.clear();
    }
    if (wanted["MixedInstancesPolicy"].is_map()) group->mixed_instances = deep_copy(wanted["MixedInstancesPolicy"]);
  }
  InstanceRefresh refresh{.id = c.store.random().uuid(), .group = group->id, .status = "Successful", .start = c.now};
  if (c["Preferences"].is_map()) refresh.preferences = deep_copy(c["Preferences"]);
  std::vector<std::string> ids;
  each_of_group(scaler.drawer.members, group->id, [&](const GroupMember& member) {
    if (member.state == "InService") ids.push_back(member.id);
  });
  for (const std::string& id : ids) {
    scaler.end_member(
        *group, *scaler.drawer.members.find(id),
        fmt::format("At {} an instance was taken out of service in response to an instance refresh.", scaler.when()));
  }
  scaler.reconcile(*group, {});
  scaler.drawer.arm(c.store, c.region, c.now);
  refresh.end = c.now;
  refresh.progress = 100;
  c.out.put("InstanceRefreshId", refresh.id);
  scaler.drawer.refreshes.add(std::move(refresh));
  return {};
}

Outcome describe_refreshes(Call& c) {
  TRY(const ScalingGroup* group, known_group(c));
  const auto ids = texts(c["InstanceRefreshIds"]);
  TRY(const Page page, scaling_page(c));
  Listed<InstanceRefresh> listed;
  auto keep = [&](const InstanceRefresh& r) { return r.group == group->id && (ids.empty() || has(ids, r.id)); };
  list_table(c, c.region.drawers.of<AutoScaling>().refreshes, c.account.id, page, {}, "", {}, keep, listed);
  std::ranges::sort(listed.rows, std::greater(), &InstanceRefresh::start);
  c.out.begin_list("InstanceRefreshes");
  for (const InstanceRefresh* r : listed.rows) {
    c.out.begin_map();
    c.out.put("InstanceRefreshId", r->id);
    c.out.put("AutoScalingGroupName", r->group);
    c.out.put("Status", r->status);
    c.out.put_if("StatusReason", r->reason);
    c.out.put("StartTime", r->start);
    if (r->end) c.out.put("EndTime", *r->end);
    c.out.put("PercentageComplete", r->progress);
    c.out.put("InstancesToUpdate", r->left);
    if (r->preferences.root().is_map()) c.out.put("Preferences", r->preferences);
    c.out.end();
  }
  c.out.end();
  c.out.put_if("NextToken", listed.next);
  return {};
}

Outcome cancel_refresh(Call& c) {
  TRY(const ScalingGroup* group, known_group(c));
  for (auto& [id, refresh] : c.region.drawers.of<AutoScaling>().refreshes.rows) {
    if (refresh.group != group->id || refresh.end) continue;
    refresh.status = "Cancelled";
    refresh.end = c.now;
    c.out.put("InstanceRefreshId", id);
    return {};
  }
  return fault("ActiveInstanceRefreshNotFound",
               "No in progress or pending Instance Refresh found for Auto Scaling group " + group->id);
}

// --- Load balancers, as records --------------------------------------------------------------------------------------

Outcome change_targets(Call& c, const char* member, std::vector<std::string> GroupSettings::* list, bool add) {
  TRY(const ScalingGroup* group, group_of(c));
  auto& names = c.region.drawers.of<AutoScaling>().settings.find(group->id)->*list;
  for (std::string_view name : texts(c[member])) {
    std::erase(names, name);
    if (add) names.emplace_back(name);
  }
  return {};
}

Outcome describe_targets(Call& c, const char* list_name, const char* member,
                         std::vector<std::string> GroupSettings::* list) {
  TRY(const ScalingGroup* group, known_group(c));
  const GroupSettings* settings = c.region.drawers.of<AutoScaling>().settings.find(group->id);
  c.out.begin_list(list_name);
  if (settings) {
    for (const std::string& name : settings->*list) {
      c.out.begin_map();
      c.out.put(member, name);
      c.out.put("State", "InService");
      c.out.end();
    }
  }
  c.out.end();
  return {};
}

}  // namespace

void register_scaling_extras(Registry& r) {
  r.add("autoscaling", "CreateOrUpdateTags", put_tags);
  r.add("autoscaling", "DeleteTags", delete_tags);
  r.add("autoscaling", "DescribeTags", describe_tags);
  r.add("autoscaling", "PutNotificationConfiguration", put_notification);
  r.add("autoscaling", "DescribeNotificationConfigurations", describe_notifications);
  r.add("autoscaling", "DeleteNotificationConfiguration", delete_notification);
  r.add("autoscaling", "DescribeAutoScalingNotificationTypes", describe_events);
  r.add("autoscaling", "EnableMetricsCollection", [](Call& c) { return turn_metrics(c, true); });
  r.add("autoscaling", "DisableMetricsCollection", [](Call& c) { return turn_metrics(c, false); });
  r.add("autoscaling", "PutWarmPool", put_warm_pool);
  r.add("autoscaling", "DescribeWarmPool", describe_warm_pool);
  r.add("autoscaling", "DeleteWarmPool", delete_warm_pool);
  r.add("autoscaling", "StartInstanceRefresh", start_refresh);
  r.add("autoscaling", "DescribeInstanceRefreshes", describe_refreshes);
  r.add("autoscaling", "CancelInstanceRefresh", cancel_refresh);
  r.add("autoscaling", "AttachLoadBalancerTargetGroups",
        [](Call& c) { return change_targets(c, "TargetGroupARNs", &GroupSettings::target_groups, true); });
  r.add("autoscaling", "DetachLoadBalancerTargetGroups",
        [](Call& c) { return change_targets(c, "TargetGroupARNs", &GroupSettings::target_groups, false); });
  r.add("autoscaling", "DescribeLoadBalancerTargetGroups", [](Call& c) {
    return describe_targets(c, "LoadBalancerTargetGroups", "LoadBalancerTargetGroupARN", &GroupSettings::target_groups);
  });
  r.add("autoscaling", "DescribeLoadBalancers", [](Call& c) {
    return describe_targets(c, "LoadBalancers", "LoadBalancerName", &GroupSettings::load_balancers);
  });
}

}  // namespace reeve::sandbox
