#pragma once
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "sandbox/estate_fields.h"
#include "sandbox/estate_tables.h"
#include "sandbox/service.h"
#include "sandbox/wakes.h"

/// SQS's queues and messages.
namespace reeve::sandbox {

/// A typed attribute of a message, of SQS and of SNS.
struct MessageAttribute {
  std::string name, type = "String", value;  ///< `value` are bytes where the type is Binary
  bool is_binary() const { return type.starts_with("Binary"); }
};

template <class Io, like<MessageAttribute> S>
void fields(Io& io, S& s) {
  io("Name", s.name);
  io("DataType", s.type);
  std::string text = s.is_binary() ? encode_base64(s.value) : s.value;
  io("Value", text);
  if constexpr (Io::reads) s.value = s.is_binary() ? decode_base64(text).value_or("") : text;
}

struct QueueMessage {
  std::string id, body, group_id, deduplication_id, sequence_number, sender_id, trace_header;
  std::string source_arn;                    ///< of the queue whose dead letter it is
  std::string handle;                        ///< of the last receipt; empty before the first
  std::vector<MessageAttribute> attributes;  ///< by name
  std::int64_t receive_count = 0;
  Time sent;
  std::optional<Time> first_received;
  Time visible;  ///< from then on it can be received
};

template <class Io, like<QueueMessage> S>
void fields(Io& io, S& s) {
  io("MessageId", s.id);
  io("Body", s.body);
  io("MessageGroupId", s.group_id);
  io("MessageDeduplicationId", s.deduplication_id);
  io("SequenceNumber", s.sequence_number);
  io("SenderId", s.sender_id);
  io("AWSTraceHeader", s.trace_header);
  io("DeadLetterQueueSourceArn", s.source_arn);
  io("ReceiptHandle", s.handle);
  io.list("MessageAttributes", s.attributes);
  io("ApproximateReceiveCount", s.receive_count);
  io("SentTimestamp", s.sent);
  io("ApproximateFirstReceiveTimestamp", s.first_received);
  io("VisibleFrom", s.visible);
}

/// What a FIFO queue remembers for five minutes of a message that came.
struct Deduplication {
  std::string id, message_id, sequence_number;
  Time until;
};

template <class Io, like<Deduplication> S>
void fields(Io& io, S& s) {
  io("Id", s.id);
  io("MessageId", s.message_id);
  io("SequenceNumber", s.sequence_number);
  io("Until", s.until);
}

/// What happened since the last metrics.
struct QueueActivity {
  std::int64_t sent = 0, sent_bytes = 0, received = 0, deleted = 0, empty_receives = 0;
};

template <class Io, like<QueueActivity> S>
void fields(Io& io, S& s) {
  io("Sent", s.sent);
  io("SentBytes", s.sent_bytes);
  io("Received", s.received);
  io("Deleted", s.deleted);
  io("EmptyReceives", s.empty_receives);
}

struct Queue {
  std::string id;   ///< its name
  Tags attributes;  ///< those that SetQueueAttributes knows; defaults are there too
  Tags tags;
  Time created, modified;
  std::vector<QueueMessage> backlog;  ///< only while an estate is read or written
  std::deque<QueueMessage> messages;  ///< by the time they were sent
  std::vector<Deduplication> recent;
  std::int64_t next_sequence = 0;
  std::optional<Time> purged;
  std::optional<QueueActivity> activity;
  std::optional<Time> active_until;  ///< six hours after the last call: so long CloudWatch is told of it

