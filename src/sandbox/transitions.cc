#include <algorithm>

#include "sandbox/store.h"

/// What happens to resources by themselves as time passes.
namespace reeve::sandbox {
namespace {

void earlier(std::optional<Time>& next, Time when) {
  if (!next || when < *next) next = when;
}

/// Ends of the two phases of fast restore: AWS says an hour per TiB to optimize; ours is a fixed span.
constexpr Duration enabling_time{60'000'000}, optimizing_time{3'600'000'000};

void settle_fast_restores(Snapshot& snapshot, Time now, std::optional<Time>& next) {
  for (auto& [zone, restore] : snapshot.fast_restores) {
    auto step = [&, &one = restore](std::string_view from, Duration takes, std::string_view to) {
      if (one.state != from) return;
      const Time end = one.since + takes;
      if (end <= now) {
        one.state = to;
        one.since = end;
      } else {
        earlier(next, end);
      }
    };
    step("enabling", enabling_time, "optimizing");
    step("optimizing", optimizing_time, "enabled");
    step("disabling", enabling_time, "disabled");
  }
  std::erase_if(snapshot.fast_restores, [](const auto& entry) { return entry.second.state == "disabled"; });
}

void end_tier_change(Snapshot& snapshot, Time now) {
  std::string& status = snapshot.tier->status;
  const bool temporary = status == "temporary-restore-in-progress";
  if (status == "archival-in-progress") {
    snapshot.storage_tier = "archive";
    snapshot.last_archived = now;
    status = "archival-completed";
  } else if (temporary || status == "permanent-restore-in-progress") {
    snapshot.storage_tier = "standard";
    status = temporary ? "temporary-restore-completed" : "permanent-restore-completed";
    if (!temporary) snapshot.restore_expires.reset();
  } else {
    return;
  }
  snapshot.tier->progress = 100;
}

}  // namespace

std::optional<Time> settle(Snapshot& snapshot, Time now) {
  std::optional<Time> next;
  if (snapshot.due) {
    const Time end = *snapshot.due;
    if (end <= now) {
      snapshot.due.reset();
      if (snapshot.state == "pending") {
        snapshot.state = "completed";
        snapshot.progress = "100%";
        snapshot.completion_time = end;
      }
      if (snapshot.tier) end_tier_change(snapshot, end);
    } else {
      earlier(next, end);
    }
  }
  if (snapshot.restore_expires && snapshot.tier && snapshot.tier->status == "temporary-restore-completed") {
    if (*snapshot.restore_expires <= now) {
      snapshot.storage_tier = "archive";
      snapshot.restore_expires.reset();
      snapshot.tier->status = "archival-completed";
    } else {
      earlier(next, *snapshot.restore_expires);
    }
  }
  if (snapshot.lock) {
    if (snapshot.lock->expires <= now) {
      snapshot.lock.reset();
    } else {
      earlier(next, snapshot.lock->expires);
    }
  }
  settle_fast_restores(snapshot, now, next);
  return next;
}

std::optional<Time> settle(Image& image, Time now) {
  if (!image.due) return std::nullopt;
  if (*image.due > now) return image.due;
  image.due.reset();
  if (image.state == "pending") image.state = "available";
  return std::nullopt;
}

std::optional<Time> settle_volume(Store&, Region& region, const std::string& id, Time now) {
  Volume* volume = region.volumes.find(id);
  if (!volume || !volume->due) return std::nullopt;
  if (*volume->due > now) return volume->due;
  volume->due.reset();
  if (volume->state == "deleting") {
    region.volumes.erase(id);
    return std::nullopt;
  }
  for (Attachment& a : volume->attachments) {
    if (a.state == "attaching") a.state = "attached";
    if (a.state != "detaching") continue;
    if (Instance* instance = region.instances.find(a.instance_id)) instance->volumes.erase(id);
  }
  std::erase_if(volume->attachments, [](const Attachment& a) { return a.state == "detaching"; });
  volume->state = volume->attachments.empty() ? "available" : "in-use";
  return std::nullopt;
}

std::optional<Time> settle_instance(Store&, Region& region, const std::string& id, Time now) {
  constexpr Duration visible_after_end{3'600'000'000};
  Instance* instance = region.instances.find(id);
  if (!instance || !instance->due) return std::nullopt;
  if (*instance->due > now) return instance->due;
  const Time end = *instance->due;
  instance->due.reset();
  if (instance->state == "pending") {
    instance->state = "running";
  } else if (instance->state == "stopping") {
    instance->state = "stopped";
    instance->public_ip.clear();
  } else if (instance->state == "terminated") {
    region.instances.erase(id);
  } else if (instance->state == "shutting-down") {
    instance->state = "terminated";
    instance->public_ip.clear();
    instance->private_ip.clear();
    instance->due = end + visible_after_end;
    for (const std::string& volume_id : instance->volumes) {
      Volume* volume = region.volumes.find(volume_id);
      if (!volume) continue;
      bool goes = false;
      std::erase_if(volume->attachments, [&](const Attachment& a) {
        if (a.instance_id != id) return false;
        goes = a.delete_on_termination;
        return true;
      });
      if (goes && volume->attachments.empty()) {
        region.volumes.erase(volume_id);
      } else if (volume->attachments.empty()) {
        volume->state = "available";
      }
    }
    instance->volumes.clear();
    return instance->due;
  }
  return std::nullopt;
}

}  // namespace reeve::sandbox
