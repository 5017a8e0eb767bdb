#include "policy/judge.h"

#include <algorithm>

#include "policy/guard.h"
#include "policy/run_filter.h"

namespace reeve::policy {
namespace {

/// Under this share of matches a page's records are copied out, so that the page can go.
constexpr double copy_share = 0.3;
/// Records that page filters get at a time after a barrier, where there are no pages any more.
constexpr std::size_t chunk = 500;

/// A candidate with the verdict so far: yes, or unknown with the first reason.
struct Survivor {
  Candidate candidate;
  Verdict verdict{Truth::yes, {}};
};

/// Runs filters [first, last) over survivors and drops those that one refuses.
Task<void> run_filters(const Policy& policy, std::size_t first, std::size_t last, std::vector<Survivor>& survivors,
                       Context& context) {
  for (std::size_t i = first; i < last && !survivors.empty(); ++i) {
    const Filter& filter = *policy.filters[i];
    const std::size_t at_once = filter.stage() == Stage::set ? survivors.size() : chunk;
    for (std::size_t begin = 0; begin < survivors.size(); begin += at_once) {
      const std::size_t end = std::min(survivors.size(), begin + at_once);
      std::vector<Candidate*> open;
      open.reserve(end - begin);
      for (std::size_t k = begin; k < end; ++k) open.push_back(&survivors[k].candidate);
      const std::span<Candidate*> these(open);
      std::vector<Verdict> verdicts = co_await run_filter(filter, these, context);
      for (std::size_t k = 0; k < verdicts.size(); ++k) {
        Verdict& so_far = survivors[begin + k].verdict;
        if (verdicts[k].truth < so_far.truth) so_far = std::move(verdicts[k]);
        survivors[begin + k].candidate.uncertain = so_far.truth == Truth::unknown;
      }
    }
    std::erase_if(survivors, [](const Survivor& s) { return s.verdict.truth == Truth::no; });
  }
}

/// Filters that test a record by itself, before it becomes a candidate: most records of most pages end here.
std::size_t leading_tests(const Policy& policy) {
  std::size_t count = 0;
  for (const auto& filter : policy.filters) {
    if (filter->stage() != Stage::record || !filter->columns().empty()) break;
    ++count;
  }
  return count;
}

/// Drops the records that the leading tests refuse; the others become survivors. Only those that pass all of them are
/// asked a second time, to explain themselves: what is refused costs nothing but the tests.
void test_page(const Policy& policy, std::size_t tests, std::vector<estate::Record> page,
               std::vector<Survivor>& survivors, Context& context) {
  for (estate::Record& record : page) {
    Survivor survivor{.candidate = {.view = estate::RecordView(std::move(record))}};
    Candidate& candidate = survivor.candidate;
    for (std::size_t i = 0; i < tests && survivor.verdict.truth != Truth::no; ++i) {
      Verdict verdict = policy.filters[i]->test(candidate, context);
      if (verdict.truth < survivor.verdict.truth) survivor.verdict = std::move(verdict);
    }
    if (survivor.verdict.truth == Truth::yes) {
      candidate.view.forget_evidence(0);
      for (std::size_t i = 0; i < tests; ++i) {
        const std::size_t mark = candidate.view.evidence_mark();
        policy.filters[i]->test(candidate, context);
        policy.filters[i]->explain(candidate, context, mark);
      }
    }
    context.scratch.clear();
    candidate.uncertain = survivor.verdict.truth == Truth::unknown;
    if (survivor.verdict.truth != Truth::no) survivors.push_back(std::move(survivor));
  }
}

/// The candidate with a record of its own, so that its page can be freed.
void copy_out(Candidate& candidate, const std::vector<std::string>& columns) {
  estate::Record record = candidate.view.record();
  record.document = deep_copy(record.document.root());
  estate::RecordView view(std::move(record));
  for (const std::string& name : columns) {
    const auto value = candidate.view.column(name);
    if (!value) continue;
    if (value->is_unknown()) {
      view.set_column_unknown(name, value->unknown_reason());
    } else {
      view.set_column(name, deep_copy(*value));
    }
  }
  for (const auto& [name, value] : candidate.view.evidence()) view.add_evidence(name, value);
  candidate.view = std::move(view);
}

void add_matched_filters(Candidate& candidate) {
  if (candidate.matched_keys.empty()) return;
  Builder builder;
  builder.begin_list();
  for (const std::string& key : candidate.matched_keys) builder.add(key);
  builder.end();
  candidate.view.add_evidence("c7n:MatchedFilters", builder.finish());
}

std::vector<std::string> columns_of(const Policy& policy) {
  std::vector<std::string> names;
  for (const auto& filter : policy.filters) {
    for (std::string& name : filter->columns()) names.push_back(std::move(name));
  }
  return names;
}

/// What one page of a listing goes through.
struct PageJudge {
  const Policy& policy;
  Context& context;
  std::size_t tests;    // leading record filters
  std::size_t barrier;  // index of the first set filter
  std::vector<std::string> columns;
  std::size_t seen = 0;
  std::vector<Survivor> survivors = {};

  Task<void> fetch_all(std::vector<estate::Record> page, std::vector<Survivor>& here) const {
    for (auto& record : page) here.push_back({.candidate = {.view = estate::RecordView(std::move(record))}});
    std::vector<Candidate*> all;
    for (auto& survivor : here) all.push_back(&survivor.candidate);
    std::vector<std::string> names = columns;
    for (const auto& action : policy.actions) {
      for (std::string& name : action->columns()) names.push_back(std::move(name));
    }
    const std::span<Candidate*> these(all);
    co_await fetch_columns(std::move(names), these, context);
  }

