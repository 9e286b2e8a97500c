#include "socketio/admin_stats.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

namespace patchbay::socketio {
namespace {

constexpr size_t kPolling = static_cast<size_t>(engineio::TransportKind::kPolling);
constexpr size_t kWebSocket = static_cast<size_t>(engineio::TransportKind::kWebSocket);

WallTime wall_at(int64_t ms) {
  return from_unix_ms(1'700'000'000'000 + ms);
}

TEST(AdminStats, AreDifferencesBySecond) {
  AdminStats stats;
  engineio::Metrics metrics;
  metrics.opened[kPolling] = 1'000;  // before anybody looked
  stats.sample(metrics, wall_at(0));
  EXPECT_TRUE(stats.take().empty());
  metrics.opened[kPolling] += 1;
  metrics.opened[kWebSocket] += 2;
  metrics.traffic[kPolling].bytes_in += 10;
  metrics.traffic[kWebSocket].bytes_in += 5;
  stats.sample(metrics, wall_at(400));
  metrics.opened[kWebSocket] += 1;
  stats.sample(metrics, wall_at(999));
  metrics.closed[static_cast<size_t>(engineio::CloseReason::kTransportClose)] += 4;
  metrics.traffic[kWebSocket].packets_out += 6;
  stats.sample(metrics, wall_at(1'000));
  EXPECT_EQ(
      boost::json::serialize(stats.take()),
      R"([{"timestamp":1700000000000,"type":"bytesIn","count":15},)"
      R"({"timestamp":1700000000000,"type":"rawConnection","count":4},)"
      R"({"timestamp":1700000001000,"type":"packetsOut","count":6},)"
      R"({"timestamp":1700000001000,"type":"rawDisconnection","count":4,"subType":"transport close"}])");
  EXPECT_TRUE(stats.take().empty()) << "what was taken is gone";
}

TEST(AdminStats, AreBoundedWhenNobodyTakesThem) {
  AdminStats stats;
  engineio::Metrics metrics;
  stats.sample(metrics, wall_at(0));
  for (int i = 1; i <= 1'000; ++i) {
    metrics.opened[kPolling] += 1;
    stats.sample(metrics, wall_at(i * 1'000));
  }
  const boost::json::array events = stats.take();
  ASSERT_EQ(events.size(), AdminStats::kMaxSeconds);
  EXPECT_EQ(events.back().at("timestamp"), to_unix_ms(wall_at(1'000'000)));
}

TEST(AdminStats, CountSessionsThatPollNow) {
  engineio::Metrics metrics;
  EXPECT_EQ(polling_sessions(metrics), 0u);
  metrics.opened[kPolling] = 10;
  metrics.opened[kWebSocket] = 100;
  metrics.upgrades[static_cast<size_t>(engineio::UpgradeOutcome::kSucceeded)] = 3;
  metrics.ended[kPolling] = 2;
  metrics.ended[kWebSocket] = 50;
  EXPECT_EQ(polling_sessions(metrics), 5u);
  metrics.ended[kPolling] = 8;
  EXPECT_EQ(polling_sessions(metrics), 0u) << "counters that were read at different moments";
}

}  // namespace
}  // namespace patchbay::socketio
