#include "text/dates.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <span>
#include <string>
#include <vector>

#include "text/python_text.h"

namespace reeve::text {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// A number ("19", "26.533"), a word, white space (" ") or one other character.
struct Token {
  enum Type : std::uint8_t { number, word, space, other } type;
  std::string text;
};

constexpr std::size_t longest_date = 200;  // the longest forms have some 60 characters

/// Full-width digits and other decimal digits of Unicode that people paste are read as ASCII ones.
std::string plain_digits(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = next_code_point(text, at);
    const bool wide = c >= 0xFF10 && c <= 0xFF19;
    append_utf8(out, wide ? c - 0xFF10 + '0' : c);
  }
  return out;
}

std::vector<Token> tokens_of(std::string_view text) {
  std::vector<Token> out;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    std::size_t end = at + 1;
    if (is_digit(c)) {
      bool point = at >= 2 && text[at - 1] == '.' && is_digit(text[at - 2]);
      // A point goes on with the number, and so does a comma after the seconds; two points separate ("19.01.2026").
      while (end < text.size()) {
        if (is_digit(text[end])) {
          ++end;
        } else if (!point && end + 1 < text.size() && is_digit(text[end + 1]) &&
                   (text[end] == '.' || (text[end] == ',' && end - at == 2))) {
          point = true;
          ++end;
        } else {
          break;
        }
      }
      std::string_view number = text.substr(at, end - at);
      if (const std::size_t dot = number.find('.');
          point && dot != std::string_view::npos && end < text.size() && text[end] == '.') {
        end = at + dot;
        number = text.substr(at, dot);
      }
      out.push_back({Token::number, std::string(number)});
      std::ranges::replace(out.back().text, ',', '.');
    } else if (is_letter(c)) {
      while (end < text.size() && is_letter(text[end])) ++end;
      out.push_back({Token::word, std::string(text.substr(at, end - at))});
    } else if (c == ' ' || (c >= '\t' && c <= '\r')) {
      out.push_back({Token::space, " "});
    } else {
      out.push_back({Token::other, std::string(1, c)});
    }
    at = end;
  }
  return out;
}

std::optional<int> index_of(std::string_view word, std::span<const std::string_view> names) {
  const std::string w = lower(word);
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (w == names[i] || (w.size() == 3 && names[i].starts_with(w)) || (w == "sept" && names[i] == "september")) {
      return static_cast<int>(i);
    }
  }
  return std::nullopt;
}

constexpr std::array<std::string_view, 12> months = {"january",   "february", "march",    "april",
                                                     "may",       "june",     "july",     "august",
                                                     "september", "october",  "november", "december"};
constexpr std::array<std::string_view, 7> weekdays = {"monday", "tuesday",  "wednesday", "thursday",
                                                      "friday", "saturday", "sunday"};

/// The numbers of the date, in the order in which they stood; which is which is found out at the end.
struct DateParts {
  struct Part {
    int value;
    bool year;  // cannot be anything else: more than two digits, or said so
  };
  std::vector<Part> parts;
  std::optional<std::size_t> month_at;  // the part that was a month's name

  bool add(int value, bool year) {
    if (parts.size() == 3) return false;
    parts.push_back({value, year});
    return true;
  }
};

class DateReader {
 public:
  DateReader(std::vector<Token> tokens, Time now) : t_(std::move(tokens)), now_(to_calendar(now)) {}

  std::optional<ParsedDate> run() {
    while (at_ < t_.size()) {
      if (!step()) return std::nullopt;
    }
    return finish();
  }

