#include "policy/policy_build.h"

namespace reeve::policy {
namespace {

constexpr std::string_view time_key = "$time";

void encode(Value value, Builder& builder) {
  if (value.is_map()) {
    builder.begin_map();
    for (const auto [key, member] : value.entries()) {
      builder.key(key);
      encode(member, builder);
    }
    builder.end();
  } else if (value.is_list()) {
    builder.begin_list();
    for (const Value item : value.items()) encode(item, builder);
    builder.end();
  } else if (value.kind() == Kind::timestamp) {
    builder.begin_map();
    builder.put(time_key, format_iso8601(value.as_time()));
    builder.end();
  } else {
    builder.add(value);
  }
}

Result<void> decode(Value value, Builder& builder) {
  if (value.is_map()) {
    if (const auto time = value.find(time_key); time && value.size() == 1 && time->is_text()) {
      TRY(const Time parsed, parse_iso8601(time->as_text()));
      builder.add(parsed);
      return {};
    }
    builder.begin_map();
    for (const auto [key, member] : value.entries()) {
      builder.key(key);
      TRY(decode(member, builder));
    }
    builder.end();
  } else if (value.is_list()) {
    builder.begin_list();
    for (const Value item : value.items()) TRY(decode(item, builder));
    builder.end();
  } else {
    builder.add(value);
  }
  return {};
}

}  // namespace

Document encode_data(Value data) {
  Builder builder;
  encode(data, builder);
  return builder.finish();
}

Result<Document> decode_data(Value encoded) {
  Builder builder;
  TRY(decode(encoded, builder));
  return builder.finish();
}

}  // namespace reeve::policy
