#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/json.h"
#include "sandbox/metrics.h"
#include "sandbox/services/logs.h"

/// Log events: put, get, filter.
namespace reeve::sandbox {
namespace {

Time from_ms(std::int64_t ms) { return Time{ms * 1'000}; }

/// What a metric filter counts for an event: a number, or a member of its JSON.
std::optional<double> metric_value(const MetricTransformation& to, std::string_view message) {
  std::string_view text = to.value;
  std::string found;
  if (text.starts_with("$.")) {
    const auto json = parse_json(message);
    if (!json) return std::nullopt;
    Value at = json->root();
    for (text.remove_prefix(2); !text.empty();) {
      const std::string_view member = text.substr(0, text.find('.'));
      at = at[member];
      text.remove_prefix(std::min(text.size(), member.size() + 1));
    }
    if (at.is_number()) return at.as_real();
    found = at.as_string();
    text = found;
  }
  double out = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && stop == text.data() + text.size() ? std::optional(out) : std::nullopt;
}

void count_metrics(Call& c, const LogGroup& group, const LogEvent& event) {
  for (const MetricFilter& filter : group.metric_filters) {
    const auto pattern = LogPattern::parse(filter.pattern);
    if (!pattern) continue;
    const bool matches = pattern->matches(event.message);
    for (const MetricTransformation& to : filter.transformations) {
      const auto value = matches ? metric_value(to, event.message) : to.otherwise;
      if (!value) continue;
      Tags dimensions;
      for (const auto& [name, path] : to.dimensions) {
        const auto json = parse_json(event.message);
        if (json && path.starts_with("$.")) dimensions[name] = json->root()[path.substr(2)].as_string();
      }
      std::erase_if(dimensions, [](const auto& entry) { return entry.second.empty(); });
      if (dimensions.size() != to.dimensions.size()) dimensions.clear();
      const Time minute{event.at.us / 60'000'000 * 60'000'000};
      put_metric(c.region, to.metric_namespace, to.name, dimensions, minute, *value, to.unit == "None" ? "" : to.unit);
    }
  }
}

/// Room for one event more: the oldest of the group go.
void make_room(Call& c, LogGroup& group) {
  std::size_t all = 0;
  for (const auto& [id, row] : c.region.drawers.of<Logs>().groups.rows) {
    for (const LogStream& stream : row.streams) all += stream.events.size();
  }
  for (LogStream& stream : group.streams) {
    if (all < most_log_events) return;
    const std::size_t half = (stream.events.size() + 1) / 2;
    stream.events.erase(stream.events.begin(), stream.events.begin() + static_cast<std::ptrdiff_t>(half));
    all -= half;
  }
}

Outcome put(Call& c) {
  constexpr std::size_t most_events = 10'000, most_bytes = 1'048'576, overhead = 26;
  TRY(LogGroup * group, log_group_of(c));
  LogStream* stream = group->find(c["logStreamName"].as_text());
  if (!stream) return log_not_found("log stream");
  const Value events = c["logEvents"];
  if (events.empty() || events.size() > most_events) return log_invalid("A batch has from 1 to 10000 log events.");
  std::size_t bytes = 0;
  std::int64_t before = INT64_MIN, first = INT64_MAX;
  for (Value event : events.items()) {
    const std::int64_t at = event["timestamp"].as_integer();
    if (at < before) {
      return log_invalid("Log events in a single PutLogEvents request must be in chronological order.");
    }
    if (event["message"].as_text().empty()) return log_invalid("Log event message must not be empty.");
    before = at, first = std::min(first, at);
    bytes += event["message"].size() + overhead;
  }
  if (bytes > most_bytes) return log_invalid(fmt::format("Upload too large: {} bytes exceeds limit of 1048576", bytes));
  if (before - first > std::int64_t{24} * 3'600'000) {
    return log_invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.");
  }
  make_room(c, *group);
  const Time newest = c.now + std::chrono::hours(2), oldest = c.now - std::chrono::days(14);
  const Time expired = group->retention_days > 0 ? c.now - std::chrono::days(group->retention_days) : Time{INT64_MIN};
  std::int64_t index = -1, too_new = -1, too_old = -1, gone = -1;
  for (Value item : events.items()) {
    ++index;
    LogEvent event{
        .at = from_ms(item["timestamp"].as_integer()), .ingested = c.now, .message = item["message"].as_string()};
    if (event.at > newest) {
      if (too_new < 0) too_new = index;
    } else if (event.at < oldest) {
      too_old = index + 1;
    } else if (event.at < expired) {
      gone = index + 1;
    } else {
      event.id = fmt::format("{:036}{:020}", to_ms(event.at), c.store.random().next());
      count_metrics(c, *group, event);
      stream->bytes += static_cast<std::int64_t>(event.message.size());
      stream->first = std::min(stream->first.value_or(event.at), event.at);
      stream->last = std::max(stream->last.value_or(event.at), event.at);
      stream->ingested = c.now;
      const auto place = std::ranges::upper_bound(stream->events, event.at, {}, &LogEvent::at);
      stream->events.insert(place, std::move(event));
    }
  }
  std::uint64_t number = 0;
  std::from_chars(stream->token.data(), stream->token.data() + stream->token.size(), number);
  stream->token = std::to_string(number + 1);
  c.out.put("nextSequenceToken", stream->token);
  if (too_new < 0 && too_old < 0 && gone < 0) return {};
  c.out.begin_map("rejectedLogEventsInfo");
  if (too_new >= 0) c.out.put("tooNewLogEventStartIndex", too_new);
  if (too_old >= 0) c.out.put("tooOldLogEventEndIndex", too_old);
  if (gone >= 0) c.out.put("expiredLogEventEndIndex", gone);
  c.out.end();
  return {};
}

struct Range {
  Time from{INT64_MIN}, to{INT64_MAX};
  bool holds(Time at) const { return at >= from && at < to; }
};
Range range_of(const Call& c, bool to_is_inside) {
  Range out;
  if (!c["startTime"].is_null()) out.from = from_ms(c["startTime"].as_integer());
  if (!c["endTime"].is_null()) out.to = from_ms(c["endTime"].as_integer() + (to_is_inside ? 1 : 0));
  return out;
}

std::expected<std::size_t, Fault> limit_of(const Call& c) {
  constexpr std::int64_t most = 10'000;
  if (c["limit"].is_null()) return most;
  const std::int64_t limit = c["limit"].as_integer();
  if (limit < 1 || limit > most) return log_invalid("limit must be from 1 to 10000.");
  return static_cast<std::size_t>(limit);
}

/// GetLogEvents: tokens "f/N" and "b/N" say between which events of the stream one stands. The same token comes back
/// where there is nothing more.
Outcome get(Call& c) {
  TRY(LogGroup * group, log_group_of(c));
  group->expire(c.now);
  const LogStream* stream = group->find(c["logStreamName"].as_text());
  if (!stream) return log_not_found("log stream");
  TRY(const std::size_t limit, limit_of(c));
  const Range range = range_of(c, false);
  std::vector<const LogEvent*> events;
  for (const LogEvent& event : stream->events) {
    if (range.holds(event.at)) events.push_back(&event);
  }
  std::size_t from = 0, to = 0;
  const std::string_view token = c["nextToken"].as_text();
  if (token.empty()) {
    const bool head = c["startFromHead"].as_bool();
    from = head || events.size() < limit ? 0 : events.size() - limit;
    to = std::min(events.size(), from + limit);
  } else {
    std::size_t place = 0;
    if ((token[0] != 'f' && token[0] != 'b') || token.size() < 3 ||
        std::from_chars(token.data() + 2, token.data() + token.size(), place).ec != std::errc()) {
      return log_invalid("The specified nextToken is invalid.");
    }
    place = std::min(place, events.size());
    from = token[0] == 'f' ? place : place - std::min(place, limit);
    to = token[0] == 'f' ? std::min(events.size(), place + limit) : place;
  }
  c.out.begin_list("events");
  for (std::size_t i = from; i < to; ++i) {
    c.out.begin_map();
    c.out.put("timestamp", to_ms(events[i]->at));
    c.out.put("message", events[i]->message);
    c.out.put("ingestionTime", to_ms(events[i]->ingested));
    c.out.end();
  }
  c.out.end();
  c.out.put("nextForwardToken", fmt::format("f/{:056}", to));
  c.out.put("nextBackwardToken", fmt::format("b/{:056}", from));
  return {};
}

Outcome filter(Call& c) {
  TRY(LogGroup * group, log_group_of(c));
  group->expire(c.now);
  const auto names = texts(c["logStreamNames"]);
  const std::string_view prefix = c["logStreamNamePrefix"].as_text();
  if (!names.empty() && !prefix.empty()) {
    return log_invalid("logStreamNames and logStreamNamePrefix are mutually exclusive.");
  }
  for (std::string_view name : names) {
    if (!group->find(name)) return log_not_found("log stream");
  }
  auto pattern = LogPattern::parse(c["filterPattern"].as_text());
  if (!pattern) return log_invalid("Invalid filter pattern: " + pattern.error());
  TRY(const std::size_t limit, limit_of(c));
  auto page = read_page(c, false, 1, 10'000, "limit", "nextToken");
  if (!page) return log_invalid(page.error().message);
  std::size_t skip = 0;
  std::from_chars(page->after.data(), page->after.data() + page->after.size(), skip);
  const Range range = range_of(c, true);
  std::vector<std::pair<const LogStream*, const LogEvent*>> found;
  for (const LogStream& stream : group->streams) {
    if (!stream.name.starts_with(prefix) || (!names.empty() && !has(names, stream.name))) continue;
    for (const LogEvent& event : stream.events) {
      if (range.holds(event.at) && pattern->matches(event.message)) found.emplace_back(&stream, &event);
    }
  }
  std::ranges::sort(found, [](const auto& a, const auto& b) {
    return std::tie(a.second->at, a.second->id) < std::tie(b.second->at, b.second->id);
  });
  c.out.begin_list("events");
  const std::size_t end = std::min(found.size(), skip + limit);
  for (std::size_t i = skip; i < end; ++i) {
    const auto& [stream, event] = found[i];
    c.out.begin_map();
    c.out.put("logStreamName", stream->name);
    c.out.put("timestamp", to_ms(event->at));
    c.out.put("message", event->message);
    c.out.put("ingestionTime", to_ms(event->ingested));
    c.out.put("eventId", event->id);
    c.out.end();
  }
  c.out.end();
  c.out.begin_list("searchedLogStreams");
  c.out.end();
  if (end < found.size()) c.out.put("nextToken", make_token(c, c.account.id, std::to_string(end)));
  return {};
}

}  // namespace

void register_log_events(Registry& r) {
  r.add("logs", "PutLogEvents", put);
  r.add("logs", "GetLogEvents", get);
  r.add("logs", "FilterLogEvents", filter);
}

}  // namespace reeve::sandbox
