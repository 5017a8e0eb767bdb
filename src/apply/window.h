#pragma once
#include <memory>
#include <vector>

#include "apply/doubt.h"
#include "apply/rejudge.h"
#include "apply/run_log.h"
#include "apply/stepping.h"

namespace reeve::apply {

/// Carries out a plan's rows, a window of them at a time. All that it stands on outlives it.
class Windows {
 public:
  Windows(Hands hands, const RunTerms& terms, const plan::Header& header, const RowJudge& judge, RunLog& log,
          Cancel stop);
  /// All rows of one window, of one scope; rows on one record follow each other. What an earlier life of the run began
  /// is taken up, what may not be done is skipped, the rest is judged and carried out.
  /// Errors: journal.
  Task<Result<void>> carry_out(std::vector<plan::Row> rows);
  bool stopping() const { return stop_.requested() || log_.ending(); }

 private:
  struct Group;
  using Rows = std::vector<const plan::Row*>;
  Task<Result<void>> take_up_begun(Rows& open);
  Task<void> skip(Rows& open);
  std::optional<Error> not_allowed(const plan::Row& row) const;
  Result<Look> look_at(const plan::Row& row, const Group& group) const;
  Task<Result<void>> judge(std::vector<Group>& groups);
  Task<Result<void>> rounds(std::vector<Group>& groups, std::vector<Group>& late);
  Result<std::vector<Closing>> to_next(Group& group, std::vector<Group>& late);
  void settle(Group& group, StepEnd end, std::vector<Group>& late);
  Task<Result<void>> judge_next(std::vector<Group>& groups);
  estate::Reader reader_for(const aws::Scope& scope) const;
  Time now() const;

  Hands hands_;
  const RunTerms& terms_;
  const plan::Header& header_;
  const RowJudge& judge_;
  RunLog& log_;
  Cancel stop_;
  Stepping stepping_;
  std::unique_ptr<estate::Reader> shared_;  ///< what windows of a scope read with, for a while (judge)
  Steady shared_since_{};
};

}  // namespace reeve::apply
