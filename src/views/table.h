#pragma once
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reeve::views {

/// One value in a table: as people read it, and as programs do.
struct Cell {
  std::string text;     ///< in the aligned table
  std::string csv;      ///< in CSV
  bool number = false;  ///< `csv` is a plain number: it stands as it is, a minus is no formula
  Cell(std::string both) : text(both), csv(std::move(both)) {}                              // NOLINT
  Cell(std::string_view both) : Cell(std::string(both)) {}                                  // NOLINT
  Cell(const char* both) : Cell(std::string(both)) {}                                       // NOLINT
  Cell(std::integral auto count) : text(std::to_string(count)), csv(text), number(true) {}  // NOLINT
  Cell(std::string for_people, std::string for_programs, bool is_number = false)
      : text(std::move(for_people)), csv(std::move(for_programs)), number(is_number) {}
};
/// "$1,234.50" and 1234.5; "-" and nothing without a figure.
Cell money(const std::optional<double>& amount);

/// Rows in columns: for people as an aligned table, for spreadsheets and scripts as CSV (RFC 4180).
class Table {
 public:
  enum class Align { left, right };
  enum class In { both, text, csv };
  struct Column {
    std::string title;
    Align align = Align::left;
    std::size_t most = 60;  ///< cells of the table; longer texts end in "…"
    In in = In::both;
  };
  using Row = std::vector<Cell>;  ///< a cell a column
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  void add(Row row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.empty(); }
  /// Lines ending in a line feed, aligned by what terminals show (wide characters take two places); nothing in a cell
  /// can steer a terminal (harmless_text).
  std::string text(std::string_view indent = "") const;
  /// The header, and a line a row. Titles are written with `_` for what is not a letter, digit or dot. A cell that a
  /// spreadsheet would take for a formula begins with an apostrophe.
  std::string csv() const;
  /// The parts of csv(), for rows that nobody holds at once.
  std::string csv_header() const;
  std::string csv_line(const Row& row) const;

 private:
  std::vector<Column> columns_;
  std::vector<Row> rows_;
};

/// "$1,234.50".
std::string dollars(double amount);
/// "1 snapshot", "2 snapshots".
std::string counted(std::size_t count, std::string_view noun);
/// Places that a UTF-8 text takes on a terminal.
std::size_t width(std::string_view text);

}  // namespace reeve::views
