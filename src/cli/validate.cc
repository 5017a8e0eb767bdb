#include <fmt/format.h>

#include "base/encoding.h"
#include "base/limits.h"
#include "base/real_seams.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/verbs.h"

namespace reeve::cli {

Result<int> validate(const Common& common, const std::vector<std::string>& files) {
  RealDisk disk;
  RealClock clock;
  TRY(const auto kinds, estate::Kinds::embedded());
  const policy::Vocabulary vocabulary;
  TRY(auto given, variables(common));
  const policy::Variables names_given{
      .given = std::move(given), .account_id = "123456789012", .region = "us-east-1", .now = clock.now()};
  Builder b;
  b.begin_map();
  b.put("format", 1);
  b.begin_map("validate");
  b.begin_list("files");
  bool ok = true;
  views::Table table({{"file"}, {"line"}, {"column"}, {"level"}, {"message"}});
  for (const auto& file : files) {
    TRY(const std::string text, disk.read_file(file, limits::text_file_bytes));
    const auto read = policy::read_policies(text, file, names_given, vocabulary, *kinds);
    b.begin_map();
    b.put("file", file);
    b.begin_list("policies");
    for (const auto& policy : read.policies) b.add(policy->name);
    b.end();
    b.begin_list("problems");
    std::size_t errors = 0;
    for (const auto& problem : read.problems) {
      b.begin_map();
      b.put("line", problem.line);
      b.put("column", problem.column);
      b.put("message", problem.message);
      b.put("warning", problem.warning);
      b.end();
      if (!problem.warning) ++errors;
      const std::string_view level = problem.warning ? "warning" : "error";
      table.add({problem.file, problem.line, problem.column, level, problem.message});
      if (common.people()) {
        print(harmless_text(fmt::format("{}:{}:{}: {}{}\n", problem.file, problem.line, problem.column,
                                        problem.warning ? "warning: " : "", problem.message),
                            true));
      }
    }
    b.end();
    b.end();
    ok = ok && errors == 0;
    if (common.people() && errors == 0) {
      print(fmt::format(
          "{}: {} fine\n", file,
          read.policies.size() == 1 ? "1 policy is" : fmt::format("{} policies are", read.policies.size())));
    }
  }
  b.end();
  b.end();
  b.end();
  if (common.json()) print_json(b.finish());
  if (common.csv()) print(table.csv());
  return ok ? Exit::ok : Exit::usage;
}

}  // namespace reeve::cli
