#include "cli/plan_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/encoding.h"
#include "cli/output.h"
#include "cli/streamed_json.h"
#include "plan/plan_json.h"

namespace reeve::cli {
namespace {

using views::Table;

std::string undo_text(const policy::Undo& undo) {
  std::string out(name(undo.undo_class));
  if (undo.until) out += " until " + format_iso8601(*undo.until).substr(0, 10);
  return out;
}

/// The reason that a filter found, or the first filter: what fits into a table.
std::string reason_of(const plan::Row& row) {
  for (const auto& finding : row.why) {
    const Value reason = finding.evidence["reason"];
    if (reason.is_text()) return reason.as_string();
  }
  return row.why.empty() ? std::string() : row.why.front().filter;
}

/// All filters that it matched, with their reasons.
std::string reasons_of(const plan::Row& row) {
  std::string out;
  for (const auto& finding : row.why) {
    if (!out.empty()) out += "; ";
    out += finding.filter;
    const Value reason = finding.evidence["reason"];
    if (reason.is_text()) out += ": " + reason.as_string();
  }
  return out;
}

/// "Owner=ops team=a": the tags that a row sets, or the keys that it takes away.
std::string change_of(const plan::Row& row) {
  std::string out;
  for (const auto& step : row.steps) {
    for (const Value tag : step.params["Tags"].items()) {
      if (!out.empty()) out += ' ';
      out += tag["Key"].as_string();
      if (tag.find("Value") && step.operation != "DeleteTags") out += "=" + tag["Value"].as_string();
    }
  }
  return out;
}

/// The rows that may save most, of all that are shown to it.
class MostValuable {
 public:
  static constexpr std::size_t shown = 15;
  void look(const plan::Row& row) {
    rows_.emplace(std::pair(row.saves.at_most.value_or(row.saves.likely.value_or(-1)), row.row), row);
    if (rows_.size() > shown) rows_.erase(rows_.begin());
  }
  Table table(const plan::Header& header) const {
    Table out(plan_columns(header));
    for (auto row = rows_.rbegin(); row != rows_.rend(); ++row) out.add(plan_cells(row->second));
    return out;
  }

 private:
  std::map<std::pair<double, std::string>, plan::Row> rows_;
};

/// Texts that stand on several rows or records, with how many and one of them.
class Groups {
 public:
  void add(std::string reason, const std::string& message, const std::string& id) {
    // What is not known is not known for more than one cause; else a reason's messages differ by names alone.
    auto& group = groups_[{reason, reason.empty() || reason == "unknown" ? message : std::string()}];
    if (group.count++ == 0) group = {.count = 1, .message = message, .example = id};
  }
  bool empty() const { return groups_.empty(); }
  void print_as(std::string_view title, bool with_reason) const {
    struct Line {
      std::size_t count;
      std::string_view reason;
      const Group* group;
    };
    std::vector<Line> lines;
    for (const auto& [key, group] : groups_) lines.push_back({group.count, key.first, &group});
    std::ranges::sort(lines, std::ranges::greater{},
                      [](const Line& line) { return std::pair(line.count, line.reason); });
    std::vector<Table::Column> columns{{std::string(title), Table::Align::right}};
    if (with_reason) columns.push_back({"reason"});
    columns.push_back({"for example"});
    constexpr std::size_t because = 300, shown = 12;
    columns.push_back({"because", Table::Align::left, because});
    Table table(std::move(columns));
    for (std::size_t i = 0; i < std::min(lines.size(), shown); ++i) {
      Table::Row row{lines[i].count};
      if (with_reason) row.emplace_back(lines[i].reason);
      row.emplace_back(lines[i].group->example);
      row.emplace_back(lines[i].group->message);
      table.add(std::move(row));
    }
    print(table.text("  "));
    if (lines.size() > shown) print(fmt::format("  … and {} more: -o json has them all\n", lines.size() - shown));
  }

