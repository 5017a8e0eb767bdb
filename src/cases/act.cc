#include "cases/act.h"

#include <deque>

#include "apply/batch.h"
#include "policy/run_filter.h"

namespace reeve::cases {
namespace {

/// A row on its way: its steps' answers, for those that refer to them.
struct Going {
  plan::Row row;
  std::vector<Document> answers;
  bool failed = false;
};

Value at_path(Value value, std::string_view path) {
  while (!path.empty()) {
    const auto dot = path.find('.');
    const std::string_view name = path.substr(0, dot);
    const bool index = !name.empty() && name.find_first_not_of("0123456789") == std::string_view::npos;
    value = index ? value[std::stoul(std::string(name))] : value[name];
    path = dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
  }
  return value;
}

/// Parameters with {"$step": N, "path": P} replaced by what the N-th step (from 1) answered.
void put_resolved(Builder& b, Value value, const std::vector<Document>& answers) {
  if (value.is_map()) {
    if (const auto step = value.find("$step")) {
      const auto number = static_cast<std::size_t>(step->as_integer());
      if (number < 1 || number > answers.size()) return b.null();
      return b.add(at_path(answers[number - 1], value["path"].as_text()));
    }
    b.begin_map();
    for (const auto [key, member] : value.entries()) {
      b.key(key);
      put_resolved(b, member, answers);
    }
    return b.end();
  }
  if (!value.is_list()) return b.add(value);
  b.begin_list();
  for (const Value item : value.items()) put_resolved(b, item, answers);
  b.end();
}

Task<void> carry_out(std::deque<Going>& rows, aws::Flight& flight) {
  std::size_t steps = 0;
  for (const Going& going : rows) steps = std::max(steps, going.row.steps.size());
  for (std::size_t step = 0; step < steps; ++step) {
    std::vector<apply::Part> parts;
    for (Going& going : rows) {
      if (going.failed || step >= going.row.steps.size()) continue;
      Builder b;
      put_resolved(b, going.row.steps[step].params, going.answers);
      going.row.steps[step].params = b.finish();
      if (going.row.steps[step].type == policy::Step::Type::call) parts.push_back({.row = &going.row, .step = step});
    }
    for (const auto& call : apply::into_calls(parts)) {
      const policy::Step& what = call.front().what();
      aws::Request request{.service = what.service,
                           .operation = what.operation,
                           .params = apply::joined_params(call),
                           .scope = call.front().row->scope};
      const auto answer = co_await flight.call(std::move(request));
      for (Going& going : rows) {
        for (const auto& part : call) {
          if (part.row != &going.row) continue;
          going.failed = !answer;
          going.answers.resize(step + 1);
          if (answer) going.answers[step] = answer->document;
        }
      }
    }
  }
}

}  // namespace

Task<std::vector<std::string>> act(const policy::Policy& policy, std::vector<policy::Candidate>& matched,
                                   policy::Context& context, aws::Flight& flight) {
  std::vector<std::string> refused;
  std::vector<policy::Candidate*> candidates;
  for (auto& candidate : matched) candidates.push_back(&candidate);
  for (const auto& action : policy.actions) {
    std::vector<std::string> columns = action->columns();
    const std::span<policy::Candidate*> these(candidates);
    if (!columns.empty()) co_await policy::fetch_columns(std::move(columns), these, context);
    std::deque<Going> rows;  // parts point into it
    for (const policy::Candidate* candidate : candidates) {
      context.scratch.clear();
      auto drafted = action->plan_row(candidate->view, context);
      if (const auto* kept = std::get_if<policy::Kept>(&drafted)) {
        refused.push_back(std::string(candidate->view.id()) + ": " + kept->message);
        continue;
      }
      Going going;
      going.row.policy = policy.name;
      going.row.kind = policy.kind->name;
      going.row.scope = candidate->view.record().scope;
      going.row.steps = std::move(std::get<policy::RowDraft>(drafted).steps);
      rows.push_back(std::move(going));
    }
    Task<void> carrying = carry_out(rows, flight);
    co_await std::move(carrying);
  }
  co_return refused;
}

}  // namespace reeve::cases
