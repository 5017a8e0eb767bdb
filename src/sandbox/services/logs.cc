#include "sandbox/services/logs.h"

#include <fmt/format.h>

#include <algorithm>

#include "sandbox/estate_tables.h"
#include "sandbox/services/logs_fields.h"

/// CloudWatch Logs: its drawer.
namespace reeve::sandbox {

std::int64_t to_ms(Time time) { return time.us / 1'000; }
std::unexpected<Fault> log_invalid(std::string message) {
  return fault("InvalidParameterException", std::move(message));
}
std::unexpected<Fault> log_not_found(std::string_view what) {
  return fault("ResourceNotFoundException", fmt::format("The specified {} does not exist.", what));
}

LogStream* LogGroup::find(std::string_view stream) {
  const auto at = std::ranges::lower_bound(streams, stream, {}, &LogStream::name);
  return at == streams.end() || at->name != stream ? nullptr : &*at;
}

std::int64_t LogGroup::stored_bytes() const {
  std::int64_t sum = 0;
  for (const LogStream& stream : streams) sum += stream.bytes;
  return sum;
}

void LogGroup::expire(Time now) {
  if (retention_days == 0) return;
  const Time oldest = now - std::chrono::days(retention_days);
  for (LogStream& stream : streams) {
    const auto end = std::ranges::lower_bound(stream.events, oldest, {}, &LogEvent::at);
    for (auto event = stream.events.begin(); event != end; ++event) {
      stream.bytes -= static_cast<std::int64_t>(event->message.size());
    }
    stream.events.erase(stream.events.begin(), end);
  }
}

void complete(const RowPlace& place, LogGroup& row, Time now) {
  if (row.arn.empty()) {
    row.arn = fmt::format("arn:aws:logs:{}:{}:log-group:{}", place.region, place.account, row.id);
  }
  if (row.created == Time{}) row.created = now;
  std::ranges::sort(row.streams, {}, &LogStream::name);
  for (LogStream& stream : row.streams) {
    if (stream.created == Time{}) stream.created = now;
    std::ranges::sort(stream.events, {}, &LogEvent::at);
    stream.bytes = 0;
    for (LogEvent& event : stream.events) {
      stream.bytes += static_cast<std::int64_t>(event.message.size());
      if (event.ingested == Time{}) event.ingested = event.at;
      if (event.id.empty()) event.id = fmt::format("{:056}", place.store.random().next());
    }
    if (stream.events.empty()) continue;
    if (!stream.first) stream.first = stream.events.front().at;
    if (!stream.last) stream.last = stream.events.back().at;
    if (!stream.ingested) stream.ingested = stream.last;
  }
}

void Logs::each_table(EstateTables& tables) { tables("log_groups", groups); }

void Logs::each_tagged(const DrawerPlace&, const TagVisitor& visit) {
  for (auto& [id, group] : groups.rows) visit(group.arn, "logs:log-group", group.tags);
}

std::expected<LogGroup*, Fault> log_group_of(Call& c) {
  std::string_view name = c["logGroupName"].as_text();
  if (name.empty()) name = c["logGroupIdentifier"].as_text();
  if (name.empty()) name = c["resourceIdentifier"].as_text();
  if (name.starts_with("arn:")) {
    const auto at = name.find(":log-group:");
    name = at == name.npos ? std::string_view() : name.substr(at + 11);
    if (name.ends_with(":*")) name.remove_suffix(2);
  }
  if (name.empty()) return log_invalid("A log group must be given by its name or ARN.");
  LogGroup* group = c.region.drawers.of<Logs>().groups.find(name);
  if (!group) return log_not_found("log group");
  return group;
}

std::expected<Page, Fault> log_page(const Call& c, std::int64_t usual, std::int64_t most) {
  auto page = read_page(c, false, 1, most, "limit", "nextToken");
  if (!page) return log_invalid(page.error().message);
  if (c["limit"].is_null()) page->size = static_cast<std::size_t>(usual);
  return *page;
}

void register_logs(Registry& r) {
  r.add_drawer<Logs>();
  register_log_groups(r);
  register_log_events(r);
  register_log_filters(r);
}

}  // namespace reeve::sandbox
