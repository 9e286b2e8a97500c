// Who may open a session, and when: hooks, limits, and what clients are told.
#include <mutex>
#include <set>
#include <thread>

#include <gtest/gtest.h>

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

class EngineAdmissionTest : public test::EngineServerTest {
 protected:
  // The answer to a WebSocket's request.
  net::test::HttpAnswer upgrade_answer(TcpClient client, std::string_view target = kWebSocket) {
    client.send(WebSocketClient::request(target));
    return client.read_answer();
  }
  uint64_t busy(BusyReason reason) { return engine->metrics().busy[static_cast<size_t>(reason)]; }
};

bool is_retry_after(const net::test::HttpAnswer& answer, int least, int most) {
  const auto header = answer.headers.find("retry-after");
  if (header == answer.headers.end()) return false;
  const int seconds = std::stoi(header->second);
  return seconds >= least && seconds <= most;
}

TEST_F(EngineAdmissionTest, SetsTheCookieWhereASessionOpensAndNowhereElse) {
  start({.cookie = CookieOptions{.name = "node"}});
  TcpClient client = on(0);
  const auto answer = client.get(kPolling);
  const std::string sid = answer.body.substr(answer.body.find("\"sid\":\"") + 7, SessionId::kLength);
  EXPECT_EQ(answer.headers.at("set-cookie"), "node=" + sid + "; Path=/; HttpOnly; SameSite=Lax");
  EXPECT_FALSE(client.post(polling(sid), "4hello").headers.contains("set-cookie"));
  EXPECT_FALSE(client.get(polling(sid)).headers.contains("set-cookie"));
  const auto upgrade = upgrade_answer(on(1));
  EXPECT_EQ(upgrade.status, 101);
  EXPECT_TRUE(upgrade.headers.at("set-cookie").starts_with("node="));
}

TEST_F(EngineAdmissionTest, RefusesOptionsThatMakeNoSense) {
  const auto accept = [](Connection&) { return nullptr; };
  EXPECT_THROW(Server(shards, {.cookie = CookieOptions{.name = "a b"}}, accept), std::invalid_argument);
}

TEST_F(EngineAdmissionTest, HooksAddHeaders) {
  start({.initial_headers = [](const http::Request&, HeaderLines& out) { out.emplace_back("x-first", "1"); },
         .headers = [](const http::Request&, HeaderLines& out) { out.emplace_back("x-every", "1"); }});
  TcpClient client = on(0);
  const auto answer = client.get(kPolling);
  EXPECT_TRUE(answer.headers.contains("x-first") && answer.headers.contains("x-every"));
  const std::string sid = answer.body.substr(answer.body.find("\"sid\":\"") + 7, SessionId::kLength);
  const auto later = client.post(polling(sid), "4hello");
  EXPECT_TRUE(!later.headers.contains("x-first") && later.headers.contains("x-every"));
  const auto upgrade = upgrade_answer(on(1));
  EXPECT_TRUE(upgrade.headers.contains("x-first") && upgrade.headers.contains("x-every"));
  const auto second = upgrade_answer(on(2), socket(sid));
  EXPECT_TRUE(!second.headers.contains("x-first") && second.headers.contains("x-every"));
}

