#include "apply/entries.h"

#include "plan/plan_json.h"

namespace reeve::apply {
namespace {

void put_error(Builder& b, const std::optional<Error>& error) {
  if (error) {
    b.key("error");
    plan::put_error(b, *error);
  } else {
    b.put_null("error");
  }
}

void put_texts(Builder& b, std::string_view key, const std::vector<std::string>& texts) {
  b.begin_list(key);
  for (const auto& text : texts) b.add(text);
  b.end();
}

}  // namespace

NewEntry run_entry(World& world, const RunTerms& terms, const plan::Header& header) {
  Builder b;
  b.begin_map();
  b.put("format", 1);
  b.put("verb", terms.verb);
  b.put("plan", terms.plan);
  b.put_if("of", terms.of);
  b.put("rows", static_cast<std::int64_t>(terms.rows));
  b.put("consent", terms.consent);
  put_texts(b, "only", terms.only);
  put_texts(b, "except", terms.except);
  b.begin_list("scopes");
  for (const auto& scope : plan::scopes_of(header)) {
    b.begin_map();
    b.put("partition", scope.partition);
    b.put("account", scope.account);
    b.put("region", scope.region);
    b.end();
  }
  b.end();
  b.put("started", format_iso8601(world.clock.wall()));
  b.put("host", world.environment.host_name());
  b.put("pid", world.environment.process_id());
  b.end();
  return {.run = terms.run, .row = {}, .kind = "run", .subject = {}, .body = b.finish()};
}

NewEntry intent_entry(const std::string& run, const plan::Row& row, std::size_t index) {
  const policy::Step& step = row.steps[index];
  Builder b;
  b.begin_map();
  b.put("step", static_cast<std::int64_t>(index));
  b.put("policy", row.policy);
  b.put("kind", row.kind);
  b.put("id", row.records.front());
  b.put("partition", row.scope.partition);
  b.put("account", row.scope.account);
  b.put("region", row.scope.region);
  b.put("action", row.action);
  b.put("service", step.service);
  b.put("operation", step.operation);
  b.put("params", step.params);
  b.put("before", row.pre_image);
  b.put("undo", name(row.undo.undo_class));
  b.end();
  return {.run = run, .row = row.row, .kind = "intent", .subject = {}, .body = b.finish()};
}

NewEntry outcome_entry(const std::string& run, const plan::Row& row, std::size_t step, const StepOutcome& outcome) {
  Builder b;
  b.begin_map();
  b.put("step", static_cast<std::int64_t>(step));
  b.put("result", outcome.result);
  b.put("request_id", outcome.request_id);
  b.put("resolved", outcome.resolved);
  put_error(b, outcome.error);
  b.end();
  return {.run = run, .row = row.row, .kind = "outcome", .subject = {}, .body = b.finish()};
}

NewEntry row_entry(const std::string& run, const plan::Row& row, Outcome outcome, const std::optional<Error>& error) {
  const bool done = outcome == Outcome::done;
  Builder b;
  b.begin_map();
  b.put("id", row.records.front());
  b.put("action", row.action);
  b.put("outcome", name(outcome));
  b.put("undo", name(row.undo.undo_class));
  b.put_if("until", done && row.undo.until ? format_iso8601(*row.undo.until) : std::string());
  b.put_if("first_operation", done ? row.steps.front().operation : std::string());
  put_error(b, error);
  b.end();
  return {.run = run,
          .row = row.row,
          .kind = "row",
          .subject = done ? subject_of(row.scope, row.kind, row.records.front()) : std::string(),
          .body = b.finish()};
}

NewEntry end_entry(const RunResult& result) {
  Builder b;
  b.begin_map();
  b.put("format", 1);
  b.put("state", result.state);
  b.put("done", static_cast<std::int64_t>(result.done));
  b.put("failed", static_cast<std::int64_t>(result.failed));
  b.put("drifted", static_cast<std::int64_t>(result.drifted));
  b.put("skipped", static_cast<std::int64_t>(result.skipped));
  b.put("in_doubt", static_cast<std::int64_t>(result.in_doubt));
  b.end();
  return {.run = result.id, .row = {}, .kind = "end", .subject = {}, .body = b.finish()};
}

RunTerms terms_from(const Entry& run) {
  const Value body = run.body;
  RunTerms terms{.run = run.run,
                 .plan = body["plan"].as_string(),
                 .verb = body["verb"].as_string(),
                 .of = body["of"].as_string(),
                 .consent = body["consent"].as_bool()};
  for (const Value row : body["only"].items()) terms.only.push_back(row.as_string());
  for (const Value id : body["except"].items()) terms.except.push_back(id.as_string());
  terms.rows = static_cast<std::size_t>(body["rows"].as_integer());
  return terms;
}

std::vector<aws::Scope> scopes_from(const Entry& run) {
  std::vector<aws::Scope> out;
  for (const Value scope : run.body["scopes"].items()) {
    out.push_back({.partition = scope["partition"].as_string(),
                   .account = scope["account"].as_string(),
                   .region = scope["region"].as_string()});
  }
  return out;
}

RowOutcome row_outcome_from(const Entry& entry) {
  RowOutcome row{.row = entry.row,
                 .id = entry.body["id"].as_string(),
                 .action = entry.body["action"].as_string(),
                 .outcome = outcome_of(entry.body["outcome"].as_text()).value_or(Outcome::in_doubt)};
  row.undo_class = row.outcome == Outcome::done ? entry.body["undo"].as_string() : "none";
  if (const auto until = parse_iso8601(entry.body["until"].as_text())) row.until = *until;
  if (const Value error = entry.body["error"]; error.is_map()) {
    row.error = Error{.code = Code::request_refused,
                      .message = error["message"].as_string(),
                      .operation = error["operation"].as_string(),
                      .resource = error["resource"].as_string(),
                      .hint = error["hint"].as_string()};
    for (int code = 0; code <= static_cast<int>(Code::internal); ++code) {
      if (name(static_cast<Code>(code)) == error["code"].as_text()) row.error->code = static_cast<Code>(code);
    }
    if (const Value aws = error["aws"]; aws.is_map()) {
      row.error->aws = std::make_shared<const AwsError>(AwsError{.code = aws["code"].as_string(),
                                                                 .status = static_cast<int>(aws["status"].as_integer()),
                                                                 .request_id = aws["request_id"].as_string()});
    }
  }
  return row;
}

policy::Step step_from(const Entry& intent) {
  return {.service = intent.body["service"].as_string(),
          .operation = intent.body["operation"].as_string(),
          .params = deep_copy(intent.body["params"])};
}

RowStory story_of(const std::vector<Entry>& row) {
  RowStory story;
  for (const Entry& entry : row) {
    if (entry.kind == "intent") {
      story = {.intent = &entry};
    } else if (entry.kind == "outcome") {
      story.outcome = &entry;
    } else if (entry.kind == "row") {
      story.closing = &entry;
    }
  }
  return story;
}

std::vector<const Entry*> effective_intents(const std::vector<Entry>& row) {
  const Entry* begun = nullptr;
  std::vector<const Entry*> out;
  for (const Entry& entry : row) {
    if (entry.kind == "intent") begun = &entry;
    if (entry.kind != "outcome" || entry.body["result"].as_text() != "done" || begun == nullptr) continue;
    out.push_back(begun);
    begun = nullptr;
  }
  return out;
}

}  // namespace reeve::apply
