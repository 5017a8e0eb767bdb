#include "base/json.h"
#include "sandbox/services/lambda.h"

/// Who may call functions and how: policies, URLs, concurrency, what becomes of events, tags.
namespace reeve::sandbox {
namespace {

// --- Policies
// ----------------------------------------------------------------------------------------------------------

std::string qualifier_of(const Call& c) {
  const auto name = read_function_name(c);
  return name && name->qualifier != "$LATEST" ? name->qualifier : std::string();
}

/// A statement as Lambda words it [Lambda developer guide, "Resource-based policies"].
std::string statement_of(const Call& c, const LambdaFunction& function, const std::string& qualifier) {
  Builder out;
  out.begin_map();
  out.put("Sid", c["StatementId"].as_text());
  out.put("Effect", "Allow");
  const std::string principal = c["Principal"].as_string();
  if (principal == "*") {
    out.put("Principal", "*");
  } else {
    const bool digits = std::ranges::all_of(principal, [](char l) { return l >= '0' && l <= '9'; });
    const bool is_account = digits || principal.starts_with("arn:");
    out.begin_map("Principal");
    out.put(is_account ? "AWS" : "Service", digits ? fmt::format("arn:aws:iam::{}:root", principal) : principal);
    out.end();
  }
  out.put("Action", c["Action"].as_text());
  out.put("Resource", function_arn(c, function.id, qualifier));
  std::vector<std::pair<std::string_view, std::string_view>> equals;
  if (!c["SourceAccount"].is_null()) equals.emplace_back("AWS:SourceAccount", c["SourceAccount"].as_text());
  if (!c["EventSourceToken"].is_null()) equals.emplace_back("lambda:EventSourceToken", c["EventSourceToken"].as_text());
  if (!c["PrincipalOrgID"].is_null()) equals.emplace_back("aws:PrincipalOrgID", c["PrincipalOrgID"].as_text());
  if (!c["FunctionUrlAuthType"].is_null()) {
    equals.emplace_back("lambda:FunctionUrlAuthType", c["FunctionUrlAuthType"].as_text());
  }
  if (!equals.empty() || !c["SourceArn"].is_null()) {
    out.begin_map("Condition");
    if (!equals.empty()) {
      out.begin_map("StringEquals");
      for (const auto& [key, value] : equals) out.put(key, value);
      out.end();
    }
    if (!c["SourceArn"].is_null()) {
      out.begin_map("ArnLike");
      out.put("AWS:SourceArn", c["SourceArn"].as_text());
      out.end();
    }
    out.end();
  }
  out.end();
  return to_json(out.finish());
}

Outcome add_permission(Call& c) {
  constexpr std::size_t most_bytes = 20'480;
  TRY(LambdaFunction * function, own_function(c));
  const std::string sid = c["StatementId"].as_string(), qualifier = qualifier_of(c);
  TRY([[maybe_unused]] const FunctionVersion* version, version_of(c, *function, qualifier));
  std::size_t bytes = 0;
  for (const FunctionPermission& permission : function->permissions) {
    if (permission.qualifier != qualifier) continue;
    bytes += permission.statement.size();
    if (permission.sid == sid) {
      return in_conflict(
          fmt::format("The statement id ({}) provided already exists. Please provide a new statement id, "
                      "or remove the existing statement.",
                      sid));
    }
  }
  const std::string statement = statement_of(c, *function, qualifier);
  if (bytes + statement.size() > most_bytes) {
    return fault("PolicyLengthExceededException", "The final policy size is bigger than the limit (20480).");
  }
  function->permissions.push_back({qualifier, sid, statement});
  c.out.put("Statement", statement);
  return {};
}

Outcome remove_permission(Call& c) {
  TRY(LambdaFunction * function, own_function(c));
  const std::string sid = c["StatementId"].as_string(), qualifier = qualifier_of(c);
  const auto gone = std::erase_if(function->permissions, [&](const FunctionPermission& permission) {
    return permission.sid == sid && permission.qualifier == qualifier;
  });
  if (gone == 0) return not_there(fmt::format("Statement {} is not found in resource policy.", sid));
  return {};
}

Outcome get_policy(Call& c) {
  TRY(const LambdaFunction* function, seen_function(c));
  const std::string qualifier = qualifier_of(c);
  std::string statements;
  for (const FunctionPermission& permission : function->permissions) {
    if (permission.qualifier == qualifier) statements += (statements.empty() ? "" : ",") + permission.statement;
  }
  if (statements.empty()) return not_there("The resource you requested does not exist.");
  c.out.put("Policy", fmt::format(R"({{"Version":"2012-10-17","Id":"default","Statement":[{}]}})", statements));
  c.out.put("RevisionId", function->latest.revision);
  return {};
}

// --- Concurrency
// -------------------------------------------------------------------------------------------------------

Outcome put_concurrency(Call& c) {
  constexpr std::int64_t all = 1000, must_stay = 100;
  TRY(LambdaFunction * function, own_function(c));
  const std::int64_t wanted = c["ReservedConcurrentExecutions"].as_integer();
  std::int64_t others = 0;
  for (const auto& [name, other] : lambda(c).functions.rows) {
    if (name != function->id) others += other.concurrency.value_or(0);
  }
  if (wanted < 0 || others + wanted > all - must_stay) {
    return bad_value(
        "Specified ReservedConcurrentExecutions for function decreases account's "
        "UnreservedConcurrentExecution below its minimum value of [100].");
  }
  function->concurrency = wanted;
  c.out.put("ReservedConcurrentExecutions", wanted);
  return {};
}

Outcome get_concurrency(Call& c) {
  TRY(const LambdaFunction* function, seen_function(c));
  if (function->concurrency) c.out.put("ReservedConcurrentExecutions", *function->concurrency);
  return {};
}

Outcome delete_concurrency(Call& c) {
  TRY(LambdaFunction * function, own_function(c));
  function->concurrency.reset();
  return {};
}

// --- What becomes of events
// --------------------------------------------------------------------------------------------

std::string event_qualifier(const Call& c) {
  const std::string qualifier = qualifier_of(c);
  return qualifier.empty() ? "$LATEST" : qualifier;
}

void write(Call& c, const LambdaFunction& function, const EventInvokeConfig& config) {
  c.out.put("LastModified", config.modified);
  c.out.put("FunctionArn", function_arn(c, function.id, config.qualifier));
  if (config.retries) c.out.put("MaximumRetryAttempts", *config.retries);
  if (config.age_s) c.out.put("MaximumEventAgeInSeconds", *config.age_s);
  if (config.destinations.root().is_map()) c.out.put("DestinationConfig", config.destinations);
}

Outcome read_event_config(Call& c, EventInvokeConfig& config) {
  if (const Value retries = c["MaximumRetryAttempts"]; !retries.is_null()) config.retries = retries.as_integer();
  if (const Value age = c["MaximumEventAgeInSeconds"]; !age.is_null()) config.age_s = age.as_integer();
  if (const Value to = c["DestinationConfig"]; !to.is_null()) config.destinations = deep_copy(to);
  if (config.retries.value_or(0) > 2 || config.retries.value_or(0) < 0) {
    return bad_value("MaximumRetryAttempts is from 0 to 2.");
  }
  if (const auto age = config.age_s.value_or(60); age < 60 || age > 21'600) {
    return bad_value("MaximumEventAgeInSeconds is from 60 to 21600.");
  }
  config.modified = c.now;
  return {};
}

template <class T>
T* with_qualifier(std::vector<T>& all, std::string_view qualifier) {
  const auto found = std::ranges::find(all, qualifier, &T::qualifier);
  return found == all.end() ? nullptr : &*found;
}

/// Put begins anew; update changes what is there.
template <bool anew>
Outcome set_event_config(Call& c) {
  TRY(LambdaFunction * function, own_function(c));
  const std::string qualifier = event_qualifier(c);
  TRY([[maybe_unused]] const FunctionVersion* version, version_of(c, *function, qualifier));
  EventInvokeConfig* there = with_qualifier(function->event_configs, qualifier);
  if (!anew && !there) {
    return not_there(
        fmt::format("The function {} doesn't have an EventInvokeConfig", function_arn(c, function->id, qualifier)));
  }
  EventInvokeConfig trial = anew ? EventInvokeConfig{.qualifier = qualifier} : *there;
  TRY(read_event_config(c, trial));
  if (!there) there = &function->event_configs.emplace_back();
  *there = std::move(trial);
  write(c, *function, *there);
  return {};
}

Outcome get_event_config(Call& c) {
  TRY(LambdaFunction * function, own_function(c));
  const std::string qualifier = event_qualifier(c);
  const EventInvokeConfig* config = with_qualifier(function->event_configs, qualifier);
  if (!config) {
    return not_there(
        fmt::format("The function {} doesn't have an EventInvokeConfig", function_arn(c, function->id, qualifier)));
  }
  write(c, *function, *config);
  return {};
}

Outcome delete_event_config(Call& c) {
  TRY(LambdaFunction * function, own_function(c));
  const std::string qualifier = event_qualifier(c);
  if (std::erase_if(function->event_configs, [&](const auto& one) { return one.qualifier == qualifier; }) == 0) {
    return not_there(
        fmt::format("The function {} doesn't have an EventInvokeConfig", function_arn(c, function->id, qualifier)));
  }
  return {};
}

Outcome list_event_configs(Call& c) {
  TRY(const LambdaFunction* function, seen_function(c));
  std::vector<const EventInvokeConfig*> configs;
  for (const EventInvokeConfig& config : function->event_configs) configs.push_back(&config);
  std::ranges::sort(configs, {}, &EventInvokeConfig::qualifier);
  return write_lambda_page(
      c, "FunctionEventInvokeConfigs", configs, [](const auto* config) { return config->qualifier; },
      [&](const auto* config) { write(c, *function, *config); });
}

// --- URLs
// --------------------------------------------------------------------------------------------------------------

void write(Call& c, const LambdaFunction& function, const FunctionUrl& url) {
  // A name that follows from the function, so that it is the same after a restart.
  std::uint64_t hash = 14695981039346656037U;  // FNV-1a
  for (const char l : function_arn(c, function.id, url.qualifier)) {
    hash = (hash ^ static_cast<unsigned char>(l)) * 1099511628211U;
  }
  c.out.put("FunctionUrl", fmt::format("https://{:016x}.lambda-url.{}.on.aws/", hash, c.region.name));
  c.out.put("FunctionArn", function_arn(c, function.id, url.qualifier));
  c.out.put("AuthType", url.auth);
  if (url.cors.root().is_map()) c.out.put("Cors", url.cors);
  c.out.put("CreationTime", format_iso8601(url.created));
  c.out.put("LastModifiedTime", format_iso8601(url.modified));
  c.out.put("InvokeMode", url.mode);
}

void read_url(Call& c, FunctionUrl& url) {
  if (!c["AuthType"].is_null()) url.auth = c["AuthType"].as_string();
  if (!c["InvokeMode"].is_null()) url.mode = c["InvokeMode"].as_string();
  if (!c["Cors"].is_null()) url.cors = deep_copy(c["Cors"]);
  url.modified = c.now;
}

Outcome create_url(Call& c) {
  TRY(LambdaFunction * function, own_function(c));
  const std::string qualifier = qualifier_of(c);
  TRY([[maybe_unused]] const FunctionVersion* version, version_of(c, *function, qualifier));
  if (with_qualifier(function->urls, qualifier)) {
    return in_conflict(
        fmt::format("Failed to create function url config for [functionArn = {}]. Error message:  "
                    "FunctionUrlConfig exists for this Lambda function",
                    function_arn(c, function->id, qualifier)));
  }
  FunctionUrl& url = function->urls.emplace_back();
  url.qualifier = qualifier;
  url.created = c.now;
  read_url(c, url);
  write(c, *function, url);
  return {};
}

std::expected<FunctionUrl*, Fault> url_of(Call& c, LambdaFunction& function) {
  if (FunctionUrl* url = with_qualifier(function.urls, qualifier_of(c))) return url;
  return not_there("The resource you requested does not exist.");
}

Outcome get_url(Call& c) {
  TRY(LambdaFunction * function, own_function(c));
  TRY(const FunctionUrl* url, url_of(c, *function));
  write(c, *function, *url);
  return {};
}

Outcome update_url(Call& c) {
  TRY(LambdaFunction * function, own_function(c));
  TRY(FunctionUrl * url, url_of(c, *function));
  read_url(c, *url);
  write(c, *function, *url);
  return {};
}

Outcome delete_url(Call& c) {
  TRY(LambdaFunction * function, own_function(c));
  TRY(const FunctionUrl* url, url_of(c, *function));
  function->urls.erase(function->urls.begin() + (url - function->urls.data()));
  return {};
}

Outcome list_urls(Call& c) {
  TRY(const LambdaFunction* function, seen_function(c));
  std::vector<const FunctionUrl*> urls;
  for (const FunctionUrl& url : function->urls) urls.push_back(&url);
  std::ranges::sort(urls, {}, &FunctionUrl::qualifier);
  return write_lambda_page(
      c, "FunctionUrlConfigs", urls, [](const FunctionUrl* url) { return url->qualifier; },
      [&](const FunctionUrl* url) { write(c, *function, *url); });
}

// --- Tags
// --------------------------------------------------------------------------------------------------------------

/// The tags of the function or mapping of an ARN.
std::expected<Tags*, Fault> tags_of(Call& c) {
  const std::string wanted = c["Resource"].as_string();
  Tags* found = nullptr;
  lambda(c).each_tagged({c.account.id, c.region.name}, [&](const std::string& arn, std::string_view, Tags& tags) {
    if (arn == wanted) found = &tags;
  });
  if (found) return found;
  return not_there("Function not found: " + wanted);
}

Outcome tag(Call& c) {
  TRY(Tags * tags, tags_of(c));
  TRY(const Tags more, read_tag_map(c["Tags"]));
  if (!merge_tags(*tags, more)) return bad_value("A resource has 50 tags at most.");
  return {};
}

Outcome untag(Call& c) {
  TRY(Tags * tags, tags_of(c));
  for (const std::string_view key : texts(c["TagKeys"])) {
    if (auto at = tags->find(key); at != tags->end()) tags->erase(at);
  }
  return {};
}

Outcome list_tags(Call& c) {
  TRY(const Tags* tags, tags_of(c));
  write_tag_map(c.out, *tags, "Tags");
  return {};
}

}  // namespace

void register_lambda_access(Registry& r) {
  r.add("lambda", "AddPermission", add_permission);
  r.add("lambda", "RemovePermission", remove_permission);
  r.add("lambda", "GetPolicy", get_policy);
  r.add("lambda", "PutFunctionConcurrency", put_concurrency);
  r.add("lambda", "GetFunctionConcurrency", get_concurrency);
  r.add("lambda", "DeleteFunctionConcurrency", delete_concurrency);
  r.add("lambda", "PutFunctionEventInvokeConfig", set_event_config<true>);
  r.add("lambda", "UpdateFunctionEventInvokeConfig", set_event_config<false>);
  r.add("lambda", "GetFunctionEventInvokeConfig", get_event_config);
  r.add("lambda", "DeleteFunctionEventInvokeConfig", delete_event_config);
  r.add("lambda", "ListFunctionEventInvokeConfigs", list_event_configs);
  r.add("lambda", "CreateFunctionUrlConfig", create_url);
  r.add("lambda", "GetFunctionUrlConfig", get_url);
  r.add("lambda", "UpdateFunctionUrlConfig", update_url);
  r.add("lambda", "DeleteFunctionUrlConfig", delete_url);
  r.add("lambda", "ListFunctionUrlConfigs", list_urls);
  r.add("lambda", "TagResource", tag);
  r.add("lambda", "UntagResource", untag);
  r.add("lambda", "ListTags", list_tags);
}

}  // namespace reeve::sandbox
