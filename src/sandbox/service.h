#pragma once
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/checksum.h"
#include "base/document.h"
#include "sandbox/blob.h"
#include "sandbox/store.h"

namespace reeve::sandbox {

/// An error as AWS words it.
struct Fault {
  std::string code;
  std::string message;
  int status = 400;
  std::vector<std::pair<std::string, std::string>> headers = {};   ///< of the answer, beside the protocol's own
  std::vector<std::pair<std::string, std::string>> elements = {};  ///< beside code and message, where S3 says more
};
using Outcome = std::expected<void, Fault>;

inline std::unexpected<Fault> fault(std::string code, std::string message, int status = 400) {
  return std::unexpected(Fault{std::move(code), std::move(message), status});
}

/// What of a call does not go through documents: bodies that may be too large for them.
struct Bodies {
  BlobPtr in;                   ///< the request's, where the operation takes it as a stream; nullptr: none
  std::map<aws::ChecksumKind, std::string> sums;  ///< of `in`, as far as they were made while it came
  std::optional<BlobPart> out;  ///< the answer's, where the operation gives one as a stream
  int status = 0;               ///< the answer's, where it is not the operation's own; 0: it is
};

/// One call of an operation: what it may see and change, and where its answer goes.
struct Call {
  Store& store;
  Account& account;
  Region& region;
  Value params;
  Builder& out;  ///< inside the answer's map
  Time now;
  std::string_view service, operation;
  std::string caller_arn, caller_id;
  Bodies* bodies = nullptr;    ///< there in calls that come from outside
  BlobStore* blobs = nullptr;  ///< as well
  Duration wait{0};  ///< set by the handler: the answer may come to hold more for that long; the wire asks again

  bool is_aws() const { return store.behaviour == Behaviour::aws; }
  /// When a transition that takes `on_aws` there ends: at once in `plain`.
  Time after(Duration on_aws) const { return is_aws() ? now + on_aws : now; }
  Value operator[](std::string_view name) const { return params[name]; }
  /// Must be called before a row of the table changes: readers may see the old one for a while.
  template <class T>
  void changing(Table<T>& table, const std::string& id) {
    if (is_aws()) table.hide(id, store.stale_until(now), now);
  }
};

using Handler = Outcome (*)(Call&);

/// The operations that the sandbox has, by service and name.
class Registry {
 public:
  void add(std::string_view service, std::string_view operation, Handler handler);
  Handler find(std::string_view service, std::string_view operation) const;
  bool has_service(std::string_view service) const { return operations_.contains(service); }
  std::vector<std::string> operations(std::string_view service) const;
  /// A service's drawer (see drawer.h): estate files may have its tables.
  template <class T>
  void add_drawer(bool of_account = false) {
    drawers.push_back({T::name, of_account, [](Drawers& all) { all.of<T>(); }});
  }
  std::vector<DrawerKind> drawers;
  std::map<std::string, Store::Target, std::less<>> targets;  ///< see Store::targets

 private:
  std::map<std::string, std::map<std::string, Handler, std::less<>>, std::less<>> operations_;
};

// Each file of services/ registers its operations.
void register_ec2_snapshots(Registry&);
void register_ec2_snapshot_tiers(Registry&);
void register_ec2_snapshot_locks(Registry&);
void register_ec2_volumes(Registry&);
void register_ec2_instances(Registry&);
void register_instance_states(Registry&);
void register_ec2_images(Registry&);
void register_image_attributes(Registry&);
void register_ec2_launch_templates(Registry&);
void register_ec2_tags(Registry&);
void register_ec2_network(Registry&);
void register_ec2_recycle_bin(Registry&);
void register_rbin(Registry&);
void register_autoscaling(Registry&);
void register_sts(Registry&);
void register_iam(Registry&);
void register_s3(Registry&);
void register_cloudwatch(Registry&);
void register_logs(Registry&);
void register_sqs(Registry&);
void register_sns(Registry&);
void register_sesv2(Registry&);
void register_iam_users(Registry&);
void register_iam_roles(Registry&);
void register_lambda(Registry&);
void register_events(Registry&);
void register_scheduler(Registry&);
void register_tagging(Registry&);
void register_autoscaling_activities(Registry&);

// --- What handlers share ---------------------------------------------------------------------------------------------

/// The text of a member that must be there. Faults: MissingParameter.
std::expected<std::string, Fault> need_text(const Call& call, std::string_view name);
/// Texts of a list member.
std::vector<std::string_view> texts(Value list);
/// MissingParameter in EC2's words.
std::unexpected<Fault> missing(std::string_view name);

/// The form of an id: prefix, then 8 or 17 hex digits.
bool well_formed(std::string_view id, std::string_view prefix);
/// The fault for an id that is nowhere: "InvalidSnapshotID.Malformed" or "InvalidSnapshot.NotFound" and AWS's text.
Fault no_snapshot(std::string_view id);
Fault no_volume(std::string_view id);
Fault no_instance(std::string_view id);
Fault no_image(std::string_view id);

/// Writes tags as AWS does: a list of {Key, Value}, left out when there are none.
void write_tags(Builder& out, const Tags& tags, std::string_view name = "Tags");
/// Reads a list of {Key, Value} and checks AWS's rules. Faults: InvalidParameterValue, TagLimitExceeded.
std::expected<Tags, Fault> read_tags(Value list);
/// The tags that TagSpecifications ask for on resources of this type.
std::expected<Tags, Fault> read_tag_specifications(const Call& call, std::string_view type);
/// Adds tags to a set of tags within the limit of 50. Faults: TagLimitExceeded.
Outcome merge_tags(Tags& into, const Tags& tags);

/// Where a resource that is deleted now goes: how long it stays in the bin, nullopt for nowhere. A tag-level rule
/// beats a region-level one; of several, the longest retention counts [EC2 user guide, "How Recycle Bin works"].
std::optional<BinStay> bin_stay(const Call& call, std::string_view resource_type, const Tags& tags);

/// The image that keeps a snapshot from deletion: a registered one that has it as its root device; nullptr for none.
const Image* image_with_root(const Call& call, std::string_view snapshot_id);

/// Deletes what DeleteSnapshot deletes, to the bin or for good; the same refusals.
Outcome delete_snapshot(Call& call, const std::string& id);
/// Moves a volume to the bin or away, without asking whether it is attached.
void remove_volume(Call& call, const std::string& id);

/// A snapshot or image of any account that this account may read; nullptr otherwise.
const Snapshot* visible_snapshot(const Call& call, std::string_view id);
const Image* visible_image(const Call& call, std::string_view id);

/// Writes down where IAM keeps it that a user's key or a role was used (GetAccessKeyLastUsed, RoleLastUsed).
void note_use(Account& account, const Session& session, std::string_view service, std::string_view region, Time now);

/// A zone of the region: the given one, or the first.
std::string default_zone(const Call& call);

}  // namespace reeve::sandbox
