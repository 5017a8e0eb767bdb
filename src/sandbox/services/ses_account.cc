#include <fmt/format.h>

#include "sandbox/listing.h"
#include "sandbox/services/sesv2.h"

// SESv2: the account's settings, configuration sets and the suppression list.
namespace reeve::sandbox {
namespace {

SesDrawer& ses_of(Call& c) { return c.region.drawers.of<SesDrawer>(); }

std::unexpected<Fault> bad(std::string message) { return fault("BadRequestException", std::move(message)); }

void write_reasons(Builder& out, const std::vector<std::string>& reasons) {
  out.begin_list("SuppressedReasons");
  for (const std::string& reason : reasons) out.add(reason);
  out.end();
}

Outcome get_account(Call& c) {
  SesDrawer& ses = ses_of(c);
  const EmailAccount& account = ses.settings();
  Builder& out = c.out;
  out.put("DedicatedIpAutoWarmupEnabled", true);
  out.put("EnforcementStatus", "HEALTHY");
  out.put("ProductionAccessEnabled", account.production);
  out.begin_map("SendQuota");
  out.put("Max24HourSend", static_cast<double>(account.max_24_hours));
  out.put("MaxSendRate", static_cast<double>(account.max_per_second));
  out.put("SentLast24Hours", static_cast<double>(sent_in_24_hours(ses, c.now)));
  out.end();
  out.put("SendingEnabled", account.sending);
  out.begin_map("SuppressionAttributes");
  write_reasons(out, account.suppressed_reasons);
  out.end();
  return {};
}

Outcome put_sending(Call& c) {
  ses_of(c).settings().sending = c["SendingEnabled"].as_bool();
  return {};
}

Outcome put_suppression(Call& c) {
  ses_of(c).settings().suppressed_reasons = to_strings(c["SuppressedReasons"]);
  return {};
}

/// Asks for production access: granted at once in `plain`, where nothing takes time; nobody reviews it in `aws`.
Outcome put_details(Call& c) {
  if (!c["ProductionAccessEnabled"].as_bool() || c.is_aws()) return {};
  EmailAccount& account = ses_of(c).settings();
  if (account.production) return {};
  account.production = true;
  account.max_24_hours = 50'000;  // [SES developer guide, "Request production access"]: what a new account gets
  account.max_per_second = 14;
  return {};
}

std::expected<ConfigurationSet*, Fault> own_set(Call& c) {
  const std::string_view name = c["ConfigurationSetName"].as_text();
  if (ConfigurationSet* found = ses_of(c).configuration_sets.find(name)) return found;
  return fault("NotFoundException", fmt::format("Configuration set <{}> does not exist.", name), 404);
}

Outcome create_set(Call& c) {
  const std::string name = c["ConfigurationSetName"].as_string();
  SesDrawer& ses = ses_of(c);
  if (ses.configuration_sets.find(name)) {
    return fault("AlreadyExistsException", fmt::format("Configuration set <{}> already exists.", name));
  }
  constexpr std::size_t quota = 10'000;  // [SES developer guide, "Service quotas"]
  if (ses.configuration_sets.rows.size() >= quota) return fault("LimitExceededException", "Too many sets.");
  auto tags = read_tags(c["Tags"]);
  if (!tags) return bad(tags.error().message);
  ConfigurationSet set{.id = name, .tags = *std::move(tags)};
  if (const Value sending = c["SendingOptions"]["SendingEnabled"]; !sending.is_null()) set.sending = sending.as_bool();
  set.reputation_metrics = c["ReputationOptions"]["ReputationMetricsEnabled"].as_bool();
  if (const Value tls = c["DeliveryOptions"]["TlsPolicy"]; tls.is_text()) set.tls_policy = tls.as_string();
  set.suppressed_reasons = to_strings(c["SuppressionOptions"]["SuppressedReasons"]);
  ses.configuration_sets.add(std::move(set));
  return {};
}

Outcome get_set(Call& c) {
  TRY(const ConfigurationSet* set, own_set(c));
  Builder& out = c.out;
  out.put("ConfigurationSetName", set->id);
  out.begin_map("DeliveryOptions");
  out.put("TlsPolicy", set->tls_policy);
  out.end();
  out.begin_map("ReputationOptions");
  out.put("ReputationMetricsEnabled", set->reputation_metrics);
  out.end();
  out.begin_map("SendingOptions");
  out.put("SendingEnabled", set->sending);
  out.end();
  out.begin_map("SuppressionOptions");
  write_reasons(out, set->suppressed_reasons);
  out.end();
  write_tags(out, set->tags);
  return {};
}

Outcome delete_set(Call& c) {
  TRY(const ConfigurationSet* set, own_set(c));
  ses_of(c).configuration_sets.erase(std::string(set->id));
  return {};
}

Outcome list_sets(Call& c) {
  auto page = read_page(c, false, 1, 1000, "PageSize", "NextToken");
  if (!page) return bad(page.error().message);
  Listed<ConfigurationSet> listed;
  list_table(
      c, ses_of(c).configuration_sets, c.account.id, *page, {}, "", {}, [](const ConfigurationSet&) { return true; },
      listed);
  c.out.begin_list("ConfigurationSets");
  for (const ConfigurationSet* set : listed.rows) c.out.add(set->id);
  c.out.end();
  c.out.put_if("NextToken", listed.next);
  return {};
}

Outcome put_set_sending(Call& c) {
  TRY(ConfigurationSet * set, own_set(c));
  set->sending = c["SendingEnabled"].as_bool();
  return {};
}

Outcome put_set_suppression(Call& c) {
  TRY(ConfigurationSet * set, own_set(c));
  set->suppressed_reasons = to_strings(c["SuppressedReasons"]);
  return {};
}

Outcome suppress(Call& c) {
  const std::string address = bare_address(c["EmailAddress"].as_text());
  if (address.find('@') == std::string::npos) return bad("Invalid email address.");
  if (ses_of(c).suppressed.rows.size() >= most_resources) return bad("The suppression list is full.");
  ses_of(c).suppressed.add({.id = address, .reason = c["Reason"].as_string(), .updated = c.now});
  return {};
}

std::expected<SuppressedAddress*, Fault> own_suppressed(Call& c) {
  const std::string address = bare_address(c["EmailAddress"].as_text());
  if (SuppressedAddress* found = ses_of(c).suppressed.find(address)) return found;
  return fault("NotFoundException", fmt::format("Email address {} does not exist on your suppression list.", address),
               404);
}

void write_suppressed(Builder& out, const SuppressedAddress& row) {
  out.put("EmailAddress", row.id);
  out.put("Reason", row.reason);
  out.put("LastUpdateTime", row.updated);
}

Outcome get_suppressed(Call& c) {
  TRY(const SuppressedAddress* row, own_suppressed(c));
  c.out.begin_map("SuppressedDestination");
  write_suppressed(c.out, *row);
  c.out.end();
  return {};
}

Outcome delete_suppressed(Call& c) {
  TRY(const SuppressedAddress* row, own_suppressed(c));
  ses_of(c).suppressed.erase(std::string(row->id));
  return {};
}

Outcome list_suppressed(Call& c) {
  auto page = read_page(c, false, 1, 1000, "PageSize", "NextToken");
  if (!page) return bad(page.error().message);
  const auto reasons = texts(c["Reasons"]);
  const Value from = c["StartDate"], to = c["EndDate"];
  auto keep = [&](const SuppressedAddress& row) {
    return (reasons.empty() || has(reasons, std::string_view(row.reason))) &&
           (from.is_null() || row.updated > from.as_time()) && (to.is_null() || row.updated < to.as_time());
  };
  Listed<SuppressedAddress> listed;
  list_table(c, ses_of(c).suppressed, c.account.id, *page, {}, "", {}, keep, listed);
  c.out.begin_list("SuppressedDestinationSummaries");
  for (const SuppressedAddress* row : listed.rows) c.out.begin_map(), write_suppressed(c.out, *row), c.out.end();
  c.out.end();
  c.out.put_if("NextToken", listed.next);
  return {};
}

}  // namespace

void register_ses_account(Registry& r) {
  r.add("sesv2", "GetAccount", get_account);
  r.add("sesv2", "PutAccountSendingAttributes", put_sending);
  r.add("sesv2", "PutAccountSuppressionAttributes", put_suppression);
  r.add("sesv2", "PutAccountDetails", put_details);
  r.add("sesv2", "CreateConfigurationSet", create_set);
  r.add("sesv2", "GetConfigurationSet", get_set);
  r.add("sesv2", "DeleteConfigurationSet", delete_set);
  r.add("sesv2", "ListConfigurationSets", list_sets);
  r.add("sesv2", "PutConfigurationSetSendingOptions", put_set_sending);
  r.add("sesv2", "PutConfigurationSetSuppressionOptions", put_set_suppression);
  r.add("sesv2", "PutSuppressedDestination", suppress);
  r.add("sesv2", "GetSuppressedDestination", get_suppressed);
  r.add("sesv2", "DeleteSuppressedDestination", delete_suppressed);
  r.add("sesv2", "ListSuppressedDestinations", list_suppressed);
}

}  // namespace reeve::sandbox