TEST_F(EngineAdmissionTest, AsksTheApplicationAndTellsTheClientWhatItSaid) {
  start({.allow_request = [](const HandshakeRequest& asked, Decision decision) {
    EXPECT_EQ(asked.address, "127.0.0.1");
    if (asked.request.query_parameter("token") == "open") return decision.allow();
    decision.refuse("Not \"today\"");
  }});
  TcpClient client = on(0);
  EXPECT_EQ(client.get(std::string(kPolling) + "&token=open").status, 200);
  EXPECT_EQ(upgrade_answer(on(1), std::string(kWebSocket) + "&token=open").status, 101);
  for (const auto& answer : {client.get(kPolling), upgrade_answer(on(1))}) {
    EXPECT_EQ(answer.status, 403);
    EXPECT_TRUE(answer.body.starts_with(R"({"code":4,"message":"Not \"today\"","hint":)")) << answer.body;
  }
  EXPECT_EQ(engine->metrics().refused[4], 2u);
}

TEST_F(EngineAdmissionTest, ADecisionMayComeLaterFromAnyThread) {
  std::vector<std::thread> deciders;
  std::mutex mutex;  // guards deciders
  start({.allow_request = [&](const HandshakeRequest&, Decision decision) {
    const std::lock_guard lock(mutex);
    deciders.emplace_back([decision = std::move(decision)]() mutable { decision.allow(); });
  }});
  for (size_t shard = 0; shard < kShards; ++shard) {
    open(shard);
    WebSocketClient client(on(shard), kWebSocket);
    EXPECT_TRUE(client.read_message().starts_with("0{"));
    client.send_text("4hello");
    EXPECT_EQ(client.read_message(), "4hello");
  }
  const std::lock_guard lock(mutex);
  for (std::thread& decider : deciders) decider.join();
}

TEST_F(EngineAdmissionTest, ADecisionThatIsDroppedRefuses) {
  start({.allow_request = [](const HandshakeRequest&, Decision) {}});
  EXPECT_EQ(on(0).get(kPolling).status, 403);
}

TEST_F(EngineAdmissionTest, DoesNotWaitForADecisionForEver) {
  Watched<std::vector<Decision>> kept;
  start({.allow_request =
             [&](const HandshakeRequest&, Decision decision) {
               kept.change([&](auto& decisions) { decisions.push_back(std::move(decision)); });
             },
         .allow_request_timeout = 50ms});
  const auto answer = on(0).get(kPolling);
  EXPECT_EQ(answer.status, 503);
  EXPECT_TRUE(answer.headers.contains("retry-after"));
  kept.change([](auto& decisions) {
    for (Decision& decision : decisions) decision.allow();  // too late, and harmless
    decisions.clear();
  });
  EXPECT_EQ(busy(BusyReason::kUndecided), 1u);
  EXPECT_EQ(engine->session_count(), 0u);
}

TEST_F(EngineAdmissionTest, BoundsHowManyWaitForADecision) {
  Watched<std::vector<Decision>> kept;
  start({.allow_request =
             [&](const HandshakeRequest&, Decision decision) {
               kept.change([&](auto& decisions) { decisions.push_back(std::move(decision)); });
             },
         .max_undecided_per_shard = 2});
  std::vector<TcpClient> waiting;
  for (int i = 0; i < 2; ++i) {
    waiting.push_back(on(0));
    waiting.back().send(std::string("GET ") + kPolling + " HTTP/1.1\r\nHost: test\r\n\r\n");
    ASSERT_TRUE(kept.wait([&](const auto& decisions) { return decisions.size() == waiting.size(); }));
  }
  EXPECT_EQ(on(0).get(kPolling).status, 503);
  // One that went away in the meantime gets no session.
  waiting.pop_back();
  shards.run_on_each([](net::Shard&) {});
  kept.change([](auto& decisions) {
    for (Decision& decision : decisions) decision.allow();
    decisions.clear();
  });
  EXPECT_EQ(waiting.front().read_answer().status, 200);
}

TEST_F(EngineAdmissionTest, TurnsAwayWhatComesFasterThanTheRate) {
  // One session each for the four shards; the next in a thousand seconds.
  start({.admission = {.sessions_per_second = 0.004, .session_burst = kShards, .retry_after_spread = 10s}});
  for (size_t shard = 0; shard < kShards; ++shard) {
    open(shard);
    const auto answer = on(shard).get(kPolling);
    EXPECT_EQ(answer.status, 503);
    EXPECT_TRUE(is_retry_after(answer, 900, 1011)) << answer.headers.at("retry-after");
    EXPECT_EQ(upgrade_answer(on(shard)).status, 503);
  }
  EXPECT_EQ(busy(BusyReason::kRate), 2 * kShards);
}

TEST_F(EngineAdmissionTest, SpreadsTheMomentsAtWhichClientsComeBack) {
  start({.admission = {.sessions_per_second = 0.004, .session_burst = 1, .retry_after_spread = 100s}});
  open(0);
  TcpClient client = on(0);
  std::set<std::string> moments;
  for (int i = 0; i < 50; ++i) moments.insert(client.get(kPolling).headers.at("retry-after"));
  EXPECT_GT(moments.size(), 5u);
}

TEST_F(EngineAdmissionTest, LimitsEachAddressOverAllShards) {
  start({.admission = {.sessions_per_second_per_address = 0.001, .address_burst = 3},
         .trusted_proxies = http::TrustedProxies::parse({"127.0.0.0/8"}).value()});
  const auto from = [&](size_t shard, const std::string& address) {
    TcpClient client = on(shard);
    client.send(std::string("GET ") + kPolling + " HTTP/1.1\r\nHost: test\r\nX-Forwarded-For: " + address +
                "\r\n\r\n");
    return client.read_answer();
  };
  for (const std::string address : {"10.0.0.1", "10.0.0.2", "2001:db8::1"}) {
    for (size_t shard = 0; shard < 3; ++shard) EXPECT_EQ(from(shard, address).status, 200);
    const auto answer = from(3, address == "2001:db8::1" ? "2001:db8::2" : address);
    EXPECT_EQ(answer.status, 429) << address;
    EXPECT_TRUE(answer.headers.contains("retry-after"));
  }
  EXPECT_EQ(busy(BusyReason::kAddressRate), 3u);
}

TEST_F(EngineAdmissionTest, TheApplicationSeesTheAddressThatTheProxySaw) {
  Watched<std::vector<std::string>> seen;
  engine = std::make_unique<Server>(
      shards, ServerOptions{.trusted_proxies = http::TrustedProxies::parse({"127.0.0.1"}).value()},
      [&](Connection& connection) {
        seen.change([&](auto& addresses) { addresses.push_back(connection.handshake()->address); });
        return std::make_unique<test::Echo>(connection, ended);
      });
  serve();
  TcpClient client(http->port());
  client.send(std::string("GET ") + kPolling +
              " HTTP/1.1\r\nHost: test\r\nX-Forwarded-For: 10.9.8.7\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 200);
  EXPECT_EQ(seen.get(), std::vector<std::string>{"10.9.8.7"});
}

TEST_F(EngineAdmissionTest, TellsOfEveryRequestThatIsRefused) {
  struct Seen {
    int status;
    std::optional<RefusalCode> code;
    std::string message, context, address;
  };
  Watched<std::vector<Seen>> seen;
  start({.max_sessions_per_shard = 0, .on_connection_error = [&](const ConnectionError& error) {
           seen.change([&](auto& all) {
             all.push_back({error.status, error.code, std::string(error.message), std::string(error.context),
                            std::string(error.address)});
           });
         }});
  TcpClient client = on(0);
  client.get("/engine.io/?EIO=4&transport=pigeon");
  client.get(polling(std::string(20, 'A')));
  client.post(kPolling, "");
  client.get("/engine.io/?EIO=5&transport=polling");
  client.get(kPolling);
  const auto all = seen.get();
  ASSERT_EQ(all.size(), 5u);
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i].address, "127.0.0.1");
    EXPECT_FALSE(all[i].message.empty());
    EXPECT_FALSE(all[i].context.empty());
  }
  EXPECT_EQ(all[0].code, RefusalCode::kTransportUnknown);
  EXPECT_EQ(all[1].code, RefusalCode::kSessionUnknown);
  EXPECT_EQ(all[2].code, RefusalCode::kBadMethod);
  EXPECT_EQ(all[3].code, RefusalCode::kProtocolUnsupported);
  EXPECT_EQ(all[4].code, std::nullopt);
  EXPECT_EQ(all[4].context, "too_many_sessions");
  const Metrics metrics = engine->metrics();
  EXPECT_EQ(metrics.refused, (std::array<uint64_t, kRefusalCodes>{1, 1, 1, 0, 0, 1}));
  EXPECT_EQ(busy(BusyReason::kTooManySessions), 1u);
}

TEST_F(EngineAdmissionTest, TellsOfRefusalsWithTheAddressOfTheClientBehindTheProxy) {
  Watched<std::vector<std::string>> addresses;
  start({.max_sessions_per_shard = 0,
         .trusted_proxies = http::TrustedProxies::parse({"127.0.0.1"}).value(),
         .on_connection_error = [&](const ConnectionError& error) {
           addresses.change([&](auto& all) { all.emplace_back(error.address); });
         }});
  TcpClient client = on(0);
  const auto ask = [&](std::string_view target) {
    client.send("GET " + std::string(target) +
                " HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n");
    return client.read_answer().status;
  };
  EXPECT_EQ(ask("/engine.io/?EIO=4&transport=pigeon"), 400);
  EXPECT_EQ(ask(kPolling), 503);
  EXPECT_EQ(addresses.get(), (std::vector<std::string>{"203.0.113.7", "203.0.113.7"}));
}

}  // namespace
}  // namespace patchbay::engineio
