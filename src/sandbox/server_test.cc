// The sandbox over real sockets: the path of clients, the control, refusals before anything is said.
#include "sandbox/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "noise/frame.h"
#include "noise/handshake.h"
#include "proto/client_payload.pb.h"
#include "websocket/test_client.h"

namespace patchbay::sandbox {
namespace {

using testing::HasSubstr;
using websocket::test::WebSocketClient;

class SandboxServer : public testing::Test, private http::Handler {
 protected:
  void SetUp() override {
    shards.start();
    sandbox.start();
    ASSERT_TRUE(server.start());
  }
  void TearDown() override {
    server.stop_accepting();
    server.stop();
    sandbox.stop();
    shards.stop();
  }
  void handle(const http::ExchangePtr& exchange) override { sandbox.handle(exchange); }
  std::string control(const std::string& method, const std::string& path, const std::string& body = "") {
    net::test::TcpClient tcp(server.port());
    tcp.send(method + " /api/sandbox" + path +
             " HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    return tcp.read_answer().body;
  }

  SystemClock clock;
  // The world lives on the second one, whichever a connection comes to.
  net::ShardGroup shards{2};
  Sandbox sandbox{shards[1], clock, {.seed = 1}};
  http::Server server{shards, *this, {.scatter = true}};
};

TEST_F(SandboxServer, ShakesHandsOverAWebSocketOnAnyShard) {
  for (int i = 0; i < 4; ++i) {
    WebSocketClient client(server.port(), "/ws/chat");
    noise::Initiator initiator({.ephemeral = crypto::make_key_pair(),
                                .static_pair = crypto::make_key_pair(),
                                .client_payload = "no payload",
                                .root = sandbox.root(),
                                .now = clock.wall_now()});
    std::string bytes = noise::intro_header();
    noise::append_frame(bytes, initiator.start());
    client.send_binary(bytes);
    const std::string answer = client.read_message();
    const auto finish = initiator.on_server_hello(std::string_view(answer).substr(noise::kFrameHeaderBytes));
    ASSERT_TRUE(finish) << finish.error().message;
    bytes.clear();
    noise::append_frame(bytes, *finish);
    client.send_binary(bytes);
    EXPECT_FALSE(client.read_message().empty());
    EXPECT_EQ(client.read_close(), 1000);
  }
  EXPECT_THAT(control("GET", "/violations"), HasSubstr("payload.invalid"));
}

TEST_F(SandboxServer, RefusesTheUpgradeOrTheConnectionWhenOrdered) {
  EXPECT_THAT(control("POST", "/faults", R"({"kind":"refuse-http","code":502})"), HasSubstr("\"id\":1"));
  net::test::TcpClient refused(server.port());
  refused.send(WebSocketClient::request("/ws/chat"));
  EXPECT_EQ(refused.read_answer().status, 502);
  control("POST", "/faults", R"({"kind":"refuse-tcp"})");
  net::test::TcpClient dropped(server.port());
  dropped.send(WebSocketClient::request("/ws/chat"));
  EXPECT_TRUE(dropped.at_end());
  EXPECT_NO_THROW(WebSocketClient(server.port(), "/ws/chat")) << "each was for one connection";
}

TEST_F(SandboxServer, AnUnmaskedFrameIsAViolation) {
  WebSocketClient client(server.port(), "/ws/chat");
  client.tcp().send(std::string("\x82\x02WA", 4));
  EXPECT_EQ(client.read_close(), 1002);
  EXPECT_THAT(control("GET", "/violations"), HasSubstr("websocket.protocol"));
}

}  // namespace
}  // namespace patchbay::sandbox
