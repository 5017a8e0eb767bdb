#include <sys/random.h>

#include <cerrno>
#include <chrono>

#include "base/real_seams.h"

namespace reeve {
namespace {

template <class C>
std::int64_t microseconds_of() {
  return std::chrono::duration_cast<Duration>(C::now().time_since_epoch()).count();
}

}  // namespace

Time RealClock::wall() { return {microseconds_of<std::chrono::system_clock>()}; }

Steady RealClock::steady() { return {microseconds_of<std::chrono::steady_clock>()}; }

std::uint64_t RealRandom::next() {
  std::uint64_t value = 0;
  ssize_t got = -1;
  do {
    got = ::getrandom(&value, sizeof(value), 0);  // up to 256 bytes come whole (getrandom(2))
  } while (got < 0 && errno == EINTR);
  REEVE_ASSERT(got == sizeof(value));
  return value;
}

}  // namespace reeve
