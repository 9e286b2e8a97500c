#include "net/shard.h"

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "net/test_client.h"

namespace patchbay::net {
namespace {

struct Probe final : Flushable, Disposable {
  explicit Probe(std::vector<std::string>& to, std::string what = "") : log(to), name(std::move(what)) {}
  ~Probe() override { log.push_back(name + "destroyed"); }
  void on_end_of_turn() override { log.push_back(name + "flushed"); }
  void on_next_turn() override { log.push_back(name + "resumed"); }
  std::vector<std::string>& log;
  std::string name;
};

// The loop runs on the test's own thread: what a test posts beforehand is all that happens.
void run(Shard& shard, Task task) {
  shard.post(std::move(task));
  shard.run();
}

TEST(Shard, RunsTheTasksOfOneThreadInTheirOrder) {
  Shard shard(0);
  std::vector<int> ran;
  for (int i = 0; i < 100; ++i) shard.post([&ran, i] { ran.push_back(i); });
  run(shard, [&] {
    EXPECT_TRUE(shard.on_this_thread());
    shard.post([&] {
      ran.push_back(100);
      shard.stop();
    });
  });
  EXPECT_FALSE(shard.on_this_thread());
  ASSERT_EQ(ran.size(), 101u);
  for (int i = 0; i <= 100; ++i) EXPECT_EQ(ran[static_cast<size_t>(i)], i);
}

TEST(Shard, RunsATimerOnceNotBeforeItsTimeAndInOrder) {
  Shard shard(0);
  std::vector<int> ran;
  std::vector<Executor::Timer> timers;
  SteadyTime begin;
  run(shard, [&] {
    begin = shard.now();
    timers.push_back(shard.run_after(Milliseconds(30), [&] {
      ran.push_back(30);
      EXPECT_GE(shard.now() - begin, Milliseconds(30));
      shard.stop();
    }));
    timers.push_back(shard.run_after(Milliseconds(10), [&] { ran.push_back(10); }));
    timers.push_back(shard.run_after(Milliseconds(-5), [&] { ran.push_back(0); }));
  });
  EXPECT_EQ(ran, (std::vector{0, 10, 30}));
  timers.clear();
}

TEST(Shard, ForgetsATimerThatIsLetGoEvenFromItsOwnTask) {
  Shard shard(0);
  Executor::Timer own;
  Executor::Timer end;
  int ran = 0;
  run(shard, [&] {
    Executor::Timer never = shard.run_after(Milliseconds(1), [] { FAIL() << "cancelled"; });
    own = shard.run_after(Milliseconds(2), [&] {
      own.cancel();
      own = shard.run_after(Milliseconds(1), [&] { ++ran; });
    });
    end = shard.run_after(Milliseconds(10), [&] { shard.stop(); });
  });
  EXPECT_EQ(ran, 1);
}

TEST(Shard, FlushesThenDestroysAtTheEndOfTheTurnAndResumesInTheNext) {
  Shard shard(0);
  std::vector<std::string> log;
  run(shard, [&] {
    auto owned = std::make_unique<Probe>(log);
    Probe& probe = *owned;
    shard.flush_at_end_of_turn(probe);
    shard.run_next_turn(probe);
    shard.post([&shard, &log, owned = std::move(owned)]() mutable {
      log.push_back("posted");
      shard.flush_at_end_of_turn(*owned);
      shard.destroy_later(std::move(owned));
      shard.stop();
      log.push_back("task ends");
    });
  });
  EXPECT_EQ(log,
            (std::vector<std::string>{"flushed", "resumed", "posted", "task ends", "flushed", "destroyed"}));
}

TEST(Shard, CallsNothingThatWasForgotten) {
  Shard shard(0);
  std::vector<std::string> log;
  Probe probe(log);
  run(shard, [&] {
    shard.flush_at_end_of_turn(probe);
    shard.run_next_turn(probe);
    shard.forget(probe);
    shard.post([&] { shard.stop(); });
  });
  EXPECT_TRUE(log.empty());
}

TEST(Shard, FlushesWhatDestructorsWrite) {
  struct Last final : Disposable {
    explicit Last(std::function<void()> does) : last_words(std::move(does)) {}
    ~Last() override { last_words(); }
    std::function<void()> last_words;
  };
  Shard shard(0);
  std::vector<std::string> log;
  Probe probe(log);
  run(shard, [&] {
    shard.destroy_later(std::make_unique<Last>([&] { shard.flush_at_end_of_turn(probe); }));
    shard.post([&] {
      log.push_back("next turn");
      shard.stop();
    });
  });
  EXPECT_EQ(log, (std::vector<std::string>{"flushed", "next turn"}));
}

TEST(Shard, KeepsAdoptedObjectsUntilTheyAreReleasedOrTheLoopEnds) {
  Shard shard(0);
  std::vector<std::string> log;
  run(shard, [&] {
    auto first = std::make_unique<Probe>(log, "first ");
    Probe& released = *first;
    shard.adopt(std::move(first));
    shard.adopt(std::make_unique<Probe>(log, "second "));
    shard.release(released);
    EXPECT_TRUE(log.empty());
    shard.post([&] {
      log.push_back("stop");
      shard.stop();
    });
  });
  EXPECT_EQ(log, (std::vector<std::string>{"first destroyed", "stop", "second destroyed"}));
}

TEST(Shard, DestroysUnrunWhatIsPostedAfterItsEnd) {
  const auto held = std::make_shared<int>(0);
  {
    Shard shard(0);
    run(shard, [&] { shard.stop(); });
    shard.post([held] { FAIL(); });
  }
  EXPECT_EQ(held.use_count(), 1);
}

TEST(ShardGroup, RunsOnEveryShardWhetherTheLoopsRunOrNot) {
  ShardGroup shards(3);
  int count = 0;
  shards.run_on_each([&](Shard&) { ++count; });
  EXPECT_EQ(count, 3);
  shards.start();
  std::vector<int> threads(3, 0);
  shards.run_on_each([&](Shard& shard) { threads[shard.index()] += shard.on_this_thread() ? 1 : 0; });
  EXPECT_EQ(threads, (std::vector{1, 1, 1}));
  shards.stop();
  shards.run_on_each([&](Shard&) { ++count; });
  EXPECT_EQ(count, 6);
}

TEST(ShardGroup, MessagesThatPostWhenTheyAreDestroyedDoNoHarmAfterTheEnd) {
  struct Poster {
    explicit Poster(Shard& shard) : to(&shard) {}
    Poster(Poster&& other) noexcept : to(std::exchange(other.to, nullptr)) {}
    ~Poster() {
      if (to != nullptr) to->post([] { FAIL(); });
    }
    Shard* to;
  };
  ShardGroup shards(2);
  shards.start();
  shards.stop();
  shards[1].post([poster = Poster(shards[0])] {});
  shards[0].post([poster = Poster(shards[1])] {});
  shards.stop();
}

TEST(ShardGroup, TwoShardsThatAnswerEachOtherNeverSleepOnAMessage) {
  ShardGroup shards(2);
  shards.start();
  std::promise<void> done;
  std::function<void(int)> hop = [&](int left) {
    if (left == 0) return done.set_value();
    shards[static_cast<size_t>(left % 2)].post([&hop, left] { hop(left - 1); });
  };
  shards[0].post([&hop] { hop(20'000); });
  ASSERT_EQ(done.get_future().wait_for(test::kPatience), std::future_status::ready);
  shards.stop();
}

}  // namespace
}  // namespace patchbay::net
