#pragma once
#include <fmt/format.h>

#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "sandbox/estate_io.h"
#include "sandbox/store.h"

/// How a drawer's tables get into estate files and out of them.
namespace reeve::sandbox {

/// What a row of a table is made in: given to `complete(place, row, now)`, which a service may define for its rows to
/// fill what a file may leave out.
struct RowPlace {
  Store& store;
  std::string account, region;  ///< region is empty in an account's drawer
};

template <class T>
void complete(const RowPlace&, T&, Time) {}

/// Reads the rows of one table from a list of maps: `fields` says their members, `check(item, place)` may add problems,
/// `done(row)` completes a row before it is added. Nothing is added once there are problems.
template <class T, class Check, class Done>
void load_table(Value list, const std::string& place, std::string_view name, Time now, EstateProblems& problems,
                Table<T>& into, Check check, Done done) {
  if (!list.is_null() && !list.is_list()) problems.add(fmt::format("{}.{}", place, name), "a list is wanted");
  std::size_t n = 0;
  std::unordered_set<std::string> ids;
  for (Value item : list.items()) {
    const std::string at = fmt::format("{}.{}[{}]", place, name, n++);
    if (into.rows.size() >= most_resources) {
      problems.add(at, fmt::format("at most {} of a kind in a region", most_resources));
      return;
    }
    if (!item.is_map()) {
      problems.add(at, "a map is wanted");
      continue;
    }
    T row;
    EstateReader reader(item, at, now, problems);
    fields(reader, row);
    reader.finish();
    check(item, at);
    if (row.id.empty()) {
      problems.add(at, "the id is missing");
      continue;
    }
    if (!ids.insert(row.id).second) problems.add(at, fmt::format("\"{}\" stands there before", row.id));
    if (!problems.lines.empty()) continue;  // nothing of it is taken, and numbers may be out of bounds
    done(row);
    into.add(std::move(row));
  }
}

/// Writes a table's rows as a list of maps; nothing for an empty one.
template <class T>
void save_table(Builder& out, std::string_view name, const Table<T>& table) {
  if (table.rows.empty()) return;
  EstateWriter writer(out);
  out.begin_list(name);
  for (const auto& [id, row] : table.rows) {
    out.begin_map();
    fields(writer, row);
    out.end();
  }
  out.end();
}

/// Goes to a drawer's tables to read them, to write them, or to forget old views. A drawer calls it with the name and
/// the table, for each; a service gives `fields(io, row)` for its rows (see estate_fields.h).
class EstateTables {
 public:
  static EstateTables load(Value map, RowPlace place, std::string label, Time now, EstateProblems& problems,
                           std::vector<std::string_view>& known) {
    EstateTables out(now);
    out.map_ = map, out.label_ = std::move(label), out.problems_ = &problems, out.known_ = &known;
    out.row_place_.emplace(std::move(place));
    return out;
  }
  static EstateTables save(Builder& into, Time now) {
    EstateTables out(now);
    out.out_ = &into;
    return out;
  }
  static EstateTables forget(Time now) { return EstateTables(now); }

  template <class T>
  void operator()(std::string_view name, Table<T>& table) {
    if (problems_) {
      known_->push_back(name);
      load_table(
          map_[name], label_, name, now_, *problems_, table, [](Value, const std::string&) {},
          [this](T& row) { complete(*row_place_, row, now_); });
    } else if (out_) {
      save_table(*out_, name, table);
    } else {
      table.forget(now_);
    }
  }

 private:
  explicit EstateTables(Time now) : now_(now) {}
  Time now_;
  Builder* out_ = nullptr;
  Value map_;
  std::optional<RowPlace> row_place_;
  std::string label_;
  EstateProblems* problems_ = nullptr;
  std::vector<std::string_view>* known_ = nullptr;
};

}  // namespace reeve::sandbox
