#pragma once
#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/seams.h"

namespace reeve {

/// What happened, for people on standard error and for machines in a file. A handle: copies and children write to the
/// same places. Safe from any thread.
///
///   const Log row_log = log.with({{"run", run_id}, {"row", row_id}});
///   row_log.info("deleted", {{"request_id", id}, {"attempts", 2}});
///
/// In the file a line is one JSON object: time, level, message, then the fields of the handle and of the line, in that
/// order; common fields are `run`, `row` and `request_id`. For people it is "warning: message (run 7, row ab12)".
/// Control characters in texts never reach a terminal. Secrets are the caller's to leave out (models' `sensitive`).
class Log {
 public:
  enum class Level : std::uint8_t { debug, info, warning, error, none };
  using Scalar = std::variant<std::string, std::int64_t, double, bool>;
  /// A name and a scalar.
  struct Field {
    Field(std::string n, std::string_view v) : name(std::move(n)), value(std::string(v)) {}
    Field(std::string n, const std::string& v) : name(std::move(n)), value(v) {}
    Field(std::string n, const char* v) : name(std::move(n)), value(std::string(v)) {}
    Field(std::string n, bool v) : name(std::move(n)), value(v) {}
    Field(std::string n, double v) : name(std::move(n)), value(v) {}
    template <std::integral I>
    Field(std::string n, I v) : name(std::move(n)), value(static_cast<std::int64_t>(v)) {}
    std::string name;
    Scalar value;
  };
  using Fields = std::initializer_list<Field>;
  /// Takes whole lines, with their line feed; called under a lock.
  using Sink = std::function<void(std::string_view)>;

  /// Writes nothing.
  Log();
  /// `people` gets lines of `people_level` and above (write_standard_error, or nothing).
  Log(Clock& clock, Sink people, Level people_level);

  /// Also appends JSON lines to a file, of `level` and above. Errors: io. Where a later write fails, `people` is told
  /// once and the file is given up: a full disk must not stop a run.
  Result<void> add_file(Disk& disk, const std::string& path, Level level = Level::debug);

  /// A handle that adds fields to every line.
  Log with(Fields fields) const;

  void debug(std::string_view message, Fields fields = {}) const { write(Level::debug, message, fields); }
  void info(std::string_view message, Fields fields = {}) const { write(Level::info, message, fields); }
  void warning(std::string_view message, Fields fields = {}) const { write(Level::warning, message, fields); }
  void error(std::string_view message, Fields fields = {}) const { write(Level::error, message, fields); }
  /// An Error with its code, operation, resource and AWS's request id as fields.
  void error(const Error& error, Fields fields = {}) const;
  /// Whether anybody would see such a line: for what is dear to put together.
  bool wants(Level level) const;

  /// -q shows errors only, nothing given warnings, -v information, -vv all.
  static Level level_for(int verbose, bool quiet);

 private:
  struct Core;
  void write(Level level, std::string_view message, Fields fields) const;
  void write_all(Level level, std::string_view message, const std::vector<const Field*>& fields) const;
  std::shared_ptr<Core> core_;
  std::vector<Field> fields_;
};

/// "debug", "info", "warning", "error", "none".
std::string_view name(Log::Level level);

}  // namespace reeve
