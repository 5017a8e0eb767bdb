#include "apply/stepping.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "apply/look.h"

namespace reeve::apply {
namespace {

constexpr Duration call_time = std::chrono::minutes(2);
/// Rows of a batch that are looked for at once.
constexpr std::size_t looks_at_once = 16;

}  // namespace

bool ends_run(const Error& error) { return error.code == Code::expired_credentials || error.code == Code::credentials; }

struct Stepping::Sending {
  std::vector<Part> parts;
  std::vector<StepEnd> ends;
};

Task<std::vector<StepEnd>> Stepping::carry_out(std::vector<Part> parts) {
  Sending sending{.parts = std::move(parts)};
  sending.ends.assign(sending.parts.size(), StepEnd::closed);
  const policy::Step& step = sending.parts.front().what();
  if (step.type != policy::Step::Type::call || find_effect(step.service, step.operation) == nullptr) {
    for (const Part& part : sending.parts) {
      Error error{.code = Code::plan_refused,
                  .message = fmt::format("Reeve does not carry out {}.{}", step.service, step.operation)};
      Task<bool> closing = log_.close(*part.row, Outcome::failed, std::move(error));
      co_await std::move(closing);
    }
    co_return std::move(sending.ends);
  }
  std::vector<NewEntry> intents;
  for (const Part& part : sending.parts) intents.push_back(intent_entry(log_.run(), *part.row, part.step));
  if (!co_await log_.write(std::move(intents))) co_return std::move(sending.ends);
  std::vector<std::size_t> all(sending.parts.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  Task<void> going = send(sending, std::move(all));
  co_await std::move(going);
  co_return std::move(sending.ends);
}

Task<void> Stepping::send(Sending& sending, std::vector<std::size_t> which) {
  std::vector<Part> parts;
  Steady start_by{INT64_MAX};
  for (const std::size_t i : which) {
    parts.push_back(sending.parts[i]);
    start_by = std::min(start_by, sending.parts[i].start_by);
  }
  const policy::Step& step = parts.front().what();
  const Effect* effect = find_effect(step.service, step.operation);
  aws::Request request{.service = step.service,
                       .operation = step.operation,
                       .params = joined_params(parts),
                       .scope = parts.front().row->scope,
                       .deadline = hands_.world.clock.steady() + call_time,
                       .start_by = start_by};
  auto answer = co_await hands_.api.call(std::move(request));
  if (answer) {
    StepOutcome outcome{.result = "done", .request_id = answer->meta.request_id};
    Task<void> settling = settle_done(sending, std::move(which), std::move(outcome));
    co_await std::move(settling);
    co_return;
  }
  const Error error = answer.error();
  if (which.size() == 1 && effect->fulfilled_by(error)) {
    StepOutcome outcome{.result = "done", .error = error};
    Task<void> settling = settle_done(sending, std::move(which), std::move(outcome));
    co_await std::move(settling);
    co_return;
  }
  // A refusal may be of the second attempt, after the first had its effect unheard.
  const bool tried_before = error.aws && error.aws->attempts > 1;
  const bool doubt = leaves_doubt(error);
  if (doubt || tried_before) {
    Task<std::vector<std::size_t>> looking = look_for(sending, std::move(which), error);
    which = co_await std::move(looking);
    if (which.empty()) co_return;
  }
  if (error.code == Code::drift || ends_run(error)) {
    if (ends_run(error)) log_.stop(error);
    StepOutcome outcome{.result = "not_sent", .error = error};
    const StepEnd end = ends_run(error) ? StepEnd::closed : StepEnd::too_late;  // of a run that ends it stays open
    Task<void> settling = settle(sending, std::move(which), std::move(outcome), end);
    co_await std::move(settling);
    co_return;
  }
  if (which.size() > 1 && !doubt && error.code != Code::throttled) {  // throttled, a smaller batch would be too
    const auto middle = which.begin() + static_cast<std::ptrdiff_t>(which.size() / 2);
    std::vector<std::size_t> first(which.begin(), middle), second(middle, which.end());
    Task<void> one = send(sending, std::move(first));
    co_await std::move(one);
    Task<void> other = send(sending, std::move(second));
    co_await std::move(other);
    co_return;
  }
  std::vector<NewEntry> entries;
  std::vector<Closing> closings;
  for (const std::size_t i : which) {
    const Part& part = sending.parts[i];
    StepOutcome outcome{.result = "failed", .error = error};
    entries.push_back(outcome_entry(log_.run(), *part.row, part.step, outcome));
    closings.push_back({.row = part.row, .outcome = Outcome::failed, .error = error});
  }
  co_await log_.write(std::move(entries), std::move(closings));
}

Task<void> Stepping::settle_done(Sending& sending, std::vector<std::size_t> which, StepOutcome outcome) {
  Task<void> settling = settle(sending, std::move(which), std::move(outcome), StepEnd::done);
  co_await std::move(settling);
}

/// Writes one outcome a row, and closes the rows whose last step was done.
Task<void> Stepping::settle(Sending& sending, std::vector<std::size_t> which, StepOutcome outcome, StepEnd end) {
  std::vector<NewEntry> entries;
  std::vector<Closing> closings;
  for (const std::size_t i : which) {
    const Part& part = sending.parts[i];
    entries.push_back(outcome_entry(log_.run(), *part.row, part.step, outcome));
    const bool last = part.step + 1 == part.row->steps.size();
    if (end == StepEnd::done && last) closings.push_back({.row = part.row, .outcome = Outcome::done});
  }
  if (!co_await log_.write(std::move(entries), std::move(closings))) co_return;
  for (const std::size_t i : which) sending.ends[i] = end;
}

/// Looks for the effect of each row's step; those that have none, for certain, are given back.
Task<std::vector<std::size_t>> Stepping::look_for(Sending& sending, std::vector<std::size_t> which, Error error) {
  std::vector<std::size_t> without;
  std::function<Task<void>(std::size_t)> one = [&](std::size_t k) -> Task<void> {
    const std::size_t i = which[k];
    const Part& part = sending.parts[i];
    Task<Result<Observed>> looking = look(hands_, part.row->scope, part.what(), part.row->pre_image);
    const auto seen = co_await std::move(looking);
    if (seen && *seen == Observed::no_effect) {
      without.push_back(i);
      co_return;
    }
    StepOutcome outcome{.result = seen ? "done" : "in_doubt", .error = seen ? error : seen.error(), .resolved = true};
    std::vector<std::size_t> single{i};
    if (seen) {
      Task<void> settling = settle_done(sending, std::move(single), std::move(outcome));
      co_await std::move(settling);
      co_return;
    }
    std::vector<NewEntry> entries;
    entries.push_back(outcome_entry(log_.run(), *part.row, part.step, outcome));
    std::vector<Closing> closings;
    closings.push_back({.row = part.row, .outcome = Outcome::in_doubt, .error = seen.error()});
    co_await log_.write(std::move(entries), std::move(closings));
  };
  co_await for_each(hands_.world.loop, which.size(), looks_at_once, one);
  std::ranges::sort(without);
  co_return without;
}

}  // namespace reeve::apply
