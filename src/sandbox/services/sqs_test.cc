#include "sandbox/services/sqs.h"

#include <gmock/gmock.h>

#include "sandbox/services/ses_mail.h"
#include "sandbox/services/sqs_wire.h"
#include "sandbox/test_cloud.h"

namespace reeve::sandbox {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

struct Queues : TestCloud {
  using TestCloud::TestCloud;
  std::string make(std::string_view name, std::string_view attributes = "{}") {
    return ok("CreateQueue", fmt::format(R"({{"QueueName": "{}", "Attributes": {}}})", name, attributes),
              "sqs")["QueueUrl"]
        .as_string();
  }
  std::string send(std::string_view queue, std::string_view body, std::string_view more = "") {
    return ok("SendMessage", fmt::format(R"({{"QueueUrl": "{}", "MessageBody": "{}"{}}})", queue, body, more),
              "sqs")["MessageId"]
        .as_string();
  }
  Document receive(std::string_view queue, std::string_view more = "") {
    return ok("ReceiveMessage", fmt::format(R"({{"QueueUrl": "{}", "MaxNumberOfMessages": 10{}}})", queue, more),
              "sqs");
  }
  std::vector<std::string> bodies(std::string_view queue, std::string_view more = "") {
    std::vector<std::string> out;
    for (Value message : receive(queue, more)["Messages"].items()) out.push_back(message["Body"].as_string());
    return out;
  }
  std::string attribute(std::string_view queue, std::string_view name) {
    return ok("GetQueueAttributes", fmt::format(R"({{"QueueUrl": "{}", "AttributeNames": ["{}"]}})", queue, name),
              "sqs")["Attributes"][name]
        .as_string();
  }
  std::string refused_send(std::string_view queue, std::string_view more) {
    return refused("SendMessage", fmt::format(R"({{"QueueUrl": "{}", "MessageBody": "x"{}}})", queue, more), "sqs");
  }
};
using testing::ElementsAre;
using testing::IsEmpty;

TEST(Sqs, CreatingTheSameQueueAgainGivesItsUrlUnlessAttributesDiffer) {
  Queues cloud;
  const std::string url = cloud.make("jobs", R"({"VisibilityTimeout": "60"})");
  EXPECT_EQ(url, "https://sqs.us-east-1.amazonaws.com/123456789012/jobs");
  EXPECT_EQ(cloud.make("jobs"), url);
  EXPECT_EQ(cloud.refused("CreateQueue", R"({"QueueName": "jobs", "Attributes": {"VisibilityTimeout": "61"}})", "sqs"),
            "QueueNameExists");
  EXPECT_EQ(cloud.refused("CreateQueue", R"({"QueueName": "jobs.fifo"})", "sqs"), "InvalidParameterValue");
  EXPECT_EQ(cloud.refused("CreateQueue", R"({"QueueName": "a", "Attributes": {"DelaySeconds": "901"}})", "sqs"),
            "InvalidAttributeValue");
  EXPECT_EQ(cloud.refused("CreateQueue", R"({"QueueName": "a", "Attributes": {"Colour": "red"}})", "sqs"),
            "InvalidAttributeName");
  EXPECT_EQ(cloud.refused("GetQueueUrl", R"({"QueueName": "none"})", "sqs"), "QueueDoesNotExist");
}

TEST(Sqs, AReceivedMessageIsInFlightUntilItsVisibilityTimeoutIsOver) {
  Queues cloud;
  const std::string queue = cloud.make("jobs");
  cloud.send(queue, "one");
  EXPECT_THAT(cloud.bodies(queue), ElementsAre("one"));
  EXPECT_THAT(cloud.bodies(queue), IsEmpty());
  EXPECT_EQ(cloud.attribute(queue, "ApproximateNumberOfMessages"), "0");
  EXPECT_EQ(cloud.attribute(queue, "ApproximateNumberOfMessagesNotVisible"), "1");
  cloud.advance(seconds(29));
  EXPECT_THAT(cloud.bodies(queue), IsEmpty());
  cloud.advance(seconds(1));
  const Document again = cloud.receive(queue, R"(, "AttributeNames": ["All"])");
  EXPECT_EQ(again["Messages"][0]["Attributes"]["ApproximateReceiveCount"].as_text(), "2");
}

TEST(Sqs, DelayedMessagesComeAfterTheirDelayAndGoAfterTheirRetention) {
  Queues cloud;
  const std::string queue = cloud.make("jobs", R"({"MessageRetentionPeriod": "600"})");
  cloud.send(queue, "late", R"(, "DelaySeconds": 60)");
  EXPECT_THAT(cloud.bodies(queue), IsEmpty());
  EXPECT_EQ(cloud.attribute(queue, "ApproximateNumberOfMessagesDelayed"), "1");
  cloud.advance(seconds(60));
  EXPECT_THAT(cloud.bodies(queue, R"(, "VisibilityTimeout": 0)"), ElementsAre("late"));
  cloud.advance(seconds(540));
  EXPECT_THAT(cloud.bodies(queue), IsEmpty());
  EXPECT_EQ(cloud.attribute(queue, "ApproximateNumberOfMessages"), "0");
}

TEST(Sqs, OnlyTheLastReceiptDeletesAMessage) {
  Queues cloud;
  const std::string queue = cloud.make("jobs");
  cloud.send(queue, "one");
  const std::string old =
      cloud.receive(queue, R"(, "VisibilityTimeout": 0)")["Messages"][0]["ReceiptHandle"].as_string();
  const std::string last = cloud.receive(queue)["Messages"][0]["ReceiptHandle"].as_string();
  auto remove = [&](const std::string& handle) {
    cloud.ok("DeleteMessage", fmt::format(R"({{"QueueUrl": "{}", "ReceiptHandle": "{}"}})", queue, handle), "sqs");
    return cloud.attribute(queue, "ApproximateNumberOfMessagesNotVisible");
  };
  EXPECT_EQ(remove(old), "1");
  EXPECT_EQ(remove(last), "0");
  EXPECT_EQ(cloud.refused("DeleteMessage", fmt::format(R"({{"QueueUrl": "{}", "ReceiptHandle": "x"}})", queue), "sqs"),
            "ReceiptHandleIsInvalid");
}

TEST(Sqs, MessagesReceivedTooOftenGoToTheDeadLetterQueueAndBack) {
  Queues cloud;
  const std::string dead = cloud.make("dead");
  const std::string queue = cloud.make("jobs", R"({"VisibilityTimeout": "0", "RedrivePolicy":
      "{\"deadLetterTargetArn\": \"arn:aws:sqs:us-east-1:123456789012:dead\", \"maxReceiveCount\": 2}"})");
  cloud.send(queue, "poison");
  EXPECT_THAT(cloud.bodies(queue), ElementsAre("poison"));
  EXPECT_THAT(cloud.bodies(queue), ElementsAre("poison"));
  EXPECT_THAT(cloud.bodies(queue), IsEmpty());
  const Document buried = cloud.receive(dead, R"(, "VisibilityTimeout": 0, "AttributeNames": ["All"])");
  EXPECT_EQ(buried["Messages"][0]["Attributes"]["DeadLetterQueueSourceArn"].as_text(),
            "arn:aws:sqs:us-east-1:123456789012:jobs");
  EXPECT_EQ(cloud.ok("ListDeadLetterSourceQueues", fmt::format(R"({{"QueueUrl": "{}"}})", dead), "sqs")["queueUrls"][0]
                .as_text(),
            queue);
  cloud.ok("StartMessageMoveTask", R"({"SourceArn": "arn:aws:sqs:us-east-1:123456789012:dead"})", "sqs");
  const Document tasks =
      cloud.ok("ListMessageMoveTasks", R"({"SourceArn": "arn:aws:sqs:us-east-1:123456789012:dead"})", "sqs");
  EXPECT_EQ(tasks["Results"][0]["Status"].as_text(), "COMPLETED");
  EXPECT_EQ(tasks["Results"][0]["ApproximateNumberOfMessagesMoved"].as_integer(), 1);
  EXPECT_THAT(cloud.bodies(dead), IsEmpty());
  EXPECT_THAT(cloud.bodies(queue), ElementsAre("poison"));
  EXPECT_EQ(cloud.refused("StartMessageMoveTask", R"({"SourceArn": "arn:aws:sqs:us-east-1:123456789012:jobs"})", "sqs"),
            "InvalidParameterValue");
}

