#pragma once
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "policy/filter.h"
#include "policy/vocabulary.h"

namespace reeve::policy {

/// Why a snapshot is stale; the first that holds counts, in this order.
enum class StaleReason : std::uint8_t {
  copied,                ///< a copy of another snapshot: its VolumeId means nothing
  foreign,               ///< vol-ffffffff: imported, or written through the block API by a backup product
  no_volume,             ///< it has no VolumeId
  last_copy,             ///< the newest completed own snapshot of a volume that is gone
  volume_gone,           ///< its volume is in no complete listing, and not in the Recycle Bin
  volume_unattached,     ///< its volume has no attachments
  instance_not_running,  ///< no attached instance is pending, running, stopping or shutting down
};
std::string_view name(StaleReason reason);

/// Name of the evidence that the filter leaves: {reason, volume, instance, state, volume_snapshots, bin}. `state` is
/// the instance's, `volume_snapshots` the number of own snapshots of a volume that is gone, `bin` "unsupported" where
/// the other side has no Recycle Bin for volumes.
inline constexpr std::string_view stale_evidence = "reeve:stale";

/// Snapshots that nothing seems to need any more (EC2 API Reference, Snapshot: VolumeId of copies is arbitrary). A
/// snapshot matches where its first reason is among those that the policy names. What must be listed and cannot be is
/// unknown: a volume counts as gone only by a complete listing.
class StaleFilter : public Filter {
 public:
  explicit StaleFilter(std::set<StaleReason> reasons) : reasons_(std::move(reasons)) {}
  static std::unique_ptr<Filter> make(const Build& build);
  static FilterWord word();

  std::string_view type() const override { return "stale"; }
  Stage stage() const override { return Stage::set; }
  Again again() const override { return Again::related; }
  Task<std::vector<Verdict>> judge(std::span<Candidate*> candidates, Context& context) const override;
  void explain(Candidate& candidate, Context& context, std::size_t mark) const override;

  const std::set<StaleReason>& reasons() const { return reasons_; }

 private:
  std::set<StaleReason> reasons_;
};

}  // namespace reeve::policy
