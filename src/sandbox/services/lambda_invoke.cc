#include <tuple>

#include "base/json.h"
#include "sandbox/metrics.h"
#include "sandbox/services/lambda.h"

/// Invocations: written down, and answered with what the estate says.
namespace reeve::sandbox {
namespace {

constexpr std::size_t most_payload = 6 << 20;  // [Lambda developer guide, "Lambda quotas"]

void record(Region& region, const LambdaFunction& function, LambdaInvocation invocation) {
  Lambda& all = region.drawers.of<Lambda>();
  const auto& rows = all.invocations.rows;
  // Ids that sort by time, and by their order within one moment.
  const std::uint64_t last = rows.empty() ? 0 : std::strtoull(rows.rbegin()->first.c_str(), nullptr, 10);
  invocation.id = fmt::format("{:012}", last + 1);
  const Tags by_name{{"FunctionName", function.id}};
  put_metric(region, "AWS/Lambda", "Invocations", by_name, invocation.at, 1, "Count");
  put_metric(region, "AWS/Lambda", "Errors", by_name, invocation.at, function.answer_error.empty() ? 0 : 1, "Count");
  all.kept_invocations.add(all.invocations, std::move(invocation),
                           [](const LambdaInvocation& row) { return row.payload.size() + row.source.size(); });
}

std::string answer_of(const LambdaFunction& function) {
  const Value answer = function.answer;
  return answer.is_null() ? "{}" : to_json(answer);
}

Outcome invoke(Call& c) {
  TRY(const FunctionName name, read_function_name(c));
  const LambdaFunction* function = lambda(c).functions.find(name.name);
  if (!function) return not_there("Function not found: " + function_arn(c, name.name, name.qualifier));
  TRY(const FunctionVersion* version, version_of(c, *function, name.qualifier));
  const std::string payload = c["Payload"].as_string();
  if (payload.size() > most_payload) {
    return fault("RequestTooLargeException",
                 fmt::format("{} byte payload is too large for the RequestResponse "
                             "invocation type (limit 6291456 bytes)",
                             payload.size()),
                 413);
  }
  if (!payload.empty() && !parse_json(payload)) {
    return fault("InvalidRequestContentException", "Could not parse request body into json: the payload is no JSON");
  }
  if (version->due && *version->due > c.now && version->is_new) {
    return in_conflict(
        "The operation cannot be performed at this time. The function is currently in the "
        "following state: Pending");
  }
  if (function->concurrency == 0) {
    return fault("TooManyRequestsException", "Rate Exceeded.", 429);
  }
  const std::string type(c["InvocationType"].as_text_or("RequestResponse"));
  if (type != "RequestResponse" && type != "Event" && type != "DryRun") {
    return bad_value(fmt::format("InvocationType {} is not known.", type));
  }
  if (type == "DryRun") {
    c.out.put("StatusCode", 204);
    return {};
  }
  record(c.region, *function,
         {.id = "",
          .function = function->id,
          .qualifier = name.qualifier,
          .type = type,
          .payload = payload,
          .source = "",
          .at = c.now});
  c.out.put("ExecutedVersion", version->version);
  if (type == "Event") {
    c.out.put("StatusCode", 202);
    return {};
  }
  c.out.put("StatusCode", 200);
  c.out.put_if("FunctionError", function->answer_error);
  c.out.key("Payload");
  c.out.blob(answer_of(*function));
  return {};
}

/// What other services hand over: an event of theirs.
void deliver(Store&, Region& region, std::string_view arn, const Delivery& delivery) {
  constexpr std::string_view begin = ":function:";
  const auto at = arn.find(begin);
  if (at == arn.npos) return;
  const std::string_view tail = arn.substr(at + begin.size());
  const std::string_view name = tail.substr(0, tail.find(':'));
  const LambdaFunction* function = region.drawers.of<Lambda>().functions.find(name);
  if (!function) return;
  LambdaInvocation made;
  made.function = function->id;
  if (name.size() < tail.size()) made.qualifier = tail.substr(name.size() + 1);
  made.type = "Event";
  made.payload = delivery.body;
  made.source = delivery.source_arn;
  made.at = delivery.at;
  record(region, *function, std::move(made));
}

}  // namespace

Document all_invocations(const Store& store) {
  struct Row {
    const Region* region;
    const LambdaInvocation* invocation;
  };
  std::vector<Row> rows;
  for (const auto& [id, account] : store.accounts) {
    for (const auto& [name, region] : account.regions) {
      const Lambda* state = region.drawers.find<Lambda>();
      if (!state) continue;
      for (const auto& [number, invocation] : state->invocations.rows) rows.push_back({&region, &invocation});
    }
  }
  std::ranges::sort(rows, {}, [](const Row& row) {
    return std::tuple(row.invocation->at, row.region->account, row.region->name, row.invocation->id);
  });
  Builder out;
  out.begin_map();
  out.put("format", 1);
  out.begin_list("invocations");
  for (const auto& [region, invocation] : rows) {
    out.begin_map();
    out.put("account", region->account);
    out.put("region", region->name);
    out.put("function", invocation->function);
    out.put("qualifier", invocation->qualifier);
    out.put("type", invocation->type);
    out.put("payload", invocation->payload);
    out.put("source", invocation->source);
    out.put("at", format_iso8601(invocation->at));
    out.end();
  }
  out.end();
  out.end();
  return out.finish();
}

void register_lambda_invoke(Registry& r) {
  r.add("lambda", "Invoke", invoke);
  r.targets["lambda"] = deliver;
}

}  // namespace reeve::sandbox