  Task<Result<void>> operator()(std::vector<estate::Record> page) {
    const std::size_t size = page.size();
    seen += size;
    std::vector<Survivor> here;
    if (context.columns_first) {
      co_await fetch_all(std::move(page), here);
      co_await run_filters(policy, 0, barrier, here, context);
    } else {
      test_page(policy, tests, std::move(page), here, context);
      co_await run_filters(policy, tests, barrier, here, context);
    }
    const bool few = static_cast<double>(here.size()) < copy_share * static_cast<double>(size);
    for (Survivor& survivor : here) {
      if (few) copy_out(survivor.candidate, columns);
      survivors.push_back(std::move(survivor));
    }
    co_return Result<void>();
  }
};

}  // namespace

Task<Judged> judge_policy(const Policy& policy, Context& context) {
  Judged judged;
  const Verdict conditions = conditions_hold(policy, context);
  if (conditions.truth != Truth::yes) {
    judged.skipped = conditions.reason;
    co_return judged;
  }
  const auto set = std::ranges::find_if(policy.filters, [](const auto& f) { return f->stage() == Stage::set; });
  const auto barrier = static_cast<std::size_t>(set - policy.filters.begin());
  PageJudge judge{policy, context, leading_tests(policy), barrier, columns_of(policy)};
  estate::Reader::PageSink sink = [&judge](std::vector<estate::Record> page) { return judge(std::move(page)); };
  Document query = policy.query;
  Result<void> listed = co_await context.reader.stream(*policy.kind, std::move(query), std::move(sink));
  judged.seen = judge.seen;
  if (!listed) {
    // Filters over the whole set would judge a part as if it were whole.
    judged.broken = std::move(listed).error();
    if (barrier < policy.filters.size()) judge.survivors.clear();
  }
  const std::size_t filters = policy.filters.size();
  co_await run_filters(policy, barrier, filters, judge.survivors, context);

  for (Survivor& survivor : judge.survivors) {
    if (survivor.verdict.truth == Truth::yes) {
      add_matched_filters(survivor.candidate);
      judged.matched.push_back(std::move(survivor.candidate));
    } else {
      judged.unknown.push_back({survivor.candidate.view.record(), "unknown", std::move(survivor.verdict.reason)});
    }
  }
  co_return judged;
}

Task<std::vector<Verdict>> judge_again(const Policy& policy, std::span<Candidate*> candidates, Context& context) {
  std::vector<Verdict> verdicts(candidates.size(), Verdict{Truth::yes, {}});
  for (const auto& filter : policy.filters) {
    if (filter->again() == Again::frozen) continue;
    std::vector<std::size_t> places;
    std::vector<Candidate*> open;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      if (verdicts[i].truth == Truth::no) continue;
      places.push_back(i);
      open.push_back(candidates[i]);
    }
    const std::span<Candidate*> these(open);
    std::vector<Verdict> answers = co_await run_filter(*filter, these, context);
    for (std::size_t i = 0; i < answers.size(); ++i) {
      Verdict& verdict = verdicts[places[i]];
      if (answers[i].truth >= verdict.truth) continue;
      verdict = std::move(answers[i]);
      if (verdict.truth != Truth::no || !verdict.reason.empty()) continue;
      verdict.reason = filter->why_not(*open[i], context);
      if (verdict.reason.empty())
        verdict.reason = "the filter \"" + std::string(filter->type()) + "\" no longer matches";
    }
  }
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (verdicts[i].truth == Truth::yes) add_matched_filters(*candidates[i]);
  }
  co_return verdicts;
}

Task<std::vector<Guarded>> run_guards(const Action& action, std::span<Candidate*> candidates, Context& context) {
  std::vector<Guarded> guarded(candidates.size());
  // Who is protected stands in the tags, whether or not a filter asked for them.
  const estate::Column* tags = candidates.empty() ? nullptr : candidates.front()->view.record().kind->tags_column();
  if (tags != nullptr) {
    std::vector<std::string> column{tags->name};
    co_await fetch_columns(std::move(column), candidates, context);
  }
  std::vector<std::string> names = action.guards();
  names.insert(names.begin(), "protected");
  for (const std::string& name : names) {
    std::vector<std::size_t> places;
    std::vector<Candidate*> open;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      if (guarded[i].kept) continue;
      places.push_back(i);
      open.push_back(candidates[i]);
    }
    if (open.empty()) break;
    const Guard* guard = find_guard(name);
    REEVE_ASSERT(guard != nullptr);  // actions name guards that exist: a test of every action checks it
    const std::span<Candidate*> these(open);
    std::vector<GuardAnswer> answers = co_await guard->check(these, context);
    REEVE_ASSERT(answers.size() == open.size());
    for (std::size_t i = 0; i < answers.size(); ++i) {
      Guarded& one = guarded[places[i]];
      GuardAnswer& answer = answers[i];
      if (answer.kind == GuardAnswer::Kind::keep) {
        one.kept = true;
        one.code = std::move(answer.code);
        one.message = std::move(answer.message);
      } else if (answer.kind == GuardAnswer::Kind::note) {
        one.notes.push_back(std::move(answer.message));
        one.undo_none = one.undo_none || answer.undo_none;
      }
    }
  }
  std::vector<Candidate*> open;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (!guarded[i].kept) open.push_back(candidates[i]);
  }
  std::vector<std::string> columns = action.columns();
  const std::span<Candidate*> these(open);
  if (!columns.empty()) co_await fetch_columns(std::move(columns), these, context);
  co_return guarded;
}

}  // namespace reeve::policy
