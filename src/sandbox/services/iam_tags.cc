#include "sandbox/services/iam.h"

/// Tags of IAM's entities.
namespace reeve::sandbox {
namespace {

/// Calls `change(table, row)` for the row of K that the call names.
template <class K, class Change>
Outcome with(Call& c, Change change) {
  TRY(auto* row, own<K>(c));
  return change(K::table(c), *row);
}

struct OfPolicy {
  static constexpr std::string_view label = "Policy";
};
template <class K, class Change>
  requires std::same_as<K, OfPolicy>
Outcome with(Call& c, Change change) {
  const std::string_view arn = c["PolicyArn"].as_text();
  const ManagedPolicy* policy = find_policy(c, arn);
  if (!policy || policy_owner(arn) == "aws") return no_entity(fmt::format("Policy {} was not found.", arn));
  return change(iam(c).policies, *iam(c).policies.find(policy->id));
}

struct OfProfile {
  using Row = InstanceProfile;
  static constexpr std::string_view word = "instance profile", label = "InstanceProfile",
                                    member = "InstanceProfileName";
  static Table<Row>& table(const Call& c) { return iam(c).profiles; }
};
struct OfDevice {
  using Row = MfaDevice;
  static constexpr std::string_view word = "MFA device", label = "MFADevice", member = "SerialNumber";
  static Table<Row>& table(const Call& c) { return iam(c).mfa_devices; }
};

template <class K>
Outcome tag(Call& c) {
  TRY(const Tags tags, read_iam_tags(c["Tags"]));
  return with<K>(c, [&](auto& table, auto& row) -> Outcome {
    Tags trial = row.tags;
    if (!merge_tags(trial, tags)) {
      return fault("LimitExceeded", "The number of tags has reached the maximum limit.", 409);
    }
    c.changing(table, row.id);
    row.tags = std::move(trial);
    return {};
  });
}

template <class K>
Outcome untag(Call& c) {
  return with<K>(c, [&](auto& table, auto& row) -> Outcome {
    c.changing(table, row.id);
    for (const std::string_view key : texts(c["TagKeys"])) {
      if (auto at = row.tags.find(key); at != row.tags.end()) row.tags.erase(at);
    }
    return {};
  });
}

template <class K>
Outcome list(Call& c) {
  return with<K>(c, [&](auto&, auto& row) -> Outcome {
    const std::vector<std::pair<std::string, std::string>> tags(row.tags.begin(), row.tags.end());
    return write_page(
        c, "Tags", tags, [](const auto& entry) { return entry.first; },
        [&](const auto& entry) {
          c.out.begin_map();
          c.out.put("Key", entry.first);
          c.out.put("Value", entry.second);
          c.out.end();
        });
  });
}

template <class K>
void add(Registry& r) {
  r.add("iam", fmt::format("Tag{}", K::label), tag<K>);
  r.add("iam", fmt::format("Untag{}", K::label), untag<K>);
  r.add("iam", fmt::format("List{}Tags", K::label), list<K>);
}

}  // namespace

/// The tagging API has these of IAM, but neither users, groups nor roles [Resource Groups Tagging API, "Services that
/// support the Resource Groups Tagging API"].
void Iam::each_tagged(const DrawerPlace& place, const TagVisitor& visit) {
  for (auto& [id, row] : policies.rows) visit(policy_arn(place.account, row), "iam:policy", row.tags);
  for (auto& [id, row] : profiles.rows) {
    visit(iam_arn(place.account, "instance-profile", row), "iam:instance-profile", row.tags);
  }
  for (auto& [id, row] : mfa_devices.rows) {
    if (id.starts_with("arn:")) visit(id, "iam:mfa", row.tags);
  }
}

void register_iam_tags(Registry& r) {
  add<OfUser>(r);
  add<OfRole>(r);
  add<OfPolicy>(r);
  add<OfProfile>(r);
  add<OfDevice>(r);
}

}  // namespace reeve::sandbox
