#include "engineio/session.h"

#include <string>

#include <gtest/gtest.h>

#include "engineio/session_rig.h"

namespace patchbay::engineio {
namespace {

using namespace std::chrono_literals;
using test::Log;
using test::Rig;
using test::short_timers;

TEST(SessionId, HasOneFormThatNamesItsShard) {
  const SessionId id = SessionId::generate(5);
  EXPECT_EQ(id.view().size(), 20u);
  EXPECT_EQ(SessionId::parse(id.view())->shard_index(), 5u);
  for (const std::string_view bad :
       {"", "__proto__", "constructor", "AAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAA!", "AAAAAAAAAAAAAAAAAAA\x80"})
    EXPECT_FALSE(SessionId::parse(bad)) << bad;
}

TEST(Session, OpensByPollingAndOffersTheUpgrade) {
  Rig rig;
  rig.open(TransportKind::kPolling);
  const auto log = rig.take_log();
  ASSERT_EQ(log.size(), 1u);
  EXPECT_EQ(log[0], "poll:0{\"sid\":\"" + std::string(rig.session->id().view()) +
                        "\",\"upgrades\":[\"websocket\"],\"pingInterval\":25000,\"pingTimeout\":20000,"
                        "\"maxPayload\":1000000}");
}

TEST(Session, GathersWhatIsSentInATurnIntoOnePoll) {
  Rig rig;
  rig.open(TransportKind::kPolling);
  rig.take_log();
  EXPECT_EQ(rig.session->on_poll(rig.now), Session::PollVerdict::kHeld);
  rig.session->send_text("a");
  rig.session->send_binary("\x01\x02\x03\x04");
  rig.session->send(SharedMessage::text("b"));
  rig.flush();
  EXPECT_EQ(rig.take_log(), Log{"poll:4a\x1e"
                                "bAQIDBA==\x1e"
                                "4b"});
}

TEST(Session, LetsAPollAnswerBeCompressedIfOneOfItsMessagesMay) {
  Rig rig;
  rig.open(TransportKind::kPolling);
  EXPECT_FALSE(rig.poll_compress) << "the handshake";
  const auto answer = [&](std::initializer_list<bool> messages) {
    rig.session->on_poll(rig.now);
    for (const bool compress : messages) rig.session->send(SharedMessage::text("x", compress));
    rig.flush();
    return rig.poll_compress;
  };
  EXPECT_FALSE(answer({false}));
  EXPECT_TRUE(answer({false, true}));
  EXPECT_FALSE(answer({false, false})) << "what was before is forgotten";
  EXPECT_TRUE(answer({true}));
}

TEST(SharedMessage, IsPayloadAndFrameInOne) {
  const SharedMessage text = SharedMessage::text("hello", false);
  EXPECT_EQ(text.payload(), "hello");
  EXPECT_EQ(text.frame().plain()->view(),
            "\x81\x06"
            "4hello");
  EXPECT_FALSE(text.may_compress());
  const SharedMessage binary = SharedMessage::binary("\x01\x02");
  EXPECT_EQ(binary.payload(), "\x01\x02");
  EXPECT_EQ(binary.frame().plain()->view(), "\x82\x02\x01\x02");
  EXPECT_TRUE(binary.may_compress());
}

TEST(Session, SplitsAPollAnswerAtMaxPayloadBetweenPackets) {
  Rig rig({.max_payload = 10});
  rig.open(TransportKind::kPolling);
  rig.take_log();
  for (const std::string_view text : {"123", "456", "a message longer than a payload", "789"})
    rig.session->send_text(text);
  for (int i = 0; i < 3; ++i) rig.session->on_poll(rig.now);
  EXPECT_EQ(rig.take_log(), (Log{"poll:4123\x1e"
                                 "4456",
                                 "poll:4a message longer than a payload", "poll:4789"}));
}

TEST(Session, EndsWhenTwoPollsOverlap) {
  Rig rig;
  rig.open(TransportKind::kPolling);
  rig.take_log();
  rig.session->on_poll(rig.now);
  EXPECT_EQ(rig.session->on_poll(rig.now), Session::PollVerdict::kBadRequest);
  EXPECT_EQ(rig.take_log(), (Log{"poll:1", "closed:transport error"}));
  EXPECT_TRUE(rig.forgotten);
  EXPECT_EQ(rig.session->on_poll(rig.now), Session::PollVerdict::kBadRequest);
}

TEST(Session, EndsWhenAHeldPollIsAborted) {
  Rig rig;
  rig.open(TransportKind::kPolling);
  rig.take_log();
  rig.session->on_poll(rig.now);
  rig.session->on_poll_aborted();
  EXPECT_EQ(rig.take_log(), Log{"closed:transport error"});
}

TEST(Session, AnswersTheHeldPollWithNoopWhenThePeerCloses) {
  Rig rig;
  rig.open(TransportKind::kPolling);
  rig.take_log();
  rig.session->on_poll(rig.now);
  EXPECT_EQ(rig.session->on_post("1", BodyKind::kText, rig.now), Session::PostVerdict::kOk);
  EXPECT_EQ(rig.take_log(), (Log{"poll:6", "closed:transport close"}));
}

TEST(Session, RefusesAPostThatIsNoPayloadAndEnds) {
  Rig rig;
  rig.open(TransportKind::kPolling);
  rig.take_log();
  EXPECT_EQ(rig.session->on_post("abc", BodyKind::kText, rig.now), Session::PostVerdict::kBadRequest);
  EXPECT_EQ(rig.take_log(), Log{"closed:parse error"});
}

TEST(Session, RefusesAPostLargerThanMaxPayloadAndGoesOn) {
  Rig rig({.max_payload = 5});
  rig.open(TransportKind::kPolling);
  EXPECT_EQ(rig.session->on_post("4hello", BodyKind::kText, rig.now), Session::PostVerdict::kTooLarge);
  EXPECT_TRUE(rig.session->is_open());
}

TEST(Session, PingsExactlyAtTheIntervalAndEndsExactlyAtTheTimeout) {
  for (const auto kind : {TransportKind::kPolling, TransportKind::kWebSocket}) {
    Rig rig(short_timers());
    rig.open(kind);
    rig.take_log();
    if (kind == TransportKind::kPolling) rig.session->on_poll(rig.now);
    rig.advance(299ms);
    rig.flush();
    EXPECT_EQ(rig.take_log(), Log{});
    rig.advance(1ms);
    rig.flush();
    EXPECT_EQ(rig.take_log(), Log{kind == TransportKind::kPolling ? "poll:2" : "ws:2"});
    rig.advance(199ms);
    EXPECT_EQ(rig.take_log(), Log{});
    rig.advance(1ms);
    EXPECT_EQ(rig.take_log().back(), "closed:ping timeout");
  }
}

TEST(Session, ForgivesALatePongOnceWhenOtherTrafficCame) {
  Rig rig(short_timers());
  rig.open(TransportKind::kWebSocket);
  rig.advance(300ms);
  rig.session->on_websocket_text("4x", rig.now);
  rig.advance(200ms);
  EXPECT_TRUE(rig.session->is_open());
  rig.session->on_websocket_text("4x", rig.now);
  rig.advance(200ms);
  EXPECT_FALSE(rig.session->is_open());
}

TEST(Session, IgnoresAPongThatNobodyAskedFor) {
  Rig rig(short_timers());
  rig.open(TransportKind::kWebSocket);
  rig.advance(200ms);
  const auto before = rig.deadline;
  rig.session->on_websocket_text("3", rig.now);
  EXPECT_EQ(rig.deadline, before);
}

TEST(Session, UpgradesAfterAProbeAndFreesTheHeldPoll) {
  Rig rig;
  rig.open(TransportKind::kPolling);
  rig.take_log();
  rig.session->on_poll(rig.now);
  ASSERT_TRUE(rig.session->may_upgrade());
  rig.session->on_candidate_opened(rig.now);
  EXPECT_FALSE(rig.session->may_upgrade());
  rig.session->on_candidate_text("2probe");
  EXPECT_EQ(rig.take_log(), (Log{"candidate:3probe", "poll:6"}));
  rig.session->send_text("meanwhile");
  rig.session->on_candidate_text("5");
  EXPECT_EQ(rig.take_log(), (Log{"promoted", "ws:4meanwhile"}));
  EXPECT_EQ(rig.session->on_poll(rig.now), Session::PollVerdict::kBadRequest);
  EXPECT_TRUE(rig.session->is_open());
}

TEST(Session, AnswersAPollDuringTheUpgradeWithNoop) {
  Rig rig;
  rig.open(TransportKind::kPolling);
  rig.take_log();
  rig.session->on_candidate_opened(rig.now);
  rig.session->on_candidate_text("2probe");
  rig.session->on_poll(rig.now);
  EXPECT_EQ(rig.take_log(), (Log{"candidate:3probe", "poll:6"}));
}

TEST(Session, DropsACandidateThatIsLateOrTalksOutOfTurn) {
  Rig rig({.upgrade_timeout = 100ms});
  rig.open(TransportKind::kPolling);
  rig.take_log();
  rig.session->on_candidate_opened(rig.now);
  rig.advance(100ms);
  EXPECT_EQ(rig.take_log(), Log{"candidate closed"});
  rig.session->on_candidate_opened(rig.now);
  rig.session->on_candidate_text("5");
  EXPECT_EQ(rig.take_log(), Log{"candidate closed"});
  EXPECT_TRUE(rig.session->may_upgrade());
}

TEST(Session, DeliversWhatWaitsBeforeTheCloseOfAPollingSession) {
  Rig rig;
  rig.open(TransportKind::kPolling);
  rig.take_log();
  rig.session->send_text("bye");
  rig.session->close(rig.now);
  EXPECT_EQ(rig.take_log(), Log{"closed:forced close"});
  EXPECT_FALSE(rig.forgotten);
  rig.session->on_poll(rig.now);
  EXPECT_EQ(rig.take_log(), Log{"poll:4bye"});
  rig.session->on_poll(rig.now);
  EXPECT_EQ(rig.take_log(), Log{"poll:1"});
  EXPECT_TRUE(rig.forgotten);
}

TEST(Session, AtShutdownWaitsShortlyForAPollAndAnewAfterEach) {
  Rig rig({.max_payload = 10});
  rig.open(TransportKind::kPolling);
  for (const char* const text : {"first 345", "second 34", "third 345"}) rig.session->send_text(text);
  rig.take_log();
  rig.session->close(rig.now, CloseReason::kServerShutdown);
  rig.take_log();
  for (const char* const text : {"poll:4first 345", "poll:4second 34"}) {
    rig.advance(Session::kShutdownPatience - 1ms);
    ASSERT_FALSE(rig.forgotten);
    rig.session->on_poll(rig.now);
    EXPECT_EQ(rig.take_log(), Log{text});
  }
  rig.advance(Session::kShutdownPatience);
  EXPECT_TRUE(rig.forgotten);
}

TEST(Session, ClosedDuringAnUpgradeDeliversWhatWaitsOverTheNewTransport) {
  Rig rig;
  rig.open(TransportKind::kPolling);
  rig.take_log();
  rig.session->on_candidate_opened(rig.now);
  rig.session->on_candidate_text("2probe");
  rig.session->send_text("bye");
  rig.session->close(rig.now);
  EXPECT_EQ(rig.take_log(), (Log{"candidate:3probe", "closed:forced close"}));
  rig.session->on_candidate_text("5");
  EXPECT_EQ(rig.take_log(), (Log{"promoted", "ws:4bye", "close:1000"}));
  EXPECT_TRUE(rig.forgotten);
}

TEST(Session, ForgetsAClosedPollingSessionThatNobodyFetches) {
  Rig rig({.close_timeout = 50ms});
  rig.open(TransportKind::kPolling);
  rig.session->close(rig.now);
  rig.advance(50ms);
  EXPECT_TRUE(rig.forgotten);
}

TEST(Session, EndsWhenMoreWaitsThanMayAndNeverInsideASend) {
  Rig rig({.max_buffered_bytes = 100});
  rig.open(TransportKind::kPolling);
  rig.take_log();
  while (rig.session->send_text("0123456789")) {
  }
  EXPECT_EQ(rig.take_log(), Log{});
  rig.flush();
  EXPECT_EQ(rig.take_log(), Log{"closed:output overflow"});
}

// Found by the fuzzer: a poll that came before the flush took what waited, and what had been refused was
// missing.
TEST(Session, EndsForWhatItRefusedAlsoWhenAPollTakesTheRestBeforeTheFlush) {
  Rig rig({.ping_interval = 300ms, .max_payload = 40, .max_buffered_bytes = 100});
  rig.open(TransportKind::kPolling);
  while (rig.session->send_text("0123456789")) {
  }
  for (int polls = 0; polls < 4; ++polls) rig.session->on_poll(rig.now);
  rig.advance(300ms);  // a heartbeat waits now, and fits
  EXPECT_FALSE(rig.session->send_text("later than what was refused"));
  rig.take_log();
  rig.flush();
  EXPECT_EQ(rig.take_log().back(), "closed:output overflow");
}

TEST(Session, ClosesOnAWebSocketPacketOfNoType) {
  Rig rig;
  rig.open(TransportKind::kWebSocket);
  rig.take_log();
  rig.session->on_websocket_text("abc", rig.now);
  EXPECT_EQ(rig.take_log(), (Log{"close:1002", "closed:parse error"}));
}

}  // namespace
}  // namespace patchbay::engineio
