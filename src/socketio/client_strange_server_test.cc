// The client at servers that behave strangely.
#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>

#include "engineio/server.h"
#include "http/server.h"
#include "net/test_client.h"
#include "socketio/client.h"
#include "socketio/client_thread.h"
#include "socketio/server.h"

namespace patchbay::socketio {
namespace {

using engineio::TransportKind;
using net::test::on_shard;

// An Engine.IO server whose Socket.IO is written by hand.
class StrangeServerTest : public testing::Test, public http::Handler {
 protected:
  class Session final : public engineio::Session::Application {
   public:
    Session(StrangeServerTest& test, engineio::Connection& connection)
        : test_(test), connection_(connection) {}
    void on_text(std::string_view text) override {
      test_.got.change([&](auto& g) { g.emplace_back(text); });
      for (const std::string& reply : test_.answer(text)) {
        reply.starts_with("!") ? connection_.session().send_binary(reply.substr(1))
                               : connection_.session().send_text(reply);
        if (reply == "close") connection_.session().close(connection_.shard().now());
      }
    }
    void on_binary(std::string_view) override {}
    void on_close(engineio::CloseReason) override {}

   private:
    StrangeServerTest& test_;
    engineio::Connection& connection_;
  };

  void start(std::function<std::vector<std::string>(std::string_view)> script, ClientOptions options = {}) {
    answer = std::move(script);
    engine = std::make_unique<engineio::Server>(
        shards, engineio::ServerOptions{.path = "/socket.io/"},
        [this](engineio::Connection& connection) { return std::make_unique<Session>(*this, connection); });
    server = std::make_unique<http::Server>(shards, *this, http::ServerOptions{});
    shards.start();
    ASSERT_TRUE(server->start());
    options.engine.url = *http::Url::parse("ws://127.0.0.1:" + std::to_string(server->port()));
    options.engine.session.transports = {TransportKind::kWebSocket};
    options.reconnection_delay = {.min = Milliseconds(5), .max = Milliseconds(20)};
    client = std::make_unique<ClientThread>(std::move(options));
    client->run([this](Client& it) {
      ClientSocket& socket = it.of("/");
      socket.on_connect([this, &socket] { note(socket.recovered() ? "recovered" : "connected"); });
      socket.on_disconnect([this](ClientDisconnect reason, std::string_view detail) {
        note(std::string(to_string(reason)) + ": " + std::string(detail));
      });
      socket.on_connect_error([this](const ConnectRefusal& refusal) { note("error: " + refusal.message); });
      socket.on_any([this](ClientEvent& event) {
        note(std::string(event.name()) + " " + std::string(event.args().json()));
      });
    });
  }
  void TearDown() override {
    client.reset();
    if (engine) engine->close();
    if (server) server->stop();
    shards.stop();
  }
  void handle(const http::ExchangePtr& exchange) override { engine->handle(exchange); }
  void note(const std::string& line) {
    log.change([&](auto& l) { l.push_back(line); });
  }
  bool noted(std::string_view beginning, long times = 1) {
    const bool came = log.wait([&](const auto& l) {
      return std::ranges::count_if(l, [&](const auto& line) { return line.starts_with(beginning); }) >= times;
    });
    if (!came)
      for (const auto& it : log.get()) ADD_FAILURE() << it;
    return came;
  }

