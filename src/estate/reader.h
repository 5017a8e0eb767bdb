#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "aws/api.h"
#include "aws/model.h"
#include "base/seams.h"
#include "estate/kind.h"
#include "estate/record.h"

namespace reeve::estate {

/// A listing of one kind in one scope, whole. `unsupported`: the other side does not know the operation, so the list is
/// empty and undo counts as none (design: Unknown is not absent).
struct Listing {
  std::vector<Record> records;
  bool unsupported = false;
  Steady read_at{};
  const Record* find(std::string_view id) const;  ///< nullptr if there is none
  std::map<std::string, std::size_t, std::less<>> index;
};

/// Reads one scope of an estate. What is listed whole is kept and shared by filters, guards and relations of a run;
/// for judging again just before acting a new Reader is made, so that nothing older is used. Loop thread only.
class Reader {
 public:
  struct Options {
    Steady deadline{INT64_MAX};
    Cancel cancel = {};
  };
  Reader(aws::Api& api, aws::Models& models, const Kinds& kinds, Loop& loop, aws::Scope scope, Options options);

  const aws::Scope& scope() const { return scope_; }
  const Kinds& kinds() const { return kinds_; }
  Loop& loop() { return loop_; }

  /// Streams pages of a kind to `page`, as they come. `query` adds to (or replaces members of) the list's parameters.
  /// Errors: incomplete_listing (with the cause) where it broke off: then what came is not the whole list.
  using PageSink = std::function<Task<Result<void>>(std::vector<Record>)>;
  Task<Result<void>> stream(const Kind& kind, Document query, PageSink page);

  /// All records of a kind, read once by this reader however many ask. Errors: incomplete_listing and those of Api.
  Task<Result<std::shared_ptr<const Listing>>> all(const Kind& kind);

  /// Records by id, in batches, by filter: those that exist; a missing id is no error.
  Task<Result<std::vector<Record>>> by_ids(const Kind& kind, std::vector<std::string> ids);

  /// Fetches a column for views that lack it. A refused or failed call makes the column unknown, never absent.
  Task<void> fetch_column(const Column& column, std::vector<RecordView*> views);

  /// One call in this scope.
  Task<Result<aws::Response>> call(std::string service, std::string operation, Document params);
  /// All pages of an operation, joined: the items of its result key. Kept: the same question is asked once.
  struct Items {
    std::vector<Document> items;
    bool unsupported = false;
  };
  Task<Result<std::shared_ptr<const Items>>> items(std::string service, std::string operation, Document params);

 private:
  aws::Api& api_;
  aws::Models& models_;
  const Kinds& kinds_;
  Loop& loop_;
  aws::Scope scope_;
  Options options_;
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace reeve::estate
