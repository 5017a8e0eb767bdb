#pragma once
#include <string>
#include <vector>

#include "base/seams.h"
#include "sandbox/estate_fields.h"
#include "sandbox/estate_tables.h"

/// The mailbox: what SES, and SNS by e-mail, would have sent.
namespace reeve::sandbox {

class Sandbox;

/// One message to one set of recipients.
struct Mail {
  std::string id;       ///< SES's message id; ids sort by time
  std::string service;  ///< who sent it: "ses", "sesv2" or "sns"
  std::string from, subject, text, html;
  std::string raw;  ///< as MIME, where the caller gave it so
  std::vector<std::string> to, cc, bcc, reply_to;
  std::string configuration_set;
  Tags tags;
  Time time;
};

template <class Io, like<Mail> S>
void fields(Io& io, S& s) {
  io("MessageId", s.id);
  io("Service", s.service);
  io("From", s.from);
  io("To", s.to);
  io("Cc", s.cc);
  io("Bcc", s.bcc);
  io("ReplyTo", s.reply_to);
  io("Subject", s.subject);
  io("Text", s.text);
  io("Html", s.html);
  io("Raw", s.raw);
  io("ConfigurationSet", s.configuration_set);
  io.tags("Tags", s.tags);
  io("Time", s.time);
}

struct Mailbox : Drawer {
  static constexpr std::string_view name = "mailbox";
  static constexpr std::size_t most = 10'000;  ///< messages of one region; the oldest make room
  Table<Mail> mail;
  void each_table(EstateTables& tables) override { tables("mail", mail); }
};

/// Puts a message into the region's mailbox, with an id and the time; answers the id.
std::string put_mail(Store& store, Region& region, Mail mail, Time now);

/// /_sandbox/mail: GET answers all messages of all accounts and regions in the order they were sent, DELETE empties the
/// mailboxes, POST /_sandbox/mail/verify {"identity": "a@example.com"} verifies it wherever it is pending.
HttpResponse mail_page(Store& store, const HttpRequest& request, Time now);

}  // namespace reeve::sandbox
