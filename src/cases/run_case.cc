#include "cases/run_case.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "aws/only_reads.h"
#include "base/json.h"
#include "base/sim_seams.h"
#include "cases/act.h"
#include "cases/expect.h"
#include "policy/judge.h"

namespace reeve::cases {
namespace {

/// Flow-style YAML that reads back as the same value: JSON, but for dates.
void append_yaml(std::string& out, Value value) {
  if (value.kind() == Kind::timestamp) {
    out += format_iso8601(value.as_time());
  } else if (value.is_map()) {
    out += '{';
    for (const auto [key, member] : value.entries()) {
      if (out.back() != '{') out += ", ";
      append_json_string(out, key);
      out += ": ";
      append_yaml(out, member);
    }
    out += '}';
  } else if (value.is_list()) {
    out += '[';
    for (const Value item : value.items()) {
      if (out.back() != '[') out += ", ";
      append_yaml(out, item);
    }
    out += ']';
  } else {
    out += to_json(value);
  }
}

/// The case's policy as a file of its own.
std::string policy_text(const Case& one) {
  std::string out = "{";
  if (!one.vars.root().is_null()) {
    out += "\"vars\": ";
    append_yaml(out, one.vars);
    out += ", ";
  }
  out += "\"policies\": [";
  append_yaml(out, one.policy);
  return out + "]}\n";
}

}  // namespace

std::string Outcome::reason() const { return fmt::format("{}", fmt::join(reasons, "\n")); }

std::unique_ptr<policy::Policy> Runner::build(const Case& one, Time now, Outcome& out) const {
  const policy::Variables names{
      .given = bench_.given, .account_id = one.account, .region = one.region, .partition = "aws", .now = now};
  auto file = policy::read_policies(policy_text(one), one.name, names, bench_.vocabulary, bench_.kinds);
  for (const auto& problem : file.problems) {
    if (!problem.warning) out.reasons.push_back("policy: " + problem.message);
  }
  if (!out.reasons.empty()) return nullptr;
  if (file.policies.size() != 1) {
    out.reasons.emplace_back("policy: it could not be read");
    return nullptr;
  }
  return std::move(file.policies.front());
}

Task<void> Runner::judge_and_act(const Case& one, const policy::Policy& policy, aws::Flight& flight, Loop& loop,
                                 Outcome& out) {
  const Time now = one.now.value_or(bench_.now);
  const aws::Scope scope{.account = one.account, .region = one.region};
  estate::Reader reader(flight, bench_.models, bench_.kinds, loop, scope, {});
  text::Scratch scratch;
  policy::Context context{.reader = reader,
                          .prices = bench_.prices,
                          .now = now,
                          .account = one.account,
                          .region = one.region,
                          .partition = scope.partition,
                          .run = one.name,
                          .scratch = scratch,
                          .columns_first = true};
  policy::Judged judged = co_await policy::judge_policy(policy, context);
  if (judged.broken) {
    const Error* cause = &*judged.broken;
    while (cause->cause) cause = cause->cause.get();
    out.reasons.push_back("listing: " + cause->message);
    co_return;
  }
  for (const auto& kept : judged.unknown) {
    out.reasons.push_back(fmt::format("unknown: {}: {}", kept.record.id(), kept.message));
  }
  std::vector<estate::Record> selected;
  for (const auto& candidate : judged.matched) {
    out.ids.emplace_back(candidate.view.id());
    selected.push_back(candidate.view.record());
  }
  const std::size_t reads = flight.calls().size();
  Task<std::vector<std::string>> acting = act(policy, judged.matched, context, flight);
  const std::vector<std::string> refused = co_await std::move(acting);
  for (std::size_t i = reads; i < flight.calls().size(); ++i) {
    const auto& call = flight.calls()[i];
    if (!aws::only_reads(call.service, call.operation, call.params)) out.changing.push_back(call);
  }
  const std::size_t before = out.reasons.size();
  compare(one, selected, out);
  if (out.reasons.size() == before) co_return;
  for (const auto& why : refused) out.reasons.push_back("no row: " + why);
}

Outcome Runner::run(const Case& one) {
  Outcome out{.name = one.name};
  const Time now = one.now.value_or(bench_.now);
  aws::Flight flight = one.flight.empty() ? aws::Flight(one.answers, bench_.models)
                                          : aws::Flight(bench_.disk, bench_.models, one.flight);
  Progress& progress = progress_[{one.test, one.flight}];
  if (one.run == 0) progress = {};
  flight.go_on(progress.used, static_cast<std::size_t>(std::max<std::int64_t>(0, one.run - progress.next_run)));
  if (!one.event.root().is_null()) out.reasons.emplace_back("policy: events are not supported yet");
  if (const auto policy = out.reasons.empty() ? build(one, now, out) : nullptr) {
    SimClock clock(now);
    Loop loop(clock);
    loop.run(judge_and_act(one, *policy, flight, loop, out));
    progress = {.next_run = one.run + 1, .used = flight.used()};
  }
  out.calls = flight.calls();
  out.passed = out.reasons.empty();
  return out;
}

}  // namespace reeve::cases
