#include "plan/plan_json.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/region_name.h"
#include "base/json.h"

namespace reeve::plan {
namespace {

using policy::RiskLevel;
using policy::Step;
using policy::Truth;
using policy::UndoClass;

void put_texts(Builder& b, std::string_view key, const std::vector<std::string>& texts) {
  b.begin_list(key);
  for (const auto& text : texts) b.add(text);
  b.end();
}

void put_number(Builder& b, std::string_view key, const std::optional<double>& number) {
  if (number) {
    b.put(key, *number);
  } else {
    b.put_null(key);
  }
}

std::string_view step_type(Step::Type type) {
  return type == Step::Type::call ? "call" : type == Step::Type::wait ? "wait" : "send";
}

void put_step(Builder& b, const Step& step) {
  b.begin_map();
  b.put("type", step_type(step.type));
  b.put("service", step.service);
  b.put("operation", step.operation);
  b.put("params", step.params);
  b.end();
}

void put_undo(Builder& b, const policy::Undo& undo) {
  b.begin_map("undo");
  b.put("class", name(undo.undo_class));
  if (undo.operation.empty()) {
    b.put_null("means");
  } else {
    b.begin_map("means");
    b.put("service", undo.service);
    b.put("operation", undo.operation);
    b.end();
  }
  if (undo.until) {
    b.put("until", format_iso8601(*undo.until));
  } else {
    b.put_null("until");
  }
  b.end();
}

std::optional<double> number_of(Value v) { return v.is_number() ? std::optional(v.as_real()) : std::nullopt; }

std::vector<std::string> texts_of(Value list) {
  std::vector<std::string> out;
  for (const Value item : list.items()) out.push_back(item.as_string());
  return out;
}

std::optional<Time> time_of(Value v) {
  if (!v.is_text()) return std::nullopt;
  const auto time = parse_iso8601(v.as_text());
  return time ? std::optional(*time) : std::nullopt;
}

std::unexpected<Error> damaged(std::string_view what) {
  return fail({.code = Code::plan_damaged,
               .message = fmt::format("the plan file is not whole: {}", what),
               .hint = "Make the plan again"});
}

/// It becomes the name of a file in the state folder.
bool is_plan_id(std::string_view id) {
  constexpr std::size_t most = 100;
  auto may_stand = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-';
  };
  return id.size() > 2 && id.size() <= most && id.starts_with("p-") && std::ranges::all_of(id, may_stand);
}

}  // namespace

void put_row(Builder& b, const Row& row, bool with_internals) {
  b.begin_map();
  b.put("row", row.row);
  put_texts(b, "after", row.after);
  b.put("policy", row.policy);
  b.put("kind", row.kind);
  put_texts(b, "records", row.records);
  if (row.records.size() == 1) b.put("id", row.records.front());
  b.put("account", row.scope.account);
  b.put("region", row.scope.region);
  b.put("action", row.action);
  b.begin_list("why");
  for (const auto& finding : row.why) {
    b.begin_map();
    b.put("filter", finding.filter);
    b.put("verdict", name(finding.verdict));
    b.put("evidence", finding.evidence);
    b.end();
  }
  b.end();
  b.begin_list("steps");
  for (const auto& step : row.steps) put_step(b, step);
  b.end();
  put_undo(b, row.undo);
  b.begin_map("saves");
  put_number(b, "likely", row.saves.likely);
  put_number(b, "at_most", row.saves.at_most);
  b.put("from", row.saves.from);
  b.put("price_date", row.saves.price_date);
  b.end();
  b.begin_map("risk");
  b.put("level", name(row.risk));
  put_texts(b, "reasons", row.risk_reasons);
  b.end();
  if (with_internals) {
    b.begin_map("internal");
    b.put("action_index", static_cast<std::int64_t>(row.action_index));
    b.put("partition", row.scope.partition);
    b.put("needs_consent", row.needs_consent);
    b.put("pre_image", row.pre_image);
    b.put("title", row.title);
    b.end();
  }
  b.end();
}

void put_kept(Builder& b, const Kept& kept) {
  b.begin_map();
  b.put("policy", kept.policy);
  b.put("kind", kept.kind);
  b.put("id", kept.id);
  b.put("account", kept.scope.account);
  b.put("region", kept.scope.region);
  b.begin_map("reason");
  b.put("code", kept.code);
  b.put("message", kept.message);
  b.end();
  b.end();
}

