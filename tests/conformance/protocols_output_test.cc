// AWS's wire protocols, answers -> documents and errors (../shared/conformance/protocols/output and legacy/output).
#include "aws/protocol/common.h"
#include "base/encoding.h"
#include "protocols_suite.h"

namespace reeve::aws {
namespace {

HttpResponse response_of(Value json, bool query, bool bytes) {
  HttpResponse response;
  response.status = static_cast<int>(json["status_code"].as_integer());
  for (const auto [name, value] : json["headers"].entries()) response.headers.emplace_back(name, value.as_text());
  response.body = bytes ? decode_base64(json["body"].as_text()).value_or("") : json["body"].as_string();
  if (response.body.empty() && query) response.body = "<xml/>";
  response.body.append(64, '\0');
  response.body.resize(response.body.size() - 64);
  return response;
}

/// Our documents hold the value of a jsonvalue member, as botocore's do; this suite has its text.
Document with_json_values(const Shape* shape, Value expected) {
  Builder b;
  b.begin_map();
  for (const auto [name, value] : expected.entries()) {
    const Member* member = shape == nullptr ? nullptr : shape->find(name);
    const auto inner = member != nullptr && member->json_value ? parse_json(value.as_text())
                                                               : Result<Document>(fail(Code::malformed, ""));
    b.put(name, inner ? inner->root() : value);
  }
  b.end();
  return b.finish();
}

std::string check(const suite::Case& c) {
  const Codec* codec = find_codec(c.suite["metadata"]["protocol"].as_text());
  if (codec == nullptr) return "no codec";
  const bool query = c.suite["metadata"]["protocol"].as_text() == "query";
  const bool cbor = c.suite["metadata"]["protocol"].as_text() == "smithy-rpc-v2-cbor";
  const bool events = c.operation->output != nullptr && event_stream_of(*c.operation->output) != nullptr;
  const HttpResponse response = response_of(c.json["response"], query, events || cbor);
  const bool is_error = c.json.find("errorCode") || c.json.find("error") || response.status >= 300;
  if (is_error) {
    const WireError error = codec->decode_error(*c.model, *c.operation, response);
    if (const auto code = c.json.find("errorCode"); code && code->as_text() != error.code) {
      return fmt::format("error code '{}', not '{}'", error.code, code->as_text());
    }
    if (const auto message = c.json.find("errorMessage"); message && message->as_text() != error.message) {
      return fmt::format("error message '{}', not '{}'", error.message, message->as_text());
    }
    const Value expected = c.json["error"];
    if (expected.is_map() && !expected.empty() && !suite::same(expected, error.detail.root())) {
      return fmt::format("error {}, not {}", to_json(error.detail), to_json(expected));
    }
    return error.is_document ? "" : "not taken for an error document";
  }
  const auto document = codec->decode_response(*c.model, *c.operation, std::make_shared<const HttpResponse>(response));
  if (!document) return document.error().text();
  const Value expected = c.json["result"];
  const Document plain = with_json_values(c.operation->output, expected);
  if (expected.is_map() && suite::same(plain, document->root())) return "";
  if (suite::same(expected, document->root()) || (expected.is_null() && document->root().empty())) return "";
  return fmt::format("got {}, not {}", to_json(*document), to_json(expected));
}

TEST(ProtocolOutput, Ec2) { suite::run("output", "ec2", check); }
TEST(ProtocolOutput, Query) { suite::run("output", "query", check); }
TEST(ProtocolOutput, RestJson) { suite::run("output", "rest-json", check); }
TEST(ProtocolOutput, Cbor) { suite::run("output", "smithy-rpc-v2-cbor", check); }
TEST(ProtocolOutput, CborQueryCompatible) { suite::run("output", "smithy-rpc-v2-cbor-query-compatible", check); }
TEST(ProtocolOutput, Json) { suite::run("output", "json", check); }
TEST(ProtocolOutput, Json10) { suite::run("output", "json_1_0", check); }
TEST(ProtocolOutput, Json10QueryCompatible) { suite::run("output", "json_1_0-query-compatible", check); }
TEST(ProtocolOutput, LegacyJson) { suite::run("legacy/output", "json", check); }
TEST(ProtocolOutput, RestXml) { suite::run("output", "rest-xml", check); }
TEST(ProtocolOutput, LegacyRestXml) { suite::run("legacy/output", "rest-xml", check); }
TEST(ProtocolOutput, LegacyEc2) { suite::run("legacy/output", "ec2", check); }
TEST(ProtocolOutput, LegacyQuery) { suite::run("legacy/output", "query", check); }
TEST(ProtocolOutput, LegacyRestJson) { suite::run("legacy/output", "rest-json", check); }

}  // namespace
}  // namespace reeve::aws
