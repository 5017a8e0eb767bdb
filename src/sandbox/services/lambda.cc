#include "sandbox/services/lambda.h"

#include "base/encoding.h"

/// Lambda functions themselves.
namespace reeve::sandbox {
namespace {

/// What takes AWS a moment: a new function becomes Active, a changed one is updated.
constexpr Duration creation = std::chrono::seconds(4), change = std::chrono::seconds(2);

std::string digest(std::string_view bytes) {
  const auto raw = sha256(bytes);
  return encode_base64({reinterpret_cast<const char*>(raw.data()), raw.size()});
}

/// Takes the code out of Code, or out of the call of UpdateFunctionCode. Of code in S3 only the place is known here.
Outcome read_code(Value code, FunctionVersion& into) {
  constexpr std::size_t most = 50 << 20;  // of a zip that comes with the call [Lambda developer guide, "Lambda quotas"]
  if (!code["ImageUri"].is_null()) {
    into.package_type = "Image";
    into.image_uri = code["ImageUri"].as_string();
    into.code_sha256 = sha256_hex(into.image_uri);
    into.code_bytes = 0;
    return {};
  }
  if (const Value zip = code["ZipFile"]; !zip.is_null()) {
    const std::string_view bytes = zip.as_text();
    if (bytes.size() > most) {
      return fault("RequestEntityTooLargeException", "Request must be smaller than 52428800 bytes", 413);
    }
    if (!bytes.starts_with("PK")) {
      return bad_value("Could not unzip uploaded file. Please check your file, then try to upload again.");
    }
    into.code_bytes = std::ssize(bytes);
    into.code_sha256 = digest(bytes);
    return {};
  }
  const std::string bucket = code["S3Bucket"].as_string(), key = code["S3Key"].as_string();
  if (bucket.empty() || key.empty()) {
    return bad_value("Please provide a source for function code.");
  }
  into.code_sha256 = digest(fmt::format("s3://{}/{}?{}", bucket, key, code["S3ObjectVersion"].as_text()));
  into.code_bytes = 1024;
  return {};
}

Outcome in_bounds(const Call& c, std::string_view member, std::int64_t least, std::int64_t most, std::int64_t& into) {
  if (c[member].is_null()) return {};
  const std::int64_t value = c[member].as_integer();
  if (value < least || value > most) {
    return fault(
        "ValidationException",
        fmt::format("1 validation error detected: Value '{}' at '{}' failed to satisfy constraint: Member must "
                    "have value {} than or equal to {}",
                    value, member == "Timeout" ? "timeout" : "memorySize", value < least ? "greater" : "less",
                    value < least ? least : most));
  }
  into = value;
  return {};
}

Document kept(Value value) { return value.is_null() ? Document() : deep_copy(value); }

/// Takes what a call says of a function's configuration; what it leaves out stays.
Outcome read_configuration(const Call& c, FunctionVersion& v) {
  auto text = [&](std::string_view member, std::string& into) {
    if (!c[member].is_null()) into = c[member].as_string();
  };
  text("Runtime", v.runtime), text("Role", v.role), text("Handler", v.handler);
  text("Description", v.description), text("KMSKeyArn", v.kms_key);
  if (!v.role.starts_with("arn:") || !v.role.contains(":role/")) {
    return fault("ValidationException",
                 fmt::format("1 validation error detected: Value '{}' at 'role' failed to satisfy constraint: Member "
                             "must satisfy regular expression pattern: "
                             "arn:(aws[a-zA-Z-]*)?:iam::\\d{{12}}:role/?[a-zA-Z_0-9+=,.@\\-_/]+",
                             v.role));
  }
  TRY(in_bounds(c, "Timeout", 1, 900, v.timeout_s));
  TRY(in_bounds(c, "MemorySize", 128, 10'240, v.memory_mib));
  if (const Value storage = c["EphemeralStorage"]; storage.is_map()) v.storage_mib = storage["Size"].as_integer();
  if (v.storage_mib < 512 || v.storage_mib > 10'240) return bad_value("EphemeralStorage is from 512 to 10240 MB.");
  if (const Value environment = c["Environment"]; environment.is_map()) {
    constexpr std::size_t most = 4096;
    Tags variables;
    std::size_t bytes = 0;
    for (auto [key, value] : environment["Variables"].entries()) {
      bytes += key.size() + value.as_text().size();
      variables.emplace(key, value.as_text());
    }
    if (bytes > most) {
      return bad_value(
          "Lambda was unable to configure your environment variables because the environment variables "
          "you have provided exceeded the 4KB limit.");
    }
    v.environment = std::move(variables);
  }
  if (const Value layers = c["Layers"]; layers.is_list()) {
    constexpr std::size_t most = 5;
    v.layers.clear();
    for (const std::string_view layer : texts(layers)) v.layers.emplace_back(layer);
    if (v.layers.size() > most) return bad_value("Cannot reference more than 5 layers.");
  }
  auto part = [&](std::string_view member, Document& into) {
    if (!c[member].is_null()) into = kept(c[member]);
  };
  part("VpcConfig", v.vpc), part("DeadLetterConfig", v.dead_letters), part("TracingConfig", v.tracing);
  part("FileSystemConfigs", v.file_systems), part("ImageConfig", v.image_config), part("SnapStart", v.snap_start);
  part("LoggingConfig", v.logging);
  if (v.package_type == "Zip" && (v.runtime.empty() || v.handler.empty())) {
    return bad_value("Runtime and Handler are mandatory parameters for functions created with deployment packages.");
  }
  return {};
}

void read_architectures(Value given, FunctionVersion& v) {
  if (!given.is_list()) return;
  v.architectures.clear();
  for (const std::string_view text : texts(given)) v.architectures.emplace_back(text);
}

Outcome create(Call& c) {
  TRY(const FunctionName name, read_function_name(c));
  LambdaFunction function;
  function.id = name.name;
  FunctionVersion& v = function.latest;
  v.architectures = {"x86_64"};
  if (c["PackageType"].as_text() == "Image") v.package_type = "Image";
  TRY(read_code(c["Code"], v));
  TRY(read_configuration(c, v));
  read_architectures(c["Architectures"], v);
  TRY(function.tags, read_tag_map(c["Tags"]));
  Table<LambdaFunction>& functions = lambda(c).functions;
  if (functions.find(function.id)) return in_conflict("Function already exist: " + function.id);
  v.modified = c.now;
  v.revision = c.store.random().uuid();
  v.due = c.after(creation);
  v.is_new = true;
  c.changing(functions, name.name);
  LambdaFunction& added = functions.add(std::move(function));
  if (c["Publish"].as_bool()) {
    const FunctionVersion& version = publish(added, c, added.latest.description);
    write_configuration(c, added, version, version.version);
  } else {
    write_configuration(c, added, added.latest);
  }
  return {};
}

Outcome get_configuration(Call& c) {
  TRY(const LambdaFunction* function, seen_function(c));
  TRY(const FunctionName name, read_function_name(c));
  TRY(const FunctionVersion* version, version_of(c, *function, name.qualifier));
  write_configuration(c, *function, *version, name.qualifier);
  return {};
}

Outcome get(Call& c) {
  TRY(const LambdaFunction* function, seen_function(c));
  TRY(const FunctionName name, read_function_name(c));
  TRY(const FunctionVersion* version, version_of(c, *function, name.qualifier));
  c.out.begin_map("Configuration");
  write_configuration(c, *function, *version, name.qualifier);
  c.out.end();
  c.out.begin_map("Code");
  if (version->package_type == "Image") {
    c.out.put("RepositoryType", "ECR");
    c.out.put("ImageUri", version->image_uri);
    c.out.put("ResolvedImageUri", version->image_uri);
  } else {
    c.out.put("RepositoryType", "S3");
    c.out.put("Location", fmt::format("https://awslambda-{}-tasks.s3.{}.amazonaws.com/snapshots/{}/{}-{}",
                                      c.region.name, c.region.name, c.account.id, function->id, version->revision));
  }
  c.out.end();
  if (!function->tags.empty()) write_tag_map(c.out, function->tags, "Tags");
  if (function->concurrency) {
    c.out.begin_map("Concurrency");
    c.out.put("ReservedConcurrentExecutions", *function->concurrency);
    c.out.end();
  }
  return {};
}

/// While a change is under way there is no other; nor where somebody else's came between.
Outcome may_change(const Call& c, const LambdaFunction& function) {
  const FunctionVersion& v = function.latest;
  if (v.due && *v.due > c.now) {
    return in_conflict(
        fmt::format("The operation cannot be performed at this time. {} for resource: {}",
                    v.is_new ? "The function is currently in the following state: Pending" : "An update is in progress",
                    function_arn(c, function.id)));
  }
  if (!c["RevisionId"].is_null() && c["RevisionId"].as_text() != v.revision) {
    return fault("PreconditionFailedException",
                 "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to "
                 "retrieve the latest Revision Id",
                 412);
  }
  return {};
}

void changed(Call& c, FunctionVersion& v) {
  v.modified = c.now;
  v.revision = c.store.random().uuid();
  v.due = c.after(change);
  v.is_new = false;
}

Outcome update_code(Call& c) {
  TRY(LambdaFunction * function, own_function(c));
  TRY(may_change(c, *function));
  FunctionVersion trial = function->latest;
  TRY(read_code(c.params, trial));
  read_architectures(c["Architectures"], trial);
  if (c["DryRun"].as_bool()) {
    write_configuration(c, *function, trial);
    return {};
  }
  function->latest = std::move(trial);
  changed(c, function->latest);
  if (c["Publish"].as_bool()) {
    const FunctionVersion& version = publish(*function, c, function->latest.description);
    write_configuration(c, *function, version, version.version);
  } else {
    write_configuration(c, *function, function->latest);
  }
  return {};
}

Outcome update_configuration(Call& c) {
  TRY(LambdaFunction * function, own_function(c));
  TRY(may_change(c, *function));
  FunctionVersion trial = function->latest;
  TRY(read_configuration(c, trial));
  function->latest = std::move(trial);
  changed(c, function->latest);
  write_configuration(c, *function, function->latest);
  return {};
}

Outcome remove(Call& c) {
  TRY(const FunctionName name, read_function_name(c));
  TRY(LambdaFunction * function, own_function(c));
  if (name.qualifier.empty()) {
    lambda(c).functions.erase(name.name);
    return {};
  }
  if (name.qualifier == "$LATEST") {
    return bad_value("$LATEST version cannot be deleted without deleting the function.");
  }
  for (const FunctionAlias& alias : function->aliases) {
    if (alias.version == name.qualifier) {
      return in_conflict(
          fmt::format("Version: {} of function: {} cannot be deleted. Versions referenced by Aliases "
                      "cannot be deleted.",
                      name.qualifier, function_arn(c, name.name)));
    }
  }
  std::erase_if(function->versions, [&](const auto& version) { return version.version == name.qualifier; });
  return {};
}

Outcome list(Call& c) {
  struct Row {
    const LambdaFunction* function;
    const FunctionVersion* version;
    std::string key;
  };
  const bool all_versions = c["FunctionVersion"].as_text() == "ALL";
  std::vector<Row> rows;
  lambda(c).functions.each_seen(c.now, "", [&](const LambdaFunction& function) {
    rows.push_back({&function, &function.latest, function.id});
    if (!all_versions) return true;
    for (const FunctionVersion& version : function.versions) {
      rows.push_back({&function, &version, fmt::format("{}:{:>12}", function.id, version.version)});
    }
    return true;
  });
  std::ranges::sort(rows, {}, &Row::key);
  return write_lambda_page(
      c, "Functions", rows, [](const Row& row) { return row.key; },
      [&](const Row& row) {
        write_configuration(c, *row.function, *row.version, all_versions ? row.version->version : "");
      });
}

Outcome account_settings(Call& c) {
  std::int64_t bytes = 0, reserved = 0;
  for (const auto& [name, function] : lambda(c).functions.rows) {
    bytes += function.latest.code_bytes;
    for (const FunctionVersion& version : function.versions) bytes += version.code_bytes;
    reserved += function.concurrency.value_or(0);
  }
  c.out.begin_map("AccountLimit");
  c.out.put("TotalCodeSize", std::int64_t{75} << 30);
  c.out.put("CodeSizeUnzipped", std::int64_t{250} << 20);
  c.out.put("CodeSizeZipped", std::int64_t{50} << 20);
  c.out.put("ConcurrentExecutions", 1000);
  c.out.put("UnreservedConcurrentExecutions", 1000 - reserved);
  c.out.end();
  c.out.begin_map("AccountUsage");
  c.out.put("TotalCodeSize", bytes);
  c.out.put("FunctionCount", std::ssize(lambda(c).functions.rows));
  c.out.end();
  return {};
}

}  // namespace

void register_lambda(Registry& r) {
  r.add_drawer<Lambda>();
  r.add("lambda", "CreateFunction", create);
  r.add("lambda", "GetFunction", get);
  r.add("lambda", "GetFunctionConfiguration", get_configuration);
  r.add("lambda", "UpdateFunctionCode", update_code);
  r.add("lambda", "UpdateFunctionConfiguration", update_configuration);
  r.add("lambda", "DeleteFunction", remove);
  r.add("lambda", "ListFunctions", list);
  r.add("lambda", "GetAccountSettings", account_settings);
  register_lambda_versions(r);
  register_lambda_access(r);
  register_lambda_sources(r);
  register_lambda_layers(r);
  register_lambda_invoke(r);
}

}  // namespace reeve::sandbox
