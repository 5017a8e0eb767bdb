#pragma once
#include "base/document.h"
#include "estate/record.h"

namespace reeve::estate {

/// What a snapshot's members say of where its data came from (EC2 API Reference, Snapshot; EBS User Guide, Copy an
/// Amazon EBS snapshot). Takes the document of an ebs-snapshot or its census.

/// A copy of another snapshot: TransferType is there, or the description is one that AWS gives to copies. The VolumeId
/// of a copy is arbitrary and means nothing.
bool is_copy(Value snapshot);

/// Not made from a volume: imported, or written through the block API by a backup product.
bool is_foreign(Value snapshot);

/// The volume that the snapshot was made of, whether or not it still exists; empty where none is known (copies, foreign
/// snapshots, no VolumeId). All snapshots of one volume form its data set.
std::string_view source_volume(Value snapshot);

/// Newer by StartTime, then by SnapshotId.
bool is_newer(Value a, Value b);

}  // namespace reeve::estate
