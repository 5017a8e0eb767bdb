#pragma once
#include <optional>
#include <string_view>
#include <vector>

namespace reeve::fuzz {

/// A parser of bytes from outside. `run` takes any bytes: no crash, no leak, no read past the end, and what can be
/// written again is read again. `name` is its folder of tests/fuzz/corpus.
struct Target {
  std::string_view name;
  void (*run)(std::string_view bytes);
};

std::vector<Target> targets();
std::optional<Target> find_target(std::string_view name);

}  // namespace reeve::fuzz
