#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "sandbox/services/sesv2.h"

// What SES does with a message, whichever API it came by. Rules: [SES developer guide, "Service quotas"].
namespace reeve::sandbox {
namespace {

constexpr std::size_t most_recipients = 50;
constexpr std::size_t longest_bytes = std::size_t{40} << 20;
constexpr Duration quota_window = std::chrono::hours(24), rate_window = std::chrono::seconds(1);

std::string upper(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return out;
}

std::int64_t sent_within(const SesDrawer& ses, Time now, Duration window) {
  std::int64_t count = 0;
  for (const auto& [id, sending] : ses.sendings.rows) count += sending.time + window > now ? sending.recipients : 0;
  return count;
}

std::unexpected<Fault> unverified(const Call& c, const std::vector<std::string>& who) {
  std::string list;
  for (const std::string& one : who) list += (list.empty() ? "" : ", ") + one;
  return fault("MessageRejected", fmt::format("Email address is not verified. The following identities failed the "
                                              "check in region {}: {}",
                                              upper(c.region.name), list));
}

Outcome check_parties(const Call& c, SesDrawer& ses, const Mail& mail) {
  std::vector<std::string> failed;
  if (!is_verified(ses, mail.from)) failed.push_back(mail.from);
  if (!ses.settings().production) {
    for (const auto* list : {&mail.to, &mail.cc, &mail.bcc}) {
      for (const std::string& address : *list) {
        if (!is_verified(ses, address) && !bare_address(address).ends_with("@simulator.amazonses.com")) {
          failed.push_back(address);
        }
      }
    }
  }
  if (failed.empty()) return {};
  return unverified(c, failed);
}

bool suppresses(const SesDrawer& ses, const std::vector<std::string>& reasons, std::string_view address) {
  const auto at = ses.suppressed.rows.find(bare_address(address));
  return at != ses.suppressed.rows.end() && has(reasons, at->second.reason);
}

}  // namespace

const SendFaults ses_v1_faults{.rate = "Throttling",
                               .quota = "Throttling",
                               .parameter = "InvalidParameterValue",
                               .no_configuration_set = "ConfigurationSetDoesNotExist",
                               .set_paused = "ConfigurationSetSendingPausedException",
                               .account_paused = "AccountSendingPausedException"};
const SendFaults ses_v2_faults{.rate = "TooManyRequestsException",
                               .quota = "LimitExceededException",
                               .parameter = "BadRequestException",
                               .no_configuration_set = "NotFoundException",
                               .set_paused = "SendingPausedException",
                               .account_paused = "SendingPausedException",
                               .rate_status = 429};

std::string bare_address(std::string_view address) {
  const auto open = address.rfind('<'), close = address.rfind('>');
  if (open != address.npos && close != address.npos && close > open) {
    address = address.substr(open + 1, close - open - 1);
  }
  while (address.starts_with(' ')) address.remove_prefix(1);
  while (address.ends_with(' ')) address.remove_suffix(1);
  std::string out(address);
  const auto at = out.find('@');
  for (std::size_t i = at == out.npos ? 0 : at; i < out.size(); ++i) {
    if (out[i] >= 'A' && out[i] <= 'Z') out[i] = static_cast<char>(out[i] + 32);
  }
  return out;
}

bool is_verified(const SesDrawer& ses, std::string_view address) {
  auto verified = [&](std::string_view name) {
    const auto at = ses.identities.rows.find(name);
    return at != ses.identities.rows.end() && at->second.status == "SUCCESS";
  };
  const std::string bare = bare_address(address);
  if (verified(bare)) return true;
  const auto at = bare.find('@');
  if (at == bare.npos) return false;
  std::string_view domain = std::string_view(bare).substr(at + 1);
  while (!domain.empty()) {  // a domain's identity holds for what is below it
    if (verified(domain)) return true;
    const auto dot = domain.find('.');
    domain = dot == domain.npos ? std::string_view() : domain.substr(dot + 1);
  }
  return false;
}

std::int64_t sent_in_24_hours(const SesDrawer& ses, Time now) { return sent_within(ses, now, quota_window); }

std::expected<std::string, Fault> send_mail(Call& c, Mail mail, const SendFaults& words, bool rendered) {
  SesDrawer& ses = c.region.drawers.of<SesDrawer>();
  const std::size_t recipients = mail.to.size() + mail.cc.size() + mail.bcc.size();
  const std::string parameter(words.parameter);
  if (mail.from.empty()) return fault(parameter, "Missing required header 'From'.");
  if (recipients == 0) return fault(parameter, "Missing final '@domain'");
  if (recipients > most_recipients) return fault(parameter, "Recipient count exceeds 50.");
  for (const auto* list : {&mail.to, &mail.cc, &mail.bcc}) {
    for (const std::string& address : *list) {
      const std::string bare = bare_address(address);
      const auto at = bare.find('@');
      if (at == bare.npos || at == 0 || at + 1 == bare.size()) return fault(parameter, "Missing final '@domain'");
    }
  }
  if (mail.raw.size() + mail.text.size() + mail.html.size() > longest_bytes) {
    return fault(parameter, fmt::format("Message length is more than {} bytes long.", longest_bytes));
  }
  const EmailAccount& account = ses.settings();
  if (!account.sending) return fault(std::string(words.account_paused), "Email sending is disabled for the account.");
  std::vector<std::string> reasons = account.suppressed_reasons;
  if (!mail.configuration_set.empty()) {
    const ConfigurationSet* set = ses.configuration_sets.find(mail.configuration_set);
    if (!set) {
      return fault(std::string(words.no_configuration_set),
                   fmt::format("Configuration set <{}> does not exist.", mail.configuration_set),
                   words.no_configuration_set == "NotFoundException" ? 404 : 400);
    }
    if (!set->sending)
      return fault(std::string(words.set_paused), "Email sending is disabled for the configuration set.");
    if (!set->suppressed_reasons.empty()) reasons = set->suppressed_reasons;
  }
  TRY(check_parties(c, ses, mail));
  const auto count = static_cast<std::int64_t>(recipients);
  std::erase_if(ses.sendings.rows, [&](const auto& row) { return row.second.time + quota_window <= c.now; });
  if (c.is_aws()) {
    const bool unlimited = account.max_24_hours < 0;
    if (!unlimited && sent_in_24_hours(ses, c.now) + count > account.max_24_hours) {
      return fault(std::string(words.quota), "Daily message quota exceeded.");
    }
    const std::int64_t lately = sent_within(ses, c.now, rate_window);
    if (lately > 0 && lately + count > account.max_per_second) {
      return fault(std::string(words.rate), "Maximum sending rate exceeded.", words.rate_status);
    }
  }
  const std::size_t before = mail.to.size() + mail.cc.size() + mail.bcc.size();
  for (auto* list : {&mail.to, &mail.cc, &mail.bcc}) {
    std::erase_if(*list, [&](const std::string& address) { return suppresses(ses, reasons, address); });
  }
  const bool somebody = mail.to.size() + mail.cc.size() + mail.bcc.size() > 0 && before > 0;
  mail.service = c.service;
  std::string id;
  if (somebody && rendered) {
    id = put_mail(c.store, c.region, std::move(mail), c.now);
  } else {
    id = fmt::format("0100{:012x}-{}-000000", c.now.us / 1000, c.store.random().uuid());
  }
  ses.sendings.add({.id = id, .recipients = count, .time = c.now});
  return id;
}

std::optional<std::string> render_template(std::string_view text, Value data) {
  std::string out;
  while (!text.empty()) {
    const auto begin = text.find("{{");
    const auto end = begin == text.npos ? begin : text.find("}}", begin);
    if (end == text.npos) return out.append(text);
    out += text.substr(0, begin);
    std::string_view path = text.substr(begin + 2, end - begin - 2);
    text.remove_prefix(end + 2);
    if (path.starts_with("{") && text.starts_with("}")) {  // {{{name}}}: as it is, like {{name}} here
      path.remove_prefix(1);
      text.remove_prefix(1);
    }
    while (path.starts_with(' ')) path.remove_prefix(1);
    while (path.ends_with(' ')) path.remove_suffix(1);
    if (path.empty() || path.find_first_of("#/^>!& ") != path.npos) return std::nullopt;
    Value at = data;
    while (!path.empty()) {
      const auto dot = path.find('.');
      at = at[path.substr(0, dot)];
      path = dot == path.npos ? std::string_view() : path.substr(dot + 1);
    }
    if (at.is_null()) return std::nullopt;
    out += at.is_text() ? at.as_string() : to_json(at);
  }
  return out;
}

bool render_into(const EmailTemplate& from, std::string_view data_text, Mail& mail) {
  const auto data = parse_json(data_text.empty() ? "{}" : data_text);
  if (!data) return false;
  auto subject = render_template(from.subject, *data), text = render_template(from.text, *data),
       html = render_template(from.html, *data);
  if (!subject || !text || !html) return false;
  mail.subject = *std::move(subject), mail.text = *std::move(text), mail.html = *std::move(html);
  return true;
}

std::vector<std::string> to_strings(Value list) {
  std::vector<std::string> out;
  for (Value item : list.items()) out.push_back(item.as_string());
  return out;
}

void read_destination(Value destination, Mail& mail) {
  mail.to = to_strings(destination["ToAddresses"]);
  mail.cc = to_strings(destination["CcAddresses"]);
  mail.bcc = to_strings(destination["BccAddresses"]);
}

EmailIdentity& make_identity(Call& c, const std::string& name) {
  EmailIdentity identity{.id = name, .created = c.now};
  if (identity.is_domain()) {
    for (int i = 0; i < 3; ++i)
      identity.dkim_tokens.push_back(fmt::format("{:016x}{:016x}", c.store.random().next(), c.store.random().next()));
  } else {
    put_mail(
        c.store, c.region,
        {.service = std::string(c.service),
         .from = "no-reply-aws@amazon.com",
         .subject = fmt::format("Amazon Web Services - Email Address Verification Request in region {}", c.region.name),
         .text = fmt::format("Verify {} for account {} in {}.", name, c.account.id, c.region.name),
         .to = {name}},
        c.now);
  }
  return c.region.drawers.of<SesDrawer>().identities.add(std::move(identity));
}

void complete(const RowPlace&, EmailIdentity& identity, Time now) {
  if (identity.created == Time{}) identity.created = now - std::chrono::hours(24);
}

}  // namespace reeve::sandbox
