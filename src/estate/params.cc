#include "estate/params.h"

namespace reeve::estate {
namespace {

void put_texts(Builder& b, std::string_view key, const std::vector<std::string>& values) {
  b.begin_list(key);
  for (const auto& value : values) b.add(value);
  b.end();
}

}  // namespace

Document merged(Value base, Value over) {
  Builder b;
  b.begin_map();
  for (const auto [key, value] : base.entries()) {
    if (!over.find(key)) b.put(key, value);
  }
  for (const auto [key, value] : over.entries()) b.put(key, value);
  b.end();
  return b.finish();
}

Document with_filter(Value params, std::string_view name, const std::vector<std::string>& values) {
  Builder b;
  b.begin_map();
  for (const auto [key, value] : params.entries()) {
    if (key != "Filters") b.put(key, value);
  }
  b.begin_list("Filters");
  for (const Value filter : params["Filters"].items()) b.add(filter);
  b.begin_map();
  b.put("Name", name);
  put_texts(b, "Values", values);
  b.end();
  b.end();
  b.end();
  return b.finish();
}

Document with_list(Value params, std::string_view member, const std::vector<std::string>& values) {
  Builder b;
  b.begin_map();
  for (const auto [key, value] : params.entries()) {
    if (key != member) b.put(key, value);
  }
  put_texts(b, member, values);
  b.end();
  return b.finish();
}

Document with_text(Value params, std::string_view member, std::string_view text) {
  Builder b;
  b.begin_map();
  for (const auto [key, value] : params.entries()) {
    if (key != member) b.put(key, value);
  }
  b.put(member, text);
  b.end();
  return b.finish();
}

}  // namespace reeve::estate
