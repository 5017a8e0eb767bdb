#include "plan/survivors.h"

#include <algorithm>
#include <map>

#include "estate/snapshots.h"

namespace reeve::plan {
namespace {

using estate::Record;

bool names_last_copy(const Row& row) {
  return std::ranges::any_of(row.why, [](const policy::Finding& finding) {
    return finding.filter == "stale" && finding.evidence["reason"].as_text() == "last-copy";
  });
}

}  // namespace

std::string data_set(const Record& snapshot) { return std::string(estate::source_volume(snapshot.document)); }

void Removing::add(const Row& row) {
  for (const auto& id : row.records) {
    (row.kind == "ebs" ? volumes_ : snapshots_).insert(hash(id));
    if (names_last_copy(row)) named_.insert(id);
  }
}

std::set<std::string> last_survivors(const Removing& removing, const std::vector<Record>& snapshots,
                                     const std::vector<Record>& volumes) {
  std::set<std::string, std::less<>> living_volumes;
  for (const auto& volume : volumes) {
    if (!removing.has_volume(volume.id())) living_volumes.emplace(volume.id());
  }

  struct Set {
    bool survives = false;
    const Record* newest = nullptr;
    bool newest_readable = false;
  };
  std::map<std::string, Set> sets;
  for (const auto& snapshot : snapshots) {
    const std::string key = data_set(snapshot);
    if (key.empty() || snapshot.document["State"].as_text() != "completed") continue;
    Set& set = sets[key];
    // An archived copy cannot be read before it is restored: it is the one to keep only where there is no other.
    const bool readable = snapshot.document["StorageTier"].as_text() != "archive";
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

void cap_chains(std::vector<Row>& rows, const std::vector<Record>& snapshots) {
  std::map<std::string, std::string, std::less<>> set_of;
  for (const auto& snapshot : snapshots) set_of.emplace(snapshot.id(), data_set(snapshot));
  std::map<std::string, std::vector<Row*>> chains;
  for (auto& row : rows) {
    if (row.records.size() != 1 || !row.saves.at_most || row.kind != "ebs-snapshot") continue;
    const auto found = set_of.find(row.records.front());
    if (found != set_of.end() && !found->second.empty()) chains[found->second].push_back(&row);
  }
  for (auto& [key, chain] : chains) {
    if (chain.size() < 2) continue;
    double full = 0;
    for (const Row* row : chain) full = std::max(full, *row->saves.at_most);
    const double share = full / static_cast<double>(chain.size());
    for (Row* row : chain) {
      row->saves.at_most = share;
      if (row->saves.likely) row->saves.likely = std::min(*row->saves.likely, share);
      row->saves.from += "; a share of one full size for its volume's chain";
    }
  }
}

}  // namespace reeve::plan
