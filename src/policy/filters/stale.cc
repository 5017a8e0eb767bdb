#include "policy/filters/stale.h"

#include <algorithm>
#include <array>

#include "estate/snapshots.h"
#include "policy/filters/stale_world.h"

namespace reeve::policy {
namespace {

using Is = StaleWorld::Found::Is;

constexpr std::array<std::string_view, 7> names = {
    "copied", "foreign", "no-volume", "last-copy", "volume-gone", "volume-unattached", "instance-not-running"};
const std::set<StaleReason> standard_reasons = {StaleReason::no_volume, StaleReason::volume_gone,
                                                StaleReason::volume_unattached, StaleReason::instance_not_running};

/// What was found out about one snapshot: its first reason, or why there is none.
struct Fact {
  std::optional<StaleReason> reason = {};
  Truth otherwise = Truth::no;  // where there is no reason: no or unknown
  std::string text = {};        // why there is none; with a reason, what it is
  std::string volume = {}, instance = {}, state = {};
  std::optional<std::size_t> volume_snapshots = {};
};

Fact no(std::string text) { return {.text = std::move(text)}; }
Fact unknown(std::string text) { return {.otherwise = Truth::unknown, .text = std::move(text)}; }
Fact because(StaleReason reason, std::string text, std::string volume = {}) {
  return {.reason = reason, .text = std::move(text), .volume = std::move(volume)};
}

/// What the snapshot's own members settle; nullopt where its volume must be looked at.
std::optional<Fact> from_itself(Value snapshot, const std::string& account) {
  for (const auto* member : {"VolumeId", "State", "TransferType", "Description", "OwnerId"}) {
    if (snapshot[member].is_unknown()) return unknown(std::string(member) + " is unknown");
  }
  const auto owner = snapshot["OwnerId"].as_text();
  if (!account.empty() && !owner.empty() && owner != account) return no("it belongs to account " + std::string(owner));
  const auto state = snapshot["State"].as_text();
  if (state != "completed" && state != "error")
    return no("its state is " + std::string(state.empty() ? "unknown" : state));
  if (estate::is_copy(snapshot)) return because(StaleReason::copied, "it is a copy of another snapshot");
  if (estate::is_foreign(snapshot))
    return because(StaleReason::foreign, "it was imported, or written by a backup product");
  if (snapshot["VolumeId"].as_text().empty()) return because(StaleReason::no_volume, "it has no volume");
  return std::nullopt;
}

Fact gone(Value snapshot, const std::string& volume, const StaleWorld& world) {
  const auto bin = world.volume_in_bin(volume);
  if (bin.is == Is::unknown) return unknown("the Recycle Bin of volumes could not be read: " + bin.why);
  if (bin.is == Is::there) return no("its volume " + volume + " is in the Recycle Bin");
  const auto chain = world.chain(volume);
  if (!chain) return unknown("the own snapshots could not be listed: " + world.snapshots_problem());
  const bool last = chain->newest != nullptr && chain->newest->id() == snapshot["SnapshotId"].as_text();
  Fact fact = last ? because(StaleReason::last_copy,
                             "it is the newest completed snapshot of volume " + volume + ", which is gone", volume)
                   : because(StaleReason::volume_gone, "its volume " + volume + " is gone", volume);
  fact.volume_snapshots = chain->count;
  return fact;
}

bool is_running(std::string_view state) {
  return state == "pending" || state == "running" || state == "stopping" || state == "shutting-down";
}

Fact attached(const std::string& volume, Value attachments, const StaleWorld& world) {
  Fact fact = because(StaleReason::instance_not_running, {}, volume);
  for (const Value attachment : attachments.items()) {
    const std::string id = attachment["InstanceId"].as_string();
    if (id.empty() || attachment["InstanceId"].is_unknown()) {
      return no("its volume " + volume + " is attached to something that is not an instance of this account");
    }
    const auto instance = world.instance(id);
    if (instance.is == Is::unknown) return unknown("the instances could not be listed: " + instance.why);
    const Value state = instance.value["State"]["Name"];
    const std::string is = instance.is == Is::absent ? "gone" : state.is_text() ? state.as_string() : "";
    if (is.empty()) return unknown("the state of instance " + id + " is unknown");
    if (is_running(is)) return no("its volume " + volume + " is attached to instance " + id + ", which is " + is);
    if (fact.instance.empty()) {
      fact.instance = id;
      fact.state = is;
    }
  }
  fact.text = "its volume " + volume + " is attached to instance " + fact.instance + ", which is " + fact.state;
  return fact;
}

Fact from_volume(Value snapshot, const std::set<StaleReason>& reasons, const StaleWorld& world) {
  const std::string volume = snapshot["VolumeId"].as_string();
  const auto found = world.volume(volume);
  if (found.is == Is::unknown) return unknown("the volumes could not be listed: " + found.why);
  if (found.is == Is::absent) {
    if (!reasons.contains(StaleReason::volume_gone) && !reasons.contains(StaleReason::last_copy)) {
      return no("its volume " + volume + " is not there, and the policy names no such reason");
    }
    return gone(snapshot, volume, world);
  }
  const Value attachments = found.value["Attachments"];
  if (attachments.is_unknown()) return unknown("the attachments of volume " + volume + " are unknown");
  if (attachments.empty()) {
    return because(StaleReason::volume_unattached, "its volume " + volume + " is not attached", volume);
  }
  if (!reasons.contains(StaleReason::instance_not_running)) return no("its volume " + volume + " is attached");
  return attached(volume, attachments, world);
}

Document evidence_of(const Fact& fact, bool bin_unsupported) {
  Builder b;
  b.begin_map();
  b.put("reason", name(*fact.reason));
  b.put_if("volume", fact.volume);
  b.put_if("instance", fact.instance);
  b.put_if("state", fact.state);
  if (fact.volume_snapshots) {
    b.put("volume_snapshots", static_cast<std::int64_t>(*fact.volume_snapshots));
    if (bin_unsupported) b.put("bin", "unsupported");
  }
  b.end();
  return b.finish();
}

Verdict settle(const Fact& fact, const std::set<StaleReason>& reasons, bool bin_unsupported, Candidate& candidate) {
  if (!fact.reason) return {fact.otherwise, fact.text};
  if (!reasons.contains(*fact.reason)) {
    const bool only_named = !standard_reasons.contains(*fact.reason);
    return {Truth::no, fact.text +
                           (only_named ? "; such a snapshot is taken only where the policy names "
                                       : "; the policy does not name ") +
                           std::string(name(*fact.reason))};
  }
  candidate.view.add_evidence(std::string(stale_evidence), evidence_of(fact, bin_unsupported));
  return {Truth::yes, fact.text};
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// One word of `reasons`. False after a problem.
bool read_reason(const Build& build, Value at, std::string_view word, std::set<StaleReason>& into) {
  const auto found = std::ranges::find(names, word);
  if (found == names.end()) {
    build.problem(at, "\"" + std::string(word) + "\" is no reason of filter \"stale\": there are " + one_of(names) +
                          did_you_mean(word, names));
    return false;
  }
  into.insert(static_cast<StaleReason>(found - names.begin()));
  return true;
}

/// nullopt after a problem.
std::optional<std::set<StaleReason>> read_reasons(const Build& build) {
  const auto given = build.data.is_map() ? build.data.find("reasons") : std::nullopt;
  if (!given) return standard_reasons;
  std::set<StaleReason> out;
  bool good = true;
  if (given->is_list()) {
    for (const Value item : given->items()) {
      if (item.is_text()) {
        good = read_reason(build, item, item.as_text(), out) && good;
      } else {
        build.problem(item, "a reason of filter \"stale\" must be a text");
        good = false;
      }
    }
  } else if (given->is_text()) {
    for (std::string_view rest = given->as_text(); good;) {
      const auto comma = rest.find(',');
      if (const auto word = trimmed(rest.substr(0, comma)); !word.empty()) good = read_reason(build, *given, word, out);
      if (comma == rest.npos) break;
      rest.remove_prefix(comma + 1);
    }
  } else {
    build.problem(*given, "\"reasons\" of filter \"stale\" must be a list, or one text with commas");
    return std::nullopt;
  }
  if (!good) return std::nullopt;
  if (out.empty()) {
    build.problem(*given, "\"reasons\" of filter \"stale\" is empty: name at least one of " + one_of(names));
    return std::nullopt;
  }
  return out;
}

}  // namespace

std::string_view name(StaleReason reason) { return names[static_cast<std::size_t>(reason)]; }

Task<std::vector<Verdict>> StaleFilter::judge(std::span<Candidate*> candidates, Context& context) const {
  std::vector<std::optional<Fact>> facts;
  facts.reserve(candidates.size());
  for (const Candidate* candidate : candidates) {
    facts.push_back(from_itself(candidate->view.record().document, context.account));
  }
  bool bin_unsupported = false;
  if (std::ranges::any_of(facts, [](const auto& fact) { return !fact.has_value(); })) {
    const bool gone_named = reasons_.contains(StaleReason::volume_gone) || reasons_.contains(StaleReason::last_copy);
    const StaleWorld::Wanted wanted{
        .bin = gone_named, .instances = reasons_.contains(StaleReason::instance_not_running), .snapshots = gone_named};
    const StaleWorld world = co_await StaleWorld::read(context.reader, wanted);
    bin_unsupported = world.bin_unsupported();
    for (std::size_t i = 0; i < facts.size(); ++i) {
      if (!facts[i]) facts[i] = from_volume(candidates[i]->view.record().document, reasons_, world);
    }
  }
  std::vector<Verdict> verdicts;
  verdicts.reserve(candidates.size());
  for (std::size_t i = 0; i < facts.size(); ++i) {
    verdicts.push_back(settle(*facts[i], reasons_, bin_unsupported, *candidates[i]));
  }
  co_return verdicts;
}

void StaleFilter::explain(Candidate& candidate, Context&, std::size_t) const {
  Finding finding{.filter = "stale", .verdict = Truth::yes, .evidence = {}};
  if (const auto evidence = candidate.view.find_evidence(stale_evidence)) finding.evidence = deep_copy(*evidence);
  candidate.findings.push_back(std::move(finding));
}

std::unique_ptr<Filter> StaleFilter::make(const Build& build) {
  auto reasons = read_reasons(build);
  if (!reasons) return nullptr;
  return std::make_unique<StaleFilter>(*std::move(reasons));
}

FilterWord StaleFilter::word() {
  return {.name = "stale",
          .kinds = {"ebs-snapshot"},
          .keys = {{"reasons", "text|list"}},
          .description =
              "Snapshots that nothing seems to need: their volume is gone, not attached, or its instance is not "
              "running. Copies, imported ones and last copies only where `reasons` names them.",
          .make = &StaleFilter::make};
}

std::vector<FilterWord> snapshot_filters() {
  std::vector<FilterWord> words;
  words.push_back(StaleFilter::word());
  return words;
}

}  // namespace reeve::policy
