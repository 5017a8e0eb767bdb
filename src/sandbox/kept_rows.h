#pragma once
#include <cstddef>
#include <utility>

#include "sandbox/store.h"

namespace reeve::sandbox {

/// Holds what a service keeps on record of what it sent within bounds: the oldest rows make room. For a table whose
/// ids sort by age; `bytes_of(row)` is what a row takes.
class KeptRows {
 public:
  static constexpr std::size_t most_rows = 10'000;
  static constexpr std::size_t most_bytes = std::size_t{64} << 20;

  template <class Row, class BytesOf>
  void add(Table<Row>& table, Row row, BytesOf bytes_of) {
    auto& rows = table.rows;
    if (count_ != rows.size()) {  // an estate was loaded
      bytes_ = 0;
      for (const auto& [id, old] : rows) bytes_ += bytes_of(old);
    }
    bytes_ += bytes_of(row);
    table.add(std::move(row));
    while (rows.size() > most_rows || (bytes_ > most_bytes && rows.size() > 1)) {
      bytes_ -= bytes_of(rows.begin()->second);
      rows.erase(rows.begin());
    }
    count_ = rows.size();
  }

 private:
  std::size_t count_ = 0, bytes_ = 0;
};

}  // namespace reeve::sandbox
