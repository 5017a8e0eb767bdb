#include "policy/filters/block.h"

#include <algorithm>

#include "base/contains.h"
#include "policy/run_filter.h"

namespace reeve::policy {

Block::Block(Connective connective, std::vector<std::unique_ptr<Filter>> children)
    : connective_(connective), children_(std::move(children)) {
  for (const auto& child : children_) {
    stage_ = std::max(stage_, child->stage());
    again_ = std::max(again_, child->again());
  }
}

std::string_view Block::type() const {
  return connective_ == Connective::all ? "and" : connective_ == Connective::any ? "or" : "not";
}

std::vector<std::string> Block::columns() const {
  std::vector<std::string> names;
  for (const auto& child : children_) {
    for (std::string& name : child->columns()) {
      if (!contains(names, name)) names.push_back(std::move(name));
    }
  }
  return names;
}

Verdict Block::test(Candidate& candidate, Context& context) const {
  const std::size_t mark = candidate.view.evidence_mark();
  const bool any = connective_ == Connective::any;
  Verdict verdict{any ? Truth::no : Truth::yes, {}};
  for (const auto& child : children_) {
    Verdict one = child->test(candidate, context);
    const bool stronger = any ? one.truth > verdict.truth : one.truth < verdict.truth;
    if (stronger) verdict = std::move(one);
    if (verdict.truth == (any ? Truth::yes : Truth::no)) break;
  }
  if (connective_ == Connective::none) verdict.truth = !verdict.truth;
  if (verdict.truth != Truth::unknown) verdict.reason.clear();
  if (verdict.truth != Truth::yes || connective_ == Connective::none) candidate.view.forget_evidence(mark);
  return verdict;
}

void Block::nest_findings(Candidate& candidate, std::size_t first) const {
  Finding finding{.filter = std::string(type()), .verdict = Truth::yes, .evidence = {}};
  auto& findings = candidate.findings;
  if (findings.size() > first) {
    Builder builder;
    builder.begin_map();
    builder.begin_list("matched");
    for (std::size_t i = first; i < findings.size(); ++i) {
      builder.begin_map();
      builder.put("filter", findings[i].filter);
      builder.put("evidence", findings[i].evidence);
      builder.end();
    }
    builder.end();
    builder.end();
    finding.evidence = builder.finish();
    findings.erase(findings.begin() + static_cast<std::ptrdiff_t>(first), findings.end());
  }
  findings.push_back(std::move(finding));
}

void Block::explain(Candidate& candidate, Context& context, std::size_t mark) const {
  const std::size_t first = candidate.findings.size();
  // test() stopped at the first child that decided; here every child that matches says so.
  if (connective_ != Connective::none) {
    candidate.view.forget_evidence(mark);
    for (const auto& child : children_) {
      const std::size_t before = candidate.view.evidence_mark();
      if (child->test(candidate, context).truth == Truth::yes) {
        child->explain(candidate, context, before);
      } else {
        candidate.view.forget_evidence(before);
      }
    }
  }
  nest_findings(candidate, first);
}

Task<std::vector<Verdict>> Block::judge(std::span<Candidate*> candidates, Context& context) const {
  struct Before {
    std::size_t findings, evidence, keys;
    bool uncertain;
  };
  std::vector<Before> before;
  for (const Candidate* c : candidates) {
    before.push_back({c->findings.size(), c->view.evidence_mark(), c->matched_keys.size(), c->uncertain});
  }
  const bool any = connective_ == Connective::any;
  std::vector<Verdict> verdicts(candidates.size(), Verdict{any ? Truth::no : Truth::yes, {}});
  for (const auto& child : children_) {
    // The children of `or` all see every record; the others see what the ones before did not refuse.
    std::vector<std::size_t> places;
    std::vector<Candidate*> open;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      if (!any && verdicts[i].truth == Truth::no) continue;
      places.push_back(i);
      open.push_back(candidates[i]);
      // Who reaches a filter over the set rests on the children before it, except in `or`.
      if (!any) candidates[i]->uncertain = before[i].uncertain || verdicts[i].truth == Truth::unknown;
    }
    if (open.empty()) break;
    const std::span<Candidate*> these(open);
    std::vector<Verdict> answers = co_await run_filter(*child, these, context);
    for (std::size_t i = 0; i < places.size(); ++i) {
      Verdict& verdict = verdicts[places[i]];
      const bool stronger = any ? answers[i].truth > verdict.truth : answers[i].truth < verdict.truth;
      if (stronger) verdict = std::move(answers[i]);
    }
  }
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    Candidate& candidate = *candidates[i];
    candidate.uncertain = before[i].uncertain;
    if (connective_ == Connective::none) verdicts[i].truth = !verdicts[i].truth;
    const bool keeps = verdicts[i].truth == Truth::yes && connective_ != Connective::none;
    if (!keeps) {
      candidate.view.forget_evidence(before[i].evidence);
      candidate.findings.resize(before[i].findings);
      candidate.matched_keys.resize(before[i].keys);
    }
    if (verdicts[i].truth == Truth::yes) nest_findings(candidate, before[i].findings);
  }
  co_return verdicts;
}

std::unique_ptr<Filter> Block::make(const Build& build, Connective connective) {
  const std::string_view word = connective == Connective::all ? "and" : connective == Connective::any ? "or" : "not";
  const Value list = build.data[word];
  if (!list.is_list() || list.empty()) {
    build.problem(build.data, "\"" + std::string(word) + "\" must be a list of filters that is not empty");
    return nullptr;
  }
  std::vector<std::unique_ptr<Filter>> children;
  for (const Value item : list.items()) {
    Build child = build;
    child.data = item;
    if (auto made = build.vocabulary.make_filter(child)) children.push_back(std::move(made));
  }
  if (children.size() != list.size()) return nullptr;
  return std::make_unique<Block>(connective, std::move(children));
}

}  // namespace reeve::policy
