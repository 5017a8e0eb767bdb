#include "sandbox/services/sns.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/json.h"
#include "sandbox/listing.h"

// SNS: topics and their tags.
namespace reeve::sandbox {
namespace {

constexpr std::array<std::string_view, 12> topic_attributes{"DisplayName",
                                                            "Policy",
                                                            "DeliveryPolicy",
                                                            "KmsMasterKeyId",
                                                            "SignatureVersion",
                                                            "TracingConfig",
                                                            "FifoTopic",
                                                            "ContentBasedDeduplication",
                                                            "ArchivePolicy",
                                                            "FifoThroughputScope",
                                                            "HTTPSuccessFeedbackRoleArn",
                                                            "SQSSuccessFeedbackRoleArn"};

Sns& sns_of(Call& c) { return c.region.drawers.of<Sns>(); }

Outcome check_attribute(const Topic& topic, std::string_view name, std::string_view value) {
  if (!has(topic_attributes, name) && !name.ends_with("FeedbackRoleArn") && !name.ends_with("SampleRate")) {
    return invalid_sns_parameter("AttributeName", "");
  }
  if ((name == "Policy" || name == "DeliveryPolicy") && !value.empty() && !parse_json(value)) {
    return invalid_sns_parameter("Policy", "failed to parse JSON.");
  }
  if (name == "DisplayName" && value.size() > 100) return invalid_sns_parameter("DisplayName", "Must be at most 100");
  if (name == "FifoTopic" && (value == "true") != topic.is_fifo()) {
    return invalid_sns_parameter("Topic Name", "");
  }
  return {};
}

Outcome create(Call& c) {
  const std::string name = c["Name"].as_string();
  const std::string_view stem = name.ends_with(".fifo") ? std::string_view(name).substr(0, name.size() - 5) : name;
  const bool plain =
      stem.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") == stem.npos;
  if (stem.empty() || name.size() > 256 || !plain) return invalid_sns_parameter("Topic Name", "");
  Topic topic{.id = name};
  for (auto [key, value] : c["Attributes"].entries()) {
    TRY(check_attribute(topic, key, value.as_text()));
    topic.attributes[std::string(key)] = value.as_string();
  }
  if (topic.is_fifo() && c["Attributes"]["FifoTopic"].as_text() != "true") {
    return invalid_sns_parameter("Topic Name", "");
  }
  auto tags = read_tags(c["Tags"]);
  if (!tags) return invalid_sns_parameter("Tags", tags.error().message);
  topic.tags = *std::move(tags);
  Sns& sns = sns_of(c);
  if (const Topic* there = sns.topics.find(name)) {
    for (const auto& [key, value] : topic.attributes) {
      const auto at = there->attributes.find(key);
      if (at == there->attributes.end() || at->second != value) {
        return invalid_sns_parameter("Attributes", "Topic already exists with different attributes");
      }
    }
    if (!topic.tags.empty() && topic.tags != there->tags) {
      return invalid_sns_parameter("Tags", "Topic already exists with different tags");
    }
  } else {
    constexpr std::size_t quota = 100'000;  // [AWS general reference, "SNS quotas"]: standard topics
    if (sns.topics.rows.size() >= quota) return fault("TopicLimitExceeded", "Too many topics.", 403);
    sns.topics.add(std::move(topic));
  }
  c.out.put("TopicArn", topic_arn(c.region.name, c.account.id, name));
  return {};
}

Outcome remove(Call& c) {
  const std::string arn = c["TopicArn"].as_string();
  const auto topic = topic_of(c, arn);
  if (!topic) return topic.error().code == "NotFound" ? Outcome() : std::unexpected(topic.error());
  const std::string name = (*topic)->id;
  Sns& sns = sns_of(c);
  std::erase_if(sns.subscriptions.rows, [&](const auto& row) { return row.second.topic == name; });
  sns.topics.erase(name);
  return {};
}

Outcome list(Call& c) {
  auto page = read_page(c, false, 1, 100);
  if (!page) return invalid_sns_parameter("NextToken", page.error().message);
  page->size = 100;
  Listed<Topic> listed;
  list_table(c, sns_of(c).topics, c.account.id, *page, {}, "", {}, [](const Topic&) { return true; }, listed);
  c.out.begin_list("Topics");
  for (const Topic* topic : listed.rows) {
    c.out.begin_map();
    c.out.put("TopicArn", topic_arn(c.region.name, c.account.id, topic->id));
    c.out.end();
  }
  c.out.end();
  c.out.put_if("NextToken", listed.next);
  return {};
}

Outcome get_attributes(Call& c) {
  TRY(const Topic* topic, topic_of(c, c["TopicArn"].as_text()));
  std::int64_t confirmed = 0, pending = 0;
  for (const auto& [id, row] : sns_of(c).subscriptions.rows) {
    if (row.topic == topic->id) ++(row.token.empty() ? confirmed : pending);
  }
  const std::string arn = topic_arn(c.region.name, c.account.id, topic->id);
  Tags all = topic->attributes;
  all["TopicArn"] = arn;
  all["Owner"] = c.account.id;
  all["SubscriptionsConfirmed"] = std::to_string(confirmed);
  all["SubscriptionsPending"] = std::to_string(pending);
  all["SubscriptionsDeleted"] = "0";
  all.emplace("DisplayName", "");
  all.emplace("Policy", fmt::format(R"({{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{{"Sid":)"
                                    R"("__default_statement_ID","Effect":"Allow","Principal":{{"AWS":"*"}},"Action":)"
                                    R"(["SNS:GetTopicAttributes","SNS:SetTopicAttributes","SNS:AddPermission",)"
                                    R"("SNS:RemovePermission","SNS:DeleteTopic","SNS:Subscribe",)"
                                    R"("SNS:ListSubscriptionsByTopic","SNS:Publish"],"Resource":"{}","Condition":)"
                                    R"({{"StringEquals":{{"AWS:SourceOwner":"{}"}}}}}}]}})",
                                    arn, c.account.id));
  if (topic->is_fifo()) all.emplace("ContentBasedDeduplication", "false");
  c.out.begin_map("Attributes");
  for (const auto& [key, value] : all) c.out.put(key, value);
  c.out.end();
  return {};
}

Outcome set_attributes(Call& c) {
  TRY(Topic * topic, topic_of(c, c["TopicArn"].as_text()));
  const std::string name = c["AttributeName"].as_string(), value = c["AttributeValue"].as_string();
  TRY(check_attribute(*topic, name, value));
  if (value.empty()) {
    topic->attributes.erase(name);
  } else {
    topic->attributes[name] = value;
  }
  return {};
}

std::expected<Topic*, Fault> tagged(Call& c) {
  auto topic = topic_of(c, c["ResourceArn"].as_text());
  if (!topic) return fault("ResourceNotFound", "Resource does not exist", 404);
  return *topic;
}

Outcome tag(Call& c) {
  TRY(Topic * topic, tagged(c));
  auto tags = read_tags(c["Tags"]);
  if (!tags) return invalid_sns_parameter("Tags", tags.error().message);
  if (!merge_tags(topic->tags, *tags)) {
    return fault("TagLimitExceeded", "Could not complete request: tag quota of per resource exceeded");
  }
  return {};
}

Outcome untag(Call& c) {
  TRY(Topic * topic, tagged(c));
  for (const std::string_view key : texts(c["TagKeys"])) {
    if (const auto at = topic->tags.find(key); at != topic->tags.end()) topic->tags.erase(at);
  }
  return {};
}

Outcome list_tags(Call& c) {
  TRY(const Topic* topic, tagged(c));
  c.out.begin_list("Tags");
  for (const auto& [key, value] : topic->tags) {
    c.out.begin_map();
    c.out.put("Key", key);
    c.out.put("Value", value);
    c.out.end();
  }
  c.out.end();
  return {};
}

void deliver_to_topic(Store& store, Region& region, std::string_view arn, const Delivery& delivery) {
  Topic* topic = region.drawers.of<Sns>().topics.find(arn.substr(arn.rfind(':') + 1));
  if (!topic) return;
  Publication publication{.message = delivery.body, .subject = delivery.subject};
  for (const auto& [name, value] : delivery.attributes) {
    if (name == "MessageGroupId") {
      publication.group_id = value;
    } else if (name == "MessageDeduplicationId") {
      publication.deduplication_id = value;
    } else {
      publication.attributes.push_back({.name = name, .value = value});
    }
  }
  publish(store, region, *topic, publication, delivery.at);
}

}  // namespace

std::string topic_arn(std::string_view region, std::string_view account, std::string_view name) {
  return fmt::format("arn:aws:sns:{}:{}:{}", region, account, name);
}

void Sns::each_tagged(const DrawerPlace& place, const TagVisitor& visit) {
  for (auto& [id, topic] : topics.rows) visit(topic_arn(place.region, place.account, id), "sns:topic", topic.tags);
}

std::unexpected<Fault> invalid_sns_parameter(std::string_view name, std::string_view reason) {
  if (reason.empty()) return fault("InvalidParameter", fmt::format("Invalid parameter: {}", name));
  return fault("InvalidParameter", fmt::format("Invalid parameter: {} Reason: {}", name, reason));
}

std::expected<Topic*, Fault> topic_of(Call& c, std::string_view arn) {
  if (!arn.starts_with("arn:aws:sns:")) {
    return invalid_sns_parameter("TopicArn", "An ARN must have at least 6 elements, not 1");
  }
  const std::string_view name = arn.substr(arn.rfind(':') + 1);
  Topic* topic = arn == topic_arn(c.region.name, c.account.id, name) ? sns_of(c).topics.find(name) : nullptr;
  if (!topic) return fault("NotFound", "Topic does not exist", 404);
  return topic;
}

void register_sns(Registry& r) {
  r.add_drawer<Sns>();
  r.targets["sns"] = deliver_to_topic;
  r.add("sns", "CreateTopic", create);
  r.add("sns", "DeleteTopic", remove);
  r.add("sns", "ListTopics", list);
  r.add("sns", "GetTopicAttributes", get_attributes);
  r.add("sns", "SetTopicAttributes", set_attributes);
  r.add("sns", "TagResource", tag);
  r.add("sns", "UntagResource", untag);
  r.add("sns", "ListTagsForResource", list_tags);
  register_sns_subscriptions(r);
  register_sns_publish(r);
}

}  // namespace reeve::sandbox
