#pragma once
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "apply/protection.h"
#include "base/task.h"
#include "estate/reader.h"
#include "plan/survivors.h"
#include "policy/policy.h"

namespace reeve::apply {

/// What judging a row again, just before acting, came to.
struct JudgedAgain {
  bool go = false;
  bool failed = false;        ///< the second look itself failed: not drift
  bool fresh_change = false;  ///< a "no" so soon after the change that it is about that reads may lag behind it
  std::string message;        ///< why not
  std::optional<Error> error;
  plan::Row fresh;  ///< the row as planned again, where it goes: its pre-image is of now
};

/// A step that this run carried out on a record, and what the record was before it.
struct OwnChange {
  policy::Step step;
  Document before;
};
/// A row to be judged again.
struct Look {
  const plan::Row* row = nullptr;
  std::vector<OwnChange> own = {};  ///< by earlier rows on its record, in order: no drift
};

/// Makes what an earlier row on the record did part of what this row found, and gives back.
void carry(plan::Row& row, const policy::Step& earlier);

/// The second look at rows of one scope, in batches.
class RowJudge {
 public:
  virtual ~RowJudge() = default;
  /// One answer a row, in their order. `reader` is fresh.
  virtual Task<std::vector<JudgedAgain>> judge(std::vector<Look> rows, estate::Reader& reader, Time now) const = 0;
  /// Whether rows on one record are judged one by one, each after the one before it acted, instead of together.
  virtual bool one_by_one() const { return false; }
};

/// Judges by the plan's own policies: filters, guards, and planning again (design, ideas 5 and 6).
class PolicyJudge : public RowJudge {
 public:
  /// The policies are read as at the plan's time, so that what is fixed then (a mark's date) stays as it was approved.
  /// Errors: plan_damaged (a policy of the plan does not build).
  static Result<std::unique_ptr<PolicyJudge>> make(const plan::Header& header, const policy::Vocabulary& vocabulary,
                                                   const estate::Kinds& kinds, const estate::Prices& prices,
                                                   const policy::Configuration* configuration);
  Task<std::vector<JudgedAgain>> judge(std::vector<Look> rows, estate::Reader& reader, Time now) const override;
  /// Says that this run removes a row's data. Of all its rows, before the first is judged: what a later one removes is
  /// no copy that a data set may rest on, when somebody else removed what the plan left.
  void will_remove(const plan::Row& row);
  /// What our own journal protects is kept here too: a plan may be older than the deed that protects.
  void protect(JournalProtection protection) { protection_ = std::move(protection); }
  /// The policy of a row; nullptr if the plan holds none of that name for its scope.
  const policy::Policy* find(const plan::Row& row) const;

 private:
  PolicyJudge(const estate::Prices& prices, const policy::Configuration* configuration)
      : prices_(prices), configuration_(configuration) {}
  Task<void> judge_policy_rows(const policy::Policy& policy, std::vector<std::size_t> which, std::span<const Look> rows,
                               policy::Context& context, std::vector<JudgedAgain>& out) const;
  bool removes(const plan::Row& row) const;
  Task<void> keep_survivors(std::span<const Look> rows, estate::Reader& reader, std::vector<JudgedAgain>& out) const;
  const estate::Prices& prices_;
  const policy::Configuration* configuration_;  // null: there is none
  std::map<aws::Scope, plan::Removing> removing_;
  /// Of the listings last looked at, which windows share: finding them walks the whole scope.
  struct Survivors {
    std::weak_ptr<const estate::Listing> snapshots, volumes;
    std::set<std::string> ids;
  };
  mutable Survivors survivors_;
  std::string run_;
  JournalProtection protection_;
  std::map<std::pair<std::string, aws::Scope>, std::unique_ptr<policy::Policy>> policies_;
};

/// Judges rows of an undo: the way back is open, nobody changed the record since, and it is not protected.
class UndoJudge : public RowJudge {
 public:
  UndoJudge(const estate::Prices& prices, const policy::Configuration* configuration)
      : prices_(prices), configuration_(configuration) {}
  bool one_by_one() const override { return true; }
  Task<std::vector<JudgedAgain>> judge(std::vector<Look> rows, estate::Reader& reader, Time now) const override;

 private:
  Task<Result<std::optional<std::string>>> protection(const plan::Row& row, const OwnChange& undone,
                                                      policy::Context& context) const;
  const estate::Prices& prices_;
  const policy::Configuration* configuration_;  // null: there is none
};

}  // namespace reeve::apply
