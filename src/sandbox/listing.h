#pragma once
#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "sandbox/service.h"

/// Filters and pages of EC2's Describe operations.
namespace reeve::sandbox {

/// A reference to a callable that lives longer than the call.
using TextTest = const std::function<bool(std::string_view)>&;

/// Matches a text against a pattern with * and ? and \ as EC2's filters read them.
bool matches_wildcard(std::string_view pattern, std::string_view text);

/// One filter: any of its values.
struct Filter {
  std::string name;
  std::string tag;                 ///< of "tag:Key"
  std::vector<std::string> exact;  ///< sorted
  std::vector<std::string> wildcards;
  bool matches(std::string_view text) const;
};

/// The filters of a call. Faults: InvalidParameterValue, FilterLimitExceeded (200 values), MissingParameter.
std::expected<std::vector<Filter>, Fault> read_filters(Value filters);

/// What a filter of this name looks at: calls `test` with each text, true if one passed.
template <class T>
struct Field {
  std::string_view name;
  bool (*any)(const T&, TextTest);
};

bool tags_match(const Filter& filter, const Tags& tags);

/// A filter bound to its field.
template <class T>
struct Bound {
  const Filter* filter;
  const Field<T>* field;  ///< nullptr: tag:Key or tag-key
  std::function<bool(std::string_view)> test;
};

template <class T, std::size_t N>
std::expected<std::vector<Bound<T>>, Fault> bind(const std::vector<Filter>& filters,
                                                 const std::array<Field<T>, N>& fields) {
  std::vector<Bound<T>> out;
  for (const Filter& filter : filters) {
    const Field<T>* field = nullptr;
    for (const auto& f : fields) {
      if (f.name == filter.name) field = &f;
    }
    if (!field && filter.name != "tag-key" && filter.tag.empty()) {
      return fault("InvalidParameterValue", "The filter '" + filter.name + "' is invalid");
    }
    out.push_back({&filter, field, [&filter](std::string_view text) { return filter.matches(text); }});
  }
  return out;
}

template <class T>
bool passes(const std::vector<Bound<T>>& filters, const T& row) {
  for (const auto& bound : filters) {
    if (bound.field) {
      if (!bound.field->any(row, bound.test)) return false;
    } else if constexpr (requires { row.tags; }) {
      if (!tags_match(*bound.filter, row.tags)) return false;
    }
  }
  return true;
}

/// Exact ids that one of the filters asks for by its name, so that only these rows are looked at; nullptr: all rows.
const Filter* id_filter(const std::vector<Filter>& filters, std::string_view name);

/// MaxResults and NextToken.
struct Page {
  std::size_t size = SIZE_MAX;
  std::string account, after;  ///< where the page begins: behind this row
};
/// `least`..`most` is what MaxResults may be; more than `most` counts as `most` where AWS says so. Faults:
/// InvalidParameterValue, InvalidNextToken, InvalidParameterCombination (with ids). Services with other names for the
/// two members say them.
std::expected<Page, Fault> read_page(const Call& call, bool by_ids, std::int64_t least = 5, std::int64_t most = 1000,
                                     std::string_view size_member = "MaxResults",
                                     std::string_view token_member = "NextToken");
/// The opaque token of a page that begins behind this row.
std::string make_token(const Call& call, std::string_view account, std::string_view after);

/// The token of a page that begins at the beginning: for faults that send an empty page first.
std::string first_token(std::string_view account, std::string_view region, std::string_view service,
                        std::string_view operation);

/// The page's rows, and the token of the next page or "".
template <class T>
struct Listed {
  std::vector<const T*> rows;
  std::string next;
  std::string last_account = {};  ///< whose the last row is
};

/// Lists one region's table by filters.
template <class T, class Keep>
void list_table(const Call& call, const Table<T>& table, const std::string& account, const Page& page,
                const std::vector<Filter>& filters, std::string_view id_name, const std::vector<Bound<T>>& bound,
                Keep keep, Listed<T>& out) {
  if (!out.next.empty() || account < page.account) return;
  const std::string_view after = account == page.account ? std::string_view(page.after) : std::string_view();
  auto take = [&](const T& row) {
    if (!keep(row) || !passes(bound, row)) return true;
    if (out.rows.size() == page.size) {
      out.next = make_token(call, out.last_account, out.rows.back()->id);
      return false;
    }
    out.rows.push_back(&row);
    if (out.last_account != account) out.last_account = account;
    return true;
  };
  if (const Filter* ids = id_filter(filters, id_name)) {
    for (const std::string& id : ids->exact) {
      if (id <= after) continue;
      const T* row = table.seen(id, call.now);
      if (row && !take(*row)) return;
    }
    return;
  }
  table.each_seen(call.now, after, take);
}

/// EC2's dates in filters: "2026-01-19T00:36:26.000Z".
std::string filter_date(Time time);
inline std::string_view truth(bool value) { return value ? "true" : "false"; }

}  // namespace reeve::sandbox
