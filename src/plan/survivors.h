#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/task.h"
#include "estate/reader.h"
#include "plan/plan.h"

namespace reeve::plan {

/// The data set that a snapshot belongs to: its volume's id; empty where the id means nothing (copies, imports, none).
std::string data_set(const estate::Record& snapshot);

/// What one run removes in one scope. It must be known whole before the first row is judged: what a later row removes
/// is no copy that a data set may rest on. So ids are kept by hash, some forty bytes each: a run may remove a hundred
/// thousand. Two ids with one hash count as removed both: then a copy is kept for nothing.
class Removing {
 public:
  void add(std::string_view kind, std::string_view id, const std::vector<policy::Finding>& why);
  bool has_snapshot(std::string_view id) const { return snapshots_.contains(hash(id)); }
  bool has_volume(std::string_view id) const { return volumes_.contains(hash(id)); }
  /// The policy named it as a last copy: it asks for consent instead of being kept.
  bool is_named(std::string_view id) const { return named_.contains(id); }
  bool empty() const { return snapshots_.empty() && volumes_.empty(); }

 private:
  static std::size_t hash(std::string_view id) { return std::hash<std::string_view>{}(id); }
  std::unordered_set<std::size_t> snapshots_, volumes_;
  std::set<std::string, std::less<>> named_;
};

/// The copies of data in one scope, and what they may stand on.
struct Copies {
  std::shared_ptr<const estate::Listing> snapshots, volumes;  ///< censuses, whole
  std::set<std::string, std::less<>> archiving;               ///< snapshots on their way to the archive
};
/// Reads them, each once a reader. EC2 lists a snapshot as `standard` for the hours until its archiving ends; only
/// DescribeSnapshotTierStatus tells (EBS User Guide, "Archive Amazon EBS snapshots").
/// Errors: of any of the listings: then it is not known what survives.
Task<Result<Copies>> read_copies(estate::Reader& reader);

/// Rows that a run may not carry out, because a data set would be left without a completed, readable copy
/// (design, section 5.2): of each set that would be, the rows on its newest copy. Newest = StartTime, then SnapshotId.
/// Not readable are copies in the archive, on their way to it, or restored from it for a time only. `removing` is what
/// the run removes; `copies` the whole scope's. Rows on a last copy that the policy named are not taken back: they ask
/// for consent instead.
std::set<std::string> last_survivors(const Removing& removing, const Copies& copies);

/// What a row on a snapshot may save at most, USD a month.
struct Claim {
  std::string_view snapshot;  ///< id
  double at_most = 0;
};
/// Spreads savings so that the rows of one data set together never count above one full size (the largest claim): of
/// each claim its share, or nullopt where it stands alone.
std::vector<std::optional<double>> chain_shares(const std::vector<Claim>& claims,
                                                const std::vector<estate::Record>& snapshots);
/// Brings a row's figure down to its share.
void take_share(policy::Saving& saves, double share);

}  // namespace reeve::plan
