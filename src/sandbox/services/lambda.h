#pragma once
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/kept_rows.h"
#include "sandbox/listing.h"

/// Lambda's state: functions as records. Nothing runs; an invocation is written down and answered with what the estate
/// says.
namespace reeve::sandbox {

/// What a version of a function is; `$LATEST` is the one that changes.
struct FunctionVersion {
  std::string version = "$LATEST", runtime, role, handler, description, package_type = "Zip", kms_key, code_sha256,
              revision, image_uri;
  std::int64_t code_bytes = 0, timeout_s = 3, memory_mib = 128, storage_mib = 512;
  Time modified;
  std::vector<std::string> architectures, layers;
  Tags environment;
  /// In AWS's shapes, as given.
  Document vpc, dead_letters, tracing, file_systems, image_config, snap_start, logging;
  std::optional<Time> due;  ///< when it becomes Active, or its update is done
  bool is_new = false;      ///< what is under way until `due` is its creation
};

struct FunctionAlias {
  std::string name, version, description, revision;
  Document routing;
};
struct FunctionUrl {
  std::string qualifier, auth = "NONE", mode = "BUFFERED";
  Time created, modified;
  Document cors;
};
struct EventInvokeConfig {
  std::string qualifier = "$LATEST";
  std::optional<std::int64_t> retries, age_s;
  Time modified;
  Document destinations;
};
/// A statement of a function's policy, as JSON text.
struct FunctionPermission {
  std::string qualifier, sid, statement;
};

struct LambdaFunction {
  std::string id;  ///< its name
  FunctionVersion latest;
  std::vector<FunctionVersion> versions;
  std::int64_t last_version = 0;
  std::vector<FunctionAlias> aliases;
  std::vector<FunctionUrl> urls;
  std::vector<EventInvokeConfig> event_configs;
  std::vector<FunctionPermission> permissions;
  std::optional<std::int64_t> concurrency;
  Tags tags;
  Document answer;           ///< what an invocation answers; null: {}
  std::string answer_error;  ///< FunctionError of answers; empty: none
};

struct EventSourceMapping {
  std::string id;  ///< UUID
  std::string function, source_arn, starting_position;
  std::int64_t batch_size = 0, window_s = 0;
  bool enabled = true;
  Document settings;  ///< the other members, as given
  Time modified;
  std::optional<Time> due;
  Tags tags;
};

struct LayerVersion {
  std::int64_t number = 1, code_bytes = 0;
  std::string description, license, code_sha256;
  Time created;
  std::vector<std::string> runtimes, architectures;
};
struct Layer {
  std::string id;  ///< its name
  std::int64_t last_version = 0;
  std::vector<LayerVersion> versions;
};

/// An invocation that took place. `id` orders them.
struct LambdaInvocation {
  std::string id, function, qualifier, type, payload, source;
  Time at;
};

struct Lambda : Drawer {
  static constexpr std::string_view name = "lambda";
  Table<LambdaFunction> functions;
  Table<EventSourceMapping> sources;
  Table<Layer> layers;
  Table<LambdaInvocation> invocations;
  KeptRows kept_invocations;  ///< bounds them
  void each_table(EstateTables& tables) override;
  void each_tagged(const DrawerPlace& place, const TagVisitor& visit) override;
};
inline Lambda& lambda(const Call& c) { return c.region.drawers.of<Lambda>(); }

inline std::unexpected<Fault> not_there(std::string message) {
  return fault("ResourceNotFoundException", std::move(message), 404);
}
inline std::unexpected<Fault> bad_value(std::string message) {
  return fault("InvalidParameterValueException", std::move(message), 400);
}
inline std::unexpected<Fault> in_conflict(std::string message) {
  return fault("ResourceConflictException", std::move(message), 409);
}

/// "arn:aws:lambda:us-east-1:123456789012:function:name", with ":qualifier" where there is one.
std::string function_arn(std::string_view account, std::string_view region, std::string_view name,
                         std::string_view qualifier = "");
inline std::string function_arn(const Call& c, std::string_view name, std::string_view qualifier = "") {
  return function_arn(c.account.id, c.region.name, name, qualifier);
}

/// A function's name and version or alias: out of a name, an ARN or a part of one, and the call's Qualifier.
struct FunctionName {
  std::string name, qualifier;
};
/// Faults: ValidationException for what is no name.
std::expected<FunctionName, Fault> read_function_name(const Call& c, std::string_view member = "FunctionName");
/// The function of the call. Faults: ResourceNotFoundException.
std::expected<LambdaFunction*, Fault> own_function(Call& c);
/// The same as readers see it.
std::expected<const LambdaFunction*, Fault> seen_function(const Call& c);
/// The version behind a qualifier, an alias's too; $LATEST for none. Faults: ResourceNotFoundException.
std::expected<const FunctionVersion*, Fault> version_of(const Call& c, const LambdaFunction& function,
                                                        std::string_view qualifier);

/// FunctionConfiguration's members. `qualifier` goes to the ARN.
void write_configuration(Call& c, const LambdaFunction& function, const FunctionVersion& version,
                         std::string_view qualifier = "");
/// "2026-06-01T12:00:00.000+0000".
std::string lambda_time(Time time);
/// Takes a snapshot of $LATEST as the next version, or gives the last one where nothing changed since.
const FunctionVersion& publish(LambdaFunction& function, Call& c, std::string_view description);

void write_tag_map(Builder& out, const Tags& tags, std::string_view name);
std::expected<Tags, Fault> read_tag_map(Value map);

/// Marker and MaxItems. Faults: InvalidParameterValueException.
std::expected<Page, Fault> read_lambda_page(const Call& c);
/// Writes one page of rows in the order of `key(row)`: the list `name` and NextMarker.
template <class T, class Key, class Write>
Outcome write_lambda_page(Call& c, std::string_view name, const std::vector<T>& rows, Key key, Write write) {
  TRY(const Page page, read_lambda_page(c));
  std::string last;
  std::size_t count = 0;
  bool more = false;
  c.out.begin_list(name);
  for (const T& row : rows) {
    const std::string at(key(row));
    if (!page.after.empty() && at <= page.after) continue;
    if (count == page.size) {
      more = true;
      break;
    }
    c.out.begin_map();
    write(row);
    c.out.end();
    last = at;
    ++count;
  }
  c.out.end();
  if (more) c.out.put("NextMarker", make_token(c, c.account.id, last));
  return {};
}

/// All invocations of all accounts, in the order in which they took place: {"format", "invocations": [{account, region,
/// function, qualifier, type, payload, source, at}]}.
Document all_invocations(const Store& store);

void register_lambda_versions(Registry&);
void register_lambda_access(Registry&);
void register_lambda_sources(Registry&);
void register_lambda_layers(Registry&);
void register_lambda_invoke(Registry&);

}  // namespace reeve::sandbox
