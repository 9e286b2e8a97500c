#include "http/server.h"

#include <deque>
#include <thread>

#include <gtest/gtest.h>

#include "net/test_client.h"

namespace patchbay::http {
namespace {

using net::test::TcpClient;

struct Happened {
  std::deque<ExchangePtr> held;
  int aborted = 0;
};

// /echo answers with the body, /held waits for the test, /thread answers from a thread of its own, /upgrade
// hands its stream to the test.
class TestHandler final : public Handler {
 public:
  void handle(const ExchangePtr& exchange) override {
    const Request& request = exchange->request();
    if (request.path == "/held") {
      exchange->on_abort([this] { happened.change([](Happened& h) { ++h.aborted; }); });
      happened.change([&](Happened& h) { h.held.push_back(exchange); });
    } else if (request.path == "/thread") {
      const std::lock_guard lock(mutex_);
      threads_.emplace_back(
          [responder = exchange->responder()]() mutable { responder({.body = "from a thread"}); });
    } else if (request.path == "/dropped") {
      const Responder dropped = exchange->responder();
    } else if (request.path == "/big") {
      exchange->respond({.body = std::string(3'000'000, 'b')});
    } else if (request.path == "/bad-header") {
      Response response{.body = "ok"};
      response.set("x-evil", "a\r\nSet-Cookie: b");
      exchange->respond(std::move(response));
    } else {
      exchange->respond({.body = request.body.empty() ? request.path : request.body});
    }
  }
  ~TestHandler() override {
    for (auto& thread : threads_) thread.join();
  }
  // Waits for the next /held request.
  ExchangePtr next_held() {
    if (!happened.wait([](const Happened& h) { return !h.held.empty(); }))
      throw std::runtime_error("no request came");
    ExchangePtr exchange;
    happened.change([&](Happened& h) {
      exchange = h.held.front();
      h.held.pop_front();
    });
    return exchange;
  }
  net::test::Watched<Happened> happened;

 private:
  std::mutex mutex_;
  std::vector<std::thread> threads_;
};

class HttpServerTest : public testing::Test {
 protected:
  void start(ServerOptions options = {}) {
    server = std::make_unique<Server>(shards, handler, std::move(options));
    shards.start();
    ASSERT_TRUE(server->start());
  }
  ~HttpServerTest() override {
    if (server) server->stop();
    handler.happened.change([](Happened& h) { h.held.clear(); });
    shards.stop();
  }
  TcpClient connect() { return TcpClient(server->port()); }

