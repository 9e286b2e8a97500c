// For tests only: an Engine.IO echo server on several shards, and clients whose shard the test chooses. Not
// for production code.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engineio/server.h"
#include "http/server.h"
#include "websocket/test_client.h"

namespace patchbay::engineio::test {

using net::test::TcpClient;
using websocket::test::WebSocketClient;

struct Ended {
  std::vector<CloseReason> reasons;
  std::vector<std::string> handshakes;  // the headers of each, "name=value;"
};

class Echo final : public Session::Application {
 public:
  Echo(Connection& connection, net::test::Watched<Ended>& ended) : connection_(connection), ended_(ended) {
    std::string headers;
    for (const auto& [name, value] : connection.handshake()->headers)
      headers.append(name).append("=").append(value).append(";");
    ended_.change([&](Ended& e) { e.handshakes.push_back(headers); });
  }
  void on_text(std::string_view text) override {
    EXPECT_TRUE(connection_.shard().on_this_thread());
    connection_.session().send_text(text);
  }
  void on_binary(std::string_view bytes) override { connection_.session().send_binary(bytes); }
  void on_close(CloseReason reason) override {
    ended_.change([&](Ended& e) { e.reasons.push_back(reason); });
  }

 private:
  Connection& connection_;
  net::test::Watched<Ended>& ended_;
};

inline constexpr size_t kShards = 4;

class EngineServerTest : public testing::Test, public http::Handler {
 protected:
  void TearDown() override {
    if (engine) engine->close();
    if (http) http->stop();
    shards.stop();
  }
  void start(ServerOptions options = {}) {
    engine = std::make_unique<Server>(shards, std::move(options), [this](Connection& connection) {
      return std::make_unique<Echo>(connection, ended);
    });
    serve();
  }
  // Serves what `engine` is.
  void serve() {
    http = std::make_unique<http::Server>(shards, *this, http::ServerOptions{});
    shards.start();
    ASSERT_TRUE(http->start());
  }
  void handle(const http::ExchangePtr& exchange) override {
    if (engine->owns_path(exchange->request().path)) return engine->handle(exchange);
    exchange->respond({.body = std::to_string(exchange->shard().index())});
  }
  // A connection that the kernel gave to that shard.
  TcpClient on(size_t shard) {
    for (;;) {
      TcpClient client(http->port());
      if (client.get("/shard").body == std::to_string(shard)) return client;
    }
  }
  static std::string polling(const std::string& sid, int protocol = 4) {
    return "/engine.io/?EIO=" + std::to_string(protocol) + "&transport=polling&sid=" + sid;
  }
  static std::string socket(const std::string& sid, int protocol = 4) {
    return "/engine.io/?EIO=" + std::to_string(protocol) + "&transport=websocket&sid=" + sid;
  }
  // Opens a session on that shard; returns its id.
  std::string open(size_t shard, int protocol = 4) {
    const auto answer = on(shard).get("/engine.io/?EIO=" + std::to_string(protocol) + "&transport=polling");
    EXPECT_EQ(answer.status, 200);
    const std::string sid = answer.body.substr(answer.body.find("\"sid\":\"") + 7, SessionId::kLength);
    EXPECT_EQ(SessionId::parse(sid).value().shard_index(), shard);
    return sid;
  }
  bool ended_with(CloseReason reason) {
    return ended.wait([](const Ended& e) { return !e.reasons.empty(); }) &&
           ended.get().reasons.front() == reason;
  }

  net::ShardGroup shards{kShards};
  net::test::Watched<Ended> ended;
  std::unique_ptr<Server> engine;
  std::unique_ptr<http::Server> http;
};

}  // namespace patchbay::engineio::test
