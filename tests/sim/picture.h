#pragma once
#include <map>
#include <set>
#include <string>
#include <tuple>

#include "policy/action.h"
#include "sandbox/store.h"

/// What the simulation sees of the cloud, by its own eyes: nothing here uses the engine's judgement.
namespace reeve::sim {

/// One snapshot, wherever it lies.
struct Thing {
  bool live = false;      ///< not in the bin
  bool archived = false;  ///< in the archive tier, or on the way there
  bool readable = false;  ///< completed, not in the archive tier, nor on the way there
  sandbox::Tags tags;
  std::string data_set;  ///< its volume, where that means something
  /// What nobody may change: volume, its size, start, description, public or not, accounts that share it.
  std::tuple<std::string, std::int64_t, Time, std::string, bool, std::set<std::string, std::less<>>> rest;
  friend bool operator==(const Thing&, const Thing&) = default;
};

using Picture = std::map<std::string, Thing>;
Picture picture(const sandbox::Region& region);
/// Ids of what is not the same in both.
std::set<std::string> changed(const Picture& before, const Picture& after);

/// The volume that a snapshot was made of; empty where the id means nothing.
std::string data_set_of(const sandbox::Snapshot& snapshot);
/// Data sets of which a completed, readable copy is there.
std::set<std::string> data_sets(const Picture& picture);

/// Why a snapshot may not be changed at all; empty if it may.
std::string why_protected(const sandbox::Snapshot& snapshot);
/// Why a snapshot may not be removed; empty if it may.
std::string why_in_use(const sandbox::Region& region, const sandbox::Snapshot& snapshot);

/// Whether a step's effect is to be seen.
bool took_effect(const policy::Step& step, const Thing& before, const Thing& after);
/// What an undo of this step should have given back and did not; empty if all is as before.
std::string not_given_back(const policy::Step& step, const Thing& before, const Thing& after);

Document text_document(std::string_view text);

}  // namespace reeve::sim
