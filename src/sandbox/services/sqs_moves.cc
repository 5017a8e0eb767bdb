#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.h"
#include "base/json.h"
#include "sandbox/listing.h"
#include "sandbox/services/sqs.h"

// SQS: dead-letter queues and the way back from them.
namespace reeve::sandbox {
namespace {

bool is_source_of(const Queue& queue, std::string_view dead_letter_arn) {
  const auto policy = parse_json(queue.text("RedrivePolicy"));
  return policy && (*policy)["deadLetterTargetArn"].as_text() == dead_letter_arn;
}

Outcome list_sources(Call& c) {
  TRY(const FoundQueue found, queue_of(c));
  TRY(const Page page, read_page(c, false, 1, 1000));
  const std::string arn = queue_arn(*found.region, found.queue->id);
  Listed<Queue> listed;
  list_table(
      c, c.region.drawers.of<Sqs>().queues, c.account.id, page, {}, "", {},
      [&](const Queue& queue) { return is_source_of(queue, arn); }, listed);
  c.out.begin_list("queueUrls");
  for (const Queue* queue : listed.rows) c.out.add(queue_url(c.region, queue->id));
  c.out.end();
  c.out.put_if("NextToken", listed.next);
  return {};
}

/// Moves what the task has not moved yet and can by now. Messages in flight stay.
void move_on(Store& store, MoveTask& task, Time now) {
  const FoundQueue source = find_queue(store, task.source_arn);
  if (!source.queue) {
    task.status = "FAILED", task.failure = "AWS.SimpleQueueService.NonExistentQueue";
    return;
  }
  const std::int64_t seconds = (now - task.started).count() / 1'000'000;
  const bool at_once = store.behaviour == Behaviour::plain;
  constexpr std::int64_t usual_rate = 500;  // [SQS developer guide, "Dead-letter queue redrive"]: at most
  const std::int64_t rate = task.per_second > 0 ? task.per_second : usual_rate;
  const std::int64_t room = at_once ? task.to_move : std::min(task.to_move, seconds * rate);
  std::deque<QueueMessage> kept;
  for (QueueMessage& message : source.queue->messages) {
    const std::string to = task.destination_arn.empty() ? message.source_arn : task.destination_arn;
    const FoundQueue destination = find_queue(store, to);
    const bool goes = task.moved < room && message.visible <= now && destination.queue;
    if (!goes) {
      kept.push_back(std::move(message));
      continue;
    }
    message.source_arn.clear();
    message.handle.clear();
    message.receive_count = 0;
    message.first_received.reset();
    message.sent = now;  // a redrive restarts the retention
    message.visible = now;
    destination.region->drawers.of<Sqs>().touch(store, *destination.region, *destination.queue, now);
    destination.queue->messages.push_back(std::move(message));
    ++task.moved;
  }
  source.queue->messages = std::move(kept);
  if (task.moved >= task.to_move || at_once) task.status = "COMPLETED";
}

void bring_up_to_date(Call& c) {
  for (auto& [id, task] : c.region.drawers.of<Sqs>().move_tasks.rows) {
    if (task.status == "RUNNING") move_on(c.store, task, c.now);
  }
}

Outcome start_move(Call& c) {
  const std::string source_arn = c["SourceArn"].as_string(), destination_arn = c["DestinationArn"].as_string();
  const FoundQueue source = find_queue(c.store, source_arn);
  auto no_such = [] {
    return fault("ResourceNotFoundException",
                 "The resource that you specified for the SourceArn parameter doesn't "
                 "exist.",
                 404);
  };
  if (!source.queue || source.region != &c.region) return no_such();
  if (!destination_arn.empty() && !find_queue(c.store, destination_arn).queue) {
    return fault("ResourceNotFoundException",
                 "The resource that you specified for the DestinationArn parameter doesn't exist.", 404);
  }
  bring_up_to_date(c);
  Sqs& sqs = c.region.drawers.of<Sqs>();
  const bool is_dead_letter_queue =
      std::ranges::any_of(sqs.queues.rows, [&](const auto& row) { return is_source_of(row.second, source_arn); });
  if (!is_dead_letter_queue) {
    return invalid_parameter("Source queue must be configured as a Dead Letter Queue.");
  }
  for (const auto& [id, task] : sqs.move_tasks.rows) {
    if (task.status == "RUNNING" && task.source_arn == source_arn) {
      return fault("UnsupportedOperation",
                   "There is already a task running. Only one active task is allowed for a "
                   "source queue arn at a given time.");
    }
  }
  const std::int64_t rate = c["MaxNumberOfMessagesPerSecond"].as_integer();
  if (!c["MaxNumberOfMessagesPerSecond"].is_null() && (rate < 1 || rate > 500)) {
    return invalid_parameter(
        fmt::format("Value {} for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: You must specify a value "
                    "between 1 and 500.",
                    rate));
  }
  tidy(*source.queue, c.now);
  const std::string id = c.store.random().uuid();
  MoveTask task{.id = encode_base64(fmt::format("{{\"taskId\":\"{}\",\"sourceArn\":\"{}\"}}", id, source_arn)),
                .source_arn = source_arn,
                .destination_arn = destination_arn,
                .per_second = rate,
                .to_move = count_messages(*source.queue, c.now).visible,
                .started = c.now};
  c.out.put("TaskHandle", task.id);
  move_on(c.store, sqs.move_tasks.add(std::move(task)), c.now);
  return {};
}

Outcome cancel_move(Call& c) {
  bring_up_to_date(c);
  MoveTask* task = c.region.drawers.of<Sqs>().move_tasks.find(c["TaskHandle"].as_text());
  if (!task) return fault("ResourceNotFoundException", "Task does not exist.", 404);
  if (task->status != "RUNNING") {
    return fault("UnsupportedOperation", "Only active tasks can be cancelled.");
  }
  task->status = "CANCELLED";
  c.out.put("ApproximateNumberOfMessagesMoved", task->moved);
  return {};
}

Outcome list_moves(Call& c) {
  const std::string source_arn = c["SourceArn"].as_string();
  if (!find_queue(c.store, source_arn).queue) {
    return fault("ResourceNotFoundException",
                 "The resource that you specified for the SourceArn parameter doesn't exist.", 404);
  }
  bring_up_to_date(c);
  std::vector<const MoveTask*> tasks;
  for (const auto& [id, task] : c.region.drawers.of<Sqs>().move_tasks.rows) {
    if (task.source_arn == source_arn) tasks.push_back(&task);
  }
  std::ranges::sort(tasks, [](const MoveTask* a, const MoveTask* b) { return a->started > b->started; });
  const std::int64_t asked = c["MaxResults"].is_null() ? 1 : c["MaxResults"].as_integer();
  if (asked < 1 || asked > 10) {
    return invalid_parameter(
        fmt::format("Value {} for parameter MaxResults is invalid. Reason: You must specify a "
                    "value between 1 and 10.",
                    asked));
  }
  if (tasks.size() > static_cast<std::size_t>(asked)) tasks.resize(static_cast<std::size_t>(asked));
  c.out.begin_list("Results");
  for (const MoveTask* task : tasks) {
    c.out.begin_map();
    if (task->status == "RUNNING") c.out.put("TaskHandle", task->id);
    c.out.put("Status", task->status);
    c.out.put("SourceArn", task->source_arn);
    c.out.put_if("DestinationArn", task->destination_arn);
    if (task->per_second > 0) c.out.put("MaxNumberOfMessagesPerSecond", task->per_second);
    c.out.put("ApproximateNumberOfMessagesMoved", task->moved);
    c.out.put("ApproximateNumberOfMessagesToMove", task->to_move);
    c.out.put_if("FailureReason", task->failure);
    c.out.put("StartedTimestamp", task->started.us / 1000);
    c.out.end();
  }
  c.out.end();
  return {};
}

}  // namespace

void register_sqs_moves(Registry& r) {
  r.add("sqs", "ListDeadLetterSourceQueues", list_sources);
  r.add("sqs", "StartMessageMoveTask", start_move);
  r.add("sqs", "CancelMessageMoveTask", cancel_move);
  r.add("sqs", "ListMessageMoveTasks", list_moves);
}

}  // namespace reeve::sandbox
