#include "aws/endpoint_parameters.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.h"
#include "base/json.h"

namespace reeve::aws {
namespace {

/// Writes the value of a built-in, where it is known.
void put_built_in(Builder& out, const std::string& name, std::string_view built_in, const BuiltIns& known) {
  const EndpointChoices& choices = known.choices;
  if (built_in == "AWS::Region") out.put_if(name, known.region);
  if (built_in == "AWS::UseFIPS") out.put(name, known.use_fips);
  if (built_in == "AWS::UseDualStack") out.put(name, known.use_dual_stack);
  if (built_in == "SDK::Endpoint") out.put_if(name, known.endpoint);
  if (built_in == "AWS::Auth::AccountId" && known.account_id && known.account_id_endpoint_mode != "disabled") {
    out.put(name, *known.account_id);
  }
  if (built_in == "AWS::Auth::AccountIdEndpointMode") out.put_if(name, known.account_id_endpoint_mode);
  if (built_in == "AWS::S3::Accelerate") out.put(name, choices.accelerate);
  if (built_in == "AWS::S3::ForcePathStyle") {
    out.put(name, choices.force_path_style.value_or(!known.endpoint.empty() && !choices.accelerate));
  }
  if (built_in == "AWS::S3::UseGlobalEndpoint") out.put(name, choices.use_global_endpoint);
  if (built_in == "AWS::S3::DisableMultiRegionAccessPoints") {
    out.put(name, choices.disable_multi_region_access_points);
  }
  if (built_in.ends_with("::UseArnRegion") && choices.use_arn_region) out.put(name, *choices.use_arn_region);
  if (built_in == "AWS::STS::UseGlobalEndpoint") out.put(name, choices.sts_global_endpoint);
}

/// Writes what was found in an input, if it is of the parameter's type. False: there is nothing.
bool put_found(Builder& out, std::string_view name, std::string_view type, Value found) {
  if (type == "boolean") {
    if (found.kind() != Kind::boolean) return false;
    out.put(name, found.as_bool());
    return true;
  }
  if (type == "stringArray") {
    if (!found.is_list()) return false;
    out.begin_list(name);
    for (const Value item : found.items()) {
      if (item.is_text()) out.add(item.as_text());
    }
    out.end();
    return true;
  }
  if (!found.is_text() || found.as_text().empty()) return false;
  out.put(name, found.as_text());
  return true;
}

/// Whether the rules look at a parameter: S3's say of some only that they exist (Key, Prefix), and an answer that is
/// kept should not depend on these.
bool is_read(std::string_view rule_set_json, std::string_view name) {
  const std::string quoted = fmt::format("\"{}\"", name), inserted = fmt::format("{{{}", name);
  const std::size_t declared = rule_set_json.find(quoted);
  return rule_set_json.find(inserted) != std::string_view::npos ||
         (declared != std::string_view::npos && rule_set_json.find(quoted, declared + 1) != std::string_view::npos);
}

bool has(const std::vector<std::string_view>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

Result<EndpointParameters> EndpointParameters::parse(std::string_view rule_set_json) {
  TRY(const Document rules, parse_json(rule_set_json));
  EndpointParameters out;
  for (const auto [name, parameter] : rules["parameters"].entries()) {
    Parameter one{.name = std::string(name), .built_in = parameter["builtIn"].as_string(), .type = "string"};
    const std::string type = parameter["type"].as_string();
    if (type == "boolean" || type == "Boolean") one.type = "boolean";
    if (type == "stringArray" || type == "StringArray") one.type = "stringArray";
    if (one.built_in.empty() && !is_read(rule_set_json, name)) continue;
    if (one.built_in.empty()) out.only_built_ins_ = false;
    if (one.built_in == "AWS::Auth::AccountId") out.by_account_ = true;
    out.parameters_.push_back(std::move(one));
  }
  return out;
}

Result<void> EndpointParameters::put_context(Builder& out, const Operation& operation, Value input,
                                             std::vector<std::string_view>& done) const {
  auto type_of = [this](std::string_view name) -> const std::string* {
    const auto found = std::ranges::find(parameters_, name, &Parameter::name);
    return found == parameters_.end() ? nullptr : &found->type;
  };
  for (const ContextParameter& one : operation.context_parameters) {
    const std::string* type = type_of(one.name);
    if (type == nullptr) continue;
    if (one.path.empty()) {
      if (one.text.empty()) {
        out.put(one.name, one.truth);
      } else {
        out.put(one.name, one.text);
      }
      done.push_back(one.name);
      continue;
    }
    auto path = paths_.find(one.path);
    if (path == paths_.end()) {
      auto compiled = text::Jmespath::compile(one.path, {.policy_functions = false});
      if (!compiled) {
        return fail({.code = Code::endpoint,
                     .message = fmt::format("the model's path '{}' of the endpoint parameter {} cannot be read",
                                            one.path, one.name)});
      }
      path = paths_.emplace(one.path, *std::move(compiled)).first;
    }
    text::Scratch scratch;
    const auto found = path->second.search(input, scratch);  // what is not there is no error of the call's
    if (found && put_found(out, one.name, *type, *found)) done.push_back(one.name);
  }
  if (operation.input == nullptr) return {};
  for (const Member& member : operation.input->members) {
    if (member.context_parameter.empty() || has(done, member.context_parameter)) continue;
    const std::string* type = type_of(member.context_parameter);
    const auto found = input.find(member.name);
    if (type != nullptr && found && put_found(out, member.context_parameter, *type, *found)) {
      done.push_back(member.context_parameter);
    }
  }
  return {};
}

Result<Document> EndpointParameters::of(const Operation* operation, Value input, const BuiltIns& known) const {
  Builder out;
  out.begin_map();
  std::vector<std::string_view> done;
  if (operation != nullptr && !only_built_ins_) TRY(put_context(out, *operation, input, done));
  for (const Parameter& one : parameters_) {
    if (!one.built_in.empty() && !has(done, one.name)) {
      put_built_in(out, one.name, one.built_in, known);
    }
  }
  out.end();
  return out.finish();
}

std::string target_without_bucket(std::string target, std::string_view bucket) {
  const std::string front = "/" + encode_percent(bucket);
  if (bucket.empty() || !target.starts_with(front)) return target;
  const std::size_t after = front.size();
  if (after < target.size() && target[after] != '/' && target[after] != '?') return target;
  target.erase(0, after);
  if (!target.starts_with('/')) target.insert(0, "/");
  return target;
}

}  // namespace reeve::aws
