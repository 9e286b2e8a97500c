// Timers in O(1): a hierarchical wheel with a resolution of one millisecond (Varghese and Lauck, scheme 7).
// No clock of its own: the caller says what time it is. Shard-local.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

namespace patchbay::net {

// One timer, embedded in the object that it wakes: 32 bytes. Not copied, not moved; destroying it cancels.
class TimerNode {
 public:
  TimerNode() = default;
  TimerNode(const TimerNode&) = delete;
  TimerNode& operator=(const TimerNode&) = delete;
  virtual ~TimerNode() { cancel(); }

  bool scheduled() const { return next_ != nullptr; }
  void cancel();

 protected:
  // Runs on the wheel's thread when the time has come; the node is no longer scheduled and may be scheduled
  // again, or destroyed, from inside.
  virtual void on_timer() = 0;

 private:
  friend class TimerWheel;
  TimerNode* prev_ = nullptr;
  TimerNode* next_ = nullptr;
  uint64_t when_ms_ = 0;
};

class TimerWheel {
 public:
  explicit TimerWheel(uint64_t now_ms);
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;
  // Timers that are still scheduled are cancelled.
  ~TimerWheel();

  // Runs `node` at the first advance() whose time is >= when_ms. A time already reached means the next
  // millisecond. Scheduling a scheduled node moves it.
  void schedule(TimerNode& node, uint64_t when_ms);
  // Fires, in order of time, everything due up to and including now_ms.
  void advance(uint64_t now_ms);
  // A time not later than the earliest timer: when to call advance() next. Nothing when no timer is set.
  std::optional<uint64_t> next_wakeup_ms() const;

 private:
  friend class TimerNode;
  static constexpr unsigned kBits = 6;
  static constexpr unsigned kSlots = 1u << kBits;
  static constexpr unsigned kLevels = 6;  // 2^36 ms, about two years

  struct Head final : TimerNode {  // sentinel of a circular list
    Head() { reset(); }
    ~Head() override { prev_ = next_ = nullptr; }
    void reset() { prev_ = next_ = this; }
    bool empty() const { return next_ == this; }
    void on_timer() override {}
    friend class TimerWheel;
  };
  struct Expiry {
    unsigned level;
    unsigned index;
    uint64_t deadline_ms;
  };

  void link(TimerNode& node);
  std::optional<Expiry> next_expiry() const;

  uint64_t elapsed_ms_;
  // A bit for every slot that may hold a timer. A node that is cancelled knows its neighbours only, so a bit
  // can outlive its timers; next_expiry() clears those it meets.
  mutable std::array<uint64_t, kLevels> occupied_{};
  std::array<std::array<Head, kSlots>, kLevels> slots_;
};

inline void TimerNode::cancel() {
  if (next_ == nullptr) return;
  prev_->next_ = next_;
  next_->prev_ = prev_;
  prev_ = next_ = nullptr;
}

}  // namespace patchbay::net
