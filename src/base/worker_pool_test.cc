#include "base/worker_pool.h"

#include <atomic>
#include <latch>
#include <memory>

#include <gtest/gtest.h>

namespace patchbay {
namespace {

TEST(WorkerPool, RefusesWhatItCannotQueueAndDestroysIt) {
  WorkerPool pool(1, 2);
  std::latch busy(1);
  std::latch release(1);
  ASSERT_TRUE(pool.try_post([&] {
    busy.count_down();
    release.wait();
  }));
  busy.wait();
  const auto held = std::make_shared<int>(0);
  EXPECT_TRUE(pool.try_post([held] {}));
  EXPECT_TRUE(pool.try_post([held] {}));
  EXPECT_EQ(pool.queued(), 2u);
  EXPECT_FALSE(pool.try_post([held] { FAIL(); }));
  EXPECT_EQ(held.use_count(), 3);
  release.count_down();
  pool.stop();
  EXPECT_EQ(held.use_count(), 1);
}

TEST(WorkerPool, FinishesWhatIsQueuedWhenItStopsAndTakesNothingAfterwards) {
  WorkerPool pool(3, 1000);
  std::atomic<int> ran{0};
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(pool.try_post([&] { ++ran; }));
  pool.stop();
  EXPECT_EQ(ran, 500);
  EXPECT_FALSE(pool.try_post([] { FAIL(); }));
  pool.stop();
}

}  // namespace
}  // namespace patchbay
