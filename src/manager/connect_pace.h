// The pace at which the whole process opens connections to WhatsApp. After an outage or a start thousands of
// instances want one in the same second; they take turns: at most `per_second` openings, never more than a
// tenth of that at once, and never more than `max_opening` that are not decided yet. First come, first
// served; what an operator asked for goes before what instances want by themselves. Not here: when an
// instance wants a connection (its back-off, with jitter, is in instance_machine), what a session is.
// Thread-safe; a Turn belongs to its holder.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"

namespace patchbay::manager {

struct ConnectPaceOptions {
  int per_second = 200;        // 1 .. 100,000
  size_t max_opening = 1'000;  // at least 1
};

class ConnectPace {
 public:
  enum class Priority { kOperator, kOwn };

  // A place in the line, and after that one of the `max_opening`; given back when it is destroyed. Must not
  // outlive the pace.
  class Turn {
   public:
    Turn() = default;
    Turn(Turn&& other) noexcept
        : pace_(std::exchange(other.pace_, nullptr)), id_(std::exchange(other.id_, 0)) {}
    Turn& operator=(Turn&& other) noexcept {
      if (this != &other) {
        end();
        pace_ = std::exchange(other.pace_, nullptr);
        id_ = std::exchange(other.id_, 0);
      }
      return *this;
    }
    ~Turn() { end(); }
    // Leaves the line, or gives the place back: the connection is there, or is not coming.
    void end() {
      if (auto* const pace = std::exchange(pace_, nullptr)) pace->give_back(id_);
    }
    // An operator asks for it now: to the front, among other operators' by age.
    void hurry() {
      if (pace_) pace_->hurry(id_);
    }

   private:
    friend class ConnectPace;
    Turn(ConnectPace* pace, uint64_t id) : pace_(pace), id_(id) {}
    ConnectPace* pace_ = nullptr;
    uint64_t id_ = 0;
  };

  // What take() answers: the turn, and whether it has to be waited for.
  struct Taken {
    Turn turn;
    bool waits = false;
    Milliseconds estimate{0};  // while it waits: when it comes if nothing else happens
  };

  // `clock` and `driver` outlive the pace; the driver's thread holds the one timer.
  ConnectPace(const Clock& clock, Executor& driver, ConnectPaceOptions options);
  ~ConnectPace();
  ConnectPace(const ConnectPace&) = delete;
  ConnectPace& operator=(const ConnectPace&) = delete;

  // A turn is often free at once. If not, `came` is posted to `executor` when it comes, unless the Turn ends
  // first; a task that was posted just before cannot be called back, so `came` checks for itself.
  Taken take(Priority priority, Executor& executor, Task came);
  // On the driver's thread, before it ends: no timer after it.
  void stop();

  struct Counts {
    size_t waiting = 0;
    size_t opening = 0;
  };
  Counts counts() const;

 private:
  using Microseconds = std::chrono::microseconds;
  struct Waiting {
    Executor* executor = nullptr;
    Task came;
  };
  using Line = std::map<uint64_t, Waiting>;  // by age

  void give_back(uint64_t id);
  void hurry(uint64_t id);
  // All with the lock held:
  bool take_token(Microseconds now);
  std::vector<Waiting> grant();
  void arm();
  Microseconds now() const { return clock_.steady_now().time_since_epoch(); }
  // Without:
  static void tell(std::vector<Waiting> granted);
  void tick();

  const Clock& clock_;
  Executor& driver_;
  const ConnectPaceOptions options_;
  const Microseconds interval_;  // between two openings
  const Microseconds slack_;     // by how much they may come early: the burst

  mutable std::mutex mutex_;  // guards what follows
  Line operators_;
  Line own_;
  uint64_t last_id_ = 0;
  size_t opening_ = 0;
  Microseconds next_{0};  // when the next opening is due at an even pace
  bool armed_ = false;
  bool stopped_ = false;

  Executor::Timer timer_;  // the driver's
  std::shared_ptr<int> life_ = std::make_shared<int>(0);
};

}  // namespace patchbay::manager
