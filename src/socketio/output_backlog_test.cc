#include "socketio/output_backlog.h"

#include <random>
#include <thread>

#include <gtest/gtest.h>

namespace patchbay::socketio {
namespace {

using Backlog = OutputBacklog<std::string>;

BacklogLimits limits(OverflowPolicy policy, size_t max_bytes = 100) {
  return {.max_bytes = max_bytes, .max_items = 1'000, .high_bytes = 0, .low_bytes = 0, .policy = policy};
}
std::vector<std::string> drain(Backlog& backlog) {
  std::vector<std::string> items;
  while (auto popped = backlog.pop_front()) items.push_back(std::move(popped->item));
  EXPECT_EQ(backlog.bytes(), 0u);
  return items;
}
using Items = std::vector<std::string>;

TEST(OutputBacklog, GivesItemsInTheOrderTheyCame) {
  Backlog backlog({});
  EXPECT_TRUE(backlog.empty());
  EXPECT_EQ(backlog.front(), nullptr);
  EXPECT_FALSE(backlog.pop_front());
  backlog.push("a", 10);
  backlog.push("b", 20, {.group = 3});
  EXPECT_EQ(*backlog.front(), "a");
  EXPECT_EQ(backlog.bytes(), 30u);
  EXPECT_EQ(backlog.count(), 2u);
  EXPECT_EQ(backlog.bytes_of(0), 10u);
  EXPECT_EQ(backlog.bytes_of(3), 20u);
  EXPECT_EQ(backlog.bytes_of(9), 0u);
  const auto popped = backlog.pop_front();
  EXPECT_EQ(popped->item, "a");
  EXPECT_EQ(popped->bytes, 10u);
  backlog.push("c", 5);
  EXPECT_EQ(backlog.pop_front()->group, 3u);
  EXPECT_EQ(drain(backlog), Items{"c"});
}

TEST(OutputBacklog, HoldsWhatCanOnlyBeMoved) {
  OutputBacklog<std::unique_ptr<int>> backlog({});
  backlog.push(std::make_unique<int>(7), 1);
  EXPECT_EQ(*backlog.pop_front()->item, 7);
}

TEST(OutputBacklog, LetsGoOfAnItemAsSoonAsItLeaves) {
  auto bytes = std::make_shared<int>(1);
  OutputBacklog<std::shared_ptr<int>> backlog({.max_bytes = 10, .policy = OverflowPolicy::kDropOldest});
  backlog.push(bytes, 6, {.droppable = true});
  backlog.push(nullptr, 6, {.droppable = true});
  EXPECT_EQ(bytes.use_count(), 1) << "dropped";
  backlog.push(bytes, 1, {.coalesce_key = "k"});
  backlog.push(nullptr, 1, {.coalesce_key = "k"});
  EXPECT_EQ(bytes.use_count(), 1) << "replaced";
  backlog.push(bytes, 1);
  backlog.clear();
  EXPECT_EQ(bytes.use_count(), 1) << "cleared";
}

TEST(OutputBacklog, ToDisconnectIsTheAnswerWhenNothingMayBeLost) {
  Backlog backlog(limits(OverflowPolicy::kDisconnect));
  EXPECT_EQ(backlog.push("a", 60, {.droppable = true}).result, PushResult::kQueued);
  EXPECT_EQ(backlog.push("b", 40).result, PushResult::kQueued) << "up to the limit, inclusive";
  const auto outcome = backlog.push("c", 1, {.droppable = true});
  EXPECT_EQ(outcome.result, PushResult::kOverflow);
  EXPECT_EQ(outcome.dropped_items, 0u);
  EXPECT_FALSE(outcome.shared_limit);
  EXPECT_EQ(drain(backlog), (Items{"a", "b"}));
}

TEST(OutputBacklog, DropNewestKeepsWhatWaits) {
  Backlog backlog(limits(OverflowPolicy::kDropNewest));
  backlog.push("a", 60, {.droppable = true});
  backlog.push("b", 40, {.droppable = true});
  EXPECT_EQ(backlog.push("c", 1, {.droppable = true}).result, PushResult::kDropped);
  EXPECT_EQ(drain(backlog), (Items{"a", "b"}));
}

TEST(OutputBacklog, DropNewestMakesRoomForWhatMustNotBeDropped) {
  Backlog backlog(limits(OverflowPolicy::kDropNewest));
  backlog.push("a", 40, {.droppable = true});
  backlog.push("b", 30, {.droppable = true, .group = 1});
  backlog.push("ack 1", 30);
  const auto outcome = backlog.push("ack 2", 20);
  EXPECT_EQ(outcome.result, PushResult::kQueued);
  EXPECT_EQ(outcome.dropped_items, 1u);
  EXPECT_EQ(outcome.dropped_bytes, 30u);
  EXPECT_EQ(backlog.push("large", 51).result, PushResult::kOverflow);
  EXPECT_EQ(drain(backlog), (Items{"a", "ack 1", "ack 2"})) << "nothing was dropped in vain";
}

TEST(OutputBacklog, DropOldestMakesRoomForTheNewest) {
  Backlog backlog(limits(OverflowPolicy::kDropOldest));
  backlog.push("ack", 30);
  backlog.push("a", 30, {.droppable = true, .group = 1});
  backlog.push("b", 30, {.droppable = true});
  auto outcome = backlog.push("c", 20, {.droppable = true});
  EXPECT_EQ(outcome.result, PushResult::kQueued);
  EXPECT_EQ(outcome.dropped_items, 1u);
  outcome = backlog.push("ack 2", 50);
  EXPECT_EQ(outcome.result, PushResult::kQueued);
  EXPECT_EQ(outcome.dropped_items, 1u);
  EXPECT_EQ(backlog.push("large", 21, {.droppable = true}).result, PushResult::kDropped);
  EXPECT_EQ(backlog.push("large ack", 21).result, PushResult::kOverflow);
  EXPECT_EQ(drain(backlog), (Items{"ack", "c", "ack 2"})) << "nothing was dropped in vain";
}

TEST(OutputBacklog, TheNumberOfItemsIsLimitedToo) {
  BacklogLimits two = limits(OverflowPolicy::kDropOldest);
  two.max_items = 2;
  Backlog backlog(two);
  for (const char* const item : {"a", "b", "c"}) backlog.push(item, 0, {.droppable = true});
  EXPECT_EQ(drain(backlog), (Items{"b", "c"}));
  backlog.push("x", 0);
  backlog.push("y", 0);
  EXPECT_EQ(backlog.push("z", 0).result, PushResult::kOverflow);
}

TEST(OutputBacklog, VolatileItemsWaitOnlyAlone) {
  Backlog backlog(limits(OverflowPolicy::kDisconnect));
  EXPECT_EQ(backlog.push("v", 10, {.is_volatile = true}).result, PushResult::kQueued);
  EXPECT_EQ(backlog.push("w", 10, {.is_volatile = true}).result, PushResult::kDropped);
  EXPECT_EQ(drain(backlog), Items{"v"});
  EXPECT_EQ(backlog.push("large", 101, {.is_volatile = true}).result, PushResult::kDropped)
      << "not a reason to disconnect";
}

TEST(OutputBacklog, VolatileItemsAreDroppedLikeOthers) {
  Backlog backlog(limits(OverflowPolicy::kDropOldest));
  backlog.push("v", 60, {.is_volatile = true});
  EXPECT_EQ(backlog.push("a", 60).dropped_items, 1u);
  EXPECT_EQ(drain(backlog), Items{"a"});
}

TEST(OutputBacklog, AnItemTakesThePlaceOfTheOneWithItsKey) {
  Backlog backlog(limits(OverflowPolicy::kDisconnect));
  backlog.push("price 1", 20, {.coalesce_key = "price"});
  backlog.push("other", 10);
  backlog.push("price of another namespace", 20, {.coalesce_key = "price", .group = 1});
  EXPECT_EQ(backlog.push("price 2", 25, {.coalesce_key = "price"}).result, PushResult::kReplaced);
  EXPECT_EQ(backlog.count(), 3u);
  EXPECT_EQ(backlog.bytes(), 25 + 5 + 10 + 20 + 5u) << "keys count";
  EXPECT_EQ(backlog.push("price 3", 0, {.coalesce_key = "price"}).result, PushResult::kReplaced);
  EXPECT_EQ(backlog.bytes(), 5 + 10 + 25u);
  EXPECT_EQ(drain(backlog), (Items{"price 3", "other", "price of another namespace"}));
  EXPECT_EQ(backlog.push("price 4", 20, {.coalesce_key = "price"}).result, PushResult::kQueued)
      << "what has left is not replaced";
  EXPECT_EQ(backlog.push("v", 1, {.is_volatile = true, .coalesce_key = "price"}).result,
            PushResult::kReplaced);
  EXPECT_EQ(drain(backlog), Items{"v"});
}

TEST(OutputBacklog, AnItemThatGrowsInItsPlaceObeysTheLimits) {
  {
    Backlog backlog(limits(OverflowPolicy::kDisconnect));
    backlog.push("k1", 48, {.coalesce_key = "k"});
    backlog.push("a", 50);
    EXPECT_EQ(backlog.push("k2", 49, {.coalesce_key = "k"}).result, PushResult::kReplaced);
    EXPECT_EQ(backlog.push("k3", 50, {.coalesce_key = "k"}).result, PushResult::kOverflow);
    EXPECT_EQ(drain(backlog), (Items{"k2", "a"}));
  }
  {
    Backlog backlog(limits(OverflowPolicy::kDropOldest));
    backlog.push("k1", 9, {.droppable = true, .coalesce_key = "k"});
    backlog.push("a", 50, {.droppable = true});
    backlog.push("b", 40);
    EXPECT_EQ(backlog.push("k2", 30, {.droppable = true, .coalesce_key = "k"}).dropped_items, 1u);
    EXPECT_EQ(backlog.push("k3", 90, {.droppable = true, .coalesce_key = "k"}).result, PushResult::kDropped);
    EXPECT_EQ(drain(backlog), (Items{"k2", "b"})) << "it never drops the item it replaces";
  }
}

TEST(OutputBacklog, WhatReplacedSomethingThatMustNotBeDroppedIsNotDropped) {
  for (const bool first : {true, false}) {
    Backlog backlog(limits(OverflowPolicy::kDropOldest));
    backlog.push("k1", 10, {.droppable = first, .coalesce_key = "k"});
    backlog.push("k2", 10, {.droppable = !first, .coalesce_key = "k"});
    backlog.push("a", 80, {.droppable = true});
    backlog.push("b", 80, {.droppable = true});
    EXPECT_EQ(drain(backlog), (Items{"k2", "b"}));
  }
}

TEST(OutputBacklog, TellsOnceWhenItCrossesAWatermark) {
  Backlog backlog({.max_bytes = 100, .high_bytes = 50, .low_bytes = 20});
  EXPECT_EQ(backlog.push("a", 30).watermark, Watermark::kNone);
  EXPECT_EQ(backlog.push("b", 20).watermark, Watermark::kHigh);
  EXPECT_TRUE(backlog.is_high());
  EXPECT_EQ(backlog.push("c", 10).watermark, Watermark::kNone);
  EXPECT_EQ(backlog.pop_front()->watermark, Watermark::kNone) << "30 are between the marks";
  EXPECT_EQ(backlog.push("d", 40).watermark, Watermark::kNone) << "70, but it was never low";
  EXPECT_EQ(backlog.pop_front()->watermark, Watermark::kNone);
  EXPECT_EQ(backlog.pop_front()->watermark, Watermark::kNone);
  EXPECT_EQ(backlog.pop_front()->watermark, Watermark::kLow);
  EXPECT_EQ(backlog.push("e", 60).watermark, Watermark::kHigh);
  EXPECT_EQ(backlog.clear(), Watermark::kLow);
  EXPECT_FALSE(backlog.is_high());
}

TEST(OutputBacklog, DroppingToMakeRoomMayCrossTheLowMark) {
  Backlog backlog(
      {.max_bytes = 100, .high_bytes = 90, .low_bytes = 40, .policy = OverflowPolicy::kDropOldest});
  EXPECT_EQ(backlog.push("a", 95, {.droppable = true}).watermark, Watermark::kHigh);
  EXPECT_EQ(backlog.push("b", 30).watermark, Watermark::kLow);
}

TEST(WatermarkGauge, ALowMarkAboveTheHighOneIsJustBelowIt) {
  WatermarkGauge gauge(10, 50);
  EXPECT_EQ(gauge.update(10), Watermark::kHigh);
  EXPECT_EQ(gauge.update(10), Watermark::kNone);
  EXPECT_EQ(gauge.update(9), Watermark::kLow);
  WatermarkGauge off(0, 0);
  EXPECT_EQ(off.update(SIZE_MAX), Watermark::kNone);
  EXPECT_EQ(off.update(0), Watermark::kNone);
}

TEST(ByteBudget, ReservesInTheWholeChainOrNowhere) {
  ByteBudget process(100);
  ByteBudget chat(60, &process);
  ByteBudget socket(50, &chat);
  EXPECT_TRUE(socket.try_reserve(50));
  EXPECT_FALSE(socket.try_reserve(1)) << "its own limit";
  EXPECT_EQ(socket.available(), 0u);
  ByteBudget second(50, &chat);
  EXPECT_EQ(second.available(), 10u);
  EXPECT_FALSE(second.try_reserve(11)) << "the limit of the namespace";
  EXPECT_EQ(second.used(), 0u);
  EXPECT_EQ(process.used(), 50u);
  EXPECT_TRUE(process.try_reserve(45));
  EXPECT_FALSE(second.try_reserve(6)) << "the limit of the process";
  EXPECT_EQ(second.used(), 0u);
  EXPECT_EQ(chat.used(), 50u);
  EXPECT_FALSE(process.try_reserve(SIZE_MAX));
  EXPECT_TRUE(second.try_reserve(5));
  socket.release(50);
  second.release(5);
  process.release(45);
  EXPECT_EQ(chat.used(), 0u);
  EXPECT_EQ(process.used(), 0u);
}

TEST(ByteBudget, HoldsItsLimitAmongThreads) {
  ByteBudget process(1'000);
  ByteBudget left(700, &process);
  ByteBudget right(700, &process);
  const auto work = [&](ByteBudget& budget, unsigned seed) {
    std::mt19937 random(seed);
    for (int i = 0; i < 20'000; ++i) {
      const size_t bytes = random() % 400;
      if (!budget.try_reserve(bytes)) continue;
      EXPECT_LE(process.used(), 1'000u);
      EXPECT_LE(budget.used(), 700u);
      budget.release(bytes);
    }
  };
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < 4; ++i) threads.emplace_back(work, std::ref(i % 2 == 0 ? left : right), i);
  threads.clear();
  EXPECT_EQ(process.used() + left.used() + right.used(), 0u);
}

TEST(OutputBacklog, SharedBudgetsAreReservedAndReleasedWithTheItems) {
  ByteBudget process(1'000);
  ByteBudget chat(500, &process);
  {
    Backlog backlog(limits(OverflowPolicy::kDisconnect));
    backlog.set_budget(1, &chat);
    backlog.push("a", 30, {.group = 1});
    backlog.push("not chat", 5);
    backlog.push("k1", 19, {.coalesce_key = "k", .group = 1});
    EXPECT_EQ(chat.used(), 50u);
    EXPECT_EQ(process.used(), 50u);
    backlog.push("k2", 9, {.coalesce_key = "k", .group = 1});
    EXPECT_EQ(chat.used(), 40u);
    backlog.pop_front();
    EXPECT_EQ(chat.used(), 10u);
  }
  EXPECT_EQ(process.used(), 0u) << "the backlog went with what was in it";
}

TEST(OutputBacklog, AnExhaustedSharedBudgetIsAnOverflow) {
  ByteBudget process(100);
  ASSERT_TRUE(process.try_reserve(80));
  Backlog strict(limits(OverflowPolicy::kDisconnect));
  strict.set_budget(0, &process);
  const auto outcome = strict.push("a", 21);
  EXPECT_EQ(outcome.result, PushResult::kOverflow);
  EXPECT_TRUE(outcome.shared_limit);
  EXPECT_EQ(process.used(), 80u);

  Backlog lossy(limits(OverflowPolicy::kDropOldest));
  lossy.set_budget(0, &process);
  lossy.push("elsewhere", 50, {.droppable = true, .group = 1});
  lossy.push("a", 10, {.droppable = true});
  lossy.push("b", 10, {.droppable = true});
  const auto made_room = lossy.push("c", 15, {.droppable = true});
  EXPECT_EQ(made_room.result, PushResult::kQueued);
  EXPECT_EQ(made_room.dropped_items, 2u);
  EXPECT_FALSE(made_room.shared_limit);
  const auto in_vain = lossy.push("d", 21, {.droppable = true});
  EXPECT_EQ(in_vain.result, PushResult::kDropped);
  EXPECT_TRUE(in_vain.shared_limit);
  EXPECT_EQ(drain(lossy), (Items{"elsewhere", "c"})) << "what would not have helped was kept";
  process.release(80);
}

// The same, done by looking through all items each time.
class Model {
 public:
  struct Entry {
    std::string item;
    size_t bytes;
    uint32_t group;
    bool droppable;
    std::string key;
  };

  Model(const BacklogLimits& limits, const size_t (&nsp_limits)[2], size_t process_limit)
      : limits_(limits), nsp_limits_{nsp_limits[0], nsp_limits[1]}, process_limit_(process_limit) {}

  size_t bytes(std::optional<uint32_t> group = {}) const {
    size_t sum = 0;
    for (const Entry& entry : items)
      if (!group || entry.group == *group) sum += entry.bytes;
    return sum;
  }
  PushOutcome push(const std::string& item, size_t size, const BacklogItemOptions& options, size_t others) {
    PushOutcome outcome;
    const bool droppable = options.droppable || options.is_volatile;
    const auto same = [&](const Entry& entry) {
      return !entry.key.empty() && entry.key == options.coalesce_key && entry.group == options.group;
    };
    const bool replaces = std::ranges::any_of(items, same);
    if (options.is_volatile && !replaces && !items.empty()) return {.result = PushResult::kDropped};
    const size_t bytes_now = size + options.coalesce_key.size();
    const size_t held = replaces ? std::ranges::find_if(items, same)->bytes : 0;
    const bool may_drop =
        !options.is_volatile && (limits_.policy == OverflowPolicy::kDropOldest ||
                                 (limits_.policy == OverflowPolicy::kDropNewest && !droppable));
    const auto own_limits = [&] {
      return bytes() - held + bytes_now <= limits_.max_bytes && items.size() + !replaces <= limits_.max_items;
    };
    const auto free_in_chain = [&] {
      return std::min(nsp_limits_[options.group] - bytes(options.group), process_limit_ - others - bytes());
    };
    const auto can_go = [&](const Entry& entry) { return may_drop && entry.droppable && !same(entry); };
    const auto droppable_bytes = [&](std::optional<uint32_t> group) {
      size_t sum = 0;
      for (const Entry& entry : items)
        if (can_go(entry) && (!group || entry.group == *group)) sum += entry.bytes;
      return sum;
    };
    const auto drop_one = [&](std::optional<uint32_t> group) {
      const auto fits = [&](const Entry& entry) {
        return can_go(entry) && (!group || entry.group == *group);
      };
      auto victim = items.end();
      for (auto it = items.begin(); it != items.end(); ++it)
        if (fits(*it) && (victim == items.end() || limits_.policy == OverflowPolicy::kDropNewest))
          victim = it;
      if (victim == items.end()) return false;
      ++outcome.dropped_items;
      outcome.dropped_bytes += victim->bytes;
      items.erase(victim);
      return true;
    };
    const auto make_room = [&] {
      if (replaces && bytes_now <= held) return true;
      if (bytes() - held + bytes_now > limits_.max_bytes + droppable_bytes({})) return false;
      while (!own_limits())
        if (!drop_one({})) return false;
      const size_t more = bytes_now - held;
      while (free_in_chain() < more) {
        outcome.shared_limit = true;
        if (free_in_chain() + droppable_bytes(options.group) < more) return false;
        if (!drop_one(options.group)) return false;
      }
      outcome.shared_limit = false;
      return true;
    };
    if (!make_room()) {
      outcome.result = options.is_volatile || (droppable && limits_.policy != OverflowPolicy::kDisconnect)
                           ? PushResult::kDropped
                           : PushResult::kOverflow;
    } else if (replaces) {
      Entry& entry = *std::ranges::find_if(items, same);
      entry.item = item;
      entry.bytes = bytes_now;
      entry.droppable = entry.droppable && droppable;
      outcome.result = PushResult::kReplaced;
    } else {
      items.push_back({item, bytes_now, options.group, droppable, std::string(options.coalesce_key)});
    }
    return outcome;
  }

  std::vector<Entry> items;

 private:
  BacklogLimits limits_;
  size_t nsp_limits_[2];
  size_t process_limit_;
};

void compare_with_model(OverflowPolicy policy, unsigned seed) {
  std::mt19937 random(seed);
  const BacklogLimits bounds{
      .max_bytes = 600, .max_items = 25, .high_bytes = 400, .low_bytes = 150, .policy = policy};
  constexpr size_t kNspLimits[2] = {450, 300}, kProcessLimit = 900;
  ByteBudget process(kProcessLimit);
  ByteBudget nsps[2] = {ByteBudget(kNspLimits[0], &process), ByteBudget(kNspLimits[1], &process)};
  {
    Backlog backlog(bounds);
    Model model(bounds, kNspLimits, kProcessLimit);
    for (uint32_t group : {0u, 1u}) backlog.set_budget(group, &nsps[group]);
    size_t others = 0;
    bool high = false;
    for (int step = 0; step < 20'000; ++step) {
      Watermark watermark = Watermark::kNone;
      const unsigned move = random() % 100;
      if (move < 70) {
        const std::string key = random() % 3 == 0 ? "key" + std::to_string(random() % 4) : "";
        const BacklogItemOptions options{.droppable = random() % 3 != 0,
                                         .is_volatile = random() % 10 == 0,
                                         .coalesce_key = key,
                                         .group = static_cast<uint32_t>(random() % 2)};
        const size_t size = random() % 40 == 0 ? random() % 700 : random() % 60;
        const PushOutcome outcome = backlog.push(std::to_string(step), size, options);
        const PushOutcome expected = model.push(std::to_string(step), size, options, others);
        ASSERT_EQ(outcome.result, expected.result) << step;
        ASSERT_EQ(outcome.dropped_items, expected.dropped_items) << step;
        ASSERT_EQ(outcome.dropped_bytes, expected.dropped_bytes) << step;
        ASSERT_EQ(outcome.shared_limit, expected.shared_limit) << step;
        watermark = outcome.watermark;
      } else if (move < 93) {
        const auto popped = backlog.pop_front();
        ASSERT_EQ(popped.has_value(), !model.items.empty());
        if (popped) {
          ASSERT_EQ(popped->item, model.items.front().item);
          ASSERT_EQ(popped->bytes, model.items.front().bytes);
          ASSERT_EQ(popped->group, model.items.front().group);
          model.items.erase(model.items.begin());
          watermark = popped->watermark;
        }
      } else if (move == 99 && random() % 10 == 0) {
        watermark = backlog.clear();
        model.items.clear();
      } else {
        // Somebody else's share of the process changes.
        process.release(others);
        others = random() % 800;
        if (!process.try_reserve(others)) others = 0;
      }
      if (watermark != Watermark::kNone) {
        ASSERT_EQ(watermark, high ? Watermark::kLow : Watermark::kHigh);
        high = !high;
      }
      if (backlog.bytes() >= bounds.high_bytes) {
        ASSERT_TRUE(high);
      }
      if (backlog.bytes() <= bounds.low_bytes) {
        ASSERT_FALSE(high);
      }
      ASSERT_EQ(backlog.is_high(), high);
      ASSERT_EQ(backlog.count(), model.items.size()) << step;
      ASSERT_EQ(backlog.bytes(), model.bytes()) << step;
      ASSERT_LE(backlog.bytes(), bounds.max_bytes);
      for (uint32_t group : {0u, 1u}) {
        ASSERT_EQ(backlog.bytes_of(group), model.bytes(group));
        ASSERT_EQ(nsps[group].used(), model.bytes(group));
      }
      ASSERT_EQ(process.used(), others + model.bytes());
      ASSERT_EQ(backlog.front() == nullptr, model.items.empty());
      if (backlog.front() != nullptr) {
        ASSERT_EQ(*backlog.front(), model.items.front().item);
      }
    }
    process.release(others);
  }
  ASSERT_EQ(process.used(), 0u);
}

TEST(OutputBacklog, AgreesWithASimpleModelThatDisconnects) {
  compare_with_model(OverflowPolicy::kDisconnect, 1);
}
TEST(OutputBacklog, AgreesWithASimpleModelThatDropsTheNewest) {
  compare_with_model(OverflowPolicy::kDropNewest, 2);
}
TEST(OutputBacklog, AgreesWithASimpleModelThatDropsTheOldest) {
  compare_with_model(OverflowPolicy::kDropOldest, 3);
}

}  // namespace
}  // namespace patchbay::socketio
