#include <sys/random.h>
#include <time.h>

#include <cerrno>
#include <chrono>

#include "base/real_seams.h"

namespace reeve {

Time RealClock::wall() {
  return {std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch()).count()};
}

// The time that a machine sleeps counts: evidence read before a laptop was closed is old when it is opened.
Steady RealClock::steady() {
  timespec now{};
  REEVE_ASSERT(::clock_gettime(CLOCK_BOOTTIME, &now) == 0);
  return {std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000};
}

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
