#include "apply/effects.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

namespace reeve::apply {
namespace {

using policy::Step;
using Blocked = std::optional<std::string>;

Document filter_params(std::string_view filter, std::string_view value) {
  Builder b;
  b.begin_map();
  b.begin_list("Filters");
  b.begin_map();
  b.put("Name", filter);
  b.begin_list("Values");
  b.add(value);
  b.end();
  b.end();
  b.end();
  b.end();
  return b.finish();
}

Task<Result<bool>> snapshot_exists(estate::Reader& reader, std::string id) {
  std::vector<std::string> ids{std::move(id)};
  const auto found = co_await reader.by_ids(*reader.kinds().find("ebs-snapshot"), std::move(ids));
  if (!found) co_return std::unexpected(found.error());
  co_return !found->empty();
}

/// All items of a listing that decides whether something took place: a list that the other side does not know, which
/// counts as empty elsewhere, says nothing here. Errors: those of the calls, unsupported.
Task<Result<std::shared_ptr<const estate::Reader::Items>>> known_items(estate::Reader& reader, std::string operation,
                                                                       Document params) {
  std::string service = "ec2", name = operation;
  auto items = co_await reader.items(std::move(service), std::move(name), std::move(params));
  if (items && (*items)->unsupported) {
    co_return fail({.code = Code::unsupported,
                    .message = "the other side does not know " + operation,
                    .operation = "ec2." + operation});
  }
  co_return items;
}

Task<Result<bool>> snapshot_in_bin(estate::Reader& reader, std::string id) {
  std::string operation = "ListSnapshotsInRecycleBin";
  const auto bin = co_await known_items(reader, std::move(operation), Document{});
  if (!bin) co_return std::unexpected(bin.error());
  co_return std::ranges::any_of((*bin)->items,
                                [&id](const Document& item) { return item["SnapshotId"].as_text() == id; });
}

Step ec2_step(std::string operation, Document params) {
  return {.type = Step::Type::call, .service = "ec2", .operation = std::move(operation), .params = std::move(params)};
}

Document snapshot_params(std::string_view id) {
  Builder b;
  b.begin_map();
  b.put("SnapshotId", id);
  b.end();
  return b.finish();
}

class DeleteSnapshot : public Effect {
 public:
  Task<Result<Observed>> observe(estate::Reader& reader, Step step, Document) const override {
    std::string id = step.params["SnapshotId"].as_string();
    const auto exists = co_await snapshot_exists(reader, std::move(id));
    if (!exists) co_return std::unexpected(exists.error());
    co_return *exists ? Observed::no_effect : Observed::took_effect;
  }
  std::vector<Step> undo(const Step& step, Value) const override {
    return {ec2_step("RestoreSnapshotFromRecycleBin", snapshot_params(step.params["SnapshotId"].as_text()))};
  }
  Task<Result<Blocked>> undo_blocked(estate::Reader& reader, Step step, Document) const override {
    const std::string id = step.params["SnapshotId"].as_string();
    const auto exists = co_await snapshot_exists(reader, id);
    if (!exists) co_return std::unexpected(exists.error());
    if (*exists) co_return Blocked("it exists already: there is nothing to restore");
    const auto in_bin = co_await snapshot_in_bin(reader, id);
    if (!in_bin) co_return std::unexpected(in_bin.error());
    if (!*in_bin) co_return Blocked("it is not in the Recycle Bin: no rule kept it, or its time there has passed");
    co_return Blocked(std::nullopt);
  }
  bool fulfilled_by(const Error& error) const override {
    return error.aws && error.aws->code == "InvalidSnapshot.NotFound";
  }
};

/// What only an undo does.
class UndoEffect : public Effect {
 public:
  std::vector<Step> undo(const Step&, Value) const override { return {}; }
  Task<Result<Blocked>> undo_blocked(estate::Reader&, Step, Document) const override {
    co_return Blocked("an undo is not undone: plan and apply the policy again");
  }
};

class RestoreSnapshot : public UndoEffect {
 public:
  Task<Result<Observed>> observe(estate::Reader& reader, Step step, Document) const override {
    std::string id = step.params["SnapshotId"].as_string();
    const auto exists = co_await snapshot_exists(reader, std::move(id));
    if (!exists) co_return std::unexpected(exists.error());
    co_return *exists ? Observed::took_effect : Observed::no_effect;
  }
};

/// Where a snapshot stands between the tiers: {"StorageTier", "LastTieringOperationStatus"}, or null.
Task<Result<Document>> tier_status(estate::Reader& reader, std::string id) {
  std::string operation = "DescribeSnapshotTierStatus";
  Document params = filter_params("snapshot-id", id);
  // All pages: one without items may come first.
  const auto statuses = co_await known_items(reader, std::move(operation), std::move(params));
  if (!statuses) co_return std::unexpected(statuses.error());
  co_return (*statuses)->items.empty() ? Document{} : (*statuses)->items.front();
}

class ArchiveSnapshot : public Effect {
 public:
  Task<Result<Observed>> observe(estate::Reader& reader, Step step, Document) const override {
    std::string id = step.params["SnapshotId"].as_string();
    const auto status = co_await tier_status(reader, std::move(id));
    if (!status) co_return std::unexpected(status.error());
    const auto last = (*status)["LastTieringOperationStatus"].as_text();
    const bool archived = (*status)["StorageTier"].as_text() == "archive" || last == "archival-in-progress" ||
                          last == "archival-completed";
    co_return archived ? Observed::took_effect : Observed::no_effect;
  }
  std::vector<Step> undo(const Step& step, Value) const override {
    Builder b;
    b.begin_map();
    b.put("SnapshotId", step.params["SnapshotId"].as_text());
    b.put("PermanentRestore", true);
    b.end();
    return {ec2_step("RestoreSnapshotTier", b.finish())};
  }
  Task<Result<Blocked>> undo_blocked(estate::Reader& reader, Step step, Document) const override {
    std::string id = step.params["SnapshotId"].as_string();
    const auto status = co_await tier_status(reader, std::move(id));
    if (!status) co_return std::unexpected(status.error());
    if ((*status)["StorageTier"].as_text() == "archive") co_return Blocked(std::nullopt);
    co_return Blocked((*status)["LastTieringOperationStatus"].as_text() == "archival-in-progress"
                          ? "it is still being archived: try again when that has ended"
                          : "it is not in the archive tier");
  }
};

class RestoreTier : public UndoEffect {
 public:
  Task<Result<Observed>> observe(estate::Reader& reader, Step step, Document) const override {
    std::string id = step.params["SnapshotId"].as_string();
    const auto status = co_await tier_status(reader, std::move(id));
    if (!status) co_return std::unexpected(status.error());
    const auto last = (*status)["LastTieringOperationStatus"].as_text();
    const bool restored = last.starts_with("permanent-restore") || (*status)["StorageTier"].as_text() == "standard";
    co_return restored ? Observed::took_effect : Observed::no_effect;
  }
};

using Tags = std::map<std::string, std::string, std::less<>>;

/// The tags that a resource has now.
Task<Result<Tags>> tags_of(estate::Reader& reader, std::string id) {
  std::string operation = "DescribeTags";
  Document params = filter_params("resource-id", id);
  const auto tags = co_await known_items(reader, std::move(operation), std::move(params));
  if (!tags) co_return std::unexpected(tags.error());
  Tags out;
  for (const Document& tag : (*tags)->items) out[tag["Key"].as_string()] = tag["Value"].as_string();
  co_return out;
}

Document tag_params(std::string_view id, const std::vector<std::pair<std::string, std::optional<std::string>>>& tags) {
  Builder b;
  b.begin_map();
  b.begin_list("Resources");
  b.add(id);
  b.end();
  b.begin_list("Tags");
  for (const auto& [key, value] : tags) {
    b.begin_map();
    b.put("Key", key);
    if (value) b.put("Value", *value);
    b.end();
  }
  b.end();
  b.end();
  return b.finish();
}

/// CreateTags and DeleteTags. Their pre-image is {"tags": {key: old value, or null where there was none}}.
class ChangeTags : public Effect {
 public:
  explicit ChangeTags(bool creates) : creates_(creates) {}

