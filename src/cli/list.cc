#include <fmt/format.h>

#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "plan/plan_json.h"
#include "text/edit_distance.h"
#include "text/yaml.h"
#include "views/table.h"

namespace reeve::cli {
namespace {

using views::Table;

/// One --where: PATH=VALUE or PATH!=VALUE, the value read as YAML would read it.
Result<std::unique_ptr<policy::Filter>> where_filter(Engine& engine, const estate::Kind& kind,
                                                     const std::string& where) {
  const auto equals = where.find('=');
  if (equals == std::string::npos || equals == 0) {
    return fail({.code = Code::usage,
                 .message = fmt::format("--where {} is not PATH=VALUE", where),
                 .hint = "For example --where State.Name=running, --where tag:Owner=ops, --where 'Size!=8'"});
  }
  const bool differs = where[equals - 1] == '!';
  const std::string path = where.substr(0, equals - (differs ? 1 : 0));
  const std::string wanted = where.substr(equals + 1);
  TRY(const auto value, text::parse_yaml("v: " + wanted + "\n", "--where"));
  Builder b;
  b.begin_map();
  b.put("type", "value");
  b.put("key", path);
  b.put("op", differs ? "ne" : "eq");
  if (path.starts_with("tag:")) {
    b.put("value", wanted);  // a tag's value is always a text
  } else {
    b.put("value", value.document()["v"]);
  }
  b.end();
  const Document data = b.finish();
  std::string problem;
  const policy::Build build{.kind = kind,
                            .data = data,
                            .vocabulary = engine.vocabulary(),
                            .problem = [&problem](Value, std::string message) { problem = std::move(message); },
                            .warning = [](Value, std::string) {},
                            .now = engine.now()};
  auto filter = engine.vocabulary().make_filter(build);
  if (!filter) return fail({.code = Code::usage, .message = fmt::format("--where {}: {}", where, problem)});
  return filter;
}

struct Listed {
  std::vector<estate::Record> records;
  std::vector<Error> errors;
};

Task<void> list_scope(Engine& engine, const estate::Kind& kind, const estate::Prices& prices, aws::Scope scope,
                      const std::vector<std::unique_ptr<policy::Filter>>& filters, Listed& out) {
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
  estate::Reader::PageSink sink = [&](std::vector<estate::Record> page) -> Task<Result<void>> {
    for (auto& record : page) {
      policy::Candidate candidate{.view = estate::RecordView(record)};
      bool matches = true;
      for (const auto& filter : filters) {
        matches = matches && filter->test(candidate, context).truth == policy::Truth::yes;
        scratch.clear();
      }
      if (matches) out.records.push_back(std::move(record));
    }
    co_return Result<void>{};
  };
  const auto streamed = co_await reader.stream(kind, Document{}, std::move(sink));
  if (!streamed) out.errors.push_back(streamed.error());
}

std::string cell(Value value) {
  switch (value.kind()) {
    case Kind::null:
      return "";
    case Kind::text:
      return value.as_string();
    case Kind::integer:
      return std::to_string(value.as_integer());
    case Kind::real:
      return fmt::format("{}", value.as_real());
    case Kind::boolean:
      return value.as_bool() ? "yes" : "no";
    case Kind::timestamp:
      return format_iso8601(value.as_time());
    case Kind::unknown:
      return "unknown: " + value.as_string();
    default:
      return fmt::format("{} {}", value.size(), value.is_list() ? "items" : "members");
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
  if (ids) {
    std::string out;
    for (const auto& record : listed.records) out += views::printable(record.id()) + "\n";
    print(out);
  } else {
    std::vector<Table::Column> columns{{kind.id}, {"region"}};
    for (const auto& show : kind.show) {
      if (show != kind.id) columns.push_back({show, Table::Align::left, 40});
    }
    Table table(columns);
    for (const auto& record : listed.records) {
      std::vector<std::string> row{std::string(record.id()), record.scope.region};
      for (const auto& show : kind.show) {
        if (show != kind.id) row.push_back(cell(at_path(record.document, show)));
      }
      table.add(std::move(row));
    }
    print(engine.common().output == "csv" ? table.csv() : table.text());
  }
  for (const auto& error : listed.errors) say("reeve: " + views::printable(error.text()));
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
  std::vector<std::unique_ptr<policy::Filter>> filters;
  for (const auto& where : options.where) {
    CO_TRY(auto filter, where_filter(engine, *kind, where));
    filters.push_back(std::move(filter));
  }
  CO_TRY(const auto prices, engine.prices({}));
  CO_TRY(const Connected connected, co_await engine.connect());
  Listed listed;
  for (const auto& scope : connected.scopes) {
    Task<void> one = list_scope(engine, *kind, prices, scope, filters, listed);
    co_await std::move(one);
  }
  print_listed(engine, *kind, listed, options.ids);
  co_return listed.errors.empty() ? Exit::ok : Exit::unjudged;
}

}  // namespace reeve::cli
