#pragma once
#include "base/document.h"

namespace reeve::estate {

/// Tags in the one form that policies know, a list of {Key, Value}: from that list, a map of texts, or lists that spell
/// the members otherwise ({key, value}, {TagKey, TagValue}, {tagKey, tagValue}). No tags give an empty list; what is
/// unknown stays so.
Document tag_list(const Document& tags);

/// Whether tags have that form already.
bool is_tag_list(Value tags);

}  // namespace reeve::estate
