#include "manager/usage_recorder.h"

#include <thread>

#include <gtest/gtest.h>

#include "store/temporary_store.h"

namespace patchbay::manager {
namespace {

class UsageRecorderTest : public testing::Test {
 protected:
  UsageRecorderTest() {
    const Status filled = store_->write_sync([](store::WriteTransaction& tx) -> Status {
      PB_TRY(store::fill(tx));
      return tx.insert_api_key(store::make_api_key("k1", "i1"));
    });
    EXPECT_TRUE(filled);
  }
  int64_t stored() {
    return (*store_->read([](store::ReadTransaction& tx) { return tx.api_key("i1", "k1"); }))->usage_count;
  }
  ManualClock clock_;
  store::TemporaryStore store_;
};

TEST_F(UsageRecorderTest, WhatIsPendingMovesToTheStoreWhenItIsWritten) {
  UsageRecorder usage(*store_, clock_);
  usage.key_used("k1");
  usage.key_used("k1");
  EXPECT_EQ(usage.pending("k1").count, 2);
  EXPECT_EQ(stored(), 0);
  const uint64_t generation = usage.generation();
  usage.flush();
  store_->flush();
  EXPECT_NE(usage.generation(), generation);
  EXPECT_EQ(usage.pending("k1").count, 0);
  EXPECT_EQ(stored(), 2);
}

TEST_F(UsageRecorderTest, AWriteThatFailsLosesNoCounts) {
  UsageRecorder usage(*store_, clock_);
  usage.key_used("k1");
  store_->stop();
  usage.flush();
  EXPECT_EQ(usage.pending("k1").count, 1);
}

TEST_F(UsageRecorderTest, MemoryIsBoundedAndKnownKeysGoOnCounting) {
  UsageRecorder usage(*store_, clock_, {.interval = Milliseconds(1'000'000), .max_entries = 2});
  for (const char* const key : {"k1", "k2", "k3", "k1"}) usage.key_used(key);
  EXPECT_EQ(usage.pending("k1").count, 2);
  EXPECT_EQ(usage.pending("k3").count, 0);
}

TEST_F(UsageRecorderTest, AForgottenKeyStartsAtZero) {
  UsageRecorder usage(*store_, clock_);
  usage.key_used("k1");
  usage.forget_key("k1");
  usage.stop();
  EXPECT_EQ(stored(), 0);
}

TEST_F(UsageRecorderTest, StoppingWritesEverythingThatManyThreadsCounted) {
  UsageRecorder usage(*store_, clock_, {.interval = Milliseconds(1)});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < 250; ++n) {
        clock_.advance(Milliseconds(1));
        usage.key_used("k1");
        usage.user_seen("u1");
      }
    });
  for (std::thread& thread : threads) thread.join();
  usage.stop();
  EXPECT_EQ(stored(), 1'000);
  EXPECT_EQ(usage.pending("k1").count, 0);
}

}  // namespace
}  // namespace patchbay::manager
