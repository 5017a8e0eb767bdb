#pragma once
#include "base/document.h"
#include "base/result.h"
#include "plan/plan.h"

namespace reeve::plan {

/// The JSON shapes of docs/formats/plan.md. `put_…` writes a map at the builder's place.
void put_row(Builder& b, const Row& row, bool with_internals);
void put_kept(Builder& b, const Kept& kept);
void put_header(Builder& b, const Header& header, bool with_policy_data);
void put_error(Builder& b, const Error& error);
void put_calls(Builder& b, const std::map<std::string, std::uint64_t>& calls);

/// {"ec2.DescribeSnapshots": 3, …}
Document calls_document(const std::map<std::string, std::uint64_t>& calls);
/// {"format": 1, "error": {…}}: what every verb prints with -o json when it has no result.
Document error_document(const Error& error);

/// Reads back what put_row(…, true) and put_header(…, true) wrote. Errors: plan_damaged.
Result<Row> row_from(Value value);
Result<Header> header_from(Value value);

}  // namespace reeve::plan
