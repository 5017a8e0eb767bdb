#include "sandbox/services/cloudwatch_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace reeve::sandbox {
namespace {

bool is_upper(char c) { return std::isupper(static_cast<unsigned char>(c)) != 0; }
bool is_lower(char c) { return std::islower(static_cast<unsigned char>(c)) != 0; }
bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }
bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }
bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

/// A text in pieces: runs of other characters part words, words part at a change of case and at digits.
std::vector<std::vector<std::string>> words_of(std::string_view text) {
  std::vector<std::vector<std::string>> words;
  bool open = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (!is_word(c)) {
      open = false;
      continue;
    }
    if (!open) {
      words.push_back({std::string(1, c)});
      open = true;
      continue;
    }
    std::string& last = words.back().back();
    const char before = last.back();
    const bool acronym_ends = is_upper(before) && is_upper(c) && i + 1 < text.size() && is_lower(text[i + 1]);
    if (is_digit(c) != is_digit(before) || (is_upper(c) && is_lower(before)) || acronym_ends) {
      words.back().push_back(std::string(1, c));
    } else {
      last += c;
    }
  }
  return words;
}

std::string joined(const std::vector<std::vector<std::string>>& words) {
  std::string out;
  for (const auto& word : words) {
    for (const std::string& piece : word) out += piece;
  }
  return out;
}

/// Whether a search term matches a part of a name.
bool partly(std::string_view term, std::string_view name) {
  const auto wanted = words_of(term);
  std::vector<std::string> there;
  for (const auto& word : words_of(name)) there.insert(there.end(), word.begin(), word.end());
  if (wanted.empty()) return false;
  if (lower(joined(wanted)) == lower(joined(words_of(name)))) {
    return wanted.size() > 1 || wanted[0].size() == 1 || joined(wanted) == joined(words_of(name)) ||
           lower(term) == term;
  }
  for (std::size_t from = 0; from < there.size(); ++from) {
    std::size_t at = from;
    bool same = true;
    for (const auto& word : wanted) {
      for (const std::string& piece : word) {
        // Pieces of one word are a composite token, which keeps its case.
        same = same && at < there.size() && (word.size() > 1 ? there[at] == piece : lower(there[at]) == lower(piece));
        ++at;
      }
    }
    if (same) return true;
  }
  return false;
}

}  // namespace

struct MetricSearch::Parser {
  MetricSearch& out;
  std::string_view text;
  std::size_t at = 0;
  int depth = 0;
  using Index = std::expected<std::size_t, std::string>;

