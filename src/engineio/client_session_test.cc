#include "engineio/client_session.h"

#include <gtest/gtest.h>

namespace patchbay::engineio {
namespace {

constexpr std::string_view kOpenPacket =
    R"(0{"sid":"abc","upgrades":["websocket"],"pingInterval":300,"pingTimeout":200,"maxPayload":20})";

// Writes down what the session asks for and says.
class ClientSessionTest : public testing::Test, public ClientSession::Io, public ClientSession::Application {
 protected:
  void start(ClientSession::Options options = {}) {
    session = std::make_unique<ClientSession>(std::move(options), *this, *this);
    session->open(now);
  }
  void open_by_polling(ClientSession::Options options = {}) {
    start(std::move(options));
    session->on_poll_answer(200, kOpenPacket, now);
    take();
  }
  void open_by_websocket() {
    start({.transports = {TransportKind::kWebSocket}});
    session->on_websocket_open(now);
    session->on_websocket_message(false, kOpenPacket, now);
    take();
  }
  // What happened since the last call, one word a thing.
  std::string take() {
    if (std::exchange(flush_asked, false)) session->flush();
    return std::exchange(log, {});
  }
  void note(const std::string& what) {
    if (!log.empty()) log += " ";
    log += what;
  }
  void wait(Milliseconds by) {
    now += by;
    if (now >= deadline) session->on_deadline(now);
  }

  void poll() override { note("poll"); }
  void post(std::string body) override { note("post(" + body + ")"); }
  void open_websocket() override { note("websocket"); }
  void websocket_text(std::string_view prefix, std::string_view text) override {
    note("ws(" + std::string(prefix) + std::string(text) + ")");
  }
  void websocket_binary(std::string_view bytes) override { note("ws-binary(" + std::string(bytes) + ")"); }
  void close_websocket(uint16_t code, std::string_view) override {
    note("close-ws(" + std::to_string(code) + ")");
  }
  void drop_websocket() override { note("drop-ws"); }
  void set_deadline(SteadyTime when) override { deadline = when; }
  void request_flush() override { flush_asked = true; }
  void forget() override { note("forget"); }

  void on_open() override { note("OPEN"); }
  void on_text(std::string_view text) override { note("TEXT(" + std::string(text) + ")"); }
  void on_binary(std::string_view bytes) override { note("BINARY(" + std::string(bytes) + ")"); }
  void on_close(CloseReason reason, const Error& error) override {
    note("CLOSE(" + std::string(to_string(reason)) + ")");
    message = error.message;
  }
  void on_drain() override { note("DRAIN"); }
  void on_upgrade() override { note("UPGRADE"); }

