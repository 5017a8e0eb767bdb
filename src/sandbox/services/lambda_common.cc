#include "sandbox/services/lambda.h"

/// Lambda's rules of names and pages, and how functions look in answers.
namespace reeve::sandbox {

std::string function_arn(std::string_view account, std::string_view region, std::string_view name,
                         std::string_view qualifier) {
  return fmt::format("arn:aws:lambda:{}:{}:function:{}{}{}", region, account, name, qualifier.empty() ? "" : ":",
                     qualifier);
}

namespace {
bool fits(std::string_view text, std::size_t longest) {
  return !text.empty() && text.size() <= longest && std::ranges::all_of(text, [](char l) {
    return (l >= 'a' && l <= 'z') || (l >= 'A' && l <= 'Z') || (l >= '0' && l <= '9') || l == '-' || l == '_' ||
           l == '$';
  });
}
}  // namespace

std::expected<FunctionName, Fault> read_function_name(const Call& c, std::string_view member) {
  std::string_view text = c[member].as_text();
  const std::string_view given = text;
  // arn:aws:lambda:region:account:function:name:qualifier, account:function:name, or name:qualifier
  if (const auto at = text.find("function:"); at != text.npos && (text.starts_with("arn:") || at == 13)) {
    text.remove_prefix(at + std::string_view("function:").size());
  }
  const auto colon = text.find(':');
  FunctionName out{std::string(text.substr(0, colon)),
                   colon == text.npos ? std::string() : std::string(text.substr(colon + 1))};
  if (!c["Qualifier"].is_null()) out.qualifier = c["Qualifier"].as_string();
  constexpr std::size_t longest = 64, longest_qualifier = 128;
  if (fits(out.name, longest) && (out.qualifier.empty() || fits(out.qualifier, longest_qualifier))) return out;
  return fault(
      "ValidationException",
      fmt::format("1 validation error detected: Value '{}' at 'functionName' failed to satisfy constraint: "
                  "Member must satisfy regular expression pattern: "
                  "(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{{2}}(-gov)?-[a-z]+-\\d{{1}}:)?(\\d{{12}}:)?(function:)"
                  "?([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?",
                  given));
}

std::expected<LambdaFunction*, Fault> own_function(Call& c) {
  TRY(const FunctionName name, read_function_name(c));
  LambdaFunction* function = lambda(c).functions.find(name.name);
  if (!function) return not_there("Function not found: " + function_arn(c, name.name));
  c.changing(lambda(c).functions, name.name);
  return function;
}

std::expected<const LambdaFunction*, Fault> seen_function(const Call& c) {
  TRY(const FunctionName name, read_function_name(c));
  if (const LambdaFunction* function = lambda(c).functions.seen(name.name, c.now)) return function;
  return not_there("Function not found: " + function_arn(c, name.name, name.qualifier));
}

std::expected<const FunctionVersion*, Fault> version_of(const Call& c, const LambdaFunction& function,
                                                        std::string_view qualifier) {
  if (qualifier.empty() || qualifier == "$LATEST") return &function.latest;
  const auto alias = std::ranges::find(function.aliases, qualifier, &FunctionAlias::name);
  const std::string_view wanted = alias == function.aliases.end() ? qualifier : std::string_view(alias->version);
  if (wanted == "$LATEST") return &function.latest;
  const auto version = std::ranges::find(function.versions, wanted, &FunctionVersion::version);
  if (version != function.versions.end()) return &*version;
  return not_there("Function not found: " + function_arn(c, function.id, qualifier));
}

std::string lambda_time(Time time) {
  const Calendar d = to_calendar(time);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}+0000", d.year, d.month, d.day, d.hour, d.minute,
                     d.second, d.microsecond / 1000);
}