void put_header(Builder& b, const Header& header, bool with_policy_data) {
  b.begin_map();
  b.put("id", header.id);
  b.begin_list("scopes");
  for (const auto& scope : header.scopes) {
    b.begin_map();
    b.put("partition", scope.partition);
    b.put("account", scope.account);
    put_texts(b, "regions", scope.regions);
    b.end();
  }
  b.end();
  b.begin_map("trigger");
  b.put("type", header.trigger_type);
  if (header.trigger_id.empty()) {
    b.put_null("id");
  } else {
    b.put("id", header.trigger_id);
  }
  b.end();
  b.put("created", format_iso8601(header.created));
  b.put("expires", format_iso8601(header.expires));
  if (header.digest.empty()) {
    b.put_null("digest");
  } else {
    b.put("digest", header.digest);
  }
  b.put_null("signature");
  b.put("complete", header.complete);
  b.begin_list("policies");
  for (const auto& p : header.policies) {
    b.begin_map();
    b.put("name", p.name);
    b.put("kind", p.kind);
    b.put("hash", p.hash);
    b.put("account", p.scope.account);
    b.put("region", p.scope.region);
    b.put("seen", static_cast<std::int64_t>(p.seen));
    b.put("matched", static_cast<std::int64_t>(p.matched));
    b.put("planned", static_cast<std::int64_t>(p.planned));
    b.put_if("skipped", p.skipped);
    b.begin_map("limit");
    if (p.limit.allowed) {
      b.put("allowed", static_cast<std::int64_t>(*p.limit.allowed));
    } else {
      b.put_null("allowed");
    }
    b.put("counted", static_cast<std::int64_t>(p.limit.counted));
    b.put("exceeded", p.limit.exceeded);
    b.end();
    if (with_policy_data) {
      b.put("partition", p.scope.partition);
      b.put("policy", p.data);
    }
    b.end();
  }
  b.end();
  if (with_policy_data) {
    b.begin_map("internal");
    b.put("now", format_iso8601(header.now));
    b.put("pinned_now", header.pinned_now);
    b.put("loopback", header.loopback);
    b.put("irreversible_allowed", header.irreversible_allowed);
    b.end();
  }
  b.end();
}

void put_error(Builder& b, const Error& error) {
  b.begin_map();
  b.put("code", name(error.code));
  b.put("message", error.message);
  b.put("operation", error.operation);
  b.put("resource", error.resource);
  b.put("hint", error.hint);
  // An error that says "the listing broke off" is of use only with what AWS said to the call inside.
  const AwsError* aws = error.aws.get();
  for (const Error* e = &error; aws == nullptr && e->cause; e = e->cause.get()) aws = e->cause->aws.get();
  if (aws != nullptr) {
    b.begin_map("aws");
    b.put("code", aws->code);
    b.put("status", aws->status);
    b.put("request_id", aws->request_id);
    b.end();
  } else {
    b.put_null("aws");
  }
  if (error.cause) b.put("cause", error.cause->text());
  b.end();
}

void put_calls(Builder& b, const std::map<std::string, std::uint64_t>& calls) { b.put("calls", calls_document(calls)); }

Document calls_document(const std::map<std::string, std::uint64_t>& calls) {
  Builder b;
  b.begin_map();
  for (const auto& [operation, count] : calls) b.put(operation, static_cast<std::int64_t>(count));
  b.end();
  return b.finish();
}

Document error_document(const Error& error) {
  Builder b;
  b.begin_map();
  b.put("format", 1);
  b.key("error");
  put_error(b, error);
  b.end();
  return b.finish();
}

