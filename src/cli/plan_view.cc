#include "cli/plan_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cli/output.h"
#include "cli/streamed_json.h"
#include "plan/plan_json.h"
#include "views/table.h"

namespace reeve::cli {
namespace {

using views::Table;

std::string money(const std::optional<double>& amount) { return amount ? views::dollars(*amount) : "-"; }

std::string undo_text(const policy::Undo& undo) {
  std::string out(name(undo.undo_class));
  if (undo.until) out += " until " + format_iso8601(*undo.until).substr(0, 10);
  return out;
}

std::string reason_of(const plan::Row& row) {
  for (const auto& finding : row.why) {
    const Value reason = finding.evidence["reason"];
    if (reason.is_text()) return reason.as_string();
  }
  return row.why.empty() ? std::string() : row.why.front().filter;
}

Table row_table() {
  return Table({{"row"},
                {"action"},
                {"id"},
                {"name", Table::Align::left, 32},
                {"region"},
                {"why", Table::Align::left, 24},
                {"saves/month", Table::Align::right},
                {"at most", Table::Align::right},
                {"undo"},
                {"risk"}});
}

Table::Row cells_of(const plan::Row& row) {
  return {row.row,
          row.action,
          fmt::format("{}", fmt::join(row.records, " ")),
          row.title,
          row.scope.region,
          reason_of(row),
          money(row.saves.likely),
          money(row.saves.at_most),
          undo_text(row.undo),
          std::string(name(row.risk))};
}

/// The rows that may save most, of all that are shown to it.
class MostValuable {
 public:
  static constexpr std::size_t shown = 15;
  void look(const plan::Row& row) {
    rows_.emplace(std::pair(row.saves.at_most.value_or(row.saves.likely.value_or(-1)), row.row), row);
    if (rows_.size() > shown) rows_.erase(rows_.begin());
  }
  Table table() const {
    Table out = row_table();
    for (auto row = rows_.rbegin(); row != rows_.rend(); ++row) out.add(cells_of(row->second));
    return out;
  }

 private:
  std::map<std::pair<double, std::string>, plan::Row> rows_;
};

void print_kept(const std::vector<plan::Kept>& kept) {
  struct Group {
    std::size_t count = 0;
    std::string message, example;
  };
  std::map<std::string, Group> groups;
  for (const auto& k : kept) {
    Group& group = groups[k.code];
    if (group.count++ == 0) group = {.count = 1, .message = k.message, .example = k.id};
  }
  std::vector<std::pair<std::string, Group>> sorted(groups.begin(), groups.end());
  std::ranges::sort(sorted, std::ranges::greater{}, [](const auto& g) { return std::pair(g.second.count, g.first); });
  Table table({{"kept", Table::Align::right}, {"reason"}, {"for example"}, {"because", Table::Align::left, 90}});
  for (const auto& [code, group] : sorted) {
    table.add({std::to_string(group.count), code, group.example, group.message});
  }
  print(fmt::format("\nKept: {}\n", views::counted(kept.size(), "record")));
  print(table.text("  "));
}

}  // namespace

Result<void> print_plan_json(const plan::Plan& plan, const plan::RowSource& rows) {
  StreamedJson json;
  auto made = [](const auto& put) {
    Builder b;
    put(b);
    return b.finish();
  };
  json.member("plan", made([&](Builder& b) { put_header(b, plan.header, false); }));
  json.begin_list("rows");
  TRY(rows([&](const plan::Row& row) -> Result<void> {
    json.item(made([&](Builder& b) { put_row(b, row, false); }));
    return {};
  }));
  json.end_list();
  json.begin_list("kept");
  for (const auto& kept : plan.kept) json.item(made([&](Builder& b) { put_kept(b, kept); }));
  json.end_list();
  json.begin_list("errors");
  for (const auto& error : plan.errors) json.item(made([&](Builder& b) { plan::put_error(b, error); }));
  json.end_list();
  json.member("calls", plan::calls_document(plan.calls));
  return {};
}

Result<void> print_plan(const Common& common, const plan::Plan& plan, const plan::RowSource& rows) {
  if (common.json()) return print_plan_json(plan, rows);
  if (common.output == "csv") {
    const Table table = row_table();
    print(table.csv_header());
    return rows([&table](const plan::Row& row) -> Result<void> {
      print(table.csv_line(cells_of(row)));
      return {};
    });
  }
  plan::Totals sum;
  MostValuable best;
  TRY(rows([&](const plan::Row& row) -> Result<void> {
    sum.add(row);
    best.look(row);
    return {};
  }));
  for (const auto& policy : plan.header.policies) {
    if (!policy.skipped.empty()) {
      print(fmt::format("{} in {}: not judged: {}\n", views::printable(policy.name), policy.scope.region,
                        views::printable(policy.skipped)));
      continue;
    }
    const std::string allowed = policy.limit.allowed ? std::to_string(*policy.limit.allowed) : "none";
    print(fmt::format("{} in {}: {} of {} {} matched, {} planned (limit {}, counted {}{})\n",
                      views::printable(policy.name), policy.scope.region, policy.matched, policy.seen, policy.kind,
                      views::counted(policy.planned, "row"), allowed, policy.limit.counted,
                      policy.limit.exceeded ? ", EXCEEDED" : ""));
  }
  if (sum.rows > 0) {
    print(fmt::format("\n{}, saving {} a month{}{}\n", views::counted(sum.rows, "row"), money(sum.likely),
                      sum.at_most ? ", at most " + money(sum.at_most) : "",
                      sum.price_date.empty() ? "" : " (list prices of " + sum.price_date + ")"));
    if (sum.rows > MostValuable::shown) print(fmt::format("The {} most valuable:\n", MostValuable::shown));
    print(best.table().text("  "));
    if (sum.consent_needed > 0) {
      print(fmt::format("\n{} cannot be undone and need --allow-irreversible.\n",
                        views::counted(sum.consent_needed, "row")));
    }
  }
  if (!plan.kept.empty()) print_kept(plan.kept);
  for (const auto& error : plan.errors) say("reeve: " + views::printable(error.text()));
  if (!plan.header.complete) {
    say("reeve: the plan is not complete: a listing broke off, and what rests on it is kept");
  }
  if (sum.rows == 0) {
    print(plan.errors.empty() ? "\nNothing to do.\n" : "\nNothing is planned.\n");
  } else {
    print(fmt::format("\nPlan {}, good until {}. To carry it out:\n  reeve apply {}{}\n", plan.header.id,
                      format_iso8601(plan.header.expires), plan.header.id, common.same_place()));
  }
  return {};
}

}  // namespace reeve::cli
