#include "apply/execute.h"

#include "apply/window.h"

namespace reeve::apply {

Task<Result<RunResult>> execute(Hands hands, RunTerms terms, const plan::Header& header, NextRow next,
                                const RowJudge& judge, Cancel stop, Progress progress) {
  RunLog log(hands.journal, terms, progress);
  Windows windows(hands, terms, header, judge, log, stop);
  CO_TRY(std::optional<plan::Row> ahead, next());
  while (ahead && !windows.stopping()) {
    std::vector<plan::Row> rows;
    const aws::Scope scope = ahead->scope;
    while (ahead && rows.size() < hands.rows_a_window && ahead->scope == scope) {
      rows.push_back(*std::move(ahead));
      CO_TRY(ahead, next());
    }
    Task<Result<void>> working = windows.carry_out(std::move(rows));
    CO_TRY(co_await std::move(working));
  }
  Task<Result<RunResult>> ending = log.end();
  co_return co_await std::move(ending);
}

}  // namespace reeve::apply