void write_configuration(Call& c, const LambdaFunction& function, const FunctionVersion& v,
                         std::string_view qualifier) {
  Builder& out = c.out;
  const bool under_way = v.due && *v.due > c.now;
  out.put("FunctionName", function.id);
  out.put("FunctionArn", function_arn(c, function.id, qualifier));
  out.put_if("Runtime", v.runtime);
  out.put("Role", v.role);
  out.put_if("Handler", v.handler);
  out.put("CodeSize", v.code_bytes);
  out.put("Description", v.description);
  out.put("Timeout", v.timeout_s);
  out.put("MemorySize", v.memory_mib);
  out.put("LastModified", lambda_time(v.modified));
  out.put("CodeSha256", v.code_sha256);
  out.put("Version", v.version);
  if (v.vpc.root().is_map()) out.put("VpcConfig", v.vpc);
  if (v.dead_letters.root().is_map()) out.put("DeadLetterConfig", v.dead_letters);
  if (!v.environment.empty()) {
    out.begin_map("Environment");
    write_tag_map(out, v.environment, "Variables");
    out.end();
  }
  out.put_if("KMSKeyArn", v.kms_key);
  if (v.tracing.root().is_map()) {
    out.put("TracingConfig", v.tracing);
  } else {
    out.begin_map("TracingConfig");
    out.put("Mode", "PassThrough");
    out.end();
  }
  out.put("RevisionId", v.revision);
  if (!v.layers.empty()) {
    out.begin_list("Layers");
    for (const std::string& layer : v.layers) {
      out.begin_map();
      out.put("Arn", layer);
      out.end();
    }
    out.end();
  }
  out.put("State", under_way && v.is_new ? "Pending" : "Active");
  if (under_way && v.is_new) {
    out.put("StateReason", "The function is being created.");
    out.put("StateReasonCode", "Creating");
  }
  out.put("LastUpdateStatus", under_way ? "InProgress" : "Successful");
  if (v.file_systems.root().is_list()) out.put("FileSystemConfigs", v.file_systems);
  out.put("PackageType", v.package_type);
  if (v.image_config.root().is_map()) {
    out.begin_map("ImageConfigResponse");
    out.put("ImageConfig", v.image_config);
    out.end();
  }
  out.begin_list("Architectures");
  for (const std::string& architecture : v.architectures) out.add(architecture);
  out.end();
  out.begin_map("EphemeralStorage");
  out.put("Size", v.storage_mib);
  out.end();
  out.begin_map("SnapStart");
  out.put("ApplyOn", v.snap_start["ApplyOn"].as_text_or("None"));
  out.put("OptimizationStatus", "Off");
  out.end();
  if (v.logging.root().is_map()) {
    out.put("LoggingConfig", v.logging);
  } else {
    out.begin_map("LoggingConfig");
    out.put("LogFormat", "Text");
    out.put("LogGroup", "/aws/lambda/" + function.id);
    out.end();
  }
}

void write_tag_map(Builder& out, const Tags& tags, std::string_view name) {
  out.begin_map(name);
  for (const auto& [key, value] : tags) out.put(key, value);
  out.end();
}

std::expected<Tags, Fault> read_tag_map(Value map) {
  constexpr std::size_t longest_key = 128, longest_value = 256, most = 50;
  Tags out;
  for (auto [key, value] : map.entries()) {
    if (key.empty() || key.size() > longest_key || value.as_text().size() > longest_value || key.starts_with("aws:")) {
      return bad_value(fmt::format("The tag '{}' is not valid.", key));
    }
    out.insert_or_assign(std::string(key), value.as_string());
  }
  if (out.size() > most) return bad_value("A resource has 50 tags at most.");
  return out;
}

std::expected<Page, Fault> read_lambda_page(const Call& c) {
  constexpr std::size_t usual = 50;
  auto page = read_page(c, false, 1, 10'000, "MaxItems", "Marker");
  if (!page) return bad_value("MaxItems or Marker is not valid.");
  if (c["MaxItems"].is_null() || page->size > usual) page->size = usual;
  return page;
}

}  // namespace reeve::sandbox
