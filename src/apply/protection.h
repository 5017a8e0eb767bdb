#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "apply/journal.h"

namespace reeve::apply {

/// Says for a record why our own journal protects it: it came back after we deleted it, or an undo that is still
/// possible needs it.
using JournalProtection =
    std::function<std::optional<std::string>(const aws::Scope&, std::string_view kind, std::string_view id)>;

/// What our own journal protects now: for 30 days what came back (we deleted it and it is listed again, or an undo
/// brought it back), and until its deadline what an undo needs. What has no deadline (tags, the archive) protects
/// nothing: what was once marked could never be deleted. What the run `but_for` did itself does not count.
/// Looks a record up when it is asked for; one that the journal cannot tell about is protected. The journal outlives
/// it.
JournalProtection protection_by_journal(Journal& journal, Time now, const std::string& but_for = {});

}  // namespace reeve::apply