 private:
  bool is(std::size_t i, char c) const { return i < t_.size() && t_[i].type == Token::other && t_[i].text[0] == c; }
  bool is_number(std::size_t i) const { return i < t_.size() && t_[i].type == Token::number; }
  bool is_word(std::size_t i) const { return i < t_.size() && t_[i].type == Token::word; }
  static std::optional<int> whole(std::string_view text) {
    int value = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || stop != text.data() + text.size()) return std::nullopt;
    return value;
  }

  bool step() {
    switch (t_[at_].type) {
      case Token::space:
        ++at_;
        return true;
      case Token::number:
        return number();
      case Token::word:
        return word();
      case Token::other:
        return other();
    }
    return false;
  }

  bool other() {
    const char c = t_[at_].text[0];
    if ((c == '+' || c == '-') && hour_ && is_number(at_ + 1)) return offset();
    ++at_;
    return std::string_view(",.;/'-").contains(c);
  }

  bool offset() {
    const int sign = t_[at_].text[0] == '+' ? 1 : -1;
    const std::string digits = t_[at_ + 1].text;
    const auto value = whole(digits);
    if (!value || offset_) return false;
    at_ += 2;
    int seconds = 0;
    if (digits.size() == 4) {
      seconds = (*value / 100) * 3600 + (*value % 100) * 60;
    } else if (digits.size() <= 2 && is(at_, ':') && is_number(at_ + 1)) {
      const auto minutes = whole(t_[at_ + 1].text);
      if (!minutes) return false;
      seconds = *value * 3600 + *minutes * 60;
      at_ += 2;
    } else if (digits.size() <= 2) {
      seconds = *value * 3600;
    } else {
      return false;
    }
    if (seconds >= 86400) return false;
    offset_ = sign * seconds;
    // "+0300 (MSK)": the name in parentheses says the same again.
    std::size_t next = at_;
    while (next < t_.size() && t_[next].type == Token::space) ++next;
    if (is(next, '(') && is_word(next + 1) && is(next + 2, ')')) at_ = next + 3;
    return true;
  }

  bool word() {
    const std::string& w = t_[at_].text;
    const std::string low = lower(w);
    if (index_of(w, weekdays)) {
      weekday_ = index_of(w, weekdays);
      ++at_;
      return true;
    }
    if (const auto month = index_of(w, months)) {
      if (date_.month_at) return false;
      date_.month_at = date_.parts.size();
      if (!date_.add(*month + 1, false)) return false;
      ++at_;
      // "Jan-19-2026", "Jan/19": what follows belongs to the date.
      if ((is(at_, '-') || is(at_, '/')) && is_number(at_ + 1)) {
        const char separator = t_[at_].text[0];
        if (!date_number(t_[at_ + 1].text)) return false;
        at_ += 2;
        if (is(at_, separator) && is_number(at_ + 1)) {
          if (!date_number(t_[at_ + 1].text)) return false;
          at_ += 2;
        }
      }
      return true;
    }
    if (low == "am" || low == "pm" || low == "a" || low == "p") {
      if (!hour_ || *hour_ > 12 || halved_) return false;
      if (low[0] == 'p' && *hour_ < 12) *hour_ += 12;
      if (low[0] == 'a' && *hour_ == 12) *hour_ = 0;
      halved_ = true;
      ++at_;
      return true;
    }
    const bool utc = w == "UTC" || w == "GMT" || w == "Z" || w == "z";
    const bool upper_case = std::ranges::all_of(w, [](char c) { return c >= 'A' && c <= 'Z'; });
    if (hour_ && !offset_ && !zone_ && w.size() <= 5 && (utc || upper_case)) {
      zone_ = true;  // another zone's name is not understood: the time stays without an offset
      ++at_;
      if (utc) offset_ = 0;
      // "GMT+3" means that GMT is three hours ahead, as in POSIX's TZ.
      if ((is(at_, '+') || is(at_, '-')) && is_number(at_ + 1)) {
        offset_.reset();
        t_[at_].text = is(at_, '+') ? "-" : "+";
      }
      return true;
    }
    static constexpr std::array<std::string_view, 9> passed_over = {"t",  "at", "on", "and", "of",
                                                                    "st", "nd", "rd", "th"};
    if (std::ranges::find(passed_over, low) != passed_over.end() || low == "ad" || low == "m") {
      ++at_;
      return true;
    }
    return false;
  }

  bool date_number(std::string_view text) {
    const auto value = whole(text);
    return value && date_.add(*value, text.size() > 2);
  }

  bool clock(std::string_view hour, std::string_view minute, std::string_view second) {
    const auto h = whole(hour), m = whole(minute);
    if (!h || !m || hour_) return false;
    hour_ = h;
    minute_ = m;
    return second.empty() || seconds(second);
  }
  /// "26", "26.533": digits past the microsecond are cut off.
  bool seconds(std::string_view text) {
    const std::size_t point = text.find('.');
    second_ = whole(text.substr(0, point));
    if (!second_) return false;
    if (point != std::string_view::npos) {
      std::string micros(text.substr(point + 1, 6));
      micros.resize(6, '0');
      const auto value = whole(micros);
      if (!value) return false;
      microsecond_ = *value;
    }
    return true;
  }

  bool number() {
    const std::string text = t_[at_].text;
    const std::size_t point = text.find('.');
    const std::size_t digits = std::min(point, text.size());
    const bool compact_time_next = is_word(at_ + 1) && (t_[at_ + 1].text == "T" || t_[at_ + 1].text == "t");
    // 20260119T003626: the clock after a whole date.
    if (date_.parts.size() == 3 && !hour_ && (digits == 2 || digits == 4 || digits == 6) &&
        (at_ == 0 || t_[at_ - 1].type == Token::space || t_[at_ - 1].type == Token::word) && !is(at_ + 1, ':') &&
        !unit_at(at_ + 1)) {
      ++at_;
      if (digits == 2 && point != std::string::npos) return false;
      return clock(text.substr(0, 2), digits > 2 ? text.substr(2, 2) : "0", digits > 4 ? text.substr(4) : "");
    }
    if (digits == 6 || digits == 8 || digits == 12 || digits == 14) {
      if (digits != 6 && point != std::string::npos && digits != 14) return false;
      ++at_;
      if (digits == 6) {  // YYMMDD, or the clock's hhmmss where the date stands already or a fraction follows
        if (date_.parts.empty() && point == std::string::npos) {
          return date_number(text.substr(0, 2)) && date_number(text.substr(2, 2)) && date_number(text.substr(4, 2));
        }
        return clock(text.substr(0, 2), text.substr(2, 2), text.substr(4));
      }
      if (!date_.parts.empty() || !date_.add(*whole(text.substr(0, 4)), true) || !date_number(text.substr(4, 2)) ||
          !date_number(text.substr(6, 2))) {
        return false;
      }
      if (digits == 8) return true;
      return clock(text.substr(8, 2), text.substr(10, 2), digits == 14 ? text.substr(12) : "");
    }
    if (is(at_ + 1, ':') && is_number(at_ + 2)) return clock_with_colons();
    if (const char unit = unit_at(at_ + 1)) return quantity(unit);
    if (point != std::string::npos) return false;
    // 2026-01-19, 01/02/2026, 19.01.2026, 19-Jan-2026
    if (is(at_ + 1, '-') || is(at_ + 1, '/') || is(at_ + 1, '.')) return separated();
    const auto value = whole(text);
    if (!value || compact_time_next) return value && date_number(text) && (++at_, true);
    // "7 pm"
    const std::size_t next = at_ + 1 < t_.size() && t_[at_ + 1].type == Token::space ? at_ + 2 : at_ + 1;
    if (is_word(next) && *value <= 12 && !hour_) {
      const std::string low = lower(t_[next].text);
      if (low == "am" || low == "pm") {
        hour_ = *value;
        minute_ = 0;
        ++at_;
        return true;
      }
    }
    ++at_;
    return date_number(text);
  }

  char unit_at(std::size_t i) const {
    if (i < t_.size() && t_[i].type == Token::space) ++i;
    if (!is_word(i)) return 0;
    const std::string low = lower(t_[i].text);
    if (low == "h" || low == "hour" || low == "hours") return 'h';
    if (low == "m" || low == "minute" || low == "minutes") return 'm';
    if (low == "s" || low == "second" || low == "seconds") return 's';
    return 0;
  }
  bool quantity(char unit) {
    const std::string text = t_[at_].text;
    at_ += t_[at_ + 1].type == Token::space ? 3 : 2;
    if (unit == 's') return seconds(text);
    const auto value = whole(text);
    if (!value) return false;
    (unit == 'h' ? hour_ : minute_) = value;
    if (unit == 'h' && !minute_) minute_ = 0;
    return true;
  }

  bool clock_with_colons() {
    const std::string hour = t_[at_].text, minute = t_[at_ + 2].text;
    at_ += 3;
    if (!is(at_, ':') || !is_number(at_ + 1)) {
      if (minute.contains('.')) return false;
      return clock(hour, minute, "");
    }
    const std::string second = t_[at_ + 1].text;
    at_ += 2;
    return clock(hour, minute, second);
  }

  bool separated() {
    const char separator = t_[at_ + 1].text[0];
    if (!date_number(t_[at_].text)) return false;
    at_ += 2;
    if (is_number(at_)) {
      if (!date_number(t_[at_].text)) return false;
    } else if (is_word(at_) && index_of(t_[at_].text, months) && !date_.month_at) {
      date_.month_at = date_.parts.size();
      if (!date_.add(*index_of(t_[at_].text, months) + 1, false)) return false;
    } else {
      return separator == '.' || (at_ < t_.size() && t_[at_].type == Token::space);
    }
    ++at_;
    if (!is(at_, separator)) return true;
    if (!is_number(at_ + 1)) return false;
    if (!date_number(t_[at_ + 1].text)) return false;
    at_ += 2;
    return true;
  }

  std::optional<ParsedDate> finish() const {
    if (date_.parts.empty() && !hour_ && !weekday_) return std::nullopt;
    std::optional<int> year, month, day;
    if (!resolve(year, month, day)) return std::nullopt;
    Calendar c = now_;
    c.microsecond = microsecond_;
    c.hour = hour_.value_or(0);
    c.minute = minute_.value_or(0);
    c.second = second_.value_or(0);
    if (year) c.year = *year;
    if (month) c.month = static_cast<unsigned>(*month);
    if (c.hour > 23 || c.minute > 59 || c.second > 59 || c.year < 1 || c.year > 9999 || c.month < 1 || c.month > 12) {
      return std::nullopt;
    }
    if (day) c.day = static_cast<unsigned>(*day);
    while (!day && !valid_date(c.year, c.month, c.day) && c.day > 28) --c.day;  // the month is shorter than today's
    if (!valid_date(c.year, c.month, c.day)) return std::nullopt;
    Time time = from_calendar(c);
    if (weekday_ && !day) {
      const int today = (static_cast<int>(to_calendar(time).weekday) + 6) % 7;
      time = time + std::chrono::hours(24 * ((*weekday_ - today + 7) % 7));
    }
    return ParsedDate{time - std::chrono::seconds(offset_.value_or(0)), offset_, zone_ && !offset_};
  }

  /// Two digits mean the year nearest to now.
  int century(int value, bool year) const {
    if (year || value > 99) return value;
    int out = value + now_.year / 100 * 100;
    if (out >= now_.year + 50) out -= 100;
    if (out < now_.year - 50) out += 100;
    return out;
  }

  bool resolve(std::optional<int>& year, std::optional<int>& month, std::optional<int>& day) const {
    const auto& p = date_.parts;
    const auto is_year = [&](std::size_t i) { return p[i].year || p[i].value > 31; };
    const auto set = [&](std::size_t y, std::size_t m, std::size_t d) {
      if (y < p.size()) year = century(p[y].value, p[y].year);
      if (m < p.size()) month = p[m].value;
      if (d < p.size()) day = p[d].value;
      return true;
    };
    constexpr std::size_t none = 9;
    if (p.empty()) return true;
    if (p.size() == 1) {
      if (date_.month_at) return set(none, 0, none);
      return is_year(0) ? set(0, none, none) : set(none, none, 0);
    }
    if (p.size() == 2) {
      if (date_.month_at) {
        const std::size_t m = *date_.month_at, x = 1 - m;
        return is_year(x) ? set(x, m, none) : set(none, m, x);
      }
      if (is_year(0)) return set(0, 1, none);
      if (is_year(1)) return set(1, 0, none);
      return set(none, 0, 1);
    }
    if (date_.month_at) {
      const std::size_t m = *date_.month_at, a = m == 0 ? 1 : 0, b = m == 2 ? 1 : 2;
      if (m == 1) return is_year(0) ? set(0, 1, 2) : set(2, 1, 0);
      if (m == 0) return is_year(1) ? set(1, 0, 2) : set(2, 0, 1);
      return is_year(b) ? set(b, m, a) : set(a, m, b);
    }
    // Month first, unless the number is too large for that.
    if (is_year(0)) return set(0, 1, 2);
    return p[0].value > 12 ? set(2, 1, 0) : set(2, 0, 1);
  }

  std::vector<Token> t_;
  Calendar now_;
  std::size_t at_ = 0;
  DateParts date_;
  std::optional<int> hour_, minute_, second_, offset_, weekday_;
  int microsecond_ = 0;
  bool halved_ = false, zone_ = false;
};

