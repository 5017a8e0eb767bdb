#include "sandbox/services/sqs_wire.h"

#include <fmt/format.h>

#include <array>

#include "aws/protocol/common.h"
#include "aws/protocol/form.h"

// Names of the query protocol: [SQS API reference, "Query API", and the examples of each action before 2023].
namespace reeve::sandbox {
namespace {

using aws::Codec;
using aws::Operation;
using aws::ServiceModel;
using aws::WireError;

struct Renamed {
  std::string_view now, query;
};

constexpr std::array<Renamed, 10> members{{{"AttributeNames", "AttributeName"},
                                           {"MessageAttributeNames", "MessageAttributeName"},
                                           {"MessageSystemAttributeNames", "MessageSystemAttributeName"},
                                           {"Attributes", "Attribute"},
                                           {"MessageAttributes", "MessageAttribute"},
                                           {"MessageSystemAttributes", "MessageSystemAttribute"},
                                           {"Tags", "Tag"},
                                           {"TagKeys", "TagKey"},
                                           {"AWSAccountIds", "AWSAccountId"},
                                           {"Actions", "ActionName"}}};

constexpr std::array<std::string_view, 3> batches{"SendMessageBatch", "DeleteMessageBatch",
                                                  "ChangeMessageVisibilityBatch"};

constexpr std::array<Renamed, 12> errors{{
    {"QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"},
    {"QueueNameExists", "QueueAlreadyExists"},
    {"QueueDeletedRecently", "AWS.SimpleQueueService.QueueDeletedRecently"},
    {"EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest"},
    {"TooManyEntriesInBatchRequest", "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"},
    {"BatchEntryIdsNotDistinct", "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"},
    {"BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong"},
    {"InvalidBatchEntryId", "AWS.SimpleQueueService.InvalidBatchEntryId"},
    {"MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight"},
    {"PurgeQueueInProgress", "AWS.SimpleQueueService.PurgeQueueInProgress"},
    {"UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation"},
    {"ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid"},
}};

std::string_view query_code(std::string_view code) {
  for (const Renamed& error : errors) {
    if (error.now == code) return error.query;
  }
  return code;
}

/// "Attribute.1.Name" → "Attributes.1.key"; "SendMessageBatchRequestEntry.2.MessageAttribute.1.Value.DataType" →
/// "Entries.2.MessageAttributes.1.value.DataType". What is new already stays.
std::string renamed_key(std::string_view key) {
  std::string out;
  bool in_map = false;
  while (!key.empty()) {
    const auto dot = key.find('.');
    std::string_view part = key.substr(0, dot);
    key = dot == key.npos ? std::string_view() : key.substr(dot + 1);
    if (part.ends_with("BatchRequestEntry")) part = "Entries";
    const bool is_number = !part.empty() && part.find_first_not_of("0123456789") == part.npos;
    if (in_map && (part == "Name" || part == "Key")) part = "key";
    if (in_map && part == "Value") part = "value", in_map = false;
    for (const Renamed& member : members) {
      if (part == member.query && !key.empty()) part = member.now;
      if (part == member.now) in_map = part.ends_with("Attributes") || part == "Tags";
    }
    if (!out.empty()) out += '.';
    out += part;
    if (!is_number && part != "Entries" && part != "key" && !part.ends_with("s")) in_map = false;
  }
  return out;
}

std::string renamed_form(std::string_view form) {
  std::string out;
  while (!form.empty()) {
    const auto end = form.find('&');
    const std::string_view pair = form.substr(0, end);
    form = end == form.npos ? std::string_view() : form.substr(end + 1);
    const auto equals = pair.find('=');
    if (!out.empty()) out += '&';
    out += renamed_key(pair.substr(0, equals));
    if (equals != pair.npos) out += pair.substr(equals);
  }
  return out;
}

/// CreateQueue alone has its tags in a member with a small letter.
std::string with_lower_tags(std::string_view form) {
  std::string out(form);
  for (std::size_t at = out.find("Tags."); at != out.npos; at = out.find("Tags.", at + 1)) {
    if (at == 0 || out[at - 1] == '&') out[at] = 't';
  }
  return out;
}

void replace_tag(std::string& xml, std::string_view from, std::string_view to) {
  for (const std::string_view open : {"<", "</"}) {
    const std::string wanted = fmt::format("{}{}>", open, from), given = fmt::format("{}{}>", open, to);
    for (std::size_t at = xml.find(wanted); at != xml.npos; at = xml.find(wanted, at + given.size())) {
      xml.replace(at, wanted.size(), given);
    }
  }
}

/// Text in XML has its "<" escaped, so a tag's name can be replaced where it stands.
void rename_answer(std::string& xml, std::string_view operation) {
  const bool tags = operation == "ListQueueTags";
  for (const Renamed& member : members) replace_tag(xml, member.now, member.query);
  replace_tag(xml, "key", tags ? "Key" : "Name");
  replace_tag(xml, "value", "Value");
  replace_tag(xml, "QueueUrls", "QueueUrl");
  replace_tag(xml, "queueUrls", "QueueUrl");
  replace_tag(xml, "Messages", "Message");
  replace_tag(xml, "Failed", "BatchResultErrorEntry");
  for (const std::string_view batch : batches) {
    if (batch == operation) replace_tag(xml, "Successful", fmt::format("{}ResultEntry", operation));
  }
}

class SqsQuery final : public Codec {
 public:
  Result<aws::EncodedRequest> encode_request(const ServiceModel& model, const Operation& operation, Value params,
                                             std::string_view token) const override {
    return query().encode_request(model, operation, params, token);
  }
  Result<Document> decode_response(const ServiceModel& model, const Operation& operation,
                                   std::shared_ptr<const HttpResponse> response) const override {
    return query().decode_response(model, operation, std::move(response));
  }
  WireError decode_error(const ServiceModel& model, const Operation& operation,
                         const HttpResponse& response) const override {
    return query().decode_error(model, operation, response);
  }
  Result<const Operation*> route(const ServiceModel& model, const HttpRequest& request) const override {
    return query().route(model, request);
  }
  Result<Document> decode_request(const ServiceModel& model, const Operation& operation,
                                  const HttpRequest& request) const override {
    HttpRequest renamed = request;
    std::string form = renamed_form(request.body);
    const auto query_start = request.target.find('?');
    if (query_start != request.target.npos) {
      form += (form.empty() ? "" : "&") + renamed_form(std::string_view(request.target).substr(query_start + 1));
    }
    // A queue's URL may be where the request went rather than a parameter.
    const std::string path = request.target.substr(0, query_start);
    if (operation.input && operation.input->find("QueueUrl") && aws::form_parameter(form, "QueueUrl").empty() &&
        path.size() > 1) {
      form += "&QueueUrl=" + path;
    }
    if (operation.name == "CreateQueue") form = with_lower_tags(form);
    renamed.target = "/";
    renamed.body = std::move(form);
    return query().decode_request(model, operation, renamed);
  }
  HttpResponse encode_response(const ServiceModel& model, const Operation& operation, Value result,
                               std::string_view request_id) const override {
    HttpResponse response = query().encode_response(model, operation, result, request_id);
    rename_answer(response.body, operation.name);
    return response;
  }
  HttpResponse encode_error(const ServiceModel& model, const WireError& error) const override {
    WireError renamed = error;
    renamed.code = query_code(error.code);
    return query().encode_error(model, renamed);
  }

