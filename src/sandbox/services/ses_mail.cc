#include "sandbox/services/ses_mail.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "sandbox/services/sesv2.h"

namespace reeve::sandbox {
namespace {

HttpResponse answer(int status, std::string type, std::string body) {
  HttpResponse response;
  response.status = status;
  response.headers.emplace_back("Content-Type", std::move(type));
  response.body = std::move(body);
  return response;
}

template <class Each>
void each_region(Store& store, Each each) {
  for (auto& [account_id, account] : store.accounts) {
    for (auto& [region_name, region] : account.regions) each(region);
  }
}

void write_texts(Builder& out, std::string_view name, const std::vector<std::string>& list) {
  out.begin_list(name);
  for (const std::string& text : list) out.add(text);
  out.end();
}

void write_mail(Builder& out, const Region& region, const Mail& mail) {
  out.begin_map();
  out.put("message_id", mail.id);
  out.put("time", format_iso8601(mail.time));
  out.put("account", region.account);
  out.put("region", region.name);
  out.put("service", mail.service);
  out.put("from", mail.from);
  write_texts(out, "to", mail.to);
  write_texts(out, "cc", mail.cc);
  write_texts(out, "bcc", mail.bcc);
  write_texts(out, "reply_to", mail.reply_to);
  out.put("subject", mail.subject);
  out.put("text", mail.text);
  out.put("html", mail.html);
  out.put("raw", mail.raw);
  out.put("configuration_set", mail.configuration_set);
  out.begin_map("tags");
  for (const auto& [key, value] : mail.tags) out.put(key, value);
  out.end();
  out.end();
}

HttpResponse read_all(Store& store) {
  std::vector<std::pair<const Region*, const Mail*>> all;
  each_region(store, [&](const Region& region) {
    const Mailbox* box = region.drawers.find<Mailbox>();
    if (!box) return;
    for (const auto& [id, mail] : box->mail.rows) all.emplace_back(&region, &mail);
  });
  std::ranges::sort(all, {},
                    [](const auto& one) { return std::pair(one.second->time, std::string_view(one.second->id)); });
  Builder out;
  out.begin_map();
  out.begin_list("mail");
  for (const auto& [region, mail] : all) write_mail(out, *region, *mail);
  out.end();
  out.end();
  return answer(200, "application/json", to_json(out.finish()));
}

HttpResponse empty_all(Store& store) {
  std::int64_t removed = 0;
  each_region(store, [&](Region& region) {
    Mailbox* box = region.drawers.find<Mailbox>();
    if (!box) return;
    removed += static_cast<std::int64_t>(box->mail.rows.size());
    box->mail.rows.clear();
  });
  return answer(200, "application/json", fmt::format("{{\"removed\":{}}}", removed));
}

HttpResponse verify(Store& store, const HttpRequest& request) {
  const auto body = parse_json(request.body);
  const std::string_view identity = body ? (*body)["identity"].as_text() : std::string_view();
  if (identity.empty()) return answer(400, "text/plain", "wanted: {\"identity\": \"a@example.com\"}\n");
  std::int64_t verified = 0;
  each_region(store, [&](Region& region) {
    SesDrawer* ses = region.drawers.find<SesDrawer>();
    EmailIdentity* found = ses ? ses->identities.find(identity) : nullptr;
    if (!found || found->status == "SUCCESS") return;
    found->status = "SUCCESS";
    ++verified;
  });
  return answer(200, "application/json", fmt::format("{{\"verified\":{}}}", verified));
}

}  // namespace

std::string put_mail(Store& store, Region& region, Mail mail, Time now) {
  mail.id = fmt::format("0100{:012x}-{}-000000", now.us / 1000, store.random().uuid());
  mail.time = now;
  auto& rows = region.drawers.of<Mailbox>().mail.rows;
  if (rows.size() >= Mailbox::most) rows.erase(rows.begin());
  std::string id = mail.id;
  rows.insert_or_assign(id, std::move(mail));
  return id;
}

HttpResponse mail_page(Store& store, const HttpRequest& request, Time now) {
  store.settle(now);  // what was due by now may have sent mail
  const std::string_view path = std::string_view(request.target).substr(0, request.target.find('?'));
  if (path == "/_sandbox/mail" && request.method == "GET") return read_all(store);
  if (path == "/_sandbox/mail" && request.method == "DELETE") return empty_all(store);
  if (path == "/_sandbox/mail/verify" && request.method == "POST") return verify(store, request);
  return answer(404, "text/plain", "GET or DELETE /_sandbox/mail, POST /_sandbox/mail/verify\n");
}

}  // namespace reeve::sandbox
