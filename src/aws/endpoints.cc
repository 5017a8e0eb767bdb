#include "aws/endpoints.h"

#include <aws/common/array_list.h>
#include <aws/common/hash_table.h>
#include <aws/common/string.h>
#include <aws/sdkutils/endpoints_rule_engine.h>
#include <aws/sdkutils/partitions.h>
#include <fmt/format.h>

#include <unordered_map>

#include "aws/crt_runtime.h"
#include "base/json.h"

namespace reeve::aws {
namespace {

/// Answers kept. A run asks for a few hundred (service, region) pairs; buckets could make it grow for ever.
constexpr std::size_t most_answers = 4096;

/// Says the partition of a region in the words of the rules engine, which knows the patterns.
constexpr std::string_view partition_rules = R"({"version": "1.0",
  "parameters": {"Region": {"type": "String", "required": true, "documentation": "region"}},
  "rules": [{"type": "endpoint",
             "conditions": [{"fn": "aws.partition", "argv": [{"ref": "Region"}], "assign": "P"}],
             "endpoint": {"url": "https://{P#name}", "properties": {}, "headers": {}}}]})";

template <class T, auto release>
struct Release {
  void operator()(T* what) const { release(what); }
};
template <class T, auto release>
using Held = std::unique_ptr<T, Release<T, release>>;
using Ruleset = Held<aws_endpoints_ruleset, &aws_endpoints_ruleset_release>;
using Engine = Held<aws_endpoints_rule_engine, &aws_endpoints_rule_engine_release>;
using Context = Held<aws_endpoints_request_context, &aws_endpoints_request_context_release>;
using Resolved = Held<aws_endpoints_resolved_endpoint, &aws_endpoints_resolved_endpoint_release>;
using Partitions = Held<aws_partitions_config, &aws_partitions_config_release>;

std::unexpected<Error> error(std::string message) {
  return fail({.code = Code::endpoint, .message = std::move(message)});
}

Context context_of(Value parameters) {
  Context out(aws_endpoints_request_context_new(crt::allocator()));
  for (const auto [name, value] : parameters.entries()) {
    if (value.kind() == Kind::boolean) {
      aws_endpoints_request_context_add_boolean(crt::allocator(), out.get(), crt::cursor(name), value.as_bool());
    } else if (value.is_text()) {
      aws_endpoints_request_context_add_string(crt::allocator(), out.get(), crt::cursor(name),
                                               crt::cursor(value.as_text()));
    } else if (value.is_list()) {
      std::vector<aws_byte_cursor> texts;
      for (const Value item : value.items()) texts.push_back(crt::cursor(item.as_text()));
      aws_endpoints_request_context_add_string_array(crt::allocator(), out.get(), crt::cursor(name), texts.data(),
                                                     texts.size());
    }
  }
  return out;
}

Result<Document> document_of(const aws_endpoints_resolved_endpoint* resolved) {
  if (aws_endpoints_resolved_endpoint_get_type(resolved) == AWS_ENDPOINTS_RESOLVED_ERROR) {
    aws_byte_cursor text{};
    aws_endpoints_resolved_endpoint_get_error(resolved, &text);
    return error(std::string(crt::view(text)));
  }
  aws_byte_cursor url{}, properties{};
  const aws_hash_table* headers = nullptr;
  aws_endpoints_resolved_endpoint_get_url(resolved, &url);
  aws_endpoints_resolved_endpoint_get_properties(resolved, &properties);
  aws_endpoints_resolved_endpoint_get_headers(resolved, &headers);
  Builder out;
  out.begin_map();
  out.put("url", crt::view(url));
  if (properties.len > 0) {
    TRY(const auto parsed, parse_json(crt::view(properties)));
    out.put("properties", parsed);
  }
  out.begin_map("headers");
  for (aws_hash_iter at = aws_hash_iter_begin(headers); headers != nullptr && !aws_hash_iter_done(&at);
       aws_hash_iter_next(&at)) {
    out.begin_list(crt::view(aws_byte_cursor_from_string(static_cast<const aws_string*>(at.element.key))));
    const auto* values = static_cast<const aws_array_list*>(at.element.value);
    for (std::size_t i = 0; i < aws_array_list_length(values); ++i) {
      aws_string* value = nullptr;
      aws_array_list_get_at(values, &value, i);
      out.add(crt::view(aws_byte_cursor_from_string(value)));
    }
    out.end();
  }
  out.end();
  out.end();
  return out.finish();
}