/// A number as policies read it: not below the day when AWS opened S3 (14 March 2006), seconds if that gives a year of
/// four digits, else milliseconds.
std::optional<Time> from_number(double value) {
  constexpr double first = 1142294400, last = 253402300800;  // the year 10000
  for (const double seconds : {value, value / 1000}) {
    if (!(seconds >= first) || seconds >= last) continue;
    const double whole = std::floor(seconds);
    const double micros = std::nearbyint((seconds - whole) * 1e6);
    return Time{static_cast<std::int64_t>(whole) * 1'000'000 + static_cast<std::int64_t>(micros)};
  }
  return std::nullopt;
}

}  // namespace

std::optional<ParsedDate> parse_date_text(std::string_view text, Time now) {
  if (text.size() > longest_date) return std::nullopt;
  // The form that AWS writes, before the general reader, which takes no 24:00 and no leap seconds.
  if (text.size() >= 20 && text[16] == ':' && text.ends_with('Z') && text.substr(11, 2) != "24" &&
      text.substr(17, 2) != "60") {
    if (const auto iso = parse_iso8601(text)) return ParsedDate{*iso, 0};
  }
  return DateReader(tokens_of(plain_digits(text)), now).run();
}

std::optional<Time> parse_date(Value value, Time now) {
  if (value.kind() == Kind::timestamp) return value.as_time();
  if (value.is_number()) return from_number(value.as_real());
  if (!value.is_text()) return std::nullopt;
  const std::string_view text = value.as_text();
  const bool digits = !text.empty() && std::ranges::all_of(text, is_digit);
  if (!digits) {
    if (const auto date = parse_date_text(text, now)) return date->time;
  }
  const std::string_view plain = strip(text);
  double number = 0;
  const auto [stop, error] = std::from_chars(plain.data(), plain.data() + plain.size(), number);
  if (error != std::errc{} || stop != plain.data() + plain.size()) return std::nullopt;
  return from_number(number);
}

}  // namespace reeve::text
