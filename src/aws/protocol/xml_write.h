#pragma once
#include <string>
#include <string_view>

#include "aws/model.h"
#include "base/document.h"

namespace reeve::aws {

/// Appends `text` with the characters that XML reserves replaced.
void append_xml_text(std::string& out, std::string_view text);

/// "<name>text</name>".
void append_xml_element(std::string& out, std::string_view name, std::string_view text);

/// Appends the members of a structure as elements, in the model's order: what an answer's root or result wrapper holds.
/// Lists that `value` has empty are empty elements, members that it lacks are left out. EC2's items are `<item>` where
/// the model says nothing, others' `<member>`.
void append_xml_members(std::string& out, Value value, const Shape& shape, const Keys* keys,
                        std::string_view default_item);

/// Appends one value as the element `name`, with the namespace and attributes of `member`; items are `<member>` where
/// the model says nothing. Only members that stand in the body are written. `idempotency_token` fills members of the
/// outermost structure with that trait that `value` lacks, where it is not empty.
void append_xml_value(std::string& out, Value value, const Member& member, std::string_view name, const Keys* keys,
                      std::string_view idempotency_token);

}  // namespace reeve::aws
