#pragma once
#include "sandbox/service.h"
#include "sandbox/services/ses_mail.h"

/// What SES keeps: both of its APIs, `ses` and `sesv2`, work on it.
namespace reeve::sandbox {

/// An address or a domain that mail may come from.
struct EmailIdentity {
  std::string id;                  ///< "a@example.com" or "example.com"
  std::string status = "PENDING";  ///< PENDING, SUCCESS, FAILED, TEMPORARY_FAILURE, NOT_STARTED
  std::string configuration_set;
  std::vector<std::string> dkim_tokens;
  Tags policies;  ///< by name
  bool feedback_forwarding = true;
  Time created;
  Tags tags;
  bool is_domain() const { return id.find('@') == std::string::npos; }
};

template <class Io, like<EmailIdentity> S>
void fields(Io& io, S& s) {
  io("EmailIdentity", s.id);
  io("VerificationStatus", s.status);
  io("ConfigurationSetName", s.configuration_set);
  io("DkimTokens", s.dkim_tokens);
  io.tags("Policies", s.policies);
  io("FeedbackForwardingStatus", s.feedback_forwarding, true);
  io("CreatedTimestamp", s.created);
  io.tags("Tags", s.tags);
}

struct EmailTemplate {
  std::string id;  ///< its name
  std::string subject, text, html;
  Time created;
};

template <class Io, like<EmailTemplate> S>
void fields(Io& io, S& s) {
  io("TemplateName", s.id);
  io("Subject", s.subject);
  io("Text", s.text);
  io("Html", s.html);
  io("CreatedTimestamp", s.created);
}

struct ConfigurationSet {
  std::string id;  ///< its name
  bool sending = true, reputation_metrics = false;
  std::string tls_policy = "OPTIONAL";
  std::vector<std::string> suppressed_reasons;
  Tags tags;
};

template <class Io, like<ConfigurationSet> S>
void fields(Io& io, S& s) {
  io("ConfigurationSetName", s.id);
  io("SendingEnabled", s.sending, true);
  io("ReputationMetricsEnabled", s.reputation_metrics);
  io("TlsPolicy", s.tls_policy);
  io("SuppressedReasons", s.suppressed_reasons);
  io.tags("Tags", s.tags);
}

struct SuppressedAddress {
  std::string id;  ///< the address
  std::string reason = "BOUNCE";
  Time updated;
};

template <class Io, like<SuppressedAddress> S>
void fields(Io& io, S& s) {
  io("EmailAddress", s.id);
  io("Reason", s.reason);
  io("LastUpdateTime", s.updated);
}

/// The account's settings in one region; one row, whose id is "account".
struct EmailAccount {
  std::string id = "account";
  bool production = false, sending = true;
  std::int64_t max_24_hours = 200, max_per_second = 1;  ///< [SES developer guide, "Service quotas"]: the sandbox's
  std::vector<std::string> suppressed_reasons;
};

template <class Io, like<EmailAccount> S>
void fields(Io& io, S& s) {
  io("Id", s.id);
  io("ProductionAccessEnabled", s.production);
  io("SendingEnabled", s.sending, true);
  io("Max24HourSend", s.max_24_hours);
  io("MaxSendRate", s.max_per_second);
  io("SuppressedReasons", s.suppressed_reasons);
}

/// Recipients that one call sent to: what the quotas count.
struct EmailSending {
  std::string id;
  std::int64_t recipients = 0;
  Time time;
};

template <class Io, like<EmailSending> S>
void fields(Io& io, S& s) {
  io("Id", s.id);
  io("Recipients", s.recipients);
  io("Time", s.time);
}

struct SesDrawer : Drawer {
  static constexpr std::string_view name = "ses";
  Table<EmailIdentity> identities;
  Table<EmailTemplate> templates;
  Table<ConfigurationSet> configuration_sets;
  Table<SuppressedAddress> suppressed;
  Table<EmailAccount> account;
  Table<EmailSending> sendings;
  void each_table(EstateTables& tables) override {
    tables("email_identities", identities);
    tables("email_templates", templates);
    tables("email_configuration_sets", configuration_sets);
    tables("suppressed_addresses", suppressed);
    tables("email_account", account);
    tables("email_sendings", sendings);
  }
  void each_tagged(const DrawerPlace& place, const TagVisitor& visit) override;
  EmailAccount& settings() {
    EmailAccount* row = account.find("account");
    return row ? *row : account.add({.suppressed_reasons = {"BOUNCE", "COMPLAINT"}});
  }
};

/// Completes what an estate file may leave out.
void complete(const RowPlace& place, EmailIdentity& identity, Time now);

/// Whether mail may come from this address ("Name <a@example.com>" too): it, or its domain, is verified.
bool is_verified(const SesDrawer& ses, std::string_view address);
/// "a@example.com" of "Name <a@example.com>", in lower case behind the @.
std::string bare_address(std::string_view address);

/// What the two APIs call the same refusals.
struct SendFaults {
  std::string_view rate, quota, parameter, no_configuration_set, set_paused, account_paused;
  int rate_status = 400;
};
extern const SendFaults ses_v1_faults, ses_v2_faults;

/// Sends a message that is complete but for its id: refuses what SES refuses, counts the recipients, and puts it into
/// the mailbox without those who are suppressed. `rendered` false: a template lacked a value, so SES takes the message
/// and does not deliver it. Answers the message id. Faults: MessageRejected and those of `words`.
std::expected<std::string, Fault> send_mail(Call& call, Mail mail, const SendFaults& words, bool rendered = true);

/// Recipients that count against the quota of 24 hours.
std::int64_t sent_in_24_hours(const SesDrawer& ses, Time now);

/// Makes an identity, pending: an address is sent a mail that asks to verify it.
EmailIdentity& make_identity(Call& call, const std::string& name);

/// "Hello {{name}}" with {"name": "Ada"} is "Hello Ada"; dots go down into maps. nullopt where the data lacks a name,
/// and for Handlebars' blocks ({{#if}} and the like), which are not rendered here.
std::optional<std::string> render_template(std::string_view text, Value data);
/// A template's three parts with data (a JSON text) into the mail. False where it cannot be rendered.
bool render_into(const EmailTemplate& from, std::string_view data, Mail& mail);

/// Sender, recipients, subject and bodies of a MIME message (RFC 5322, 2045, 2047), as far as the mail does not name
/// them yet.
void read_mime(std::string_view raw, Mail& mail);

/// {ToAddresses, CcAddresses, BccAddresses}.
void read_destination(Value destination, Mail& mail);
std::vector<std::string> to_strings(Value list);

void register_ses_identities(Registry& r);
void register_ses_templates(Registry& r);
void register_ses_account(Registry& r);
void register_ses_v1(Registry& r);

}  // namespace reeve::sandbox
