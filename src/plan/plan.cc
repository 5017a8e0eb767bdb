#include "plan/plan.h"

#include "base/encoding.h"
#include "base/json.h"

namespace reeve::plan {

Totals totals(const std::vector<Row>& rows) {
  Totals out;
  out.rows = rows.size();
  for (const auto& row : rows) {
    if (row.consent_needed()) ++out.consent_needed;
    if (row.saves.likely) out.likely = out.likely.value_or(0) + *row.saves.likely;
    if (row.saves.at_most) out.at_most = out.at_most.value_or(0) + *row.saves.at_most;
    if (out.price_date < row.saves.price_date) out.price_date = row.saves.price_date;
  }
  return out;
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
