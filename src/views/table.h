#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace reeve::views {

/// Rows of text in columns: for people as an aligned table, for spreadsheets as CSV.
class Table {
 public:
  enum class Align { left, right };
  struct Column {
    std::string title;
    Align align = Align::left;
    std::size_t most = 60;  ///< longer texts end in "…"
  };
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.empty(); }
  /// Lines ending in a line feed; control characters of the texts are made visible, so that nothing that came from
  /// outside can steer a terminal.
  std::string text(std::string_view indent = "") const;
  /// RFC 4180 with a header line; cells that a spreadsheet would take for a formula begin with an apostrophe.
  std::string csv() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// A text that can be printed on a terminal: control characters as \xNN.
std::string printable(std::string_view text);
/// "$1,234.50", or "-" without a figure.
std::string dollars(double amount);
/// "1 snapshot", "2 snapshots".
std::string counted(std::size_t count, std::string_view noun);
/// Characters of a UTF-8 text (code points; good enough for columns).
std::size_t width(std::string_view text);

}  // namespace reeve::views
