#include "socketio/backoff.h"

#include <gtest/gtest.h>

namespace patchbay::socketio {
namespace {

TEST(Backoff, DoublesUpToTheCeilingAndStartsOver) {
  Backoff backoff({.min = Milliseconds(100), .max = Milliseconds(1'000), .jitter = 0});
  for (const int wanted : {100, 200, 400, 800, 1'000, 1'000}) EXPECT_EQ(backoff.next(0.5).count(), wanted);
  EXPECT_EQ(backoff.attempts(), 6u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(backoff.next(0.5).count(), 1'000);
  backoff.reset();
  EXPECT_EQ(backoff.next(0.5).count(), 100);
}

TEST(Backoff, VariesByTheJitterEitherWay) {
  const Backoff::Options options{.min = Milliseconds(100), .max = Milliseconds(1'000), .jitter = 0.5};
  EXPECT_EQ(Backoff(options).next(0).count(), 50);
  EXPECT_EQ(Backoff(options).next(0.5).count(), 100);
  EXPECT_NEAR(static_cast<double>(Backoff(options).next(0.999).count()), 149, 1);
  Backoff late(options);
  for (int i = 0; i < 10; ++i) EXPECT_LE(late.next(0.999).count(), 1'000) << "the ceiling is one";
}

}  // namespace
}  // namespace patchbay::socketio
