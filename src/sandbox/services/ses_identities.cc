#include <fmt/format.h>

#include "sandbox/listing.h"
#include "sandbox/services/sesv2.h"

// SESv2: identities and tags.
namespace reeve::sandbox {
namespace {

SesDrawer& ses_of(Call& c) { return c.region.drawers.of<SesDrawer>(); }

std::unexpected<Fault> bad(std::string message) { return fault("BadRequestException", std::move(message)); }

std::unexpected<Fault> no_identity(std::string_view name) {
  return fault("NotFoundException", fmt::format("Email identity {} does not exist.", name), 404);
}

std::expected<EmailIdentity*, Fault> own(Call& c) {
  const std::string_view name = c["EmailIdentity"].as_text();
  if (EmailIdentity* found = ses_of(c).identities.find(name)) return found;
  return no_identity(name);
}

std::string_view type_of(const EmailIdentity& identity) { return identity.is_domain() ? "DOMAIN" : "EMAIL_ADDRESS"; }

void write_dkim(Builder& out, const EmailIdentity& identity) {
  out.begin_map("DkimAttributes");
  out.put("SigningEnabled", identity.is_domain());
  out.put("Status", identity.is_domain() ? std::string_view(identity.status) : "NOT_STARTED");
  if (!identity.dkim_tokens.empty()) {
    out.begin_list("Tokens");
    for (const std::string& token : identity.dkim_tokens) out.add(token);
    out.end();
    out.put("SigningAttributesOrigin", "AWS_SES");
    out.put("NextSigningKeyLength", "RSA_2048_BIT");
    out.put("CurrentSigningKeyLength", "RSA_2048_BIT");
  }
  out.end();
}

Outcome create(Call& c) {
  const std::string name = c["EmailIdentity"].as_string();
  SesDrawer& ses = ses_of(c);
  if (name.empty() || name.size() > 320 || name.find('.') == std::string::npos || name.find(' ') != std::string::npos) {
    return bad(fmt::format("Invalid email identity: {}", name));
  }
  if (ses.identities.find(name)) {
    return fault("AlreadyExistsException", fmt::format("Email identity {} already exist.", name));
  }
  constexpr std::size_t quota = 10'000;  // [SES developer guide, "Service quotas"]: identities in a Region
  if (ses.identities.rows.size() >= quota) return fault("LimitExceededException", "Too many identities.");
  auto tags = read_tags(c["Tags"]);
  if (!tags) return bad(tags.error().message);
  EmailIdentity& made = make_identity(c, name);
  made.tags = *std::move(tags);
  made.configuration_set = c["ConfigurationSetName"].as_string();
  c.out.put("IdentityType", type_of(made));
  c.out.put("VerifiedForSendingStatus", false);
  write_dkim(c.out, made);
  return {};
}

Outcome get(Call& c) {
  TRY(const EmailIdentity* identity, own(c));
  Builder& out = c.out;
  out.put("IdentityType", type_of(*identity));
  out.put("FeedbackForwardingStatus", identity->feedback_forwarding);
  out.put("VerifiedForSendingStatus", identity->status == "SUCCESS");
  out.put("VerificationStatus", identity->status);
  write_dkim(out, *identity);
  out.begin_map("Policies");
  for (const auto& [name, policy] : identity->policies) out.put(name, policy);
  out.end();
  write_tags(out, identity->tags);
  out.put_if("ConfigurationSetName", identity->configuration_set);
  return {};
}

Outcome list(Call& c) {
  auto page = read_page(c, false, 0, 1000, "PageSize", "NextToken");
  if (!page) return bad(page.error().message);
  Listed<EmailIdentity> listed;
  list_table(
      c, ses_of(c).identities, c.account.id, *page, {}, "", {}, [](const EmailIdentity&) { return true; }, listed);
  c.out.begin_list("EmailIdentities");
  for (const EmailIdentity* identity : listed.rows) {
    c.out.begin_map();
    c.out.put("IdentityType", type_of(*identity));
    c.out.put("IdentityName", identity->id);
    c.out.put("SendingEnabled", identity->status == "SUCCESS");
    c.out.put("VerificationStatus", identity->status);
    c.out.end();
  }
  c.out.end();
  c.out.put_if("NextToken", listed.next);
  return {};
}

Outcome remove(Call& c) {
  TRY(const EmailIdentity* identity, own(c));
  ses_of(c).identities.erase(std::string(identity->id));
  return {};
}

Outcome put_feedback(Call& c) {
  TRY(EmailIdentity * identity, own(c));
  identity->feedback_forwarding = c["EmailForwardingEnabled"].as_bool();
  return {};
}

Outcome put_configuration_set(Call& c) {
  TRY(EmailIdentity * identity, own(c));
  identity->configuration_set = c["ConfigurationSetName"].as_string();
  return {};
}

Outcome create_policy(Call& c) {
  TRY(EmailIdentity * identity, own(c));
  const std::string name = c["PolicyName"].as_string();
  if (identity->policies.contains(name)) {
    return fault("AlreadyExistsException", fmt::format("Policy {} already exists.", name));
  }
  identity->policies[name] = c["Policy"].as_string();
  return {};
}

Outcome delete_policy(Call& c) {
  TRY(EmailIdentity * identity, own(c));
  if (const auto at = identity->policies.find(c["PolicyName"].as_text()); at != identity->policies.end()) {
    identity->policies.erase(at);
  }
  return {};
}

Outcome get_policies(Call& c) {
  TRY(const EmailIdentity* identity, own(c));
  c.out.begin_map("Policies");
  for (const auto& [name, policy] : identity->policies) c.out.put(name, policy);
  c.out.end();
  return {};
}

/// The tags of "arn:aws:ses:REGION:ACCOUNT:identity/NAME" or "…:configuration-set/NAME".
std::expected<Tags*, Fault> tags_of(Call& c) {
  const std::string arn = c["ResourceArn"].as_string();
  const std::string start = fmt::format("arn:aws:ses:{}:{}:", c.region.name, c.account.id);
  if (!arn.starts_with(start)) return bad(fmt::format("Invalid ARN: {}", arn));
  const std::string_view rest = std::string_view(arn).substr(start.size());
  const auto slash = rest.find('/');
  const std::string_view name = slash == rest.npos ? std::string_view() : rest.substr(slash + 1);
  if (rest.starts_with("identity/")) {
    if (EmailIdentity* found = ses_of(c).identities.find(name)) return &found->tags;
  } else if (rest.starts_with("configuration-set/")) {
    if (ConfigurationSet* found = ses_of(c).configuration_sets.find(name)) return &found->tags;
  }
  return fault("NotFoundException", fmt::format("Resource {} does not exist.", arn), 404);
}

Outcome tag(Call& c) {
  TRY(Tags * tags, tags_of(c));
  auto added = read_tags(c["Tags"]);
  if (!added) return bad(added.error().message);
  if (auto merged = merge_tags(*tags, *added); !merged) return bad(merged.error().message);
  return {};
}

Outcome untag(Call& c) {
  TRY(Tags * tags, tags_of(c));
  for (const std::string_view key : texts(c["TagKeys"])) {
    if (const auto at = tags->find(key); at != tags->end()) tags->erase(at);
  }
  return {};
}

Outcome list_tags(Call& c) {
  TRY(const Tags* tags, tags_of(c));
  c.out.begin_list("Tags");
  for (const auto& [key, value] : *tags) {
    c.out.begin_map();
    c.out.put("Key", key);
    c.out.put("Value", value);
    c.out.end();
  }
  c.out.end();
  return {};
}

}  // namespace

void SesDrawer::each_tagged(const DrawerPlace& place, const TagVisitor& visit) {
  const std::string start = fmt::format("arn:aws:ses:{}:{}:", place.region, place.account);
  for (auto& [id, row] : identities.rows) visit(start + "identity/" + id, "ses:identity", row.tags);
  for (auto& [id, row] : configuration_sets.rows)
    visit(start + "configuration-set/" + id, "ses:configuration-set", row.tags);
}

void register_ses_identities(Registry& r) {
  r.add("sesv2", "CreateEmailIdentity", create);
  r.add("sesv2", "GetEmailIdentity", get);
  r.add("sesv2", "ListEmailIdentities", list);
  r.add("sesv2", "DeleteEmailIdentity", remove);
  r.add("sesv2", "PutEmailIdentityFeedbackAttributes", put_feedback);
  r.add("sesv2", "PutEmailIdentityConfigurationSetAttributes", put_configuration_set);
  r.add("sesv2", "CreateEmailIdentityPolicy", create_policy);
  r.add("sesv2", "DeleteEmailIdentityPolicy", delete_policy);
  r.add("sesv2", "GetEmailIdentityPolicies", get_policies);
  r.add("sesv2", "TagResource", tag);
  r.add("sesv2", "UntagResource", untag);
  r.add("sesv2", "ListTagsForResource", list_tags);
}

}  // namespace reeve::sandbox
