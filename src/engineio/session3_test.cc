// Sessions of protocol revision 3.
#include <string>

#include <gtest/gtest.h>

#include "engineio/session_rig.h"

namespace patchbay::engineio {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using test::Log;
using test::Rig;
using test::short_timers;

constexpr Dialect kOld{.protocol = 3};
constexpr Dialect kOldBase64{.protocol = 3, .base64_only = true};

struct OldRig {
  explicit OldRig(TransportKind kind, Dialect dialect = kOld, SessionOptions options = {})
      : rig(options, dialect) {
    rig.open(kind);
    opening = rig.take_log();
  }
  Session* operator->() { return &*rig.session; }
  Session::PostVerdict post(std::string_view body, BodyKind kind = BodyKind::kText) {
    return rig.session->on_post(body, kind, rig.now);
  }
  Rig rig;
  Log opening;
};

TEST(Session3, OpensWithTheSameHandshakeInItsOwnFraming) {
  OldRig old(TransportKind::kPolling);
  EXPECT_EQ(old->protocol(), 3);
  const std::string packet = "0{\"sid\":\"" + std::string(old->id().view()) +
                             "\",\"upgrades\":[\"websocket\"],\"pingInterval\":25000,\"pingTimeout\":20000,"
                             "\"maxPayload\":1000000}";
  EXPECT_EQ(old.opening, Log{"poll:" + std::to_string(packet.size()) + ":" + packet});
  OldRig socket(TransportKind::kWebSocket);
  ASSERT_EQ(socket.opening.size(), 1u);
  EXPECT_TRUE(socket.opening[0].starts_with("ws:0{\"sid\"")) << "no framing inside a WebSocket message";
}

TEST(Session3, AnswersAPollWithTextAsLongAsAllIsText) {
  OldRig old(TransportKind::kPolling);
  old->on_poll(old.rig.now);
  old->send_text("a\xf0\x9f\x98\x80");
  old->send(SharedMessage::text("b"));
  old.rig.flush();
  EXPECT_EQ(old.rig.take_log(), Log{"poll:4:4a\xf0\x9f\x98\x80"
                                    "2:4b"});
}

TEST(Session3, AnswersAPollWithOctetsWhenThereIsBinary) {
  OldRig old(TransportKind::kPolling);
  old->on_poll(old.rig.now);
  old->send_text("hello");
  old->send_binary("\x01\x02\x03\x04");
  old->send(SharedMessage::binary("z"));
  old.rig.flush();
  EXPECT_EQ(old.rig.take_log(),
            Log{"octets:\x00\x06\xff"s + "4hello" + "\x01\x05\xff\x04\x01\x02\x03\x04\x01\x02\xff\x04z"s});
}

TEST(Session3, SendsAClientThatAskedForBase64NothingElse) {
  OldRig old(TransportKind::kPolling, kOldBase64);
  old->on_poll(old.rig.now);
  old->send_text("hello");
  old->send_binary("\x01\x02\x03\x04");
  old.rig.flush();
  EXPECT_EQ(old.rig.take_log(), Log{"poll:6:4hello10:b4AQIDBA=="});

  OldRig socket(TransportKind::kWebSocket, kOldBase64);
  socket->send_binary("\x01\x02\x03\x04");
  socket->send(SharedMessage::binary("\x01\x02\x03\x04"));
  EXPECT_EQ(socket.rig.take_log(), (Log{"ws:b4AQIDBA==", "ws:b4AQIDBA=="}));
}

TEST(Session3, SplitsAPollAnswerAtMaxPayloadBetweenPackets) {
  OldRig old(TransportKind::kPolling, kOld, {.max_payload = 50});
  for (const std::string_view text : {"123", "456"}) old->send_text(text);
  old->send_text(std::string(60, 'x'));
  old->send_binary("789");
  for (int i = 0; i < 3; ++i) old->on_poll(old.rig.now);
  EXPECT_EQ(old.rig.take_log(), (Log{"poll:4:41234:4456", "poll:61:4" + std::string(60, 'x'),
                                     "octets:\x01\x04\xff\x04"s + "789"}));
}

TEST(Session3, TakesBothFramings) {
  OldRig old(TransportKind::kPolling);
  EXPECT_EQ(old.post("6:4hello10:b4AQIDBA=="), Session::PostVerdict::kOk);
  EXPECT_EQ(old.post("\x00\x03\xff"s + "4hi" + "\x01\x02\xff\x04!"s, BodyKind::kOctets),
            Session::PostVerdict::kOk);
  EXPECT_EQ(old.rig.take_log(), (Log{"text:hello", "binary:\x01\x02\x03\x04", "text:hi", "binary:!"}));
}

TEST(Session3, RefusesAPostThatIsNoPayloadAndEnds) {
  for (const auto& [body, kind] : {std::pair("abc", BodyKind::kText), std::pair("4hello", BodyKind::kText),
                                   std::pair("6:4hello", BodyKind::kOctets)}) {
    OldRig old(TransportKind::kPolling);
    EXPECT_EQ(old.post(body, kind), Session::PostVerdict::kBadRequest);
    EXPECT_EQ(old.rig.take_log(), Log{"closed:parse error"});
    EXPECT_EQ(old->on_poll(old.rig.now), Session::PollVerdict::kBadRequest);
  }
}

TEST(Session4, RefusesABodyOfOctetsAndGoesOn) {
  Rig rig;
  rig.open(TransportKind::kPolling);
  EXPECT_EQ(rig.session->on_post("\x00\x01\xff"s + "4", BodyKind::kOctets, rig.now),
            Session::PostVerdict::kBadRequest);
  EXPECT_TRUE(rig.session->is_open());
}

TEST(Session3, BinaryOnAWebSocketCarriesItsTypeBothWays) {
  OldRig old(TransportKind::kWebSocket);
  old->on_websocket_binary("\x04\x01\x02", old.rig.now);
  old->on_websocket_text("b4AQIDBA==", old.rig.now);
  old->send_binary("\x01\x02");
  old->send(SharedMessage::binary("\x03"));
  EXPECT_EQ(old.rig.take_log(),
            (Log{"binary:\x01\x02", "binary:\x01\x02\x03\x04", "wsb:\x04\x01\x02", "wsb:\x04\x03"}));
  for (const std::string_view bad : {std::string_view("\x01\x02"), std::string_view()}) {
    OldRig other(TransportKind::kWebSocket);
    other->on_websocket_binary(bad, other.rig.now);
    EXPECT_EQ(other.rig.take_log(), (Log{"close:1002", "closed:parse error"}));
  }
}

TEST(Session3, AnswersThePingsOfItsClient) {
  OldRig old(TransportKind::kWebSocket);
  old->on_websocket_text("2", old.rig.now);
  old->on_websocket_text("2probe", old.rig.now);
  EXPECT_EQ(old.rig.take_log(), (Log{"ws:3", "ws:3probe"}));
  OldRig polling(TransportKind::kPolling);
  EXPECT_EQ(polling.post("1:2"), Session::PostVerdict::kOk);
  polling->on_poll(polling.rig.now);
  EXPECT_EQ(polling.rig.take_log(), Log{"poll:1:3"});
}

TEST(Session3, EndsExactlyAfterIntervalAndTimeoutWithoutAPingAndNeverPings) {
  for (const auto kind : {TransportKind::kPolling, TransportKind::kWebSocket}) {
    OldRig old(kind, kOld, short_timers());
    old.rig.advance(400ms);
    kind == TransportKind::kPolling ? (void)old.post("1:2") : old->on_websocket_text("2", old.rig.now);
    if (kind == TransportKind::kPolling) old->on_poll(old.rig.now);
    old.rig.take_log();
    old.rig.advance(499ms);
    old.rig.flush();
    EXPECT_EQ(old.rig.take_log(), Log{}) << "no ping of ours";
    old.rig.advance(1ms);
    EXPECT_EQ(old.rig.take_log().back(), "closed:ping timeout");
  }
}

TEST(Session3, APongIsNoHeartbeatHere) {
  OldRig old(TransportKind::kWebSocket, kOld, short_timers());
  old.rig.advance(450ms);
  const auto before = old.rig.deadline;
  old->on_websocket_text("3", old.rig.now);
  EXPECT_EQ(old.rig.deadline, before);
}

TEST(Session4, APingOfTheClientIsNoHeartbeatAndGetsNoAnswer) {
  Rig rig(short_timers());
  rig.open(TransportKind::kWebSocket);
  rig.take_log();
  const auto before = rig.deadline;
  rig.session->on_websocket_text("2", rig.now);
  EXPECT_EQ(rig.deadline, before);
  EXPECT_EQ(rig.take_log(), Log{});
}

TEST(Session3, ForgivesALatePingOnceWhenOtherTrafficCame) {
  OldRig old(TransportKind::kWebSocket, kOld, short_timers());
  old.rig.advance(100ms);
  old->on_websocket_text("4x", old.rig.now);
  old.rig.advance(400ms);
  EXPECT_TRUE(old->is_open());
  old->on_websocket_text("4x", old.rig.now);
  old.rig.advance(200ms);
  EXPECT_FALSE(old->is_open());
}

TEST(Session3, UpgradesAndTakesAlongWhatWaits) {
  OldRig old(TransportKind::kPolling);
  old->on_poll(old.rig.now);
  old->on_candidate_opened(old.rig.now);
  old->on_candidate_text("2probe");
  EXPECT_EQ(old.rig.take_log(), (Log{"candidate:3probe", "poll:1:6"}));
  old->send_text("meanwhile");
  old->send_binary("\x01");
  old->on_candidate_text("5");
  EXPECT_EQ(old.rig.take_log(), (Log{"promoted", "ws:4meanwhile", "wsb:\x04\x01"}));
}

TEST(Session3, EndsAHeldPollAsRevisionThreeWritesIt) {
  OldRig closed_by_peer(TransportKind::kPolling);
  closed_by_peer->on_poll(closed_by_peer.rig.now);
  EXPECT_EQ(closed_by_peer.post("1:1"), Session::PostVerdict::kOk);
  EXPECT_EQ(closed_by_peer.rig.take_log(), (Log{"poll:1:6", "closed:transport close"}));
  OldRig closed_by_us(TransportKind::kPolling);
  closed_by_us->on_poll(closed_by_us.rig.now);
  closed_by_us->close(closed_by_us.rig.now);
  EXPECT_EQ(closed_by_us.rig.take_log(), (Log{"poll:1:1", "closed:forced close"}));
}

TEST(Session4, AClientThatAskedForBase64GetsItOnItsWebSocketToo) {
  Rig rig({}, {.base64_only = true});
  rig.open(TransportKind::kWebSocket);
  rig.take_log();
  rig.session->send_binary("\x01\x02\x03\x04");
  rig.session->send(SharedMessage::binary("\x01\x02\x03\x04"));
  rig.session->on_websocket_text("bAQIDBA==", rig.now);
  EXPECT_EQ(rig.take_log(), (Log{"ws:bAQIDBA==", "ws:bAQIDBA==", "binary:\x01\x02\x03\x04"}));
  rig.session->on_websocket_text("b!", rig.now);
  EXPECT_EQ(rig.take_log(), (Log{"close:1002", "closed:parse error"}));
}

}  // namespace
}  // namespace patchbay::engineio
