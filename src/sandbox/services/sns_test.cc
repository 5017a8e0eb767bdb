#include "sandbox/services/sns.h"

#include <gmock/gmock.h>

#include "sandbox/services/ses_mail.h"
#include "sandbox/test_cloud.h"

namespace reeve::sandbox {
namespace {

constexpr std::string_view topic = "arn:aws:sns:us-east-1:123456789012:alerts";

struct Topics : TestCloud {
  Topics() {
    ok("CreateTopic", R"({"Name": "alerts"})", "sns");
    ok("CreateQueue", R"({"QueueName": "q"})", "sqs");
  }
  std::string subscribe(std::string_view protocol, std::string_view endpoint, std::string_view attributes = "{}") {
    return ok("Subscribe",
              fmt::format(R"({{"TopicArn": "{}", "Protocol": "{}", "Endpoint": "{}", "Attributes": {}}})", topic,
                          protocol, endpoint, attributes),
              "sns")["SubscriptionArn"]
        .as_string();
  }
  std::string subscribe_queue(std::string_view attributes = "{}") {
    return subscribe("sqs", "arn:aws:sqs:us-east-1:123456789012:q", attributes);
  }
  void publish(std::string_view message, std::string_view more = "") {
    Builder params;
    params.begin_map();
    params.put("TopicArn", topic);
    params.put("Message", message);
    if (!more.empty()) {
      const auto given = parse_json(more);
      ASSERT_TRUE(given) << more;
      for (auto [key, value] : given->root().entries()) params.put(key, value);
    }
    params.end();
    const Document made = params.finish();
    const auto done = sandbox.call(account, region, "sns", "Publish", made);
    EXPECT_TRUE(done) << (done ? "" : done.error().message);
  }
  std::vector<std::string> queued(std::string_view queue = "q") {
    std::vector<std::string> out;
    const Document got = ok("ReceiveMessage",
                            fmt::format(R"({{"QueueUrl": "/123456789012/{}",
        "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"]}})",
                                        queue),
                            "sqs");
    for (Value message : got["Messages"].items()) out.push_back(message["Body"].as_string());
    return out;
  }
  std::vector<Mail> mail() {
    std::vector<Mail> out;
    for (const auto& [id, row] : sandbox.store().find_region(account, region)->drawers.of<Mailbox>().mail.rows) {
      out.push_back(row);
    }
    return out;
  }
};
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST(Sns, AQueueGetsTheEnvelopeOrTheMessageItself) {
  Topics cloud;
  cloud.subscribe_queue();
  cloud.publish("hello",
                R"({"Subject": "hi", "MessageAttributes": {"n": {"DataType": "Number", "StringValue": "7"}}})");
  const auto bodies = cloud.queued();
  ASSERT_THAT(bodies, SizeIs(1));
  const auto envelope = parse_json(bodies[0]);
  ASSERT_TRUE(envelope);
  EXPECT_EQ((*envelope)["Type"].as_text(), "Notification");
  EXPECT_EQ((*envelope)["Message"].as_text(), "hello");
  EXPECT_EQ((*envelope)["Subject"].as_text(), "hi");
  EXPECT_EQ((*envelope)["TopicArn"].as_text(), topic);
  EXPECT_EQ((*envelope)["MessageAttributes"]["n"]["Value"].as_text(), "7");

  Topics raw;
  raw.subscribe_queue(R"({"RawMessageDelivery": "true"})");
  raw.publish("hello");
  EXPECT_THAT(raw.queued(), ElementsAre("hello"));
}

TEST(Sns, FilterPoliciesLookAtAttributesOrAtTheBody) {
  Topics cloud;
  const std::string arn = cloud.subscribe_queue(
      R"({"RawMessageDelivery": "true", "FilterPolicy": "{\"kind\": [\"a\"], \"size\": [{\"numeric\": [\">\", 5]}]}"})");
  auto attributes = [](std::string_view kind, int size) {
    return fmt::format(R"({{"MessageAttributes": {{"kind": {{"DataType": "String", "StringValue": "{}"}},
        "size": {{"DataType": "Number", "StringValue": "{}"}}}}}})",
                       kind, size);
  };
  cloud.publish("no attributes");
  cloud.publish("small", attributes("a", 5));
  cloud.publish("other", attributes("b", 6));
  cloud.publish("match", attributes("a", 6));
  EXPECT_THAT(cloud.queued(), ElementsAre("match"));
  auto set = [&](std::string_view name, std::string_view value) {
    cloud.ok("SetSubscriptionAttributes",
             fmt::format(R"({{"SubscriptionArn": "{}", "AttributeName": "{}",
        "AttributeValue": "{}"}})",
                         arn, name, value),
             "sns");
  };
  set("FilterPolicyScope", "MessageBody");
  set("FilterPolicy", R"({\"who\": {\"name\": [{\"prefix\": \"A\"}]}})");
  cloud.publish(R"({"who": {"name": "Bob"}})");
  cloud.publish(R"({"who": {"name": "Ada"}})");
  EXPECT_THAT(cloud.queued(), ElementsAre(R"({"who": {"name": "Ada"}})"));
}

