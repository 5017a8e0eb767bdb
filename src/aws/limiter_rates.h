#pragma once

namespace reeve::aws {

/// A bucket that fills at a rate; times in seconds of any clock. Starts empty.
class TokenBucket {
 public:
  TokenBucket(double rate, double now) : rate_(rate), most_(rate), at_(now) {}
  /// Changes the rate; what it holds is cut to the new size (at least one token).
  void set_rate(double rate, double now);
  void set_capacity(double most) { most_ = most; }
  void fill() { held_ = most_; }
  /// Takes tokens if they are there.
  bool try_acquire(double amount, double now);
  /// Seconds until so many will be there; 0 if they are. At the present rate, which may change before.
  double wait(double amount, double now);
  double available() const { return held_; }
  double rate() const { return rate_; }

 private:
  void refill(double now);
  double rate_, most_, held_ = 0, at_;
};

/// The rate that CUBIC (RFC 9438's window curve, as the SDKs' adaptive mode uses it) allows: falls by 30 % on a
/// throttle, comes back to where it was, waits there, then feels its way further. Requests and times in seconds.
class CubicRate {
 public:
  CubicRate(double start_rate, double start_time);
  double success(double now);
  double throttled(double current_rate, double now);
  double w_max() const { return w_max_; }
  double k() const { return k_; }

 private:
  static constexpr double scale = 0.4, beta = 0.7;
  void plan_return();
  double w_max_, k_ = 0, last_fail_;
};

/// Requests a second, smoothed over half-second slots.
class MeasuredRate {
 public:
  void add(double now);
  /// The smoothed rate, or the present slot's where that is higher (a burst that has only begun).
  double rate(double now) const;

 private:
  static constexpr double slot = 0.5, smoothing = 0.8;
  double rate_ = 0, since_ = -1, count_ = 0;
};

}  // namespace reeve::aws
