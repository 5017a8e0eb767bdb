#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "sandbox/sandbox.h"

namespace reeve::sandbox {

/// What a sandbox is made of where none was kept. Both may be given.
struct Beginning {
  std::string estate;                   ///< an estate file (docs/formats/estate.md); empty: none
  std::optional<std::size_t> generate;  ///< so many snapshots
  std::uint64_t seed = 1;               ///< of `generate`
};

/// How a sandbox began.
struct Begun {
  bool fresh = true;   ///< made by the Beginning; false: taken up
  std::string notice;  ///< a line for people where it was taken up and made of something else than what was asked for
};

/// Takes up the state that the file `kept` holds, or makes what is asked for and keeps it there; with an empty `kept`
/// nothing is kept. Errors: those of the disk and of load_estate, with the file as the resource.
Result<Begun> begin(Sandbox& sandbox, Disk& disk, const std::string& kept, const Beginning& beginning);

}  // namespace reeve::sandbox
