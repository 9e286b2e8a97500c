#include "engineio/client.h"

#include <gtest/gtest.h>

#include "engineio/server.h"
#include "http/server.h"
#include "net/test_certificate.h"
#include "net/test_client.h"

namespace patchbay::engineio {
namespace {

using net::test::on_shard;

// What a client has heard.
struct Heard {
  bool open = false;
  bool upgraded = false;
  std::vector<std::string> messages;
  std::optional<CloseReason> closed;
  std::string error;
};

// A real server and a client in one process, on shards of their own.
class EngineClientTest : public testing::Test, public http::Handler, public ClientSession::Application {
 protected:
  class Echo final : public Session::Application {
   public:
    Echo(Connection& connection, net::test::Watched<std::vector<CloseReason>>& ended)
        : connection_(connection), ended_(ended) {}
    void on_text(std::string_view text) override {
      if (text == "close") return connection_.session().close(connection_.shard().now());
      connection_.session().send_text(text);
    }
    void on_binary(std::string_view bytes) override { connection_.session().send_binary(bytes); }
    void on_close(CloseReason reason) override {
      ended_.change([&](auto& e) { e.push_back(reason); });
    }

   private:
    Connection& connection_;
    net::test::Watched<std::vector<CloseReason>>& ended_;
  };

  void TearDown() override {
    on_shard(own, [this] { client.reset(); });
    if (engine) engine->close();
    if (server) server->stop();
    shards.stop();
    client_shards.stop();
  }
  void start_server(ServerOptions options = {}, http::ServerOptions http_options = {}) {
    secure = http_options.listen.tls != nullptr;
    engine = std::make_unique<Server>(shards, std::move(options), [this](Connection& connection) {
      return std::make_unique<Echo>(connection, ended);
    });
    server = std::make_unique<http::Server>(shards, *this, http_options);
    shards.start();
    client_shards.start();
    ASSERT_TRUE(server->start());
  }
  void handle(const http::ExchangePtr& exchange) override {
    const bool websocket = exchange->request().query.find("transport=websocket") != std::string::npos;
    if (refuse_websockets && websocket)
      return exchange->respond(http::error_response(403, "X", "no sockets here"));
    if (!engine->owns_path(exchange->request().path)) return exchange->respond({.status = 404});
    engine->handle(exchange);
  }
  ClientOptions to_server() {
    return {.url = *http::Url::parse((secure ? "https://127.0.0.1:" : "http://127.0.0.1:") +
                                     std::to_string(server->port()))};
  }
  void connect(ClientOptions options) {
    on_shard(own, [&] { client = Client::open(own, std::move(options), *this); });
  }
  void say(std::string text, bool binary = false) {
    on_shard(own, [&] {
      EXPECT_TRUE(binary ? client->session().send_binary(text) : client->session().send_text(text));
    });
  }
  bool opened() {
    EXPECT_TRUE(heard.wait([](const Heard& h) { return h.open || h.closed; }));
    EXPECT_EQ(heard.get().error, "");
    return heard.get().open;
  }
  bool closed_with(CloseReason reason) {
    return heard.wait([](const Heard& h) { return h.closed.has_value(); }) && heard.get().closed == reason;
  }
  bool hears(const std::vector<std::string>& wanted) {
    return heard.wait([&](const Heard& h) { return h.messages.size() >= wanted.size(); }) &&
           heard.get().messages == wanted;
  }

  void on_open() override {
    heard.change([](Heard& h) { h.open = true; });
  }
  void on_text(std::string_view text) override {
    heard.change([&](Heard& h) { h.messages.push_back("t:" + std::string(text)); });
    if (text == "let go") client.reset();
  }
  void on_binary(std::string_view bytes) override {
    heard.change([&](Heard& h) { h.messages.push_back("b:" + std::string(bytes)); });
  }
  void on_close(CloseReason reason, const Error& error) override {
    heard.change([&](Heard& h) { h.closed = reason, h.error = error.message; });
  }
  void on_upgrade() override {
    heard.change([](Heard& h) { h.upgraded = true; });
  }

