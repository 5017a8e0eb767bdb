#pragma once
#include <concepts>
#include <type_traits>

#include "sandbox/estate_io.h"

/// The fields of each kind in estate files, under AWS's member names. See docs/formats/estate.md.
namespace reeve::sandbox {

template <class S, class T>
concept like = std::same_as<std::remove_const_t<S>, T>;

template <class Io, like<BinStay> S>
void fields(Io& io, S& s) {
  io("RecycleBinEnterTime", s.entered);
  io("RecycleBinExitTime", s.exits);
}

template <class Io, like<SnapshotLock> S>
void fields(Io& io, S& s) {
  io("Mode", s.mode);
  io("CreatedOn", s.created);
  io("Duration", s.duration_days);
  io("CoolOffPeriod", s.cool_off_hours);
  io("DurationStartTime", s.duration_start);
  io("CoolOffPeriodExpiresOn", s.cool_off_expires);
  io("ExpiresOn", s.expires);
}

template <class Io, like<TierChange> S>
void fields(Io& io, S& s) {
  io("LastTieringOperationStatus", s.status);
  io("LastTieringStartTime", s.started);
  io("LastTieringProgress", s.progress);
  io("LastTieringOperationStatusDetail", s.detail);
}

template <class Io, like<FastRestore> S>
void fields(Io& io, S& s) {
  io("State", s.state);
  io("Since", s.since);
}

template <class Io, like<Snapshot> S>
void fields(Io& io, S& s) {
  io("SnapshotId", s.id);
  io("VolumeId", s.volume_id);
  io("State", s.state);
  io("StateMessage", s.state_message);
  io("Progress", s.progress);
  io("StartTime", s.start_time);
  io("CompletionTime", s.completion_time);
  io("Description", s.description);
  io("OwnerId", s.owner_id);
  io("OwnerAlias", s.owner_alias);
  io("VolumeSize", s.volume_size_gib);
  io("FullSnapshotSizeInBytes", s.full_size_bytes);
  io("Encrypted", s.encrypted);
  io("KmsKeyId", s.kms_key_id);
  io("TransferType", s.transfer_type);
  io("StorageTier", s.storage_tier);
  io("Public", s.is_public);
  io("SharedWith", s.shared_with);
  io.tags("Tags", s.tags);
  io.part("Lock", s.lock);
  io.part("TierStatus", s.tier);
  io("LastArchived", s.last_archived);
  io("RestoreExpiryTime", s.restore_expires);
  io.by_zone("FastRestores", s.fast_restores);
  io("Due", s.due);
  io.part("Bin", s.bin);
}

template <class Io, like<Attachment> S>
void fields(Io& io, S& s) {
  io("InstanceId", s.instance_id);
  io("Device", s.device);
  io("State", s.state);
  io("AttachTime", s.attach_time);
  io("DeleteOnTermination", s.delete_on_termination);
}

template <class Io, class S>
void operator_fields(Io& io, S& s) {
  if (!Io::reads && s.operator_principal.empty()) return;
  io.group("Operator", s, [](auto& inner, auto& of) {
    inner("Principal", of.operator_principal);
    inner("HiddenByDefault", of.operator_hidden);
  });
}

template <class Io, like<Volume> S>
void fields(Io& io, S& s) {
  io("VolumeId", s.id);
  io("SnapshotId", s.snapshot_id);
  io("State", s.state);
  io("VolumeType", s.type);
  io("AvailabilityZone", s.zone);
  io("KmsKeyId", s.kms_key_id);
  io("Size", s.size_gib);
  io("Iops", s.iops);
  io("Throughput", s.throughput);
  io("CreateTime", s.create_time);
  io("Encrypted", s.encrypted);
  io("MultiAttachEnabled", s.multi_attach);
  operator_fields(io, s);
  io.list("Attachments", s.attachments);
  io.tags("Tags", s.tags);
  io("Due", s.due);
  io.part("Bin", s.bin);
}

template <class Io, like<Instance> S>
void fields(Io& io, S& s) {
  io("InstanceId", s.id);
  io("ImageId", s.image_id);
  io("InstanceType", s.type);
  io("State", s.state);
  io("AvailabilityZone", s.zone);
  io("SubnetId", s.subnet_id);
  io("VpcId", s.vpc_id);
  io("KeyName", s.key_name);
  io("PrivateIpAddress", s.private_ip);
  io("PublicIpAddress", s.public_ip);
  io("RootDeviceName", s.root_device_name);
  io("RootDeviceType", s.root_device_type);
  io("StateTransitionReason", s.state_transition_reason);
  io("StateReasonCode", s.state_reason_code);
  io("StateReasonMessage", s.state_reason_message);
  io("InstanceLifecycle", s.lifecycle);
  operator_fields(io, s);
  io("ReservationId", s.reservation_id);
  io("UserData", s.user_data);
  io("IamInstanceProfileArn", s.profile_arn);
  io("Architecture", s.architecture);
  io("Platform", s.platform);
  io("InstanceInitiatedShutdownBehavior", s.instance_initiated_shutdown);
  io("LaunchTime", s.launch_time);
  io("SecurityGroupIds", s.security_groups);
  io("DisableApiTermination", s.termination_protected);
  io("DisableApiStop", s.stop_protected);
  io("EbsOptimized", s.ebs_optimized);
  io("Monitoring", s.monitoring);
  io.tags("Tags", s.tags);
  io("Due", s.due);
}

template <class Io, like<ImageDevice> S>
void fields(Io& io, S& s) {
  io("DeviceName", s.device);
  io("SnapshotId", s.snapshot_id);
  io("VolumeType", s.volume_type);
  io("VirtualName", s.virtual_name);
  io("VolumeSize", s.volume_size_gib);
  io("DeleteOnTermination", s.delete_on_termination, true);
  io("Encrypted", s.encrypted);
}

template <class Io, like<Image> S>
void fields(Io& io, S& s) {
  io("ImageId", s.id);
  io("Name", s.name);
  io("Description", s.description);
  io("OwnerId", s.owner_id);
  io("ImageOwnerAlias", s.owner_alias);
  io("State", s.state);
  io("Architecture", s.architecture);
  io("RootDeviceName", s.root_device_name);
  io("RootDeviceType", s.root_device_type);
  io("VirtualizationType", s.virtualization_type);
  io("SourceInstanceId", s.source_instance_id);
  io("SourceImageId", s.source_image_id);
  io("SourceImageRegion", s.source_image_region);
  io("ImageType", s.image_type);
  io("Platform", s.platform);
  io("StateReasonCode", s.state_reason_code);
  io("StateReasonMessage", s.state_reason_message);
  io("DeregistrationProtection", s.deregistration_protection);
  io("CreationDate", s.creation_date);
  io("DeprecationTime", s.deprecation_time);
  io("LastLaunchedTime", s.last_launched);
  io("Public", s.is_public);
  io("SharedWith", s.shared_with);
  io.list("BlockDeviceMappings", s.devices);
  io.tags("Tags", s.tags);
  io("Due", s.due);
  io.part("Bin", s.bin);
}

template <class Io, like<LaunchTemplateVersion> S>
void fields(Io& io, S& s) {
  io("VersionNumber", s.number);
  io("VersionDescription", s.description);
  io("CreatedBy", s.created_by);
  io("CreateTime", s.create_time);
  io("LaunchTemplateData", s.data);
}

template <class Io, like<LaunchTemplate> S>
void fields(Io& io, S& s) {
  io("LaunchTemplateId", s.id);
  io("LaunchTemplateName", s.name);
  io("CreatedBy", s.created_by);
  io("CreateTime", s.create_time);
  io("DefaultVersionNumber", s.default_version);
  io("LatestVersionNumber", s.latest_version);
  io.list("Versions", s.versions);
  io.tags("Tags", s.tags);
}

template <class Io, like<BinRule> S>
void fields(Io& io, S& s) {
  io("Identifier", s.id);
  io("Description", s.description);
  io("ResourceType", s.resource_type);
  io("Status", s.status);
  io("RetentionDays", s.retention_days);
  io.pairs("ResourceTags", s.matches);
  io.pairs("ExcludeResourceTags", s.excludes);
  io("LockState", s.lock_state);
  io("UnlockDelayDays", s.unlock_delay_days);
  io("LockEndTime", s.unlocks);
  io.tags("Tags", s.tags);
}

template <class Io, like<Vpc> S>
void fields(Io& io, S& s) {
  io("VpcId", s.id);
  io("CidrBlock", s.cidr);
  io("State", s.state);
  io("IsDefault", s.is_default);
  io.tags("Tags", s.tags);
}

template <class Io, like<Subnet> S>
void fields(Io& io, S& s) {
  io("SubnetId", s.id);
  io("VpcId", s.vpc_id);
  io("CidrBlock", s.cidr);
  io("AvailabilityZone", s.zone);
  io("DefaultForAz", s.default_for_zone);
  io.tags("Tags", s.tags);
}

template <class Io, like<SecurityGroup> S>
void fields(Io& io, S& s) {
  io("GroupId", s.id);
  io("GroupName", s.name);
  io("Description", s.description);
  io("VpcId", s.vpc_id);
  io.tags("Tags", s.tags);
}

template <class Io, like<LaunchConfiguration> S>
void fields(Io& io, S& s) {
  io("LaunchConfigurationName", s.id);
  io("LaunchConfigurationARN", s.arn);
  io("ImageId", s.image_id);
  io("InstanceType", s.instance_type);
  io("CreatedTime", s.created);
  io("BlockDeviceMappings", s.block_device_mappings);
}

template <class Io, like<ScalingGroup> S>
void fields(Io& io, S& s) {
  io("AutoScalingGroupName", s.id);
  io("AutoScalingGroupARN", s.arn);
  io("LaunchConfigurationName", s.launch_configuration);
  io("LaunchTemplateId", s.launch_template_id);
  io("LaunchTemplateName", s.launch_template_name);
  io("LaunchTemplateVersion", s.launch_template_version);
  io("MixedInstancesPolicy", s.mixed_instances);
  io("MinSize", s.min);
  io("MaxSize", s.max);
  io("DesiredCapacity", s.desired);
  io("AvailabilityZones", s.zones);
  io("Subnets", s.subnets);
  io("InstanceIds", s.instances);
  io("CreatedTime", s.created);
  io.tags("Tags", s.tags);
}

/// Calls `visit(name, table)` for each table of a region, in the order of estate files.
template <class R, class Visit>
void each_table(R& region, Visit visit) {
  visit("vpcs", region.vpcs);
  visit("subnets", region.subnets);
  visit("security_groups", region.security_groups);
  visit("bin_rules", region.bin_rules);
  visit("instances", region.instances);
  visit("volumes", region.volumes);
  visit("volumes_in_bin", region.volumes_in_bin);
  visit("snapshots", region.snapshots);
  visit("snapshots_in_bin", region.snapshots_in_bin);
  visit("images", region.images);
  visit("images_in_bin", region.images_in_bin);
  visit("launch_templates", region.launch_templates);
  visit("launch_configurations", region.launch_configurations);
  visit("scaling_groups", region.scaling_groups);
}

}  // namespace reeve::sandbox
