// Handlers that hear what leaves, and what they may do meanwhile.
#include <algorithm>

#include <gtest/gtest.h>

#include "socketio/observer.h"
#include "socketio/test_server.h"

namespace patchbay::socketio {
namespace {

using test::Client;
using test::SocketIoTest;

struct OutgoingHandlersTest : SocketIoTest {
  // In the main namespace, all on one shard.
  std::vector<std::unique_ptr<Client>> neighbours(size_t count) {
    std::vector<std::unique_ptr<Client>> found;
    while (found.size() < count) {
      auto client = std::make_unique<Client>(join());
      if (found.empty() || client->shard() == found[0]->shard()) found.push_back(std::move(client));
    }
    return found;
  }
  static void enter(Client& client, const std::string& room) {
    client.send("21[\"join\",\"" + room + "\"]");
    ASSERT_EQ(client.read(), "31[true]");
  }

  std::unique_ptr<Observer> observer;  // outlives the shards
};

TEST_F(OutgoingHandlersTest, AHandlerMaySendWhileItsBroadcastIsUnderWay) {
  io.sockets().on_any_outgoing([](Socket& socket, std::string_view event, const ArgsView&) {
    if (event == "news") socket.nsp().to("auditors").emit("audit", socket.id());
  });
  start();
  const auto clients = neighbours(5);
  std::vector<std::string> readers;
  for (size_t i = 0; i < clients.size(); ++i) {
    enter(*clients[i], i < 3 ? "readers" : "auditors");
    if (i < 3) readers.push_back(clients[i]->id());
  }
  io.to("readers").emit("news", 1);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(clients[i]->read(), R"(2["news",1])");
    EXPECT_EQ(clients[i]->ask("hello"), R"(399["hello"])") << "and nothing more";
  }
  std::ranges::sort(readers);
  for (size_t i = 3; i < clients.size(); ++i) {
    std::vector<std::string> heard;
    for (size_t n = 0; n < readers.size(); ++n) heard.push_back(clients[i]->read().substr(11, 20));
    std::ranges::sort(heard);
    EXPECT_EQ(heard, readers);
    EXPECT_EQ(clients[i]->ask("hello"), R"(399["hello"])");
  }
}

TEST_F(OutgoingHandlersTest, AHandlerMayDisconnectTheReceiversOfABroadcast) {
  io.sockets().on_any_outgoing([this](Socket&, std::string_view event, const ArgsView&) {
    note(std::string(event));
    std::vector<SocketRef> all;
    log.change([&](const test::Log& l) { all = l.refs; });
    for (const SocketRef& ref : all) ref.run([](Socket& socket) { socket.disconnect(); });
  });
  start();
  const auto clients = neighbours(3);
  for (const auto& client : clients) enter(*client, "room");
  io.to("room").emit("last");
  for (const auto& client : clients) {
    EXPECT_EQ(client->read(), R"(2["last"])");
    EXPECT_EQ(client->read(), "1");
  }
  EXPECT_EQ(lines(), std::vector<std::string>{"last"}) << "those who are gone are not spoken of";
}

TEST_F(OutgoingHandlersTest, BroadcastsThatAskForAcknowledgementsAreHeardAndCountedLikeOthers) {
  struct Watcher : Observer {
    explicit Watcher(OutgoingHandlersTest& it) : test(it) {}
    void on_event_sent(Socket& socket, std::string_view event, const ArgsView& args) override {
      test.note("observer " + std::string(event) + std::string(args.json()) + " " + std::string(socket.id()));
    }
    OutgoingHandlersTest& test;
  };
  observer = std::make_unique<Watcher>(*this);
  io.set_observer(observer.get());
  io.sockets().on_any_outgoing([this](Socket& socket, std::string_view event, const ArgsView& args) {
    note("handler " + std::string(event) + std::string(args.json()) + " " + std::string(socket.id()));
  });
  start();
  const auto clients = neighbours(2);
  for (const auto& client : clients) enter(*client, "room");
  const uint64_t before = io.sockets().metrics().broadcasts;
  io.to("room").timeout(Milliseconds(20'000)).emit_with_ack_args("question", make_args(7), [](BroadcastAcks) {
  });
  ASSERT_TRUE(logged(4));
  std::vector<std::string> expected;
  for (const auto& client : clients)
    for (const char* const who : {"handler ", "observer "})
      expected.push_back(who + std::string("question7 ") + client->id());
  auto heard = lines();
  std::ranges::sort(heard);
  std::ranges::sort(expected);
  EXPECT_EQ(heard, expected);
  EXPECT_EQ(io.sockets().metrics().broadcasts, before + 1) << "one a shard";
}

TEST_F(OutgoingHandlersTest, AHandlerMayRegisterAnother) {
  io.sockets().on_connection([this](Socket& socket) {
    // Long enough to have memory of its own.
    socket.on_any_outgoing([this, &socket, name = std::string(100, 'n')](std::string_view, const ArgsView&) {
      for (int i = 0; i < 10; ++i) socket.on_any_outgoing([](std::string_view, const ArgsView&) {});
      note(name);
    });
  });
  io.sockets().on("send", [](Socket& socket, Event&) { socket.emit("sent"); });
  start();
  Client client = join();
  client.send("2[\"send\"]");
  EXPECT_EQ(client.read(), R"(2["sent"])");
  ASSERT_TRUE(logged(1));
  EXPECT_EQ(lines()[0], std::string(100, 'n'));
}

TEST_F(OutgoingHandlersTest, AHandlerMayLetAnEventPassThatMiddlewareHeld) {
  std::vector<EventNext> held;
  io.sockets().use_event([&](Event& event, EventNext next) {
    event.name() == "held" ? held.push_back(std::move(next)) : next(std::nullopt);
  });
  io.sockets().on_connection([&](Socket& socket) {
    socket.once("go", [](Event&) {});
    socket.on("go", [&](Event&) { held.front()(std::nullopt); });
    socket.on("go", [](Event& event) { event.ack("all were asked"); });
    socket.on("held", [](Event& event) { event.ack("passed"); });
  });
  start();
  Client client = join();
  client.send("21[\"held\"]");
  client.send("22[\"go\"]");
  EXPECT_EQ(client.read(), R"(31["passed"])");
  EXPECT_EQ(client.read(), R"(32["all were asked"])");
}

}  // namespace
}  // namespace patchbay::socketio
