#pragma once
#include <string>
#include <string_view>

#include "apply/journal.h"

namespace reeve::apply {

/// What it means to go on without the journal, for hints.
inline constexpr std::string_view without_journal =
    "then nothing that earlier runs did is known any more: what came back and what an undo needs is no longer "
    "protected, runs cannot be resumed or undone, and used plans count as unused. Look at the account for what the "
    "last run did, and plan anew";

/// Writes the run that began last beside the journal at `path` (docs/formats/journal.md). After the commit, so that the
/// mark never names a run that the journal does not hold. One that cannot be written names an older run: less is
/// noticed then, and nothing is lost.
void set_mark(Disk& disk, const std::string& path, const std::string& run);

/// A journal that lost what its mark says it held is refused: what it protects would be forgotten unseen.
/// Errors: journal, and those of Disk.
Result<void> check_mark(Disk& disk, const std::string& path, Journal& journal);

}  // namespace reeve::apply
