#include "apply/batch.h"

#include <map>

#include "apply/effects.h"
#include "base/json.h"

namespace reeve::apply {
namespace {

/// A step's parameters with the batch's member replaced: the ids of all `parts`, or none of them.
Document params_with(const policy::Step& step, std::string_view member, const std::vector<Part>& parts) {
  Builder b;
  b.begin_map();
  for (const auto [key, value] : step.params.root().entries()) {
    if (key != member) {
      b.put(key, value);
      continue;
    }
    b.begin_list(key);
    for (const Part& part : parts) {
      for (const Value item : part.what().params[member].items()) b.add(item);
    }
    b.end();
  }
  b.end();
  return b.finish();
}

}  // namespace

std::vector<std::vector<Part>> into_calls(const std::vector<Part>& parts) {
  std::vector<std::vector<Part>> calls;
  std::map<std::string, std::size_t> open;  // what steps have in common → their call, which has room
  for (const Part& part : parts) {
    const policy::Step& step = part.what();
    const Batch batch = batch_of(step.service, step.operation);
    if (batch.most <= 1) {
      calls.push_back({part});
      continue;
    }
    const aws::Scope& scope = part.row->scope;
    const std::string key = step.service + "." + step.operation + " " + scope.account + "/" + scope.region + " " +
                            canonical_json(params_with(step, batch.member, {}));
    const auto [at, fresh] = open.try_emplace(key, calls.size());
    if (fresh || calls[at->second].size() >= batch.most) {
      at->second = calls.size();
      calls.emplace_back();
    }
    calls[at->second].push_back(part);
  }
  return calls;
}

Document joined_params(const std::vector<Part>& parts) {
  const policy::Step& step = parts.front().what();
  if (parts.size() == 1) return step.params;
  return params_with(step, batch_of(step.service, step.operation).member, parts);
}

}  // namespace reeve::apply
