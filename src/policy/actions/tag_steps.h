#pragma once
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "policy/action.h"

namespace reeve::policy {

/// Tags by key.
using TagMap = std::map<std::string, std::string, std::less<>>;

/// The record's tags; nullopt where one is unknown, and where a call of its own gives them that was not made.
std::optional<TagMap> tags_of(const estate::RecordView& view);

/// The columns that tags_of() rests on.
std::vector<std::string> tag_columns(const estate::Kind& kind);

/// What the record's tag of a key has of the members that the kind's calls write beside key and value, as a map
/// (PropagateAtLaunch of an Auto Scaling group).
Document tag_members(const estate::Record& record, std::string_view key);

/// What is done to tags: keys with the value that they get, or nullopt where the tag goes. In the order of the calls.
using TagChanges = std::vector<std::pair<std::string, std::optional<std::string>>>;

/// The row that makes these changes, as the kind's descriptor says: one step that writes, one that removes, or, where
/// one call writes the whole set, that one with all the record's tags. `item` holds more members of each tag that is
/// written, or null; those that it does not name stay as they are. The pre-image is {"tags": {key: old value, or null where
/// there was none}}, and where tags have more than a key and a value, "items": those tags as they were. Undo is exact
/// where the row is one step of EC2's own calls; otherwise there is none so far. Kept: the record lacks what the calls
/// need (its ARN).
/// `exactly`: tags that go are named one a call, with their value where the call takes one, so that one that was
/// changed meanwhile stays.
std::variant<RowDraft, Kept> tag_row(const estate::Record& record, const TagMap& before, const TagChanges& changes,
                                     const Document& item = {}, bool exactly = false);

}  // namespace reeve::policy
