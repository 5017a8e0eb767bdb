#include "views/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace reeve::views {
namespace {

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

std::string cut(std::string_view text, std::size_t most) {
  if (width(text) <= most) return std::string(text);
  std::size_t end = 0;
  for (std::size_t seen = 0; end < text.size(); ++end) {
    if (!continues(text[end]) && ++seen == most) break;
  }
  return std::string(text.substr(0, end)) + "…";
}

std::string cell_of_csv(std::string_view text) {
  std::string out(text);
  if (!out.empty() && std::string_view("=+-@\t\r").find(out.front()) != std::string_view::npos) out.insert(0, "'");
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
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return !continues(c); }));
}

std::string printable(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool c1 = c == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (c < 0x20 || c == 0x7F) {
      out += fmt::format("\\x{:02x}", c);
    } else if (c1) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[++i]));
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string dollars(double amount) {
  const auto cents = static_cast<long long>(std::llround(std::abs(amount) * 100));
  std::string whole = std::to_string(cents / 100);
  for (std::ptrdiff_t at = static_cast<std::ptrdiff_t>(whole.size()) - 3; at > 0; at -= 3) {
    whole.insert(static_cast<std::size_t>(at), ",");
  }
  return fmt::format("{}${}.{:02}", amount < 0 && cents > 0 ? "-" : "", whole, cents % 100);
}

std::string counted(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string Table::text(std::string_view indent) const {
  std::vector<std::size_t> widths;
  for (const auto& column : columns_) widths.push_back(width(column.title));
  std::vector<std::vector<std::string>> cells;
  for (const auto& row : rows_) {
    auto& line = cells.emplace_back();
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      line.push_back(i < row.size() ? cut(printable(row[i]), columns_[i].most) : std::string());
      widths[i] = std::max(widths[i], width(line.back()));
    }
  }
  std::string out;
  auto put_line = [&](auto&& cell_of) {
    std::string line(indent);
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::string cell = cell_of(i);
      const std::string pad(widths[i] - width(cell), ' ');
      if (i > 0) line += "  ";
      line += columns_[i].align == Align::right ? pad + cell : cell + pad;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  };
  put_line([&](std::size_t i) { return columns_[i].title; });
  for (const auto& line : cells) put_line([&](std::size_t i) { return line[i]; });
  return out;
}

std::string Table::csv() const {
  std::string out;
  auto put_line = [&](auto&& cell_of) {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (i > 0) out += ',';
      out += cell_of_csv(cell_of(i));
    }
    out += "\r\n";
  };
  put_line([&](std::size_t i) { return columns_[i].title; });
  for (const auto& row : rows_) put_line([&](std::size_t i) { return i < row.size() ? row[i] : std::string(); });
  return out;
}

}  // namespace reeve::views
