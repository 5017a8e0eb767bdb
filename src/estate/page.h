#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "aws/api.h"
#include "estate/record.h"

namespace reeve::estate {

/// The records of one page of an answer: what `path` leads to, in the shape that policies know (the descriptor's
/// `item`, `carry`, `rename`, `derive`; tags as a list of Key and Value). They share the page's memory. What has no id
/// is left out: nothing could be done with it.
std::vector<Record> records_of(const Kind& kind, const aws::Scope& scope, const Document& page, std::string_view path,
                               const std::vector<std::string>& carry);

}  // namespace reeve::estate
