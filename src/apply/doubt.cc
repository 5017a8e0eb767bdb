#include "apply/doubt.h"

#include "apply/look.h"

namespace reeve::apply {
namespace {

/// What became of the row's last intent: "done" or "failed"; "in_doubt" where looking did not tell, and then the row is
/// closed so. Found out by looking where the journal holds no outcome.
Task<std::string> outcome_of_intent(Hands hands, RunLog& log, const plan::Row& row, const RowStory& story) {
  std::string result = story.outcome == nullptr ? "in_doubt" : story.outcome->body["result"].as_string();
  if (result != "in_doubt") co_return result;
  const auto index = static_cast<std::size_t>(story.intent->body["step"].as_integer());
  policy::Step step = step_from(*story.intent);
  Document before = deep_copy(story.intent->body["before"]);
  auto seen = co_await look(hands, row.scope, step, before);
  result = !seen ? "in_doubt" : *seen == Observed::took_effect ? "done" : "failed";
  StepOutcome outcome{.result = result, .resolved = true};
  std::vector<Closing> closings;
  if (!seen) {
    outcome.error = seen.error();
    closings.push_back({.row = &row, .outcome = Outcome::in_doubt, .error = seen.error()});
  }
  std::vector<NewEntry> entries;
  entries.push_back(outcome_entry(log.run(), row, index, outcome));
  Task<bool> writing = log.write(std::move(entries), std::move(closings));
  co_await std::move(writing);
  co_return result;
}

}  // namespace

Task<bool> take_up(Hands hands, RunLog& log, const plan::Row& row, const std::vector<Entry>& entries) {
  const RowStory story = story_of(entries);
  if (story.intent == nullptr) co_return false;
  const Value outcome = story.outcome == nullptr ? Value{} : story.outcome->body.root();
  if (outcome["result"].as_text() == "not_sent") co_return false;
  Task<std::string> finding = outcome_of_intent(hands, log, row, story);
  const std::string result = co_await std::move(finding);
  if (result == "in_doubt") co_return true;
  // Looked for and not found, now or by a life that then ended: nobody refused it, so it is judged again and done.
  const bool looked_for =
      story.outcome == nullptr || outcome["result"].as_text() == "in_doubt" || outcome["resolved"].as_bool();
  if (result == "failed" && looked_for) co_return false;
  if (result != "done") {
    Error error{.code = Code::request_refused, .message = outcome["error"]["message"].as_string()};
    Task<bool> closing = log.close(row, Outcome::failed, std::move(error));
    co_await std::move(closing);
    co_return true;
  }
  // A row that was begun is finished: judged again, it would meet its own first half.
  Stepping stepping(hands, log);
  const auto begun = static_cast<std::size_t>(story.intent->body["step"].as_integer());
  for (std::size_t next = begun + 1; next < row.steps.size(); ++next) {
    std::vector<Part> parts{{.row = &row, .step = next}};
    Task<std::vector<StepEnd>> going = stepping.carry_out(std::move(parts));
    const std::vector<StepEnd> ends = co_await std::move(going);
    if (ends.front() != StepEnd::done) co_return true;
  }
  if (begun + 1 < row.steps.size()) co_return true;  // closed with its last step
  Task<bool> closing = log.close(row, Outcome::done, std::nullopt);
  co_await std::move(closing);
  co_return true;
}

}  // namespace reeve::apply
