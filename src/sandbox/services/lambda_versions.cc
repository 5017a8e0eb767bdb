#include "sandbox/services/lambda.h"

/// Published versions of functions, and aliases for them.
namespace reeve::sandbox {

const FunctionVersion& publish(LambdaFunction& function, Call& c, std::string_view description) {
  const FunctionVersion& latest = function.latest;
  if (!function.versions.empty()) {
    // Nothing new where neither code nor configuration changed since.
    const FunctionVersion& last = function.versions.back();
    if (last.code_sha256 == latest.code_sha256 && last.modified >= latest.modified) return last;
  }
  FunctionVersion version = latest;
  version.version = std::to_string(++function.last_version);
  version.description = description;
  version.revision = c.store.random().uuid();
  version.modified = c.now;
  function.versions.push_back(std::move(version));
  return function.versions.back();
}

namespace {

Outcome publish_version(Call& c) {
  TRY(LambdaFunction * function, own_function(c));
  if (!c["CodeSha256"].is_null() && c["CodeSha256"].as_text() != function->latest.code_sha256) {
    return bad_value(fmt::format("CodeSHA256 ({}) is different from current CodeSHA256 in $LATEST ({}).",
                                 c["CodeSha256"].as_text(), function->latest.code_sha256));
  }
  const FunctionVersion& version = publish(*function, c, c["Description"].as_text_or(function->latest.description));
  write_configuration(c, *function, version, version.version);
  return {};
}

Outcome list_versions(Call& c) {
  TRY(const LambdaFunction* function, seen_function(c));
  std::vector<const FunctionVersion*> versions{&function->latest};
  for (const FunctionVersion& version : function->versions) versions.push_back(&version);
  return write_lambda_page(
      c, "Versions", versions,
      [](const FunctionVersion* v) { return fmt::format("{:>12}", v->version == "$LATEST" ? "" : v->version); },
      [&](const FunctionVersion* version) { write_configuration(c, *function, *version, version->version); });
}

// --- Aliases
// -----------------------------------------------------------------------------------------------------------

void write(Call& c, const LambdaFunction& function, const FunctionAlias& alias) {
  c.out.put("AliasArn", function_arn(c, function.id, alias.name));
  c.out.put("Name", alias.name);
  c.out.put("FunctionVersion", alias.version);
  c.out.put("Description", alias.description);
  if (alias.routing.root().is_map()) c.out.put("RoutingConfig", alias.routing);
  c.out.put("RevisionId", alias.revision);
}

std::expected<FunctionAlias*, Fault> alias_of(Call& c, LambdaFunction& function) {
  const std::string name = c["Name"].as_string();
  const auto alias = std::ranges::find(function.aliases, name, &FunctionAlias::name);
  if (alias != function.aliases.end()) return &*alias;
  return not_there("Cannot find alias arn: " + function_arn(c, function.id, name));
}

/// Takes what a call says of an alias. Faults: ResourceNotFoundException for versions that are not there.
Outcome read_alias(Call& c, const LambdaFunction& function, FunctionAlias& alias) {
  if (!c["FunctionVersion"].is_null()) {
    const std::string version = c["FunctionVersion"].as_string();
    if (std::ranges::count(function.aliases, version, &FunctionAlias::name) > 0) {
      return bad_value("An alias refers to a version.");
    }
    TRY([[maybe_unused]] const FunctionVersion* found, version_of(c, function, version));
    alias.version = version;
  }
  if (!c["Description"].is_null()) alias.description = c["Description"].as_string();
  if (!c["RoutingConfig"].is_null()) alias.routing = deep_copy(c["RoutingConfig"]);
  alias.revision = c.store.random().uuid();
  return {};
}

Outcome create_alias(Call& c) {
  TRY(LambdaFunction * function, own_function(c));
  FunctionAlias alias{.name = c["Name"].as_string()};
  const bool digits = std::ranges::all_of(alias.name, [](char l) { return l >= '0' && l <= '9'; });
  if (digits || alias.name.size() > 128) return bad_value("An alias's name has a letter, and 128 characters at most.");
  if (std::ranges::count(function->aliases, alias.name, &FunctionAlias::name) > 0) {
    return in_conflict("Alias already exists: " + function_arn(c, function->id, alias.name));
  }
  TRY(read_alias(c, *function, alias));
  function->aliases.push_back(std::move(alias));
  write(c, *function, function->aliases.back());
  return {};
}

Outcome get_alias(Call& c) {
  TRY(LambdaFunction * function, own_function(c));
  TRY(const FunctionAlias* alias, alias_of(c, *function));
  write(c, *function, *alias);
  return {};
}

Outcome update_alias(Call& c) {
  TRY(LambdaFunction * function, own_function(c));
  TRY(FunctionAlias * alias, alias_of(c, *function));
  FunctionAlias trial = *alias;
  TRY(read_alias(c, *function, trial));
  *alias = std::move(trial);
  write(c, *function, *alias);
  return {};
}

Outcome delete_alias(Call& c) {
  TRY(LambdaFunction * function, own_function(c));
  const std::string_view name = c["Name"].as_text();
  std::erase_if(function->aliases, [&](const FunctionAlias& alias) { return alias.name == name; });
  return {};
}

Outcome list_aliases(Call& c) {
  TRY(const LambdaFunction* function, seen_function(c));
  const std::string_view version = c["FunctionVersion"].as_text();
  std::vector<const FunctionAlias*> aliases;
  for (const FunctionAlias& alias : function->aliases) {
    if (version.empty() || alias.version == version) aliases.push_back(&alias);
  }
  std::ranges::sort(aliases, {}, &FunctionAlias::name);
  return write_lambda_page(
      c, "Aliases", aliases, [](const FunctionAlias* alias) { return alias->name; },
      [&](const FunctionAlias* alias) { write(c, *function, *alias); });
}

}  // namespace

void register_lambda_versions(Registry& r) {
  r.add("lambda", "PublishVersion", publish_version);
  r.add("lambda", "ListVersionsByFunction", list_versions);
  r.add("lambda", "CreateAlias", create_alias);
  r.add("lambda", "GetAlias", get_alias);
  r.add("lambda", "UpdateAlias", update_alias);
  r.add("lambda", "DeleteAlias", delete_alias);
  r.add("lambda", "ListAliases", list_aliases);
}

}  // namespace reeve::sandbox