  Task<Result<Observed>> observe(estate::Reader& reader, Step step, Document) const override {
    std::string id = step.params["Resources"][0].as_string();
    const auto now = co_await tags_of(reader, std::move(id));
    if (!now) co_return std::unexpected(now.error());
    for (const Value tag : step.params["Tags"].items()) {
      if (!as_left(*now, tag)) co_return Observed::no_effect;
    }
    co_return Observed::took_effect;
  }
  std::vector<Step> undo(const Step& step, Value before) const override {
    const auto id = step.params["Resources"][0].as_text();
    std::vector<std::pair<std::string, std::optional<std::string>>> put_back, take_away;
    for (const auto [key, old] : before["tags"].entries()) {
      if (old.is_text()) {
        put_back.emplace_back(key, old.as_string());
      } else {
        take_away.emplace_back(key, std::nullopt);
      }
    }
    std::vector<Step> out;
    if (!put_back.empty()) out.push_back(ec2_step("CreateTags", tag_params(id, put_back)));
    if (!take_away.empty()) out.push_back(ec2_step("DeleteTags", tag_params(id, take_away)));
    return out;
  }
  Task<Result<Blocked>> undo_blocked(estate::Reader& reader, Step step, Document before) const override {
    std::string id = step.params["Resources"][0].as_string();
    const auto now = co_await tags_of(reader, std::move(id));
    if (!now) co_return std::unexpected(now.error());
    // An undo that was refused halfway has put some back: the rest can still be taken back.
    bool anything = false;
    for (const Value tag : step.params["Tags"].items()) {
      const std::string key = tag["Key"].as_string();
      const bool ours = as_left(*now, tag);
      if (!ours && !as_before(*now, key, before["tags"])) {
        co_return Blocked(fmt::format("its tag {} was changed since", key));
      }
      anything = anything || ours;
    }
    if (!anything) co_return Blocked("its tags are as they were: there is nothing to take back");
    co_return Blocked(std::nullopt);
  }

