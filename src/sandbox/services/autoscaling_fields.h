#pragma once
#include "sandbox/estate_fields.h"
#include "sandbox/services/autoscaling.h"

/// Auto Scaling's tables in estate files.
namespace reeve::sandbox {

template <class Io, like<GroupSettings> S>
void fields(Io& io, S& s) {
  io("AutoScalingGroupName", s.id);
  io("HealthCheckType", s.health_check);
  io("HealthCheckGracePeriod", s.grace_s);
  io("DefaultCooldown", s.cooldown_s);
  io("DefaultInstanceWarmup", s.warmup_s);
  io("MaxInstanceLifetime", s.max_lifetime_s);
  io("PlacementGroup", s.placement_group);
  io("ServiceLinkedRoleARN", s.service_role);
  io("Context", s.context);
  io("NewInstancesProtectedFromScaleIn", s.protects_new);
  io("CapacityRebalance", s.rebalances);
  io("TerminationPolicies", s.termination_policies);
  io("LoadBalancerNames", s.load_balancers);
  io("TargetGroupARNs", s.target_groups);
  io("EnabledMetrics", s.metrics);
  io.pairs("SuspendedProcesses", s.suspended);
  io("OwnTags", s.own_tags);
  io("CoolsUntil", s.cools_until);
  io("RetryAt", s.retry_at);
  io("Failures", s.failures);
  io("WarmPool", s.warm_pool);
}

template <class Io, like<HookWait> S>
void fields(Io& io, S& s) {
  io("LifecycleHookName", s.hook);
  io("LifecycleActionToken", s.token);
  io("DefaultResult", s.otherwise);
  io("Until", s.until);
  io("Latest", s.latest);
}

template <class Io, like<GroupMember> S>
void fields(Io& io, S& s) {
  io("InstanceId", s.id);
  io("AutoScalingGroupName", s.group);
  io("LifecycleState", s.state);
  io("HealthStatus", s.health);
  io("ProtectedFromScaleIn", s.is_protected);
  io("ActivityId", s.activity);
  io("LaunchedBy", s.launched_by);
  io("Cause", s.cause);
  io("HooksDone", s.hooks_done);
  io("Joined", s.joined);
  io("Due", s.due);
  io("WarmUntil", s.warm_until);
  io.list("Waits", s.waits);
}

template <class Io, like<ScalingActivity> S>
void fields(Io& io, S& s) {
  io("ActivityId", s.id);
  io("AutoScalingGroupName", s.group);
  io("AutoScalingGroupARN", s.group_arn);
  io("Description", s.description);
  io("Cause", s.cause);
  io("StatusCode", s.status);
  io("StatusMessage", s.message);
  io("Details", s.details);
  io("StartTime", s.start);
  io("EndTime", s.end);
  io("Progress", s.progress);
}

/// Rows of a group whose id is "GROUP/NAME".
template <class Io, class S>
void named_fields(Io& io, S& s, std::string_view member) {
  io("AutoScalingGroupName", s.group);
  io(member, s.name);
  if constexpr (Io::reads) {
    if (!s.group.empty() && !s.name.empty()) s.id = s.group + "/" + s.name;
  }
}

template <class Io, like<ScalingPolicy> S>
void fields(Io& io, S& s) {
  named_fields(io, s, "PolicyName");
  io("PolicyARN", s.arn);
  io("PolicyType", s.type);
  io("AdjustmentType", s.adjustment_type);
  io("MetricAggregationType", s.aggregation);
  io("ScalingAdjustment", s.adjustment);
  io("MinAdjustmentMagnitude", s.least_magnitude);
  io("Cooldown", s.cooldown_s);
  io("EstimatedInstanceWarmup", s.warmup_s);
  io("Disabled", s.disabled);
  io("StepAdjustments", s.steps);
  io("TargetTrackingConfiguration", s.tracking);
  io("Alarms", s.alarms);
}

template <class Io, like<ScheduledScaling> S>
void fields(Io& io, S& s) {
  named_fields(io, s, "ScheduledActionName");
  io("ScheduledActionARN", s.arn);
  io("Recurrence", s.recurrence);
  io("TimeZone", s.time_zone);
  io("StartTime", s.start);
  io("EndTime", s.end);
  io("Next", s.next);
  io("MinSize", s.min);
  io("MaxSize", s.max);
  io("DesiredCapacity", s.desired);
}

template <class Io, like<LifecycleHook> S>
void fields(Io& io, S& s) {
  named_fields(io, s, "LifecycleHookName");
  io("LifecycleTransition", s.transition);
  io("NotificationTargetARN", s.target);
  io("RoleARN", s.role);
  io("NotificationMetadata", s.metadata);
  io("DefaultResult", s.otherwise);
  io("HeartbeatTimeout", s.timeout_s);
}

template <class Io, like<ScalingNotification> S>
void fields(Io& io, S& s) {
  io("AutoScalingGroupName", s.group);
  io("TopicARN", s.topic);
  io("NotificationType", s.type);
  if constexpr (Io::reads) s.id = s.group + "/" + s.type + "/" + s.topic;
}

template <class Io, like<InstanceRefresh> S>
void fields(Io& io, S& s) {
  io("InstanceRefreshId", s.id);
  io("AutoScalingGroupName", s.group);
  io("Status", s.status);
  io("StatusReason", s.reason);
  io("StartTime", s.start);
  io("EndTime", s.end);
  io("PercentageComplete", s.progress);
  io("InstancesToUpdate", s.left);
  io("Preferences", s.preferences);
}

}  // namespace reeve::sandbox
