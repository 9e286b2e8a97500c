// A server that goes down gently.
#include <algorithm>
#include <thread>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "engineio/drain.h"
#include "engineio/server_rig.h"

namespace patchbay::engineio {
namespace {

using namespace std::chrono_literals;
using net::test::TcpClient;
using net::test::Watched;
using test::kShards;
using websocket::test::WebSocketClient;

constexpr const char* kPollingTarget = "/engine.io/?EIO=4&transport=polling";
constexpr const char* kWebSocketTarget = "/engine.io/?EIO=4&transport=websocket";

// Both ends of every connection are in this process.
void allow_many_descriptors() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

class EngineDrainTest : public test::EngineServerTest {
 protected:
  void drain(Milliseconds spread) {
    EXPECT_TRUE(engine->drain(spread, [this] { done.change([](bool& value) { value = true; }); }));
  }
  bool is_done() {
    return done.wait([](bool value) { return value; });
  }
  Watched<bool> done;
};

TEST(DrainSchedule, SpreadsTheSessionsOverTheWholeSpan) {
  constexpr SteadyTime kNow{5'000'000ms};
  std::vector<SessionId> ids;
  for (int i = 0; i < 10'000; ++i) ids.push_back(SessionId::generate(0));
  const auto steps = drain_schedule(ids, kNow, 10s);
  ASSERT_EQ(steps.size(), ids.size());
  std::array<int, 10> seconds{};
  for (const DrainStep& step : steps) {
    ASSERT_GE(step.when, kNow);
    ASSERT_LE(step.when, kNow + 10s);
    ++seconds[std::min<size_t>(9, static_cast<size_t>((step.when - kNow) / 1s))];
  }
  for (const int count : seconds) EXPECT_NEAR(count, 1000, 250);
  EXPECT_TRUE(std::ranges::is_sorted(steps, std::greater(), &DrainStep::when)) << "latest first";
  for (const DrainStep& step : drain_schedule(ids, kNow, 0ms)) EXPECT_EQ(step.when, kNow);
}

TEST_F(EngineDrainTest, IsDoneAtOnceWhenThereIsNobody) {
  start();
  drain(1h);
  EXPECT_TRUE(is_done());
  EXPECT_FALSE(engine->drain(0ms, nullptr)) << "once";
}

TEST_F(EngineDrainTest, TurnsNewClientsAwayAndServesThoseThatAreThere) {
  start();
  WebSocketClient client(on(1), kWebSocketTarget);
  client.read_message();
  const std::string sid = open(2);
  drain(1h);
  shards.run_on_each([](net::Shard&) {});
  for (size_t shard = 0; shard < kShards; ++shard) {
    const auto answer = on(shard).get(kPollingTarget);
    EXPECT_EQ(answer.status, 503);
    EXPECT_GE(std::stoi(answer.headers.at("retry-after")), 1);
  }
  EXPECT_EQ(engine->metrics().busy[static_cast<size_t>(BusyReason::kDraining)], kShards);
  client.send_text("4hello");
  EXPECT_EQ(client.read_message(), "4hello");
  EXPECT_EQ(on(0).post(polling(sid), "4hello").body, "ok");
  EXPECT_EQ(on(0).get(polling(sid)).body, "4hello");
  EXPECT_FALSE(done.get());
  // close() cuts it short.
  engine->close();
  EXPECT_EQ(client.read_close(), 1000);
}

TEST_F(EngineDrainTest, DeliversWhatWaitsToAClientThatReadsSlowly) {
  start();
  // 4 MB that the socket's buffers cannot hold: most of it waits in the server.
  WebSocketClient client(TcpClient(http->port(), 4096), kWebSocketTarget);
  client.read_message();
  const std::string large(500'000, 'x');
  for (int i = 0; i < 8; ++i) client.send_text("4" + large);
  client.send_text("4last");
  ASSERT_TRUE(net::test::eventually([&] { return engine->metrics().traffic[1].packets_in == 9; }));
  drain(0ms);
  for (int i = 0; i < 8; ++i) EXPECT_EQ(client.read_message().size(), large.size() + 1);
  EXPECT_EQ(client.read_message(), "4last");
  EXPECT_EQ(client.read_close(), 1000);
  client.tcp().close();
  EXPECT_TRUE(is_done());
}

TEST_F(EngineDrainTest, ThousandsOfClientsGetWhatWasSentAndThenTheEnd) {
  allow_many_descriptors();
  start();
  constexpr size_t kWebSockets = 1'800;
  constexpr size_t kPollers = 200;
  std::vector<WebSocketClient> clients;
  clients.reserve(kWebSockets);
  for (size_t i = 0; i < kWebSockets; ++i) {
    clients.emplace_back(http->port(), kWebSocketTarget);
    clients.back().read_message();
  }
  TcpClient poller(http->port());
  std::vector<std::string> sids;
  for (size_t i = 0; i < kPollers; ++i) {
    const auto answer = poller.get(kPollingTarget);
    ASSERT_EQ(answer.status, 200);
    sids.push_back(answer.body.substr(answer.body.find("\"sid\":\"") + 7, SessionId::kLength));
    ASSERT_EQ(poller.post(polling(sids.back()), "4echo").body, "ok");
  }
  ASSERT_EQ(engine->session_count(), kWebSockets + kPollers);
  for (size_t i = 0; i < kWebSockets; ++i) clients[i].send_text("4" + std::to_string(i));
  ASSERT_TRUE(net::test::eventually([&] { return engine->metrics().traffic[1].packets_in == kWebSockets; }));
  drain(300ms);
  for (size_t i = 0; i < kWebSockets; ++i) {
    EXPECT_EQ(clients[i].read_message(), "4" + std::to_string(i));
    EXPECT_EQ(clients[i].read_close(), 1000);
    clients[i].tcp().close();
  }
  for (const std::string& sid : sids) {
    EXPECT_EQ(poller.get(polling(sid)).body, "4echo");
    EXPECT_EQ(poller.get(polling(sid)).body, "1");
  }
  EXPECT_TRUE(is_done());
  const Metrics metrics = engine->metrics();
  EXPECT_EQ(metrics.sessions, 0u);
  EXPECT_EQ(metrics.closed[static_cast<size_t>(CloseReason::kServerShutdown)], kWebSockets + kPollers);
}

// An application that makes its answers elsewhere; it sends them when the test says so.
class Debtor final : public Session::Application {
 public:
  struct Ledger {
    Connection* connection = nullptr;
    int asked = 0;
    bool owes = true;
  };
  Debtor(Connection& connection, Watched<Ledger>& ledger) : ledger_(ledger) {
    ledger_.change([&](Ledger& it) { it.connection = &connection; });
  }
  void on_text(std::string_view) override {}
  void on_binary(std::string_view) override {}
  void on_close(CloseReason) override {}
  bool wind_down() override {
    bool owes = false;
    ledger_.change([&](Ledger& it) {
      ++it.asked;
      owes = it.owes;
    });
    return !owes;
  }

 private:
  Watched<Ledger>& ledger_;
};

TEST_F(EngineDrainTest, WaitsForTheAnswersThatAreOwed) {
  Watched<Debtor::Ledger> ledger;
  engine = std::make_unique<Server>(shards, ServerOptions{}, [&](Connection& connection) {
    return std::make_unique<Debtor>(connection, ledger);
  });
  serve();
  WebSocketClient client(http->port(), kWebSocketTarget);
  client.read_message();
  drain(0ms);
  ASSERT_TRUE(ledger.wait([](const Debtor::Ledger& it) { return it.asked >= 3; }));
  EXPECT_EQ(engine->session_count(), 1u);
  net::Shard& shard = ledger.get().connection->shard();
  net::test::on_shard(shard, [&] {
    ledger.change([](Debtor::Ledger& it) {
      it.connection->session().send_text("the answer");
      it.owes = false;
    });
  });
  EXPECT_EQ(client.read_message(), "4the answer");
  EXPECT_EQ(client.read_close(), 1000);
  client.tcp().close();
  EXPECT_TRUE(is_done());
}

TEST_F(EngineDrainTest, DoesNotWaitForEverForAnAnswerThatIsOwed) {
  Watched<Debtor::Ledger> ledger;
  engine = std::make_unique<Server>(shards, ServerOptions{}, [&](Connection& connection) {
    return std::make_unique<Debtor>(connection, ledger);
  });
  serve();
  WebSocketClient client(http->port(), kWebSocketTarget);
  client.read_message();
  drain(0ms);
  EXPECT_EQ(client.read_close(), 1000);
  client.tcp().close();
  EXPECT_TRUE(is_done());
}

TEST_F(EngineDrainTest, IsNotHeldUpByThoseWhoAreTurnedAwayMeanwhile) {
  start();
  WebSocketClient client(http->port(), kWebSocketTarget);
  client.read_message();
  drain(0ms);
  EXPECT_EQ(client.read_close(), 1000);
  std::this_thread::sleep_for(100ms);
  // They are turned away and do not close: the server lingers on them for two seconds.
  std::vector<TcpClient> late;
  for (int i = 0; i < 16; ++i) {
    const auto answer = late.emplace_back(http->port()).get(kPollingTarget);
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.headers.at("Connection"), "close");
  }
  EXPECT_FALSE(done.get());
  const auto begun = std::chrono::steady_clock::now();
  client.tcp().close();
  EXPECT_TRUE(is_done());
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 1s);
}

TEST_F(EngineDrainTest, ClosesWithinALimitAtAPaceThatFitsTheNumberOfClients) {
  start();
  const auto begun = std::chrono::steady_clock::now();
  std::vector<WebSocketClient> clients;
  for (size_t i = 0; i < 20; ++i) {
    clients.emplace_back(http->port(), kWebSocketTarget);
    clients.back().read_message();
  }
  std::thread reader([&] {
    for (WebSocketClient& client : clients) {
      EXPECT_EQ(client.read_close(), 1000);
      client.tcp().close();
    }
  });
  EXPECT_TRUE(engine->close_within(1h));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 10s) << "20 of them at 2,000 a second";
  reader.join();
  EXPECT_FALSE(engine->close_within(1h)) << "once";
}

TEST_F(EngineDrainTest, ClosesThoseWhoAreLeftWhenTheLimitIsOver) {
  start();
  // It reads nothing, and not all can wait in the kernel.
  WebSocketClient client(TcpClient(http->port(), 4096), kWebSocketTarget);
  client.read_message();
  const std::string large(900'000, 'x');
  for (int i = 0; i < 8; ++i) client.send_text("4" + large);
  ASSERT_TRUE(net::test::eventually([&] { return engine->metrics().traffic[1].packets_in == 8; }));
  EXPECT_FALSE(engine->close_within(100ms));
}

}  // namespace
}  // namespace patchbay::engineio
