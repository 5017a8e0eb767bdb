#include "policy/policy.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <tuple>

#include "policy/expansion.h"
#include "policy/policy_build.h"
#include "text/yaml.h"

namespace reeve::policy {
namespace {

constexpr std::string_view top_keys[] = {"policies", "vars"};

/// Line and column at the end of "file:line:column".
text::Position position_of(std::string_view place) {
  text::Position position;
  const auto last_number = [&](int& into) {
    const std::size_t colon = place.rfind(':');
    if (colon == std::string_view::npos) return;
    std::from_chars(place.data() + colon + 1, place.data() + place.size(), into);
    place = place.substr(0, colon);
  };
  last_number(position.column);
  last_number(position.line);
  return position;
}

class FileReader {
 public:
  FileReader(std::string_view file_name, const Variables& variables, const Vocabulary& vocabulary,
             const estate::Kinds& kinds)
      : name_(file_name), variables_(variables), vocabulary_(vocabulary), kinds_(kinds) {}

  PolicyFile run(std::string_view text) {
    const auto parsed = text::parse_yaml(text, name_);
    if (!parsed) {
      const Error& error = parsed.error();
      add(position_of(error.resource), error.message);
      return std::move(out_);
    }
    for (const text::DuplicateKey& twice : parsed->duplicate_keys()) {
      add(twice.position,
          "the key \"" + twice.key + "\" stands here a second time: first in line " + std::to_string(twice.first.line));
    }
    read_top(*parsed);
    std::ranges::sort(out_.problems, [](const Problem& a, const Problem& b) {
      return std::tie(a.line, a.column, a.message) < std::tie(b.line, b.column, b.message);
    });
    return std::move(out_);
  }

 private:
  void add(text::Position at, std::string message, bool warning = false, bool alone = false) {
    out_.problems.push_back({.file = name_,
                             .line = at.line,
                             .column = at.column,
                             .message = std::move(message),
                             .warning = warning,
                             .alone = alone,
                             .policy = policy_});
  }

  void read_top(const text::YamlFile& file) {
    const Value root = file.root();
    if (!root.is_map()) {
      return add(file.position(root), "a policy file must be a map with \"policies\" (a list), not " +
                                          std::string(root.is_null() ? "empty" : name(root.kind())));
    }
    for (const auto [key, value] : root.entries()) {
      if (std::ranges::find(top_keys, key) != std::end(top_keys)) continue;
      add(file.key_position(root, key), "unknown key \"" + std::string(key) +
                                            "\" at the top of a policy file: allowed are " + one_of(top_keys) +
                                            did_you_mean(key, top_keys));
    }
    const auto policies = root.find("policies");
    if (!policies) return add(file.position(root), "a policy file needs the key \"policies\"");
    if (!policies->is_list()) return add(file.position(*policies), "\"policies\" must be a list");

    Names names(root["vars"], variables_);
    for (const Value policy : policies->items()) read_policy(policy, file, names);
    policy_.clear();
    for (Problem& problem : names.unused(variables_)) out_.problems.push_back(std::move(problem));
  }

  void read_policy(Value policy, const text::YamlFile& file, Names& names) {
    policy_ = policy["name"].as_text_or({});
    if (const Value name = policy["name"]; name.is_text()) {
      const auto [first, added] = named_.emplace(name.as_string(), file.position(name).line);
      if (!added) {
        add(file.position(name), "there are two policies \"" + name.as_string() + "\": the first is in line " +
                                     std::to_string(first->second));
      }
    }
    bool fine = true;
    const Expansion expansion(policy, file, names, [&](text::Position at, std::string message) {
      fine = false;
      add(at, std::move(message));
    });
    const auto report = [&](bool warning, bool alone) -> Report {
      return [this, &expansion, warning, alone](Value at, std::string message) {
        add(expansion.position(at), std::move(message), warning, alone);
      };
    };
    const std::size_t before = out_.problems.size();
    auto built = build_policy(expansion.root(), {.vocabulary = vocabulary_,
                                                 .kinds = kinds_,
                                                 .now = variables_.now,
                                                 .problem = report(false, false),
                                                 .warning = report(true, false),
                                                 .problem_alone = report(false, true)});
    if (!built || !fine) return;
    for (std::size_t i = before; i < out_.problems.size(); ++i) {
      if (out_.problems[i].warning) built->warnings.push_back(out_.problems[i].message);
    }
    out_.policies.push_back(std::move(built));
  }

  std::string name_;
  const Variables& variables_;
  const Vocabulary& vocabulary_;
  const estate::Kinds& kinds_;
  std::map<std::string, int> named_;  // policy → its line
  std::string policy_;                // the one that is being read
  PolicyFile out_;
};

}  // namespace

bool PolicyFile::ok() const {
  return std::ranges::all_of(problems, [](const Problem& problem) { return problem.warning || problem.alone; });
}

PolicyFile read_policies(std::string_view text, std::string_view file_name, const Variables& variables,
                         const Vocabulary& vocabulary, const estate::Kinds& kinds) {
  return FileReader(file_name, variables, vocabulary, kinds).run(text);
}

Result<std::unique_ptr<Policy>> policy_from_data(Value data, const Vocabulary& vocabulary, const estate::Kinds& kinds,
                                                 Time now) {
  TRY(const Document decoded, decode_data(data));
  std::vector<Problem> problems;
  const Report problem = [&](Value, std::string message) {
    problems.push_back({.file = "policy \"" + data["name"].as_string() + "\"", .message = std::move(message)});
  };
  const Report ignore = [](Value, const std::string&) {};
  auto built = build_policy(decoded, {.vocabulary = vocabulary,
                                      .kinds = kinds,
                                      .now = now,
                                      .problem = problem,
                                      .warning = ignore,
                                      .problem_alone = problem});
  if (!built) return std::unexpected(problems_error(problems));
  return built;
}

Verdict conditions_hold(const Policy& policy, Context& context) {
  if (policy.conditions.empty()) return {Truth::yes, {}};
  Builder builder;
  builder.begin_map();
  builder.put("name", policy.name);
  builder.put("region", context.region);
  builder.put("resource", policy.kind == nullptr ? std::string() : policy.kind->name);
  builder.put("provider", "aws");
  builder.put("account_id", context.account);
  builder.put("now", context.now);
  builder.put("policy", policy.data);
  builder.end();
  Candidate candidate{.view = estate::RecordView(estate::Record{
                          .kind = policy.kind, .scope = context.reader.scope(), .document = builder.finish()})};
  Verdict verdict{Truth::yes, {}};
  for (const auto& condition : policy.conditions) {
    Verdict one = condition->test(candidate, context);
    if (one.truth < verdict.truth) {
      verdict = std::move(one);
      if (verdict.reason.empty()) verdict.reason = condition->why_not(candidate, context);
      if (verdict.reason.empty())
        verdict.reason = "the condition \"" + std::string(condition->type()) + "\" does not hold";
    }
    context.scratch.clear();
  }
  return verdict;
}

Error problems_error(const std::vector<Problem>& problems) {
  std::string message;
  for (const Problem& problem : problems) {
    if (problem.warning) continue;
    if (!message.empty()) message += '\n';
    message += problem.file;
    if (problem.line > 0) message += ":" + std::to_string(problem.line) + ":" + std::to_string(problem.column);
    message += ": " + problem.message;
  }
  return {.code = Code::invalid_input, .message = std::move(message)};
}

}  // namespace reeve::policy
