// A server that goes down gently.
#include <algorithm>

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

constexpr const char* kPolling = "/engine.io/?EIO=4&transport=polling";
constexpr const char* kWebSocket = "/engine.io/?EIO=4&transport=websocket";

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
  WebSocketClient client(on(1), kWebSocket);
  client.read_message();
  const std::string sid = open(2);
  drain(1h);
  shards.run_on_each([](net::Shard&) {});
  for (size_t shard = 0; shard < kShards; ++shard) {
    const auto answer = on(shard).get(kPolling);
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
  WebSocketClient client(TcpClient(http->port(), 4096), kWebSocket);
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
    clients.emplace_back(http->port(), kWebSocket);
    clients.back().read_message();
  }
  TcpClient poller(http->port());
  std::vector<std::string> sids;
  for (size_t i = 0; i < kPollers; ++i) {
    const auto answer = poller.get(kPolling);
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

}  // namespace
}  // namespace patchbay::engineio
