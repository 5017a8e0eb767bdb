#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/seams.h"
#include "base/seeded_random.h"
#include "base/sim_disk.h"

/// A world that runs in one thread and is the same for the same seed. See real_seams.h for the other.
namespace reeve {

/// Virtual time: stands still while there is work, and moves when the loop has nothing else to do.
/// wall = start + steady + skew.
class SimClock final : public Clock {
 public:
  explicit SimClock(Time start = Time{1'767'225'600'000'000}) : start_(start) {}  // 2026-01-01T00:00:00Z
  Time wall() override { return start_ + (steady_ - Steady{}) + skew_; }
  Steady steady() override { return steady_; }
  Time now() override { return pinned_ ? *pinned_ : wall(); }
  bool advance_to(Steady when) override;
  /// The world's time, which a skewed machine does not know: what a simulated AWS goes by.
  Time true_time() const { return start_ + (steady_ - Steady{}); }
  void advance(Duration by) { advance_to(steady_ + by); }
  void set_skew(Duration skew) { skew_ = skew; }
  void pin_now(std::optional<Time> now) { pinned_ = now; }

 private:
  Time start_;
  Steady steady_;
  Duration skew_{0};
  std::optional<Time> pinned_;
};

/// Does the work at once, in place.
class InlineWorkers final : public Workers {
 public:
  Task<void> run(Loop&, std::move_only_function<void()> work) override;
};

/// An environment out of a map.
class MapEnvironment final : public Environment {
 public:
  MapEnvironment() = default;
  explicit MapEnvironment(std::map<std::string, std::string, std::less<>> variables)
      : variables(std::move(variables)) {}
  std::optional<std::string> get(std::string_view name) override;
  std::string home() override { return home_folder; }
  std::string host_name() override { return host; }
  std::int64_t process_id() override { return pid; }

  std::map<std::string, std::string, std::less<>> variables;
  std::string home_folder = "/home/reeve", host = "simulated";
  std::int64_t pid = 1;
};

/// Commands with answers written down beforehand. One that has none ends with 127, as a shell says of what it can't
/// find.
class FakeProcess final : public Process {
 public:
  /// The answers of one command, in order; the last one stays.
  void on(const std::string& command, Result<Output> answer) { answers_[command].push_back(std::move(answer)); }
  const std::vector<std::string>& calls() const { return calls_; }  ///< commands run, in order
  Task<Result<Output>> run(std::string command, Duration timeout) override;

 private:
  std::map<std::string, std::vector<Result<Output>>> answers_;
  std::vector<std::string> calls_;
};

/// No network: every request fails with `network`.
class NoHttp final : public Http {
 public:
  Task<Result<HttpResponse>> send(HttpRequest request, Steady deadline, Cancel cancel) override;
};

/// A whole simulated world from one seed. The disk has the folders /home/reeve and /tmp.
struct SimWorld {
  explicit SimWorld(std::uint64_t seed = 1);
  SimWorld(const SimWorld&) = delete;
  SimWorld& operator=(const SimWorld&) = delete;

  SimClock clock;
  SeededRandom random;
  SimDisk disk;
  NoHttp http;
  FakeProcess process;
  MapEnvironment environment;
  InlineWorkers workers;
  Loop loop;
  World world;
};

}  // namespace reeve