  SteadyTime now{Milliseconds(1'000'000)};
  SteadyTime deadline = SteadyTime::max();
  std::unique_ptr<ClientSession> session;
  std::string log;
  std::string message;
  bool flush_asked = false;
};

TEST_F(ClientSessionTest, OpensByPollingAndUpgrades) {
  start();
  EXPECT_EQ(take(), "poll");
  session->on_poll_answer(200, kOpenPacket, now);
  EXPECT_EQ(take(), "websocket OPEN poll");
  session->on_websocket_open(now);
  EXPECT_EQ(take(), "ws(2probe)");
  session->send_text("early");
  EXPECT_EQ(take(), "post(4early)");
  session->on_websocket_message(false, "3probe", now);
  EXPECT_EQ(take(), "") << "what is under way is let finish";
  session->send_text("waits");
  session->send_binary("bytes");
  EXPECT_EQ(take(), "") << "and nothing new begins";
  session->on_poll_answer(200,
                          "4last\x1e"
                          "6",
                          now);
  EXPECT_EQ(take(), "TEXT(last)");
  session->on_post_done(now);
  EXPECT_EQ(take(), "ws(5) ws(4waits) ws-binary(bytes) UPGRADE");
  session->send_text("x");
  session->on_websocket_message(true, "yz", now);
  EXPECT_EQ(take(), "ws(4x) BINARY(yz)");
}

TEST_F(ClientSessionTest, GoesOnByPollingWhenTheUpgradeFails) {
  for (int way = 0; way < 5; ++way) {
    log = {};
    open_by_polling();
    if (way != 0) session->on_websocket_open(now);
    take();
    switch (way) {
      case 0:
        session->on_websocket_refused({}, now);
        break;
      case 1:
        session->on_websocket_closed(1006, "", now);
        break;
      case 2:
        session->on_websocket_message(false, "3wrong", now);
        break;
      case 3:
        session->on_websocket_message(true, "3probe", now);
        break;
      default:
        session->on_traffic(now + Milliseconds(10'000));
        now += Milliseconds(10'000);
        session->on_deadline(now);
    }
    EXPECT_EQ(take(), "drop-ws") << way;
    EXPECT_TRUE(session->is_open());
    session->send_text("x");
    EXPECT_EQ(take(), "post(4x)") << way;
  }
}

TEST_F(ClientSessionTest, TakesUpPollingAgainWhenTheCandidateDiesWhilePollingPauses) {
  open_by_polling();
  session->on_websocket_open(now);
  session->send_text("x");
  take();
  session->on_websocket_message(false, "3probe", now);
  session->on_poll_answer(200, "6", now);
  session->send_text("y");
  EXPECT_EQ(take(), "") << "the POST is still under way";
  session->on_websocket_closed(1006, "", now);
  EXPECT_EQ(take(), "drop-ws poll");
  session->on_post_done(now);
  EXPECT_EQ(take(), "post(4y)");
}

TEST_F(ClientSessionTest, FillsPollingBodiesUpToMaxPayload) {
  open_by_polling({.upgrade = false});  // 20 bytes
  for (const char* const text : {"12345", "1234567890", "12345", "1"}) EXPECT_TRUE(session->send_text(text));
  session->send_binary("abcdef");
  EXPECT_EQ(take(),
            "post(412345\x1e"
            "41234567890)")
      << "18 bytes; the next packet makes it 25";
  session->on_post_done(now);
  EXPECT_EQ(take(),
            "post(412345\x1e"
            "41\x1e"
            "bYWJjZGVm)")
      << "19 bytes";
  session->on_post_done(now);
  EXPECT_EQ(take(), "DRAIN");
}

TEST_F(ClientSessionTest, KnowsWhatTheServerTakes) {
  open_by_polling();
  EXPECT_TRUE(session->fits(19, false));
  EXPECT_FALSE(session->fits(20, false));
  EXPECT_TRUE(session->fits(12, true)) << "16 characters of base64 and the type";
  EXPECT_FALSE(session->fits(15, true)) << "20 characters of base64 and the type";
  open_by_websocket();
  EXPECT_TRUE(session->fits(20, true));
  EXPECT_FALSE(session->fits(21, true));
}

TEST_F(ClientSessionTest, BoundsWhatWaits) {
  open_by_polling({.max_buffered_bytes = 10});
  EXPECT_TRUE(session->send_text("123456"));
  EXPECT_FALSE(session->send_text("12345"));
  EXPECT_FALSE(session->send_binary("12345"));
  EXPECT_TRUE(session->send_text("1234"));
}

TEST_F(ClientSessionTest, AnswersPings) {
  open_by_polling({.upgrade = false});
  session->on_poll_answer(200, "2", now);
  EXPECT_EQ(take(), "poll post(3)");
  open_by_websocket();
  session->on_websocket_message(false, "2", now);
  EXPECT_EQ(take(), "ws(3)");
}

TEST_F(ClientSessionTest, EndsWhenTheServersPingsStayAway) {
  open_by_websocket();
  wait(Milliseconds(499));
  EXPECT_TRUE(session->is_open());
  session->on_websocket_message(false, "2", now);
  wait(Milliseconds(499));
  EXPECT_TRUE(session->is_open()) << "the ping was a sign of life";
  session->on_traffic(now);
  wait(Milliseconds(499));
  EXPECT_TRUE(session->is_open()) << "and so are the bytes of a message that is not whole yet";
  take();
  wait(Milliseconds(1));
  EXPECT_EQ(take(), "close-ws(1000) drop-ws CLOSE(ping timeout) forget");
}

TEST_F(ClientSessionTest, SaysGoodbyeByPollingBehindWhatWaits) {
  open_by_polling({.upgrade = false});
  session->send_text("x");
  session->close(now);
  EXPECT_EQ(take(),
            "post(4x\x1e"
            "1) CLOSE(forced close)");
  session->on_post_done(now);
  EXPECT_EQ(take(), "drop-ws forget");
}

TEST_F(ClientSessionTest, DoesNotWaitForeverToSayGoodbye) {
  open_by_polling({.upgrade = false});
  session->close(now);
  take();
  wait(Milliseconds(2'000));
  EXPECT_EQ(take(), "drop-ws forget");
}

TEST_F(ClientSessionTest, ClosesAWebSocket) {
  open_by_websocket();
  session->close(now);
  EXPECT_EQ(take(), "close-ws(1000) drop-ws forget CLOSE(forced close)");
  EXPECT_FALSE(session->send_text("x"));
}

TEST_F(ClientSessionTest, HearsThatTheServerCloses) {
  open_by_polling({.upgrade = false});
  session->on_poll_answer(200,
                          "4x\x1e"
                          "1",
                          now);
  EXPECT_EQ(take(), "TEXT(x) drop-ws CLOSE(transport close) forget");
  open_by_websocket();
  session->on_websocket_closed(1009, "too big", now);
  EXPECT_EQ(take(), "drop-ws CLOSE(transport error) forget");
  EXPECT_EQ(message, "the WebSocket was closed with code 1009: too big");
}

TEST_F(ClientSessionTest, FallsBackFromWebSocketToPolling) {
  start({.transports = {TransportKind::kWebSocket, TransportKind::kPolling}});
  EXPECT_EQ(take(), "websocket");
  session->on_websocket_refused({ErrorCode::kServiceUnavailable, "no", {}}, now);
  EXPECT_EQ(take(), "poll");
  session->on_poll_failed({ErrorCode::kServiceUnavailable, "not here either", {}}, now);
  EXPECT_EQ(take(), "drop-ws CLOSE(transport error) forget");
  EXPECT_EQ(message, "not here either");
}

TEST_F(ClientSessionTest, GivesUpOpeningInTime) {
  start({.open_timeout = Milliseconds(100)});
  wait(Milliseconds(100));
  EXPECT_EQ(take(), "poll drop-ws CLOSE(transport error) forget");
  EXPECT_NE(message.find("within 100 ms"), std::string::npos);
}

TEST_F(ClientSessionTest, EndsOnNonsense) {
  for (const std::string_view body : {"", "4x", "2", "hello", "0", "0[]", R"(0{"sid":""})", "\xff",
                                      R"(0{"sid":"a","pingInterval":0,"pingTimeout":1})"}) {
    log = {};
    start();
    session->on_poll_answer(200, body, now);
    EXPECT_EQ(take(), "poll drop-ws CLOSE(parse error) forget") << body;
  }
  for (const std::string_view body : {"", "x", "4a\x1e", "b*"}) {
    open_by_polling({.upgrade = false});
    session->on_poll_answer(200, body, now);
    EXPECT_TRUE(take().ends_with("drop-ws CLOSE(parse error) forget")) << body;
  }
  for (const std::string_view packet : {"", "9", "x"}) {
    open_by_websocket();
    session->on_websocket_message(false, packet, now);
    EXPECT_EQ(take(), "close-ws(1002) drop-ws forget CLOSE(parse error)") << packet;
    log = {};
    start({.transports = {TransportKind::kWebSocket}});
    session->on_websocket_message(false, packet, now);
    EXPECT_EQ(take(), "websocket drop-ws CLOSE(parse error) forget") << packet;
  }
}

TEST(ParseHandshake, ReadsWhatServersSend) {
  const auto handshake = parse_handshake(kOpenPacket.substr(1));
  ASSERT_TRUE(handshake);
  EXPECT_EQ(handshake->sid, "abc");
  EXPECT_TRUE(handshake->upgrade_to_websocket);
  EXPECT_EQ(handshake->ping_interval, Milliseconds(300));
  EXPECT_EQ(handshake->ping_timeout, Milliseconds(200));
  EXPECT_EQ(handshake->max_payload, 20u);
  const auto without = parse_handshake(R"({"sid":"a","pingInterval":1,"pingTimeout":2.0,"upgrades":[]})");
  ASSERT_TRUE(without) << "maxPayload came with a later minor version";
  EXPECT_EQ(without->max_payload, 0u);
  EXPECT_FALSE(parse_handshake(R"({"sid":"a","pingInterval":1e300,"pingTimeout":2})"));
}

}  // namespace
}  // namespace patchbay::engineio
