#pragma once
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "aws/api.h"
#include "aws/model.h"
#include "base/seams.h"

namespace reeve::aws {

/// Answers from recorded flights (docs/formats/test-case.md): a folder of files PREFIX.Operation_N.json, PREFIX the
/// model's endpoint prefix, each `{"status_code", "data"}`. The n-th call of an operation gets file n; after the last
/// one it begins again. Parameters are not compared. Answers have the types that the live door gives, by the output's
/// shape. Keeps a list of what was called.
///
/// Errors: what was recorded, as the live door tells it; not_found where no answer was recorded for the operation (it
/// is never an empty one); malformed, io for a file that cannot be read.
class Flight : public Api {
 public:
  /// One call, as test cases list it.
  struct Call {
    std::string service, operation;
    Document params;      ///< a map
    std::string outcome;  ///< "ok"; of an error its shape in the model, "ClientError", or, without an answer, "missing"
  };
  /// Files in memory, in place of a folder: "ec2.DescribeVolumes_1.json" → text.
  using Files = std::map<std::string, std::string, std::less<>>;
  /// How many answers of each file name without its number were used.
  using Used = std::map<std::string, std::size_t, std::less<>>;

  Flight(Disk& disk, Models& models, std::string folder) : disk_(&disk), models_(models), folder_(std::move(folder)) {}
  Flight(Files files, Models& models) : models_(models), files_(std::move(files)), listed_(true) { index(); }

  Task<Result<Response>> call(Request request) override;
  const std::vector<Call>& calls() const { return calls_; }
  /// What was used so far, and where to go on: for several policies that share one flight. Of policies between that
  /// did not run, each counts as one call of every operation.
  const Used& used() const { return used_; }
  void go_on(Used used, std::size_t runs_missed = 0) { used_ = std::move(used), missed_ = runs_missed; }

 private:
  Result<Response> answer(const Request& request);
  Result<void> list();
  void index();
  Disk* disk_ = nullptr;
  Models& models_;
  std::string folder_;
  Files files_;
  bool listed_ = false;
  std::map<std::string, std::vector<std::size_t>, std::less<>> numbers_;  // "ec2.DescribeVolumes" → 1, 2, …
  Used used_;
  std::size_t missed_ = 0;
  std::set<std::string, std::less<>> asked_;
  std::vector<Call> calls_;
};

/// A recorded answer (plain JSON, datetimes as {"__class__": "datetime", "year", …}) with the types of a shape: what is
/// a text by the model and a map in the recording (policy documents) becomes its JSON text.
Document recorded_document(Value data, const Shape* shape, const std::shared_ptr<const Keys>& keys);

}  // namespace reeve::aws
