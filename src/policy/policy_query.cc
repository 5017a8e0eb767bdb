#include <algorithm>
#include <cctype>
#include <map>

#include "base/contains.h"
#include "policy/policy_build.h"

namespace reeve::policy {
namespace {

/// Parameters of AWS begin with a capital letter; filter names of EC2 don't.
bool is_parameter(std::string_view key) {
  return !key.empty() && std::isupper(static_cast<unsigned char>(key[0])) != 0;
}

struct QueryReader {
  const estate::Kind& kind;
  const Report& problem;
  std::map<std::string, Value, std::less<>> parameters = {};
  std::vector<std::pair<std::string, Value>> filters = {};
  bool fine = true;

  void fail(Value at, std::string message) {
    fine = false;
    problem(at, std::move(message));
  }

  /// A parameter that the kind's query may name, or any filter where it may name filters.
  bool allowed(std::string_view key) const {
    return contains(kind.query_keys, key) ||
           (!is_parameter(key) && contains(kind.query_keys, std::string_view("Filters")));
  }

  void read(Value item) {
    if (!item.is_map() || item.empty())
      return fail(item, "an entry of \"query\" must be a map, such as {OwnerIds: [self]}");
    if (item.find("Name") && (item.find("Values") || item.find("Value"))) {  // a filter as AWS spells it
      filters.emplace_back(item["Name"].as_string(), item.find("Values") ? item["Values"] : item["Value"]);
      return;
    }
    for (const auto [key, value] : item.entries()) read_entry(item, key, value);
  }

  void read_entry(Value item, std::string_view key, Value value) {
    if (!allowed(key)) {
      std::vector<std::string_view> names(kind.query_keys.begin(), kind.query_keys.end());
      return fail(key_value(item, key), "\"query\" of " + kind.name + " cannot name \"" + std::string(key) + "\": " +
                                            (names.empty() ? "it takes no query" : "allowed are " + one_of(names)) +
                                            did_you_mean(key, names));
    }
    if (key == "Filters") {
      if (!value.is_list()) return fail(value, "\"Filters\" must be a list of maps with Name and Values");
      for (const Value filter : value.items()) {
        if (!filter["Name"].is_text() || !filter["Values"].is_list()) {
          fail(filter, "a filter must be a map with Name and Values");
        } else {
          filters.emplace_back(filter["Name"].as_string(), filter["Values"]);
        }
      }
    } else if (is_parameter(key)) {
      parameters.insert_or_assign(std::string(key), value);
    } else {
      filters.emplace_back(std::string(key), value);
    }
  }

  static void put_text(Builder& builder, Value value) {
    if (value.kind() == Kind::boolean) return builder.add(value.as_bool() ? "true" : "false");
    if (value.kind() == Kind::integer) return builder.add(std::to_string(value.as_integer()));
    builder.add(value.as_text());
  }

  Document finish() const {
    if (parameters.empty() && filters.empty()) return {};
    Builder builder;
    builder.begin_map();
    for (const auto& [key, value] : parameters) builder.put(key, value);
    if (!filters.empty()) {
      builder.begin_list("Filters");
      for (const auto& [name, values] : filters) {
        builder.begin_map();
        builder.put("Name", name);
        builder.begin_list("Values");
        if (values.is_list()) {
          for (const Value value : values.items()) put_text(builder, value);
        } else {
          put_text(builder, values);
        }
        builder.end();
        builder.end();
      }
      builder.end();
    }
    builder.end();
    return builder.finish();
  }
};

}  // namespace

Document read_query(Value query, const estate::Kind& kind, const Report& problem) {
  if (query.is_null()) return {};
  QueryReader reader{.kind = kind, .problem = problem};
  for (const Value item : query.items()) reader.read(item);
  return reader.fine ? reader.finish() : Document();
}

}  // namespace reeve::policy
