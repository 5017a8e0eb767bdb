#include "sandbox/estate_fields.h"
#include "sandbox/estate_tables.h"
#include "sandbox/services/lambda.h"

/// Lambda's tables in estate files.
namespace reeve::sandbox {

template <class Io, class S>
void optional_number(Io& io, std::string_view name, S& number) {
  if constexpr (Io::reads) {
    std::int64_t given = -1;
    io(name, given);
    if (given >= 0) number = given;
  } else if (number) {
    io(name, *number);
  }
}

template <class Io, like<FunctionVersion> S>
void fields(Io& io, S& s) {
  io("Version", s.version);
  io("Runtime", s.runtime);
  io("Role", s.role);
  io("Handler", s.handler);
  io("Description", s.description);
  io("PackageType", s.package_type);
  io("KMSKeyArn", s.kms_key);
  io("CodeSha256", s.code_sha256);
  io("RevisionId", s.revision);
  io("ImageUri", s.image_uri);
  io("CodeSize", s.code_bytes);
  io("Timeout", s.timeout_s);
  io("MemorySize", s.memory_mib);
  io("EphemeralStorage", s.storage_mib);
  io("LastModified", s.modified);
  io("Architectures", s.architectures);
  io("Layers", s.layers);
  io.tags("Environment", s.environment);
  io("VpcConfig", s.vpc);
  io("DeadLetterConfig", s.dead_letters);
  io("TracingConfig", s.tracing);
  io("FileSystemConfigs", s.file_systems);
  io("ImageConfig", s.image_config);
  io("SnapStart", s.snap_start);
  io("LoggingConfig", s.logging);
  io("Due", s.due);
  io("IsNew", s.is_new);
}
template <class Io, like<FunctionAlias> S>
void fields(Io& io, S& s) {
  io("Name", s.name);
  io("FunctionVersion", s.version);
  io("Description", s.description);
  io("RevisionId", s.revision);
  io("RoutingConfig", s.routing);
}
template <class Io, like<FunctionUrl> S>
void fields(Io& io, S& s) {
  io("Qualifier", s.qualifier);
  io("AuthType", s.auth);
  io("InvokeMode", s.mode);
  io("CreationTime", s.created);
  io("LastModifiedTime", s.modified);
  io("Cors", s.cors);
}
template <class Io, like<EventInvokeConfig> S>
void fields(Io& io, S& s) {
  io("Qualifier", s.qualifier);
  optional_number(io, "MaximumRetryAttempts", s.retries);
  optional_number(io, "MaximumEventAgeInSeconds", s.age_s);
  io("LastModified", s.modified);
  io("DestinationConfig", s.destinations);
}
template <class Io, like<FunctionPermission> S>
void fields(Io& io, S& s) {
  io("Qualifier", s.qualifier);
  io("Sid", s.sid);
  io("Statement", s.statement);
}
template <class Io, like<LambdaFunction> S>
void fields(Io& io, S& s) {
  io("FunctionName", s.id);
  fields(io, s.latest);
  io.list("Versions", s.versions);
  io("LastVersion", s.last_version);
  io.list("Aliases", s.aliases);
  io.list("Urls", s.urls);
  io.list("EventInvokeConfigs", s.event_configs);
  io.list("Permissions", s.permissions);
  optional_number(io, "ReservedConcurrentExecutions", s.concurrency);
  io.tags("Tags", s.tags);
  io("Answer", s.answer);
  io("AnswerError", s.answer_error);
}
template <class Io, like<EventSourceMapping> S>
void fields(Io& io, S& s) {
  io("UUID", s.id);
  io("FunctionName", s.function);
  io("EventSourceArn", s.source_arn);
  io("StartingPosition", s.starting_position);
  io("BatchSize", s.batch_size);
  io("MaximumBatchingWindowInSeconds", s.window_s);
  io("Enabled", s.enabled, true);
  io("Settings", s.settings);
  io("LastModified", s.modified);
  io("Due", s.due);
  io.tags("Tags", s.tags);
}
template <class Io, like<LayerVersion> S>
void fields(Io& io, S& s) {
  io("Version", s.number);
  io("CodeSize", s.code_bytes);
  io("Description", s.description);
  io("LicenseInfo", s.license);
  io("CodeSha256", s.code_sha256);
  io("CreatedDate", s.created);
  io("CompatibleRuntimes", s.runtimes);
  io("CompatibleArchitectures", s.architectures);
}
template <class Io, like<Layer> S>
void fields(Io& io, S& s) {
  io("LayerName", s.id);
  io("LastVersion", s.last_version);
  io.list("Versions", s.versions);
}
template <class Io, like<LambdaInvocation> S>
void fields(Io& io, S& s) {
  io("Id", s.id);
  io("FunctionName", s.function);
  io("Qualifier", s.qualifier);
  io("InvocationType", s.type);
  io("Payload", s.payload);
  io("SourceArn", s.source);
  io("At", s.at);
}

namespace {
Time yesterday(Time now) { return now - std::chrono::hours(24); }
void complete_version(FunctionVersion& version, Time now) {
  if (version.modified == Time{}) version.modified = yesterday(now);
  if (version.architectures.empty()) version.architectures.emplace_back("x86_64");
}
}  // namespace

void complete(const RowPlace& place, LambdaFunction& function, Time now) {
  FunctionVersion& latest = function.latest;
  latest.version = "$LATEST";
  if (latest.package_type == "Zip") {
    if (latest.runtime.empty()) latest.runtime = "python3.12";
    if (latest.handler.empty()) latest.handler = "index.handler";
  }
  if (latest.role.empty()) latest.role = fmt::format("arn:aws:iam::{}:role/{}", place.account, function.id);
  if (latest.revision.empty()) latest.revision = place.store.random().uuid();
  complete_version(latest, now);
  for (FunctionVersion& version : function.versions) {
    if (version.version == "$LATEST") version.version = std::to_string(&version - function.versions.data() + 1);
    if (version.role.empty()) version.role = latest.role;
    function.last_version =
        std::max(function.last_version, std::int64_t{std::strtoll(version.version.c_str(), nullptr, 10)});
    complete_version(version, now);
  }
}
void complete(const RowPlace&, EventSourceMapping& mapping, Time now) {
  if (mapping.modified == Time{}) mapping.modified = yesterday(now);
  if (mapping.batch_size == 0) mapping.batch_size = mapping.source_arn.contains(":sqs:") ? 10 : 100;
}
void complete(const RowPlace&, Layer& layer, Time now) {
  for (LayerVersion& version : layer.versions) {
    if (version.created == Time{}) version.created = yesterday(now);
    layer.last_version = std::max(layer.last_version, version.number);
  }
}

void Lambda::each_table(EstateTables& tables) {
  tables("functions", functions);
  tables("event_source_mappings", sources);
  tables("layers", layers);
  tables("invocations", invocations);
}

void Lambda::each_tagged(const DrawerPlace& place, const TagVisitor& visit) {
  for (auto& [id, row] : functions.rows) {
    visit(function_arn(place.account, place.region, id), "lambda:function", row.tags);
  }
  for (auto& [uuid, row] : sources.rows) {
    visit(fmt::format("arn:aws:lambda:{}:{}:event-source-mapping:{}", place.region, place.account, uuid),
          "lambda:event-source-mapping", row.tags);
  }
}

}  // namespace reeve::sandbox
