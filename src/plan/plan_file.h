#pragma once
#include <functional>
#include <string>

#include "base/result.h"
#include "base/seams.h"
#include "plan/plan.h"

namespace reeve::plan {

/// Writes a plan as JSON Lines (docs/formats/plan.md), crash-safe, and fills header.digest.
Result<void> write_plan(Disk& disk, const std::string& path, Plan& plan);

/// Reads a plan file a row at a time, in constant memory: the digest is checked over the whole file before the first
/// row is handed out. Errors: not_found, plan_damaged, limit_exceeded, and what `row` returns.
class PlanFile {
 public:
  static Result<PlanFile> open(Disk& disk, const std::string& path);
  const Header& header() const { return header_; }
  std::size_t row_count() const { return rows_; }
  Result<void> each_row(const std::function<Result<void>(Row)>& row) const;
  Result<void> each_kept(const std::function<Result<void>(Value)>& kept) const;

 private:
  PlanFile(Disk& disk, std::string path) : disk_(&disk), path_(std::move(path)) {}
  Result<void> each_line(const std::function<Result<void>(std::string_view)>& line) const;
  Disk* disk_;
  std::string path_;
  Header header_;
  std::size_t rows_ = 0;
};

}  // namespace reeve::plan
