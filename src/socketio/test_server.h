// For tests only: a Socket.IO server on four shards, and a log that its handlers may write. Not for
// production code.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>

#include "http/server.h"
#include "socketio/server.h"
#include "socketio/test_client.h"

namespace patchbay::socketio::test {

struct Log {
  std::vector<std::string> lines;
  std::vector<SocketRef> refs;
  std::vector<Namespace::Next> waiting;
};

class SocketIoTest : public testing::Test, public http::Handler {
 public:
  explicit SocketIoTest(ServerOptions options = {}) : io(shards, std::move(options)) {
    io.sockets().on_connection(
        [this](Socket& socket) { log.change([&](Log& l) { l.refs.push_back(socket.ref()); }); });
    io.sockets().on("hello", [](Socket&, Event& event) { event.ack("hello"); });
    io.sockets().on("join", [](Socket& socket, Event& event) {
      event.ack(socket.join(std::string_view(event.args().first().as_string())));
    });
  }
  // Not in the destructor: the server may be calling handle() until it has stopped.
  void TearDown() override {
    io.close();
    if (http) http->stop();
    shards.stop();
  }
  void start() {
    http = std::make_unique<http::Server>(shards, *this, http::ServerOptions{});
    shards.start();
    ASSERT_TRUE(http->start());
  }
  Client join() { return Client::joined(http->port()); }
  void handle(const http::ExchangePtr& exchange) override { io.handle(exchange); }
  bool logged(size_t count) {
    return log.wait([&](const Log& l) { return l.lines.size() >= count; });
  }
  void note(std::string line) {
    log.change([&](Log& l) { l.lines.push_back(std::move(line)); });
  }
  std::vector<std::string> lines() {
    std::vector<std::string> copy;
    log.change([&](Log& l) { copy = l.lines; });
    return copy;
  }

  net::ShardGroup shards{4};
  Server io;
  net::test::Watched<Log> log;
  std::unique_ptr<http::Server> http;
};

}  // namespace patchbay::socketio::test
