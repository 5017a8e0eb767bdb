#include "sandbox/estate_io.h"

#include <charconv>

#include "text/edit_distance.h"

namespace reeve::sandbox {

std::optional<Time> read_estate_time(Value value, Time now) {
  if (value.kind() == Kind::timestamp) return value.as_time();
  const std::string_view text = value.as_text();
  if (text == "now") return now;
  if (text.size() >= 3 && (text[0] == '-' || text[0] == '+')) {
    std::int64_t count = 0;
    const char* end = text.data() + text.size() - 1;
    const auto [stop, error] = std::from_chars(text.data() + 1, end, count);
    constexpr std::int64_t most = 1'000'000;  // days: 2,700 years
    if (error != std::errc() || stop != end || count < 0 || count > most) return std::nullopt;
    std::int64_t unit = 0;
    switch (text.back()) {
      case 's':
        unit = 1;
        break;
      case 'm':
        unit = 60;
        break;
      case 'h':
        unit = 3600;
        break;
      case 'd':
        unit = 86400;
        break;
      case 'w':
        unit = 7 * 86400;
        break;
      case 'y':
        unit = 365 * 86400;
        break;
      default:
        return std::nullopt;
    }
    const Duration span(count * unit * 1'000'000);
    return text[0] == '-' ? now - span : now + span;
  }
  const auto parsed = parse_iso8601(text);
  return parsed ? std::optional<Time>(*parsed) : std::nullopt;
}

EstateReader::EstateReader(Value map, std::string place, Time now, EstateProblems& problems)
    : map_(map), place_(std::move(place)), now_(now), problems_(problems) {}

Value EstateReader::take(std::string_view member, Kind kind) {
  known_.push_back(member);
  const Value value = map_[member];
  if (value.is_null() || value.kind() == kind) return value;
  problems_.add(place_ + "." + std::string(member),
                "a " + std::string(name(kind)) + " is wanted, this is a " + std::string(name(value.kind())));
  return {};
}

void EstateReader::operator()(std::string_view name, std::string& into) {
  known_.push_back(name);
  const Value value = map_[name];
  if (value.is_text()) into = value.as_string();
  if (value.kind() == Kind::integer) into = std::to_string(value.as_integer());  // an account id without quotes
  if (!value.is_null() && !value.is_text() && value.kind() != Kind::integer) {
    problems_.add(place_ + "." + std::string(name), "a text is wanted");
  }
}
void EstateReader::operator()(std::string_view name, std::int64_t& into) {
  const Value value = take(name, Kind::integer);
  if (!value.is_null()) into = value.as_integer();
}
void EstateReader::operator()(std::string_view name, double& into) {
  known_.push_back(name);
  const Value value = map_[name];
  if (value.is_number()) into = value.as_real();
  if (!value.is_null() && !value.is_number()) problems_.add(place_ + "." + std::string(name), "a number is wanted");
}
void EstateReader::operator()(std::string_view name, bool& into, bool) {
  const Value value = take(name, Kind::boolean);
  if (!value.is_null()) into = value.as_bool();
}
void EstateReader::operator()(std::string_view name, Time& into) {
  std::optional<Time> time;
  (*this)(name, time);
  if (time) into = *time;
}
void EstateReader::operator()(std::string_view name, std::optional<Time>& into) {
  known_.push_back(name);
  const Value value = map_[name];
  if (value.is_null()) return;
  into = read_estate_time(value, now_);
  if (!into) {
    problems_.add(place_ + "." + std::string(name),
                  "a time is wanted: \"-45d\" (s, m, h, d, w, y before or after now), \"now\" or an ISO 8601 date");
  }
}
void EstateReader::operator()(std::string_view name, std::set<std::string, std::less<>>& into) {
  for (Value item : take(name, Kind::list).items()) {
    into.insert(item.kind() == Kind::integer ? std::to_string(item.as_integer()) : item.as_string());
  }
}
void EstateReader::operator()(std::string_view name, std::vector<std::string>& into) {
  for (Value item : take(name, Kind::list).items()) into.push_back(item.as_string());
}
void EstateReader::operator()(std::string_view name, Document& into) {
  known_.push_back(name);
  const Value value = map_[name];
  if (!value.is_null()) into = deep_copy(value);
}
void EstateReader::tags(std::string_view name, Tags& into) {
  known_.push_back(name);
  const Value value = map_[name];
  for (auto [key, text] : value.entries()) {
    if (text.is_text()) {
      into[std::string(key)] = text.as_string();
    } else if (text.kind() == Kind::integer) {
      into[std::string(key)] = std::to_string(text.as_integer());
    } else if (text.is_null()) {
      into[std::string(key)] = "";
    } else {
      problems_.add(place_ + "." + std::string(name) + "." + std::string(key), "a text is wanted");
    }
  }
  for (Value item : value.items()) into[item["Key"].as_string()] = item["Value"].as_string();
}
void EstateReader::pairs(std::string_view name, std::vector<std::pair<std::string, std::string>>& into) {
  for (auto [key, text] : take(name, Kind::map).entries()) into.emplace_back(key, text.as_text());
}

void EstateReader::finish() {
  for (auto [key, value] : map_.entries()) {
    if (has(known_, key)) continue;
    std::string what = "there is no such member";
    if (const auto near = text::nearest(key, known_)) what += ", did you mean " + *near + "?";
    problems_.add(place_ + "." + std::string(key), what);
  }
}

}  // namespace reeve::sandbox
