#pragma once
#include <algorithm>
#include <concepts>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/document.h"
#include "sandbox/store.h"

/// Reading and writing of estate files by one list of fields a kind (estate_fields.h), so that what is written is what
/// is read.
namespace reeve::sandbox {

/// What is wrong with an estate; all of it, each with its place.
struct EstateProblems {
  static constexpr std::size_t most = 20;
  std::vector<std::string> lines;
  void add(const std::string& place, const std::string& what) {
    if (lines.size() < most) lines.push_back(place + ": " + what);
  }
};

/// "-45d", "+7d", "-3h", "-90m", "now", or an ISO 8601 date; nullopt for anything else.
std::optional<Time> read_estate_time(Value value, Time now);

/// Reads the members of one map.
class EstateReader {
 public:
  EstateReader(Value map, std::string place, Time now, EstateProblems& problems);

  static constexpr bool reads = true;
  void operator()(std::string_view name, std::string& into);
  void operator()(std::string_view name, std::int64_t& into);
  void operator()(std::string_view name, double& into);
  void operator()(std::string_view name, bool& into, bool otherwise = false);
  void operator()(std::string_view name, Time& into);
  void operator()(std::string_view name, std::optional<Time>& into);
  void operator()(std::string_view name, std::set<std::string, std::less<>>& into);
  void operator()(std::string_view name, std::vector<std::string>& into);
  void operator()(std::string_view name, Document& into);
  /// Tags: a map of keys and values, or AWS's list of {Key, Value}.
  void tags(std::string_view name, Tags& into);
  void pairs(std::string_view name, std::vector<std::pair<std::string, std::string>>& into);
  template <class T>
  void part(std::string_view name, std::optional<T>& into) {
    const Value value = take(name, Kind::map);
    if (!value.is_map()) return;
    into.emplace();
    nested(value, place_ + "." + std::string(name), *into);
  }
  /// A map that only groups some members of `into`.
  template <class T, class Body>
  void group(std::string_view name, T& into, Body body) {
    const Value value = take(name, Kind::map);
    if (!value.is_map()) return;
    EstateReader inner(value, place_ + "." + std::string(name), now_, problems_);
    body(inner, into);
    inner.finish();
  }
  template <class T>
  void list(std::string_view name, std::vector<T>& into) {
    const Value value = take(name, Kind::list);
    std::size_t n = 0;
    for (Value item : value.items()) {
      const std::string place = place_ + "." + std::string(name) + "[" + std::to_string(n++) + "]";
      if (!item.is_map()) {
        problems_.add(place, "a map is wanted");
        continue;
      }
      into.emplace_back();
      nested(item, place, into.back());
    }
  }
  template <class T>
  void by_zone(std::string_view name, std::map<std::string, T, std::less<>>& into) {
    const Value value = take(name, Kind::map);
    for (auto [key, item] : value.entries()) nested(item, place_ + "." + std::string(key), into[std::string(key)]);
  }
  /// A member that somebody else reads.
  void know(std::string_view name) { known_.push_back(name); }
  /// After all fields: members that nobody asked for are problems, with the nearest name.
  void finish();

 private:
  Value take(std::string_view name, Kind kind);
  template <class T>
  void nested(Value value, const std::string& place, T& into) {
    EstateReader inner(value, place, now_, problems_);
    fields(inner, into);
    inner.finish();
  }
  Value map_;
  std::string place_;
  Time now_;
  EstateProblems& problems_;
  std::vector<std::string_view> known_;
};

/// Writes the members of one map; empty ones are left out.
class EstateWriter {
 public:
  explicit EstateWriter(Builder& out) : out_(out) {}

  static constexpr bool reads = false;
  void operator()(std::string_view name, const std::string& value) { out_.put_if(name, value); }
  void operator()(std::string_view name, std::int64_t value) { out_.put(name, value); }
  void operator()(std::string_view name, double value) { out_.put(name, value); }
  void operator()(std::string_view name, bool value, bool otherwise = false) {
    if (value != otherwise) out_.put(name, value);
  }
  void operator()(std::string_view name, Time value) { out_.put(name, format_iso8601(value)); }
  void operator()(std::string_view name, const std::optional<Time>& value) {
    if (value) out_.put(name, format_iso8601(*value));
  }
  void operator()(std::string_view name, const std::set<std::string, std::less<>>& value) { texts(name, value); }
  void operator()(std::string_view name, const std::vector<std::string>& value) { texts(name, value); }
  void operator()(std::string_view name, const Document& value) {
    if (!value.root().is_null()) out_.put(name, value);
  }
  void tags(std::string_view name, const Tags& value) {
    if (value.empty()) return;
    out_.begin_map(name);
    for (const auto& [k, v] : value) out_.put(k, v);
    out_.end();
  }
  void pairs(std::string_view name, const std::vector<std::pair<std::string, std::string>>& value) {
    if (value.empty()) return;
    out_.begin_map(name);
    for (const auto& [k, v] : value) out_.put(k, v);
    out_.end();
  }
  template <class T>
  void part(std::string_view name, const std::optional<T>& value) {
    if (!value) return;
    out_.begin_map(name);
    fields(*this, *value);
    out_.end();
  }
  template <class T, class Body>
  void group(std::string_view name, T& from, Body body) {
    out_.begin_map(name);
    body(*this, from);
    out_.end();
  }
  template <class T>
  void list(std::string_view name, const std::vector<T>& value) {
    if (value.empty()) return;
    out_.begin_list(name);
    for (const T& item : value) {
      out_.begin_map();
      fields(*this, item);
      out_.end();
    }
    out_.end();
  }
  template <class T>
  void by_zone(std::string_view name, const std::map<std::string, T, std::less<>>& value) {
    if (value.empty()) return;
    out_.begin_map(name);
    for (const auto& [zone, item] : value) {
      out_.begin_map(zone);
      fields(*this, item);
      out_.end();
    }
    out_.end();
  }

 private:
  template <class C>
  void texts(std::string_view name, const C& value) {
    if (value.empty()) return;
    out_.begin_list(name);
    for (const std::string& text : value) out_.add(text);
    out_.end();
  }
  Builder& out_;
};

}  // namespace reeve::sandbox