  net::ShardGroup shards{4};
  net::ShardGroup client_shards{1};
  net::Shard& own = client_shards[0];
  std::unique_ptr<Server> engine;
  std::unique_ptr<http::Server> server;
  bool refuse_websockets = false;
  bool secure = false;
  Client::Ptr client;
  net::test::Watched<Heard> heard;
  net::test::Watched<std::vector<CloseReason>> ended;
};

const std::vector<std::vector<TransportKind>> kWays = {{TransportKind::kPolling, TransportKind::kWebSocket},
                                                       {TransportKind::kPolling},
                                                       {TransportKind::kWebSocket}};

TEST_F(EngineClientTest, TalksOverEveryTransport) {
  start_server();
  for (const auto& transports : kWays) {
    heard.change([](Heard& h) { h = {}; });
    ClientOptions options = to_server();
    options.session.transports = transports;
    connect(std::move(options));
    ASSERT_TRUE(opened());
    std::vector<std::string> wanted;
    for (int i = 0; i < 50; ++i) {
      say("message " + std::to_string(i));
      wanted.push_back("t:message " + std::to_string(i));
    }
    say(std::string("\0\x1e\xff", 3), true);
    wanted.push_back("b:" + std::string("\0\x1e\xff", 3));
    EXPECT_TRUE(hears(wanted));
    if (transports.size() == 2) {
      EXPECT_TRUE(heard.wait([](const Heard& h) { return h.upgraded; }));
    }
  }
}

TEST_F(EngineClientTest, LosesNothingWhileItUpgrades) {
  start_server();
  connect(to_server());
  ASSERT_TRUE(opened());
  std::vector<std::string> wanted;
  // Each message waits for nothing: some go by polling, some by WebSocket, all come back in order.
  for (int i = 0; !heard.get().upgraded || i < 100; ++i) {
    say(std::to_string(i));
    wanted.push_back("t:" + std::to_string(i));
    ASSERT_LT(i, 1'000'000);
  }
  say("last");
  wanted.push_back("t:last");
  EXPECT_TRUE(hears(wanted));
}

TEST_F(EngineClientTest, SplitsPollingBodiesAtMaxPayload) {
  start_server({.session = {.max_payload = 1'000}});
  ClientOptions options = to_server();
  options.session.transports = {TransportKind::kPolling};
  connect(std::move(options));
  ASSERT_TRUE(opened());
  std::vector<std::string> wanted;
  on_shard(own, [&] {
    for (int i = 0; i < 20; ++i) {
      EXPECT_TRUE(client->session().send_text(std::string(600, 'x')));
      wanted.push_back("t:" + std::string(600, 'x'));
    }
    EXPECT_FALSE(client->session().fits(1'000, false));
  });
  EXPECT_TRUE(hears(wanted));
}

TEST_F(EngineClientTest, KeepsPollingWhenSomethingInBetweenForbidsWebSockets) {
  refuse_websockets = true;
  start_server();
  connect(to_server());
  ASSERT_TRUE(opened());
  say("hello");
  EXPECT_TRUE(hears({"t:hello"}));
  ClientOptions options = to_server();
  options.session.transports = {TransportKind::kWebSocket};
  connect(std::move(options));
  EXPECT_TRUE(closed_with(CloseReason::kTransportError));
  EXPECT_EQ(heard.get().error, "the server answered 403 Forbidden: no sockets here");
}

TEST_F(EngineClientTest, StaysAliveOnHeartbeats) {
  start_server({.session = {.ping_interval = Milliseconds(50), .ping_timeout = Milliseconds(1'000)}});
  for (const auto& transports : {kWays[1], kWays[2]}) {
    heard.change([](Heard& h) { h = {}; });
    ClientOptions options = to_server();
    options.session.transports = transports;
    connect(std::move(options));
    ASSERT_TRUE(opened());
    // Time is what is tested: without a pong the server would close after 1,050 ms.
    net::test::Watched<bool> over;
    auto timer = on_shard(own, [&] {
      return own.run_after(Milliseconds(1'300), [&over] { over.change([](bool& o) { o = true; }); });
    });
    ASSERT_TRUE(over.wait([](bool o) { return o; }));
    on_shard(own, [&] { timer.cancel(); });
    say("still here");
    EXPECT_TRUE(hears({"t:still here"}));
  }
}

TEST_F(EngineClientTest, NoticesAServerThatWentSilent) {
  // Speaks Engine.IO well enough to open, and then says nothing.
  struct Silent final : http::Handler {
    void handle(const http::ExchangePtr& exchange) override {
      if (exchange->request().query_parameter("sid")) return held.push_back(exchange);
      exchange->respond(
          {.body = R"(0{"sid":"a","upgrades":[],"pingInterval":30,"pingTimeout":20,"maxPayload":9})"});
    }
    std::vector<http::ExchangePtr> held;
  } silent;
  server = std::make_unique<http::Server>(shards, silent, http::ServerOptions{});
  shards.start();
  client_shards.start();
  ASSERT_TRUE(server->start());
  connect(to_server());
  EXPECT_TRUE(closed_with(CloseReason::kPingTimeout));
  server->stop();
}

TEST_F(EngineClientTest, TellsTheServerThatItLeaves) {
  start_server();
  size_t count = 0;
  for (const auto& transports : kWays) {
    for (const bool let_go : {false, true}) {
      heard.change([](Heard& h) { h = {}; });
      ClientOptions options = to_server();
      options.session.transports = transports;
      connect(std::move(options));
      ASSERT_TRUE(opened());
      on_shard(own, [&] { let_go ? client.reset() : client->close(); });
      ++count;
      ASSERT_TRUE(ended.wait([&](const auto& e) { return e.size() == count; }));
      EXPECT_EQ(ended.get().back(), CloseReason::kTransportClose);
      if (!let_go) {
        EXPECT_TRUE(closed_with(CloseReason::kForcedClose));
      }
    }
  }
}

TEST_F(EngineClientTest, HearsThatTheServerCloses) {
  start_server();
  for (const auto& transports : kWays) {
    heard.change([](Heard& h) { h = {}; });
    ClientOptions options = to_server();
    options.session.transports = transports;
    connect(std::move(options));
    ASSERT_TRUE(opened());
    say("close");
    EXPECT_TRUE(closed_with(CloseReason::kTransportClose)) << heard.get().error;
  }
}

TEST_F(EngineClientTest, MayBeLetGoInsideItsCallbacks) {
  start_server();
  for (const auto& transports : kWays) {
    heard.change([](Heard& h) { h = {}; });
    ClientOptions options = to_server();
    options.session.transports = transports;
    connect(std::move(options));
    ASSERT_TRUE(opened());
    say("let go");
    EXPECT_TRUE(hears({"t:let go"}));
  }
  EXPECT_TRUE(ended.wait([](const auto& e) { return e.size() == kWays.size(); }));
}

TEST_F(EngineClientTest, TalksTls) {
  const net::test::Certificate certificate;
  auto serving = net::TlsContext::from_files(certificate.certificate_file(), certificate.key_file());
  auto trusting = net::TlsContext::client({.ca_file = certificate.certificate_file()});
  ASSERT_TRUE(serving && trusting);
  start_server({}, {.listen = {.tls = *serving}});
  for (const auto& transports : kWays) {
    heard.change([](Heard& h) { h = {}; });
    ClientOptions options = to_server();
    options.tls = *trusting;
    options.session.transports = transports;
    connect(std::move(options));
    ASSERT_TRUE(opened());
    say("secret");
    EXPECT_TRUE(hears({"t:secret"}));
  }
  heard.change([](Heard& h) { h = {}; });
  connect(to_server());
  EXPECT_TRUE(closed_with(CloseReason::kTransportError));
  EXPECT_NE(heard.get().error.find("not trusted"), std::string::npos) << heard.get().error;
}

TEST_F(EngineClientTest, SaysThatNobodyAnswers) {
  start_server();
  ClientOptions options = to_server();
  options.path = "/elsewhere/";
  connect(std::move(options));
  EXPECT_TRUE(closed_with(CloseReason::kTransportError));
  EXPECT_NE(heard.get().error.find("the server answered 4"), std::string::npos) << heard.get().error;
}

}  // namespace
}  // namespace patchbay::engineio
