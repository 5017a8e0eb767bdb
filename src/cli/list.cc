#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <span>

#include "base/encoding.h"
#include "base/json.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "cli/where.h"
#include "plan/plan_json.h"
#include "policy/run_filter.h"
#include "text/edit_distance.h"
#include "views/table.h"

namespace reeve::cli {
namespace {

using views::Table;

struct Listed {
  std::vector<estate::Record> records;
  std::vector<Error> errors;
};

Task<void> list_scope(Engine& engine, const estate::Kind& kind, const estate::Prices& prices, aws::Scope scope,
                      std::vector<Where>& conditions, Listed& out) {
  estate::Reader reader(engine.api(), engine.models(), engine.kinds(), engine.world().loop, scope,
                        {.cancel = engine.stop()});
  text::Scratch scratch;
  policy::Context context{.reader = reader,
                          .prices = prices,
                          .now = engine.now(),
                          .account = scope.account,
                          .region = scope.region,
                          .partition = scope.partition,
                          .run = {},
                          .scratch = scratch};
  std::vector<std::string> columns;
  for (const auto& condition : conditions) std::ranges::copy(condition.columns(), std::back_inserter(columns));
  for (const auto& path : kind.show) std::ranges::copy(kind.columns_of(path), std::back_inserter(columns));
  estate::Reader::PageSink sink = [&](std::vector<estate::Record> page) -> Task<Result<void>> {
    std::vector<policy::Candidate> candidates;
    for (auto& record : page) candidates.push_back({.view = estate::RecordView(std::move(record))});
    std::vector<policy::Candidate*> pointers;
    for (auto& candidate : candidates) pointers.push_back(&candidate);
    const std::span<policy::Candidate*> these(pointers);
    std::vector<std::string> names = columns;
    co_await policy::fetch_columns(std::move(names), these, context);
    for (auto& candidate : candidates) {
      bool matches = true;
      for (auto& condition : conditions) {
        matches = condition.matches(candidate, context) && matches;
        scratch.clear();
      }
      if (matches) out.records.push_back(candidate.view.record());
    }
    co_return Result<void>{};
  };
  const auto streamed = co_await reader.stream(kind, Document{}, std::move(sink));
  if (!streamed) out.errors.push_back(streamed.error());
}

views::Cell cell(Value value) {
  switch (value.kind()) {
    case Kind::null:
      return "";
    case Kind::text:
      return value.as_string();
    case Kind::integer:
      return value.as_integer();
    case Kind::real:
      return {fmt::format("{}", value.as_real()), fmt::format("{}", value.as_real()), true};
    case Kind::boolean:
      return {value.as_bool() ? "yes" : "no", value.as_bool() ? "true" : "false"};
    case Kind::timestamp:
      return format_iso8601(value.as_time());
    case Kind::unknown:
      return "unknown: " + value.as_string();
    default:
      return {fmt::format("{} {}", value.size(), value.is_list() ? "items" : "members"), to_json(value)};
  }
}

Value at_path(Value value, std::string_view path) {
  while (!path.empty()) {
    const auto dot = path.find('.');
    value = value[path.substr(0, dot)];
    path = dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
  }
  return value;
}

Table record_table(const estate::Kind& kind, const std::vector<estate::Record>& records, bool ids) {
  std::vector<Table::Column> columns{{kind.id}};
  std::vector<std::string> shown;
  if (!ids) {
    columns.push_back({"account", Table::Align::left, 12, Table::In::csv});
    columns.push_back({"region"});
    for (const auto& show : kind.show) {
      if (show == kind.id) continue;
      shown.push_back(show);
      columns.push_back({show, Table::Align::left, 40});
    }
  }
  Table table(std::move(columns));
  for (const auto& record : records) {
    Table::Row row{record.id()};
    if (!ids) {
      row.emplace_back(record.scope.account);
      row.emplace_back(record.scope.region);
      for (const auto& show : shown) row.push_back(cell(at_path(record.document, show)));
    }
    table.add(std::move(row));
  }
  return table;
}

void print_listed(Engine& engine, const estate::Kind& kind, const Listed& listed, bool ids) {
  if (engine.common().json()) {
    Builder b;
    b.begin_map();
    b.put("format", 1);
    b.put("kind", kind.name);
    b.begin_list("records");
    for (const auto& record : listed.records) {
      if (ids) {
        b.add(record.id());
      } else {
        b.add(record.document);
      }
    }
    b.end();
    b.begin_list("errors");
    for (const auto& error : listed.errors) plan::put_error(b, error);
    b.end();
    plan::put_calls(b, engine.calls());
    b.end();
    print_json(b.finish());
    return;
  }
  if (ids && !engine.common().csv()) {
    std::string out;
    for (const auto& record : listed.records) out += harmless_text(record.id()) + "\n";
    print(out);
  } else {
    print_table(engine.common(), record_table(kind, listed.records, ids));
  }
  for (const auto& error : listed.errors) say_error(error);
}

}  // namespace

Task<Result<int>> list(Engine& engine, ListOptions options) {
  const estate::Kind* kind = engine.kinds().find(options.kind);
  if (kind == nullptr) {
    const auto names = engine.kinds().names();
    const std::vector<std::string_view> candidates(names.begin(), names.end());
    const auto near = text::nearest(options.kind, candidates);
    co_return fail({.code = Code::usage,
                    .message = fmt::format("there is no kind {}{}", options.kind,
                                           near ? fmt::format("; did you mean {}?", *near) : std::string()),
                    .hint = fmt::format("Kinds are {}", fmt::join(names, ", "))});
  }
  std::vector<Where> conditions;
  for (const auto& where : options.where) {
    CO_TRY(Where condition, Where::parse(engine, *kind, where));
    conditions.push_back(std::move(condition));
  }
  CO_TRY(const auto prices, engine.prices({}));
  CO_TRY(const Connected connected, co_await engine.connect());
  Listed listed;
  for (const auto& scope : connected.scopes) {
    Task<void> one = list_scope(engine, *kind, prices, scope, conditions, listed);
    co_await std::move(one);
  }
  print_listed(engine, *kind, listed, options.ids);
  for (const auto& condition : conditions) {
    if (const auto slip = condition.nobody_has_it()) say("reeve: " + *slip);
  }
  co_return listed.errors.empty() ? Exit::ok : Exit::unjudged;
}

}  // namespace reeve::cli
