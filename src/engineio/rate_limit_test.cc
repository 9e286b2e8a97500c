#include "engineio/rate_limit.h"

#include <gtest/gtest.h>

namespace patchbay::engineio {
namespace {

using namespace std::chrono_literals;

constexpr SteadyTime kFirstTurn{1'000'000ms};

int take_all(const RateLimit& limit, RateLimit::State& state, SteadyTime now) {
  int taken = 0;
  while (taken < 100'000 && limit.take(state, now)) ++taken;
  return taken;
}

TEST(RateLimit, GivesTheBurstAtOnceAndThenTheRate) {
  const RateLimit limit(10, 5);
  RateLimit::State state;
  EXPECT_EQ(take_all(limit, state, kFirstTurn), 5);
  EXPECT_EQ(take_all(limit, state, kFirstTurn + 99ms), 0);
  EXPECT_EQ(take_all(limit, state, kFirstTurn + 100ms), 1);
  EXPECT_EQ(take_all(limit, state, kFirstTurn + 400ms), 3);
  EXPECT_EQ(take_all(limit, state, kFirstTurn + 1h), 5) << "an idle bucket is full, not fuller";
}

TEST(RateLimit, RatesThatDoNotDivideASecondAreExactInTheLongRun) {
  const RateLimit limit(30'000, 1);
  RateLimit::State state;
  int64_t taken = 0;
  for (int ms = 0; ms < 1000; ++ms) {
    // A token lasts a thirtieth of a millisecond, so a burst of one lets one go each millisecond.
    taken += take_all(limit, state, kFirstTurn + Milliseconds(ms));
  }
  EXPECT_EQ(taken, 1000);
  const RateLimit bursty(30'000, 30'000);
  RateLimit::State other;
  EXPECT_EQ(take_all(bursty, other, kFirstTurn), 30'000);
  EXPECT_NEAR(take_all(bursty, other, kFirstTurn + 500ms), 15'000, 1);
}

TEST(RateLimit, WhatDoesNotFitTakesNothing) {
  const RateLimit limit(100, 1000);
  RateLimit::State state;
  EXPECT_FALSE(limit.take(state, kFirstTurn, 1001));
  EXPECT_TRUE(limit.take(state, kFirstTurn, 1000));
  EXPECT_FALSE(limit.take(state, kFirstTurn, 1));
}

TEST(RateLimit, SaysHowLongToWait) {
  const RateLimit limit(2, 1);
  RateLimit::State state;
  EXPECT_EQ(limit.wait(state, kFirstTurn), 0ms);
  ASSERT_TRUE(limit.take(state, kFirstTurn));
  EXPECT_EQ(limit.wait(state, kFirstTurn), 500ms);
  EXPECT_FALSE(limit.take(state, kFirstTurn + 499ms));
  EXPECT_TRUE(limit.take(state, kFirstTurn + 500ms));
}

TEST(RateLimit, ARateOfZeroIsNoLimit) {
  for (const RateLimit& limit : {RateLimit(), RateLimit(0, 10), RateLimit(-1, 10)}) {
    RateLimit::State state;
    EXPECT_TRUE(limit.unlimited());
    EXPECT_TRUE(limit.take(state, kFirstTurn, 1e18));
    EXPECT_EQ(limit.wait(state, kFirstTurn, 1e18), 0ms);
  }
}

TEST(RateLimit, ExtremeRulesDoNotOverflow) {
  for (const RateLimit& limit : {RateLimit(1e-12, 1e300), RateLimit(1e300, 1e300), RateLimit(1e-300, 1)}) {
    RateLimit::State state;
    EXPECT_TRUE(limit.take(state, kFirstTurn));
    limit.take(state, kFirstTurn, 1e300);
    EXPECT_GE(limit.wait(state, kFirstTurn, 1e300), 0ms);
  }
}

}  // namespace
}  // namespace patchbay::engineio