  net::ShardGroup shards{1};
  std::function<std::vector<std::string>(std::string_view)> answer;
  std::unique_ptr<engineio::Server> engine;
  std::unique_ptr<http::Server> server;
  std::unique_ptr<ClientThread> client;
  net::test::Watched<std::vector<std::string>> got;
  net::test::Watched<std::vector<std::string>> log;
};

TEST_F(StrangeServerTest, GetsItsStateBackAfterALoss) {
  start([n = 0](std::string_view text) mutable -> std::vector<std::string> {
    if (!text.starts_with("0")) return {};
    switch (++n) {
      case 1:
        return {R"(0{"sid":"one","pid":"secret"})", R"(2["news",1,"offset-1"])", R"(2["news","offset-2"])",
                "close"};
      case 2:
        return {R"(0{"sid":"one","pid":"secret"})", R"(2["news","missed","offset-3"])", "close"};
      default:
        return {R"(0{"sid":"two","pid":"other"})"};
    }
  });
  EXPECT_TRUE(noted("recovered"));
  EXPECT_TRUE(noted(R"(news "missed","offset-3")"));
  EXPECT_TRUE(noted("connected", 2)) << "the third time the server has forgotten us";
  const auto sent = got.get();
  ASSERT_EQ(sent.size(), 3u);
  EXPECT_EQ(sent[0], "0");
  EXPECT_EQ(sent[1], R"(0{"pid":"secret","offset":"offset-2"})");
  EXPECT_EQ(sent[2], R"(0{"pid":"secret","offset":"offset-3"})");
}

TEST_F(StrangeServerTest, ClosesOnWhatIsNoSocketIo) {
  start([n = 0](std::string_view text) mutable -> std::vector<std::string> {
    if (!text.starts_with("0")) return {};
    const std::vector<std::vector<std::string>> nonsense = {
        {"9"},
        {R"(2{"no":"array"})"},
        {R"(2["connect"])"},
        {R"(50-["x",{"_placeholder":true,"num":0}])"},
        {R"(51-["x",{"_placeholder":true,"num":1}])"},
        {R"(51-["x",{"_placeholder":true,"num":0}])", R"(2["y"])"},
        {"!bytes"},
        {"2[\"x\""}};
    std::vector<std::string> answers = {R"(0{"sid":"abc"})"};
    if (static_cast<size_t>(n) < nonsense.size()) {
      const auto& next = nonsense[static_cast<size_t>(n++)];
      answers.insert(answers.end(), next.begin(), next.end());
    }
    return answers;
  });
  EXPECT_TRUE(noted("parse error: ", 8));
  EXPECT_TRUE(noted("connected", 9)) << "and comes back";
}

TEST_F(StrangeServerTest, IgnoresWhatItDidNotAskForAndKeepsEventsThatComeBeforeTheAnswer) {
  start([](std::string_view text) -> std::vector<std::string> {
    if (!text.starts_with("0")) return {};
    return {R"(2["early"])",  R"(0/else,{"sid":"x"})", R"(2/else,["x"])",   R"(4/else,"no")",
            "1/else,",        R"(0{"sid":"abc"})",     R"(0{"sid":"def"})", R"(37["answer"])",
            R"(4"too late")", R"(2["last"])"};
  });
  EXPECT_TRUE(noted("last"));
  EXPECT_EQ(log.get(), (std::vector<std::string>{"early ", "connected", "last "}));
  client->run([](Client& it) { EXPECT_EQ(it.of("/").id(), "abc"); });
}

TEST_F(StrangeServerTest, SaysWhenTheServerIsTooOld) {
  start([](std::string_view text) -> std::vector<std::string> {
    if (!text.starts_with("0")) return {};
    return {"0"};
  });
  EXPECT_TRUE(noted("error: the server did not say who we are"));
}

TEST_F(StrangeServerTest, TriesAgainWhenTheServerDoesNotAnswerConnect) {
  start(
      [n = 0](std::string_view text) mutable -> std::vector<std::string> {
        if (!text.starts_with("0") || ++n == 1) return {};
        return {R"(0{"sid":"abc"})"};
      },
      {.connect_timeout = Milliseconds(300)});
  EXPECT_TRUE(noted("error: the server did not answer the request to join /"));
  EXPECT_TRUE(noted("connected"));
}

TEST_F(StrangeServerTest, WaitsForAttachmentsOnlySoLong) {
  start(
      [n = 0](std::string_view text) mutable -> std::vector<std::string> {
        if (!text.starts_with("0")) return {};
        if (++n > 1) return {R"(0{"sid":"abc"})"};
        return {R"(0{"sid":"abc"})", R"(51-["x",{"_placeholder":true,"num":0}])"};
      },
      {.attachment_timeout = Milliseconds(30)});
  EXPECT_TRUE(noted("parse error: the attachments"));
  EXPECT_TRUE(noted("connected", 2));
}

TEST_F(StrangeServerTest, UnderstandsRefusalsOfEveryShape) {
  start([n = 0](std::string_view text) mutable -> std::vector<std::string> {
    if (!text.starts_with("0")) return {};
    const std::vector<std::string> shapes = {R"(4"just text")", R"(4{"message":"an object","data":null})",
                                             "4{}"};
    return {shapes[static_cast<size_t>(n++) % shapes.size()]};
  });
  EXPECT_TRUE(noted("error: just text"));
  client->run([](Client& it) { it.of("/").connect(); });
  EXPECT_TRUE(noted("error: an object"));
  client->run([](Client& it) { it.of("/").connect(); });
  EXPECT_TRUE(noted("error: the server refused the connection"));
}

}  // namespace
}  // namespace patchbay::socketio
