#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "sandbox/services/autoscaling.h"
#include "sandbox/services/autoscaling_instances.h"

/// Lifecycle hooks: what instances wait for, who is told, and how it ends [Auto Scaling user guide, "Lifecycle hooks"].
namespace reeve::sandbox {
namespace {

constexpr std::int64_t most_wait_s = std::int64_t{48} * 3600, most_heartbeats = 100;

std::vector<std::pair<std::string, std::string>> hook_message(const Scaler& scaler, const ScalingGroup& group,
                                                              const GroupMember& member, const LifecycleHook& hook,
                                                              const std::string& token, const std::string& request) {
  std::vector<std::pair<std::string, std::string>> out{{"Service", "AWS Auto Scaling"},
                                                       {"Time", format_iso8601(Time{scaler.at.us / 1'000 * 1'000})},
                                                       {"RequestId", request},
                                                       {"LifecycleActionToken", token},
                                                       {"AccountId", scaler.region.account},
                                                       {"AutoScalingGroupName", group.id},
                                                       {"LifecycleHookName", hook.name},
                                                       {"EC2InstanceId", member.id},
                                                       {"LifecycleTransition", hook.transition}};
  if (!hook.metadata.empty()) out.emplace_back("NotificationMetadata", hook.metadata);
  return out;
}

/// JSON for a queue; lines of "Key: Value" for a topic.
std::string message_text(const std::vector<std::pair<std::string, std::string>>& pairs, std::string_view target) {
  std::string lines;
  Builder out;
  out.begin_map();
  for (const auto& [key, value] : pairs) {
    out.put(key, value);
    lines += fmt::format("{}: {}\n", key, value);
  }
  out.end();
  return target.starts_with("arn:aws:sns:") ? lines : to_json(out.finish());
}

}  // namespace

void Scaler::send_hook(const ScalingGroup& group, GroupMember member, const LifecycleHook& hook,
                       const std::string& token) {
  const bool launching = hook.transition.ends_with("LAUNCHING");
  if (!hook.target.empty()) {
    const auto pairs = hook_message(*this, group, member, hook, token, store.random().uuid());
    store.deliver(hook.target,
                  {.source_arn = group.arn,
                   .subject = fmt::format("Auto Scaling:  Lifecycle action '{}' for instance {} in progress.",
                                          launching ? "LAUNCHING" : "TERMINATING", member.id),
                   .body = message_text(pairs, hook.target),
                   .at = at});
  }
  const std::string type = fmt::format("EC2 Instance-{} Lifecycle Action", launching ? "launch" : "terminate");
  Builder out;
  out.begin_map();
  out.put("version", "0");
  out.put("id", store.random().uuid());
  out.put("detail-type", type);
  out.put("source", "aws.autoscaling");
  out.put("account", region.account);
  out.put("time", when());
  out.put("region", region.name);
  out.begin_list("resources");
  out.add(group.arn);
  out.end();
  out.begin_map("detail");
  out.put("LifecycleActionToken", token);
  out.put("AutoScalingGroupName", group.id);
  out.put("LifecycleHookName", hook.name);
  out.put("EC2InstanceId", member.id);
  out.put("LifecycleTransition", hook.transition);
  out.put_if("NotificationMetadata", hook.metadata);
  out.put("Origin", launching ? "EC2" : "AutoScalingGroup");
  out.put("Destination", launching ? "AutoScalingGroup" : "EC2");
  out.end();
  out.end();
  store.deliver(fmt::format("arn:aws:events:{}:{}:event-bus/default", region.name, region.account),
                {.source_arn = group.arn, .subject = type, .body = to_json(out.finish()), .at = at});
}

bool Scaler::wait_for_hooks(ScalingGroup& group, GroupMember& member, std::string_view transition) {
  if (member.hooks_done) return false;
  std::vector<LifecycleHook> hooks;
  each_of_group(drawer.hooks, group.id, [&](const LifecycleHook& hook) {
    if (hook.transition.ends_with(transition)) hooks.push_back(hook);
  });
  if (hooks.empty()) return false;
  member.state += ":Wait";
  member.due.reset();
  for (const LifecycleHook& hook : hooks) {
    const std::int64_t whole_s = std::min(most_wait_s, hook.timeout_s * most_heartbeats);
    member.waits.push_back({.hook = hook.name,
                            .token = store.random().uuid(),
                            .otherwise = hook.otherwise,
                            .until = at + std::chrono::seconds(hook.timeout_s),
                            .latest = at + std::chrono::seconds(whole_s)});
  }
  if (ScalingActivity* activity = drawer.activities.find(member.activity)) activity->status = "MidLifecycleAction";
  const std::vector<HookWait> waits = member.waits;
  const std::string id = member.id;
  for (std::size_t i = 0; i < hooks.size(); ++i) {
    // What a delivery reaches may have a policy change the group.
    const GroupMember* still = drawer.members.find(id);
    if (!still || std::ranges::find(still->waits, waits[i].token, &HookWait::token) == still->waits.end()) continue;
    send_hook(group, *still, hooks[i], waits[i].token);
  }
  return true;
}

void Scaler::complete_hook(ScalingGroup& group, GroupMember& member, std::string_view hook, std::string_view result) {
  const auto wait = std::ranges::find(member.waits, hook, &HookWait::hook);
  if (wait == member.waits.end()) return;
  const std::string token = wait->token, id = member.id;
  member.waits.erase(wait);
  const bool abandoned = result == "ABANDON", launching = member.state == "Pending:Wait";
  if (abandoned) member.waits.clear();
  if (!member.waits.empty()) return;
  member.hooks_done = true;
  member.due = at;
  member.state = launching ? "Pending" : "Terminating";
  if (!(launching && abandoned)) {
    step(group, id);
    return;
  }
  // An instance whose launch was abandoned ends, and another takes its place after a while.
  end_activity(member.activity, "Cancelled",
               fmt::format("Instance failed to complete user's Lifecycle Action: Lifecycle Action with token {} was "
                           "abandoned: Lifecycle Action Completed with ABANDON Result",
                           token));
  if (Instance* instance = region.instances.find(id)) end_instance(store, region, *instance, "shutting-down", at);
  remove(group, id);
  GroupSettings& settings = *drawer.settings.find(group.id);
  settings.failures = std::min<std::int64_t>(settings.failures + 1, 6);
  settings.retry_at = at + std::chrono::minutes(std::int64_t{1} << (settings.failures - 1));
}

void Scaler::notify(const ScalingGroup& group, std::string_view event, const ScalingActivity& activity,
                    const std::string& instance) {
  std::vector<std::string> topics;
  each_of_group(drawer.notifications, group.id, [&](const ScalingNotification& n) {
    if (n.type == event) topics.push_back(n.topic);
  });
  if (topics.empty()) return;
  Builder out;
  out.begin_map();
  out.put("Service", "AWS Auto Scaling");
  out.put("Time", format_iso8601(at));
  out.put("RequestId", activity.id);
  out.put("Event", event);
  out.put("AccountId", region.account);
  out.put("AutoScalingGroupName", group.id);
  out.put("AutoScalingGroupARN", group.arn);
  out.put("ActivityId", activity.id);
  out.put("Description", activity.description);
  out.put("Cause", activity.cause);
  out.put("StartTime", format_iso8601(activity.start));
  if (activity.end) out.put("EndTime", format_iso8601(*activity.end));
  out.put("StatusCode", activity.status == "Successful" ? "InProgress" : activity.status);
  out.put("StatusMessage", activity.message);
  out.put("Progress", activity.progress);
  out.put_if("EC2InstanceId", instance);
  out.end();
  const std::string body = to_json(out.finish());
  for (const std::string& topic : topics) {
    store.deliver(topic, {.source_arn = group.arn,
                          .subject = fmt::format("Auto Scaling: {} for group \"{}\"",
                                                 event.ends_with("LAUNCH") ? "launch" : "termination", group.id),
                          .body = body,
                          .at = at});
  }
}

Outcome read_hook(Call& c, const ScalingGroup& group, Value asked) {
  constexpr std::size_t most_hooks = 50;
  auto& drawer = c.region.drawers.of<AutoScaling>();
  LifecycleHook hook;
  hook.group = group.id;
  hook.name = asked["LifecycleHookName"].as_string();
  if (hook.name.empty()) return scaling_validation("LifecycleHookName is required");
  hook.id = group.id + "/" + hook.name;
  std::size_t count = 0;
  each_of_group(drawer.hooks, group.id, [&](const LifecycleHook&) { ++count; });
  if (const LifecycleHook* old = drawer.hooks.find(hook.id)) {
    hook = *old;
  } else if (count >= most_hooks) {
    return fault("LimitExceeded", "The limit of lifecycle hooks of a group has been reached.");
  }
  auto take = [&](const char* member, std::string& into) {
    if (!asked[member].is_null()) into = asked[member].as_string();
  };
  take("LifecycleTransition", hook.transition);
  take("NotificationTargetARN", hook.target);
  take("RoleARN", hook.role);
  take("NotificationMetadata", hook.metadata);
  take("DefaultResult", hook.otherwise);
  if (!asked["HeartbeatTimeout"].is_null()) hook.timeout_s = asked["HeartbeatTimeout"].as_integer();
  if (hook.transition != "autoscaling:EC2_INSTANCE_LAUNCHING" &&
      hook.transition != "autoscaling:EC2_INSTANCE_TERMINATING") {
    return scaling_validation("You must specify a valid LifecycleTransition.");
  }
  if (hook.otherwise != "CONTINUE" && hook.otherwise != "ABANDON") {
    return scaling_validation("DefaultResult must be CONTINUE or ABANDON");
  }
  if (hook.timeout_s < 30 || hook.timeout_s > 7200) {
    return scaling_validation("HeartbeatTimeout must be from 30 to 7200 seconds");
  }
  if (hook.metadata.size() > 4000) return scaling_validation("NotificationMetadata must not be longer than 4000");
  if (hook.target.starts_with("arn:aws:sqs:") && hook.target.ends_with(".fifo")) {
    return scaling_validation("FIFO queues cannot be notification targets of lifecycle hooks");
  }
  const LifecycleHook& kept = drawer.hooks.add(std::move(hook));
  if (kept.target.empty()) return {};
  const std::vector<std::pair<std::string, std::string>> pairs{
      {"AccountId", c.account.id},        {"RequestId", c.store.random().uuid()},
      {"AutoScalingGroupARN", group.arn}, {"AutoScalingGroupName", group.id},
      {"Service", "AWS Auto Scaling"},    {"Event", "autoscaling:TEST_NOTIFICATION"},
      {"Time", format_iso8601(c.now)}};
  c.store.deliver(kept.target, {.source_arn = group.arn,
                                .subject = fmt::format("Auto Scaling: test notification for group \"{}\"", group.id),
                                .body = message_text(pairs, kept.target),
                                .at = c.now});
  return {};
}

namespace {

Outcome put(Call& c) {
  TRY(const ScalingGroup* group, group_of(c));
  return read_hook(c, *group, c.params);
}

Outcome describe(Call& c) {
  TRY(const ScalingGroup* group, known_group(c));
  const auto names = texts(c["LifecycleHookNames"]);
  c.out.begin_list("LifecycleHooks");
  each_of_group(c.region.drawers.of<AutoScaling>().hooks, group->id, [&](const LifecycleHook& hook) {
    if (!names.empty() && !has(names, hook.name)) return;
    c.out.begin_map();
    c.out.put("LifecycleHookName", hook.name);
    c.out.put("AutoScalingGroupName", hook.group);
    c.out.put("LifecycleTransition", hook.transition);
    c.out.put_if("NotificationTargetARN", hook.target);
    c.out.put_if("RoleARN", hook.role);
    c.out.put_if("NotificationMetadata", hook.metadata);
    c.out.put("HeartbeatTimeout", hook.timeout_s);
    c.out.put("GlobalTimeout", std::min(most_wait_s, hook.timeout_s * most_heartbeats));
    c.out.put("DefaultResult", hook.otherwise);
    c.out.end();
  });
  c.out.end();
  return {};
}

Outcome describe_types(Call& c) {
  c.out.begin_list("LifecycleHookTypes");
  c.out.add("autoscaling:EC2_INSTANCE_LAUNCHING");
  c.out.add("autoscaling:EC2_INSTANCE_TERMINATING");
  c.out.end();
  return {};
}

Outcome remove(Call& c) {
  TRY(ScalingGroup * group, group_of(c));
  Scaler scaler(c.store, c.region, c.now);
  const std::string name = c["LifecycleHookName"].as_string(), id = group->id + "/" + name;
  if (!scaler.drawer.hooks.find(id)) {
    return scaling_validation(fmt::format("No lifecycle hook found with name: {}", name));
  }
  scaler.drawer.hooks.erase(id);
  // Instances that wait for it are let go: CONTINUE for a launch, as AWS says; an end goes on either way.
  std::vector<std::string> waiting;
  each_of_group(scaler.drawer.members, group->id, [&](const GroupMember& member) { waiting.push_back(member.id); });
  for (const std::string& member_id : waiting) {
    if (GroupMember* member = scaler.drawer.members.find(member_id)) {
      scaler.complete_hook(*group, *member, name, "CONTINUE");
    }
  }
  scaler.drawer.arm(c.store, c.region, c.now);
  return {};
}

/// The instance that waits, by token or by its id.
std::expected<std::pair<GroupMember*, HookWait*>, Fault> waiting(Call& c, const ScalingGroup& group) {
  const std::string_view token = c["LifecycleActionToken"].as_text(), id = c["InstanceId"].as_text(),
                         name = c["LifecycleHookName"].as_text();
  if (token.empty() && id.empty()) return scaling_validation("LifecycleActionToken or InstanceId is required");
  std::pair<GroupMember*, HookWait*> found{nullptr, nullptr};
  each_of_group(c.region.drawers.of<AutoScaling>().members, group.id, [&](GroupMember& member) {
    if (!id.empty() && member.id != id) return;
    for (HookWait& wait : member.waits) {
      if (wait.hook == name && (token.empty() || wait.token == token)) found = {&member, &wait};
    }
  });
  if (found.first) return found;
  if (!token.empty()) {
    return scaling_validation(fmt::format("No active Lifecycle Action found with token {}", token));
  }
  return scaling_validation(fmt::format("No active Lifecycle Action found with instance ID {}", id));
}

Outcome complete(Call& c) {
  TRY(ScalingGroup * group, group_of(c));
  const std::string_view result = c["LifecycleActionResult"].as_text();
  if (result != "CONTINUE" && result != "ABANDON") {
    return scaling_validation("LifecycleActionResult must be CONTINUE or ABANDON");
  }
  TRY(const auto found, waiting(c, *group));
  Scaler scaler(c.store, c.region, c.now);
  scaler.complete_hook(*group, *found.first, c["LifecycleHookName"].as_string(), result);
  scaler.drawer.arm(c.store, c.region, c.now);
  return {};
}

Outcome heartbeat(Call& c) {
  TRY(ScalingGroup * group, group_of(c));
  TRY(const auto found, waiting(c, *group));
  auto& drawer = c.region.drawers.of<AutoScaling>();
  const LifecycleHook* hook = drawer.hooks.find(group->id + "/" + found.second->hook);
  const Duration timeout = std::chrono::seconds(hook ? hook->timeout_s : 3600);
  found.second->until = std::min(c.now + timeout, found.second->latest);
  drawer.arm(c.store, c.region, c.now);
  return {};
}

}  // namespace

void register_scaling_hooks(Registry& r) {
  r.add("autoscaling", "PutLifecycleHook", put);
  r.add("autoscaling", "DescribeLifecycleHooks", describe);
  r.add("autoscaling", "DescribeLifecycleHookTypes", describe_types);
  r.add("autoscaling", "DeleteLifecycleHook", remove);
  r.add("autoscaling", "CompleteLifecycleAction", complete);
  r.add("autoscaling", "RecordLifecycleActionHeartbeat", heartbeat);
}

}  // namespace reeve::sandbox