  net::ShardGroup shards{2};
  TestHandler handler;
  std::unique_ptr<Server> server;
};

TEST_F(HttpServerTest, AnswersManyRequestsOnOneConnection) {
  start();
  TcpClient client = connect();
  for (int i = 0; i < 20; ++i) {
    const auto answer = client.post("/echo", "body " + std::to_string(i));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "body " + std::to_string(i));
    EXPECT_EQ(answer.headers.at("Connection"), "keep-alive");
  }
}

TEST_F(HttpServerTest, ClosesAfterTheAnswerWhenThePeerAsksForIt) {
  start();
  TcpClient client = connect();
  client.send("GET /big HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
  const auto answer = client.read_answer();
  EXPECT_EQ(answer.body.size(), 3'000'000u);
  EXPECT_EQ(answer.headers.at("Connection"), "close");
  EXPECT_TRUE(client.at_end());
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInTheirOrderEvenWhenTheFirstTakesLong) {
  start();
  TcpClient client = connect();
  std::string requests = "GET /held HTTP/1.1\r\nHost: test\r\n\r\n";
  for (int i = 0; i < 500; ++i) requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: test\r\n\r\n";
  client.send(requests);
  handler.next_held()->responder()({.body = "first"});
  EXPECT_EQ(client.read_answer().body, "first");
  for (int i = 0; i < 500; ++i) ASSERT_EQ(client.read_answer().body, "/" + std::to_string(i));
}

TEST_F(HttpServerTest, MakesAPeerWaitThatSendsMoreThanMayBeKept) {
  start({.max_pipelined_bytes = 1000});
  TcpClient client = connect();
  std::string requests;
  for (int i = 0; i < 40'000; ++i)
    requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: test\r\n\r\n";
  client.send("GET /held HTTP/1.1\r\nHost: test\r\n\r\n");
  const ExchangePtr held = handler.next_held();
  std::thread sender([&] { client.send(requests); });
  held->responder()({.body = "first"});
  EXPECT_EQ(client.read_answer().body, "first");
  for (int i = 0; i < 40'000; ++i) ASSERT_EQ(client.read_answer().body, "/" + std::to_string(i));
  sender.join();
}

TEST_F(HttpServerTest, AsksForTheBodyOfAClientThatExpectsIt) {
  start();
  TcpClient client = connect();
  client.send("POST /echo HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("body");
  EXPECT_EQ(client.read_answer().body, "body");
}

TEST_F(HttpServerTest, AnswersHeadWithTheLengthAndWithoutTheBody) {
  start();
  TcpClient client = connect();
  client.send("HEAD /echo HTTP/1.1\r\nHost: test\r\n\r\n");
  EXPECT_EQ(client.read_answer(true).headers.at("Content-Length"), "5");
  EXPECT_EQ(client.get("/next").body, "/next");
}

TEST_F(HttpServerTest, Answers408ToARequestThatDoesNotArriveWholeAndClosesASilentConnection) {
  start({.request_timeout = Milliseconds(50)});
  TcpClient silent = connect();
  EXPECT_TRUE(silent.at_end());
  int status = 0;
  while (status == 0) {
    // On a busy machine the first byte, too, may come too late: then there is no answer, and another try.
    TcpClient slow = connect();
    try {
      slow.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nbo");
      status = slow.read_answer().status;
      EXPECT_TRUE(slow.at_end());
    } catch (const std::runtime_error&) {
    }
  }
  EXPECT_EQ(status, 408);
  EXPECT_EQ(server->counters().timeouts.load(), 1u);
}

TEST_F(HttpServerTest, UnderstandsARequestThatArrivesByteByByte) {
  start();
  TcpClient client = connect();
  for (const char c : std::string("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nbody"))
    client.send({&c, 1});
  EXPECT_EQ(client.read_answer().body, "body");
}

TEST_F(HttpServerTest, RefusesGarbageAndCloses) {
  start();
  TcpClient client = connect();
  client.send("\x16\x03\x01 this is no HTTP\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 400);
  EXPECT_TRUE(client.at_end());
}

TEST_F(HttpServerTest, TellsTheHandlerWhenThePeerGoesAwayBeforeTheAnswer) {
  start();
  for (const bool reset : {false, true}) {
    TcpClient client = connect();
    client.send("GET /held HTTP/1.1\r\nHost: test\r\n\r\n");
    const ExchangePtr held = handler.next_held();
    reset ? client.reset() : client.close();
    ASSERT_TRUE(handler.happened.wait([&](const Happened& h) { return h.aborted == (reset ? 2 : 1); }));
    // Too late, from another thread: dropped.
    held->responder()({.body = "nobody hears it"});
    EXPECT_FALSE(net::test::on_shard(held->shard(), [&] { return held->open(); }));
  }
}

TEST_F(HttpServerTest, TakesAnswersFromOtherThreadsAndAnswers500WhenNoneCame) {
  start();
  TcpClient client = connect();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(client.get("/thread").body, "from a thread");
  EXPECT_EQ(client.get("/dropped").status, 500);
  EXPECT_EQ(client.get("/still-there").status, 200);
}

TEST_F(HttpServerTest, SendsNoHeaderThatHoldsALineBreak) {
  start();
  TcpClient client = connect();
  const auto answer = client.get("/bad-header");
  EXPECT_EQ(answer.status, 200);
  EXPECT_FALSE(answer.headers.contains("Set-Cookie"));
  EXPECT_FALSE(answer.headers.contains("x-evil"));
}

TEST_F(HttpServerTest, TurnsConnectionsAwayWhenThereAreTooMany) {
  start({.max_connections_per_shard = 0});
  TcpClient client = connect();
  EXPECT_EQ(client.read_answer().status, 503);
  EXPECT_TRUE(client.at_end());
}

TEST_F(HttpServerTest, HandsOverTheStreamWithWhatCameAfterTheRequest) {
  start();
  TcpClient client = connect();
  client.send("GET /held HTTP/1.1\r\nHost: test\r\n\r\nmore");
  const ExchangePtr held = handler.next_held();
  client.close();
  auto upgrade = net::test::on_shard(
      held->shard(), [&] { return held->open() ? held->take_stream() : Exchange::Upgrade{}; });
  if (upgrade.stream) {
    EXPECT_EQ(upgrade.leftover, "more");
  }
  EXPECT_FALSE(net::test::on_shard(held->shard(), [&] { return held->open(); }));
}

TEST_F(HttpServerTest, CutsRequestsThatAreStillWaitingWhenItStops) {
  start();
  TcpClient client = connect();
  client.send("GET /held HTTP/1.1\r\nHost: test\r\n\r\n");
  const ExchangePtr held = handler.next_held();
  server->stop();
  EXPECT_EQ(handler.happened.get().aborted, 1);
  EXPECT_TRUE(client.at_end());
  EXPECT_THROW(connect(), std::runtime_error);
}

}  // namespace
}  // namespace patchbay::http
