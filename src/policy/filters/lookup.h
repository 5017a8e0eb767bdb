#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/document.h"
#include "base/result.h"
#include "policy/filter.h"
#include "text/jmespath.h"

namespace reeve::policy {

/// A scalar value that needs no document: `node` is its memory, and a text's bytes must outlive it.
Value text_value(Node& node, std::string_view text);
Value unknown_value(Node& node, std::string_view reason);
Value integer_value(Node& node, std::int64_t integer);
Value real_value(Node& node, double real);
Value time_value(Node& node, Time time);

/// How a `key` of the policy language finds its value in a record: "tag:Name" reads a tag, the name of a member of the
/// record that member, the name of a column or of evidence ("c7n:…") that, anything else is JMESPath. Members are
/// found at the place where they were last time, so that a look-up costs a comparison. One thread at a time.
class Lookup {
 public:
  struct Options {
    std::vector<std::string> tag_key_transforms = {};  ///< what is done to a record's tag keys before they are compared
    const estate::Kind* kind = nullptr;                ///< whose columns a key may name
  };
  /// Errors: invalid_input, where the key is no JMESPath.
  static Result<Lookup> compile(std::string_view key, const Options& options);

  /// The value; null where there is none; unknown where it rests on something unknown, or where the expression does
  /// not fit the record (a function given the wrong type). Good as long as the view and the scratch.
  Value find(const estate::RecordView& view, text::Scratch& scratch) const;

  const std::string& key() const { return key_; }
  /// The kind's columns that the key names.
  const std::vector<std::string>& columns() const { return columns_; }

 private:
  Lookup() = default;
  Value find_tag(Value record) const;
  bool is_the_tag(std::string_view key) const;
  /// A member by name, looked for first where it was last time.
  class Member {
   public:
    explicit Member(std::string name) : name_(std::move(name)) {}
    const std::string& name() const { return name_; }
    Value of(Value map) const;

   private:
    std::string name_;
    mutable const Keys* keys_ = nullptr;  // whose id_ is
    mutable Keys::Id id_ = Keys::none;
    mutable std::uint32_t hint_ = 0;
  };
  std::string key_, tag_;
  std::vector<std::string> transforms_, columns_;
  std::vector<std::string> spread_;  // those whose members are not known before they are read
  std::optional<text::Jmespath> expression_;
  bool is_tag_ = false, whole_view_ = false;
  bool expression_only_ = false;  // no member of a model has such a name (records from elsewhere may)
  Document misfit_;
  Member member_{std::string()};  // the whole key as one name
  std::vector<Member> path_;      // of a key that is names joined by dots
};

/// The transforms of `tag_key_transforms`, by the names that policies give them.
std::string transform_tag_key(std::string_view key, const std::vector<std::string>& transforms);
inline constexpr std::string_view tag_key_transform_names[] = {
    "noop", "capitalize", "lower", "strip", "title", "upper", "nospaces", "nounderscores", "nodashes"};

}  // namespace reeve::policy