  void skip() {
    while (at < text.size() && (is_space(text[at]) || text[at] == ',')) ++at;
  }
  bool ended() {
    skip();
    return at >= text.size();
  }
  bool take_word(std::string_view word) {
    skip();
    if (!text.substr(at).starts_with(word)) return false;
    const std::size_t end = at + word.size();
    if (end < text.size() && !is_space(text[end]) && text[end] != '(') return false;
    at = end;
    return true;
  }
  Index add(Part part) {
    out.parts_.push_back(std::move(part));
    return out.parts_.size() - 1;
  }
  std::expected<std::string, std::string> quoted() {
    std::string name;
    for (++at; at < text.size() && text[at] != '"'; ++at) {
      if (text[at] == '\\' && at + 1 < text.size()) ++at;
      name += text[at];
    }
    if (at >= text.size()) return std::unexpected(std::string("a quote has no end"));
    ++at;
    return name;
  }
  std::expected<std::string, std::string> schema_name() {
    while (at < text.size() && is_space(text[at])) ++at;
    if (at < text.size() && text[at] == '"') {
      auto name = quoted();
      while (at < text.size() && is_space(text[at])) ++at;
      return name;
    }
    std::string name;
    while (at < text.size() && text[at] != ',' && text[at] != '}') name += text[at++];
    while (!name.empty() && is_space(name.back())) name.pop_back();
    if (name.empty()) return std::unexpected(std::string("a name is missing in the metric schema"));
    return name;
  }
  std::expected<void, std::string> schema() {
    skip();
    if (at >= text.size() || text[at] != '{') return {};
    ++at;
    out.has_schema_ = true;
    TRY(out.namespace_, schema_name());
    while (at < text.size() && text[at] == ',') {
      ++at;
      TRY(std::string name, schema_name());
      out.dimensions_.push_back(std::move(name));
    }
    if (at >= text.size() || text[at] != '}') return std::unexpected(std::string("the metric schema has no end"));
    ++at;
    std::ranges::sort(out.dimensions_);
    return {};
  }
  Index either() {
    if (++depth > 50) return std::unexpected(std::string("it is nested too deep"));
    TRY(std::size_t left, both());
    while (take_word("OR")) {
      TRY(const std::size_t right, both());
      TRY(left, add({.op = Op::either, .left = left, .right = right}));
    }
    --depth;
    return left;
  }
  bool at_end_of_both() {
    skip();
    const std::size_t before = at;
    const bool ends = at >= text.size() || text[at] == ')' || take_word("OR");
    at = before;
    return ends;
  }
  Index both() {
    TRY(std::size_t left, single());
    while (!at_end_of_both()) {
      take_word("AND");
      TRY(const std::size_t right, single());
      TRY(left, add({.op = Op::both, .left = left, .right = right}));
    }
    return left;
  }
  Index single() {
    if (take_word("NOT")) {
      if (++depth > 50) return std::unexpected(std::string("it is nested too deep"));
      TRY(const std::size_t inner, single());
      --depth;
      return add({.op = Op::negate, .left = inner});
    }
    if (ended()) return std::unexpected(std::string("a search term is missing"));
    if (text[at] == '(') {
      ++at;
      TRY(const std::size_t inner, either());
      if (ended() || text[at] != ')') return std::unexpected(std::string("a parenthesis has no end"));
      ++at;
      return inner;
    }
    return term();
  }
  std::string bare() {
    std::string word;
    while (at < text.size() && !is_space(text[at]) && !std::string_view("()=,\"").contains(text[at]))
      word += text[at++];
    return word;
  }
  Index term() {
    Part part;
    part.exact = text[at] == '"';
    if (part.exact) {
      TRY(part.text, quoted());
    } else {
      part.text = bare();
    }
    if (at < text.size() && text[at] == '=') {
      ++at;
      part.property = std::move(part.text);
      part.exact = at < text.size() && text[at] == '"';
      if (part.exact) {
        TRY(part.text, quoted());
      } else {
        part.text = bare();
      }
    }
    if (part.text.empty()) return std::unexpected(std::string("a search term is empty"));
    return add(std::move(part));
  }
};

std::expected<MetricSearch, std::string> MetricSearch::parse(std::string_view text) {
  constexpr std::size_t longest = 1024;
  if (text.size() > longest) return std::unexpected(std::string("it is longer than 1024 characters"));
  MetricSearch search;
  Parser parser{.out = search, .text = text};
  TRY(parser.schema());
  if (!parser.ended()) {
    TRY(search.root_, parser.either());
    search.has_terms_ = true;
    if (!parser.ended()) return std::unexpected(fmt::format("unexpected '{}'", text[parser.at]));
  }
  if (!search.has_schema_ && !search.has_terms_) return std::unexpected(std::string("it is empty"));
  return search;
}

bool MetricSearch::holds(std::size_t index, const Metric& metric) const {
  const Part& part = parts_[index];
  switch (part.op) {
    case Op::negate:
      return !holds(part.left, metric);
    case Op::both:
      return holds(part.left, metric) && holds(part.right, metric);
    case Op::either:
      return holds(part.left, metric) || holds(part.right, metric);
    case Op::term:
      break;
  }
  auto same = [&](std::string_view name) { return part.exact ? part.text == name : partly(part.text, name); };
  if (part.property == "MetricName") return same(metric.name);
  if (part.property == "Namespace") return same(metric.metric_namespace);
  if (!part.property.empty()) {
    const auto at = metric.dimensions.find(part.property);
    return at != metric.dimensions.end() && same(at->second);
  }
  if (same(metric.name) || same(metric.metric_namespace)) return true;
  return std::ranges::any_of(metric.dimensions, [&](const auto& d) { return same(d.first) || same(d.second); });
}

bool MetricSearch::matches(const Metric& metric) const {
  if (has_schema_) {
    if (metric.metric_namespace != namespace_) return false;
    if (!dimensions_.empty()) {
      std::vector<std::string> names;
      for (const auto& [name, value] : metric.dimensions) names.push_back(name);
      if (names != dimensions_) return false;
    }
  }
  return !has_terms_ || holds(root_, metric);
}

}  // namespace reeve::sandbox
