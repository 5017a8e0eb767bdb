#include "targets.h"

#include <algorithm>
#include <array>
#include <string>

#include "apply/entries.h"
#include "aws/config_file.h"
#include "aws/fault_script.h"
#include "base/json.h"
#include "base/sim_seams.h"
#include "plan/plan_file.h"
#include "policy/configuration.h"
#include "policy/policy.h"
#include "policy/vocabulary.h"
#include "text/jmespath.h"
#include "text/yaml.h"
#include "wire_targets.h"

namespace reeve::fuzz {
namespace {

void json(std::string_view bytes) {
  const auto document = parse_json(bytes);
  if (!document) return;
  const std::string text = canonical_json(*document);
  const auto again = parse_json(text);
  REEVE_ASSERT(again && canonical_json(*again) == text);
}

void yaml(std::string_view bytes) { (void)text::parse_yaml(bytes, "fuzz.yaml"); }

void jmespath(std::string_view bytes) {
  static const Document input =
      parse_json(R"({"a": [{"b": 1, "c": "x"}, {"b": 2.5, "d": {"e": [true, null]}}], "t": "text", "n": [3, 1, 2]})")
          .value();
  const auto expression = text::Jmespath::compile(bytes);
  if (!expression) return;
  text::Scratch scratch;
  if (const auto value = expression->search(input, scratch)) to_json(*value);
}

void policy(std::string_view bytes) {
  static const policy::Vocabulary vocabulary;
  static const auto kinds = estate::Kinds::embedded().value();
  (void)policy::read_policies(bytes, "fuzz.yaml", {.now = Time{1'770'000'000'000'000}}, vocabulary, *kinds);
}

/// What is protected: reeve/config.yaml.
void configuration(std::string_view bytes) {
  static const auto kinds = estate::Kinds::embedded().value();
  (void)policy::read_configuration(bytes, "config.yaml", *kinds);
}

void config(std::string_view bytes) {
  for (const auto kind : {aws::ConfigFileKind::config, aws::ConfigFileKind::credentials}) {
    (void)aws::parse_config_file(bytes, kind, "config");
  }
}

void plan_file(std::string_view bytes) {
  SimWorld world;
  REEVE_ASSERT(world.disk.write_file("/plan.jsonl", bytes));
  const auto file = plan::PlanFile::open(world.disk, "/plan.jsonl");
  if (file) (void)file->each_row([](const plan::Row&) { return Result<void>(); });
}

/// A body of the journal, read as each kind of entry: JSON that hashes right may still be another's.
void journal(std::string_view bytes) {
  const auto body = parse_json(bytes);
  if (!body) return;
  const apply::Entry entry{.seq = 1, .at = Time{1}, .run = "r-1", .row = "1", .kind = "row", .body = *body};
  (void)apply::terms_from(entry);
  (void)apply::scopes_from(entry);
  (void)apply::row_outcome_from(entry);
  (void)apply::step_from(entry);
  (void)apply::story_of({entry, entry});
  (void)apply::effective_intents({entry, entry});
}

void fault_script(std::string_view bytes) { (void)aws::FaultScript::parse(bytes, "faults.json"); }

constexpr std::array table = {Target{"json", json},
                              Target{"yaml", yaml},
                              Target{"jmespath", jmespath},
                              Target{"policy", policy},
                              Target{"configuration", configuration},
                              Target{"config", config},
                              Target{"plan", plan_file},
                              Target{"journal", journal},
                              Target{"fault-script", fault_script}};

}  // namespace

std::vector<Target> targets() {
  std::vector<Target> all(table.begin(), table.end());
  all.insert(all.end(), wire_targets().begin(), wire_targets().end());
  return all;
}

std::optional<Target> find_target(std::string_view name) {
  const auto all = targets();
  const auto found = std::ranges::find(all, name, &Target::name);
  return found == all.end() ? std::nullopt : std::optional(*found);
}

}  // namespace reeve::fuzz
