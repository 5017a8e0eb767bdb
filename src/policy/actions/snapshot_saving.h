#pragma once
#include <optional>

#include "policy/action.h"

namespace reeve::policy {

/// What deleting a snapshot saves a month. Snapshots are incremental: blocks that a later one needs move to it, so the
/// most is the full size at the list price, and the likely figure is known only for a volume's only snapshot. The
/// saving starts after the bin's retention, and for archived ones after the 90 days that are paid anyway.
Saving saving_of_delete(const estate::RecordView& view, const Context& context);

/// What archiving saves: the archived snapshot is a full one, so a figure is given only for a volume's only snapshot.
Saving saving_of_archive(const estate::RecordView& view, const Context& context);

/// How many own snapshots the snapshot's volume has, where the filter `stale` found it out.
std::optional<std::int64_t> snapshots_of_volume(const estate::RecordView& view);

}  // namespace reeve::policy
