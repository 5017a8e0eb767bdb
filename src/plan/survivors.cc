#include "plan/survivors.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "estate/params.h"
#include "estate/snapshots.h"

namespace reeve::plan {
namespace {

using estate::Record;

bool names_last_copy(const std::vector<policy::Finding>& why) {
  return std::ranges::any_of(why, [](const policy::Finding& finding) {
    return finding.filter == "stale" && finding.evidence["reason"].as_text() == "last-copy";
  });
}

bool is_readable(const Record& snapshot, const Copies& copies) {
  const bool for_a_time = !snapshot.document["RestoreExpiryTime"].is_null();
  return snapshot.document["StorageTier"].as_text() != "archive" && !for_a_time &&
         !copies.archiving.contains(snapshot.id());
}

}  // namespace

std::string data_set(const Record& snapshot) { return std::string(estate::source_volume(snapshot.document)); }

void Removing::add(std::string_view kind, std::string_view id, const std::vector<policy::Finding>& why) {
  (kind == "ebs" ? volumes_ : snapshots_).insert(hash(id));
  if (names_last_copy(why)) named_.emplace(id);
}

Task<Result<Copies>> read_copies(estate::Reader& reader) {
  Copies out;
  CO_TRY(out.snapshots, co_await reader.census(*reader.kinds().find("ebs-snapshot")));
  CO_TRY(out.volumes, co_await reader.census(*reader.kinds().find("ebs")));
  std::string service = "ec2", operation = "DescribeSnapshotTierStatus";
  Document params = estate::with_filter({}, "last-tiering-operation", {"archival-in-progress"});
  // Where the operation is not known there is no archive, and the list is empty.
  CO_TRY(const auto moving, co_await reader.items(std::move(service), std::move(operation), std::move(params)));
  for (const auto& status : moving->items) out.archiving.emplace(status["SnapshotId"].as_text());
  co_return out;
}

std::set<std::string> last_survivors(const Removing& removing, const Copies& copies) {
  std::set<std::string, std::less<>> living_volumes;
  for (const auto& volume : copies.volumes->records) {
    const auto state = volume.document["State"].as_text();
    if (state != "available" && state != "in-use") continue;  // one that failed or is on its way out holds nothing
    if (!removing.has_volume(volume.id())) living_volumes.emplace(volume.id());
  }

  struct Set {
    bool survives = false;
    const Record* newest = nullptr;
    bool newest_readable = false;
  };
  std::map<std::string, Set> sets;
  for (const auto& snapshot : copies.snapshots->records) {
    const std::string key = data_set(snapshot);
    if (key.empty() || snapshot.document["State"].as_text() != "completed") continue;
    Set& set = sets[key];
    // What cannot be read before it is restored, or soon cannot, is the one to keep only where there is no other.
    const bool readable = is_readable(snapshot, copies);
    const bool stays = readable && !removing.has_snapshot(snapshot.id());
    if (stays || living_volumes.contains(key)) set.survives = true;
    const bool better = readable == set.newest_readable && set.newest != nullptr
                            ? estate::is_newer(snapshot.document, set.newest->document)
                            : readable || set.newest == nullptr;
    if (!better) continue;
    set.newest = &snapshot;
    set.newest_readable = readable;
  }
  std::set<std::string> out;
  for (const auto& [key, set] : sets) {
    if (!set.survives && !removing.is_named(set.newest->id())) out.emplace(set.newest->id());
  }
  return out;
}

std::vector<std::optional<double>> chain_shares(const std::vector<Claim>& claims,
                                                const std::vector<Record>& snapshots) {
  std::unordered_map<std::string_view, std::string_view> set_of;
  for (const auto& snapshot : snapshots) set_of.emplace(snapshot.id(), estate::source_volume(snapshot.document));
  struct Chain {
    double full = 0;
    std::size_t rows = 0;
  };
  std::unordered_map<std::string_view, Chain> chains;
  auto chain_of = [&](const Claim& claim) -> Chain* {
    const auto found = set_of.find(claim.snapshot);
    return found == set_of.end() || found->second.empty() ? nullptr : &chains[found->second];
  };
  for (const Claim& claim : claims) {
    if (Chain* chain = chain_of(claim)) {
      chain->full = std::max(chain->full, claim.at_most);
      ++chain->rows;
    }
  }
  std::vector<std::optional<double>> out(claims.size());
  for (std::size_t i = 0; i < claims.size(); ++i) {
    const Chain* chain = chain_of(claims[i]);
    if (chain != nullptr && chain->rows > 1) out[i] = chain->full / static_cast<double>(chain->rows);
  }
  return out;
}

void take_share(policy::Saving& saves, double share) {
  saves.at_most = share;
  if (saves.likely) saves.likely = std::min(*saves.likely, share);
  saves.from += "; a share of one full size for its volume's chain";
}

}  // namespace reeve::plan
