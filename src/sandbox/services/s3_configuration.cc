#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "sandbox/services/s3.h"

/// The documents that a bucket is configured with: kept as they were put, given back as they were kept, with AWS's own
/// words where there is none.
namespace reeve::sandbox {
namespace {

struct DocumentKind {
  BucketDocument which;
  std::string_view operation;  ///< behind Put, Get and Delete
  std::string_view member;     ///< of the request
  bool spread;                 ///< the answer has the document's members in place of the document
  std::string_view missing, message;
  std::string_view other_delete = {};
};

using enum BucketDocument;
constexpr auto kinds = std::to_array<DocumentKind>({
    {encryption, "BucketEncryption", "ServerSideEncryptionConfiguration", false, "", ""},
    {logging, "BucketLogging", "BucketLoggingStatus", true, "", ""},
    {lifecycle, "BucketLifecycleConfiguration", "LifecycleConfiguration", true, "NoSuchLifecycleConfiguration",
     "The lifecycle configuration does not exist", "DeleteBucketLifecycle"},
    {public_access_block, "PublicAccessBlock", "PublicAccessBlockConfiguration", false,
     "NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found"},
    {ownership, "BucketOwnershipControls", "OwnershipControls", false, "OwnershipControlsNotFoundError",
     "The bucket ownership controls were not found"},
    {cors, "BucketCors", "CORSConfiguration", true, "NoSuchCORSConfiguration", "The CORS configuration does not exist"},
    {website, "BucketWebsite", "WebsiteConfiguration", true, "NoSuchWebsiteConfiguration",
     "The specified bucket does not have a website configuration"},
    {notification, "BucketNotificationConfiguration", "NotificationConfiguration", true, "", ""},
    {replication, "BucketReplication", "ReplicationConfiguration", false, "ReplicationConfigurationNotFoundError",
     "The replication configuration was not found"},
    {accelerate, "BucketAccelerateConfiguration", "AccelerateConfiguration", true, "", ""},
    {request_payment, "BucketRequestPayment", "RequestPaymentConfiguration", true, "", ""},
    {object_lock, "ObjectLockConfiguration", "ObjectLockConfiguration", false, "ObjectLockConfigurationNotFoundError",
     "Object Lock configuration does not exist for this bucket"},
});

const DocumentKind& kind_of(const Call& c) {
  const auto verb = c.operation.starts_with("Delete") ? 6U : 3U;
  for (const DocumentKind& kind : kinds) {
    if (c.operation.substr(verb) == kind.operation || c.operation == kind.other_delete) return kind;
  }
  REEVE_ASSERT(false);
}

/// The rules of a lifecycle configuration, each with an id.
Document with_ids(Call& c, Value configuration) {
  Builder out;
  out.begin_map();
  for (auto [key, value] : configuration.entries()) {
    if (key != "Rules") {
      out.put(key, value);
      continue;
    }
    out.begin_list(key);
    for (const Value rule : value.items()) {
      out.begin_map();
      for (auto [name, part] : rule.entries()) out.put(name, part);
      if (rule["ID"].is_null()) out.put("ID", c.store.random().uuid());
      out.end();
    }
    out.end();
  }
  out.end();
  return out.finish();
}

Outcome check(Call& c, const Place& place, const DocumentKind& kind, Value document) {
  switch (kind.which) {
    case lifecycle: {
      std::set<std::string_view> ids;
      for (const Value rule : document["Rules"].items()) {
        const std::string_view status = rule["Status"].as_text(), id = rule["ID"].as_text();
        if (status != "Enabled" && status != "Disabled") return malformed_xml();
        if (!id.empty() && !ids.insert(id).second) {
          return invalid_argument("Rule ID must be unique. Found same ID for more than one rule", "ID", id);
        }
        bool acts = false;
        for (const char* action :
             {"Expiration", "Transitions", "Transition", "NoncurrentVersionExpiration", "NoncurrentVersionTransitions",
              "NoncurrentVersionTransition", "AbortIncompleteMultipartUpload"}) {
          acts = acts || !rule[action].is_null();
        }
        if (!acts) return fault("InvalidRequest", "At least one action needs to be specified in a rule");
      }
      if (document["Rules"].empty() || document["Rules"].size() > 1000) return malformed_xml();
      return {};
    }
    case object_lock:
      if (place.bucket.versioning != "Enabled") {
        return fault("InvalidBucketState",
                     "Versioning must be 'Enabled' on the bucket to apply a Object Lock "
                     "configuration",
                     409);
      }
      return document["ObjectLockEnabled"].as_text() == "Enabled" ? Outcome() : malformed_xml();
    case encryption: {
      const std::string_view algorithm =
          document["Rules"][0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"].as_text();
      if (document["Rules"].size() != 1) return malformed_xml();
      return algorithm == "AES256" || algorithm == "aws:kms" || algorithm == "aws:kms:dsse" ? Outcome()
                                                                                            : malformed_xml();
    }
    case logging: {
      const Value target = document["LoggingEnabled"]["TargetBucket"];
      if (target.is_null()) return {};
      const auto bucket = find_bucket(c.store, target.as_text());
      if (!bucket || bucket->account.id != c.account.id) {
        return std::unexpected(s3_fault("InvalidTargetBucketForLogging", "The target bucket for logging does not exist",
                                        400, {{"TargetBucket", target.as_string()}}));
      }
      return {};
    }
    case replication:
      if (place.bucket.versioning != "Enabled") {
        return fault("InvalidRequest",
                     "Versioning must be 'Enabled' on the bucket to apply a replication "
                     "configuration");
      }
      return {};
    case ownership: {
      const std::string_view rule = document["Rules"][0]["ObjectOwnership"].as_text();
      return rule == "BucketOwnerEnforced" || rule == "BucketOwnerPreferred" || rule == "ObjectWriter"
                 ? Outcome()
                 : malformed_xml();
    }
    case request_payment:
      return document["Payer"].as_text() == "Requester" || document["Payer"].as_text() == "BucketOwner"
                 ? Outcome()
                 : malformed_xml();
    case accelerate:
      if (place.bucket.id.find('.') != std::string::npos) {
        return fault("InvalidRequest",
                     "S3 Transfer Acceleration is not supported for buckets with periods (.) in "
                     "their names");
      }
      return document["Status"].as_text() == "Enabled" || document["Status"].as_text() == "Suspended" ? Outcome()
                                                                                                      : malformed_xml();
    default:
      return {};
  }
}

Outcome put(Call& c) {
  TRY(const Place place, bucket_of(c));
  const DocumentKind& kind = kind_of(c);
  const Value document = c[kind.member];
  if (!document.is_map() && kind.which != logging && kind.which != notification) return malformed_xml();
  TRY(check(c, place, kind, document));
  Document& kept = place.bucket.document(kind.which);
  if (!document.is_map() || (kind.spread && document.empty())) {
    kept = {};
  } else {
    kept = kind.which == lifecycle ? with_ids(c, document) : deep_copy(document);
  }
  if (kind.which == object_lock) place.bucket.object_lock = true;
  if (kind.which == lifecycle) {
    const std::string_view least = c["TransitionDefaultMinimumObjectSize"].as_text();
    c.out.put("TransitionDefaultMinimumObjectSize", least.empty() ? "all_storage_classes_128K" : least);
  }
  return {};
}

/// What a bucket has where nothing was put.
Document otherwise(BucketDocument which, bool locked) {
  Builder out;
  out.begin_map();
  if (which == encryption) {
    out.begin_list("Rules");
    out.begin_map();
    out.begin_map("ApplyServerSideEncryptionByDefault");
    out.put("SSEAlgorithm", "AES256");
    out.end();
    out.put("BucketKeyEnabled", false);
    out.end();
    out.end();
  } else if (which == request_payment) {
    out.put("Payer", "BucketOwner");
  } else if (which == object_lock && locked) {
    out.put("ObjectLockEnabled", "Enabled");
  }
  out.end();
  return out.finish();
}

Outcome get(Call& c) {
  TRY(const Place place, bucket_of(c));
  const DocumentKind& kind = kind_of(c);
  Document document = place.bucket.document(kind.which);
  if (document.root().is_null()) {
    const bool locked = kind.which == object_lock && place.bucket.object_lock;
    if (!kind.missing.empty() && !locked) {
      return std::unexpected(
          s3_fault(std::string(kind.missing), std::string(kind.message), 404, {{"BucketName", place.bucket.id}}));
    }
    document = otherwise(kind.which, locked);
  }
  if (!kind.spread) {
    c.out.put(kind.member, document);
  } else {
    for (auto [key, value] : document.root().entries()) c.out.put(key, value);
  }
  if (kind.which == lifecycle) c.out.put("TransitionDefaultMinimumObjectSize", "all_storage_classes_128K");
  return {};
}

Outcome remove(Call& c) {
  TRY(const Place place, bucket_of(c));
  place.bucket.document(kind_of(c).which) = {};
  return {};
}

// --- The policy, which is a text -------------------------------------------------------------------------------------

Outcome put_policy(Call& c) {
  TRY(const Place place, bucket_of(c));
  const std::string text = c["Policy"].as_string();
  const auto policy = parse_json(text);
  if (!policy || !policy->root().is_map()) {
    return fault("MalformedPolicy", "Policies must be valid JSON and the first byte must be '{'");
  }
  constexpr std::size_t longest = 20 * 1024;  // S3 user guide: "Bucket policies"
  if (text.size() > longest) return fault("PolicyTooLarge", "Policy exceeds the maximum allowed document size.");
  const Value statements = (*policy)["Statement"];
  if (statements.is_null() || statements.empty()) return fault("MalformedPolicy", "Missing required field Statement");
  auto check_one = [](Value statement) -> Outcome {
    const std::string_view effect = statement["Effect"].as_text();
    if (effect != "Allow" && effect != "Deny")
      return fault("MalformedPolicy", "Invalid effect : " + std::string(effect));
    for (const char* field : {"Principal", "Action", "Resource"}) {
      if (statement[field].is_null() && statement[fmt::format("Not{}", field)].is_null()) {
        return fault("MalformedPolicy", fmt::format("Missing required field {}", field));
      }
    }
    return {};
  };
  if (statements.is_map()) TRY(check_one(statements));
  for (const Value statement : statements.items()) TRY(check_one(statement));
  place.bucket.policy = text;
  return {};
}

std::expected<Place, Fault> with_policy(Call& c) {
  TRY(const Place place, bucket_of(c));
  if (!place.bucket.policy.empty()) return place;
  return std::unexpected(
      s3_fault("NoSuchBucketPolicy", "The bucket policy does not exist", 404, {{"BucketName", place.bucket.id}}));
}

Outcome get_policy(Call& c) {
  TRY(const Place place, with_policy(c));
  c.out.put("Policy", place.bucket.policy);
  return {};
}

/// Whether a statement lets anybody in ("The meaning of 'public'", S3 user guide): allows every principal, without
/// a condition.
bool is_public(Value statement) {
  const Value who = statement["Principal"];
  auto everybody = [](Value one) {
    if (one.as_text() == "*") return true;
    return any_item(one, [](Value item) { return item.as_text() == "*"; });
  };
  return statement["Effect"].as_text() == "Allow" && (everybody(who) || everybody(who["AWS"])) &&
         statement["Condition"].is_null();
}

Outcome policy_status(Call& c) {
  TRY(const Place place, with_policy(c));
  bool open = false;
  if (const auto policy = parse_json(place.bucket.policy)) {
    const Value statements = (*policy)["Statement"];
    open = statements.is_map() ? is_public(statements) : any_item(statements, is_public);
  }
  c.out.begin_map("PolicyStatus");
  c.out.put("IsPublic", open);
  c.out.end();
  return {};
}

Outcome delete_policy(Call& c) {
  TRY(const Place place, bucket_of(c));
  place.bucket.policy.clear();
  return {};
}

}  // namespace

void register_s3_configuration(Registry& r) {
  for (const DocumentKind& kind : kinds) {
    r.add("s3", fmt::format("Put{}", kind.operation), put);
    r.add("s3", fmt::format("Get{}", kind.operation), get);
  }
  for (const char* name :
       {"DeleteBucketEncryption", "DeleteBucketLifecycle", "DeletePublicAccessBlock", "DeleteBucketOwnershipControls",
        "DeleteBucketCors", "DeleteBucketWebsite", "DeleteBucketReplication"}) {
    r.add("s3", name, remove);
  }
  r.add("s3", "PutBucketPolicy", put_policy);
  r.add("s3", "GetBucketPolicy", get_policy);
  r.add("s3", "GetBucketPolicyStatus", policy_status);
  r.add("s3", "DeleteBucketPolicy", delete_policy);
}

}  // namespace reeve::sandbox
