#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/listing.h"
#include "sandbox/service.h"

/// CloudWatch Logs' drawer.
namespace reeve::sandbox {

/// Events in one region; past it the oldest of the group that is written to make room.
inline constexpr std::size_t most_log_events = 500'000;

struct LogEvent {
  Time at, ingested;
  std::string message, id;
};

struct LogStream {
  std::string name, token;
  Time created;
  std::optional<Time> first, last, ingested;
  std::vector<LogEvent> events;  ///< in order of time
  std::int64_t bytes = 0;
};

struct MetricTransformation {
  std::string name, metric_namespace, value, unit;
  std::optional<double> otherwise;
  Tags dimensions;
};

struct MetricFilter {
  std::string name, pattern;
  Time created;
  std::vector<MetricTransformation> transformations;
};

struct SubscriptionFilter {
  std::string name, pattern, destination, role, distribution = "ByLogStream";
  Time created;
};

/// A log group; its id is its name.
struct LogGroup {
  std::string id, arn, kms_key, group_class = "STANDARD";
  Time created;
  std::int64_t retention_days = 0;  ///< 0: for ever
  std::vector<LogStream> streams;   ///< by name
  std::vector<MetricFilter> metric_filters;
  std::vector<SubscriptionFilter> subscriptions;
  Tags tags;
  LogStream* find(std::string_view stream);
  std::int64_t stored_bytes() const;
  /// Takes away what is older than the retention.
  void expire(Time now);
};

class Logs : public Drawer {
 public:
  static constexpr std::string_view name = "logs";
  Table<LogGroup> groups;
  void each_table(EstateTables& tables) override;
  void each_tagged(const DrawerPlace& place, const TagVisitor& visit) override;
};

/// A filter pattern: terms, "phrases", ?any, -not, or JSON { $.field = value && … } [CloudWatch Logs user guide,
/// "Filter pattern syntax"].
class LogPattern {
 public:
  /// The error says what is wrong with it.
  static std::expected<LogPattern, std::string> parse(std::string_view text);
  bool matches(std::string_view message) const;

 private:
  enum class Op : std::uint8_t { compare, exists, absent, is_null, is_true, is_false, both, either };
  struct Part {
    Op op = Op::compare;
    std::string path, relation, text;
    std::optional<double> number;
    std::size_t left = 0, right = 0;
  };
  struct Parser;
  bool holds(std::size_t index, Value json) const;
  std::vector<std::string> all_, any_, none_;
  std::vector<Part> parts_;  ///< of a JSON pattern; the root is the last
};

/// The group a call names by logGroupName or logGroupIdentifier. Faults: ResourceNotFoundException.
std::expected<LogGroup*, Fault> log_group_of(Call& c);
std::unexpected<Fault> log_invalid(std::string message);
std::unexpected<Fault> log_not_found(std::string_view what);
/// limit and nextToken.
std::expected<Page, Fault> log_page(const Call& c, std::int64_t usual = 50, std::int64_t most = 50);
std::int64_t to_ms(Time time);

void register_log_groups(Registry& r);
void register_log_events(Registry& r);
void register_log_filters(Registry& r);

}  // namespace reeve::sandbox
