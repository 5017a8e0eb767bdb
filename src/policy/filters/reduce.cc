#include "policy/filters/reduce.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "base/encoding.h"
#include "base/json.h"
#include "text/dates.h"
#include "text/python_text.h"

namespace reeve::policy {
namespace {

constexpr std::string_view by_types[] = {"string", "number", "date"};

/// What is not finite has no place in an order: it counts as no number.
std::optional<double> number_in(Value value) {
  double out = value.as_real();
  if (!value.is_number()) {
    if (!value.is_text()) return std::nullopt;
    const std::string text(text::strip(value.as_text()));
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  }
  return std::isfinite(out) ? std::optional(out) : std::nullopt;
}

}  // namespace

struct ReduceFilter::Item {
  std::size_t place = 0;  // among the candidates
  const Candidate* candidate = nullptr;
  Key_ key;
  std::size_t order = 0;  // before it was sorted: equals stay as they are
};

/// What is kept of a group in order: from `first` on, before `end`.
struct ReduceFilter::Window {
  std::size_t first = 0, end = SIZE_MAX;
  bool has(std::size_t position) const { return position >= first && position < end; }
};

std::vector<Key> ReduceFilter::keys() {
  return {{"group-by", "text|map"},
          {"sort-by", "text|map"},
          {"order", "text", false, {"asc", "desc", "reverse", "randomize"}},
          {"null-order", "text", false, {"first", "last"}},
          {"limit", "number"},
          {"limit-percent", "number"},
          {"discard", "number"},
          {"discard-percent", "number"}};
}

std::vector<std::string> ReduceFilter::columns() const {
  std::vector<std::string> names;
  for (const auto* by : {&group_by_, &sort_by_}) {
    if (*by) names.insert(names.end(), (*by)->lookup.columns().begin(), (*by)->lookup.columns().end());
  }
  return names;
}

ReduceFilter::Key_ ReduceFilter::key_of(const By& by, const Candidate& candidate, Context& context) const {
  Value value = by.lookup.find(candidate.view, context.scratch);
  if (value.is_unknown()) return {.null = true, .unknown = true};
  Node node;
  std::string matched;
  if (by.regex) {
    if (!value.is_text()) return {};
    const auto match = by.regex->match(value.as_text());
    if (!match) return {.null = true, .unknown = true};
    if (!*match || (*match)->groups.size() < 2 || !(*match)->groups[1]) return {};
    matched = std::string(*(*match)->groups[1]);
    value = text_value(node, matched);
  }
  if (value.is_null()) return {};
  if (by.kind == ValueKind::number) {
    const auto number = number_in(value);
    if (!number) return {};
    return {.null = false, .number = *number};
  }
  if (by.kind == ValueKind::date) {
    const auto date = text::parse_date(value, context.now);
    if (!date) return {};
    return {.null = false, .number = static_cast<double>(date->us)};
  }
  return {.null = false, .text = value.is_text() ? value.as_string() : to_json(value)};
}

bool ReduceFilter::before(const Key_& a, const Key_& b) const {
  if (a.null != b.null) return a.null == null_first_;
  if (a.null) return false;
  const bool less = a.text != b.text ? a.text < b.text : a.number < b.number;
  const bool more = a.text != b.text ? b.text < a.text : b.number < a.number;
  return order_ == Order::descending ? more : less;
}

/// Percentages are cut to whole records, a limit's perhaps to none; the larger discard and the smaller limit count. A
/// limit of 0 is no limit.
ReduceFilter::Window ReduceFilter::window(std::size_t count) const {
  const auto part = [&](double percent) { return static_cast<double>(count) * percent / 100; };
  const double discard = std::max({0.0, discard_, part(discard_percent_)});
  Window out{.first = static_cast<std::size_t>(std::min(discard, static_cast<double>(count)))};
  const std::size_t left = count - out.first;
  const auto limit = [&](double most) {
    out.end = std::min(out.end, out.first + static_cast<std::size_t>(std::min(most, static_cast<double>(left))));
  };
  if (limit_ >= 1) limit(limit_);
  if (limit_percent_ > 0) limit(static_cast<double>(left) * limit_percent_ / 100);
  return out;
}

void ReduceFilter::sort(std::vector<Item>& items, const Context& context) const {
  if (order_ == Order::reverse) std::ranges::reverse(items);
  if (order_ == Order::randomize) {
    // Chance that is the same for one run, so that planning twice gives the same rows.
    std::map<std::string, Item> shuffled;
    for (auto& item : items) {
      const std::string seed =
          context.run + "/" + std::string(item.candidate->view.id()) + "/" + std::to_string(item.place);
      shuffled.emplace(sha256_hex(seed), item);
    }
    items.clear();
    for (auto& [hash, item] : shuffled) items.push_back(item);
  }
  if (!sort_by_) return;
  for (std::size_t i = 0; i < items.size(); ++i) items[i].order = i;
  std::ranges::sort(items, [this](const Item& a, const Item& b) {
    return before(a.key, b.key) || (!before(b.key, a.key) && a.order < b.order);
  });
}

void ReduceFilter::judge_group(std::vector<Item> group, const Context& context, std::vector<Verdict>& verdicts) const {
  std::vector<Item> known, open;
  for (auto& item : group) {
    if (item.key.unknown || item.candidate->uncertain) {
      open.push_back(item);
    } else {
      known.push_back(item);
    }
  }
  sort(known, context);
  // Each open record may stand before a known one or after it, and may not belong to the group at all.
  std::vector<Window> windows;
  for (std::size_t count = known.size(); count <= group.size(); ++count) windows.push_back(window(count));
  for (std::size_t i = 0; i < known.size(); ++i) {
    std::size_t in = 0, asked = 0;
    for (std::size_t more = 0; more < windows.size(); ++more) {
      for (std::size_t ahead = 0; ahead <= more; ++ahead, ++asked) in += windows[more].has(i + ahead) ? 1 : 0;
    }
    Verdict& verdict = verdicts[known[i].place];
    if (in == asked) {
      verdict = {Truth::yes, {}};
    } else if (in == 0) {
      verdict = {Truth::no, {}};
    } else {
      verdict = {Truth::unknown, "its place among the others depends on records that could not be decided"};
    }
  }
  for (const auto& item : open) verdicts[item.place] = {Truth::unknown, "what it is sorted by could not be read"};
}

Task<std::vector<Verdict>> ReduceFilter::judge(std::span<Candidate*> candidates, Context& context) const {
  std::vector<Verdict> verdicts(candidates.size(), Verdict{Truth::unknown, "what it is grouped by could not be read"});
  std::vector<std::pair<Key_, std::vector<Item>>> groups;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    Item item{.place = i, .candidate = candidates[i]};
    if (sort_by_) item.key = key_of(*sort_by_, *candidates[i], context);
    const Key_ group = group_by_ ? key_of(*group_by_, *candidates[i], context) : Key_{};
    context.scratch.clear();
    if (group.unknown) co_return verdicts;  // it may belong to any group
    const auto found = std::ranges::find(groups, group, [](const auto& one) { return one.first; });
    if (found == groups.end()) {
      groups.push_back({group, {item}});
    } else {
      found->second.push_back(item);
    }
  }
  for (auto& [key, items] : groups) judge_group(std::move(items), context, verdicts);
  co_return verdicts;
}

