#include "http/client_connection.h"

#include <atomic>

#include <gtest/gtest.h>

#include "http/server.h"
#include "net/test_client.h"
#include "net/test_proxy.h"

namespace patchbay::http {
namespace {

using net::test::on_shard;

class ClientConnectionTest : public testing::Test, public Handler {
 protected:
  ~ClientConnectionTest() override {
    on_shard(shard, [this] { client.reset(); });
    if (server) server->stop();
    shards.stop();
  }
  void start(ServerOptions options = {}, ResponseParser::Limits limits = {}) {
    server = std::make_unique<Server>(shards, *this, options);
    shards.start();
    ASSERT_TRUE(server->start());
    on_shard(shard, [&] {
      auto url = Url::parse("http://127.0.0.1:" + std::to_string(server->port()));
      auto wanted = connection_options(*url, nullptr);
      wanted.limits = limits;
      client = std::make_unique<ClientConnection>(shard, resolver, std::move(wanted));
    });
  }
  void handle(const ExchangePtr& exchange) override {
    ++requests;
    const Request& request = exchange->request();
    if (request.path == "/never") return held.push_back(exchange);
    if (request.path == "/cut") return held.push_back(exchange), server_cut(exchange);
    Response response{.body =
                          std::string(to_string(request.method)) + " " + request.target + " " + request.body};
    response.close = request.path == "/close";
    exchange->respond(std::move(response));
  }
  static void server_cut(const ExchangePtr& exchange) { exchange->take_stream(); }
  // Sends, and waits for what comes of it.
  Result<ClientResponse> ask(ClientRequest request, Milliseconds timeout = Milliseconds(30'000)) {
    net::test::Watched<std::optional<Result<ClientResponse>>> answer;
    on_shard(shard, [&] {
      client->send(request, timeout, [&answer](Result<ClientResponse> result) {
        answer.change([&](auto& a) { a = std::move(result); });
      });
    });
    EXPECT_TRUE(answer.wait([](const auto& a) { return a.has_value(); }));
    return *answer.get();
  }

  net::ShardGroup shards{1};
  net::Shard& shard = shards[0];
  net::Resolver resolver;
  std::unique_ptr<Server> server;
  std::unique_ptr<ClientConnection> client;
  std::vector<ExchangePtr> held;
  std::atomic<int> requests{0};
};

TEST_F(ClientConnectionTest, AsksSeveralTimesOverOneConnection) {
  start();
  const auto first = ask({.target = "/one?x=1"});
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->status, 200);
  EXPECT_EQ(first->body, "GET /one?x=1 ");
  EXPECT_EQ(ask({.method = Method::kPost, .target = "/two", .body = "hello"})->body, "POST /two hello");
  EXPECT_EQ(server->counters().connections.load(), 1u);
}

TEST_F(ClientConnectionTest, AsksThroughAProxy) {
  const net::test::TestProxy proxy(net::Proxy::Kind::kHttp, {.user = "user", .password = "word"});
  start();
  on_shard(shard, [&] {
    auto wanted =
        connection_options(*Url::parse("http://chat.example:" + std::to_string(server->port())), nullptr);
    wanted.connect.proxy = proxy.address();
    client = std::make_unique<ClientConnection>(shard, resolver, std::move(wanted));
  });
  const auto answer = ask({.target = "/one"});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "GET /one ");
  EXPECT_EQ(proxy.asked(), std::vector{"chat.example:" + std::to_string(server->port())});
  on_shard(shard, [this] { client.reset(); });
}

TEST_F(ClientConnectionTest, OpensAnotherConnectionWhenTheServerHasClosedTheLast) {
  start();
  EXPECT_EQ(ask({.target = "/close"})->body, "GET /close ");
  EXPECT_EQ(ask({.target = "/after"})->body, "GET /after ");
  EXPECT_EQ(server->counters().connections.load(), 2u);
}

TEST_F(ClientConnectionTest, SaysThatTheAnswerDidNotComeInTime) {
  start();
  const auto answer = ask({.target = "/never"}, Milliseconds(30));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kRequestTimeout);
  EXPECT_EQ(ask({.target = "/next"})->body, "GET /next ")
      << "the connection of the old request is not used again";
}

TEST_F(ClientConnectionTest, NeverSendsAPostTwice) {
  start();
  ASSERT_TRUE(ask({.target = "/warm"}));
  const auto answer = ask({.method = Method::kPost, .target = "/cut", .body = "once"});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kServiceUnavailable);
  EXPECT_EQ(requests.load(), 2);
}

TEST_F(ClientConnectionTest, SendsAGetOnceMoreWhenTheKeptConnectionIsDead) {
  start();
  ASSERT_TRUE(ask({.target = "/warm"}));
  const auto answer = ask({.target = "/cut"});
  ASSERT_FALSE(answer) << "the second connection is cut as well, and then it is enough";
  EXPECT_EQ(requests.load(), 3);
}

TEST_F(ClientConnectionTest, RefusesAnAnswerThatIsTooLarge) {
  start({}, {.max_body_bytes = 10});
  const auto answer = ask({.target = "/a-target-longer-than-that"});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kBadRequest);
  EXPECT_NE(answer.error().message.find("larger than 10 bytes"), std::string::npos) << answer.error().message;
}

TEST_F(ClientConnectionTest, RefusesARequestThatIsNotFitToBeSent) {
  start();
  const auto answer = ask({.headers = {{"X", "a\r\nb"}}});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kConfiguration);
  EXPECT_EQ(requests.load(), 0);
}

TEST_F(ClientConnectionTest, MayBeDestroyedInItsOwnAnswer) {
  start();
  net::test::Watched<bool> done;
  on_shard(shard, [&] {
    client->send({}, Milliseconds(30'000), [&](Result<ClientResponse>) {
      client.reset();
      done.change([](bool& d) { d = true; });
    });
  });
  EXPECT_TRUE(done.wait([](bool d) { return d; }));
}

}  // namespace
}  // namespace patchbay::http
