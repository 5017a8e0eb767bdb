#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "estate/kind.h"
#include "estate/record.h"

namespace reeve::policy {

/// One entry of what the configuration protects. What is given must hold altogether; texts are globs (`*`, `?`, `[…]`)
/// unless said otherwise.
struct ProtectEntry {
  std::string id;                        ///< of an id or an ARN; empty: any
  std::string tag_key, tag_value = "*";  ///< of one tag; an empty key: whatever its tags
  std::string kind;                      ///< canonical name, no glob; empty: any
  std::string account;                   ///< empty: any
  std::string region;                    ///< empty: any
  std::optional<Time> until;             ///< protects before this moment; nullopt = for ever
  std::string reason;                    ///< why, for people; may be empty
  int line = 0;                          ///< in the configuration file
  bool own = false;                      ///< names something of Reeve's own: `id` may be its bare name
};

/// What a configuration file says (docs/formats/config.md).
struct Configuration {
  std::string file;  ///< where it was read from; empty: there is none
  std::vector<ProtectEntry> protect;
};

/// Reads a configuration file's text. Errors: invalid_input, a line "file:line:column: message" for each mistake: an
/// entry that cannot be understood must not end as no protection.
Result<Configuration> read_configuration(std::string_view text, std::string_view file_name, const estate::Kinds& kinds);

/// Why the configuration protects a record, for people; nullopt if it does not.
std::optional<std::string> protected_by(const Configuration& configuration, const estate::Record& record, Time now);

}  // namespace reeve::policy
