#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/json.h"
#include "sandbox/listing.h"
#include "sandbox/services/sqs.h"

// SQS: queues, their attributes, tags and permissions.
namespace reeve::sandbox {
namespace {

struct AttributeRule {
  std::string_view name, otherwise;
  std::int64_t least = 0, most = -1;  ///< bounds of a number; most < least: a text
  bool fifo_only = false;
};

// [SQS API reference, "SetQueueAttributes"]
constexpr std::array<AttributeRule, 15> rules{{{"DelaySeconds", "0", 0, 900},
                                               {"MaximumMessageSize", "1048576", 1024, 1'048'576},
                                               {"MessageRetentionPeriod", "345600", 60, 1'209'600},
                                               {"ReceiveMessageWaitTimeSeconds", "0", 0, 20},
                                               {"VisibilityTimeout", "30", 0, 43'200},
                                               {"Policy", ""},
                                               {"RedrivePolicy", ""},
                                               {"RedriveAllowPolicy", ""},
                                               {"KmsMasterKeyId", ""},
                                               {"KmsDataKeyReusePeriodSeconds", "", 60, 86'400},
                                               {"SqsManagedSseEnabled", "true"},
                                               {"FifoQueue", "true", 0, -1, true},
                                               {"ContentBasedDeduplication", "false", 0, -1, true},
                                               {"DeduplicationScope", "queue", 0, -1, true},
                                               {"FifoThroughputLimit", "perQueue", 0, -1, true}}};

const AttributeRule* find_rule(std::string_view name) {
  const auto at = std::ranges::find(rules, name, &AttributeRule::name);
  return at == rules.end() ? nullptr : &*at;
}

std::unexpected<Fault> invalid_value(std::string_view name) {
  return fault("InvalidAttributeValue", fmt::format("Invalid value for the parameter {}.", name));
}
std::unexpected<Fault> unknown_attribute(std::string_view name) {
  return fault("InvalidAttributeName", fmt::format("Unknown Attribute {}.", name));
}

Outcome check_redrive(Call& c, const Queue& queue, std::string_view text) {
  const auto policy = parse_json(text);
  const std::string bad = fmt::format("Value {} for parameter RedrivePolicy is invalid. Reason: ", text);
  if (!policy || !policy->root().is_map()) return invalid_parameter(bad + "Redrive policy is not a valid JSON map.");
  const Value count = (*policy)["maxReceiveCount"];
  const std::int64_t most = count.is_text() ? std::strtoll(count.as_string().c_str(), nullptr, 10) : count.as_integer();
  const std::string target = (*policy)["deadLetterTargetArn"].as_string();
  if (most < 1 || most > 1000) return invalid_parameter(bad + "Invalid value for maxReceiveCount.");
  const FoundQueue found = find_queue(c.store, target);
  if (!found.queue) return invalid_parameter(bad + "Dead letter target does not exist.");
  if (target == queue_arn(c.region, queue.id))
    return invalid_parameter(bad + "A queue cannot be its own dead letter target.");
  if (found.queue->is_fifo() != queue.is_fifo()) {
    return invalid_parameter(bad + "Dead-letter queue must be same type of queue as the source.");
  }
  const auto allow = parse_json(found.queue->text("RedriveAllowPolicy"));
  const std::string_view permission = allow ? (*allow)["redrivePermission"].as_text() : std::string_view();
  const bool listed = allow && has(texts((*allow)["sourceQueueArns"]), std::string_view(queue_arn(c.region, queue.id)));
  if (permission == "denyAll" || (permission == "byQueue" && !listed)) {
    return invalid_parameter(bad + "Dead letter target owner has denied access.");
  }
  return {};
}

Outcome check_attribute(Call& c, const Queue& queue, std::string_view name, const std::string& value) {
  const AttributeRule* rule = find_rule(name);
  if (!rule || (rule->fifo_only && !queue.is_fifo())) return unknown_attribute(name);
  if (rule->most >= rule->least) {
    const bool digits = !value.empty() && value.size() < 10 && value.find_first_not_of("0123456789") == value.npos;
    const std::int64_t number = digits ? std::strtoll(value.c_str(), nullptr, 10) : -1;
    if (number < rule->least || number > rule->most) return invalid_value(name);
  } else if (name == "RedrivePolicy" && !value.empty()) {
    return check_redrive(c, queue, value);
  } else if ((name == "Policy" || name == "RedriveAllowPolicy") && !value.empty()) {
    const auto json = parse_json(value);
    if (!json || !json->root().is_map()) return invalid_value(name);
  } else if (name == "DeduplicationScope" && value != "queue" && value != "messageGroup") {
    return invalid_value(name);
  } else if (name == "FifoThroughputLimit" && value != "perQueue" && value != "perMessageGroupId") {
    return invalid_value(name);
  } else if ((name == "FifoQueue" && value != "true") ||
             ((name == "ContentBasedDeduplication" || name == "SqsManagedSseEnabled") && value != "true" &&
              value != "false")) {
    return invalid_value(name);
  }
  return {};
}

Outcome create_queue(Call& c) {
  const std::string name = c["QueueName"].as_string();
  const std::string_view stem = name.ends_with(".fifo") ? std::string_view(name).substr(0, name.size() - 5) : name;
  const bool plain =
      stem.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") == stem.npos;
  if (stem.empty() || name.size() > 80 || !plain) {
    return invalid_parameter("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length");
  }
  const bool asks_fifo = c["Attributes"]["FifoQueue"].as_text() == "true";
  if (name.ends_with(".fifo") && !asks_fifo) {
    return invalid_parameter("The name of a FIFO queue can only end with the .fifo suffix when FifoQueue is true.");
  }
  if (asks_fifo && !name.ends_with(".fifo")) {
    return invalid_parameter(
        "The name of a FIFO queue can only include alphanumeric characters, hyphens, or "
        "underscores, must end with .fifo suffix and be 1 to 80 in length.");
  }
  Sqs& sqs = c.region.drawers.of<Sqs>();
  if (const Queue* there = sqs.queues.find(name)) {
    for (auto [key, value] : c["Attributes"].entries()) {
      if (there->text(key) != value.as_text()) {
        return fault("QueueNameExists", fmt::format("A queue already exists with the same name and a different value "
                                                    "for attribute {}",
                                                    key));
      }
    }
    c.out.put("QueueUrl", queue_url(c.region, name));
    return {};
  }
  if (const DeletedQueue* gone = sqs.deleted.find(name); gone && gone->until > c.now) {
    return fault("QueueDeletedRecently",
                 "You must wait 60 seconds after deleting a queue before you can create another with the same name.");
  }
  if (sqs.queues.rows.size() >= most_resources) return fault("OverLimit", "There are too many queues.", 403);
  Queue queue{.id = name, .created = c.now, .modified = c.now};
  add_default_attributes(queue);
  TRY(set_attributes(c, queue, c["Attributes"]));
  for (auto [key, value] : c["tags"].entries()) queue.tags[std::string(key)] = value.as_string();
  sqs.queues.add(std::move(queue));
  c.out.put("QueueUrl", queue_url(c.region, name));
  return {};
}

Outcome delete_queue(Call& c) {
  TRY(const FoundQueue found, queue_of(c));
  Sqs& sqs = found.region->drawers.of<Sqs>();
  const std::string name = found.queue->id;
  if (c.is_aws()) {
    std::erase_if(sqs.deleted.rows, [&](const auto& row) { return row.second.until <= c.now; });
    sqs.deleted.add({name, c.now + std::chrono::seconds(60)});
  }
  sqs.queues.erase(name);
  return {};
}

Outcome get_queue_url(Call& c) {
  const std::string name = c["QueueName"].as_string();
  const std::string owner = std::string(c["QueueOwnerAWSAccountId"].as_text_or(c.account.id));
  Region* region = c.store.find_region(owner, c.region.name);
  if (!region || !region->drawers.of<Sqs>().queues.find(name)) {
    return fault("QueueDoesNotExist", "The specified queue does not exist.");
  }
  c.out.put("QueueUrl", queue_url(*region, name));
  return {};
}

Outcome list_queues(Call& c) {
  TRY(const Page page, read_page(c, false, 1, 1000));
  const std::string prefix = c["QueueNamePrefix"].as_string();
  Listed<Queue> listed;
  list_table(
      c, c.region.drawers.of<Sqs>().queues, c.account.id, page, {}, "", {},
      [&](const Queue& queue) { return queue.id.starts_with(prefix); }, listed);
  constexpr std::size_t most_unpaged = 1000;
  if (listed.rows.size() > most_unpaged) listed.rows.resize(most_unpaged);
  if (listed.rows.empty()) return {};
  c.out.begin_list("QueueUrls");
  for (const Queue* queue : listed.rows) c.out.add(queue_url(c.region, queue->id));
  c.out.end();
  c.out.put_if("NextToken", listed.next);
  return {};
}

Outcome get_attributes(Call& c) {
  TRY(const FoundQueue found, queue_of(c));
  const Queue& queue = *found.queue;
  tidy(*found.queue, c.now);
  const QueueCounts counts = count_messages(queue, c.now);
  Tags all = queue.attributes;
  all["ApproximateNumberOfMessages"] = std::to_string(counts.visible);
  all["ApproximateNumberOfMessagesNotVisible"] = std::to_string(counts.in_flight);
  all["ApproximateNumberOfMessagesDelayed"] = std::to_string(counts.delayed);
  all["CreatedTimestamp"] = std::to_string(queue.created.us / 1'000'000);
  all["LastModifiedTimestamp"] = std::to_string(queue.modified.us / 1'000'000);
  all["QueueArn"] = queue_arn(*found.region, queue.id);
  std::set<std::string, std::less<>> wanted;
  for (const std::string_view name : texts(c["AttributeNames"])) {
    if (name != "All" && !all.contains(name) && !find_rule(name)) return unknown_attribute(name);
    wanted.emplace(name);
  }
  if (wanted.empty()) return {};
  c.out.begin_map("Attributes");
  for (const auto& [name, value] : all) {
    if (!value.empty() && (wanted.contains("All") || wanted.contains(name))) c.out.put(name, value);
  }
  c.out.end();
  return {};
}

Outcome set_queue_attributes(Call& c) {
  TRY(const FoundQueue found, queue_of(c));
  if (c["Attributes"].empty()) return missing("Attribute.Name");
  Queue trial{.id = found.queue->id, .attributes = found.queue->attributes};
  for (auto [key, value] : c["Attributes"].entries()) {
    if (key == "FifoQueue" && trial.text(key) != value.as_text()) return unknown_attribute(key);
  }
  TRY(set_attributes(c, trial, c["Attributes"]));
  found.queue->attributes = std::move(trial.attributes);
  found.queue->modified = c.now;
  return {};
}

Outcome purge_queue(Call& c) {
  TRY(const FoundQueue found, queue_of(c));
  Queue& queue = *found.queue;
  if (c.is_aws() && queue.purged && c.now - *queue.purged < std::chrono::seconds(60)) {
    return fault("PurgeQueueInProgress",
                 fmt::format("Only one PurgeQueue operation on {} is allowed every 60 seconds.", queue.id), 403);
  }
  queue.purged = c.now;
  queue.messages.clear();
  return {};
}

Outcome tag_queue(Call& c) {
  TRY(const FoundQueue found, queue_of(c));
  Tags added;
  for (auto [key, value] : c["Tags"].entries()) added[std::string(key)] = value.as_string();
  if (auto merged = merge_tags(found.queue->tags, added); !merged) {
    return invalid_parameter(fmt::format("Too many tags added for queue {}.", found.queue->id));
  }
  return {};
}

Outcome untag_queue(Call& c) {
  TRY(const FoundQueue found, queue_of(c));
  for (const std::string_view key : texts(c["TagKeys"])) {
    if (const auto at = found.queue->tags.find(key); at != found.queue->tags.end()) found.queue->tags.erase(at);
  }
  return {};
}

Outcome list_tags(Call& c) {
  TRY(const FoundQueue found, queue_of(c));
  if (found.queue->tags.empty()) return {};
  c.out.begin_map("Tags");
  for (const auto& [key, value] : found.queue->tags) c.out.put(key, value);
  c.out.end();
  return {};
}

/// The queue's policy with the statements of other labels, and perhaps one more.
std::string policy_with(const Call& c, const FoundQueue& found, std::string_view label, bool add) {
  const auto old = parse_json(found.queue->text("Policy"));
  Builder out;
  out.begin_map();
  out.put("Version", "2012-10-17");
  out.put("Id", queue_arn(*found.region, found.queue->id) + "/SQSDefaultPolicy");
  out.begin_list("Statement");
  if (old) {
    for (Value statement : (*old)["Statement"].items()) {
      if (statement["Sid"].as_text() != label) out.add(statement);
    }
  }
  if (add) {
    out.begin_map();
    out.put("Sid", label);
    out.put("Effect", "Allow");
    out.begin_map("Principal");
    out.begin_list("AWS");
    for (const std::string_view id : texts(c["AWSAccountIds"])) out.add(fmt::format("arn:aws:iam::{}:root", id));
    out.end();
    out.end();
    out.begin_list("Action");
    for (const std::string_view action : texts(c["Actions"])) out.add(fmt::format("SQS:{}", action));
    out.end();
    out.put("Resource", queue_arn(*found.region, found.queue->id));
    out.end();
  }
  out.end();
  out.end();
  return to_json(out.finish());
}

bool has_label(const Queue& queue, std::string_view label) {
  const auto policy = parse_json(queue.text("Policy"));
  if (!policy) return false;
  for (Value statement : (*policy)["Statement"].items()) {
    if (statement["Sid"].as_text() == label) return true;
  }
  return false;
}

Outcome change_permission(Call& c, bool add) {
  TRY(const FoundQueue found, queue_of(c));
  const std::string label = c["Label"].as_string();
  if (has_label(*found.queue, label) == add) {
    return invalid_parameter(fmt::format("Value {} for parameter Label is invalid. Reason: {}", label,
                                         add ? "Already exists." : "can't find label."));
  }
  found.queue->attributes["Policy"] = policy_with(c, found, label, add);
  return {};
}

Outcome add_permission(Call& c) { return change_permission(c, true); }
Outcome remove_permission(Call& c) { return change_permission(c, false); }

}  // namespace

Outcome set_attributes(Call& c, Queue& queue, Value attributes) {
  for (auto [key, value] : attributes.entries()) {
    const std::string text = value.as_string();
    TRY(check_attribute(c, queue, key, text));
    queue.attributes[std::string(key)] = text;
  }
  if (queue.text("FifoThroughputLimit") == "perMessageGroupId" && queue.text("DeduplicationScope") == "queue") {
    return invalid_value("FifoThroughputLimit");
  }
  return {};
}

void add_default_attributes(Queue& queue) {
  for (const AttributeRule& rule : rules) {
    if (!rule.otherwise.empty() && (!rule.fifo_only || queue.is_fifo())) {
      queue.attributes.emplace(rule.name, rule.otherwise);
    }
  }
}

std::expected<FoundQueue, Fault> queue_of(Call& c) {
  std::string_view url = c["QueueUrl"].as_text();
  if (url.empty()) return missing("QueueUrl");
  while (url.ends_with("/")) url.remove_suffix(1);
  const auto slash = url.rfind('/');
  const std::string_view name = slash == url.npos ? url : url.substr(slash + 1);
  std::string_view owner = c.account.id;
  if (slash != url.npos && slash > 0) {
    const auto before = url.rfind('/', slash - 1);
    owner = url.substr(before == url.npos ? 0 : before + 1, slash - (before == url.npos ? 0 : before + 1));
  }
  Region* region = c.store.find_region(owner, c.region.name);
  Queue* queue = region ? region->drawers.of<Sqs>().queues.find(name) : nullptr;
  if (!queue) return fault("QueueDoesNotExist", "The specified queue does not exist.");
  const std::string_view policy = queue->text("Policy");
  const bool named = policy.find(c.account.id) != policy.npos || policy.find("\"*\"") != policy.npos;
  if (region->account != c.account.id && !named) {
    return fault("AccessDeniedException",
                 fmt::format("User: {} is not authorized to perform: sqs:{} on resource: {}", c.caller_arn, c.operation,
                             queue_arn(*region, name)),
                 403);
  }
  return FoundQueue{region, queue};
}

void register_sqs_queues(Registry& r) {
  r.add("sqs", "CreateQueue", create_queue);
  r.add("sqs", "DeleteQueue", delete_queue);
  r.add("sqs", "GetQueueUrl", get_queue_url);
  r.add("sqs", "ListQueues", list_queues);
  r.add("sqs", "GetQueueAttributes", get_attributes);
  r.add("sqs", "SetQueueAttributes", set_queue_attributes);
  r.add("sqs", "PurgeQueue", purge_queue);
  r.add("sqs", "TagQueue", tag_queue);
  r.add("sqs", "UntagQueue", untag_queue);
  r.add("sqs", "ListQueueTags", list_tags);
  r.add("sqs", "AddPermission", add_permission);
  r.add("sqs", "RemovePermission", remove_permission);
}

}  // namespace reeve::sandbox
