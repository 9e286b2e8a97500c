#include "engineio/rate_limit.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace patchbay::engineio {
namespace {

// A century: longer waits are not told apart, and sums stay far inside 64 bits.
constexpr double kLongestNs = 3.2e18;

int64_t nanoseconds(SteadyTime time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

}  // namespace

RateLimit::RateLimit(double per_second, double burst) {
  if (!(per_second > 0)) return;
  cost_ns_ = std::clamp(1e9 / per_second, 1e-9, kLongestNs);
  burst_ns_ = std::min(std::max(burst, 1.0) * cost_ns_, kLongestNs);
}

bool RateLimit::take(State& state, SteadyTime now, double tokens) const {
  if (unlimited()) return true;
  const int64_t at = nanoseconds(now);
  const int64_t start = std::max(state.full_at_ns, at);
  const double lead = static_cast<double>(start - at) + tokens * cost_ns_;
  // Half a nanosecond of grace: a rate does not always divide a second.
  if (lead > burst_ns_ + 0.5) return false;
  state.full_at_ns = at + static_cast<int64_t>(std::llround(lead));
  return true;
}

Milliseconds RateLimit::wait(const State& state, SteadyTime now, double tokens) const {
  if (unlimited()) return Milliseconds(0);
  const int64_t at = nanoseconds(now);
  const double lead = static_cast<double>(std::max(state.full_at_ns, at) - at) + tokens * cost_ns_;
  const double over = std::clamp(lead - burst_ns_, 0.0, kLongestNs);
  return Milliseconds(static_cast<int64_t>(std::ceil(over / 1e6)));
}

}  // namespace patchbay::engineio