TEST(Sns, AnAddressIsMailedOnlyAfterItConfirmed) {
  Topics cloud;
  EXPECT_EQ(cloud.subscribe("email", "ops@example.com"), "pending confirmation");
  cloud.publish("too early");
  ASSERT_THAT(cloud.mail(), SizeIs(1));
  const std::string text = cloud.mail()[0].text;
  const auto from = text.find("Token=") + 6;
  const std::string token = text.substr(from, text.find('&', from) - from);
  EXPECT_EQ(cloud.refused("ConfirmSubscription", fmt::format(R"({{"TopicArn": "{}", "Token": "x"}})", topic), "sns"),
            "InvalidParameter");
  cloud.ok("ConfirmSubscription", fmt::format(R"({{"TopicArn": "{}", "Token": "{}"}})", topic, token), "sns");
  cloud.advance(std::chrono::seconds(1));
  cloud.publish("now", R"({"Subject": "alarm"})");
  ASSERT_THAT(cloud.mail(), SizeIs(2));
  EXPECT_EQ(cloud.mail()[1].subject, "alarm");
  EXPECT_EQ(cloud.mail()[1].text, "now");
  EXPECT_THAT(cloud.mail()[1].to, ElementsAre("ops@example.com"));
}

TEST(Sns, EachProtocolHasItsTextOfAStructuredMessage) {
  Topics cloud;
  cloud.subscribe_queue(R"({"RawMessageDelivery": "true"})");
  EXPECT_EQ(cloud.refused("Publish",
                          fmt::format(R"({{"TopicArn": "{}", "MessageStructure": "json",
      "Message": "{{\"sqs\": \"x\"}}"}})",
                                      topic),
                          "sns"),
            "InvalidParameter");
  cloud.publish(R"({"default": "for all", "sqs": "for queues"})", R"({"MessageStructure": "json"})");
  EXPECT_THAT(cloud.queued(), ElementsAre("for queues"));
}

TEST(Sns, WhatCannotBeDeliveredGoesToTheDeadLetterQueue) {
  Topics cloud;
  cloud.subscribe("sqs", "arn:aws:sqs:us-east-1:123456789012:gone",
                  R"({"RawMessageDelivery": "true", "RedrivePolicy":
                      "{\"deadLetterTargetArn\": \"arn:aws:sqs:us-east-1:123456789012:q\"}"})");
  cloud.publish("lost");
  EXPECT_THAT(cloud.queued(), ElementsAre("lost"));
}

TEST(Sns, AFifoTopicFeedsFifoQueuesAndDropsRepeats) {
  Topics cloud;
  cloud.ok("CreateTopic", R"({"Name": "a.fifo", "Attributes": {"FifoTopic": "true"}})", "sns");
  cloud.ok("CreateQueue", R"({"QueueName": "a.fifo", "Attributes": {"FifoQueue": "true"}})", "sqs");
  cloud.ok("Subscribe", R"({"TopicArn": "arn:aws:sns:us-east-1:123456789012:a.fifo", "Protocol": "sqs",
      "Endpoint": "arn:aws:sqs:us-east-1:123456789012:a.fifo", "Attributes": {"RawMessageDelivery": "true"}})",
           "sns");
  const std::string params = R"({"TopicArn": "arn:aws:sns:us-east-1:123456789012:a.fifo", "Message": "m",
      "MessageGroupId": "g", "MessageDeduplicationId": "d"})";
  const Document first = cloud.ok("Publish", params, "sns"), second = cloud.ok("Publish", params, "sns");
  EXPECT_EQ(first["MessageId"].as_text(), second["MessageId"].as_text());
  EXPECT_THAT(cloud.queued("a.fifo"), ElementsAre("m"));
}

TEST(Sns, ListsHavePagesOfAHundred) {
  Topics cloud;
  for (int i = 0; i < 120; ++i) cloud.subscribe("sqs", fmt::format("arn:aws:sqs:us-east-1:123456789012:q{}", i));
  const std::string by_topic = fmt::format(R"({{"TopicArn": "{}"}})", topic);
  const Document first = cloud.ok("ListSubscriptionsByTopic", by_topic, "sns");
  EXPECT_EQ(first["Subscriptions"].size(), 100U);
  const Document rest =
      cloud.ok("ListSubscriptionsByTopic",
               fmt::format(R"({{"TopicArn": "{}", "NextToken": "{}"}})", topic, first["NextToken"].as_text()), "sns");
  EXPECT_EQ(rest["Subscriptions"].size(), 20U);
  EXPECT_TRUE(rest["NextToken"].is_null());
}

TEST(Sns, WebAndTelephoneAreOnRecordOnly) {
  Topics cloud;
  cloud.subscribe("sms", "+15550100");
  cloud.publish("ring");
  const auto& rows =
      cloud.sandbox.store().find_region(cloud.account, cloud.region)->drawers.of<Sns>().notifications.rows;
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows.begin()->second.endpoint, "+15550100");
  EXPECT_EQ(rows.begin()->second.body, "ring");
}

}  // namespace
}  // namespace reeve::sandbox
