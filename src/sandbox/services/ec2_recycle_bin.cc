#include "sandbox/listing.h"
#include "sandbox/services/write.h"

/// What EC2 shows of the Recycle Bin, and the way back out of it: same id, same attributes, sharing included.
namespace reeve::sandbox {
namespace {

template <class T>
std::expected<Listed<T>, Fault> list(const Call& c, const Table<T>& table, std::string_view ids_name,
                                     Fault (*nowhere)(std::string_view), std::int64_t least) {
  const auto ids = texts(c[ids_name]);
  TRY(const Page page, read_page(c, !ids.empty(), least));
  Listed<T> listed;
  for (std::string_view id : ids) {
    const T* row = table.seen(id, c.now);
    if (!row) return std::unexpected(nowhere(id));
    listed.rows.push_back(row);
  }
  if (ids.empty()) list_table(c, table, c.account.id, page, {}, "", {}, [](const T&) { return true; }, listed);
  return listed;
}

void write_stay(Builder& out, const BinStay& stay) {
  out.put("RecycleBinEnterTime", stay.entered);
  out.put("RecycleBinExitTime", stay.exits);
}

/// Takes a resource out of the bin; nullptr where it is not there.
template <class T>
T* take_out(Call& c, Table<T>& bin, Table<T>& into, const std::string& id) {
  T* binned = bin.find(id);
  if (!binned) return nullptr;
  c.changing(bin, id);
  c.changing(into, id);
  T row = std::move(*binned);
  row.bin.reset();
  bin.erase(id);
  return &into.add(std::move(row));
}

Outcome list_snapshots(Call& c) {
  TRY(const auto listed, list(c, c.region.snapshots_in_bin, "SnapshotIds", no_snapshot, 5));
  c.out.begin_list("Snapshots");
  for (const Snapshot* s : listed.rows) {
    c.out.begin_map();
    c.out.put("SnapshotId", s->id);
    write_stay(c.out, *s->bin);
    c.out.put("Description", s->description);
    c.out.put("VolumeId", s->volume_id);
    c.out.end();
  }
  c.out.end();
  c.out.put_if("NextToken", listed.next);
  return {};
}

Outcome restore_snapshot(Call& c) {
  TRY(const auto id, need_text(c, "SnapshotId"));
  Snapshot* s = take_out(c, c.region.snapshots_in_bin, c.region.snapshots, id);
  if (!s) return std::unexpected(no_snapshot(id));
  if (s->lock || s->restore_expires) c.store.schedule(c.now, Due::snapshot, c.region, id);
  c.out.put("SnapshotId", s->id);
  c.out.put("Description", s->description);
  c.out.put("Encrypted", s->encrypted);
  c.out.put("OwnerId", s->owner_id);
  c.out.put("Progress", s->progress);
  c.out.put("StartTime", s->start_time);
  c.out.put("State", s->state);
  c.out.put("VolumeId", s->volume_id);
  c.out.put("VolumeSize", s->volume_size_gib);
  return {};
}

Outcome list_images(Call& c) {
  TRY(const auto listed, list(c, c.region.images_in_bin, "ImageIds", no_image, 1));
  c.out.begin_list("Images");
  for (const Image* i : listed.rows) {
    c.out.begin_map();
    c.out.put("ImageId", i->id);
    c.out.put("Name", i->name);
    c.out.put("Description", i->description);
    write_stay(c.out, *i->bin);
    c.out.end();
  }
  c.out.end();
  c.out.put_if("NextToken", listed.next);
  return {};
}

Outcome restore_image(Call& c) {
  TRY(const auto id, need_text(c, "ImageId"));
  if (!take_out(c, c.region.images_in_bin, c.region.images, id)) return std::unexpected(no_image(id));
  c.out.put("Return", true);
  return {};
}

Outcome list_volumes(Call& c) {
  TRY(const auto listed, list(c, c.region.volumes_in_bin, "VolumeIds", no_volume, 5));
  c.out.begin_list("Volumes");
  for (const Volume* v : listed.rows) {
    c.out.begin_map();
    c.out.put("VolumeId", v->id);
    c.out.put("VolumeType", v->type);
    c.out.put("State", v->state);
    c.out.put("Size", v->size_gib);
    c.out.put("Iops", v->iops);
    c.out.put("AvailabilityZone", v->zone);
    c.out.put("SnapshotId", v->snapshot_id);
    write_operator(c.out, v->operator_principal, v->operator_hidden);
    c.out.put("CreateTime", v->create_time);
    write_stay(c.out, *v->bin);
    c.out.end();
  }
  c.out.end();
  c.out.put_if("NextToken", listed.next);
  return {};
}

Outcome restore_volume(Call& c) {
  TRY(const auto id, need_text(c, "VolumeId"));
  if (!take_out(c, c.region.volumes_in_bin, c.region.volumes, id)) return std::unexpected(no_volume(id));
  c.out.put("Return", true);
  return {};
}

}  // namespace

void register_ec2_recycle_bin(Registry& r) {
  r.add("ec2", "ListSnapshotsInRecycleBin", list_snapshots);
  r.add("ec2", "RestoreSnapshotFromRecycleBin", restore_snapshot);
  r.add("ec2", "ListImagesInRecycleBin", list_images);
  r.add("ec2", "RestoreImageFromRecycleBin", restore_image);
  r.add("ec2", "ListVolumesInRecycleBin", list_volumes);
  r.add("ec2", "RestoreVolumeFromRecycleBin", restore_volume);
}

}  // namespace reeve::sandbox
