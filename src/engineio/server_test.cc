#include "engineio/server.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "engineio/server_rig.h"

namespace patchbay::engineio {
namespace {

using net::test::TcpClient;
using test::Ended;
using test::EngineServerTest;
using test::kShards;
using websocket::test::WebSocketClient;

TEST_F(EngineServerTest, ServesAPollingSessionFromEveryShard) {
  start();
  std::vector<TcpClient> clients;
  for (size_t i = 0; i < kShards; ++i) clients.push_back(on(i));
  for (size_t owner = 0; owner < kShards; ++owner) {
    const std::string sid = open(owner);
    for (size_t i = 0; i < 3 * kShards; ++i) {
      TcpClient& poller = clients[i % kShards];
      TcpClient& sender = clients[(i + 1 + i / kShards) % kShards];
      const std::string text = "4message " + std::to_string(i);
      if (&poller != &sender) poller.send("GET " + polling(sid) + " HTTP/1.1\r\nHost: test\r\n\r\n");
      EXPECT_EQ(sender.post(polling(sid), text).body, "ok");
      EXPECT_EQ(&poller != &sender ? poller.read_answer().body : poller.get(polling(sid)).body, text);
    }
  }
  EXPECT_EQ(engine->session_count(), kShards);
}

TEST_F(EngineServerTest, MovesAWebSocketThatLandsElsewhereToTheOwnerOfTheSession) {
  start();
  for (size_t elsewhere = 0; elsewhere < kShards; ++elsewhere) {
    const std::string sid = open(1);
    EXPECT_EQ(on(2).post(polling(sid), "4waiting").body, "ok");
    // The probe comes in one piece with the request, before the connection has moved.
    WebSocketClient client(on(elsewhere), socket(sid), WebSocketClient::frame(1, "2probe"));
    EXPECT_EQ(client.read_message(), "3probe");
    client.send_text("5");
    EXPECT_EQ(client.read_message(), "4waiting") << "nothing is lost on the way";
    for (int i = 0; i < 50; ++i) client.send_text("4" + std::to_string(i));
    for (int i = 0; i < 50; ++i) EXPECT_EQ(client.read_message(), "4" + std::to_string(i));
    EXPECT_EQ(on(3).get(polling(sid)).status, 400) << "polling is over";
    client.send_text("1");
    EXPECT_EQ(client.read_close(), 1000);
  }
  EXPECT_EQ(engine->metrics(1).upgrades[static_cast<size_t>(UpgradeOutcome::kSucceeded)].get(), kShards);
  EXPECT_EQ(engine->metrics().upgrades[static_cast<size_t>(UpgradeOutcome::kSucceeded)], kShards);
}

TEST_F(EngineServerTest, EndsASessionWhoseWebSocketSendsTooManyPings) {
  start({.session = {.flood = {.packets_per_second = 0.001, .packet_burst = 10}}});
  WebSocketClient client(on(0), "/engine.io/?EIO=4&transport=websocket");
  client.read_message();
  for (int i = 0; i < 11; ++i) client.tcp().send(WebSocketClient::frame(9, "p"));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(client.read_frame().opcode, 10);
  EXPECT_EQ(client.read_close(), 1008);
  // One that has not taken over yet is a way in as well.
  const std::string sid = open(1);
  WebSocketClient candidate(on(2), socket(sid));
  for (int i = 0; i < 11; ++i) candidate.tcp().send(WebSocketClient::frame(9, "p"));
  ASSERT_TRUE(ended.wait([](const Ended& e) { return e.reasons.size() == 2; }));
  ended.change(
      [](const Ended& e) { EXPECT_EQ(e.reasons, (std::vector{CloseReason::kFlood, CloseReason::kFlood})); });
}

TEST_F(EngineServerTest, EndsASessionWhosePollIsGivenUpOnAnotherShard) {
  start();
  const std::string sid = open(0);
  {
    TcpClient poller = on(3);
    poller.send("GET " + polling(sid) + " HTTP/1.1\r\nHost: test\r\n\r\n");
  }
  EXPECT_TRUE(ended_with(CloseReason::kTransportError));
  EXPECT_EQ(on(1).get(polling(sid)).status, 400);
}

TEST_F(EngineServerTest, EndsASessionThatIsPolledTwiceAtOnce) {
  start();
  const std::string sid = open(0);
  TcpClient first = on(1);
  TcpClient second = on(2);
  const std::string request = "GET " + polling(sid) + " HTTP/1.1\r\nHost: test\r\n\r\n";
  first.send(request);
  second.send(request);
  std::vector<int> statuses{first.read_answer().status, second.read_answer().status};
  std::ranges::sort(statuses);
  EXPECT_EQ(statuses, (std::vector{200, 400}));
  EXPECT_TRUE(ended_with(CloseReason::kTransportError));
}

TEST_F(EngineServerTest, RefusesIdsThatNobodyHas) {
  start();
  TcpClient client = on(0);
  for (const std::string& sid :
       {std::string("x"), std::string(20, '_'), std::string(20, 'A'), std::string("%00")})
    for (const auto& answer : {client.get(polling(sid)), client.post(polling(sid), "4x")}) {
      EXPECT_EQ(answer.status, 400);
      EXPECT_EQ(answer.body, to_response(refusals::kSession).body);
      EXPECT_TRUE(
          answer.body.starts_with(R"({"code":1,"message":"Session ID unknown","hint":"The session has )"));
    }
}

TEST_F(EngineServerTest, RefusesNewSessionsWhenThereAreTooMany) {
  start({.max_sessions_per_shard = 2});
  open(0);
  open(0);
  EXPECT_EQ(on(0).get("/engine.io/?EIO=4&transport=polling").status, 503);
  open(1);
}

TEST_F(EngineServerTest, CompressesPollingAnswersForThoseWhoAsk) {
  start();
  const std::string text(5'000, 'x');
  for (size_t elsewhere = 0; elsewhere < kShards; ++elsewhere) {
    const std::string sid = open(1);
    TcpClient client = on(elsewhere);
    const auto poll = [&](std::string_view sent, std::string_view accept) {
      EXPECT_EQ(client.post(polling(sid), "4" + std::string(sent)).body, "ok");
      client.send("GET " + polling(sid) + " HTTP/1.1\r\nHost: test\r\n" + std::string(accept) + "\r\n");
      return client.read_answer();
    };
    const auto gzip = poll(text, "Accept-Encoding: deflate;q=0.5, gzip\r\n");
    EXPECT_EQ(gzip.headers.at("content-encoding"), "gzip");
    EXPECT_EQ(gzip.headers.at("vary"), "Accept-Encoding");
    EXPECT_LT(gzip.body.size(), 200u);
    const auto plain = poll(text, "");
    EXPECT_FALSE(plain.headers.contains("content-encoding"));
    EXPECT_EQ(plain.headers.at("vary"), "Accept-Encoding") << "caches must know all the same";
    EXPECT_EQ(plain.body, "4" + text);
    EXPECT_EQ(poll(text, "Accept-Encoding: deflate\r\n").headers.at("content-encoding"), "deflate");
    const auto small = poll("short", "Accept-Encoding: gzip\r\n");
    EXPECT_FALSE(small.headers.contains("content-encoding") || small.headers.contains("vary"));
    EXPECT_EQ(small.body, "4short");
  }
}

TEST_F(EngineServerTest, CompressesNothingWhenToldNotTo) {
  start({.http_compression = {.enabled = false}});
  const std::string sid = open(0);
  TcpClient client = on(0);
  EXPECT_EQ(client.post(polling(sid), "4" + std::string(5'000, 'x')).body, "ok");
  client.send("GET " + polling(sid) + " HTTP/1.1\r\nHost: test\r\nAccept-Encoding: gzip\r\n\r\n");
  EXPECT_EQ(client.read_answer().body.size(), 5'001u);
}

TEST_F(EngineServerTest, CompressesWebSocketMessagesWhenEnabledAlsoAfterAnUpgrade) {
  start({.per_message_deflate = {.enabled = true}});
  constexpr std::string_view kOffer = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
  const std::string text(5'000, 'x');
  const std::string sid = open(1);
  for (const std::string& target : {std::string("/engine.io/?EIO=4&transport=websocket"), socket(sid)}) {
    WebSocketClient client(on(2), target, {}, kOffer);
    if (target == socket(sid)) {
      client.send_text("2probe");
      EXPECT_EQ(client.read_message(), "3probe");
      client.send_text("5");
    } else {
      EXPECT_EQ(client.read_message().front(), '0');
    }
    client.send_text("4" + text);
    EXPECT_EQ(client.read_frame().first_byte, 0xc1);
  }
}

TEST_F(EngineServerTest, SaysGoodbyeWhenItCloses) {
  start();
  const std::string sid = open(2);
  WebSocketClient client(http->port(), "/engine.io/?EIO=4&transport=websocket");
  client.read_message();
  engine->close();
  EXPECT_EQ(client.read_close(), 1000);
  EXPECT_TRUE(ended.wait([](const Ended& e) { return e.reasons.size() == 2; }));
  EXPECT_TRUE(ended_with(CloseReason::kServerShutdown));
  EXPECT_EQ(on(0).get(polling(sid)).status, 503);
}

TEST_F(EngineServerTest, EndsTheSessionOfAWebSocketThatJustGoesAway) {
  start();
  {
    WebSocketClient client(http->port(), "/engine.io/?EIO=4&transport=websocket");
    client.read_message();
  }
  EXPECT_TRUE(ended_with(CloseReason::kTransportClose));
  shards.run_on_each([](net::Shard&) {});  // until the turn in which it ended is over
  EXPECT_EQ(engine->session_count(), 0u);
}

TEST_F(EngineServerTest, KeepsTheHeadersOfARequestButNotThoseThatOnlyOpenedAWebSocket) {
  start();
  TcpClient poller(http->port());
  poller.send(
      "GET /engine.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: test\r\nCookie: a=1\r\n"
      "Connection: keep-alive\r\nCookie: b=2\r\nX-Empty:\r\n\r\n");
  EXPECT_EQ(poller.read_answer().status, 200);
  WebSocketClient socket(http->port(), "/engine.io/?EIO=4&transport=websocket");
  EXPECT_EQ(ended.get().handshakes,
            (std::vector<std::string>{"host=test;cookie=a=1;connection=keep-alive;cookie=b=2;x-empty=;",
                                      "host=test;"}));
}

}  // namespace
}  // namespace patchbay::engineio