Endpoint endpoint_of(const Document& document) {
  Endpoint out{.url = document["url"].as_string()};
  for (const Value scheme : document["properties"]["authSchemes"].items()) {
    if (scheme["name"].as_text() != "sigv4") {
      if (out.lacking_scheme.empty()) out.lacking_scheme = scheme["name"].as_string();
      continue;
    }
    out.lacking_scheme.clear();
    out.signing_region = scheme["signingRegion"].as_string();
    out.signing_name = scheme["signingName"].as_string();
    out.double_encode_path = !scheme["disableDoubleEncoding"].as_bool();
    break;
  }
  for (const auto [name, values] : document["headers"].entries()) {
    for (const Value value : values.items()) out.headers.emplace_back(name, value.as_string());
  }
  return out;
}

class RuleEndpoints final : public Endpoints {
 public:
  explicit RuleEndpoints(std::string_view partitions_json)
      : partitions_(aws_partitions_config_new_from_string(crt::allocator(), crt::cursor(partitions_json))) {}

  Result<Endpoint> resolve(const ServiceModel& model, Value parameters) override {
    std::string key =
        fmt::format("{}\n{}\n{}", model.service(), model.endpoint_rules.size(), canonical_json(parameters));
    if (const auto found = answers_.find(key); found != answers_.end()) return found->second;
    TRY(const auto document, evaluate(model.endpoint_rules, parameters));
    if (answers_.size() >= most_answers) answers_.clear();
    return answers_.emplace(std::move(key), endpoint_of(document)).first->second;
  }

  Result<Document> evaluate(std::string_view rule_set_json, Value parameters) override {
    TRY(aws_endpoints_rule_engine * engine, engine_of(rule_set_json));
    const Context context = context_of(parameters);
    aws_endpoints_resolved_endpoint* raw = nullptr;
    if (aws_endpoints_rule_engine_resolve(engine, context.get(), &raw) != AWS_OP_SUCCESS) {
      return error(fmt::format("the endpoint rules have no answer: {}", crt::error_text(aws_last_error())));
    }
    const Resolved resolved(raw);
    return document_of(resolved.get());
  }

  std::string partition_of(std::string_view region) override {
    if (const auto found = known_.find(std::string(region)); found != known_.end()) return found->second;
    Builder parameters;
    parameters.begin_map();
    parameters.put("Region", region);
    parameters.end();
    const auto answer = evaluate(partition_rules, parameters.finish());
    constexpr std::string_view before = "https://";
    std::string out = answer ? (*answer)["url"].as_string().substr(before.size()) : "aws";
    if (known_.size() >= most_answers) known_.clear();
    return known_.emplace(region, std::move(out)).first->second;
  }

 private:
  /// Compiled once a rule set: a millisecond for the large ones.
  Result<aws_endpoints_rule_engine*> engine_of(std::string_view rule_set_json) {
    if (partitions_ == nullptr) return error("the table of partitions cannot be read");
    std::string key(rule_set_json);
    if (const auto found = engines_.find(key); found != engines_.end()) return found->second.get();
    const Ruleset rules(aws_endpoints_ruleset_new_from_string(crt::allocator(), crt::cursor(rule_set_json)));
    Engine engine(rules == nullptr ? nullptr
                                   : aws_endpoints_rule_engine_new(crt::allocator(), rules.get(), partitions_.get()));
    if (engine == nullptr) {
      return error(fmt::format("the endpoint rules cannot be read: {}", crt::error_text(aws_last_error())));
    }
    return engines_.emplace(std::move(key), std::move(engine)).first->second.get();
  }

  Partitions partitions_;
  std::unordered_map<std::string, Engine> engines_;
  std::unordered_map<std::string, Endpoint> answers_;
  std::unordered_map<std::string, std::string> known_;
};

}  // namespace

std::unique_ptr<Endpoints> Endpoints::make(std::string_view partitions_json) {
  return std::make_unique<RuleEndpoints>(partitions_json);
}

}  // namespace reeve::aws
