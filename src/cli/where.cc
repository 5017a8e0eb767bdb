#include "cli/where.h"

#include <fmt/format.h>

#include <vector>

#include "base/encoding.h"
#include "text/edit_distance.h"
#include "text/yaml.h"

namespace reeve::cli {
namespace {

constexpr std::string_view tag_mark = "tag:";

/// Whether a path is member names joined by dots: nothing else can be followed without its evaluator.
bool is_plain(std::string_view path) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.";
  return path.find_first_not_of(letters) == std::string_view::npos;
}

}  // namespace

Result<Where> Where::parse(Engine& engine, const estate::Kind& kind, const std::string& text) {
  const auto equals = text.find('=');
  const bool differs = equals != std::string::npos && equals > 0 && text[equals - 1] == '!';
  Where out;
  out.path_ = text.substr(0, equals - (differs ? 1 : 0));
  if (equals == std::string::npos || out.path_.empty()) {
    return fail({.code = Code::usage,
                 .message = fmt::format("--where {} is not PATH=VALUE", text),
                 .hint = "For example --where State.Name=running, --where tag:Owner=ops, --where 'Size!=8'"});
  }
  const std::string wanted = text.substr(equals + 1);
  TRY(const auto value, text::parse_yaml("v: " + wanted + "\n", "--where"));
  Builder b;
  b.begin_map();
  b.put("type", "value");
  b.put("key", out.path_);
  b.put("op", differs ? "ne" : "eq");
  if (out.path_.starts_with(tag_mark)) {
    b.put("value", wanted);  // a tag's value is always a text
  } else {
    b.put("value", value.document()["v"]);
  }
  b.end();
  const Document data = b.finish();
  std::string problem;
  const policy::Build build{.kind = kind,
                            .data = data,
                            .vocabulary = engine.vocabulary(),
                            .problem = [&problem](Value, std::string message) { problem = std::move(message); },
                            .warning = [](Value, std::string) {},
                            .now = engine.now()};
  out.filter_ = engine.vocabulary().make_filter(build);
  if (!out.filter_) return fail({.code = Code::usage, .message = fmt::format("--where {}: {}", text, problem)});
  return out;
}

bool Where::matches(policy::Candidate& candidate, policy::Context& context) {
  if (!seen_) look(candidate.view.record());
  return filter_->test(candidate, context).truth == policy::Truth::yes;
}

void Where::look(const estate::Record& record) {
  if (path_.starts_with(tag_mark)) {
    for (const Value tag : record.tags().items()) beside_.insert(std::string(tag_mark) + tag["Key"].as_string());
    seen_ = beside_.contains(path_) || record.tags().is_unknown();
    return;
  }
  if (!is_plain(path_)) {
    seen_ = true;
    return;
  }
  Value value = record.document;
  std::string_view rest = path_;
  std::string before;
  while (!rest.empty() && value.is_map()) {
    const std::string name(rest.substr(0, rest.find('.')));
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
    const auto found = value.find(name);
    if (!found) {
      for (const auto [key, member] : value.entries()) beside_.insert(before + std::string(key));
      return;
    }
    value = *found;
    before += name + ".";
  }
  seen_ = rest.empty() || value.is_unknown();
}

std::optional<std::string> Where::nobody_has_it() const {
  if (seen_ || beside_.empty()) return std::nullopt;
  const std::vector<std::string> names(beside_.begin(), beside_.end());
  const auto near = text::nearest(path_, names);
  return harmless_text(fmt::format("no record has {}{}", path_, near ? "; nearest: " + *near : std::string()));
}

}  // namespace reeve::cli
