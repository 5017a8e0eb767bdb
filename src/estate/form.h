#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/document.h"

namespace reeve::estate {

struct Record;

/// Fills in a descriptor's form. `{id}`, `{arn}`, `{partition}`, `{region}` and `{account}` stand for those of a
/// record, any other `{Name}` for a text or number of it (dots step in; `{.arn}` is a member of that name). After a `|`
/// a part of the text is taken:
/// `{QueueUrl|last}` what stands behind its last slash or colon, `{Arn|after loadbalancer/}` what stands behind the
/// first place of those letters, `{arn|before :*}` what stands before it; the whole text where the letters don't occur.
/// nullopt where the record has no such member, or an unknown one.
std::optional<std::string> fill_form(std::string_view form, const Record& record);

/// The words of a form as they stand: "id", "QueueUrl", ".arn".
std::vector<std::string_view> form_words(std::string_view form);

/// The same in every text of a value; nullopt as above.
std::optional<Document> fill_forms(Value params, const Record& record);

}  // namespace reeve::estate
