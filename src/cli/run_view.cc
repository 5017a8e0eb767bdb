#include "cli/run_view.h"

#include <fmt/format.h>

#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/streamed_json.h"
#include "plan/plan_json.h"

namespace reeve::cli {
namespace {

using apply::RowOutcome;
using views::Table;

/// A row that an undo left out.
RowOutcome left_out(const plan::Kept& kept) {
  return {.row = kept.row,
          .id = kept.id,
          .action = "undo",
          .outcome = apply::Outcome::skipped,
          .undo_class = "none",
          .error = Error{.code = Code::nothing_to_do, .message = kept.message}};
}

Document document_of(const RowOutcome& row) {
  Builder b;
  apply::put_row_outcome(b, row);
  return b.finish();
}

void put_kept_rows(StreamedJson& json, const std::vector<plan::Kept>& kept) {
  for (const auto& stays : kept) json.item(document_of(left_out(stays)));
}

Result<void> print_run_json(apply::Journal& journal, const apply::RunResult& run, const std::vector<plan::Kept>& kept) {
  StreamedJson json;
  Builder head;
  apply::put_run(head, run);
  json.member("run", head.finish());
  json.begin_list("rows");
  TRY(apply::each_row_outcome(journal, run.id, [&json](const RowOutcome& row) -> Result<void> {
    json.item(document_of(row));
    return {};
  }));
  put_kept_rows(json, kept);
  json.end_list();
  json.member("calls", plan::calls_document(run.calls));
  return {};
}

Table row_table() {
  std::vector<Table::Column> columns{{"row"}, {"id"}, {"action"}};
  for (auto& column : outcome_columns()) columns.push_back(std::move(column));
  return Table(std::move(columns));
}

Table::Row cells_of(const RowOutcome& row) {
  Table::Row cells{row.row, row.id, row.action};
  for (auto& cell : outcome_cells(row)) cells.push_back(std::move(cell));
  return cells;
}

Result<void> print_run_csv(apply::Journal& journal, const std::string& run, const std::vector<plan::Kept>& kept) {
  const Table table = row_table();
  auto line = [&table](const RowOutcome& row) -> Result<void> {
    print(table.csv_line(cells_of(row)));
    return {};
  };
  print(table.csv_header());
  TRY(apply::each_row_outcome(journal, run, line));
  for (const auto& stays : kept) TRY(line(left_out(stays)));
  return {};
}

/// The first of many rows, for people.
class FirstRows {
 public:
  void add(const RowOutcome& row) {
    if (++count_ <= shown) table_.add(cells_of(row));
  }
  void print_with(std::string_view where_all_are) const {
    if (count_ > 0) print(table_.text("  "));
    if (count_ > shown) print(fmt::format("  … and {} more: {}\n", count_ - shown, where_all_are));
  }

 private:
  static constexpr std::size_t shown = 15;
  Table table_ = row_table();
  std::size_t count_ = 0;
};

/// The rows that were not done, with the reason.
Result<void> print_not_done(const Common& common, apply::Journal& journal, const apply::RunResult& run,
                            const std::vector<plan::Kept>& kept) {
  FirstRows rows;
  TRY(apply::each_row_outcome(journal, run.id, [&rows](const RowOutcome& row) -> Result<void> {
    if (row.outcome != apply::Outcome::done) rows.add(row);
    return {};
  }));
  for (const auto& stays : kept) rows.add(left_out(stays));
  rows.print_with(fmt::format("reeve runs {}{}", run.id, common.same_place()));
  return {};
}

}  // namespace

std::vector<Table::Column> outcome_columns() {
  constexpr std::size_t code = 30, because = 300;
  return {{"outcome"},
          {"undo"},
          {"error", Table::Align::left, code, Table::In::csv},
          {"because", Table::Align::left, because}};
}

Table::Row outcome_cells(const RowOutcome& row) {
  return {name(row.outcome), row.undo_class, row.error ? name(row.error->code) : std::string_view(),
          row.error ? row.error->text() : std::string()};
}

Result<void> print_all_rows(const Common& common, apply::Journal& journal, const apply::RunResult& run) {
  if (!common.people()) return print_run(common, journal, run);
  Table table = row_table();
  TRY(apply::each_row_outcome(journal, run.id, [&table](const RowOutcome& row) -> Result<void> {
    table.add(cells_of(row));
    return {};
  }));
  print(table.text());
  return {};
}

Result<void> print_run(const Common& common, apply::Journal& journal, const apply::RunResult& run,
                       const std::vector<plan::Kept>& kept) {
  if (common.json()) {
    TRY(print_run_json(journal, run, kept));
    say_how_to_go_on(common, run);
    return {};
  }
  if (common.csv()) {
    TRY(print_run_csv(journal, run.id, kept));
    say_how_to_go_on(common, run);
    return {};
  }
  print(fmt::format("Run {} {}: {} done, {} failed, {} drifted, {} skipped, {} in doubt\n", run.id, run.state, run.done,
                    run.failed, run.drifted, run.skipped, run.in_doubt));
  TRY(print_not_done(common, journal, run, kept));
  const std::string place = common.same_place();
  if (run.state == "interrupted" || run.state == "in_doubt") print(fmt::format("To go on: reeve resume{}\n", place));
  if (run.undoable && run.verb != "undo") {
    print(fmt::format("To take it back: reeve undo {}{} (a row's id behind it takes back that row)\n", run.id, place));
  }
  if (run.consent_missing) {
    print("Rows that cannot be undone were skipped: apply a new plan with --allow-irreversible\n");
  }
  return {};
}

void print_no_run(const Common& common, std::string_view text, const std::vector<plan::Kept>& kept) {
  if (common.json()) {
    StreamedJson json;
    json.member("run", Value{});
    json.begin_list("rows");
    put_kept_rows(json, kept);
    json.end_list();
    json.member("calls", plan::calls_document({}));
    return;
  }
  if (common.csv()) {
    const Table table = row_table();
    print(table.csv_header());
    for (const auto& stays : kept) print(table.csv_line(cells_of(left_out(stays))));
    return;
  }
  print(fmt::format("{}\n", text));
  FirstRows rows;
  for (const auto& stays : kept) rows.add(left_out(stays));
  rows.print_with("-o json has them all");
}

void say_how_to_go_on(const Common& common, const apply::RunResult& run) {
  if (run.state != "interrupted" && run.state != "in_doubt") return;
  say(fmt::format("reeve: to go on: reeve resume{}", common.same_place()));
}

int run_exit(const apply::RunResult& run) {
  int code = Exit::ok;
  if (run.failed > 0 || run.in_doubt > 0 || run.broke_off) code = worse(code, Exit::failed);
  if (run.consent_missing || run.expired) code = worse(code, Exit::stopped);
  if (run.state == "interrupted") code = worse(code, Exit::interrupted);
  return code;
}

}  // namespace reeve::cli
