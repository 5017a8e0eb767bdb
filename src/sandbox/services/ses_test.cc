#include <gmock/gmock.h>

#include "sandbox/services/sesv2.h"
#include "sandbox/test_cloud.h"

namespace reeve::sandbox {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

struct Post : TestCloud {
  explicit Post(Behaviour behaviour = Behaviour::plain) : TestCloud(behaviour) {
    load(R"({"email_identities": [{"EmailIdentity": "example.com", "VerificationStatus": "SUCCESS"}]})");
  }
  std::vector<Mail> mail() {
    std::vector<Mail> out;
    for (const auto& [id, row] : sandbox.store().find_region(account, region)->drawers.of<Mailbox>().mail.rows) {
      out.push_back(row);
    }
    return out;
  }
  static std::string simple(std::string_view to, std::string_view from = "a@example.com") {
    return fmt::format(R"({{"FromEmailAddress": "{}", "Destination": {{"ToAddresses": ["{}"]}}, "Content": {{"Simple":
        {{"Subject": {{"Data": "s"}}, "Body": {{"Text": {{"Data": "t"}}, "Html": {{"Data": "<p>h"}}}}}}}}}})",
                       from, to);
  }
};

TEST(Ses, AMessageIsInTheMailbox) {
  Post cloud;
  const Document sent = cloud.ok("SendEmail", Post::simple("Bob <bob@mail.example.com>"), "sesv2");
  const auto mail = cloud.mail();
  ASSERT_THAT(mail, SizeIs(1));
  EXPECT_EQ(mail[0].id, sent["MessageId"].as_text());
  EXPECT_EQ(mail[0].from, "a@example.com");
  EXPECT_THAT(mail[0].to, ElementsAre("Bob <bob@mail.example.com>"));
  EXPECT_EQ(mail[0].subject, "s");
  EXPECT_EQ(mail[0].text, "t");
  EXPECT_EQ(mail[0].html, "<p>h");
  EXPECT_EQ(cloud.ok("GetAccount", "{}", "sesv2")["SendQuota"]["SentLast24Hours"].as_real(), 1);
}

TEST(Ses, WithoutProductionAccessBothSidesMustBeVerified) {
  Post cloud;
  EXPECT_EQ(cloud.refused("SendEmail", Post::simple("bob@example.org"), "sesv2"), "MessageRejected");
  EXPECT_EQ(cloud.refused("SendEmail", Post::simple("a@example.com", "eve@example.org"), "sesv2"), "MessageRejected");
  cloud.ok("CreateEmailIdentity", R"({"EmailIdentity": "bob@example.org"})", "sesv2");
  EXPECT_EQ(cloud.refused("SendEmail", Post::simple("bob@example.org"), "sesv2"), "MessageRejected");  // still pending
  HttpRequest verify{.method = "POST", .target = "/_sandbox/mail/verify", .body = R"({"identity": "bob@example.org"})"};
  EXPECT_EQ(mail_page(cloud.sandbox.store(), verify, cloud.sandbox.now()).body, R"({"verified":1})");
  cloud.ok("SendEmail", Post::simple("bob@example.org"), "sesv2");
  cloud.ok("PutAccountDetails", R"({"MailType": "TRANSACTIONAL", "WebsiteURL": "https://example.com",
      "ProductionAccessEnabled": true})",
           "sesv2");
  cloud.ok("SendEmail", Post::simple("anybody@example.net"), "sesv2");
}

TEST(Ses, RateAndQuotaCountRecipients) {
  Post cloud(Behaviour::aws);
  cloud.load(R"({"email_account": [{"Id": "account", "Max24HourSend": 2, "MaxSendRate": 1}]})");
  cloud.ok("SendEmail", Post::simple("b@example.com"), "sesv2");
  EXPECT_EQ(cloud.refused("SendEmail", Post::simple("b@example.com"), "sesv2"), "TooManyRequestsException");
  cloud.advance(std::chrono::seconds(1));
  cloud.ok("SendEmail", Post::simple("b@example.com"), "sesv2");
  cloud.advance(std::chrono::seconds(1));
  EXPECT_EQ(cloud.refused("SendEmail", Post::simple("b@example.com"), "sesv2"), "LimitExceededException");
  cloud.advance(std::chrono::hours(24));
  cloud.ok("SendEmail", Post::simple("b@example.com"), "sesv2");
}

TEST(Ses, AMessageHasAtMostFiftyRecipients) {
  Post cloud;
  auto to = [](int count) {
    std::string list;
    for (int i = 0; i < count; ++i) list += fmt::format(R"({}"b{}@example.com")", i == 0 ? "" : ",", i);
    return fmt::format(R"({{"FromEmailAddress": "a@example.com", "Destination": {{"BccAddresses": [{}]}},
        "Content": {{"Simple": {{"Subject": {{"Data": "s"}}, "Body": {{"Text": {{"Data": "t"}}}}}}}}}})",
                       list);
  };
  cloud.ok("SendEmail", to(50), "sesv2");
  EXPECT_EQ(cloud.refused("SendEmail", to(51), "sesv2"), "BadRequestException");
}

TEST(Ses, SuppressedRecipientsAreLeftOut) {
  Post cloud;
  cloud.ok("PutSuppressedDestination", R"({"EmailAddress": "gone@example.com", "Reason": "BOUNCE"})", "sesv2");
  cloud.ok("SendEmail", Post::simple("gone@example.com"), "sesv2");
  EXPECT_THAT(cloud.mail(), IsEmpty());
}

