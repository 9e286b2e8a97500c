// Time as a parameter. Protocol cores take `now` in their calls; services take a Clock in their constructor,
// so that tests move time by hand.
#pragma once

#include <atomic>
#include <chrono>
#include <string>

namespace patchbay {

using Milliseconds = std::chrono::milliseconds;
// Monotonic instant, millisecond resolution; the zero point means nothing.
using SteadyTime = std::chrono::time_point<std::chrono::steady_clock, Milliseconds>;
// Wall-clock instant (UTC), millisecond resolution.
using WallTime = std::chrono::sys_time<Milliseconds>;

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual SteadyTime steady_now() const = 0;
  virtual WallTime wall_now() const = 0;
};

// The machine's clocks. Thread-safe.
class SystemClock final : public Clock {
 public:
  SteadyTime steady_now() const override;
  WallTime wall_now() const override;
};

// Moves only when told to; both clocks advance together. Thread-safe.
class ManualClock final : public Clock {
 public:
  SteadyTime steady_now() const override { return SteadyTime(Milliseconds(steady_ms_.load())); }
  WallTime wall_now() const override { return WallTime(Milliseconds(wall_ms_.load())); }
  void advance(Milliseconds by) {
    steady_ms_ += by.count();
    wall_ms_ += by.count();
  }

 private:
  std::atomic<int64_t> steady_ms_{1'000};
  std::atomic<int64_t> wall_ms_{1'700'000'000'000};
};

// "2026-11-23T19:00:00.000Z"
std::string to_iso8601(WallTime time);
inline int64_t to_unix_ms(WallTime time) {
  return time.time_since_epoch().count();
}
inline WallTime from_unix_ms(int64_t ms) {
  return WallTime(Milliseconds(ms));
}

}  // namespace patchbay
