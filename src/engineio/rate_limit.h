// A token bucket that takes eight bytes for each thing it watches (the generic cell rate algorithm): the rule
// is shared, the state is one instant. Time is passed in. A rule is immutable; a state belongs to one thread.
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace patchbay::engineio {

class RateLimit {
 public:
  // When the bucket will be full again, nanoseconds of the steady clock. Zero is a full bucket.
  struct State {
    int64_t full_at_ns = 0;
  };

  // No limit.
  RateLimit() = default;
  // `per_second` tokens flow into a bucket that holds `burst` (at least one). A rate of zero or less is no
  // limit.
  RateLimit(double per_second, double burst);

  bool unlimited() const { return cost_ns_ <= 0; }
  // Takes `tokens` out; false, and nothing taken, when there are not that many. More than the burst never go.
  bool take(State& state, SteadyTime now, double tokens = 1) const;
  // How long until `tokens` can be taken. Zero when they can.
  Milliseconds wait(const State& state, SteadyTime now, double tokens = 1) const;

 private:
  double cost_ns_ = 0;  // of one token
  double burst_ns_ = 0;
};

}  // namespace patchbay::engineio
