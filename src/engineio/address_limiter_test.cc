#include "engineio/address_limiter.h"

#include <gtest/gtest.h>

namespace patchbay::engineio {
namespace {

using namespace std::chrono_literals;

constexpr SteadyTime kStart{1'000'000ms};

AddressKey key(std::string_view address) {
  return address_key(address).value();
}

TEST(AddressKey, CountsIpv6ByItsNetworkAndIpv4ByItself) {
  EXPECT_EQ(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
  EXPECT_NE(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
  EXPECT_NE(key("10.0.0.1"), key("10.0.0.2"));
  EXPECT_EQ(key("::ffff:10.0.0.1"), key("10.0.0.1"));
  EXPECT_EQ(key("fe80::1%eth0"), key("fe80::2"));
  EXPECT_NE(key("::1"), key("0.0.0.1"));
  for (const std::string_view bad : {"", "localhost", "10.0.0", "10.0.0.1:80", "[::1]", "1.2.3.4.5"})
    EXPECT_FALSE(address_key(bad)) << bad;
  EXPECT_FALSE(address_key(std::string(10'000, '1')));
}

TEST(AddressLimiter, GivesEachAddressItsOwnBucket) {
  AddressLimiter limiter(RateLimit(1, 2), 100);
  EXPECT_EQ(limiter.admit(key("10.0.0.1"), kStart), 0ms);
  EXPECT_EQ(limiter.admit(key("10.0.0.1"), kStart), 0ms);
  EXPECT_EQ(limiter.admit(key("10.0.0.1"), kStart), 1000ms) << "and says how long to wait";
  EXPECT_EQ(limiter.admit(key("10.0.0.2"), kStart), 0ms);
  EXPECT_EQ(limiter.admit(key("10.0.0.1"), kStart + 1s), 0ms);
}

TEST(AddressLimiter, HoldsSoManyAddressesAndForgetsTheOneSeenLongestAgo) {
  AddressLimiter limiter(RateLimit(0.001, 1), 3);
  for (const auto* const address : {"10.0.0.1", "10.0.0.2", "10.0.0.3"})
    EXPECT_EQ(limiter.admit(key(address), kStart), 0ms);
  EXPECT_GT(limiter.admit(key("10.0.0.1"), kStart), 0ms);  // seen again: now 10.0.0.2 is the oldest
  EXPECT_EQ(limiter.admit(key("10.0.0.4"), kStart), 0ms);
  EXPECT_EQ(limiter.size(), 3u);
  EXPECT_GT(limiter.admit(key("10.0.0.1"), kStart), 0ms);
  EXPECT_GT(limiter.admit(key("10.0.0.3"), kStart), 0ms);
  EXPECT_EQ(limiter.admit(key("10.0.0.2"), kStart), 0ms) << "it was forgotten";
  for (int i = 0; i < 10'000; ++i)
    limiter.admit(key("10.1." + std::to_string(i / 250) + "." + std::to_string(i % 250)), kStart);
  EXPECT_EQ(limiter.size(), 3u);
}

TEST(AddressLimiter, WithoutALimitItKeepsNothing) {
  AddressLimiter limiter(RateLimit(), 10);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(limiter.admit(key("10.0.0.1"), kStart), 0ms);
  EXPECT_EQ(limiter.size(), 0u);
}

}  // namespace
}  // namespace patchbay::engineio
