#include "websocket/client_connection.h"

#include <gtest/gtest.h>

#include "http/server.h"
#include "net/test_client.h"
#include "net/test_proxy.h"
#include "websocket/client_handshake.h"
#include "websocket/connection.h"
#include "websocket/handshake.h"

namespace patchbay::websocket {
namespace {

using net::test::on_shard;

TEST(ClientHandshake, AcceptsOnlyAnAnswerThatBelongsToItsKey) {
  const std::string key = "dGhlIHNhbXBsZSBub25jZQ==";
  const http::ClientResponse good{.status = 101,
                                  .headers = {{"upgrade", "WebSocket"},
                                              {"connection", "keep-alive, Upgrade"},
                                              {"sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="}}};
  EXPECT_TRUE(check_upgrade_answer(good, key));
  EXPECT_FALSE(check_upgrade_answer(good, make_key()));
  for (size_t missing = 0; missing < good.headers.size(); ++missing) {
    http::ClientResponse bad = good;
    bad.headers.erase(bad.headers.begin() + static_cast<ptrdiff_t>(missing));
    EXPECT_FALSE(check_upgrade_answer(bad, key)) << good.headers[missing].first;
  }
  for (const char* const unasked : {"sec-websocket-extensions", "sec-websocket-protocol"}) {
    http::ClientResponse bad = good;
    bad.headers.emplace_back(unasked, "x");
    EXPECT_FALSE(check_upgrade_answer(bad, key)) << unasked;
  }
  const auto refused = check_upgrade_answer({.status = 401, .body = R"({"message":"who are you"})"}, key);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "the server answered 401 Unauthorized: who are you");
}

TEST(ClientHandshake, WritesARequestThatOurServerAccepts) {
  std::string out;
  ASSERT_TRUE(append_upgrade_request(out, "/x?y", "h", {{"X-A", "b"}}, make_key()));
  http::RequestParser parser({});
  EXPECT_EQ(parser.feed(out), out.size());
  ASSERT_EQ(parser.state(), http::RequestParser::State::kComplete);
  EXPECT_TRUE(check_upgrade(parser.take_request()));
  EXPECT_FALSE(append_upgrade_request(out, "/", "h", {{"Upgrade", "x"}}, make_key()));
  EXPECT_NE(make_key(), make_key());
}

// What a client has heard.
struct Heard {
  bool open = false;
  std::vector<std::string> messages;
  std::optional<uint16_t> closed;
  std::string reason;
  std::string refused;
};

class ClientConnectionTest : public testing::Test, public http::Handler, public ClientConnection::Handler {
 protected:
  // The server's end: echoes, or does what a word asks.
  struct Peer final : Connection::Handler {
    void on_message(bool binary, std::string_view payload) override {
      if (payload == "close") return Connection::close(std::move(connection), 4001, "as you wish");
      if (payload == "drop") return connection.reset();
      if (payload == "masked") {
        std::string frame;
        append_masked_frame(frame, Opcode::kText, "x", {1, 2, 3, 4});
        return connection->send_frame(net::make_buffer(std::move(frame)));
      }
      binary ? connection->send_binary(payload) : connection->send_text({}, payload);
    }
    void on_closed(uint16_t code, std::string_view) override {
      ended->change([&](int& c) { c = code; });
    }
    Connection::Ptr connection;
    net::test::Watched<int>* ended = nullptr;
  };

  ClientConnectionTest() {
    server = std::make_unique<http::Server>(shards, *this, http::ServerOptions{});
    shards.start();
    EXPECT_TRUE(server->start());
  }
  ~ClientConnectionTest() override {
    on_shard(shard, [this] {
      client.reset();
      peers.clear();
    });
    server->stop();
    shards.stop();
  }
  void handle(const http::ExchangePtr& exchange) override {
    if (exchange->request().path == "/never") return held.push_back(exchange);
    const auto answer = check_upgrade(exchange->request());
    if (!answer || exchange->request().path == "/refuse")
      return exchange->respond(http::error_response(403, "X", "not you"));
    auto peer = std::make_unique<Peer>();
    peer->ended = &ended;
    http::Exchange::Upgrade upgrade = exchange->take_stream();
    peer->connection = Connection::accept(exchange->shard(), std::move(upgrade.stream), *answer,
                                          std::move(upgrade.leftover), {}, *peer);
    peers.push_back(std::move(peer));
  }

