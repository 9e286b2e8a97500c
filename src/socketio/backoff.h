// How long to wait before the next attempt: exponential, with a floor, a ceiling and jitter, so that clients
// that lost the same server do not come back together. A value; randomness is passed in.
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace patchbay::socketio {

class Backoff {
 public:
  struct Options {
    Milliseconds min{1'000};
    Milliseconds max{5'000};
    // Share of the delay by which it varies either way, 0 to 1.
    double jitter = 0.5;
  };
  explicit Backoff(const Options& options) : options_(options) {}

  // `random` is uniform in [0, 1). Never longer than max, never shorter than min * (1 - jitter).
  Milliseconds next(double random);
  void reset() { attempts_ = 0; }
  // How often next() was called since the last reset().
  uint32_t attempts() const { return attempts_; }

 private:
  Options options_;
  uint32_t attempts_ = 0;
};

}  // namespace patchbay::socketio
