#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/document.h"
#include "base/result.h"

namespace reeve::estate {

/// How one kind is read by one operation: `params` go as they are, `path` leads to the list of records in the answer
/// (dots step into lists too: "Reservations.Instances"; members of the outer level named in `carry` are copied in).
struct Read {
  std::string operation;
  Document params;
  std::string path;
  std::vector<std::string> carry;
};

/// How records are read again by id without failing whole on one missing id: a filter name, or a list parameter.
struct ReadById {
  std::string operation;
  std::string filter;     ///< EC2 filter name ("snapshot-id"); empty: `parameter` is used
  std::string parameter;  ///< list parameter for ids
  std::string path;
  std::size_t batch = 200;
  Document params;
  std::vector<std::string> carry;
};

/// A part of a record that a call of its own fetches. `{id}` in texts of `params` stands for the record's id.
struct Column {
  std::string name;
  std::string service;
  std::string operation;
  Document params;
  std::string path;                          ///< of the answer; empty = the whole document
  std::size_t batch = 1;                     ///< ids a call where `ids_parameter` or `filter` is set
  std::string ids_parameter, filter, match;  ///< `match`: member of an answer's item that holds the record's id
};

/// How tags of a kind are read and written.
enum class TagStyle { none, ec2 };

/// One kind of resource, as its descriptor (src/estate/kinds/NAME.yaml, docs/formats/kind.md) says.
struct Kind {
  std::string name;  ///< Custodian's canonical name: "ebs-snapshot"
  std::vector<std::string> aliases;
  std::string service;          ///< botocore's folder name
  std::string id, title, date;  ///< member of the id, of the name people know, of the date it counts its age from
  std::string arn;              ///< "arn:{partition}:ec2:{region}::snapshot/{id}"
  Read list;
  ReadById get;
  std::string tags = "Tags";
  TagStyle tag_style = TagStyle::ec2;
  std::vector<std::string> query_keys;  ///< what `query:` may name
  std::vector<Column> columns;
  std::map<std::string, std::string> relations;  ///< other kind → path of its ids in this record
  std::vector<std::string> census;               ///< members kept of every record of a whole listing; the id always is
  bool small_default_limit = false;  ///< instances, images, buckets, databases, addresses: limit is always 5
  std::vector<std::string> show;     ///< members that tables show
  const Column* column(std::string_view name) const;
};

/// All kinds that Reeve knows; embedded at build.
class Kinds {
 public:
  /// The kinds that Reeve ships. Errors: those of parse().
  static Result<std::shared_ptr<const Kinds>> embedded();
  /// By name, alias, or with "aws." before it; nullptr if there is none.
  const Kind* find(std::string_view name) const;
  std::vector<std::string> names() const;
  const std::vector<std::unique_ptr<Kind>>& all() const { return kinds_; }
  /// Reads one descriptor (docs/formats/kind.md). Errors: invalid_input with "file:line:column" in `resource`.
  static Result<std::unique_ptr<Kind>> parse(std::string_view yaml, std::string_view file_name);

 private:
  std::vector<std::unique_ptr<Kind>> kinds_;
};

}  // namespace reeve::estate
