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
    const auto accepted = accept_upgrade(exchange->request(), codec.options());
    if (!accepted) return exchange->respond(accepted.error());
    auto upgrade = exchange->take_stream();
    echoes.push_back(std::make_unique<Echo>(ended));
    echoes.back()->connection = Connection::accept(
        exchange->shard(), std::move(upgrade.stream), accepted->response, std::move(upgrade.leftover),
        {.max_message_bytes = 200'000, .max_fragments = 4, .deflate = accepted->deflate ? &codec : nullptr},
        *echoes.back(), {.deflate = accepted->deflate, .message_timeout = message_timeout});
  }
  WebSocketClient connect(std::string_view early = {}) {
    return {net::test::TcpClient(server.port()), "/", early};
  }
  bool ended_with(uint16_t code) {
    return ended.wait([](const Ended& e) { return !e.codes.empty(); }) && ended.get().codes.front() == code;
  }

  WebSocketClient connect_compressing() {
    return {net::test::TcpClient(server.port()),
            "/",
            {},
            "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"};
  }

  Milliseconds message_timeout{60'000};
  DeflateCodec codec{{.enabled = true, .threshold = 100, .max_inflated_per_turn = 300'000}};
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

TEST_F(WebSocketTest, CompressesForThoseWhoAgreedAndOnlyWhereItPays) {
  DeflateCodec mine({.enabled = true, .threshold = 0});
  const std::string long_text(5'000, 'x');
  WebSocketClient plain = connect();
  WebSocketClient client = connect_compressing();
  for (WebSocketClient* const each : {&plain, &client}) {
    each->send_text(long_text);
    each->send_text("short");
  }
  EXPECT_EQ(plain.read_message(), long_text);
  const test::Frame answer = client.read_frame();
  EXPECT_EQ(answer.first_byte, 0xc1);
  std::string inflated;
  EXPECT_EQ(mine.inflate(answer.payload, 10'000, inflated), DeflateCodec::Verdict::kOk);
  EXPECT_EQ(inflated, long_text);
  const test::Frame second = client.read_frame();
  EXPECT_EQ(second.first_byte, 0x81);
  EXPECT_EQ(second.payload, "short");
}

TEST_F(WebSocketTest, InflatesWhatIsSentCompressedWithinTheLimitOfAMessage) {
  DeflateCodec mine({.enabled = true, .threshold = 0, .max_deflated_per_turn = SIZE_MAX});
  WebSocketClient client = connect_compressing();
  const auto compressed = [&](const std::string& text) {
    std::string bytes = WebSocketClient::frame(1, *mine.deflate({}, text, 15));
    bytes[0] = static_cast<char>(0xc1);
    return bytes;
  };
  // More in one packet than a turn may inflate: the rest comes in the next turns, in order.
  std::string burst;
  for (int i = 0; i < 12; ++i) burst += compressed(std::string(90'000, static_cast<char>('a' + i)) + "é");
  client.tcp().send(burst + WebSocketClient::frame(1, "end"));
  for (int i = 0; i < 12; ++i) {
    std::string text;
    const test::Frame answer = client.read_frame();
    EXPECT_EQ(mine.inflate(answer.payload, 200'000, text), DeflateCodec::Verdict::kOk);
    EXPECT_EQ(text, std::string(90'000, static_cast<char>('a' + i)) + "é");
  }
  EXPECT_EQ(client.read_message(), "end");
  client.tcp().send(compressed(std::string(200'001, 'x')));
  EXPECT_EQ(client.read_close(), 1009);
  EXPECT_TRUE(client.tcp().at_end());
}

TEST_F(WebSocketTest, EndsAMessageThatIsNotWholeInTime) {
  message_timeout = Milliseconds(200);
  for (const std::string& beginning : {WebSocketClient::frame(1, "x", false),
                                       WebSocketClient::frame(2, std::string(1000, 'x')).substr(0, 500)}) {
    WebSocketClient client = connect();
    // Whole messages do not count, however often the next one has begun with them.
    for (int i = 0; i < 3; ++i) client.tcp().send(WebSocketClient::frame(1, "ok"));
    for (int i = 0; i < 3; ++i) EXPECT_EQ(client.read_message(), "ok");
    client.tcp().send(beginning);
    EXPECT_EQ(client.read_close(), 1008);
    EXPECT_TRUE(client.tcp().at_end());
  }
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
