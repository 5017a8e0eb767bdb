#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "aws/api.h"
#include "aws/model.h"
#include "aws/pages.h"
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
  /// Adds a record at the end. The first of two with one id is the one that find() gives.
  void add(Record record);
  std::unordered_map<std::string_view, std::size_t> index;  ///< ids are texts of the records' own documents
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

  /// The same with only the members that the kind's `census` names: a few hundred bytes a record, for relations over
  /// whole populations. Free where this reader has streamed the whole kind already (a stream without query). Kinds
  /// without a census give all(). Errors: as all().
  Task<Result<std::shared_ptr<const Listing>>> census(const Kind& kind);

  /// Why each listing of a kind that all() or census() was asked for broke off; empty if all are whole.
  std::vector<Error> broken_listings() const;

  /// Records by id, as the kind's descriptor says: those that exist, each once; a missing id is no error. What an
  /// answer holds beyond what was asked for is dropped: whoever asks acts on what comes.
  Task<Result<std::vector<Record>>> by_ids(const Kind& kind, std::vector<std::string> ids);

  /// Fetches a column for views that lack it, at most `calls_at_once` calls at a time. A refused or failed call makes
  /// the column unknown, never absent; one that the other side does not know makes it null and column_unsupported().
  Task<void> fetch_column(const Column& column, std::vector<RecordView*> views);

  /// One call in this scope.
  Task<Result<aws::Response>> call(std::string service, std::string operation, Document params);
  /// All pages of an operation, joined: the items of its result key, or of its only list where the models name none.
  /// Kept: the same question is asked once. Errors: as all().
  struct Items {
    std::vector<Document> items;
    bool unsupported = false;
  };
  Task<Result<std::shared_ptr<const Items>>> items(std::string service, std::string operation, Document params);

  static constexpr std::size_t calls_at_once = 16;  ///< of one column: enough to hide latency, far from EC2's buckets

 private:
  aws::Request request(std::string service, std::string operation, Document params) const;
  Result<aws::Paginator> paginator(const std::string& service, const std::string& operation);
  Task<Result<void>> pages(const Kind& kind, aws::Request first, const std::vector<std::string>& carry,
                           const std::string& path, PageSink sink);
  /// A kind's listing with these parameters: one, or one for each record of the kind that it goes by.
  Task<Result<void>> list_pages(const Kind& kind, Document params, PageSink sink);
  Task<Result<void>> read_batch(const Kind& kind, std::vector<std::string> ids, std::vector<Record>& out);
  Task<Result<std::shared_ptr<const Listing>>> list(const Kind& kind, bool whole);
  Task<Result<std::shared_ptr<const Items>>> list_items(std::string service, std::string operation, Document params);
  Task<void> fetch_one(const Column& column, RecordView& view);
  Task<void> fetch_batch(const Column& column, std::vector<RecordView*> views);
  aws::Api& api_;
  aws::Models& models_;
  const Kinds& kinds_;
  Loop& loop_;
  aws::Scope scope_;
  Options options_;
  struct Shared;  // what was listed; whoever asks while a listing runs waits for it
  std::shared_ptr<Shared> shared_;
};

}  // namespace reeve::estate