 private:
  static const Codec& query() { return *aws::find_codec("query"); }
};

/// JSON, with the query protocol's code of an error in its header.
class SqsJson final : public Codec {
 public:
  Result<aws::EncodedRequest> encode_request(const ServiceModel& model, const Operation& operation, Value params,
                                             std::string_view token) const override {
    return json().encode_request(model, operation, params, token);
  }
  Result<Document> decode_response(const ServiceModel& model, const Operation& operation,
                                   std::shared_ptr<const HttpResponse> response) const override {
    return json().decode_response(model, operation, std::move(response));
  }
  WireError decode_error(const ServiceModel& model, const Operation& operation,
                         const HttpResponse& response) const override {
    return json().decode_error(model, operation, response);
  }
  Result<const Operation*> route(const ServiceModel& model, const HttpRequest& request) const override {
    return json().route(model, request);
  }
  Result<Document> decode_request(const ServiceModel& model, const Operation& operation,
                                  const HttpRequest& request) const override {
    return json().decode_request(model, operation, request);
  }
  HttpResponse encode_response(const ServiceModel& model, const Operation& operation, Value result,
                               std::string_view request_id) const override {
    return json().encode_response(model, operation, result, request_id);
  }
  HttpResponse encode_error(const ServiceModel& model, const WireError& error) const override {
    HttpResponse response = json().encode_error(model, error);
    std::erase_if(response.headers, [](const auto& header) { return header.first == "x-amzn-query-error"; });
    response.headers.emplace_back(
        "x-amzn-query-error", fmt::format("{};{}", query_code(error.code), error.status < 500 ? "Sender" : "Receiver"));
    return response;
  }

 private:
  static const Codec& json() { return *aws::find_codec("json"); }
};

}  // namespace

Result<const aws::Codec*> sqs_codec(const HttpRequest& request) {
  static const SqsQuery in_forms;
  static const SqsJson in_json;
  if (aws::header_of(request, "x-amz-target").empty()) return &in_forms;
  return &in_json;
}

}  // namespace reeve::sandbox