  Document before_after(Document before, const Step& earlier) const override {
    const bool created = earlier.operation == "CreateTags";
    if (!created && earlier.operation != "DeleteTags") return before;
    std::map<std::string_view, Value> changed;
    for (const Value tag : earlier.params["Tags"].items()) changed[tag["Key"].as_text()] = tag["Value"];
    Builder b;
    b.begin_map();
    b.begin_map("tags");
    for (const auto [key, old] : before["tags"].entries()) {
      const auto by_us = changed.find(key);
      if (by_us == changed.end()) {
        b.put(key, old);
      } else if (created) {
        b.put(key, by_us->second.as_text());
      } else {
        b.put_null(key);
      }
    }
    b.end();
    b.end();
    return b.finish();
  }

  Document without(Document record, const Step& step, Value before) const override {
    if (record["Tags"].is_unknown()) return record;
    Tags tags;
    for (const Value tag : record["Tags"].items()) tags[tag["Key"].as_string()] = tag["Value"].as_string();
    for (const Value tag : step.params["Tags"].items()) {
      if (!as_left(tags, tag)) continue;
      const std::string key = tag["Key"].as_string();
      const Value old = before["tags"][key];
      if (old.is_text()) {
        tags[key] = old.as_string();
      } else {
        tags.erase(key);
      }
    }
    Builder b;
    b.begin_map();
    for (const auto [key, value] : record.root().entries()) {
      if (key != "Tags") b.put(key, value);
    }
    if (!tags.empty()) {  // EC2 leaves the member out where there is no tag
      b.begin_list("Tags");
      for (const auto& [key, value] : tags) {
        b.begin_map();
        b.put("Key", key);
        b.put("Value", value);
        b.end();
      }
      b.end();
    }
    b.end();
    return b.finish();
  }

 private:
  /// Whether a tag is as the step left it.
  bool as_left(const Tags& now, Value tag) const {
    const auto found = now.find(tag["Key"].as_text());
    return creates_ ? found != now.end() && found->second == tag["Value"].as_text() : found == now.end();
  }
  /// Whether it is as it was before the step.
  static bool as_before(const Tags& now, std::string_view key, Value before) {
    const auto found = now.find(key);
    const Value old = before[key];
    return old.is_text() ? found != now.end() && found->second == old.as_text() : found == now.end();
  }
  bool creates_;
};

}  // namespace

namespace {

struct Known {
  std::string_view operation;
  const Effect* effect;
  Batch batch = {};
};

/// What Reeve changes in EC2. CreateTags and DeleteTags take up to 1,000 resources; 200 is what reads by id take too.
const Known* find_known(std::string_view service, std::string_view operation) {
  static const DeleteSnapshot delete_snapshot;
  static const RestoreSnapshot restore_snapshot;
  static const ArchiveSnapshot archive_snapshot;
  static const RestoreTier restore_tier;
  static const ChangeTags create_tags(true), delete_tags(false);
  constexpr Batch tagged{.member = "Resources", .most = 200};
  static const std::array ec2{
      Known{"DeleteSnapshot", &delete_snapshot},      Known{"RestoreSnapshotFromRecycleBin", &restore_snapshot},
      Known{"ModifySnapshotTier", &archive_snapshot}, Known{"RestoreSnapshotTier", &restore_tier},
      Known{"CreateTags", &create_tags, tagged},      Known{"DeleteTags", &delete_tags, tagged},
  };
  if (service != "ec2") return nullptr;
  const auto found = std::ranges::find(ec2, operation, &Known::operation);
  return found == ec2.end() ? nullptr : &*found;
}

}  // namespace

const Effect* find_effect(std::string_view service, std::string_view operation) {
  const Known* known = find_known(service, operation);
  return known == nullptr ? nullptr : known->effect;
}

Batch batch_of(std::string_view service, std::string_view operation) {
  const Known* known = find_known(service, operation);
  return known == nullptr ? Batch{} : known->batch;
}

}  // namespace reeve::apply
