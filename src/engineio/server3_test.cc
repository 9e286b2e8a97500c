// Clients of protocol revision 3 on the server that also serves revision 4.
#include <gtest/gtest.h>

#include "engineio/server_rig.h"

namespace patchbay::engineio {
namespace {

using namespace std::string_literals;
using net::test::TcpClient;
using test::kShards;
using websocket::test::WebSocketClient;

class EngineServer3Test : public test::EngineServerTest {
 protected:
  static ServerOptions old_clients() { return {.allow_eio3 = true}; }
};

TEST_F(EngineServer3Test, RefusesOldClientsUnlessTheyAreAllowed) {
  start();
  TcpClient client = on(0);
  const auto answer = client.get("/engine.io/?EIO=3&transport=polling");
  EXPECT_EQ(answer.status, 400);
  EXPECT_TRUE(answer.body.starts_with(R"({"code":5,"message":"Unsupported protocol version","hint":)"));
  EXPECT_EQ(client.get(polling(open(0), 3)).status, 400);
}

TEST_F(EngineServer3Test, ServesBothRevisionsAtOnceFromEveryShard) {
  start(old_clients());
  for (size_t owner = 0; owner < kShards; ++owner) {
    const std::string old_sid = open(owner, 3);
    const std::string sid = open(owner);
    for (size_t i = 0; i < kShards; ++i) {
      TcpClient client = on(i);
      EXPECT_EQ(client.post(polling(old_sid, 3), "6:4hello").body, "ok");
      EXPECT_EQ(client.post(polling(sid), "4hello").body, "ok");
      EXPECT_EQ(client.get(polling(old_sid, 3)).body, "6:4hello");
      EXPECT_EQ(client.get(polling(sid)).body, "4hello");
    }
  }
}

TEST_F(EngineServer3Test, TheRevisionIsFixedWhenTheSessionOpens) {
  start(old_clients());
  for (const int protocol : {3, 4}) {
    const std::string sid = open(1, protocol);
    TcpClient client = on(2);
    for (const std::string& other :
         {polling(sid, 7 - protocol), "/engine.io/?transport=polling&sid=" + sid, polling(sid, 2)}) {
      for (const auto& answer : {client.get(other), client.post(other, "4hello")}) {
        EXPECT_EQ(answer.status, 400) << other;
        EXPECT_TRUE(answer.body.starts_with(R"({"code":3,"message":"Bad request","hint":)")) << answer.body;
      }
    }
    for (const std::string& other :
         {socket(sid, 7 - protocol), "/engine.io/?transport=websocket&sid=" + sid}) {
      TcpClient upgrading = on(3);
      upgrading.send(WebSocketClient::request(other));
      EXPECT_EQ(upgrading.read_answer().status, 400) << other;
    }
    // None of that did the session any harm.
    EXPECT_EQ(client.post(polling(sid, protocol), protocol == 3 ? "6:4hello" : "4hello").body, "ok");
    EXPECT_EQ(client.get(polling(sid, protocol)).body, protocol == 3 ? "6:4hello" : "4hello");
  }
}

TEST_F(EngineServer3Test, CarriesOctetsBothWaysAndSaysSo) {
  start(old_clients());
  const std::string sid = open(0, 3);
  TcpClient client = on(1);
  const std::string body = "\x00\x06\xff"s + "4hello" + "\x01\x05\xff\x04\x01\x02\x03\x04"s;
  client.send("POST " + polling(sid, 3) +
              " HTTP/1.1\r\nHost: test\r\nContent-Type: application/octet-stream\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n" + body);
  EXPECT_EQ(client.read_answer().body, "ok");
  const auto answer = client.get(polling(sid, 3));
  EXPECT_EQ(answer.body, body);
  EXPECT_EQ(answer.headers.at("content-type"), "application/octet-stream");
}

TEST_F(EngineServer3Test, RefusesOctetsInRevisionFourAndTheConnectionGoesOn) {
  start(old_clients());
  const std::string sid = open(0);
  TcpClient client = on(1);
  for (const char* type : {"application/octet-stream", "Application/Octet-Stream; a=b"}) {
    client.send("POST " + polling(sid) + " HTTP/1.1\r\nHost: test\r\nContent-Type: " + type +
                "\r\nContent-Length: 4\r\n\r\n\x01\x01\xff\x04"s);
    EXPECT_EQ(client.read_answer().status, 400);
  }
  EXPECT_EQ(client.post(polling(sid), "4hello").body, "ok");
}

TEST_F(EngineServer3Test, RefusesJsonpAndSaysWhatToDo) {
  start(old_clients());
  const auto answer = on(0).get("/engine.io/?EIO=3&transport=polling&j=0");
  EXPECT_EQ(answer.status, 400);
  EXPECT_NE(answer.body.find("JSONP"), std::string::npos) << answer.body;
  EXPECT_EQ(on(0).get("/engine.io/?EIO=4&transport=polling&j=0").status, 200)
      << "in revision 4 that parameter means nothing";
}

TEST_F(EngineServer3Test, UpgradesAndAnswersPings) {
  start(old_clients());
  const std::string sid = open(0, 3);
  EXPECT_EQ(on(2).post(polling(sid, 3), "8:4waiting").body, "ok");
  WebSocketClient client(on(1), socket(sid, 3), WebSocketClient::frame(1, "2probe"));
  EXPECT_EQ(client.read_message(), "3probe");
  client.send_text("5");
  EXPECT_EQ(client.read_message(), "4waiting");
  client.send_text("2");
  EXPECT_EQ(client.read_message(), "3");
  client.send_binary("\x04\x01\x02");
  EXPECT_EQ(client.read_message(), "\x04\x01\x02");
  EXPECT_EQ(on(3).get(polling(sid, 3)).status, 400) << "polling is over";
  client.send_text("1");
  EXPECT_EQ(client.read_close(), 1000);
}

TEST_F(EngineServer3Test, TellsTheApplicationWhichRevisionItsClientSpeaks) {
  net::test::Watched<std::vector<int>> seen;
  engine = std::make_unique<Server>(shards, old_clients(), [&](Connection& connection) {
    seen.change([&](auto& protocols) { protocols.push_back(connection.protocol()); });
    return std::make_unique<test::Echo>(connection, ended);
  });
  serve();
  open(0, 3);
  open(0, 4);
  EXPECT_EQ(seen.get(), (std::vector{3, 4}));
}

}  // namespace
}  // namespace patchbay::engineio