TEST(Sqs, AFifoQueueDropsRepeatsForFiveMinutesAndKeepsTheOrderOfAGroup) {
  Queues cloud;
  const std::string queue = cloud.make("jobs.fifo", R"({"FifoQueue": "true", "ContentBasedDeduplication": "true"})");
  EXPECT_EQ(cloud.refused_send(queue, ""), "MissingParameter");
  const std::string first = cloud.send(queue, "a1", R"(, "MessageGroupId": "a")");
  EXPECT_EQ(cloud.send(queue, "a1", R"(, "MessageGroupId": "a")"), first);
  cloud.send(queue, "a2", R"(, "MessageGroupId": "a")");
  cloud.send(queue, "b1", R"(, "MessageGroupId": "b")");
  const Document one =
      cloud.ok("ReceiveMessage", fmt::format(R"({{"QueueUrl": "{}", "MaxNumberOfMessages": 1}})", queue), "sqs");
  EXPECT_EQ(one["Messages"][0]["Body"].as_text(), "a1");
  EXPECT_THAT(cloud.bodies(queue), ElementsAre("b1"));  // a2 waits for a1
  cloud.ok("DeleteMessage",
           fmt::format(R"({{"QueueUrl": "{}", "ReceiptHandle": "{}"}})", queue,
                       one["Messages"][0]["ReceiptHandle"].as_text()),
           "sqs");
  EXPECT_THAT(cloud.bodies(queue), ElementsAre("a2"));
  cloud.advance(minutes(5));
  EXPECT_NE(cloud.send(queue, "a1", R"(, "MessageGroupId": "a")"), first);
}

