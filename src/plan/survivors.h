#pragma once
#include <set>
#include <string>
#include <vector>

#include "estate/record.h"
#include "plan/plan.h"

namespace reeve::plan {

/// The data set that a snapshot belongs to: its volume's id; empty where the id means nothing (copies, imports, none).
std::string data_set(const estate::Record& snapshot);

/// Rows that a run may not carry out, because a data set would be left without a completed, readable copy
/// (design, section 5.2): of each set that would be, the rows on its newest copy. Newest = StartTime, then SnapshotId.
/// `removing` are the rows that remove data; `snapshots` and `volumes` the whole scope's. Rows on a last copy that the
/// policy named are not taken back: they ask for consent instead.
std::set<std::string> last_survivors(const std::vector<const Row*>& removing,
                                     const std::vector<estate::Record>& snapshots,
                                     const std::vector<estate::Record>& volumes);

/// Spreads savings so that the rows of one data set together never count above one full size (the largest at_most).
void cap_chains(std::vector<Row>& rows, const std::vector<estate::Record>& snapshots);

}  // namespace reeve::plan
