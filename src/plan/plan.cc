#include "plan/plan.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/json.h"

namespace reeve::plan {

std::vector<aws::Scope> scopes_of(const Header& header) {
  std::vector<aws::Scope> out;
  for (const auto& scope : header.scopes) {
    for (const auto& region : scope.regions) {
      out.push_back({.partition = scope.partition, .account = scope.account, .region = region});
    }
  }
  return out;
}

void Totals::add(const Row& row) {
  ++rows;
  if (row.consent_needed()) ++consent_needed;
  if (row.saves.likely) likely = likely.value_or(0) + *row.saves.likely;
  if (row.saves.at_most) at_most = at_most.value_or(0) + *row.saves.at_most;
  price_date = std::max(price_date, row.saves.price_date);
}

std::string row_id(const std::string& policy, const std::string& kind, const aws::Scope& scope,
                   const std::vector<std::string>& records, const std::string& action) {
  Builder b;
  b.begin_list();
  for (const auto& part : {policy, kind, scope.partition, scope.account, scope.region, action}) b.add(part);
  for (const auto& record : records) b.add(record);
  b.end();
  return sha256_hex(canonical_json(b.finish())).substr(0, 16);
}

}  // namespace reeve::plan