 private:
  struct Group {
    std::size_t count = 0;
    std::string message, example;
  };
  std::map<std::pair<std::string, std::string>, Group> groups_;
};

void print_kept(const std::vector<plan::Kept>& kept) {
  Groups groups;
  for (const auto& k : kept) groups.add(k.code, k.message, k.id);
  print(fmt::format("\nKept: {}\n", views::counted(kept.size(), "record")));
  groups.print_as("kept", true);
}

}  // namespace

void say_plan_errors(const plan::Plan& plan) {
  for (const auto& error : plan.errors) say_error(error);
  if (!plan.header.complete) {
    say("reeve: the plan is not complete: a listing broke off, and what rests on it is kept");
  }
}

std::vector<Table::Column> plan_columns(const plan::Header& header) {
  std::set<std::string_view> policies;
  for (const auto& policy : header.policies) policies.insert(policy.name);
  constexpr std::size_t any = 60;
  const auto in_csv = [](std::string title, Table::Align align = Table::Align::left) {
    return Table::Column{std::move(title), align, any, Table::In::csv};
  };
  return {{"row"},
          {"policy", Table::Align::left, 32, policies.size() > 1 ? Table::In::both : Table::In::csv},
          in_csv("kind"),
          {"action", Table::Align::left, 48},
          in_csv("change"),
          {"id"},
          {"name", Table::Align::left, 32},
          in_csv("account"),
          {"region"},
          {"why", Table::Align::left, 24},
          {"saves/month", Table::Align::right},
          {"at most", Table::Align::right},
          {"undo"},
          in_csv("until"),
          {"risk"},
          in_csv("notes")};
}

Table::Row plan_cells(const plan::Row& row) {
  const std::string change = change_of(row);
  return {row.row,
          row.policy,
          row.kind,
          {change.empty() ? row.action : row.action + " " + change, row.action},
          change,
          fmt::format("{}", fmt::join(row.records, " ")),
          row.title,
          row.scope.account,
          row.scope.region,
          {reason_of(row), reasons_of(row)},
          views::money(row.saves.likely),
          views::money(row.saves.at_most),
          {undo_text(row.undo), std::string(name(row.undo.undo_class))},
          row.undo.until ? format_iso8601(*row.undo.until) : std::string(),
          name(row.risk),
          fmt::format("{}", fmt::join(row.risk_reasons, "; "))};
}

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
  if (common.csv()) {
    const Table table(plan_columns(plan.header));
    print(table.csv_header());
    TRY(rows([&table](const plan::Row& row) -> Result<void> {
      print(table.csv_line(plan_cells(row)));
      return {};
    }));
    say_plan_errors(plan);
    return {};
  }
  plan::Totals sum;
  MostValuable best;
  Groups notes;
  TRY(rows([&](const plan::Row& row) -> Result<void> {
    sum.add(row);
    best.look(row);
    if (row.risk == policy::RiskLevel::low) return {};
    for (const auto& note : row.risk_reasons) notes.add({}, note, row.records.front());
    return {};
  }));
  for (const auto& policy : plan.header.policies) {
    if (!policy.skipped.empty()) {
      print(fmt::format("{} in {}: not judged: {}\n", harmless_text(policy.name), policy.scope.region,
                        harmless_text(policy.skipped)));
      continue;
    }
    const std::string allowed = policy.limit.allowed ? std::to_string(*policy.limit.allowed) : "none";
    print(fmt::format("{} in {}: {} of {} {} matched, {} planned (limit {}, counted {}{})\n",
                      harmless_text(policy.name), policy.scope.region, policy.matched, policy.seen, policy.kind,
                      views::counted(policy.planned, "row"), allowed, policy.limit.counted,
                      policy.limit.exceeded ? ", EXCEEDED" : ""));
  }
  if (sum.rows > 0) {
    print(fmt::format("\n{}, saving {} a month{}{}\n", views::counted(sum.rows, "row"), views::money(sum.likely).text,
                      sum.at_most ? ", at most " + views::dollars(*sum.at_most) : "",
                      sum.price_date.empty() ? "" : " (list prices of " + sum.price_date + ")"));
    if (sum.rows > MostValuable::shown) print(fmt::format("The {} most valuable:\n", MostValuable::shown));
    print(best.table(plan.header).text("  "));
    if (!notes.empty()) {
      print("\nNoted on rows of more than low risk:\n");
      notes.print_as("rows", false);
    }
    if (sum.consent_needed > 0) {
      print(fmt::format("\n{} cannot be undone and need --allow-irreversible.\n",
                        views::counted(sum.consent_needed, "row")));
    }
  }
  if (!plan.kept.empty()) print_kept(plan.kept);
  say_plan_errors(plan);
  if (sum.rows == 0) {
    print(plan.errors.empty() ? "\nNothing to do.\n" : "\nNothing is planned.\n");
  } else {
    print(fmt::format("\nPlan {}, good until {}. To carry it out:\n  reeve apply {}{}\n", plan.header.id,
                      format_iso8601(plan.header.expires), plan.header.id, common.same_place()));
  }
  return {};
}

}  // namespace reeve::cli