TEST(Sqs, AttributesHaveTheDigestThatClientsCheck) {
  // What Python's hashlib gives for these two by the guide's rules.
  const std::vector<MessageAttribute> attributes{{.name = "count", .type = "Number", .value = "3"},
                                                 {.name = "raw", .type = "Binary", .value = std::string("\0\1", 2)}};
  EXPECT_EQ(md5_of(attributes), "1b20f25ba38e85ea1edc659b28b7c40c");
  EXPECT_EQ(md5_of({}), "");
}

TEST(Sqs, BatchesTellWhoFailed) {
  Queues cloud;
  const std::string queue = cloud.make("jobs");
  const Document sent = cloud.ok("SendMessageBatch",
                                 fmt::format(R"({{"QueueUrl": "{}", "Entries": [
      {{"Id": "good", "MessageBody": "x"}}, {{"Id": "late", "MessageBody": "x", "DelaySeconds": 901}}]}})",
                                             queue),
                                 "sqs");
  EXPECT_EQ(sent["Successful"][0]["Id"].as_text(), "good");
  EXPECT_EQ(sent["Failed"][0]["Id"].as_text(), "late");
  EXPECT_EQ(sent["Failed"][0]["Code"].as_text(), "InvalidParameterValue");
  EXPECT_EQ(cloud.refused("SendMessageBatch",
                          fmt::format(R"({{"QueueUrl": "{}", "Entries": [
      {{"Id": "a", "MessageBody": "x"}}, {{"Id": "a", "MessageBody": "y"}}]}})",
                                      queue),
                          "sqs"),
            "BatchEntryIdsNotDistinct");
}

TEST(Sqs, QueuesAreReadFromEstatesAndWrittenBack) {
  Queues cloud;
  cloud.load(R"({"queues": [{"QueueName": "jobs", "Attributes": {"VisibilityTimeout": "5"}, "Tags": {"team": "a"},
      "Messages": [{"Body": "kept", "MessageAttributes": [{"Name": "n", "Value": "v"}]}]}]})");
  Queues other;
  other.load(to_json(cloud.sandbox.state()));
  const Document got =
      other.receive("https://sqs.us-east-1.amazonaws.com/123456789012/jobs", R"(, "MessageAttributeNames": ["All"])");
  EXPECT_EQ(got["Messages"][0]["Body"].as_text(), "kept");
  EXPECT_EQ(got["Messages"][0]["MessageAttributes"]["n"]["StringValue"].as_text(), "v");
  EXPECT_EQ(other.attribute("https://sqs.us-east-1.amazonaws.com/123456789012/jobs", "VisibilityTimeout"), "5");
}

TEST(Sqs, CloudWatchHearsOfActiveQueuesEachFiveMinutes) {
  Queues cloud;
  const std::string queue = cloud.make("jobs");
  cloud.send(queue, "one");
  cloud.send(queue, "two");
  cloud.advance(minutes(11));
  Builder params;
  params.begin_map();
  params.put("Namespace", "AWS/SQS");
  params.put("MetricName", "NumberOfMessagesSent");
  params.begin_list("Dimensions");
  params.begin_map();
  params.put("Name", "QueueName");
  params.put("Value", "jobs");
  params.end();
  params.end();
  params.put("StartTime", cloud.clock.at - std::chrono::hours(1));
  params.put("EndTime", cloud.clock.at + std::chrono::hours(1));
  params.put("Period", 300);
  params.begin_list("Statistics");
  params.add("Sum");
  params.end();
  params.end();
  const Document asked = params.finish();
  const auto sums = cloud.sandbox.call(cloud.account, cloud.region, "cloudwatch", "GetMetricStatistics", asked);
  ASSERT_TRUE(sums) << sums.error().message;
  double sum = 0;
  for (Value point : (*sums)["Datapoints"].items()) sum += point["Sum"].as_real();
  EXPECT_EQ((*sums)["Datapoints"].size(), 2U);
  EXPECT_EQ(sum, 2);
}

}  // namespace
}  // namespace reeve::sandbox
