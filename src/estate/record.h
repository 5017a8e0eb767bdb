#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/api.h"
#include "base/document.h"
#include "estate/kind.h"

namespace reeve::estate {

/// One resource as AWS described it. Immutable; cheap to copy.
struct Record {
  const Kind* kind = nullptr;
  aws::Scope scope;
  Document document;
  std::string_view id() const { return document.root()[kind->id].as_text(); }
  std::string_view title() const;
  std::string arn() const;
  /// The member that holds the date its age counts from, as it is; null if it has none.
  Value date_value() const;
  /// That date; numbers are seconds or milliseconds since 1970. nullopt if it has none or it is unknown.
  std::optional<Time> date() const;
  /// A tag's value; nullopt if there is no such tag. Unknown tags (unreadable) give an unknown value.
  std::optional<Value> tag(std::string_view key) const;
  Value tags() const { return document.root()[kind->tags]; }
};

/// What a filter or an action sees: the record, its columns, and what earlier filters found out (evidence, under the
/// names that Custodian gives it: "c7n:…"). One record's view at a time is used by one thread.
class RecordView {
 public:
  explicit RecordView(Record record) : record_(std::move(record)) {}
  const Record& record() const { return record_; }
  std::string_view id() const { return record_.id(); }

  /// A column, once it was fetched; nullopt before. An unknown value says why it could not be read. What stands in the
  /// record itself (Kind::in_record) is put there when it is set: read it as a member.
  std::optional<Value> column(std::string_view name) const;
  void set_column(std::string name, Document value);
  void set_column_unknown(std::string name, std::string_view reason);
  /// The column is null because the other side does not know the operation: no fact about the record.
  void set_column_unsupported(std::string name);
  bool column_unsupported(std::string_view name) const;

  /// What filters found out, in order: name → document.
  const std::vector<std::pair<std::string, Document>>& evidence() const { return evidence_; }
  void add_evidence(std::string name, Document value);
  std::optional<Value> find_evidence(std::string_view name) const;
  /// Takes back evidence added after a mark: for blocks that did not match.
  std::size_t evidence_mark() const { return evidence_.size(); }
  void forget_evidence(std::size_t mark);

  /// The record with its columns and evidence as one map, for look-ups.
  Value whole() const;

 private:
  void put_in_record(const Column& column, const Document& value);
  bool in_record(std::string_view column) const;
  Record record_;
  std::vector<std::pair<std::string, Document>> columns_, evidence_;
  std::vector<std::string> unsupported_;
  mutable std::optional<Document> whole_;  // made when asked for, dropped when something is added
};

}  // namespace reeve::estate