TEST(Ses, TemplatesAreFilledAndThoseThatLackAValueAreNotDelivered) {
  Post cloud;
  cloud.ok("CreateEmailTemplate", R"({"TemplateName": "hello", "TemplateContent":
      {"Subject": "Hi {{name}}", "Text": "{{ who.team }}: {{count}}"}})",
           "sesv2");
  auto send = [&](std::string_view data) {
    cloud.ok("SendEmail",
             fmt::format(R"({{"FromEmailAddress": "a@example.com", "Destination":
        {{"ToAddresses": ["b@example.com"]}}, "Content": {{"Template": {{"TemplateName": "hello", "TemplateData": "{}"}}}}}})",
                         data),
             "sesv2");
  };
  send(R"({\"name\": \"Ada\", \"who\": {\"team\": \"x\"}, \"count\": 3})");
  send(R"({\"name\": \"Bob\"})");
  const auto mail = cloud.mail();
  ASSERT_THAT(mail, SizeIs(1));
  EXPECT_EQ(mail[0].subject, "Hi Ada");
  EXPECT_EQ(mail[0].text, "x: 3");
}

TEST(Ses, BulkEntriesSucceedAndFailAlone) {
  Post cloud;
  const Document sent = cloud.ok("SendBulkEmail", R"({"FromEmailAddress": "a@example.com",
      "DefaultContent": {"Template": {"TemplateContent": {"Subject": "{{n}}", "Text": "t"}, "TemplateData": "{\"n\": 1}"}},
      "BulkEmailEntries": [{"Destination": {"ToAddresses": ["b@example.com"]}, "ReplacementEmailContent":
          {"ReplacementTemplate": {"ReplacementTemplateData": "{\"n\": 2}"}}},
        {"Destination": {"ToAddresses": ["b@example.org"]}}]})",
                                 "sesv2");
  EXPECT_EQ(sent["BulkEmailEntryResults"][0]["Status"].as_text(), "SUCCESS");
  EXPECT_EQ(sent["BulkEmailEntryResults"][1]["Status"].as_text(), "MESSAGE_REJECTED");
  EXPECT_EQ(cloud.mail().at(0).subject, "2");
}

TEST(Ses, MimeMessagesAreReadAsFarAsAMailboxShowsThem) {
  Mail mail;
  read_mime(
      "From: =?utf-8?q?Ad=C3=A1?= <a@example.com>\r\nTo: b@example.com,\r\n \"C, D\" <c@example.com>\r\n"
      "Subject: =?utf-8?B?R3LDvMOfZQ==?= x\r\nContent-Type: multipart/alternative; boundary=\"=_1\"\r\n\r\n"
      "--=_1\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n1=3D1=\r\n2\r\n"
      "--=_1\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nPGI+\r\n--=_1--\r\n",
      mail);
  EXPECT_EQ(mail.from, "Ad\xC3\xA1 <a@example.com>");
  EXPECT_THAT(mail.to, ElementsAre("b@example.com", "\"C, D\" <c@example.com>"));
  EXPECT_EQ(mail.subject,
            "Gr\xC3\xBC\xC3\x9F"
            "e x");
  EXPECT_EQ(mail.text, "1=12");
  EXPECT_EQ(mail.html, "<b>");
  for (std::string_view torn :
       {"", "\n", "Subject", "Content-Type: multipart/x; boundary=a\n\n--a", "Subject: =?a?b",
        "Content-Type: multipart/x; boundary=\"\n\n--\"", "To: \"\n\nx=3", "Subject: =?u?Q?=4?="}) {
    Mail broken;
    read_mime(torn, broken);  // takes what is there
  }
}

TEST(Ses, TheOlderApiSharesIdentitiesAndMailbox) {
  Post cloud;
  cloud.ok("SendEmail", R"({"Source": "a@example.com", "Destination": {"ToAddresses": ["b@example.com"]},
      "Message": {"Subject": {"Data": "old"}, "Body": {"Text": {"Data": "t"}}}})",
           "ses");
  EXPECT_EQ(cloud.mail().at(0).subject, "old");
  EXPECT_EQ(cloud.ok("GetSendQuota", "{}", "ses")["SentLast24Hours"].as_real(), 1);
  cloud.ok("VerifyEmailIdentity", R"({"EmailAddress": "c@example.org"})", "ses");
  const Document status =
      cloud.ok("GetIdentityVerificationAttributes", R"({"Identities": ["c@example.org", "example.com"]})", "ses");
  EXPECT_EQ(status["VerificationAttributes"]["c@example.org"]["VerificationStatus"].as_text(), "Pending");
  EXPECT_EQ(status["VerificationAttributes"]["example.com"]["VerificationStatus"].as_text(), "Success");
}

TEST(Ses, TheMailboxIsReadAndEmptied) {
  Post cloud;
  cloud.ok("SendEmail", Post::simple("b@example.com"), "sesv2");
  auto page = [&](std::string_view method) {
    HttpRequest request{.method = std::string(method), .target = "/_sandbox/mail"};
    return *parse_json(mail_page(cloud.sandbox.store(), request, cloud.sandbox.now()).body);
  };
  const Document mail = page("GET");
  EXPECT_EQ(mail["mail"][0]["subject"].as_text(), "s");
  EXPECT_EQ(mail["mail"][0]["account"].as_text(), "123456789012");
  EXPECT_EQ(page("DELETE")["removed"].as_integer(), 1);
  EXPECT_EQ(page("GET")["mail"].size(), 0U);
}

}  // namespace
}  // namespace reeve::sandbox