  void open(std::string target, Milliseconds timeout = Milliseconds(30'000), size_t max_bytes = 1'000'000) {
    on_shard(shard, [&] {
      const auto url = http::Url::parse("http://127.0.0.1:" + std::to_string(server->port()));
      client = ClientConnection::open(shard, resolver,
                                      {.http = http::connection_options(*url, nullptr),
                                       .target = std::move(target),
                                       .open_timeout = timeout,
                                       .frames = {.max_message_bytes = max_bytes}},
                                      *this);
    });
  }
  void say(std::string text, bool binary = false) {
    on_shard(shard, [&] {
      binary ? client->send_binary(text) : client->send_text(text.substr(0, 1), text.substr(1));
    });
  }

  void on_open() override {
    heard.change([](Heard& h) { h.open = true; });
  }
  void on_refused(const Error& error) override {
    heard.change([&](Heard& h) { h.refused = error.message; });
  }
  void on_message(bool binary, std::string_view payload) override {
    heard.change([&](Heard& h) { h.messages.push_back((binary ? "b:" : "t:") + std::string(payload)); });
    if (payload == "let go") client.reset();
  }
  void on_closed(uint16_t code, std::string_view reason) override {
    heard.change([&](Heard& h) { h.closed = code, h.reason = reason; });
  }
  bool opened() {
    return heard.wait([](const Heard& h) { return h.open; });
  }
  bool closed_with(uint16_t code) {
    return heard.wait([](const Heard& h) { return h.closed.has_value(); }) && heard.get().closed == code;
  }

  net::ShardGroup shards{1};
  net::Shard& shard = shards[0];
  net::Resolver resolver;
  std::unique_ptr<http::Server> server;
  std::vector<std::unique_ptr<Peer>> peers;
  std::vector<http::ExchangePtr> held;
  ClientConnection::Ptr client;
  net::test::Watched<Heard> heard;
  net::test::Watched<int> ended;
};

TEST_F(ClientConnectionTest, TalksThroughAProxy) {
  const net::test::TestProxy proxy(net::Proxy::Kind::kSocks5);
  on_shard(shard, [&] {
    const auto url = http::Url::parse("http://chat.example:" + std::to_string(server->port()));
    ClientConnectionOptions options{.http = http::connection_options(*url, nullptr), .target = "/echo"};
    options.http.connect.proxy = proxy.address();
    client = ClientConnection::open(shard, resolver, std::move(options), *this);
  });
  ASSERT_TRUE(opened());
  say("hello");
  EXPECT_TRUE(heard.wait([](const Heard& h) { return !h.messages.empty(); }));
  EXPECT_EQ(heard.get().messages, std::vector<std::string>{"t:hello"});
  EXPECT_EQ(proxy.asked().size(), 1u);
  on_shard(shard, [this] { client.reset(); });
}

TEST_F(ClientConnectionTest, SendsAndReceivesMessagesOfEverySize) {
  open("/");
  ASSERT_TRUE(opened());
  std::vector<std::string> wanted;
  for (const size_t size : {1u, 125u, 126u, 65'535u, 65'536u, 300'000u}) {
    say(std::string(size, 'x'));
    wanted.push_back("t:" + std::string(size, 'x'));
  }
  say(std::string("\0\xff", 2), true);
  wanted.push_back("b:" + std::string("\0\xff", 2));
  ASSERT_TRUE(heard.wait([&](const Heard& h) { return h.messages.size() == wanted.size(); }));
  EXPECT_EQ(heard.get().messages, wanted);
}

TEST_F(ClientConnectionTest, HearsTheServersCodeAndReason) {
  open("/");
  ASSERT_TRUE(opened());
  say("close");
  ASSERT_TRUE(closed_with(4001));
  EXPECT_EQ(heard.get().reason, "as you wish");
}

TEST_F(ClientConnectionTest, TellsTheServerWhyItCloses) {
  open("/");
  ASSERT_TRUE(opened());
  on_shard(shard, [this] { ClientConnection::close(std::move(client), 1000, "done"); });
  EXPECT_TRUE(ended.wait([](int code) { return code == 1000; }));
}

TEST_F(ClientConnectionTest, HearsThatTheConnectionWentAway) {
  open("/");
  ASSERT_TRUE(opened());
  say("drop");
  EXPECT_TRUE(closed_with(1006));
}

TEST_F(ClientConnectionTest, RefusesAServerThatMasksItsFrames) {
  open("/");
  ASSERT_TRUE(opened());
  say("masked");
  EXPECT_TRUE(closed_with(1002));
}

TEST_F(ClientConnectionTest, RefusesAMessageThatIsTooLarge) {
  open("/", Milliseconds(30'000), 100);
  ASSERT_TRUE(opened());
  say(std::string(101, 'x'));
  EXPECT_TRUE(closed_with(1009));
}

TEST_F(ClientConnectionTest, SaysWhyTheServerRefused) {
  open("/refuse");
  ASSERT_TRUE(heard.wait([](const Heard& h) { return !h.refused.empty(); }));
  EXPECT_EQ(heard.get().refused, "the server answered 403 Forbidden: not you");
}

TEST_F(ClientConnectionTest, GivesUpWhenTheHandshakeTakesTooLong) {
  open("/never", Milliseconds(30));
  ASSERT_TRUE(heard.wait([](const Heard& h) { return !h.refused.empty(); }));
  EXPECT_NE(heard.get().refused.find("within 30 ms"), std::string::npos);
}

TEST_F(ClientConnectionTest, MayBeLetGoInsideAMessage) {
  open("/");
  ASSERT_TRUE(opened());
  say("let go");
  EXPECT_TRUE(ended.wait([](int code) { return code == 1006; }));
}

}  // namespace
}  // namespace patchbay::websocket
