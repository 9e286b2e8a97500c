// What a session counts, and what it lets its peer send.
#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "engineio/session_rig.h"

namespace patchbay::engineio {
namespace {

using namespace std::chrono_literals;
using test::Log;
using test::Rig;
using test::short_timers;

Metrics metrics_of(const Rig& rig) {
  Metrics metrics;
  metrics.add(rig.context.metrics);
  return metrics;
}

template <typename Counts, typename Kind>
decltype(auto) at(const Counts& counts, Kind kind) {
  return counts[static_cast<size_t>(kind)];
}

TEST(SessionMetrics, CountPacketsAndBytesByTransport) {
  Rig rig;
  rig.open(TransportKind::kPolling);
  const uint64_t open_packet = at(metrics_of(rig).traffic, TransportKind::kPolling).bytes_out;
  EXPECT_GT(open_packet, 0u);
  rig.session->on_poll(rig.now);
  rig.session->send_text("abc");
  rig.session->send_text("d");
  rig.flush();
  rig.session->on_post(
      "4hello\x1e"
      "bAQIDBA==",
      BodyKind::kText, rig.now);
  const Metrics polling = metrics_of(rig);
  EXPECT_EQ(at(polling.opened, TransportKind::kPolling), 1u);
  EXPECT_EQ(at(polling.traffic, TransportKind::kPolling).packets_out, 3u);
  EXPECT_EQ(at(polling.traffic, TransportKind::kPolling).bytes_out - open_packet, 7u)
      << "4abc, separator, 4d";
  EXPECT_EQ(at(polling.traffic, TransportKind::kPolling).packets_in, 2u);
  EXPECT_EQ(at(polling.traffic, TransportKind::kPolling).bytes_in, 10u) << "4hello and four bytes";

  rig.session->on_candidate_opened(rig.now);
  rig.session->on_candidate_text("2probe");
  rig.session->on_candidate_text("5");
  rig.session->send_text("abc");
  rig.session->send(SharedMessage::text("defg"));
  rig.session->send_binary("hi");
  rig.session->on_websocket_text("4x", rig.now);
  rig.session->on_websocket_binary("xyz", rig.now);
  const Metrics both = metrics_of(rig);
  EXPECT_EQ(at(both.traffic, TransportKind::kWebSocket).packets_out, 3u);
  EXPECT_EQ(at(both.traffic, TransportKind::kWebSocket).bytes_out, 11u);
  EXPECT_EQ(at(both.traffic, TransportKind::kWebSocket).packets_in, 2u);
  EXPECT_EQ(at(both.traffic, TransportKind::kWebSocket).bytes_in, 5u);
  EXPECT_EQ(at(both.traffic, TransportKind::kPolling).packets_in, 2u) << "as before";
}

TEST(SessionMetrics, CountEachEndOnceWithItsReason) {
  for (const auto reason : {CloseReason::kForcedClose, CloseReason::kServerShutdown}) {
    Rig rig;
    rig.open(TransportKind::kPolling);
    rig.session->send_text("bye");
    rig.session->close(rig.now, reason);
    EXPECT_EQ(at(metrics_of(rig).closed, reason), 1u) << "when the application hears of it";
    rig.session->on_poll(rig.now);
    rig.session->on_poll(rig.now);
    EXPECT_TRUE(rig.forgotten);
    EXPECT_EQ(at(metrics_of(rig).closed, reason), 1u);
    EXPECT_EQ(metrics_of(rig).closed_total(), 1u);
  }
  Rig rig;
  rig.open(TransportKind::kWebSocket);
  rig.session->on_websocket_text("junk", rig.now);
  rig.session->on_websocket_closed(1006);
  EXPECT_EQ(at(metrics_of(rig).closed, CloseReason::kParseError), 1u);
  EXPECT_EQ(metrics_of(rig).closed_total(), 1u);
}

TEST(SessionMetrics, SayWhatBecameOfUpgrades) {
  const auto after = [](auto&& what) {
    Rig rig({.upgrade_timeout = 100ms});
    rig.open(TransportKind::kPolling);
    rig.session->on_candidate_opened(rig.now);
    what(rig);
    const Metrics metrics = metrics_of(rig);
    uint64_t total = 0;
    for (const uint64_t count : metrics.upgrades) total += count;
    EXPECT_EQ(total, 1u) << "one outcome each";
    return static_cast<UpgradeOutcome>(std::ranges::find(metrics.upgrades, 1u) - metrics.upgrades.begin());
  };
  EXPECT_EQ(after([](Rig& rig) {
              rig.session->on_candidate_text("2probe");
              rig.session->on_candidate_text("5");
            }),
            UpgradeOutcome::kSucceeded);
  EXPECT_EQ(after([](Rig& rig) { rig.advance(100ms); }), UpgradeOutcome::kTimedOut);
  EXPECT_EQ(after([](Rig& rig) { rig.session->on_candidate_text("4hello"); }), UpgradeOutcome::kProbeFailed);
  EXPECT_EQ(after([](Rig& rig) { rig.session->on_candidate_closed(); }), UpgradeOutcome::kClosedMeanwhile);
  EXPECT_EQ(after([](Rig& rig) {
              rig.session->on_poll(rig.now);
              rig.session->close(rig.now);
            }),
            UpgradeOutcome::kClosedMeanwhile);
}

TEST(SessionMetrics, CountHeartbeatsAndHowLateTheyWere) {
  Rig rig(short_timers());
  rig.open(TransportKind::kWebSocket);
  rig.advance(300ms);
  rig.session->on_websocket_text("3", rig.now);
  // The next one is due after 300 ms more, but the loop comes 7 ms late.
  rig.now += 307ms;
  rig.session->on_deadline(rig.now);
  Metrics metrics = metrics_of(rig);
  EXPECT_EQ(metrics.heartbeats_sent, 2u);
  EXPECT_EQ(metrics.heartbeats_missed, 0u);
  EXPECT_EQ(metrics.heartbeat_lateness_ms.sum, 7u);
  EXPECT_EQ(metrics.heartbeat_lateness_ms.counts[0], 1u) << "the first was on time";
  rig.advance(200ms);
  EXPECT_EQ(metrics_of(rig).heartbeats_missed, 1u);
}

// --- Floods -----------------------------------------------------------------------------------------------

TEST(SessionFlood, ClosesAWebSocketThatSendsTooManyPackets) {
  Rig rig({.flood = {.packets_per_second = 10, .packet_burst = 5}});
  rig.open(TransportKind::kWebSocket);
  rig.take_log();
  for (int i = 0; i < 5; ++i) rig.session->on_websocket_text("4x", rig.now);
  EXPECT_EQ(rig.take_log(), Log(5, "text:x"));
  rig.session->on_websocket_text("4x", rig.now);
  EXPECT_EQ(rig.take_log(), (Log{"close:1008", "closed:input flood"}));
  EXPECT_EQ(at(metrics_of(rig).closed, CloseReason::kFlood), 1u);
}

TEST(SessionFlood, PacketsThatMeanNothingCountToo) {
  for (const std::string_view packet : {"3", "6", "2", "5"}) {
    Rig rig({.flood = {.packets_per_second = 10, .packet_burst = 5}});
    rig.open(TransportKind::kWebSocket);
    for (int i = 0; i < 6; ++i) rig.session->on_websocket_text(packet, rig.now);
    EXPECT_FALSE(rig.session->is_open()) << packet;
  }
}

TEST(SessionFlood, PingAndPongFramesOfWebSocketCountToo) {
  Rig rig({.flood = {.packets_per_second = 10, .packet_burst = 5}});
  rig.open(TransportKind::kWebSocket);
  rig.take_log();
  rig.session->on_websocket_text("4x", rig.now);
  for (int i = 0; i < 4; ++i) rig.session->on_websocket_control(0, rig.now);
  EXPECT_EQ(rig.take_log(), Log{"text:x"});
  rig.session->on_websocket_control(0, rig.now);
  EXPECT_EQ(rig.take_log(), (Log{"close:1008", "closed:input flood"}));

  Rig bytes({.max_payload = 100, .flood = {.bytes_per_second = 100, .byte_burst = 10}});
  bytes.open(TransportKind::kWebSocket);
  bytes.session->on_websocket_control(60, bytes.now);
  EXPECT_TRUE(bytes.session->is_open());
  bytes.session->on_websocket_control(60, bytes.now);
  EXPECT_FALSE(bytes.session->is_open());
}

TEST(SessionFlood, LetsThroughWhatStaysBelowTheRate) {
  Rig rig({.flood = {.packets_per_second = 10, .packet_burst = 5}});
  rig.open(TransportKind::kWebSocket);
  for (int i = 0; i < 200; ++i) {
    rig.session->on_websocket_text("4x", rig.now);
    rig.now += 100ms;
  }
  EXPECT_TRUE(rig.session->is_open());
}

TEST(SessionFlood, CountsBytesButNeverAgainstOneMessageThatIsAllowed) {
  Rig rig({.max_payload = 1000, .flood = {.bytes_per_second = 100, .byte_burst = 10}});
  rig.open(TransportKind::kWebSocket);
  rig.session->on_websocket_binary(std::string(1000, 'x'), rig.now);
  EXPECT_TRUE(rig.session->is_open()) << "as large as maxPayload allows";
  rig.session->on_websocket_binary("x", rig.now);
  EXPECT_FALSE(rig.session->is_open());
}

TEST(SessionFlood, EndsAPollingSessionInTheMiddleOfABody) {
  Rig rig({.flood = {.packets_per_second = 10, .packet_burst = 2}});
  rig.open(TransportKind::kPolling);
  rig.session->on_poll(rig.now);
  rig.take_log();
  EXPECT_EQ(rig.session->on_post("4a\x1e"
                                 "4b\x1e"
                                 "4c\x1e"
                                 "4d",
                                 BodyKind::kText, rig.now),
            Session::PostVerdict::kFlood);
  EXPECT_EQ(rig.take_log(), (Log{"text:a", "text:b", "poll:1", "closed:input flood"}));
}

TEST(SessionFlood, ZeroIsNoLimit) {
  Rig rig({.flood = {.packets_per_second = 0, .bytes_per_second = 0}});
  rig.open(TransportKind::kWebSocket);
  for (int i = 0; i < 200'000; ++i) rig.session->on_websocket_text("3", rig.now);
  EXPECT_TRUE(rig.session->is_open());
}

TEST(SessionFlood, TheDefaultsLeaveRoomForABusyClient) {
  Rig rig;
  rig.open(TransportKind::kWebSocket);
  for (int ms = 0; ms < 10'000; ++ms) {
    for (int i = 0; i < 40; ++i) rig.session->on_websocket_text("3", rig.now);
    rig.now += 1ms;
  }
  EXPECT_TRUE(rig.session->is_open());
}

}  // namespace
}  // namespace patchbay::engineio
