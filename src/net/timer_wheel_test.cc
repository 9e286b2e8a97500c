#include "net/timer_wheel.h"

#include <functional>
#include <memory>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace patchbay::net {
namespace {

struct TimerProbe final : TimerNode {
  explicit TimerProbe(std::function<void(TimerProbe&)> f) : fire(std::move(f)) {}
  void on_timer() override { fire(*this); }
  std::function<void(TimerProbe&)> fire;
};

TEST(TimerWheel, FiresAtTheExactMillisecondAndNotBefore) {
  for (const uint64_t delay : {1, 2, 63, 64, 65, 300, 500, 4095, 4096, 25'000, 262'144, 20'000'000}) {
    TimerWheel wheel(123'456'789);
    bool fired = false;
    TimerProbe probe([&](TimerProbe&) { fired = true; });
    wheel.schedule(probe, 123'456'789 + delay);
    wheel.advance(123'456'789 + delay - 1);
    EXPECT_FALSE(fired) << delay;
    wheel.advance(123'456'789 + delay);
    EXPECT_TRUE(fired) << delay;
    EXPECT_FALSE(wheel.next_wakeup_ms().has_value());
  }
}

TEST(TimerWheel, AgreesWithASortedListOverRandomSchedules) {
  std::mt19937_64 random(7);
  uint64_t now = 1'000'000;
  TimerWheel wheel(now);
  std::vector<std::unique_ptr<TimerProbe>> probes;
  std::vector<uint64_t> due(400, 0);
  std::vector<uint64_t> fired(400, 0);
  for (size_t i = 0; i < due.size(); ++i)
    probes.push_back(std::make_unique<TimerProbe>([&, i](TimerProbe&) {
      fired[i] = due[i];
      due[i] = 0;
    }));
  for (int step = 0; step < 20'000; ++step) {
    const size_t i = random() % due.size();
    if (random() % 4 == 0) {
      probes[i]->cancel();
      due[i] = 0;
    } else {
      due[i] = now + 1 + (random() % (random() % 2 ? 100 : 400'000));
      wheel.schedule(*probes[i], due[i]);
    }
    const uint64_t before = now;
    now += random() % (random() % 50 == 0 ? 50'000 : 5);
    wheel.advance(now);
    for (size_t k = 0; k < due.size(); ++k) {
      ASSERT_TRUE(due[k] == 0 || due[k] > now) << "missed";
      ASSERT_LE(fired[k], now);
    }
    const auto wake = wheel.next_wakeup_ms();
    for (size_t k = 0; k < due.size(); ++k)
      if (due[k] != 0) {
        ASSERT_TRUE(wake.has_value());
        ASSERT_LE(*wake, due[k]);
      }
    (void)before;
  }
}

TEST(TimerWheel, LetsACallbackRescheduleItselfAndCancelOthers) {
  TimerWheel wheel(0);
  int count = 0;
  TimerProbe victim([&](TimerProbe&) { FAIL() << "cancelled"; });
  TimerProbe repeating([&](TimerProbe& self) {
    victim.cancel();
    if (++count < 5) wheel.schedule(self, static_cast<uint64_t>(count) * 10 + 10);
  });
  wheel.schedule(repeating, 10);
  wheel.schedule(victim, 10);
  wheel.advance(1000);
  EXPECT_EQ(count, 5);
  EXPECT_FALSE(wheel.next_wakeup_ms().has_value());
}

TEST(TimerWheel, ForgetsADestroyedTimer) {
  TimerWheel wheel(0);
  {
    TimerProbe gone([](TimerProbe&) { FAIL(); });
    wheel.schedule(gone, 5);
  }
  EXPECT_FALSE(wheel.next_wakeup_ms().has_value());
  wheel.advance(10);
}

TEST(TimerWheel, DoesNotWakeForATimerThatWasCancelledBeforeALaterOne) {
  TimerWheel wheel(0);
  bool fired = false;
  TimerProbe early([](TimerProbe&) { FAIL(); });
  TimerProbe late([&](TimerProbe&) { fired = true; });
  wheel.schedule(early, 5);
  wheel.schedule(late, 50);
  early.cancel();
  EXPECT_EQ(wheel.next_wakeup_ms(), 50u);
  wheel.advance(50);
  EXPECT_TRUE(fired);
}

}  // namespace
}  // namespace patchbay::net
