#include "estate/form.h"

#include "estate/record.h"

namespace reeve::estate {
namespace {

std::string_view part_of(std::string_view text, std::string_view how) {
  constexpr std::string_view after = "after ", before = "before ";
  if (how == "last") {
    const auto at = text.find_last_of("/:");
    return at == text.npos ? text : text.substr(at + 1);
  }
  if (how.starts_with(after)) {
    const auto letters = how.substr(after.size());
    const auto at = text.find(letters);
    return at == text.npos ? text : text.substr(at + letters.size());
  }
  if (how.starts_with(before)) return text.substr(0, text.find(how.substr(before.size())));
  return text;
}

std::optional<std::string> word_of(std::string_view word, const Record& record) {
  if (word == "partition") return record.scope.partition;
  if (word == "region") return record.scope.region;
  if (word == "account") return record.scope.account;
  if (word == "id") return std::string(record.id());
  if (word == "arn") {
    auto arn = record.arn();
    return arn.empty() ? std::nullopt : std::optional(std::move(arn));
  }
  if (word.starts_with('.')) word.remove_prefix(1);
  Value at = record.document;
  for (std::string_view rest = word; !rest.empty();) {
    const auto dot = rest.find('.');
    at = at[rest.substr(0, dot)];
    rest = dot == rest.npos ? std::string_view{} : rest.substr(dot + 1);
  }
  if (at.is_text()) return at.as_string();
  if (at.kind() == reeve::Kind::integer) return std::to_string(at.as_integer());
  return std::nullopt;
}

bool put_filled(Builder& b, Value value, const Record& record) {
  bool whole = true;
  if (value.is_map()) {
    b.begin_map();
    for (const auto [key, member] : value.entries()) {
      b.key(key);
      whole = put_filled(b, member, record) && whole;
    }
    b.end();
  } else if (value.is_list()) {
    b.begin_list();
    for (const Value item : value.items()) whole = put_filled(b, item, record) && whole;
    b.end();
  } else if (value.is_text()) {
    const auto text = fill_form(value.as_text(), record);
    b.add(text.value_or(std::string()));
    whole = text.has_value();
  } else {
    b.add(value);
  }
  return whole;
}

}  // namespace

std::optional<std::string> fill_form(std::string_view form, const Record& record) {
  std::string out;
  for (std::size_t i = 0; i < form.size();) {
    const auto open = form.find('{', i);
    const auto close = open == form.npos ? form.npos : form.find('}', open);
    if (close == form.npos) return out += form.substr(i), out;
    out += form.substr(i, open - i);
    const auto inside = form.substr(open + 1, close - open - 1);
    const auto bar = inside.find('|');
    const auto word = word_of(inside.substr(0, bar), record);
    if (!word) return std::nullopt;
    out += bar == inside.npos ? std::string_view(*word) : part_of(*word, inside.substr(bar + 1));
    i = close + 1;
  }
  return out;
}

std::vector<std::string_view> form_words(std::string_view form) {
  std::vector<std::string_view> out;
  for (auto open = form.find('{'); open != form.npos; open = form.find('{', open + 1)) {
    const auto close = form.find('}', open);
    if (close == form.npos) break;
    const auto inside = form.substr(open + 1, close - open - 1);
    out.push_back(inside.substr(0, inside.find('|')));
  }
  return out;
}

std::optional<Document> fill_forms(Value params, const Record& record) {
  Builder b;
  if (!put_filled(b, params, record)) return std::nullopt;
  return b.finish();
}

}  // namespace reeve::estate
