#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "base/json.h"
#include "sandbox/services/autoscaling.h"
#include "sandbox/services/autoscaling_instances.h"
#include "sandbox/services/write.h"

/// How a group launches and ends instances.
namespace reeve::sandbox {

std::string Scaler::when() const { return format_iso8601(Time{at.us / 1'000'000 * 1'000'000}); }

GroupSettings& Scaler::take_over(ScalingGroup& group) {
  GroupSettings* settings = drawer.settings.find(group.id);
  if (!settings) settings = &drawer.settings.add({.id = group.id});
  for (const std::string& id : group.instances) {
    if (drawer.members.find(id)) continue;
    drawer.members.add({.id = id, .group = group.id, .launched_by = launched_by(region, group), .joined = at});
  }
  return *settings;
}

std::int64_t Scaler::capacity(const ScalingGroup& group) const {
  std::int64_t count = 0;
  each_of_group(drawer.members, group.id, [&](const GroupMember& member) { count += member.counts() ? 1 : 0; });
  return count;
}

bool Scaler::runs(const GroupSettings& settings, std::string_view process) const {
  return std::ranges::none_of(settings.suspended, [&](const auto& pair) { return pair.first == process; });
}

ScalingActivity& Scaler::begin_activity(const ScalingGroup& group, std::string description, std::string cause,
                                        std::int64_t progress) {
  constexpr std::size_t most = 20'000;  // AWS keeps six weeks
  auto& rows = drawer.activities.rows;
  while (rows.size() >= most) rows.erase(rows.begin());
  std::uint64_t number = 1;
  if (!rows.empty()) {
    const std::string& last = rows.rbegin()->first;
    std::from_chars(last.data(), last.data() + std::min<std::size_t>(last.size(), 8), number, 16);
    ++number;
  }
  return drawer.activities.add({.id = fmt::format("{:08x}{}", number, store.random().uuid().substr(8)),
                                .group = group.id,
                                .group_arn = group.arn,
                                .description = std::move(description),
                                .cause = std::move(cause),
                                .start = at,
                                .progress = progress});
}

void Scaler::end_activity(const std::string& id, std::string_view status, std::string message) {
  ScalingActivity* activity = drawer.activities.find(id);
  if (!activity || activity->end) return;
  activity->status = status;
  activity->message = std::move(message);
  activity->end = at;
  activity->progress = 100;
}

std::string Scaler::details(const Instance& instance) const {
  Builder out;
  out.begin_map();
  out.put_if("Subnet ID", instance.subnet_id);
  out.put("Availability Zone", instance.zone);
  out.end();
  return to_json(out.finish());
}

void Scaler::scale(ScalingGroup& group, std::int64_t desired, const std::string& cause) {
  group.desired = desired;
  reconcile(group, cause);
  drawer.arm(store, region, at);
}

void Scaler::reconcile(ScalingGroup& group, const std::string& cause) {
  constexpr std::int64_t most_at_once = 1'000;
  GroupSettings& settings = take_over(group);
  const std::int64_t before = capacity(group);
  auto sentence = [&](std::string_view what, std::string_view way) {
    std::string out = cause.empty() ? std::string() : cause + "  ";
    return out + fmt::format(
                     "At {} an instance was {} in response to a difference between desired and actual "
                     "capacity, {} the capacity from {} to {}.",
                     when(), what, way, before, group.desired);
  };
  if (before < group.desired && runs(settings, "Launch") && !settings.retry_at) {
    const std::string why = sentence("started", "increasing");
    for (std::int64_t n = std::min(group.desired - before, most_at_once); n > 0; --n) {
      if (!launch(group, why)) break;
    }
  } else if (before > group.desired && runs(settings, "Terminate")) {
    const std::string why = sentence("taken out of service", "shrinking");
    for (std::int64_t n = before - group.desired; n > 0; --n) {
      GroupMember* member = victim(group);
      if (!member) break;
      end_member(group, *member,
                 fmt::format("{}  At {} instance {} was selected for termination.", why, when(), member->id));
    }
  }
}

bool Scaler::launch(ScalingGroup& group, const std::string& cause) {
  GroupSettings& settings = *drawer.settings.find(group.id);
  // The zone with the fewest of the group's instances, in the group's order.
  std::map<std::string, std::int64_t> load;
  for (const std::string& id : group.instances) {
    if (const Instance* instance = region.instances.find(id)) {
      ++load[group.subnets.empty() ? instance->zone : instance->subnet_id];
    }
  }
  const std::vector<std::string>& places = group.subnets.empty() ? group.zones : group.subnets;
  const auto place = std::ranges::min_element(places, {}, [&](const std::string& name) { return load[name]; });
  const std::string name = place == places.end() ? std::string() : *place;
  const auto params = launch_parameters(region, group, store.keys, group.subnets.empty() ? name : "",
                                        group.subnets.empty() ? "" : name);
  std::expected<std::string, Fault> id = std::unexpected(params ? Fault{} : params.error());
  if (params) {
    Builder out(store.keys);
    out.begin_map();
    Call call{.store = store,
              .account = *store.account(region.account),
              .region = region,
              .params = *params,
              .out = out,
              .now = at,
              .service = "ec2",
              .operation = "RunInstances",
              .caller_arn =
                  fmt::format("arn:aws:sts::{}:assumed-role/AWSServiceRoleForAutoScaling/AutoScaling", region.account)};
    if (const Outcome ran = run_instances(call)) {
      out.end();
      id = out.finish()["Instances"][0]["InstanceId"].as_string();
    } else {
      id = std::unexpected(ran.error());
    }
  }
  if (!id) {
    // Less and less often, as AWS does; at most once an hour.
    settings.failures = std::min<std::int64_t>(settings.failures + 1, 6);
    settings.retry_at = at + std::chrono::minutes(std::min<std::int64_t>(std::int64_t{1} << settings.failures, 60));
    const std::string activity = begin_activity(group, "Launching a new EC2 instance.", cause, 100).id;
    end_activity(activity, "Failed", id.error().message + ". Launching EC2 instance failed.");
    notify(group, "autoscaling:EC2_INSTANCE_LAUNCH_ERROR", *drawer.activities.find(activity), {});
    return false;
  }
  settings.failures = 0;
  Instance& instance = *region.instances.find(*id);
  for (const auto& [key, value] : group.tags) {
    if (!settings.own_tags.contains(key)) instance.tags[key] = value;
  }
  instance.tags["aws:autoscaling:groupName"] = group.id;
  if (!group.launch_template_id.empty()) instance.tags["aws:ec2launchtemplate:id"] = group.launch_template_id;
  ScalingActivity& activity = begin_activity(group, fmt::format("Launching a new EC2 instance: {}", *id), cause, 30);
  activity.details = details(instance);
  group.instances.push_back(*id);
  drawer.members.add({.id = *id,
                      .group = group.id,
                      .state = "Pending",
                      .activity = activity.id,
                      .launched_by = launched_by(region, group),
                      .is_protected = settings.protects_new,
                      .joined = at,
                      .due = store.behaviour == Behaviour::aws ? at + std::chrono::seconds(30) : at});
  step(group, *id);
  return true;
}

GroupMember* Scaler::victim(ScalingGroup& group) {
  std::map<std::string, std::vector<GroupMember*>> by_zone;
  std::map<std::string, std::size_t> load;
  each_of_group(drawer.members, group.id, [&](GroupMember& member) {
    const Instance* instance = region.instances.find(member.id);
    if (!member.counts() || !instance) return;
    ++load[instance->zone];
    if (!member.is_protected) by_zone[instance->zone].push_back(&member);
  });
  std::vector<GroupMember*> left;
  std::size_t most = 0;
  for (const auto& [zone, members] : by_zone) most = std::max(most, load[zone]);
  for (auto& [zone, members] : by_zone) {
    if (load[zone] == most) left.insert(left.end(), members.begin(), members.end());
  }
  if (left.empty()) return nullptr;
  const std::string current = launched_by(region, group);
  auto launch_time = [&](const GroupMember* member) { return region.instances.find(member->id)->launch_time; };
  auto keep_old_launches = [&] {
    std::vector<GroupMember*> old;
    std::ranges::copy_if(left, std::back_inserter(old), [&](auto* member) { return member->launched_by != current; });
    if (!old.empty()) left = std::move(old);
  };
  auto to_next_hour = [&](const GroupMember* member) {
    constexpr std::int64_t hour = 3'600'000'000;
    return hour - (at.us - launch_time(member).us) % hour;
  };
  auto keep_least = [&](auto key) {
    auto least = key(left[0]);
    for (GroupMember* member : left) least = std::min(least, key(member));
    std::erase_if(left, [&](GroupMember* member) { return key(member) != least; });
  };
  std::vector<std::string> policies = drawer.settings.find(group.id)->termination_policies;
  if (policies.empty()) policies.push_back("Default");
  for (const std::string& policy : policies) {
    if (policy == "OldestInstance") keep_least(launch_time);
    if (policy == "NewestInstance") keep_least([&](const GroupMember* member) { return -launch_time(member).us; });
    if (policy.starts_with("OldestLaunch") || policy == "Default") keep_old_launches();
    if (policy == "ClosestToNextInstanceHour" || policy == "Default") keep_least(to_next_hour);
  }
  return left.front();
}

std::string Scaler::end_member(ScalingGroup& group, GroupMember& member, const std::string& cause) {
  const std::string id = member.id;
  ScalingActivity& activity = begin_activity(group, fmt::format("Terminating EC2 instance: {}", id), cause, 0);
  if (const Instance* instance = region.instances.find(id)) activity.details = details(*instance);
  const std::string activity_id = activity.id;
  // What it was launched by never came to its end.
  end_activity(member.activity, "Cancelled", "The instance was ended before it was in service.");
  member.activity = activity_id;
  member.state = "Terminating";
  member.waits.clear();
  member.hooks_done = false;
  member.due = at;
  step(group, id);
  return activity_id;
}

void Scaler::remove(ScalingGroup& group, const std::string& id) {
  std::erase(group.instances, id);
  drawer.members.erase(id);
}

void Scaler::go_into_service(ScalingGroup& group, GroupMember& member) {
  const GroupSettings& settings = *drawer.settings.find(group.id);
  member.state = "InService";
  member.due.reset();
  member.warm_until = at + std::chrono::seconds(settings.warmup_s >= 0 ? settings.warmup_s : settings.cooldown_s);
  end_activity(member.activity, "Successful");
  if (const auto* activity = drawer.activities.find(member.activity)) {
    notify(group, "autoscaling:EC2_INSTANCE_LAUNCH", *activity, member.id);
  }
}

void Scaler::leave(ScalingGroup& group, GroupMember& member) {
  const std::string id = member.id, activity = member.activity;
  remove(group, id);
  end_activity(activity, "Successful");
  if (const auto* row = drawer.activities.find(activity)) {
    notify(group, "autoscaling:EC2_INSTANCE_TERMINATE", *row, id);
  }
}

bool Scaler::step(ScalingGroup& group, const std::string& id) {
  GroupMember* member = drawer.members.find(id);
  if (!member) return false;
  if (!member->waits.empty()) {
    const std::vector<HookWait> waits = member->waits;
    for (const HookWait& wait : waits) {
      if (wait.until > at) continue;
      complete_hook(group, *member, wait.hook, wait.otherwise);
      member = drawer.members.find(id);
      if (!member || member->waits.empty()) return member != nullptr;
    }
    return true;
  }
  if (!member->due || *member->due > at) return true;
  if (member->state == "Pending") {
    if (wait_for_hooks(group, *member, "LAUNCHING")) return drawer.members.find(id) != nullptr;
    go_into_service(group, *member);
  } else if (member->state == "Terminating") {
    if (wait_for_hooks(group, *member, "TERMINATING")) return drawer.members.find(id) != nullptr;
    const bool waits = store.behaviour == Behaviour::aws;
    member->state = "Terminating:Proceed";
    member->due = waits ? at + std::chrono::seconds(30) : at;
    if (Instance* instance = region.instances.find(id)) end_instance(store, region, *instance, "shutting-down", at);
    if (!waits) return leave(group, *member), false;
  } else if (member->state == "Terminating:Proceed") {
    return leave(group, *member), false;
  }
  return true;
}

void Scaler::check_health(ScalingGroup& group) {
  GroupSettings& settings = take_over(group);
  if (!runs(settings, "HealthCheck")) return;
  std::vector<std::pair<std::string, bool>> bad;  // and whether the instance is still there
  each_of_group(drawer.members, group.id, [&](GroupMember& member) {
    if (member.state != "InService") return;
    const Instance* instance = region.instances.find(member.id);
    const bool runs_now = instance && (instance->state == "running" || instance->state == "pending");
    if (!runs_now) member.health = "Unhealthy";
    if (member.health == "Unhealthy") bad.emplace_back(member.id, runs_now);
  });
  if (bad.empty() || !runs(settings, "ReplaceUnhealthy") || !runs(settings, "Terminate")) return;
  for (const auto& [id, runs_now] : bad) {
    GroupMember* member = drawer.members.find(id);
    if (!member) continue;
    end_member(group, *member,
               fmt::format("At {} an instance was taken out of service in response to {}.", when(),
                           runs_now ? "a user health-check"
                                    : "an EC2 health check indicating it has been terminated or stopped"));
  }
  reconcile(group, {});
}

}  // namespace reeve::sandbox
