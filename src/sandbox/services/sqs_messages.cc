#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.h"
#include "sandbox/services/sqs.h"

// SQS: sending, receiving and deleting messages, one and ten at a time.
namespace reeve::sandbox {
namespace {

constexpr std::int64_t longest_visibility_s = 43'200;

std::int64_t size_of(std::string_view body, const std::vector<MessageAttribute>& attributes) {
  std::size_t bytes = body.size();
  for (const MessageAttribute& a : attributes) bytes += a.name.size() + a.type.size() + a.value.size();
  return static_cast<std::int64_t>(bytes);
}

bool has_forbidden_bytes(std::string_view body) {
  for (std::size_t i = 0; i < body.size();) {
    const auto c = static_cast<unsigned char>(body[i]);
    if (c < 0x20 && c != '\t' && c != '\n' && c != '\r') return true;
    const std::size_t step = utf8_sequence(body.substr(i));
    if (step == 0) return true;
    i += step;
  }
  return false;
}

/// A message as a request, or an entry of a batch, says it. Faults: those of SendMessage.
std::expected<QueueMessage, Fault> read_message(const Call& c, const Queue& queue, Value from) {
  QueueMessage message{.body = from["MessageBody"].as_string(),
                       .group_id = from["MessageGroupId"].as_string(),
                       .deduplication_id = from["MessageDeduplicationId"].as_string(),
                       .sender_id = c.caller_id,
                       .trace_header = from["MessageSystemAttributes"]["AWSTraceHeader"]["StringValue"].as_string()};
  if (message.body.empty()) return missing("MessageBody");
  if (has_forbidden_bytes(message.body)) {
    return fault("InvalidMessageContents",
                 "Invalid binary character was found in the message body, the set of allowed characters is #x9 | #xA | "
                 "#xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF");
  }
  TRY(message.attributes, read_message_attributes(from["MessageAttributes"]));
  const std::int64_t most = queue.number("MaximumMessageSize");
  if (size_of(message.body, message.attributes) > most) {
    return invalid_parameter(
        fmt::format("One or more parameters are invalid. Reason: Message must be shorter than {} bytes.", most));
  }
  const Value delay = from["DelaySeconds"];
  if (delay.as_integer() < 0 || delay.as_integer() > 900) {
    return invalid_parameter(
        fmt::format("Value {} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be "
                    ">= 0 and <= 900.",
                    delay.as_integer()));
  }
  if (!queue.is_fifo()) {
    if (!message.deduplication_id.empty()) {
      return invalid_parameter(
          fmt::format("Value {} for parameter MessageDeduplicationId is invalid. Reason: The request includes a "
                      "parameter that is not valid for this queue type.",
                      message.deduplication_id));
    }
    return message;
  }
  if (message.group_id.empty()) return missing("MessageGroupId");
  if (message.deduplication_id.empty() && queue.text("ContentBasedDeduplication") != "true") {
    return invalid_parameter(
        "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly");
  }
  if (delay.as_integer() > 0) {
    return invalid_parameter(
        fmt::format("Value {} for parameter DelaySeconds is invalid. Reason: The request include "
                    "parameter that is not valid for this queue type.",
                    delay.as_integer()));
  }
  return message;
}

void send(Call& c, const FoundQueue& to, QueueMessage message, Value from) {
  const Value delay = from["DelaySeconds"];
  const std::int64_t delay_s = delay.is_null() || to.queue->is_fifo() ? -1 : delay.as_integer();
  const QueueMessage sent = put_message(c.store, *to.region, *to.queue, std::move(message), delay_s, c.now);
  c.out.put("MessageId", sent.id);
  c.out.put("MD5OfMessageBody", encode_hex(md5(sent.body)));
  c.out.put_if("MD5OfMessageAttributes", md5_of(sent.attributes));
  if (!sent.trace_header.empty()) {
    c.out.put("MD5OfMessageSystemAttributes",
              md5_of({{.name = "AWSTraceHeader", .type = "String", .value = sent.trace_header}}));
  }
  c.out.put_if("SequenceNumber", sent.sequence_number);
}

Outcome send_message(Call& c) {
  TRY(const FoundQueue found, queue_of(c));
  TRY(QueueMessage message, read_message(c, *found.queue, c.params));
  send(c, found, std::move(message), c.params);
  return {};
}

/// What all batches are checked for.
Outcome check_batch(const Call& c, std::string_view entry_name) {
  constexpr std::size_t most_entries = 10, longest_id = 80;
  const Value entries = c["Entries"];
  if (entries.empty()) {
    return fault("EmptyBatchRequest", fmt::format("There should be at least one {} in the request.", entry_name));
  }
  if (entries.size() > most_entries) {
    return fault("TooManyEntriesInBatchRequest", fmt::format("Maximum number of entries per request are {}. You have "
                                                             "sent {}.",
                                                             most_entries, entries.size()));
  }
  std::set<std::string_view> ids;
  for (Value entry : entries.items()) {
    const std::string_view id = entry["Id"].as_text();
    const bool plain =
        id.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") == id.npos;
    if (id.empty() || id.size() > longest_id || !plain) {
      return fault("InvalidBatchEntryId",
                   "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at "
                   "most 80 letters long.");
    }
    if (!ids.insert(id).second) return fault("BatchEntryIdsNotDistinct", fmt::format("Id {} repeated.", id));
  }
  return {};
}

/// Does `each(entry)` for the entries and writes who succeeded, by it, and who failed.
template <class Each>
Outcome batch(Call& c, Each each) {
  std::vector<std::pair<std::string, Fault>> failed;
  c.out.begin_list("Successful");
  for (Value entry : c["Entries"].items()) {
    auto done = each(entry);
    if (!done) failed.emplace_back(entry["Id"].as_string(), std::move(done).error());
  }
  c.out.end();
  c.out.begin_list("Failed");
  for (const auto& [id, why] : failed) {
    c.out.begin_map();
    c.out.put("Id", id);
    c.out.put("SenderFault", why.status < 500);
    c.out.put("Code", why.code);
    c.out.put("Message", why.message);
    c.out.end();
  }
  c.out.end();
  return {};
}

Outcome send_message_batch(Call& c) {
  TRY(const FoundQueue found, queue_of(c));
  TRY(check_batch(c, "SendMessageBatchRequestEntry"));
  std::size_t bytes = 0;
  for (Value entry : c["Entries"].items()) bytes += entry["MessageBody"].size();
  constexpr std::size_t most_bytes = 1'048'576;
  if (bytes > most_bytes) {
    return fault("BatchRequestTooLong", fmt::format("Batch requests cannot be longer than {} bytes. You have sent {} "
                                                    "bytes.",
                                                    most_bytes, bytes));
  }
  return batch(c, [&](Value entry) -> Outcome {
    TRY(QueueMessage message, read_message(c, *found.queue, entry));
    c.out.begin_map();
    c.out.put("Id", entry["Id"].as_text());
    send(c, found, std::move(message), entry);
    c.out.end();
    return {};
  });
}

bool is_wanted(std::string_view name, const std::vector<std::string_view>& wanted) {
  return std::ranges::any_of(wanted, [&](std::string_view w) {
    return w == "All" || w == name || (w.ends_with(".*") && name.starts_with(w.substr(0, w.size() - 2)));
  });
}

void write_message(Call& c, const QueueMessage& message) {
  Builder& out = c.out;
  out.put("MessageId", message.id);
  out.put("ReceiptHandle", message.handle);
  out.put("MD5OfBody", encode_hex(md5(message.body)));
  out.put("Body", message.body);
  std::vector<std::string_view> wanted = texts(c["AttributeNames"]);
  for (const std::string_view name : texts(c["MessageSystemAttributeNames"])) wanted.push_back(name);
  auto in_ms = [](Time time) { return std::to_string(time.us / 1000); };
  const Tags system{{"SenderId", message.sender_id},
                    {"SentTimestamp", in_ms(message.sent)},
                    {"ApproximateReceiveCount", std::to_string(message.receive_count)},
                    {"ApproximateFirstReceiveTimestamp", in_ms(message.first_received.value_or(c.now))},
                    {"SequenceNumber", message.sequence_number},
                    {"MessageDeduplicationId", message.deduplication_id},
                    {"MessageGroupId", message.group_id},
                    {"AWSTraceHeader", message.trace_header},
                    {"DeadLetterQueueSourceArn", message.source_arn}};
  if (!wanted.empty()) {
    out.begin_map("Attributes");
    for (const auto& [name, value] : system) {
      if (!value.empty() && is_wanted(name, wanted)) out.put(name, value);
    }
    out.end();
  }
  std::vector<MessageAttribute> given;
  const auto names = texts(c["MessageAttributeNames"]);
  std::ranges::copy_if(message.attributes, std::back_inserter(given),
                       [&](const MessageAttribute& a) { return is_wanted(a.name, names); });
  if (given.empty()) return;
  out.put("MD5OfMessageAttributes", md5_of(given));
  out.begin_map("MessageAttributes");
  for (const MessageAttribute& attribute : given) {
    out.begin_map(attribute.name);
    if (attribute.is_binary()) {
      out.key("BinaryValue");
      out.blob(attribute.value);
    } else {
      out.put("StringValue", attribute.value);
    }
    out.put("DataType", attribute.type);
    out.end();
  }
  out.end();
}

Outcome check_range(const Call& c, std::string_view name, std::int64_t least, std::int64_t most) {
  const Value value = c[name];
  if (value.is_null() || (value.as_integer() >= least && value.as_integer() <= most)) return {};
  return invalid_parameter(
      fmt::format("Value {} for parameter {} is invalid. Reason: Must be between {} and {}, if "
                  "provided.",
                  value.as_integer(), name, least, most));
}

Outcome receive_message(Call& c) {
  TRY(const FoundQueue found, queue_of(c));
  TRY(check_range(c, "MaxNumberOfMessages", 1, 10));
  TRY(check_range(c, "VisibilityTimeout", 0, longest_visibility_s));
  TRY(check_range(c, "WaitTimeSeconds", 0, 20));
  Queue& queue = *found.queue;
  const std::size_t most =
      c["MaxNumberOfMessages"].is_null() ? 1 : static_cast<std::size_t>(c["MaxNumberOfMessages"].as_integer());
  auto or_queue = [&](std::string_view parameter, std::string_view attribute) {
    return c[parameter].is_null() ? queue.number(attribute) : c[parameter].as_integer();
  };
  if (queue.messages.size() >= Sqs::most_in_flight &&
      count_messages(queue, c.now).in_flight >= static_cast<std::int64_t>(Sqs::most_in_flight)) {
    return fault("OverLimit", "Too many messages in flight.", 403);
  }
  const auto taken =
      take_messages(c.store, *found.region, queue, most, or_queue("VisibilityTimeout", "VisibilityTimeout"), c.now);
  if (taken.empty()) {
    c.wait = std::chrono::seconds(or_queue("WaitTimeSeconds", "ReceiveMessageWaitTimeSeconds"));
    return {};
  }
  c.out.begin_list("Messages");
  for (const QueueMessage* message : taken) c.out.begin_map(), write_message(c, *message), c.out.end();
  c.out.end();
  return {};
}

/// The id of the message that a handle was given for; nullopt where it is no handle.
std::optional<std::string> message_of(std::string_view handle) {
  if (!handle.starts_with("AQEB")) return std::nullopt;
  const auto text = decode_base64(handle.substr(4));
  const auto colon = text ? text->find(':') : std::string::npos;
  if (colon == std::string::npos) return std::nullopt;
  return text->substr(0, colon);
}

std::expected<std::string, Fault> read_handle(std::string_view handle) {
  if (handle.empty()) return missing("ReceiptHandle");
  if (auto id = message_of(handle)) return *std::move(id);
  return fault("ReceiptHandleIsInvalid",
               fmt::format("The input receipt handle \"{}\" is not a valid receipt handle.", handle));
}

Outcome delete_one(Call& c, const FoundQueue& found, std::string_view handle) {
  TRY(const std::string id, read_handle(handle));
  Queue& queue = *found.queue;
  const auto at = std::ranges::find(queue.messages, id, &QueueMessage::id);
  if (at == queue.messages.end()) return {};
  if (queue.is_fifo() && (at->handle != handle || at->visible <= c.now)) {
    return invalid_parameter(fmt::format(
        "Value {} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.", handle));
  }
  if (at->handle != handle) return {};  // an older receipt's: answered with success, and not deleted
  queue.messages.erase(at);
  ++found.region->drawers.of<Sqs>().touch(c.store, *found.region, queue, c.now).deleted;
  return {};
}

Outcome delete_message(Call& c) {
  TRY(const FoundQueue found, queue_of(c));
  return delete_one(c, found, c["ReceiptHandle"].as_text());
}

Outcome change_one(Call& c, const FoundQueue& found, Value from) {
  const std::string_view handle = from["ReceiptHandle"].as_text();
  TRY(const std::string id, read_handle(handle));
  const std::int64_t seconds = from["VisibilityTimeout"].as_integer();
  if (seconds < 0 || seconds > longest_visibility_s) {
    return invalid_parameter(
        fmt::format("Value {} for parameter VisibilityTimeout is invalid. Reason: Must be between "
                    "0 and 43200.",
                    seconds));
  }
  const auto at = std::ranges::find(found.queue->messages, id, &QueueMessage::id);
  if (at == found.queue->messages.end() || at->handle != handle) {
    return invalid_parameter(
        fmt::format("Value {} for parameter ReceiptHandle is invalid. Reason: Message does not "
                    "exist or is not available for visibility timeout change.",
                    handle));
  }
  if (at->visible <= c.now) {
    return fault("MessageNotInflight", fmt::format("Value {} for parameter ReceiptHandle is invalid. Reason: Message "
                                                   "is not in flight.",
                                                   handle));
  }
  at->visible = c.now + std::chrono::seconds(seconds);
  return {};
}

Outcome change_visibility(Call& c) {
  TRY(const FoundQueue found, queue_of(c));
  return change_one(c, found, c.params);
}

void write_id(Call& c, Value entry) {
  c.out.begin_map();
  c.out.put("Id", entry["Id"].as_text());
  c.out.end();
}

Outcome delete_message_batch(Call& c) {
  TRY(const FoundQueue found, queue_of(c));
  TRY(check_batch(c, "DeleteMessageBatchRequestEntry"));
  return batch(c, [&](Value entry) -> Outcome {
    TRY(delete_one(c, found, entry["ReceiptHandle"].as_text()));
    write_id(c, entry);
    return {};
  });
}

Outcome change_visibility_batch(Call& c) {
  TRY(const FoundQueue found, queue_of(c));
  TRY(check_batch(c, "ChangeMessageVisibilityBatchRequestEntry"));
  return batch(c, [&](Value entry) -> Outcome {
    TRY(change_one(c, found, entry));
    write_id(c, entry);
    return {};
  });
}

}  // namespace

void register_sqs_messages(Registry& r) {
  r.add("sqs", "SendMessage", send_message);
  r.add("sqs", "SendMessageBatch", send_message_batch);
  r.add("sqs", "ReceiveMessage", receive_message);
  r.add("sqs", "DeleteMessage", delete_message);
  r.add("sqs", "DeleteMessageBatch", delete_message_batch);
  r.add("sqs", "ChangeMessageVisibility", change_visibility);
  r.add("sqs", "ChangeMessageVisibilityBatch", change_visibility_batch);
}

}  // namespace reeve::sandbox
