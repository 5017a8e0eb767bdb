#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/document.h"

namespace reeve::estate {

/// Two maps as one; members of `over` replace those of `base`.
Document merged(Value base, Value over);

/// `params` with a filter of EC2's form added: Filters: [{Name, Values}]. Other filters in it stay.
Document with_filter(Value params, std::string_view name, const std::vector<std::string>& values);

/// `params` with a list of texts as one more member.
Document with_list(Value params, std::string_view member, const std::vector<std::string>& values);

/// `params` with a text as one more member.
Document with_text(Value params, std::string_view member, std::string_view text);

}  // namespace reeve::estate
