#include "cli/output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>

#include "base/encoding.h"
#include "base/json.h"
#include "cli/exit_code.h"
#include "plan/plan_json.h"

namespace reeve::cli {

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void print_json(Value document) { print(to_json(document, 2) + "\n"); }

void say(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fputc('\n', stderr);
}

void print_table(const Common& common, const views::Table& table, std::string_view indent) {
  print(common.csv() ? table.csv() : table.text(indent));
}

void say_error(const Error& error) { say("reeve: " + harmless_text(error.text(), true)); }

int report(const Common& common, const Error& error) {
  if (common.json()) {
    print_json(plan::error_document(error));
  } else {
    say_error(error);
  }
  return exit_code(error);
}

void leave_at_once(const Common& common) {
  const Error error{
      .code = Code::cancelled,
      .message = "interrupted twice: left at once, without waiting for the calls in flight",
      .hint = fmt::format("Whatever was begun is in the journal. If a plan was being applied: reeve resume{}",
                          common.same_place())};
  const auto write_all = [](int stream, const std::string& text) {
    for (std::string_view rest = text; !rest.empty();) {
      const auto written = ::write(stream, rest.data(), rest.size());
      if (written <= 0) return;
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
  };
  write_all(STDERR_FILENO, "reeve: " + harmless_text(error.text(), true) + "\n");
  if (common.json()) write_all(STDOUT_FILENO, to_json(plan::error_document(error), 2) + "\n");
}

bool error_is_terminal() { return isatty(STDERR_FILENO) == 1; }
bool input_is_terminal() { return isatty(STDIN_FILENO) == 1; }

std::string read_line() {
  std::string line;
  std::getline(std::cin, line);
  return line;
}

Progress::Progress(const Common& common) : on_(error_is_terminal() && !common.quiet) {}
Progress::~Progress() { clear(); }

void Progress::show(std::string_view text) {
  if (!on_) return;
  constexpr std::size_t line = 100;
  const std::string safe = harmless_text(text.substr(0, line));
  std::fprintf(stderr, "\r\x1b[2K%s", safe.c_str());
  std::fflush(stderr);
  shown_ = true;
}

void Progress::clear() {
  if (!shown_) return;
  std::fputs("\r\x1b[2K", stderr);
  std::fflush(stderr);
  shown_ = false;
}

}  // namespace reeve::cli
