#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/document.h"

namespace reeve::estate {

/// Two maps as one; members of `over` replace those of `base`.
Document merged(Value base, Value over);

/// A copy of `params` in which "{id}" in texts stands for an id.
Document with_id(Value params, std::string_view id);

/// `params` with a filter of EC2's form added: Filters: [{Name, Values}]. Other filters in it stay.
Document with_filter(Value params, std::string_view name, const std::vector<std::string>& values);

/// `params` with a list of texts as one more member.
Document with_list(Value params, std::string_view member, const std::vector<std::string>& values);

}  // namespace reeve::estate
