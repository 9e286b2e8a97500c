#include "net/mailbox.h"

#include <atomic>
#include <memory>
#include <semaphore>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace patchbay::net {
namespace {

TEST(Mailbox, RunsMessagesOldestFirstAndThoseThatComeMeanwhileLater) {
  Mailbox mailbox;
  std::vector<int> ran;
  EXPECT_TRUE(mailbox.push([&] {
    ran.push_back(1);
    mailbox.push([&] { ran.push_back(3); });
  }));
  EXPECT_FALSE(mailbox.push([&] { ran.push_back(2); }));
  EXPECT_EQ(mailbox.drain(), 2u);
  EXPECT_EQ(ran, (std::vector{1, 2}));
  EXPECT_EQ(mailbox.drain(), 1u);
  EXPECT_EQ(ran, (std::vector{1, 2, 3}));
  EXPECT_TRUE(mailbox.empty());
}

TEST(Mailbox, DestroysWhatWaitsWithoutRunningIt) {
  auto held = std::make_shared<int>(1);
  {
    Mailbox mailbox;
    mailbox.push([held] { FAIL(); });
    mailbox.discard();
    EXPECT_EQ(held.use_count(), 1);
    mailbox.push([held] { FAIL(); });
  }
  EXPECT_EQ(held.use_count(), 1);
}

TEST(Mailbox, LosesAndReordersNothingWithManySenders) {
  constexpr size_t kSenders = 8;
  constexpr size_t kEach = 4000;
  Mailbox mailbox;
  std::counting_semaphore<> bell(0);  // what the event descriptor of a shard is
  std::vector<size_t> next(kSenders, 0);
  bool in_order = true;
  std::vector<std::thread> senders;
  for (size_t s = 0; s < kSenders; ++s)
    senders.emplace_back([&, s] {
      for (size_t i = 0; i < kEach; ++i) {
        const bool first = mailbox.push([&, s, i] { in_order &= std::exchange(next[s], i + 1) == i; });
        if (first) bell.release();
      }
    });
  for (size_t ran = 0; ran < kSenders * kEach;) {
    bell.acquire();  // whoever finds it empty rings: never waits in vain
    ran += mailbox.drain();
  }
  for (auto& sender : senders) sender.join();
  EXPECT_TRUE(in_order);
  EXPECT_EQ(next, std::vector<size_t>(kSenders, kEach));
}

}  // namespace
}  // namespace patchbay::net