std::optional<ReduceFilter::By> ReduceFilter::read_by(const Build& build, std::string_view key) {
  const Value data = build.data[key];
  if (data.is_map()) {
    const Key known[] = {{"key", "text", true},
                         {"value_type", "text", false, {std::begin(by_types), std::end(by_types)}},
                         {"value_regex", "text"}};
    if (!check_keys(data, known, "\"" + std::string(key) + "\" of filter \"reduce\"", build.problem))
      return std::nullopt;
  }
  const Value path = data.is_map() ? data["key"] : data;
  auto lookup = Lookup::compile(path.as_text(), {.kind = &build.kind});
  if (!lookup) {
    build.problem(path, "\"" + path.as_string() + "\" is not a key that can be looked up: " + lookup.error().message);
    return std::nullopt;
  }
  By by{.lookup = *std::move(lookup)};
  const std::string_view type = data.is_map() ? data["value_type"].as_text_or("string") : "string";
  by.kind = type == "number" ? ValueKind::number : type == "date" ? ValueKind::date : ValueKind::text;
  if (const Value regex = data.is_map() ? data["value_regex"] : Value(); regex.is_text()) {
    auto pattern = text::Pattern::compile(regex.as_text(), {});
    if (!pattern || pattern->group_count() != 1) {
      build.problem(regex, "value_regex must be a regular expression with exactly one capture group");
      return std::nullopt;
    }
    by.regex = *std::move(pattern);
  }
  return by;
}

std::unique_ptr<Filter> ReduceFilter::make(const Build& build) {
  auto filter = std::make_unique<ReduceFilter>();
  const Value data = build.data;
  bool fine = true;
  for (const auto& [key, into] : {std::pair{"group-by", &filter->group_by_}, std::pair{"sort-by", &filter->sort_by_}}) {
    if (!data.find(key)) continue;
    *into = read_by(build, key);
    fine = fine && into->has_value();
  }
  const std::string_view order = data["order"].as_text_or("asc");
  filter->order_ = order == "desc"        ? Order::descending
                   : order == "reverse"   ? Order::reverse
                   : order == "randomize" ? Order::randomize
                                          : Order::ascending;
  // These two orders ask nothing of a record: its key is not even read.
  if (filter->order_ == Order::reverse || filter->order_ == Order::randomize) filter->sort_by_.reset();
  filter->null_first_ = data["null-order"].as_text_or("last") == "first";
  for (const auto& [key, into] :
       {std::pair{"discard", &filter->discard_}, std::pair{"discard-percent", &filter->discard_percent_},
        std::pair{"limit", &filter->limit_}, std::pair{"limit-percent", &filter->limit_percent_}}) {
    if (data[key].is_number()) *into = data[key].as_real();
  }
  for (const char* key : {"discard-percent", "limit-percent"}) {
    const Value percent = data[key];
    if (!percent.is_number() || (percent.as_real() >= 0 && percent.as_real() <= 100)) continue;
    build.problem(percent, "\"" + std::string(key) + "\" must be from 0 to 100");
    fine = false;
  }
  if (!fine) return nullptr;
  return filter;
}

}  // namespace reeve::policy
