#include "websocket/connection.h"

#include <gtest/gtest.h>

#include "http/server.h"
#include "websocket/handshake.h"
#include "websocket/test_client.h"

namespace patchbay::websocket {
namespace {

using test::WebSocketClient;

struct Ended {
  std::vector<uint16_t> codes;
};

// Echoes; "close" starts the closing handshake, "drop" lets go of the connection, both from inside the
// message.
class Echo final : public Connection::Handler {
 public:
  explicit Echo(net::test::Watched<Ended>& ended) : ended_(ended) {}
  void on_message(bool binary, std::string_view payload) override {
    if (payload == "close") {
      Connection::close(std::move(connection), 4000, "as you wish");
    } else if (payload == "drop") {
      connection.reset();
    } else {
      binary ? connection->send_binary(payload) : connection->send_text("", payload);
    }
  }
  void on_closed(uint16_t code, std::string_view) override {
    connection.reset();
    ended_.change([&](Ended& e) { e.codes.push_back(code); });
  }
  Connection::Ptr connection;

 private:
  net::test::Watched<Ended>& ended_;
};

class WebSocketTest : public testing::Test, public http::Handler {
 protected:
  WebSocketTest() {
    shards.start();
    if (!server.start()) throw std::runtime_error("cannot listen");
  }
  ~WebSocketTest() override {
    server.stop();
    shards.run_on_each([&](net::Shard&) { echoes.clear(); });
    shards.stop();
  }
  void handle(const http::ExchangePtr& exchange) override {
    const auto accepted = check_upgrade(exchange->request());
    if (!accepted) return exchange->respond(accepted.error());
    auto upgrade = exchange->take_stream();
    echoes.push_back(std::make_unique<Echo>(ended));
    echoes.back()->connection = Connection::accept(
        exchange->shard(), std::move(upgrade.stream), *accepted, std::move(upgrade.leftover),
        {.max_message_bytes = 200'000, .max_fragments = 4}, *echoes.back());
  }
  WebSocketClient connect(std::string_view early = {}) {
    return {net::test::TcpClient(server.port()), "/", early};
  }
  bool ended_with(uint16_t code) {
    return ended.wait([](const Ended& e) { return !e.codes.empty(); }) && ended.get().codes.front() == code;
  }

  net::ShardGroup shards{1};
  net::test::Watched<Ended> ended;
  std::vector<std::unique_ptr<Echo>> echoes;
  http::Server server{shards, *this, {}};
};

TEST_F(WebSocketTest, EchoesMessagesOfEverySizeAndKind) {
  WebSocketClient client = connect();
  for (const size_t size : {0, 1, 125, 126, 127, 65'535, 65'536, 200'000}) {
    const std::string text(size, 'x');
    client.send_text(text);
    const test::Frame answer = client.read_frame();
    EXPECT_EQ(answer.opcode, 1);
    EXPECT_EQ(answer.payload, text);
    client.send_binary(text);
    EXPECT_EQ(client.read_frame().opcode, 2);
  }
}

TEST_F(WebSocketTest, HearsFramesThatCameWithTheRequestFirst) {
  WebSocketClient client = connect(WebSocketClient::frame(1, "early") + WebSocketClient::frame(1, "bird"));
  client.send_text("later");
  for (const char* const message : {"early", "bird", "later"}) EXPECT_EQ(client.read_message(), message);
}

TEST_F(WebSocketTest, PutsFragmentsTogetherAndAnswersPingsAmongThem) {
  WebSocketClient client = connect();
  client.tcp().send(WebSocketClient::frame(1, "to", false) + WebSocketClient::frame(9, "ping"));
  for (const char c : WebSocketClient::frame(0, "gether")) client.tcp().send({&c, 1});
  const test::Frame pong = client.read_frame();
  EXPECT_EQ(pong.opcode, 10);
  EXPECT_EQ(pong.payload, "ping");
  EXPECT_EQ(client.read_message(), "together");
}

TEST_F(WebSocketTest, AnswersACloseFrameAndEndsTheConnection) {
  WebSocketClient client = connect();
  client.send_text("last");
  client.tcp().send(WebSocketClient::frame(8, std::string("\x0f\xa1") + "bye"));
  EXPECT_EQ(client.read_message(), "last");
  EXPECT_EQ(client.read_close(), 4001);
  EXPECT_TRUE(client.tcp().at_end());
  EXPECT_TRUE(ended_with(4001));
}

TEST_F(WebSocketTest, NamesTheRuleThatWasBroken) {
  const std::pair<std::string, int> cases[] = {{std::string("\x81\x02hi"), 1002},
                                               {WebSocketClient::frame(1, "\xff\xfe"), 1007},
                                               {WebSocketClient::frame(2, std::string(200'001, 'x')), 1009},
                                               {WebSocketClient::frame(0, "x"), 1002}};
  for (const auto& [bytes, code] : cases) {
    WebSocketClient client = connect();
    client.tcp().send(bytes);
    EXPECT_EQ(client.read_close(), code);
    EXPECT_TRUE(client.tcp().at_end());
  }
}

TEST_F(WebSocketTest, MayBeClosedOrDroppedInsideAMessageWithMoreBehindIt) {
  WebSocketClient closing = connect();
  closing.tcp().send(WebSocketClient::frame(1, "close") + WebSocketClient::frame(1, "ignored"));
  EXPECT_EQ(closing.read_close(), 4000);
  WebSocketClient dropping = connect();
  dropping.tcp().send(WebSocketClient::frame(1, "drop") + WebSocketClient::frame(1, "ignored"));
  EXPECT_TRUE(dropping.tcp().at_end());
  EXPECT_TRUE(ended.get().codes.empty());
}

TEST_F(WebSocketTest, ReportsAPeerThatJustGoesAwayAs1006) {
  {
    WebSocketClient client = connect();
    client.send_text("x");
  }
  EXPECT_TRUE(ended_with(1006));
}

}  // namespace
}  // namespace patchbay::websocket
