// libFuzzer over the target that REEVE_FUZZ names; scripts/fuzz runs them all.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const reeve::fuzz::Target target = [] {
    const char* name = std::getenv("REEVE_FUZZ");
    const auto found = reeve::fuzz::find_target(name == nullptr ? "" : name);
    if (!found) {
      std::fputs("REEVE_FUZZ must name one of:\n", stderr);
      for (const auto& one : reeve::fuzz::targets()) std::fprintf(stderr, "  %s\n", one.name.data());
      std::exit(2);
    }
    return *found;
  }();
  target.run({reinterpret_cast<const char*>(data), size});
  return 0;
}