Result<Row> row_from(Value value) {
  if (!value["row"].is_text() || !value["internal"].is_map()) return damaged("a row lacks its id");
  Row row;
  row.row = value["row"].as_string();
  row.after = texts_of(value["after"]);
  row.policy = value["policy"].as_string();
  row.kind = value["kind"].as_string();
  row.records = texts_of(value["records"]);
  row.scope = {.partition = value["internal"]["partition"].as_string(),
               .account = value["account"].as_string(),
               .region = value["region"].as_string()};
  row.action = value["action"].as_string();
  for (const Value finding : value["why"].items()) {
    const auto verdict = finding["verdict"].as_text();
    row.why.push_back({.filter = finding["filter"].as_string(),
                       .verdict = verdict == "yes"  ? Truth::yes
                                  : verdict == "no" ? Truth::no
                                                    : Truth::unknown,
                       .evidence = deep_copy(finding["evidence"])});
  }
  for (const Value step : value["steps"].items()) {
    const auto type = step["type"].as_text();
    row.steps.push_back({.type = type == "call"   ? Step::Type::call
                                 : type == "wait" ? Step::Type::wait
                                                  : Step::Type::send,
                         .service = step["service"].as_string(),
                         .operation = step["operation"].as_string(),
                         .params = deep_copy(step["params"])});
  }
  const Value undo = value["undo"];
  row.undo.undo_class = undo["class"].as_text() == "exact"         ? UndoClass::exact
                        : undo["class"].as_text() == "approximate" ? UndoClass::approximate
                                                                   : UndoClass::none;
  row.undo.service = undo["means"]["service"].as_string();
  row.undo.operation = undo["means"]["operation"].as_string();
  row.undo.until = time_of(undo["until"]);
  row.saves = {.likely = number_of(value["saves"]["likely"]),
               .at_most = number_of(value["saves"]["at_most"]),
               .from = value["saves"]["from"].as_string(),
               .price_date = value["saves"]["price_date"].as_string()};
  const auto level = value["risk"]["level"].as_text();
  row.risk = level == "high" ? RiskLevel::high : level == "medium" ? RiskLevel::medium : RiskLevel::low;
  row.risk_reasons = texts_of(value["risk"]["reasons"]);
  const Value internal = value["internal"];
  row.action_index = static_cast<std::size_t>(internal["action_index"].as_integer());
  row.needs_consent = internal["needs_consent"].as_bool();
  row.pre_image = deep_copy(internal["pre_image"]);
  row.title = internal["title"].as_string();
  if (row.records.empty() || row.steps.empty()) return damaged("a row has no record or no step");
  return row;
}

Result<Header> header_from(Value value) {
  Header header;
  header.id = value["id"].as_string();
  if (!is_plan_id(header.id)) return damaged("its id is not one of a plan");
  for (const Value scope : value["scopes"].items()) {
    header.scopes.push_back({.partition = scope["partition"].as_string(),
                             .account = scope["account"].as_string(),
                             .regions = texts_of(scope["regions"])});
    for (const auto& region : header.scopes.back().regions) {  // locks' files are named by them
      if (!aws::is_region_name(region)) return damaged(fmt::format("'{}' is no region", region));
    }
  }
  header.trigger_type = value["trigger"]["type"].as_string();
  header.trigger_id = value["trigger"]["id"].as_string();
  const auto created = time_of(value["created"]), expires = time_of(value["expires"]);
  const Value internal = value["internal"];
  const auto now = time_of(internal["now"]);
  if (!created || !expires || !now) return damaged("its header lacks a date");
  header.created = *created;
  header.expires = *expires;
  header.now = *now;
  header.complete = value["complete"].as_bool();
  header.pinned_now = internal["pinned_now"].as_bool();
  header.loopback = internal["loopback"].as_bool();
  header.irreversible_allowed = internal["irreversible_allowed"].as_bool();
  for (const Value p : value["policies"].items()) {
    PlannedPolicy planned{.name = p["name"].as_string(), .kind = p["kind"].as_string(), .hash = p["hash"].as_string()};
    planned.scope = {.partition = p["partition"].as_string(),
                     .account = p["account"].as_string(),
                     .region = p["region"].as_string()};
    planned.seen = static_cast<std::size_t>(p["seen"].as_integer());
    planned.matched = static_cast<std::size_t>(p["matched"].as_integer());
    planned.planned = static_cast<std::size_t>(p["planned"].as_integer());
    if (const Value allowed = p["limit"]["allowed"]; allowed.is_number()) {
      planned.limit.allowed = static_cast<std::size_t>(allowed.as_integer());
    }
    planned.limit.counted = static_cast<std::size_t>(p["limit"]["counted"].as_integer());
    planned.limit.exceeded = p["limit"]["exceeded"].as_bool();
    planned.data = deep_copy(p["policy"]);
    header.policies.push_back(std::move(planned));
  }
  return header;
}

}  // namespace reeve::plan
