#include "sandbox/services/sesv2.h"

#include <fmt/format.h>

#include "base/json.h"

// SESv2: sending.
namespace reeve::sandbox {
namespace {

std::unexpected<Fault> bad(std::string message) { return fault("BadRequestException", std::move(message)); }

Tags read_email_tags(Value list) {
  Tags out;
  for (Value item : list.items()) out[item["Name"].as_string()] = item["Value"].as_string();
  return out;
}

Mail read_envelope(const Call& c) {
  Mail mail{.from = c["FromEmailAddress"].as_string(),
            .reply_to = to_strings(c["ReplyToAddresses"]),
            .configuration_set = c["ConfigurationSetName"].as_string(),
            .tags = read_email_tags(c["EmailTags"])};
  return mail;
}

/// The template that a content names: stored, or given with it.
std::expected<EmailTemplate, Fault> template_of(Call& c, Value content) {
  if (const Value inline_content = content["TemplateContent"]; inline_content.is_map()) {
    return EmailTemplate{.subject = inline_content["Subject"].as_string(),
                         .text = inline_content["Text"].as_string(),
                         .html = inline_content["Html"].as_string()};
  }
  std::string name = content["TemplateName"].as_string();
  if (name.empty()) {
    const std::string arn = content["TemplateArn"].as_string();
    name = arn.substr(arn.rfind('/') + 1);
  }
  if (const EmailTemplate* found = c.region.drawers.of<SesDrawer>().templates.find(name)) return *found;
  return fault("NotFoundException", fmt::format("Template {} does not exist.", name), 404);
}

Outcome send_email(Call& c) {
  Mail mail = read_envelope(c);
  read_destination(c["Destination"], mail);
  const Value content = c["Content"];
  bool rendered = true;
  if (const Value simple = content["Simple"]; simple.is_map()) {
    mail.subject = simple["Subject"]["Data"].as_string();
    mail.text = simple["Body"]["Text"]["Data"].as_string();
    mail.html = simple["Body"]["Html"]["Data"].as_string();
  } else if (const Value raw = content["Raw"]; raw.is_map()) {
    mail.raw = raw["Data"].as_string();
    read_mime(mail.raw, mail);
  } else if (const Value given = content["Template"]; given.is_map()) {
    TRY(const EmailTemplate from, template_of(c, given));
    rendered = render_into(from, given["TemplateData"].as_text(), mail);
  } else {
    return bad("Content must have one of Simple, Raw and Template.");
  }
  TRY(const std::string id, send_mail(c, std::move(mail), ses_v2_faults, rendered));
  c.out.put("MessageId", id);
  return {};
}

/// `data` with the members of `more` over it.
std::string merged_data(std::string_view data, std::string_view more) {
  const auto base = parse_json(data.empty() ? "{}" : data), over = parse_json(more.empty() ? "{}" : more);
  if (!base || !over) return std::string(more);
  Builder out;
  out.begin_map();
  for (auto [key, value] : over->root().entries()) out.put(key, value);
  for (auto [key, value] : base->root().entries()) {
    if (!over->root().find(key)) out.put(key, value);
  }
  out.end();
  return to_json(out.finish());
}

std::string_view status_of(const Fault& why) {
  if (why.code == "MessageRejected") return "MESSAGE_REJECTED";
  if (why.code == "TooManyRequestsException") return "ACCOUNT_THROTTLED";
  if (why.code == "LimitExceededException") return "ACCOUNT_DAILY_QUOTA_EXCEEDED";
  if (why.code == "SendingPausedException") return "ACCOUNT_SENDING_PAUSED";
  if (why.code == "NotFoundException") return "CONFIGURATION_SET_NOT_FOUND";
  return "INVALID_PARAMETER";
}

Outcome send_bulk(Call& c) {
  constexpr std::size_t most_entries = 50;
  if (c["BulkEmailEntries"].size() > most_entries) return bad("The number of destinations exceeds 50.");
  const Value content = c["DefaultContent"]["Template"];
  TRY(const EmailTemplate from, template_of(c, content));
  c.out.begin_list("BulkEmailEntryResults");
  for (Value entry : c["BulkEmailEntries"].items()) {
    Mail mail = read_envelope(c);
    read_destination(entry["Destination"], mail);
    mail.tags = read_email_tags(c["DefaultEmailTags"]);
    for (auto& [key, value] : read_email_tags(entry["ReplacementTags"])) mail.tags.insert_or_assign(key, value);
    const std::string data =
        merged_data(content["TemplateData"].as_text(),
                    entry["ReplacementEmailContent"]["ReplacementTemplate"]["ReplacementTemplateData"].as_text());
    const bool rendered = render_into(from, data, mail);
    const auto sent = send_mail(c, std::move(mail), ses_v2_faults, rendered);
    c.out.begin_map();
    c.out.put("Status", sent ? "SUCCESS" : status_of(sent.error()));
    if (sent) c.out.put("MessageId", *sent);
    if (!sent) c.out.put("Error", sent.error().message);
    c.out.end();
  }
  c.out.end();
  return {};
}

}  // namespace

void register_sesv2(Registry& r) {
  r.add_drawer<SesDrawer>();
  r.add_drawer<Mailbox>();
  r.add("sesv2", "SendEmail", send_email);
  r.add("sesv2", "SendBulkEmail", send_bulk);
  register_ses_identities(r);
  register_ses_templates(r);
  register_ses_account(r);
  register_ses_v1(r);
}

}  // namespace reeve::sandbox