  bool is_fifo() const { return id.ends_with(".fifo"); }
  std::int64_t number(std::string_view attribute) const;
  std::string_view text(std::string_view attribute) const;
};

template <class Io, like<Queue> S>
void fields(Io& io, S& s) {
  io("QueueName", s.id);
  io.tags("Attributes", s.attributes);
  io.tags("Tags", s.tags);
  io("CreatedTimestamp", s.created);
  io("LastModifiedTimestamp", s.modified);
  if constexpr (Io::reads) {
    io.list("Messages", s.backlog);
    s.messages.assign(s.backlog.begin(), s.backlog.end());
    s.backlog.clear();
  } else {
    io.list("Messages", std::vector<QueueMessage>(s.messages.begin(), s.messages.end()));
  }
  io.list("Deduplication", s.recent);
  io("NextSequence", s.next_sequence);
  io("Purged", s.purged);
  io.part("Activity", s.activity);
  io("ActiveUntil", s.active_until);
}

/// Fills in what a file may leave out.
void complete(const RowPlace& place, Queue& queue, Time now);

struct MoveTask {
  std::string id;  ///< its handle
  std::string source_arn, destination_arn, status = "RUNNING", failure;
  std::int64_t per_second = 0, moved = 0, to_move = 0;
  Time started;
};

template <class Io, like<MoveTask> S>
void fields(Io& io, S& s) {
  io("TaskHandle", s.id);
  io("SourceArn", s.source_arn);
  io("DestinationArn", s.destination_arn);
  io("Status", s.status);
  io("FailureReason", s.failure);
  io("MaxNumberOfMessagesPerSecond", s.per_second);
  io("ApproximateNumberOfMessagesMoved", s.moved);
  io("ApproximateNumberOfMessagesToMove", s.to_move);
  io("StartedTimestamp", s.started);
}

/// One that was deleted a moment ago: its name is not free for 60 seconds (Behaviour::aws).
struct DeletedQueue {
  std::string id;
  Time until;
};

template <class Io, like<DeletedQueue> S>
void fields(Io& io, S& s) {
  io("QueueName", s.id);
  io("Until", s.until);
}

class Sqs : public Drawer {
 public:
  static constexpr std::string_view name = "sqs";
  /// Messages of one queue in flight, and at all: SQS has no limit of the latter, a memory has.
  static constexpr std::size_t most_in_flight = 120'000, most_messages = 500'000;
  Table<Queue> queues;
  Table<MoveTask> move_tasks;
  Table<DeletedQueue> deleted;
  void each_table(EstateTables& tables) override {
    tables("queues", queues);
    tables("queue_move_tasks", move_tasks);
    tables("deleted_queues", deleted);
  }
  std::optional<Time> settle(Store& store, Region& region, Time now) override;
  void each_tagged(const DrawerPlace& place, const TagVisitor& visit) override;
  /// Notes that something happened to a queue: its metrics are put for six hours from now.
  QueueActivity& touch(Store& store, const Region& region, Queue& queue, Time now);

 private:
  void put_metrics(Region& region, Queue& queue, Time at);
  Wakes wakes_;
};

std::string queue_arn(const Region& region, std::string_view queue_name);
std::string queue_url(const Region& region, std::string_view queue_name);

/// The queue of an ARN in any account and region, and its region; nullptr for none.
struct FoundQueue {
  Region* region = nullptr;
  Queue* queue = nullptr;
};
FoundQueue find_queue(Store& store, std::string_view arn);

/// Messages that ran out of their retention, and dedup ids out of their five minutes, are gone.
void tidy(Queue& queue, Time now);

struct QueueCounts {
  std::int64_t visible = 0, in_flight = 0, delayed = 0;
  Time oldest;  ///< the epoch where there is none
};
QueueCounts count_messages(const Queue& queue, Time now);

/// Takes a message in: id, sequence number, deduplication and delay (`delay_s` < 0: the queue's own). Answers the
/// message as it is stored, or as the one that it repeats was.
QueueMessage put_message(Store& store, Region& region, Queue& queue, QueueMessage message, std::int64_t delay_s,
                         Time now);

/// Up to `most` messages, now in flight for `visibility_s`; those that were received too often go to the dead-letter
/// queue on the way.
std::vector<const QueueMessage*> take_messages(Store& store, Region& region, Queue& queue, std::size_t most,
                                               std::int64_t visibility_s, Time now);

/// MD5 of attributes as SQS tells it [SQS developer guide, "Calculating the MD5 message digest for message
/// attributes"], in hex; empty for none. `attributes` by name.
std::string md5_of(const std::vector<MessageAttribute>& attributes);
/// Reads {name: {DataType, StringValue, BinaryValue}} by SQS's rules. Faults: InvalidParameterValue.
std::expected<std::vector<MessageAttribute>, Fault> read_message_attributes(Value map);

/// The queue that QueueUrl of a call names. Faults: QueueDoesNotExist, AccessDeniedException (another account's, whose
/// policy does not name the caller).
std::expected<FoundQueue, Fault> queue_of(Call& call);

/// The rules of attributes; writes defaults into a new queue. Faults: InvalidAttributeName, InvalidAttributeValue.
Outcome set_attributes(Call& call, Queue& queue, Value attributes);
void add_default_attributes(Queue& queue);

/// An attribute's faults, and those of parameters.
std::unexpected<Fault> invalid_parameter(std::string message);

void register_sqs_queues(Registry& r);
void register_sqs_messages(Registry& r);
void register_sqs_moves(Registry& r);

}  // namespace reeve::sandbox
