#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "base/seams.h"
#include "plan/plan.h"

namespace reeve::plan {

/// Writes a plan as JSON Lines (docs/formats/plan.md), crash-safe, row by row, and fills header.digest.
Result<void> write_plan(Disk& disk, const std::string& path, Plan& plan, const RowSource& rows);

/// Lines of a file, one at a time, in constant memory.
class LineReader {
 public:
  static Result<LineReader> open(Disk& disk, const std::string& path);
  /// The next line with its line feed, good until the next call; nullopt at the end.
  /// Errors: plan_damaged (a line is too long, or the last one is torn), io.
  Result<std::optional<std::string_view>> next();

 private:
  LineReader(std::unique_ptr<File> file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}
  std::unique_ptr<File> file_;
  std::string path_;
  std::string buffer_;
  std::size_t start_ = 0, searched_ = 0;
  std::uint64_t at_ = 0;
};

/// A plan's rows, one at a time.
class RowReader {
 public:
  explicit RowReader(LineReader lines) : lines_(std::move(lines)) {}
  /// nullopt at the end. Errors: plan_damaged, io.
  Result<std::optional<Row>> next();

 private:
  LineReader lines_;
  JsonParser parser_;
};

/// A plan in its file. Opening checks the digest over the whole file, so that no row is handed out of a damaged one;
/// then rows are read one at a time, in constant memory.
class PlanFile {
 public:
  /// Errors: not_found, plan_damaged, io.
  static Result<PlanFile> open(Disk& disk, const std::string& path);
  const Header& header() const { return header_; }
  std::size_t row_count() const { return rows_; }
  Result<RowReader> rows() const;
  Result<void> each_row(const std::function<Result<void>(Row)>& row) const;
  /// The rows for whoever wants to look through them; good without this object, as long as the disk.
  RowSource source() const;
  /// Objects of one sort as the file holds them: "row", "kept", "error" (docs/formats/plan.md).
  Result<void> each(std::string_view sort, const std::function<Result<void>(Value)>& object) const;
  /// Writes the same file elsewhere, crash-safe.
  Result<void> copy_to(const std::string& path) const;

 private:
  PlanFile(Disk& disk, std::string path) : disk_(&disk), path_(std::move(path)) {}
  Result<void> each_line(const std::function<Result<void>(std::string_view)>& line) const;
  Disk* disk_;
  std::string path_;
  Header header_;
  std::size_t rows_ = 0;
};

}  // namespace reeve::plan
