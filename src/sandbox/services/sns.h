#pragma once
#include <string>
#include <vector>

#include "sandbox/kept_rows.h"
#include "sandbox/services/sqs.h"

/// SNS's topics and subscriptions.
namespace reeve::sandbox {

struct Topic {
  std::string id;   ///< its name
  Tags attributes;  ///< those that SetTopicAttributes knows
  Tags tags;
  std::vector<Deduplication> recent;
  std::int64_t next_sequence = 0;
  bool is_fifo() const { return id.ends_with(".fifo"); }
};

template <class Io, like<Topic> S>
void fields(Io& io, S& s) {
  io("TopicName", s.id);
  io.tags("Attributes", s.attributes);
  io.tags("Tags", s.tags);
  io.list("Deduplication", s.recent);
  io("NextSequence", s.next_sequence);
}

struct Subscription {
  std::string id;  ///< its ARN, also while it is pending
  std::string topic, protocol, endpoint, owner;
  std::string token;  ///< confirms it; empty once it is confirmed
  Tags attributes;
  std::string_view text(std::string_view attribute) const {
    const auto at = attributes.find(attribute);
    return at == attributes.end() ? std::string_view() : std::string_view(at->second);
  }
};

template <class Io, like<Subscription> S>
void fields(Io& io, S& s) {
  io("SubscriptionArn", s.id);
  io("TopicName", s.topic);
  io("Protocol", s.protocol);
  io("Endpoint", s.endpoint);
  io("Owner", s.owner);
  io("Token", s.token);
  io.tags("Attributes", s.attributes);
}

/// Fills in what a file may leave out: the account as the owner.
void complete(const RowPlace& place, Subscription& subscription, Time now);

/// What would have gone to a web address or a telephone: kept instead.
struct Notification {
  std::string id, topic_arn, protocol, endpoint, subject, body;
  Time time;
};

template <class Io, like<Notification> S>
void fields(Io& io, S& s) {
  io("NotificationId", s.id);
  io("TopicArn", s.topic_arn);
  io("Protocol", s.protocol);
  io("Endpoint", s.endpoint);
  io("Subject", s.subject);
  io("Body", s.body);
  io("Time", s.time);
}

struct Sns : Drawer {
  static constexpr std::string_view name = "sns";
  Table<Topic> topics;
  Table<Subscription> subscriptions;
  Table<Notification> notifications;
  KeptRows kept_notifications;  ///< bounds them
  void each_table(EstateTables& tables) override {
    tables("topics", topics);
    tables("subscriptions", subscriptions);
    tables("notifications", notifications);
  }
  void each_tagged(const DrawerPlace& place, const TagVisitor& visit) override;
};

std::string topic_arn(std::string_view region, std::string_view account, std::string_view name);

/// One message to a topic, as Publish gives it.
struct Publication {
  std::string message, subject, group_id, deduplication_id;
  bool by_protocol = false;  ///< MessageStructure "json": the message has a text for each protocol
  std::vector<MessageAttribute> attributes;
};
struct Published {
  std::string message_id, sequence_number;
};
/// Hands a message to all subscriptions whose filters let it pass.
Published publish(Store& store, Region& region, Topic& topic, const Publication& publication, Time now);

/// A subscription that waits for its confirmation is asked for it: by mail, or on record.
void ask_to_confirm(Store& store, Region& region, const Subscription& subscription, Time now);

/// Whether the policy of a subscription is a good one. Faults: InvalidParameter.
Outcome check_filter_policy(std::string_view policy, std::string_view scope);

/// The topic of an ARN in this region and account. Faults: NotFound, InvalidParameter.
std::expected<Topic*, Fault> topic_of(Call& call, std::string_view arn);
std::unexpected<Fault> invalid_sns_parameter(std::string_view name, std::string_view reason);

void register_sns_subscriptions(Registry& r);
void register_sns_publish(Registry& r);

}  // namespace reeve::sandbox
