#pragma once
#include <cstdint>
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
  std::string item;  ///< where the answer lists bare texts (names, URLs): the member that each becomes
  std::string of;  ///< a kind whose records are listed first: then this is asked for each, its forms in `params` filled
};

/// How records are read again by id without failing whole on one missing id.
struct ReadById {
  enum class How : std::uint8_t {
    filter,     ///< a filter of EC2's form that takes ids: `name` is the filter's
    parameter,  ///< a list parameter that takes ids; a call that fails because one is missing is split
    each,       ///< one call a record: `name` is the parameter that takes its id
    listing     ///< there is no reading by id: everything is listed again
  };
  How how = How::listing;
  std::string operation;
  std::string name;
  std::string path;
  std::size_t batch = 200;
  Document params;
  std::vector<std::string> carry;
};

/// A part of a record that a call of its own fetches. Forms (estate/form.h) in texts of `params` are filled in.
struct Column {
  std::string name;
  std::string service;
  std::string operation;
  Document params;
  std::string path;                          ///< of the answer; empty = the whole document
  std::size_t batch = 1;                     ///< records a call where `ids_parameter` or `filter` is set
  std::string ids_parameter, filter, match;  ///< `match`: member of an answer's item that holds the record's `by`
  std::string by = "{id}";                   ///< form of what stands for a record in a batch
  std::string take;                          ///< path inside the matching item that is the column; empty: the item
  bool gather = false;                       ///< all matching items of a batch, as a list, instead of the one
  bool first_page = false;                   ///< what the first page holds is enough
  std::vector<std::string> absent;           ///< AWS's error codes that say that there is none: then it is null
  bool spread = false;                       ///< its members stand in the record itself, not under the column's name
  std::vector<std::string> members;  ///< of a spread column: which ones; empty: all that the listing does not give
};

/// How tags of a kind are written.
enum class TagStyle : std::uint8_t {
  none,
  ec2,        ///< CreateTags, DeleteTags
  universal,  ///< the Resource Groups Tagging API's TagResources, UntagResources, by ARN
  own,        ///< operations of the service
  whole       ///< one operation writes the whole set, another clears it
};

/// An operation that writes or removes tags. Forms in texts of `params` and `item` are filled in.
struct TagCall {
  enum class Form : std::uint8_t {
    list,      ///< [{Key, Value}]
    kms_list,  ///< [{TagKey, TagValue}]
    map,       ///< {key: value}
    keys,      ///< [key]
    key_list,  ///< [{Key}]
    nothing    ///< it takes no tags: it clears them
  };
  std::string service, operation;
  Document params;
  std::string member = "Tags";  ///< where in the parameters they stand; dots step in
  Form form = Form::list;
  Document item;  ///< further members of each item of a list
};

/// How CloudWatch names the metrics of a record.
struct Metrics {
  std::string space;                              ///< "AWS/EC2"; empty: the kind has none
  std::map<std::string, std::string> dimensions;  ///< name → form
};

/// One kind of resource, as its descriptor (src/estate/kinds/NAME.yaml, docs/formats/kind.md) says.
struct Kind {
  std::string name;  ///< Custodian's canonical name: "ebs-snapshot"
  std::vector<std::string> aliases;
  std::string service;             ///< botocore's folder name
  bool global = false;             ///< one listing gives the account's records of all regions (IAM, S3's buckets)
  std::string region;              ///< member that says in which region a record of a global listing is; may be empty
  std::string id, title, date;     ///< member of the id, of the name people know, of the date it counts its age from
  std::vector<std::string> dates;  ///< members that may hold that date, the first one that is there counts; `date` too
  std::string arn;                 ///< form: "arn:{partition}:ec2:{region}::snapshot/{id}"
  std::map<std::string, std::string> rename;  ///< members of AWS's answer that policies know by another name
  std::map<std::string, std::string> derive;  ///< members made of others, by form; a compound id is one
  Read list;
  ReadById get;
  std::string tags = "Tags";
  TagStyle tag_style = TagStyle::ec2;
  TagCall add_tags, remove_tags;  ///< `whole`: writes all of them, and clears them
  std::size_t most_tags = 50;
  std::vector<std::string> query_keys;  ///< what `query:` may name
  std::vector<Column> columns;
  std::map<std::string, std::string> relations;  ///< other kind → path of its ids in this record
  std::vector<std::string> census;               ///< members kept of every record of a whole listing; the id always is
  bool small_default_limit = false;  ///< instances, images, buckets, databases, addresses: limit is always 5
  std::vector<std::string> show;     ///< members that tables show
  Metrics metrics;

  const Column* column(std::string_view name) const;
  /// Whether a column's value stands in the record itself: a spread one, and tags that a call of their own reads.
  bool in_record(const Column& column) const { return column.spread || column.name == tags; }
  /// The column that the record's tags come from; nullptr where the listing has them, or where there are none.
  const Column* tags_column() const;
  /// Names of the columns that a key of the policy language ("Versioning.Status", "tag:Owner") may rest on.
  std::vector<std::string> columns_of(std::string_view key) const;
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
