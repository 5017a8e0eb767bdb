#include "aws/limiter_rates.h"

#include <algorithm>
#include <cmath>

namespace reeve::aws {

// --- TokenBucket -----------------------------------------------------------------------------------------------------

void TokenBucket::refill(double now) {
  held_ = std::min(most_, held_ + std::max(0.0, now - at_) * rate_);
  at_ = now;
}

void TokenBucket::set_rate(double rate, double now) {
  refill(now);
  rate_ = rate;
  most_ = std::max(rate, 1.0);
  held_ = std::min(held_, most_);
}

bool TokenBucket::try_acquire(double amount, double now) {
  refill(now);
  if (amount > held_) return false;
  held_ -= amount;
  return true;
}

double TokenBucket::wait(double amount, double now) {
  refill(now);
  return held_ >= amount ? 0.0 : (amount - held_) / rate_;
}

// --- CubicRate -------------------------------------------------------------------------------------------------------

CubicRate::CubicRate(double start_rate, double start_time) : w_max_(start_rate), last_fail_(start_time) {
  plan_return();
}

void CubicRate::plan_return() { k_ = std::cbrt(w_max_ * (1 - beta) / scale); }

double CubicRate::success(double now) {
  const double past_return = now - last_fail_ - k_;
  return scale * past_return * past_return * past_return + w_max_;
}

double CubicRate::throttled(double current_rate, double now) {
  w_max_ = current_rate;
  last_fail_ = now;
  plan_return();
  return current_rate * beta;
}

// --- MeasuredRate ----------------------------------------------------------------------------------------------------

void MeasuredRate::add(double now) {
  ++count_;
  if (since_ < 0) since_ = now;
  if (const double past = now - since_; past >= slot) {
    rate_ = smoothing * (count_ / past) + (1 - smoothing) * rate_;
    since_ = now;
    count_ = 0;
  }
}

double MeasuredRate::rate(double now) const { return std::max(rate_, count_ / std::max(slot, now - since_)); }

}  // namespace reeve::aws
