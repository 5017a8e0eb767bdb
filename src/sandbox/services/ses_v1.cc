#include <fmt/format.h>

#include "sandbox/listing.h"
#include "sandbox/services/sesv2.h"

// SES's older API, by the query protocol: what clients still call of it, over the same identities and mailbox.
namespace reeve::sandbox {
namespace {

SesDrawer& ses_of(Call& c) { return c.region.drawers.of<SesDrawer>(); }

Mail read_envelope(const Call& c) {
  Mail mail{.from = c["Source"].as_string(),
            .reply_to = to_strings(c["ReplyToAddresses"]),
            .configuration_set = c["ConfigurationSetName"].as_string()};
  for (Value item : c["Tags"].items()) mail.tags[item["Name"].as_string()] = item["Value"].as_string();
  return mail;
}

Outcome send(Call& c, Mail mail, bool rendered = true) {
  TRY(const std::string id, send_mail(c, std::move(mail), ses_v1_faults, rendered));
  c.out.put("MessageId", id);
  return {};
}

Outcome send_email(Call& c) {
  Mail mail = read_envelope(c);
  read_destination(c["Destination"], mail);
  const Value message = c["Message"];
  mail.subject = message["Subject"]["Data"].as_string();
  mail.text = message["Body"]["Text"]["Data"].as_string();
  mail.html = message["Body"]["Html"]["Data"].as_string();
  return send(c, std::move(mail));
}

Outcome send_raw(Call& c) {
  Mail mail = read_envelope(c);
  mail.to = to_strings(c["Destinations"]);
  mail.raw = c["RawMessage"]["Data"].as_string();
  read_mime(mail.raw, mail);
  return send(c, std::move(mail));
}

Outcome send_templated(Call& c) {
  Mail mail = read_envelope(c);
  read_destination(c["Destination"], mail);
  const std::string name = c["Template"].as_string();
  const EmailTemplate* from = ses_of(c).templates.find(name);
  if (!from) return fault("TemplateDoesNotExist", fmt::format("Template {} does not exist.", name));
  const bool rendered = render_into(*from, c["TemplateData"].as_text(), mail);
  return send(c, std::move(mail), rendered);
}

Outcome get_quota(Call& c) {
  SesDrawer& ses = ses_of(c);
  c.out.put("Max24HourSend", static_cast<double>(ses.settings().max_24_hours));
  c.out.put("MaxSendRate", static_cast<double>(ses.settings().max_per_second));
  c.out.put("SentLast24Hours", static_cast<double>(sent_in_24_hours(ses, c.now)));
  return {};
}

EmailIdentity& identity_of(Call& c, const std::string& name) {
  EmailIdentity* there = ses_of(c).identities.find(name);
  return there ? *there : make_identity(c, name);
}

Outcome verify_email(Call& c) {
  const std::string address = c["EmailAddress"].as_string();
  if (address.find('@') == std::string::npos) return fault("InvalidParameterValue", "Invalid email address.");
  identity_of(c, address);
  return {};
}

Outcome verify_domain(Call& c) {
  const EmailIdentity& identity = identity_of(c, c["Domain"].as_string());
  c.out.put("VerificationToken", identity.dkim_tokens.empty() ? "" : identity.dkim_tokens.front());
  return {};
}

std::string_view old_status(std::string_view status) {
  if (status == "SUCCESS") return "Success";
  if (status == "FAILED") return "Failed";
  if (status == "TEMPORARY_FAILURE") return "TemporaryFailure";
  return status == "NOT_STARTED" ? "NotStarted" : "Pending";
}

Outcome get_verification(Call& c) {
  c.out.begin_map("VerificationAttributes");
  for (const std::string_view name : texts(c["Identities"])) {
    const EmailIdentity* identity = ses_of(c).identities.find(name);
    if (!identity) continue;
    c.out.begin_map(name);
    c.out.put("VerificationStatus", old_status(identity->status));
    if (!identity->dkim_tokens.empty()) c.out.put("VerificationToken", identity->dkim_tokens.front());
    c.out.end();
  }
  c.out.end();
  return {};
}

Outcome list_identities(Call& c) {
  TRY(const Page page, read_page(c, false, 1, 1000, "MaxItems", "NextToken"));
  const std::string_view type = c["IdentityType"].as_text();
  auto keep = [&](const EmailIdentity& row) { return type.empty() || (type == "Domain") == row.is_domain(); };
  Listed<EmailIdentity> listed;
  list_table(c, ses_of(c).identities, c.account.id, page, {}, "", {}, keep, listed);
  c.out.begin_list("Identities");
  for (const EmailIdentity* identity : listed.rows) c.out.add(identity->id);
  c.out.end();
  c.out.put_if("NextToken", listed.next);
  return {};
}

Outcome delete_identity(Call& c) {
  ses_of(c).identities.erase(c["Identity"].as_text());
  return {};
}

}  // namespace

void register_ses_v1(Registry& r) {
  r.add("ses", "SendEmail", send_email);
  r.add("ses", "SendRawEmail", send_raw);
  r.add("ses", "SendTemplatedEmail", send_templated);
  r.add("ses", "GetSendQuota", get_quota);
  r.add("ses", "VerifyEmailIdentity", verify_email);
  r.add("ses", "VerifyDomainIdentity", verify_domain);
  r.add("ses", "GetIdentityVerificationAttributes", get_verification);
  r.add("ses", "ListIdentities", list_identities);
  r.add("ses", "DeleteIdentity", delete_identity);
}

}  // namespace reeve::sandbox
