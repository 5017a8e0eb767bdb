#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "sandbox/listing.h"
#include "sandbox/services/event_pattern.h"
#include "sandbox/services/ses_mail.h"
#include "sandbox/services/sns.h"

// SNS: publishing, filters, and what each protocol is handed. Forms of the messages: [SNS developer guide, "Parsing
// message formats"].
namespace reeve::sandbox {
namespace {

std::string time_with_ms(Time time) { return filter_date(time); }

/// The fields that a filter policy looks at.
Document filterable(const Publication& publication, std::string_view scope) {
  if (scope == "MessageBody") {
    auto body = parse_json(publication.message);
    return body ? *std::move(body) : Document();
  }
  Builder out;
  out.begin_map();
  for (const MessageAttribute& attribute : publication.attributes) {
    if (attribute.is_binary()) continue;
    const auto json =
        attribute.type == "String" ? Result<Document>(fail(Code::malformed, "")) : parse_json(attribute.value);
    if (json && (json->root().is_number() || json->root().is_list())) {  // Number and String.Array
      out.put(attribute.name, *json);
    } else {
      out.put(attribute.name, attribute.value);
    }
  }
  out.end();
  return out.finish();
}

bool passes_filter(const Subscription& subscription, const Publication& publication) {
  const std::string_view text = subscription.text("FilterPolicy");
  if (text.empty()) return true;
  const auto policy = parse_json(text);
  const Document fields = filterable(publication, subscription.text("FilterPolicyScope"));
  return policy && matches_event_pattern(*policy, fields);
}

/// One message on its way to one subscription.
struct Sending {
  Store& store;
  Region& region;
  const Topic& topic;
  const Subscription& to;
  const Publication& publication;
  const Published& published;
  std::string text;  ///< for this protocol
  Time now;
};

void write_attributes(Builder& out, const Sending& s) {
  if (s.publication.attributes.empty()) return;
  out.begin_map("MessageAttributes");
  for (const MessageAttribute& attribute : s.publication.attributes) {
    out.begin_map(attribute.name);
    out.put("Type", attribute.type);
    out.put("Value", attribute.is_binary() ? encode_base64(attribute.value) : attribute.value);
    out.end();
  }
  out.end();
}

/// `url_word` is "URL" in envelopes and "Url" in Lambda's events.
void write_notification(Builder& out, const Sending& s, std::string_view url_word) {
  const std::string arn = topic_arn(s.region.name, s.region.account, s.topic.id);
  const std::string host = fmt::format("https://sns.{}.amazonaws.com/", s.region.name);
  out.put("Type", "Notification");
  out.put("MessageId", s.published.message_id);
  out.put_if("SequenceNumber", s.published.sequence_number);
  out.put("TopicArn", arn);
  out.put_if("Subject", s.publication.subject);
  out.put("Message", s.text);
  out.put("Timestamp", time_with_ms(s.now));
  out.put("SignatureVersion", "1");
  out.put("Signature", encode_base64("a sandbox signs nothing"));
  out.put(fmt::format("SigningCert{}", url_word), host + "SimpleNotificationService-0000000000000000000000.pem");
  out.put(fmt::format("Unsubscribe{}", url_word),
          fmt::format("{}?Action=Unsubscribe&SubscriptionArn={}", host, s.to.id));
  write_attributes(out, s);
}

std::string envelope(const Sending& s) {
  Builder out;
  out.begin_map();
  write_notification(out, s, "URL");
  out.end();
  return to_json(out.finish());
}

std::string lambda_event(const Sending& s) {
  Builder out;
  out.begin_map();
  out.begin_list("Records");
  out.begin_map();
  out.put("EventSource", "aws:sns");
  out.put("EventVersion", "1.0");
  out.put("EventSubscriptionArn", s.to.id);
  out.begin_map("Sns");
  write_notification(out, s, "Url");
  out.end();
  out.end();
  out.end();
  out.end();
  return to_json(out.finish());
}

QueueMessage queue_message(const Sending& s) {
  const bool raw = s.to.text("RawMessageDelivery") == "true";
  QueueMessage message{.body = raw ? s.text : envelope(s),
                       .group_id = s.publication.group_id,
                       .deduplication_id = s.publication.deduplication_id,
                       .sender_id = "AIDAEXAMPLESNS"};
  if (raw) message.attributes = s.publication.attributes;
  return message;
}

bool to_queue(const Sending& s, std::string_view arn) {
  const FoundQueue found = find_queue(s.store, arn);
  if (!found.queue || (found.queue->is_fifo() && s.publication.group_id.empty())) return false;
  put_message(s.store, *found.region, *found.queue, queue_message(s), -1, s.now);
  return true;
}

void by_mail(const Sending& s) {
  const bool json = s.to.protocol == "email-json";
  const std::string subject = s.publication.subject.empty() ? "AWS Notification Message" : s.publication.subject;
  put_mail(s.store, s.region,
           {.service = "sns",
            .from = "AWS Notifications <no-reply@sns.amazonaws.com>",
            .subject = subject,
            .text = json ? envelope(s) : s.text,
            .to = {s.to.endpoint}},
           s.now);
}

void on_record(Store& store, Region& region, Notification notification, Time now) {
  Sns& sns = region.drawers.of<Sns>();
  notification.id = fmt::format("{:016x}-{}", now.us, store.random().uuid());  // sorts by time
  notification.time = now;
  sns.kept_notifications.add(sns.notifications, std::move(notification), [](const Notification& row) {
    return row.body.size() + row.subject.size() + row.endpoint.size();
  });
}

void record(const Sending& s) {
  const bool web = s.to.protocol.starts_with("http") && s.to.text("RawMessageDelivery") != "true";
  on_record(s.store, s.region,
            {.topic_arn = topic_arn(s.region.name, s.region.account, s.topic.id),
             .protocol = s.to.protocol,
             .endpoint = s.to.endpoint,
             .subject = s.publication.subject,
             .body = web ? envelope(s) : s.text},
            s.now);
}

/// To the subscription's dead-letter queue, where it has one.
void give_up(const Sending& s) {
  const auto policy = parse_json(s.to.text("RedrivePolicy"));
  if (policy) to_queue(s, (*policy)["deadLetterTargetArn"].as_string());
}

void send(const Sending& s) {
  const std::string_view protocol = s.to.protocol;
  if (protocol == "sqs") {
    if (!to_queue(s, s.to.endpoint)) give_up(s);
  } else if (protocol == "lambda") {
    const Delivery delivery{.source_arn = topic_arn(s.region.name, s.region.account, s.topic.id),
                            .subject = s.publication.subject,
                            .body = lambda_event(s),
                            .attributes = {},
                            .at = s.now};
    if (!s.store.deliver(s.to.endpoint, delivery)) give_up(s);
  } else if (protocol.starts_with("email")) {
    by_mail(s);
  } else {
    record(s);
  }
}

std::string text_for(const Publication& publication, std::string_view protocol) {
  if (!publication.by_protocol) return publication.message;
  const auto all = parse_json(publication.message);
  if (!all) return publication.message;
  const Value own = (*all)[protocol];
  return own.is_text() ? own.as_string() : (*all)["default"].as_string();
}

/// What Publish and an entry of PublishBatch say. Faults: InvalidParameter.
std::expected<Publication, Fault> read_publication(const Topic* topic, Value from) {
  constexpr std::size_t longest_message = 262'144, longest_subject = 100;
  Publication out{.message = from["Message"].as_string(),
                  .subject = from["Subject"].as_string(),
                  .group_id = from["MessageGroupId"].as_string(),
                  .deduplication_id = from["MessageDeduplicationId"].as_string(),
                  .by_protocol = from["MessageStructure"].as_text() == "json"};
  if (out.message.empty()) return invalid_sns_parameter("Empty message", "");
  if (out.message.size() > longest_message) return invalid_sns_parameter("Message too long", "");
  if (out.subject.size() > longest_subject || out.subject.find('\n') != std::string::npos) {
    return invalid_sns_parameter("Subject", "");
  }
  if (out.by_protocol) {
    const auto json = parse_json(out.message);
    if (!json) return invalid_sns_parameter("Message Structure - JSON message body failed to parse", "");
    if (!(*json)["default"].is_text()) {
      return invalid_sns_parameter("Message Structure - No default entry in JSON message body", "");
    }
  }
  for (auto [name, value] : from["MessageAttributes"].entries()) {
    MessageAttribute attribute{.name = std::string(name), .type = value["DataType"].as_string()};
    attribute.value = value[attribute.is_binary() ? "BinaryValue" : "StringValue"].as_string();
    const bool known =
        attribute.type.starts_with("String") || attribute.type.starts_with("Number") || attribute.is_binary();
    if (!known || attribute.value.empty()) {
      return fault("ParameterValueInvalid",
                   fmt::format("The message attribute '{}' must contain non-empty message attribute value.", name));
    }
    out.attributes.push_back(std::move(attribute));
  }
  std::ranges::sort(out.attributes, {}, &MessageAttribute::name);
  if (!topic || !topic->is_fifo()) return out;
  if (out.group_id.empty()) {
    return invalid_sns_parameter("The MessageGroupId parameter is required for FIFO topics", "");
  }
  const auto by_content = topic->attributes.find("ContentBasedDeduplication");
  const bool has_content_ids = by_content != topic->attributes.end() && by_content->second == "true";
  if (out.deduplication_id.empty() && !has_content_ids) {
    return invalid_sns_parameter(
        "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
        "");
  }
  if (out.deduplication_id.empty()) out.deduplication_id = sha256_hex(out.message);
  return out;
}

Outcome publish_one(Call& c) {
  if (c["PhoneNumber"].is_text()) {
    TRY(const Publication publication, read_publication(nullptr, c.params));
    on_record(c.store, c.region,
              {.protocol = "sms", .endpoint = c["PhoneNumber"].as_string(), .body = publication.message}, c.now);
    c.out.put("MessageId", c.store.random().uuid());
    return {};
  }
  const std::string arn = std::string(c["TopicArn"].as_text_or(c["TargetArn"].as_text()));
  TRY(Topic * topic, topic_of(c, arn));
  TRY(const Publication publication, read_publication(topic, c.params));
  const Published published = publish(c.store, c.region, *topic, publication, c.now);
  c.out.put("MessageId", published.message_id);
  c.out.put_if("SequenceNumber", published.sequence_number);
  return {};
}

Outcome publish_batch(Call& c) {
  constexpr std::size_t most_entries = 10;
  TRY(Topic * topic, topic_of(c, c["TopicArn"].as_text()));
  const Value entries = c["PublishBatchRequestEntries"];
  if (entries.empty()) return fault("EmptyBatchRequest", "The batch request doesn't contain any entries.");
  if (entries.size() > most_entries) {
    return fault("TooManyEntriesInBatchRequest", "The batch request contains more entries than permissible.");
  }
  std::set<std::string_view> ids;
  for (Value entry : entries.items()) {
    if (!ids.insert(entry["Id"].as_text()).second) {
      return fault("BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id.");
    }
  }
  std::vector<std::pair<std::string, Fault>> failed;
  c.out.begin_list("Successful");
  for (Value entry : entries.items()) {
    const auto publication = read_publication(topic, entry);
    if (!publication) {
      failed.emplace_back(entry["Id"].as_string(), publication.error());
      continue;
    }
    const Published published = publish(c.store, c.region, *topic, *publication, c.now);
    c.out.begin_map();
    c.out.put("Id", entry["Id"].as_text());
    c.out.put("MessageId", published.message_id);
    c.out.put_if("SequenceNumber", published.sequence_number);
    c.out.end();
  }
  c.out.end();
  c.out.begin_list("Failed");
  for (const auto& [id, why] : failed) {
    c.out.begin_map();
    c.out.put("Id", id);
    c.out.put("Code", why.code);
    c.out.put("Message", why.message);
    c.out.put("SenderFault", true);
    c.out.end();
  }
  c.out.end();
  return {};
}

}  // namespace

Published publish(Store& store, Region& region, Topic& topic, const Publication& publication, Time now) {
  Published published{.message_id = store.random().uuid()};
  if (topic.is_fifo()) {
    std::erase_if(topic.recent, [&](const Deduplication& d) { return d.until <= now; });
    const auto known = std::ranges::find(topic.recent, publication.deduplication_id, &Deduplication::id);
    if (known != topic.recent.end()) return {known->message_id, known->sequence_number};
    published.sequence_number =
        fmt::format("{:020}", 10'000'000'000'000'000'000ULL + static_cast<std::uint64_t>(topic.next_sequence++));
    topic.recent.push_back(
        {publication.deduplication_id, published.message_id, published.sequence_number, now + std::chrono::minutes(5)});
  }
  for (const auto& [id, subscription] : region.drawers.of<Sns>().subscriptions.rows) {
    if (subscription.topic != topic.id || !subscription.token.empty()) continue;
    if (!passes_filter(subscription, publication)) continue;
    send({store, region, topic, subscription, publication, published, text_for(publication, subscription.protocol),
          now});
  }
  return published;
}

void ask_to_confirm(Store& store, Region& region, const Subscription& subscription, Time now) {
  const std::string arn = topic_arn(region.name, region.account, subscription.topic);
  const std::string link =
      fmt::format("https://sns.{}.amazonaws.com/confirmation.html?TopicArn={}&Token={}&Endpoint={}", region.name, arn,
                  subscription.token, subscription.endpoint);
  if (subscription.protocol.starts_with("email")) {
    put_mail(store, region,
             {.service = "sns",
              .from = "AWS Notifications <no-reply@sns.amazonaws.com>",
              .subject = "AWS Notification - Subscription Confirmation",
              .text = fmt::format(
                  "You have chosen to subscribe to the topic:\n{}\n\nTo confirm this subscription:\n{}\n", arn, link),
              .to = {subscription.endpoint}},
             now);
    return;
  }
  Builder out;
  out.begin_map();
  out.put("Type", "SubscriptionConfirmation");
  out.put("MessageId", store.random().uuid());
  out.put("Token", subscription.token);
  out.put("TopicArn", arn);
  out.put("Message", fmt::format("You have chosen to subscribe to the topic {}.", arn));
  out.put("SubscribeURL", link);
  out.put("Timestamp", time_with_ms(now));
  out.end();
  on_record(store, region,
            {.topic_arn = arn,
             .protocol = subscription.protocol,
             .endpoint = subscription.endpoint,
             .body = to_json(out.finish())},
            now);
}

void register_sns_publish(Registry& r) {
  r.add("sns", "Publish", publish_one);
  r.add("sns", "PublishBatch", publish_batch);
}

}  // namespace reeve::sandbox
