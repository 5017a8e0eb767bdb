#pragma once
#include <string_view>

#include "aws/model.h"
#include "aws/protocol/event_stream.h"
#include "aws/protocol/tape.h"
#include "base/document.h"
#include "base/result.h"

namespace reeve::aws {

/// Where in an XML answer the output shape's members stand.
struct XmlPlace {
  /// Elements to go into below the root, outermost first; empty texts are passed over. A missing one is malformed,
  /// unless `optional`: then the shape is read where the search ended.
  std::string_view first = {}, second = {};
  bool optional = false;
};

/// Reads an XML answer into a map by `shape` (nullptr: an empty map). Members that the shape does not know are passed
/// over; empty lists are empty lists; a scalar other than a text that is empty counts as absent; a time that is none is
/// unknown. The body must be followed by 64 readable zero bytes. Errors: malformed, limit_exceeded.
Result<Document> read_xml(std::string_view body, const Shape* shape, const std::shared_ptr<Keys>& keys, XmlPlace place);

/// The parts of it, for answers that also have members elsewhere: the cells of the body members of `shape`, for the
/// caller to close; nothing for an empty body. Errors: as above.
Result<void> read_xml_members(Tape& tape, std::string_view body, const Shape& shape, XmlPlace place);

/// Reads the root element as one value by `member`, a cell under its key; nothing for an empty body. Errors: as above.
Result<void> read_xml_value(Tape& tape, std::string_view body, const Member& member);

/// Reads the payloads of events in XML.
extern const EventPayloadReader xml_events;

/// The name of the root element, without prefix; empty where there is none. 64 zero bytes must follow the text.
std::string_view xml_root_name(std::string_view body);

/// Reads any XML text without a model: an element with children is a map (the first child of a name counts), any other
/// a text. {"root name": …}. For error documents. Errors: malformed, limit_exceeded.
Result<Document> read_xml_tree(std::string_view body);

}  // namespace reeve::aws
