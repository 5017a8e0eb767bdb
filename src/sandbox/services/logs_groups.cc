#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sandbox/services/logs.h"

/// Log groups and streams: create, describe, delete, retention, keys, tags.
namespace reeve::sandbox {
namespace {

constexpr std::string_view name_characters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_/.#";

/// Tags of this service: a map.
std::expected<Tags, Fault> read_map(Value map) {
  Tags out;
  for (auto [key, value] : map.entries()) {
    if (key.empty() || key.size() > 128 || key.starts_with("aws:") || value.size() > 256) {
      return log_invalid(fmt::format("The tag '{}' is not valid.", key));
    }
    out[std::string(key)] = value.as_string();
  }
  return out;
}

Outcome add_tags(Tags& into, Value map) {
  TRY(const Tags tags, read_map(map));
  if (!merge_tags(into, tags)) return fault("TooManyTagsException", "A resource may have at most 50 tags.");
  return {};
}

void write_map(Builder& out, std::string_view name, const Tags& tags) {
  out.begin_map(name);
  for (const auto& [key, value] : tags) out.put(key, value);
  out.end();
}

Outcome create(Call& c) {
  auto& groups = c.region.drawers.of<Logs>().groups;
  const std::string name = c["logGroupName"].as_string();
  if (name.empty() || name.size() > 512 || name.find_first_not_of(name_characters) != name.npos) {
    return log_invalid(
        fmt::format("1 validation error detected: Value '{}' at 'logGroupName' failed to satisfy "
                    "constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+",
                    name.substr(0, 512)));
  }
  if (groups.find(name)) return fault("ResourceAlreadyExistsException", "The specified log group already exists");
  constexpr std::size_t quota = 100'000;  // far less in a new account
  if (groups.rows.size() >= quota) return fault("LimitExceededException", "Resource limit exceeded.");
  LogGroup group{.id = name,
                 .arn = fmt::format("arn:aws:logs:{}:{}:log-group:{}", c.region.name, c.account.id, name),
                 .kms_key = c["kmsKeyId"].as_string(),
                 .created = c.now};
  group.group_class = c["logGroupClass"].as_text_or("STANDARD");
  TRY(add_tags(group.tags, c["tags"]));
  groups.add(std::move(group));
  return {};
}

Outcome remove(Call& c) {
  TRY(const LogGroup* group, log_group_of(c));
  c.region.drawers.of<Logs>().groups.erase(std::string(group->id));
  return {};
}

Outcome describe(Call& c) {
  const std::string_view prefix = c["logGroupNamePrefix"].as_text(), part = c["logGroupNamePattern"].as_text(),
                         kind = c["logGroupClass"].as_text();
  if (!prefix.empty() && !part.empty()) {
    return log_invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.");
  }
  const auto wanted = texts(c["logGroupIdentifiers"]);
  TRY(const Page page, log_page(c));
  auto keep = [&](const LogGroup& group) {
    return group.id.starts_with(prefix) && group.id.contains(part) && (kind.empty() || group.group_class == kind) &&
           (wanted.empty() || has(wanted, group.id) || has(wanted, group.arn));
  };
  auto& groups = c.region.drawers.of<Logs>().groups;
  for (auto& [id, group] : groups.rows) group.expire(c.now);
  Listed<LogGroup> listed;
  list_table(c, groups, c.account.id, page, {}, "", {}, keep, listed);
  c.out.begin_list("logGroups");
  for (const LogGroup* group : listed.rows) {
    c.out.begin_map();
    c.out.put("logGroupName", group->id);
    c.out.put("creationTime", to_ms(group->created));
    if (group->retention_days > 0) c.out.put("retentionInDays", group->retention_days);
    c.out.put("metricFilterCount", group->metric_filters.size());
    c.out.put("arn", group->arn + ":*");
    c.out.put("logGroupArn", group->arn);
    c.out.put("storedBytes", group->stored_bytes());
    c.out.put_if("kmsKeyId", group->kms_key);
    c.out.put("logGroupClass", group->group_class);
    c.out.end();
  }
  c.out.end();
  c.out.put_if("nextToken", listed.next);
  return {};
}

Outcome create_stream(Call& c) {
  TRY(LogGroup * group, log_group_of(c));
  const std::string name = c["logStreamName"].as_string();
  if (name.empty() || name.size() > 512 || name.find_first_of(":*") != name.npos) {
    return log_invalid("A log stream's name has 1 to 512 characters, and no ':' and '*'.");
  }
  const auto at = std::ranges::lower_bound(group->streams, name, {}, &LogStream::name);
  if (at != group->streams.end() && at->name == name) {
    return fault("ResourceAlreadyExistsException", "The specified log stream already exists");
  }
  constexpr std::size_t most = 100'000;
  if (group->streams.size() >= most) return fault("LimitExceededException", "Resource limit exceeded.");
  group->streams.insert(at, {.name = name, .token = "1", .created = c.now});
  return {};
}

Outcome remove_stream(Call& c) {
  TRY(LogGroup * group, log_group_of(c));
  const std::string_view name = c["logStreamName"].as_text();
  if (!group->find(name)) return log_not_found("log stream");
  std::erase_if(group->streams, [&](const LogStream& stream) { return stream.name == name; });
  return {};
}

Outcome describe_streams(Call& c) {
  TRY(LogGroup * group, log_group_of(c));
  group->expire(c.now);
  const std::string_view prefix = c["logStreamNamePrefix"].as_text(), order = c["orderBy"].as_text_or("LogStreamName");
  const bool by_time = order == "LastEventTime";
  if (by_time && !prefix.empty()) {
    return log_invalid("Cannot order by LastEventTime with a logStreamNamePrefix.");
  }
  TRY(const Page page, log_page(c));
  std::vector<const LogStream*> rows;
  for (const LogStream& stream : group->streams) {
    if (stream.name.starts_with(prefix)) rows.push_back(&stream);
  }
  if (by_time) {
    std::ranges::sort(rows, {}, [](const LogStream* s) { return std::pair(s->last.value_or(Time{}), s->name); });
  }
  if (c["descending"].as_bool()) std::ranges::reverse(rows);
  auto from = page.after.empty() ? rows.begin() : std::ranges::find(rows, page.after, &LogStream::name);
  if (!page.after.empty() && from != rows.end()) ++from;
  c.out.begin_list("logStreams");
  std::size_t written = 0;
  for (; from != rows.end() && written < page.size; ++from, ++written) {
    const LogStream& stream = **from;
    c.out.begin_map();
    c.out.put("logStreamName", stream.name);
    c.out.put("creationTime", to_ms(stream.created));
    if (stream.first) c.out.put("firstEventTimestamp", to_ms(*stream.first));
    if (stream.last) c.out.put("lastEventTimestamp", to_ms(*stream.last));
    if (stream.ingested) c.out.put("lastIngestionTime", to_ms(*stream.ingested));
    c.out.put_if("uploadSequenceToken", stream.token);
    c.out.put("arn", fmt::format("{}:log-stream:{}", group->arn, stream.name));
    c.out.put("storedBytes", 0);  // AWS tells 0 of each stream since 2019
    c.out.end();
  }
  c.out.end();
  if (from != rows.end()) c.out.put("nextToken", make_token(c, c.account.id, (*std::prev(from))->name));
  return {};
}

Outcome put_retention(Call& c) {
  constexpr std::array<std::int64_t, 23> allowed{1,   3,   5,   7,    14,   30,   60,   90,   120,  150,  180, 365,
                                                 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653, 0};
  TRY(LogGroup * group, log_group_of(c));
  const std::int64_t days = c["retentionInDays"].as_integer();
  if (days < 1 || !has(allowed, days)) {
    return log_invalid(fmt::format("Value '{}' at 'retentionInDays' is not one of the days that are allowed: {}.", days,
                                   fmt::join(allowed.begin(), allowed.end() - 1, ", ")));
  }
  group->retention_days = days;
  return {};
}

Outcome delete_retention(Call& c) {
  TRY(LogGroup * group, log_group_of(c));
  group->retention_days = 0;
  return {};
}

Outcome set_key(Call& c, bool on) {
  TRY(LogGroup * group, log_group_of(c));
  group->kms_key = on ? c["kmsKeyId"].as_string() : std::string();
  return {};
}

/// The tags of a resource by ARN; only groups bear some.
std::expected<Tags*, Fault> by_arn(Call& c) {
  std::string_view arn = c["resourceArn"].as_text();
  if (arn.ends_with(":*")) arn.remove_suffix(2);
  const auto at = arn.find(":log-group:");
  LogGroup* group = at == arn.npos ? nullptr : c.region.drawers.of<Logs>().groups.find(arn.substr(at + 11));
  if (!group || group->arn != arn) return log_not_found("resource");
  return &group->tags;
}

Outcome drop_tags(Tags& tags, Value keys) {
  for (std::string_view key : texts(keys)) {
    if (const auto at = tags.find(key); at != tags.end()) tags.erase(at);
  }
  return {};
}

Outcome tag(Call& c) {
  TRY(Tags * tags, by_arn(c));
  return add_tags(*tags, c["tags"]);
}
Outcome untag(Call& c) {
  TRY(Tags * tags, by_arn(c));
  return drop_tags(*tags, c["tagKeys"]);
}
Outcome list_tags(Call& c) {
  TRY(const Tags* tags, by_arn(c));
  write_map(c.out, "tags", *tags);
  return {};
}
Outcome tag_group(Call& c) {
  TRY(LogGroup * group, log_group_of(c));
  return add_tags(group->tags, c["tags"]);
}
Outcome untag_group(Call& c) {
  TRY(LogGroup * group, log_group_of(c));
  return drop_tags(group->tags, c["tags"]);
}
Outcome list_group_tags(Call& c) {
  TRY(const LogGroup* group, log_group_of(c));
  write_map(c.out, "tags", group->tags);
  return {};
}

}  // namespace

void register_log_groups(Registry& r) {
  r.add("logs", "CreateLogGroup", create);
  r.add("logs", "DeleteLogGroup", remove);
  r.add("logs", "DescribeLogGroups", describe);
  r.add("logs", "CreateLogStream", create_stream);
  r.add("logs", "DeleteLogStream", remove_stream);
  r.add("logs", "DescribeLogStreams", describe_streams);
  r.add("logs", "PutRetentionPolicy", put_retention);
  r.add("logs", "DeleteRetentionPolicy", delete_retention);
  r.add("logs", "AssociateKmsKey", [](Call& c) { return set_key(c, true); });
  r.add("logs", "DisassociateKmsKey", [](Call& c) { return set_key(c, false); });
  r.add("logs", "TagResource", tag);
  r.add("logs", "UntagResource", untag);
  r.add("logs", "ListTagsForResource", list_tags);
  r.add("logs", "TagLogGroup", tag_group);
  r.add("logs", "UntagLogGroup", untag_group);
  r.add("logs", "ListTagsLogGroup", list_group_tags);
}

}  // namespace reeve::sandbox
