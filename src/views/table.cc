#include "views/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "base/encoding.h"

namespace reeve::views {
namespace {

/// The text, or its beginning and "…", in at most so many places. It is valid UTF-8.
std::string cut(std::string_view text, std::size_t most) {
  if (width(text) <= most) return std::string(text);
  std::size_t end = 0;
  for (std::size_t next = 0; next < text.size(); end = next) {
    next = end + std::max<std::size_t>(utf8_sequence(text.substr(end)), 1);
    if (width(text.substr(0, next)) + 1 > most) break;
  }
  return std::string(text.substr(0, end)) + "…";
}

std::string csv_title(std::string_view title) {
  std::string out(title);
  for (char& c : out) {
    if (c != '.' && std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return out;
}

/// Whether a spreadsheet would take a text for a formula (OWASP, "CSV Injection"; also by the wide forms of the signs).
bool is_formula(std::string_view text) {
  constexpr std::string_view signs[] = {"=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"};
  return std::ranges::any_of(signs, [&](std::string_view sign) { return text.starts_with(sign); });
}

std::string csv_cell(const Cell& cell) {
  std::string out = harmless_text(cell.csv, true);
  if (!cell.number && is_formula(out)) out.insert(0, "'");
  if (out.find_first_of(",\"\r\n") == std::string::npos) return out;
  std::string quoted = "\"";
  for (const char c : out) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace

std::size_t width(std::string_view text) {
  // fmt pads by the places that a terminal takes; its measure has no door of its own.
  if (text.empty()) return 0;
  return 2 * text.size() - fmt::formatted_size("{:<{}}", text, text.size());
}

std::string dollars(double amount) {
  const auto cents = static_cast<long long>(std::llround(std::abs(amount) * 100));
  std::string whole = std::to_string(cents / 100);
  for (std::ptrdiff_t at = static_cast<std::ptrdiff_t>(whole.size()) - 3; at > 0; at -= 3) {
    whole.insert(static_cast<std::size_t>(at), ",");
  }
  return fmt::format("{}${}.{:02}", amount < 0 && cents > 0 ? "-" : "", whole, cents % 100);
}

Cell money(const std::optional<double>& amount) {
  if (!amount) return {"-", ""};
  return {dollars(*amount), fmt::format("{}", *amount), true};
}

std::string counted(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string Table::text(std::string_view indent) const {
  std::vector<std::size_t> shown, widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].in == In::csv) continue;
    shown.push_back(i);
    widths.push_back(width(columns_[i].title));
  }
  std::vector<std::vector<std::string>> cells;
  for (const auto& row : rows_) {
    auto& line = cells.emplace_back();
    for (std::size_t k = 0; k < shown.size(); ++k) {
      const std::size_t i = shown[k];
      line.push_back(i < row.size() ? cut(harmless_text(row[i].text), columns_[i].most) : std::string());
      widths[k] = std::max(widths[k], width(line.back()));
    }
  }
  std::string out;
  auto put_line = [&](auto&& cell_of) {
    std::string line(indent);
    for (std::size_t k = 0; k < shown.size(); ++k) {
      const std::string cell = cell_of(k);
      const std::string pad(widths[k] - width(cell), ' ');
      if (k > 0) line += "  ";
      line += columns_[shown[k]].align == Align::right ? pad + cell : cell + pad;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  };
  put_line([&](std::size_t k) { return columns_[shown[k]].title; });
  for (const auto& line : cells) put_line([&](std::size_t k) { return line[k]; });
  return out;
}

std::string Table::csv_header() const {
  Row titles;
  for (const auto& column : columns_) titles.emplace_back(csv_title(column.title));
  return csv_line(titles);
}

std::string Table::csv_line(const Row& row) const {
  std::string out;
  bool first = true;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].in == In::text) continue;
    if (!first) out += ',';
    first = false;
    if (i < row.size()) out += csv_cell(row[i]);
  }
  return out + "\r\n";
}

std::string Table::csv() const {
  std::string out = csv_header();
  for (const auto& row : rows_) out += csv_line(row);
  return out;
}

}  // namespace reeve::views
