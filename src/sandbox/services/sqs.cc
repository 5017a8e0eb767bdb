#include "sandbox/services/sqs.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.h"
#include "base/json.h"
#include "sandbox/metrics.h"

// SQS: what a queue does with its messages. Rules: [SQS developer guide], [SQS API reference].
namespace reeve::sandbox {
namespace {

constexpr Duration deduplication_interval = std::chrono::minutes(5);
constexpr Duration metrics_interval = std::chrono::minutes(5);
constexpr Duration active_for = std::chrono::hours(6);

void deliver_to_queue(Store& store, Region&, std::string_view arn, const Delivery& delivery) {
  const FoundQueue found = find_queue(store, arn);
  if (!found.queue) return;
  QueueMessage message{.body = delivery.body, .sender_id = delivery.source_arn};
  for (const auto& [name, value] : delivery.attributes) {
    if (name == "MessageGroupId") {
      message.group_id = value;
    } else if (name == "MessageDeduplicationId") {
      message.deduplication_id = value;
    } else {
      message.attributes.push_back({.name = name, .value = value});
    }
  }
  if (found.queue->is_fifo() && message.group_id.empty()) return;  // SQS refuses it, and nobody hears of it
  put_message(store, *found.region, *found.queue, std::move(message), -1, delivery.at);
}

struct Redrive {
  std::string target_arn;
  std::int64_t most_receives = 0;
};

std::optional<Redrive> redrive_of(const Queue& queue) {
  const std::string_view text = queue.text("RedrivePolicy");
  if (text.empty()) return std::nullopt;
  const auto policy = parse_json(text);
  if (!policy) return std::nullopt;
  const Value count = (*policy)["maxReceiveCount"];
  return Redrive{(*policy)["deadLetterTargetArn"].as_string(),
                 count.is_text() ? std::strtoll(count.as_string().c_str(), nullptr, 10) : count.as_integer()};
}

void bury(Store& store, Region& region, const Queue& from, QueueMessage message, const FoundQueue& grave, Time now) {
  message.source_arn = queue_arn(region, from.id);
  message.handle.clear();
  message.visible = now;
  if (grave.queue->is_fifo()) message.sent = now;  // standard queues keep it, so that retention goes on
  Sqs& drawer = grave.region->drawers.of<Sqs>();
  drawer.touch(store, *grave.region, *grave.queue, now);
  auto& messages = grave.queue->messages;
  messages.insert(std::ranges::upper_bound(messages, message.sent, {}, &QueueMessage::sent), std::move(message));
}

}  // namespace

std::int64_t Queue::number(std::string_view attribute) const {
  return std::strtoll(std::string(text(attribute)).c_str(), nullptr, 10);
}
std::string_view Queue::text(std::string_view attribute) const {
  const auto at = attributes.find(attribute);
  return at == attributes.end() ? std::string_view() : std::string_view(at->second);
}

std::string queue_arn(const Region& region, std::string_view queue_name) {
  return fmt::format("arn:aws:sqs:{}:{}:{}", region.name, region.account, queue_name);
}
std::string queue_url(const Region& region, std::string_view queue_name) {
  return fmt::format("https://sqs.{}.amazonaws.com/{}/{}", region.name, region.account, queue_name);
}

FoundQueue find_queue(Store& store, std::string_view arn) {
  constexpr std::string_view start = "arn:aws:sqs:";
  if (!arn.starts_with(start)) return {};
  std::string_view rest = arn.substr(start.size());
  const auto first = rest.find(':'), second = first == rest.npos ? first : rest.find(':', first + 1);
  if (second == rest.npos) return {};
  Region* region = store.find_region(rest.substr(first + 1, second - first - 1), rest.substr(0, first));
  if (!region) return {};
  Queue* queue = region->drawers.of<Sqs>().queues.find(rest.substr(second + 1));
  return {region, queue};
}

void complete(const RowPlace& place, Queue& queue, Time now) {
  if (queue.created == Time{}) queue.created = now - std::chrono::hours(24);
  if (queue.modified == Time{}) queue.modified = queue.created;
  add_default_attributes(queue);
  for (QueueMessage& message : queue.messages) {
    if (message.id.empty()) message.id = place.store.random().uuid();
    if (message.sent == Time{}) message.sent = now;
    if (message.visible == Time{}) message.visible = message.sent;
    if (queue.is_fifo() && message.group_id.empty()) message.group_id = "default";
    std::ranges::sort(message.attributes, {}, &MessageAttribute::name);
  }
  std::ranges::sort(queue.messages, {}, &QueueMessage::sent);
}

void tidy(Queue& queue, Time now) {
  const Duration retention = std::chrono::seconds(queue.number("MessageRetentionPeriod"));
  while (!queue.messages.empty() && queue.messages.front().sent + retention <= now) queue.messages.pop_front();
  std::erase_if(queue.recent, [&](const Deduplication& d) { return d.until <= now; });
}

QueueCounts count_messages(const Queue& queue, Time now) {
  QueueCounts counts;
  for (const QueueMessage& message : queue.messages) {
    if (message.visible <= now) {
      ++counts.visible;
    } else {
      ++(message.handle.empty() ? counts.delayed : counts.in_flight);
    }
    if (counts.oldest == Time{} || message.sent < counts.oldest) counts.oldest = message.sent;
  }
  return counts;
}

QueueMessage put_message(Store& store, Region& region, Queue& queue, QueueMessage message, std::int64_t delay_s,
                         Time now) {
  tidy(queue, now);
  std::ranges::sort(message.attributes, {}, &MessageAttribute::name);
  message.id = store.random().uuid();
  message.sent = now;
  message.visible = now + std::chrono::seconds(delay_s < 0 ? queue.number("DelaySeconds") : delay_s);
  if (queue.is_fifo()) {
    if (message.deduplication_id.empty() && queue.text("ContentBasedDeduplication") == "true") {
      message.deduplication_id = sha256_hex(message.body);
    }
    const bool by_group = queue.text("DeduplicationScope") == "messageGroup";
    const std::string key = by_group ? message.group_id + "\n" + message.deduplication_id : message.deduplication_id;
    const auto known = std::ranges::find(queue.recent, key, &Deduplication::id);
    if (known != queue.recent.end()) {
      message.id = known->message_id;
      message.sequence_number = known->sequence_number;
      return message;
    }
    constexpr std::int64_t first_sequence = 18'850'000'000'000'000;  // AWS's have 20 digits, and begin about there
    message.sequence_number = fmt::format("{:020}", first_sequence + 256 * queue.next_sequence++);
    queue.recent.push_back({key, message.id, message.sequence_number, now + deduplication_interval});
  }
  QueueActivity& activity = region.drawers.of<Sqs>().touch(store, region, queue, now);
  ++activity.sent;
  activity.sent_bytes += static_cast<std::int64_t>(message.body.size());
  if (queue.messages.size() >= Sqs::most_messages) queue.messages.pop_front();
  return queue.messages.emplace_back(std::move(message));
}

std::vector<const QueueMessage*> take_messages(Store& store, Region& region, Queue& queue, std::size_t most,
                                               std::int64_t visibility_s, Time now) {
  tidy(queue, now);
  const auto redrive = redrive_of(queue);
  const FoundQueue grave = redrive ? find_queue(store, redrive->target_arn) : FoundQueue{};
  std::set<std::string, std::less<>> held_groups;  // a message of theirs is in flight, or is not there yet
  std::vector<std::string> taken;
  for (std::size_t i = 0; i < queue.messages.size() && taken.size() < most;) {
    QueueMessage& message = queue.messages[i];
    const bool held = queue.is_fifo() && held_groups.contains(message.group_id);
    if (held || message.visible > now) {
      if (queue.is_fifo()) held_groups.insert(message.group_id);
      ++i;
      continue;
    }
    if (grave.queue && grave.queue != &queue && message.receive_count >= redrive->most_receives) {
      bury(store, region, queue, std::move(message), grave, now);
      queue.messages.erase(queue.messages.begin() + static_cast<std::ptrdiff_t>(i));
      continue;
    }
    ++message.receive_count;
    if (!message.first_received) message.first_received = now;
    message.visible = now + std::chrono::seconds(visibility_s);
    message.handle =
        "AQEB" + encode_base64(fmt::format("{}:{}:{}", message.id, message.receive_count, store.random().next()));
    taken.push_back(message.id);
    ++i;
  }
  std::vector<const QueueMessage*> out;
  for (const QueueMessage& message : queue.messages) {
    if (out.size() < taken.size() && message.id == taken[out.size()]) out.push_back(&message);
  }
  QueueActivity& activity = region.drawers.of<Sqs>().touch(store, region, queue, now);
  activity.received += static_cast<std::int64_t>(out.size());
  if (out.empty()) ++activity.empty_receives;
  return out;
}

void Sqs::each_tagged(const DrawerPlace& place, const TagVisitor& visit) {
  for (auto& [id, queue] : queues.rows) {
    visit(fmt::format("arn:aws:sqs:{}:{}:{}", place.region, place.account, id), "sqs:queue", queue.tags);
  }
}

QueueActivity& Sqs::touch(Store& store, const Region& region, Queue& queue, Time now) {
  queue.active_until = now + active_for;
  if (!queue.activity) queue.activity.emplace();
  const std::int64_t interval = metrics_interval.count();
  wakes_.add(store, region, name, {(now.us / interval + 1) * interval});
  return *queue.activity;
}

void Sqs::put_metrics(Region& region, Queue& queue, Time at) {
  const QueueCounts counts = count_messages(queue, at);
  const QueueActivity activity = queue.activity.value_or(QueueActivity{});
  const Tags dimensions{{"QueueName", queue.id}};
  auto put = [&](std::string_view metric, std::int64_t value, std::string_view unit = "Count") {
    put_metric(region, "AWS/SQS", metric, dimensions, at - metrics_interval, static_cast<double>(value), unit);
  };
  put("ApproximateNumberOfMessagesVisible", counts.visible);
  put("ApproximateNumberOfMessagesNotVisible", counts.in_flight);
  put("ApproximateNumberOfMessagesDelayed", counts.delayed);
  const Duration age = counts.oldest == Time{} ? Duration(0) : at - counts.oldest;
  put("ApproximateAgeOfOldestMessage", std::max<std::int64_t>(age.count() / 1'000'000, 0), "Seconds");
  put("NumberOfMessagesSent", activity.sent);
  put("NumberOfMessagesReceived", activity.received);
  put("NumberOfMessagesDeleted", activity.deleted);
  put("NumberOfEmptyReceives", activity.empty_receives);
  if (activity.sent > 0) put("SentMessageSize", activity.sent_bytes / activity.sent, "Bytes");
  queue.activity = QueueActivity{};
}

std::optional<Time> Sqs::settle(Store& store, Region& region, Time now) {
  const Time at = wakes_.take(now).value_or(now);
  const bool on_time = at.us % metrics_interval.count() == 0;
  bool active = false;
  for (auto& [id, queue] : queues.rows) {
    if (!queue.active_until) continue;
    if (on_time) {
      tidy(queue, at);
      put_metrics(region, queue, at);
    }
    if (*queue.active_until <= at) {
      queue.active_until.reset();
      queue.activity.reset();
    }
    active |= queue.active_until.has_value();
  }
  if (active) {
    const std::int64_t interval = metrics_interval.count();
    wakes_.add(store, region, name, {(at.us / interval + 1) * interval});
  }
  return std::nullopt;
}

std::string md5_of(const std::vector<MessageAttribute>& attributes) {
  if (attributes.empty()) return {};
  std::string bytes;
  auto append = [&](std::string_view text) {
    const auto size = static_cast<std::uint32_t>(text.size());
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>((size >> shift) & 0xFF);
    bytes += text;
  };
  for (const MessageAttribute& attribute : attributes) {
    append(attribute.name);
    append(attribute.type);
    bytes += attribute.is_binary() ? '\2' : '\1';
    append(attribute.value);
  }
  return encode_hex(md5(bytes));
}

std::expected<std::vector<MessageAttribute>, Fault> read_message_attributes(Value map) {
  constexpr std::size_t most_attributes = 10;
  if (map.size() > most_attributes) {
    return invalid_parameter(fmt::format("Number of message attributes [{}] exceeds the allowed maximum [{}].",
                                         map.size(), most_attributes));
  }
  std::vector<MessageAttribute> out;
  for (auto [name, value] : map.entries()) {
    MessageAttribute attribute{.name = std::string(name), .type = value["DataType"].as_string()};
    const std::string_view type = std::string_view(attribute.type).substr(0, attribute.type.find('.'));
    if (type != "String" && type != "Number" && type != "Binary") {
      return invalid_parameter(fmt::format(
          "The message attribute '{}' has an invalid message attribute type, the set of supported type prefixes is "
          "Binary, Number, and String.",
          name));
    }
    attribute.value = value[type == "Binary" ? "BinaryValue" : "StringValue"].as_string();
    if (attribute.value.empty()) {
      return invalid_parameter(
          fmt::format("The message attribute '{}' must contain non-empty message attribute value for message "
                      "attribute type '{}'.",
                      name, type));
    }
    if (type == "Number" && attribute.value.find_first_not_of("0123456789+-.eE") != std::string::npos) {
      return invalid_parameter(fmt::format("Can't cast the value of message attribute '{}' to a number.", name));
    }
    out.push_back(std::move(attribute));
  }
  std::ranges::sort(out, {}, &MessageAttribute::name);
  return out;
}

std::unexpected<Fault> invalid_parameter(std::string message) {
  return fault("InvalidParameterValue", std::move(message));
}

void register_sqs(Registry& r) {
  r.add_drawer<Sqs>();
  r.targets["sqs"] = deliver_to_queue;
  register_sqs_queues(r);
  register_sqs_messages(r);
  register_sqs_moves(r);
}

}  // namespace reeve::sandbox
