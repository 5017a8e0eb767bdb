#pragma once
#include <string>
#include <string_view>

#include "base/document.h"
#include "base/result.h"
#include "cli/options.h"
#include "views/table.h"

namespace reeve::cli {

/// Standard output carries the result, standard error everything else.
void print(std::string_view text);
void print_json(Value document);
void say(std::string_view text);  ///< a line on standard error
/// Prints a table as CSV with `-o csv`, else for people.
void print_table(const Common& common, const views::Table& table, std::string_view indent = "");
/// Says an error on standard error, made harmless.
void say_error(const Error& error);

/// Prints an error as the output format wants it: JSON on standard output, or lines for people on standard error.
/// Gives the exit code.
int report(const Common& common, const Error& error);

/// The last words of a process that a second Ctrl-C ends: the error `cancelled` as report() prints it, and how to go
/// on. Takes no lock of the streams: another thread may be writing.
void leave_at_once(const Common& common);

bool error_is_terminal();  ///< standard error is a terminal
bool input_is_terminal();
std::string read_line();  ///< from standard input; empty at its end

/// A line on standard error that replaces itself: only on a terminal, and not with -q.
class Progress {
 public:
  explicit Progress(const Common& common);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void show(std::string_view text);
  void clear();

 private:
  bool on_;
  bool shown_ = false;
};

}  // namespace reeve::cli
