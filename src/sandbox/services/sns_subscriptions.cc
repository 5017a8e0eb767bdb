#include <fmt/format.h>

#include <array>

#include "base/json.h"
#include "sandbox/listing.h"
#include "sandbox/services/event_pattern.h"
#include "sandbox/services/sns.h"

// SNS: subscriptions, their confirmation and their attributes.
namespace reeve::sandbox {
namespace {

constexpr std::array<std::string_view, 9> protocols{"http", "https",  "email",       "email-json", "sms",
                                                    "sqs",  "lambda", "application", "firehose"};
constexpr std::array<std::string_view, 7> attribute_names{"DeliveryPolicy",     "FilterPolicy",  "FilterPolicyScope",
                                                          "RawMessageDelivery", "RedrivePolicy", "SubscriptionRoleArn",
                                                          "ReplayPolicy"};

Sns& sns_of(Call& c) { return c.region.drawers.of<Sns>(); }

Outcome check_attribute(const Subscription& of, std::string_view name, std::string_view value) {
  if (!has(attribute_names, name)) return invalid_sns_parameter("AttributeName", "");
  if (name == "FilterPolicyScope" && value != "MessageAttributes" && value != "MessageBody") {
    return invalid_sns_parameter("FilterPolicyScope", "Only MessageAttributes and MessageBody are allowed");
  }
  if (name == "RawMessageDelivery") {
    if (value != "true" && value != "false") return invalid_sns_parameter("RawMessageDelivery", "Only true and false");
    const std::string_view p = of.protocol;
    if (value == "true" && p != "sqs" && p != "http" && p != "https" && p != "firehose") {
      return invalid_sns_parameter("Attributes", "RawMessageDelivery is not supported for this protocol");
    }
  }
  if ((name == "RedrivePolicy" || name == "DeliveryPolicy") && !value.empty() && !parse_json(value)) {
    return invalid_sns_parameter(name, "failed to parse JSON.");
  }
  return {};
}

Outcome set_all(Subscription& into, Value attributes) {
  for (auto [key, value] : attributes.entries()) {
    TRY(check_attribute(into, key, value.as_text()));
    into.attributes[std::string(key)] = value.as_string();
  }
  const std::string_view policy = into.text("FilterPolicy");
  return policy.empty() ? Outcome() : check_filter_policy(policy, into.text("FilterPolicyScope"));
}

bool needs_confirmation(std::string_view protocol) {
  return protocol.starts_with("email") || protocol.starts_with("http");
}

Outcome check_endpoint(std::string_view protocol, std::string_view endpoint) {
  const bool good = protocol.starts_with("email")               ? endpoint.find('@') != endpoint.npos
                    : protocol == "http" || protocol == "https" ? endpoint.starts_with(fmt::format("{}://", protocol))
                    : protocol == "sqs" || protocol == "lambda"
                        ? endpoint.starts_with(fmt::format("arn:aws:{}:", protocol))
                        : !endpoint.empty();
  if (good) return {};
  return invalid_sns_parameter(protocol == "sqs" ? "SQS endpoint ARN" : "Endpoint", "");
}

Outcome subscribe(Call& c) {
  TRY(Topic * topic, topic_of(c, c["TopicArn"].as_text()));
  const std::string protocol = c["Protocol"].as_string(), endpoint = c["Endpoint"].as_string();
  if (!has(protocols, std::string_view(protocol)))
    return invalid_sns_parameter("Amazon SNS does not support this protocol string", protocol);
  TRY(check_endpoint(protocol, endpoint));
  Sns& sns = sns_of(c);
  for (const auto& [id, there] : sns.subscriptions.rows) {
    if (there.topic != topic->id || there.protocol != protocol || there.endpoint != endpoint) continue;
    Subscription asked{.protocol = protocol};
    TRY(set_all(asked, c["Attributes"]));
    for (const auto& [key, value] : asked.attributes) {
      if (there.text(key) != value) {
        return invalid_sns_parameter("Attributes", "Subscription already exists with different attributes");
      }
    }
    c.out.put("SubscriptionArn",
              there.token.empty() || c["ReturnSubscriptionArn"].as_bool() ? id : "pending confirmation");
    return {};
  }
  constexpr std::size_t quota = 500'000;
  if (sns.subscriptions.rows.size() >= quota) {
    return fault("SubscriptionLimitExceeded", "Subscription limit exceeded.", 403);
  }
  Subscription made{.id = fmt::format("{}:{}", c["TopicArn"].as_text(), c.store.random().uuid()),
                    .topic = topic->id,
                    .protocol = protocol,
                    .endpoint = endpoint,
                    .owner = c.account.id};
  TRY(set_all(made, c["Attributes"]));
  if (needs_confirmation(protocol)) {
    for (int i = 0; i < 4; ++i) made.token += fmt::format("{:016x}", c.store.random().next());
  }
  const Subscription& kept = sns.subscriptions.add(std::move(made));
  if (!kept.token.empty()) ask_to_confirm(c.store, c.region, kept, c.now);
  c.out.put("SubscriptionArn",
            kept.token.empty() || c["ReturnSubscriptionArn"].as_bool() ? kept.id : "pending confirmation");
  return {};
}

Outcome confirm(Call& c) {
  TRY(const Topic* topic, topic_of(c, c["TopicArn"].as_text()));
  const std::string_view token = c["Token"].as_text();
  for (auto& [id, row] : sns_of(c).subscriptions.rows) {
    if (row.topic != topic->id || row.token.empty() || row.token != token) continue;
    row.token.clear();
    c.out.put("SubscriptionArn", id);
    return {};
  }
  return invalid_sns_parameter("Token", "");
}

Outcome unsubscribe(Call& c) {
  const std::string arn = c["SubscriptionArn"].as_string();
  if (!arn.starts_with("arn:aws:sns:"))
    return invalid_sns_parameter("SubscriptionArn", "An ARN must have at least 6 elements, not 1");
  sns_of(c).subscriptions.erase(arn);
  return {};
}

Outcome list_where(Call& c, std::string_view topic) {
  auto page = read_page(c, false, 1, 100);
  if (!page) return invalid_sns_parameter("NextToken", page.error().message);
  page->size = 100;  // [SNS API reference, "ListSubscriptionsByTopic"]
  Listed<Subscription> listed;
  list_table(
      c, sns_of(c).subscriptions, c.account.id, *page, {}, "", {},
      [&](const Subscription& row) { return topic.empty() || row.topic == topic; }, listed);
  c.out.begin_list("Subscriptions");
  for (const Subscription* row : listed.rows) {
    c.out.begin_map();
    c.out.put("SubscriptionArn", row->token.empty() ? std::string_view(row->id) : "PendingConfirmation");
    c.out.put("Owner", row->owner);
    c.out.put("Protocol", row->protocol);
    c.out.put("Endpoint", row->endpoint);
    c.out.put("TopicArn", topic_arn(c.region.name, c.account.id, row->topic));
    c.out.end();
  }
  c.out.end();
  c.out.put_if("NextToken", listed.next);
  return {};
}

Outcome list(Call& c) { return list_where(c, ""); }

Outcome list_by_topic(Call& c) {
  TRY(const Topic* topic, topic_of(c, c["TopicArn"].as_text()));
  return list_where(c, topic->id);
}

std::expected<Subscription*, Fault> own(Call& c) {
  if (Subscription* row = sns_of(c).subscriptions.find(c["SubscriptionArn"].as_text())) return row;
  return fault("NotFound", "Subscription does not exist", 404);
}

Outcome get_attributes(Call& c) {
  TRY(const Subscription* row, own(c));
  Tags all = row->attributes;
  all["SubscriptionArn"] = row->id;
  all["TopicArn"] = topic_arn(c.region.name, c.account.id, row->topic);
  all["Protocol"] = row->protocol;
  all["Endpoint"] = row->endpoint;
  all["Owner"] = row->owner;
  all["PendingConfirmation"] = row->token.empty() ? "false" : "true";
  all["ConfirmationWasAuthenticated"] = needs_confirmation(row->protocol) ? "false" : "true";
  all["SubscriptionPrincipal"] = fmt::format("arn:aws:iam::{}:root", row->owner);
  all.emplace("RawMessageDelivery", "false");
  if (all.contains("FilterPolicy")) all.emplace("FilterPolicyScope", "MessageAttributes");
  c.out.begin_map("Attributes");
  for (const auto& [key, value] : all) c.out.put(key, value);
  c.out.end();
  return {};
}

Outcome set_attributes(Call& c) {
  TRY(Subscription * row, own(c));
  const std::string name = c["AttributeName"].as_string(), value = c["AttributeValue"].as_string();
  if (value.empty() || (name == "FilterPolicy" && value == "{}")) {
    row->attributes.erase(name);
    return {};
  }
  TRY(check_attribute(*row, name, value));
  if (name == "FilterPolicy") TRY(check_filter_policy(value, row->text("FilterPolicyScope")));
  row->attributes[name] = value;
  return {};
}

}  // namespace

void complete(const RowPlace& place, Subscription& subscription, Time) {
  if (subscription.owner.empty()) subscription.owner = place.account;
}

Outcome check_filter_policy(std::string_view text, std::string_view scope) {
  const auto policy = parse_json(text);
  if (!policy) return invalid_sns_parameter("FilterPolicy: failed to parse JSON.", "");
  if (const auto problem = check_event_pattern(*policy)) {
    return invalid_sns_parameter(fmt::format("FilterPolicy: {}", *problem), "");
  }
  if (scope == "MessageBody") return {};
  for (auto [name, wanted] : policy->root().entries()) {
    if (wanted.is_map()) {
      return invalid_sns_parameter(
          "FilterPolicy: Filter policy scope MessageAttributes does not support nested filter "
          "policy",
          "");
    }
  }
  return {};
}

void register_sns_subscriptions(Registry& r) {
  r.add("sns", "Subscribe", subscribe);
  r.add("sns", "ConfirmSubscription", confirm);
  r.add("sns", "Unsubscribe", unsubscribe);
  r.add("sns", "ListSubscriptions", list);
  r.add("sns", "ListSubscriptionsByTopic", list_by_topic);
  r.add("sns", "GetSubscriptionAttributes", get_attributes);
  r.add("sns", "SetSubscriptionAttributes", set_attributes);
}

}  // namespace reeve::sandbox
