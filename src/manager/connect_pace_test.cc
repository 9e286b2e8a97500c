#include "manager/connect_pace.h"

#include <deque>
#include <map>
#include <random>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "manager/instance_machine_driver.h"

namespace patchbay::manager {
namespace {

using testing::ElementsAre;
using Priority = ConnectPace::Priority;

class ConnectPaceTest : public testing::Test {
 protected:
  void start(ConnectPaceOptions options) { pace_.emplace(clock_, executor_, options); }
  // Takes a turn under that name, and remembers when it came.
  void take(const std::string& name, Priority priority = Priority::kOwn) {
    auto taken = pace_->take(priority, executor_, [this, name] { came_.push_back(name); });
    if (!taken.waits) came_.push_back(name);
    estimates_[name] = taken.estimate;
    turns_[name] = std::move(taken.turn);
  }

  ManualClock clock_;
  ManualExecutor executor_{clock_};
  std::optional<ConnectPace> pace_;
  std::vector<std::string> came_;
  std::map<std::string, Milliseconds> estimates_;
  std::map<std::string, ConnectPace::Turn> turns_;
};

TEST_F(ConnectPaceTest, GivesATurnAtOnceWhenNobodyWaits) {
  start({.per_second = 10});
  take("a");
  EXPECT_THAT(came_, ElementsAre("a"));
  EXPECT_EQ(pace_->counts().opening, 1u);
  turns_.clear();
  EXPECT_EQ(pace_->counts().opening, 0u);
}

TEST_F(ConnectPaceTest, LetsTurnsComeAtItsPaceInTheOrderTheyWereTaken) {
  start({.per_second = 10});
  for (const char* name : {"a", "b", "c", "d"}) take(name);
  EXPECT_THAT(came_, ElementsAre("a"));
  EXPECT_EQ(estimates_["c"], 200ms);
  executor_.advance(99ms);
  EXPECT_THAT(came_, ElementsAre("a"));
  executor_.advance(2ms);
  EXPECT_THAT(came_, ElementsAre("a", "b"));
  executor_.advance(250ms);
  EXPECT_THAT(came_, ElementsAre("a", "b", "c", "d"));
  // Time without anybody is not saved up beyond the burst.
  executor_.advance(60s);
  for (const char* name : {"e", "f", "g"}) take(name);
  EXPECT_EQ(came_.size(), 5u);
}

TEST_F(ConnectPaceTest, LetsATenthOfASecondsTurnsComeTogether) {
  start({.per_second = 100});
  for (int i = 0; i < 50; ++i) take(std::to_string(i));
  EXPECT_EQ(came_.size(), 10u);
  executor_.advance(100ms);
  EXPECT_EQ(came_.size(), 20u);
}

TEST_F(ConnectPaceTest, WaitsForPlacesWhileTooManyAreUndecided) {
  start({.per_second = 100, .max_opening = 2});
  for (const char* name : {"a", "b", "c", "d"}) take(name);
  executor_.advance(60s);
  EXPECT_THAT(came_, ElementsAre("a", "b"));
  turns_["a"].end();
  executor_.run_ready();
  EXPECT_THAT(came_, ElementsAre("a", "b", "c"));
  EXPECT_EQ(pace_->counts().waiting, 1u);
}

TEST_F(ConnectPaceTest, LetsOperatorsGoFirst) {
  start({.per_second = 10});
  for (const char* name : {"a", "b", "c", "d"}) take(name);
  take("ann", Priority::kOperator);
  take("bob", Priority::kOperator);
  turns_["d"].hurry();
  executor_.advance(10s);
  EXPECT_THAT(came_, ElementsAre("a", "d", "ann", "bob", "b", "c"));
}

TEST_F(ConnectPaceTest, ForgetsWhoLeavesTheLine) {
  start({.per_second = 10});
  for (const char* name : {"a", "b", "c"}) take(name);
  turns_["b"].end();
  executor_.advance(10s);
  EXPECT_THAT(came_, ElementsAre("a", "c"));
  EXPECT_EQ(pace_->counts().opening, 2u) << "b never had a place";
}

TEST_F(ConnectPaceTest, IsSilentOnceItIsStopped) {
  start({.per_second = 10});
  for (const char* name : {"a", "b"}) take(name);
  executor_.run_ready();
  pace_->stop();
  take("c");
  executor_.advance(10s);
  EXPECT_THAT(came_, ElementsAre("a"));
}

TEST_F(ConnectPaceTest, CountsRightFromManyThreads) {
  start({.per_second = 100'000, .max_opening = 100'000});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([this] {
      for (int n = 0; n < 2'000; ++n) {
        auto taken = pace_->take(n % 3 == 0 ? Priority::kOperator : Priority::kOwn, executor_, [] {});
        if (n % 2 == 0) taken.turn.hurry();
        taken.turn.end();
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(pace_->counts().waiting, 0u);
  EXPECT_EQ(pace_->counts().opening, 0u);
}

// Ten thousand linked instances, their machines in full, over a WhatsApp that can be away. Time is moved by
// hand.
class FleetTest : public testing::Test {
 protected:
  static constexpr int kFleet = 10'000;
  static constexpr auto kStep = 10ms;

  FleetTest() {
    for (int i = 0; i < kFleet; ++i) {
      MachineRecord record;
      record.desired = DesiredState::kConnected;
      ships_.push_back({.machine = InstanceMachine({}, record, true, true)});
    }
  }

  Moment now() const { return {clock_.steady_now(), clock_.wall_now()}; }

  void feed(int i, const MachineInput& input) {
    Ship& ship = ships_[static_cast<size_t>(i)];
    const Effects effects =
        ship.machine.handle(input, now(), std::uniform_real_distribution<>(0, 1)(random_));
    for (const SessionCommand command : effects.commands) {
      if (command == SessionCommand::kOpen) take_turn(i, effects.open_first);
      if (command == SessionCommand::kDrop) ship.turn.end();
    }
    if (const auto deadline = ship.machine.deadline()) due_.emplace(*deadline, i);
  }
  void take_turn(int i, bool first) {
    asked_.push_back(i);
    auto taken = pace_.take(first ? Priority::kOperator : Priority::kOwn, executor_, [this, i] {
      feed(i, TurnCame{});
      opens(i);
    });
    ships_[static_cast<size_t>(i)].turn = std::move(taken.turn);
    if (taken.waits) return feed(i, TurnAwaited{taken.estimate});
    opens(i);
  }
  void opens(int i) {
    opened_.push_back({clock_.steady_now(), i});
    most_opening_ = std::max(most_opening_, pace_.counts().opening);
    news_.emplace(clock_.steady_now() + 300ms + Milliseconds(random_() % 500), i);
  }
  void step() {
    executor_.advance(kStep);
    const SteadyTime at = clock_.steady_now();
    while (!news_.empty() && news_.begin()->first <= at) {
      const int i = news_.extract(news_.begin()).mapped();
      Ship& ship = ships_[static_cast<size_t>(i)];
      ship.turn.end();
      if (reachable_) {
        feed(i, SessionConnected{{.jid = "1:1@s.whatsapp.net", .phone = "1", .display_name = ""}});
      } else {
        feed(i, whatsapp::SessionEnd{.reason = CloseReason::kUnreachable, .retry_makes_sense = true});
      }
    }
    while (!due_.empty() && due_.begin()->first <= at) {
      const int i = due_.extract(due_.begin()).mapped();
      Ship& ship = ships_[static_cast<size_t>(i)];
      if (ship.machine.record().status == InstanceStatus::kConnected) {
        feed(i, SessionAlive{});  // WhatsApp answers those who are there
      } else if (ship.machine.deadline() && *ship.machine.deadline() <= at) {
        feed(i, DeadlinePassed{});
      }
    }
  }
  int connected() const {
    return static_cast<int>(std::ranges::count_if(
        ships_, [](const Ship& ship) { return ship.machine.record().status == InstanceStatus::kConnected; }));
  }
  // How long it takes until all are connected.
  Milliseconds time_until_all_are_back(Milliseconds limit) {
    const SteadyTime begin = clock_.steady_now();
    while (clock_.steady_now() - begin < limit && connected() < kFleet)
      for (int i = 0; i < 10; ++i) step();
    return clock_.steady_now() - begin;
  }
  size_t most_opened_within(Milliseconds window) const {
    size_t most = 0;
    for (size_t first = 0, last = 0; last < opened_.size(); ++last) {
      while (opened_[last].first - opened_[first].first >= window) ++first;
      most = std::max(most, last - first + 1);
    }
    return most;
  }

  struct Ship {
    InstanceMachine machine;
    ConnectPace::Turn turn = {};
  };
  ManualClock clock_;
  ManualExecutor executor_{clock_};
  ConnectPace pace_{clock_, executor_, {}};
  std::vector<Ship> ships_;
  std::multimap<SteadyTime, int> due_;
  std::multimap<SteadyTime, int> news_;
  std::vector<int> asked_;
  std::vector<std::pair<SteadyTime, int>> opened_;
  size_t most_opening_ = 0;
  bool reachable_ = true;
  std::mt19937 random_{20'261'130};
};

TEST_F(FleetTest, StartsAtItsPaceAndInOrder) {
  for (int i = 0; i < kFleet; ++i) feed(i, ProcessStarts{});
  EXPECT_LE(time_until_all_are_back(120s), 55s);
  EXPECT_EQ(connected(), kFleet);
  EXPECT_LE(most_opened_within(1s), 220u);
  EXPECT_LE(most_opened_within(100ms), 41u);
  ASSERT_EQ(opened_.size(), asked_.size());
  for (size_t i = 0; i < asked_.size(); ++i)
    ASSERT_EQ(opened_[i].second, asked_[i]) << "first come, first served";
  EXPECT_LE(most_opening_, 1'000u);
}

TEST_F(FleetTest, IsBackWithinAMinuteOfALossThatHitsAllAtOnce) {
  for (int i = 0; i < kFleet; ++i) feed(i, ProcessStarts{});
  time_until_all_are_back(120s);
  asked_.clear();
  opened_.clear();
  for (int i = 0; i < kFleet; ++i)
    feed(i, whatsapp::SessionEnd{.reason = CloseReason::kNetworkLost, .retry_makes_sense = true});
  EXPECT_EQ(connected(), 0);
  EXPECT_LE(time_until_all_are_back(180s), 60s);
  EXPECT_EQ(connected(), kFleet);
  EXPECT_EQ(opened_.size(), static_cast<size_t>(kFleet)) << "one attempt each";
  EXPECT_LE(most_opened_within(1s), 220u);
  for (size_t i = 0; i < asked_.size(); ++i) ASSERT_EQ(opened_[i].second, asked_[i]);
}

TEST_F(FleetTest, ComesBackFromALongOutageWithoutAStorm) {
  reachable_ = false;
  for (int i = 0; i < kFleet; ++i) feed(i, ProcessStarts{});
  for (int i = 0; i < 18'000; ++i) step();  // three minutes
  EXPECT_EQ(connected(), 0);
  reachable_ = true;
  const Milliseconds took = time_until_all_are_back(600s);
  EXPECT_EQ(connected(), kFleet);
  // The longest pause is five minutes; nobody has reached it yet.
  EXPECT_LE(took, 120s);
  EXPECT_LE(most_opened_within(1s), 220u);
}

TEST_F(FleetTest, ServesAnOperatorAtOnceInTheMiddleOfIt) {
  for (int i = 0; i < kFleet; ++i) feed(i, ProcessStarts{});
  for (int i = 0; i < 500; ++i) step();
  Ship late{.machine = InstanceMachine({}, MachineRecord{}, true, true)};
  ships_.push_back(std::move(late));
  feed(kFleet, Operation::kConnect);
  for (int i = 0; i < 5; ++i) step();
  EXPECT_TRUE(std::ranges::any_of(opened_, [](const auto& open) { return open.second == kFleet; }));
}

}  // namespace
}  // namespace patchbay::manager
