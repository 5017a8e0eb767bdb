#include <fmt/format.h>

#include <algorithm>

#include "sandbox/services/s3.h"

/// Access control lists of buckets and objects (S3 user guide: "Access control list (ACL) overview").
namespace reeve::sandbox {
namespace {

constexpr std::string_view all_users = "http://acs.amazonaws.com/groups/global/AllUsers";
constexpr std::string_view signed_users = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";
constexpr std::string_view log_delivery = "http://acs.amazonaws.com/groups/s3/LogDelivery";

void write_grant(Builder& out, std::string_view member, std::string_view grantee, std::string_view permission) {
  out.begin_map();
  out.begin_map("Grantee");
  out.put("Type", member == "ID" ? "CanonicalUser" : member == "URI" ? "Group" : "AmazonCustomerByEmail");
  out.put(member, grantee);
  out.end();
  out.put("Permission", permission);
  out.end();
}

/// What a canned ACL stands for, the owner's own grant first; nullopt for a name that there is not.
std::optional<Document> canned(std::string_view name, const Place& place) {
  Builder out;
  out.begin_list();
  write_grant(out, "ID", canonical_id(place.account.id), "FULL_CONTROL");
  if (name == "public-read" || name == "public-read-write") write_grant(out, "URI", all_users, "READ");
  if (name == "public-read-write") write_grant(out, "URI", all_users, "WRITE");
  if (name == "authenticated-read") write_grant(out, "URI", signed_users, "READ");
  if (name == "log-delivery-write") {
    write_grant(out, "URI", log_delivery, "WRITE");
    write_grant(out, "URI", log_delivery, "READ_ACP");
  }
  out.end();
  constexpr std::array<std::string_view, 9> known = {"",
                                                     "private",
                                                     "public-read",
                                                     "public-read-write",
                                                     "authenticated-read",
                                                     "log-delivery-write",
                                                     "aws-exec-read",
                                                     "bucket-owner-read",
                                                     "bucket-owner-full-control"};
  if (std::ranges::find(known, name) == known.end()) return std::nullopt;
  return out.finish();
}

/// Grants of headers: `id="…", uri="…"`.
Document granted(Call& c) {
  constexpr auto headers =
      std::to_array<std::pair<std::string_view, std::string_view>>({{"GrantFullControl", "FULL_CONTROL"},
                                                                    {"GrantRead", "READ"},
                                                                    {"GrantReadACP", "READ_ACP"},
                                                                    {"GrantWrite", "WRITE"},
                                                                    {"GrantWriteACP", "WRITE_ACP"}});
  Builder out;
  out.begin_list();
  for (const auto& [member, permission] : headers) {
    std::string_view text = c[member].as_text();
    while (!text.empty()) {
      std::string_view one = text.substr(0, text.find(','));
      text.remove_prefix(std::min(one.size() + 1, text.size()));
      while (one.starts_with(' ')) one.remove_prefix(1);
      const std::size_t equals = one.find('=');
      if (equals == one.npos) continue;
      std::string_view grantee = one.substr(equals + 1);
      if (grantee.size() >= 2 && grantee.front() == '"') grantee = grantee.substr(1, grantee.size() - 2);
      const std::string_view kind = one.substr(0, equals);
      write_grant(out, kind == "uri" ? "URI" : kind == "id" ? "ID" : "EmailAddress", grantee, permission);
    }
  }
  out.end();
  return out.finish();
}

bool is_public(Value grants) {
  return any_item(grants, [](Value grant) {
    const std::string_view group = grant["Grantee"]["URI"].as_text();
    return group == all_users || group == signed_users;
  });
}

/// The list of grants that a call asks for.
std::expected<Document, Fault> read_acl(Call& c, const Place& place) {
  Document out;
  const Document headers = granted(c);
  if (c["AccessControlPolicy"].is_map()) {
    if (c["AccessControlPolicy"]["Owner"].is_null()) {
      return fault("MalformedACLError",
                   "The XML you provided was not well-formed or did not validate against our "
                   "published schema");
    }
    out = deep_copy(c["AccessControlPolicy"]["Grants"]);
  } else if (!headers.root().empty()) {
    out = headers;
  } else {
    auto named = canned(c["ACL"].as_text(), place);
    if (!named) return invalid_argument("", "x-amz-acl", c["ACL"].as_text());
    out = *std::move(named);
  }
  const Value ownership = place.bucket.document(BucketDocument::ownership)["Rules"][0]["ObjectOwnership"];
  const bool plain = c["ACL"].as_text() == "private" || c["ACL"].as_text() == "bucket-owner-full-control";
  if (ownership.as_text() == "BucketOwnerEnforced" && !plain) {
    return fault("AccessControlListNotSupported", "The bucket does not allow ACLs");
  }
  if (place.bucket.document(BucketDocument::public_access_block)["BlockPublicAcls"].as_bool() && is_public(out)) {
    return fault("AccessDenied", "Access Denied", 403);
  }
  return out;
}

void write_acl(Call& c, const Place& place, Value grants) {
  write_owner(c.out, place.account.id);
  if (grants.is_null()) {
    c.out.put("Grants", canned("private", place).value_or(Document()));
  } else {
    c.out.put("Grants", grants);
  }
}

Outcome put_bucket(Call& c) {
  TRY(const Place place, bucket_of(c));
  TRY(const Document grants, read_acl(c, place));
  Builder kept;
  kept.begin_map();
  kept.put("Grants", grants);
  kept.end();
  place.bucket.document(BucketDocument::acl) = kept.finish();
  return {};
}

Outcome get_bucket(Call& c) {
  TRY(const Place place, bucket_of(c));
  write_acl(c, place, place.bucket.document(BucketDocument::acl)["Grants"]);
  return {};
}

Outcome put_object(Call& c) {
  TRY(const Place place, bucket_of(c));
  TRY(ObjectVersion * object, object_of(c, place));
  TRY(const Document grants, read_acl(c, place));
  Builder kept;
  kept.begin_map();
  kept.put("Grants", grants);
  kept.end();
  object->acl = kept.finish();
  return {};
}

Outcome get_object(Call& c) {
  TRY(const Place place, bucket_of(c));
  TRY(const ObjectVersion* object, object_of(c, place));
  const auto named = object->headers.find("ACL");
  if (object->acl.root().is_null() && named != object->headers.end()) {
    write_acl(c, place, canned(named->second, place).value_or(Document()));
  } else {
    write_acl(c, place, object->acl["Grants"]);
  }
  return {};
}

}  // namespace

void register_s3_acls(Registry& r) {
  r.add("s3", "PutBucketAcl", put_bucket);
  r.add("s3", "GetBucketAcl", get_bucket);
  r.add("s3", "PutObjectAcl", put_object);
  r.add("s3", "GetObjectAcl", get_object);
}

}  // namespace reeve::sandbox
