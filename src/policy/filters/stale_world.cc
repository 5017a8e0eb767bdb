#include "policy/filters/stale_world.h"

#include "estate/snapshots.h"

namespace reeve::policy {
namespace {

using estate::Listing;
using estate::Reader;
using Is = StaleWorld::Found::Is;

/// The other side must know these listings: an empty list that only means "never heard of it" proves nothing gone.
Task<void> take_census(Reader& reader, std::string kind, std::shared_ptr<const Listing>& into, std::string& problem) {
  const estate::Kind* which = reader.kinds().find(kind);
  REEVE_ASSERT(which != nullptr);
  auto listing = co_await reader.census(*which);
  if (!listing) {
    problem = listing.error().text();
  } else if ((*listing)->unsupported) {
    problem = which->list.operation + " is not known on the other side";
  } else {
    into = *std::move(listing);
  }
}

Task<void> take_bin(Reader& reader, std::shared_ptr<const Reader::Items>& into, std::string& problem) {
  std::string service = "ec2", operation = "ListVolumesInRecycleBin";
  Document params;
  auto items = co_await reader.items(std::move(service), std::move(operation), std::move(params));
  if (items) {
    into = *std::move(items);
  } else {
    problem = items.error().text();
  }
}

Task<void> nothing() { co_return; }

StaleWorld::Found look_up(const std::shared_ptr<const Listing>& listing, const std::string& problem,
                          std::string_view id) {
  if (!listing) return {Is::unknown, {}, problem};
  const estate::Record* found = listing->find(id);
  if (found == nullptr) return {};
  return {Is::there, found->document.root(), {}};
}

}  // namespace

Task<StaleWorld> StaleWorld::read(estate::Reader& reader, Wanted wanted) {
  StaleWorld world;
  std::function<Task<void>(std::size_t)> part = [&](std::size_t i) {
    if (i == 0) return take_census(reader, "ebs", world.volumes_, world.volumes_problem_);
    if (i == 1 && wanted.bin) return take_bin(reader, world.bin_, world.bin_problem_);
    if (i == 2 && wanted.instances) return take_census(reader, "ec2", world.instances_, world.instances_problem_);
    if (i == 3 && wanted.snapshots) {
      return take_census(reader, "ebs-snapshot", world.snapshots_, world.snapshots_problem_);
    }
    return nothing();
  };
  constexpr std::size_t parts = 4;
  co_await for_each(reader.loop(), parts, parts, std::move(part));
  world.index_snapshots();
  world.index_bin();
  co_return world;
}

void StaleWorld::index_snapshots() {
  if (!snapshots_) return;
  for (const estate::Record& snapshot : snapshots_->records) {
    const Value document = snapshot.document;
    const auto volume = estate::source_volume(document);
    if (volume.empty()) continue;
    Chain& chain = chains_[volume];
    ++chain.count;
    if (document["State"].as_text() != "completed") continue;
    if (chain.newest == nullptr || estate::is_newer(document, chain.newest->document)) chain.newest = &snapshot;
  }
}

void StaleWorld::index_bin() {
  if (!bin_) return;
  for (const Document& item : bin_->items) in_bin_.emplace(item["VolumeId"].as_text(), item.root());
}

StaleWorld::Found StaleWorld::volume(std::string_view id) const { return look_up(volumes_, volumes_problem_, id); }

StaleWorld::Found StaleWorld::instance(std::string_view id) const {
  return look_up(instances_, instances_problem_, id);
}

StaleWorld::Found StaleWorld::volume_in_bin(std::string_view id) const {
  if (!bin_) return {Is::unknown, {}, bin_problem_};
  const auto found = in_bin_.find(id);
  if (found != in_bin_.end()) return {Is::there, found->second, {}};
  return {};
}

std::optional<StaleWorld::Chain> StaleWorld::chain(std::string_view volume) const {
  if (!snapshots_) return std::nullopt;
  const auto found = chains_.find(volume);
  return found == chains_.end() ? Chain{} : found->second;
}

}  // namespace reeve::policy
