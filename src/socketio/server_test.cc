#include "socketio/server.h"

#include <algorithm>
#include <set>
#include <stdexcept>
#include <thread>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>

#include "socketio/test_server.h"

namespace patchbay::socketio {
namespace {

using test::Client;
using test::Log;
using test::SocketIoTest;

TEST_F(SocketIoTest, KeepsNamespacesApartOnOneConnection) {
  io.of("/other").on("where", [](Socket& socket, Event& event) { event.ack(socket.nsp().name()); });
  start();
  Client client = join();
  client.send("0/other,");
  EXPECT_TRUE(client.read().starts_with("0/other,{\"sid\":"));
  client.send("2/other,7[\"where\"]");
  EXPECT_EQ(client.read(), R"(3/other,7["/other"])");
  client.send("0/nowhere,");
  EXPECT_EQ(client.read(), R"(4/nowhere,{"message":"Invalid namespace"})");
  client.send("1/other,");
  EXPECT_EQ(client.ask("hello"), R"(399["hello"])") << "the main namespace goes on";
}

TEST_F(SocketIoTest, LetsMiddlewareDecideOnAnotherThread) {
  std::vector<std::thread> threads;
  std::mutex mutex;
  io.of("/slow").use([&](const std::shared_ptr<Connecting>& connecting, Namespace::Next next) {
    const std::lock_guard lock(mutex);
    threads.emplace_back([connecting, next = std::move(next)]() mutable {
      if (connecting->handshake.auth_json.find("good") == std::string::npos)
        return next(ConnectError{.message = "Authentication failed", .data_json = R"({"code":1})"});
      connecting->data = std::string("from the middleware");
      next(std::nullopt);
    });
  });
  io.of("/slow").on_connection(
      [](Socket& socket) { socket.emit("data", std::any_cast<std::string>(socket.data)); });
  start();
  Client client(http->port());
  client.send("0/slow,{\"token\":\"bad\"}");
  EXPECT_EQ(client.read(), R"(4/slow,{"message":"Authentication failed","data":{"code":1}})");
  client.send("0/slow,{\"token\":\"good\"}");
  EXPECT_TRUE(client.read().starts_with("0/slow,"));
  EXPECT_EQ(client.read(), R"(2/slow,["data","from the middleware"])");
  for (auto& thread : threads) thread.join();
}

TEST_F(SocketIoTest, DropsAnAnswerOfMiddlewareThatComesAfterTheClientHasGone) {
  io.of("/never").use([&](const std::shared_ptr<Connecting>&, Namespace::Next next) {
    log.change([&](Log& l) { l.waiting.push_back(std::move(next)); });
  });
  io.of("/never").on_connection([](Socket&) { FAIL(); });
  io.sockets().on_disconnect([&](Socket&, DisconnectReason) { note("gone"); });
  start();
  {
    Client client = join();
    client.send("0/never,");
    ASSERT_TRUE(log.wait([](const Log& l) { return !l.waiting.empty(); }));
  }
  ASSERT_TRUE(logged(1));
  Namespace::Next next;
  log.change([&](Log& l) { next = std::move(l.waiting.front()); });
  next(std::nullopt);
  next(std::nullopt);  // a second answer does no harm either
  shards.run_on_each([](net::Shard&) {});
  EXPECT_EQ(io.of("/never").socket_count(), 0u);
}

TEST_F(SocketIoTest, RegistersNoNamespacesOnceItServes) {
  Namespace& early = io.of("early");
  start();
  Client client = join();
  EXPECT_EQ(&io.of("/early"), &early);
  EXPECT_THROW(io.of("/late"), std::logic_error);
  EXPECT_THROW(io.of_pattern("/late-*"), std::logic_error);
  EXPECT_EQ(io.find("/late"), nullptr);
  client.send("0/late,");
  EXPECT_EQ(client.read(), R"(4/late,{"message":"Invalid namespace"})");
}

// Middleware that answers when the test says so.
struct SlowMiddlewareTest : SocketIoTest {
  SlowMiddlewareTest() {
    Namespace& slow = io.of("/slow");
    slow.use([&](const std::shared_ptr<Connecting>& connecting, Namespace::Next next) {
      log.change([&](Log& l) {
        l.lines.push_back(connecting->handshake.auth_json);
        l.waiting.push_back(std::move(next));
      });
    });
    slow.on("who", [](Socket& socket, Event& event) { event.ack(RawJson{socket.handshake().auth_json}); });
  }
  // The n-th question has come; answers it.
  void answer(size_t n, std::optional<ConnectError> error = {}) {
    ASSERT_TRUE(log.wait([&](const Log& l) { return l.waiting.size() > n; }));
    Namespace::Next next;
    log.change([&](Log& l) { next = std::move(l.waiting[n]); });
    next(std::move(error));
  }
};

TEST_F(SlowMiddlewareTest, AClientThatAsksAgainMeanwhileJoinsTheDecision) {
  start();
  Client client = join();
  for (int i = 0; i < 3; ++i) client.send(R"(0/slow,{"n":1})");
  EXPECT_EQ(client.ask("hello"), R"(399["hello"])") << "the main namespace goes on";
  answer(0);
  EXPECT_TRUE(client.read().starts_with("0/slow,{\"sid\""));
  EXPECT_EQ(client.ask("hello"), R"(399["hello"])") << "answered once";
  EXPECT_EQ(lines().size(), 1u) << "and asked once";
}

TEST_F(SlowMiddlewareTest, TheNewestCredentialsCountAndOneIsDecidedOnAtATime) {
  start();
  Client client = join();
  for (int i = 1; i <= 5; ++i) client.send("0/slow,{\"n\":" + std::to_string(i) + "}");
  EXPECT_EQ(client.ask("hello"), R"(399["hello"])");
  EXPECT_EQ(lines().size(), 1u);
  answer(0, ConnectError{.message = "of no interest any more", .data_json = {}});
  answer(1);
  EXPECT_TRUE(client.read().starts_with("0/slow,{\"sid\""));
  EXPECT_EQ(lines(), (std::vector<std::string>{R"({"n":1})", R"({"n":5})"}));
  client.send("2/slow,1[\"who\"]");
  EXPECT_EQ(client.read(), R"(3/slow,1[{"n":5}])");
}

TEST_F(SlowMiddlewareTest, ADisconnectMeanwhileTakesTheRequestBack) {
  io.of("/slow").on_connection([](Socket&) { FAIL(); });
  start();
  Client client = join();
  client.send(R"(0/slow,{"n":1})");
  client.send(R"(0/slow,{"n":2})");
  client.send("1/slow,");
  EXPECT_EQ(client.ask("hello"), R"(399["hello"])");
  answer(0);
  shards.run_on_each([](net::Shard&) {});
  EXPECT_EQ(client.ask("hello"), R"(399["hello"])") << "nobody is told";
  EXPECT_EQ(lines().size(), 1u);
  EXPECT_EQ(io.of("/slow").socket_count(), 0u);
  // Asked for once more it is a request like any other.
  client.send(R"(0/slow,{"n":3})");
  answer(1, ConnectError{.message = "no", .data_json = {}});
  EXPECT_EQ(client.read(), R"(4/slow,{"message":"no"})");
}

TEST_F(SocketIoTest, ReachesRoomsExceptAndEverybodyFromAnyThread) {
  start();
  std::vector<Client> clients;
  for (int i = 0; i < 6; ++i) clients.push_back(join());
  for (size_t i = 0; i < 4; ++i) {
    clients[i].send(R"(21["join","room"])");
    EXPECT_EQ(clients[i].read(), "31[true]");
  }
  io.sockets().to("room").emit("x", 1);
  io.sockets().to("room").to(clients[5].id()).except(clients[0].id()).emit("x", 2);
  io.sockets().emit("x", 3);
  io.sockets().except("room").emit("x", 4);
  const std::vector<std::vector<int>> expected{{1, 3}, {1, 2, 3}, {1, 2, 3}, {1, 2, 3}, {3, 4}, {2, 3, 4}};
  for (size_t i = 0; i < clients.size(); ++i) {
    for (const int number : expected[i])
      EXPECT_EQ(clients[i].read(), "2[\"x\"," + std::to_string(number) + "]");
    EXPECT_EQ(clients[i].ask("hello"), R"(399["hello"])") << "and nothing more";
  }
}

TEST_F(SocketIoTest, KeepsNoRoomsWithNamesThatAreTooLong) {
  start();
  Client client = join();
  const std::string longest(1'024, 'r');
  const std::string huge(500'000, 'r');
  client.send("21[\"join\",\"" + longest + "\"]");
  EXPECT_EQ(client.read(), "31[true]");
  for (const std::string& name : {longest + "r", huge}) {
    client.send("22[\"join\",\"" + name + "\"]");
    EXPECT_EQ(client.read(), "32[false]");
  }
  io.sockets().sockets_join({huge, "short"});
  io.to(huge).emit("nobody");
  io.to("short").emit("somebody");
  io.to(longest).emit("somebody");
  for (int i = 0; i < 2; ++i) EXPECT_EQ(client.read(), R"(2["somebody"])");
  EXPECT_EQ(io.sockets().metrics().rooms, 2u);
}

TEST_F(SocketIoTest, KeepsTheOrderOfEverySenderAmongManyThreads) {
  start();
  std::vector<Client> clients;
  for (int i = 0; i < 4; ++i) clients.push_back(join());
  constexpr int kSenders = 5;
  constexpr int kEach = 400;
  std::vector<std::thread> senders;
  for (int s = 0; s < kSenders; ++s)
    senders.emplace_back([&, s] {
      for (int i = 0; i < kEach; ++i) io.sockets().emit("n", s, i);
    });
  for (Client& client : clients) {
    std::vector<int> next(kSenders, 0);
    for (int i = 0; i < kSenders * kEach; ++i) {
      int sender = -1;
      int number = -1;
      const std::string packet = client.read();
      ASSERT_EQ(std::sscanf(packet.c_str(), "2[\"n\",%d,%d]", &sender, &number), 2) << packet;
      ASSERT_EQ(number, next.at(static_cast<size_t>(sender))++);
    }
  }
  for (auto& sender : senders) sender.join();
}

TEST_F(SocketIoTest, AsksClientsForAcknowledgementsAndGivesUpInTime) {
  io.sockets().on("ask-me", [&](Socket& socket, Event& event) {
    const auto timeout = Milliseconds(event.args().first().as_int64());
    socket.emit_with_ack("question", make_args("?"), timeout, [&](Result<ArgsView> answer) {
      note(answer ? std::string(answer->json()) : std::string(to_string(answer.error().code)));
    });
  });
  start();
  {
    Client client = join();
    client.send(R"(2["ask-me",60000])");
    EXPECT_EQ(client.read(), R"(20["question","?"])");
    client.send(R"(30["answer",1])");
    client.send(R"(30["again"])");
    ASSERT_TRUE(logged(1));
    client.send(R"(2["ask-me",1])");
    EXPECT_EQ(client.read(), R"(21["question","?"])");
    ASSERT_TRUE(logged(2));
    client.send(R"(31["too late"])");
    client.send(R"(2["ask-me",60000])");
    EXPECT_EQ(client.read(), R"(22["question","?"])");
  }
  ASSERT_TRUE(logged(3));
  const auto all = lines();
  EXPECT_EQ(all[0], R"("answer",1)");
  EXPECT_EQ(all[1], to_string(ErrorCode::kRequestTimeout));
  EXPECT_EQ(all[2], to_string(ErrorCode::kInvalidOperation)) << "disconnected meanwhile";
}

class ClientFilesTest : public SocketIoTest {
 protected:
  ClientFilesTest()
      : SocketIoTest({.engine = {.path = "/live/", .origins = http::OriginPolicy({"https://a.example"})},
                      .serve_client = {{"/socket.io.js", "text/javascript", "\"tag\"", "plain", "zipped"}}}) {
  }
};

TEST_F(ClientFilesTest, ServesTheFilesOfTheClientBesideTheEndpoint) {
  start();
  net::test::TcpClient client(http->port());
  auto answer = client.get("/live/socket.io.js?v=1");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "plain");
  EXPECT_EQ(answer.headers.at("content-type"), "text/javascript");
  EXPECT_EQ(answer.headers.at("etag"), "\"tag\"");
  const auto ask = [&](std::string_view header, std::string_view method = "GET") {
    client.send(std::string(method) + " /live/socket.io.js HTTP/1.1\r\nHost: x\r\n" + std::string(header) +
                "\r\n\r\n");
    return client.read_answer();
  };
  answer = ask("Accept-Encoding: gzip, br");
  EXPECT_EQ(answer.body, "zipped");
  EXPECT_EQ(answer.headers.at("content-encoding"), "gzip");
  EXPECT_EQ(ask("If-None-Match: W/\"tag\"").status, 304);
  EXPECT_EQ(ask("X: y", "POST").status, 405);
  // Modules of other origins are fetched with CORS.
  EXPECT_EQ(ask("Origin: https://a.example").headers.at("access-control-allow-origin"), "https://a.example");
  EXPECT_EQ(ask("Origin: https://b.example").status, 403);
  EXPECT_EQ(client.get("/live/?EIO=4&transport=polling").status, 200);
  EXPECT_TRUE(io.owns_path("/live/socket.io.js"));
  for (const std::string_view other : {"/socket.io.js", "/live/socket.io.min.js", "/live//", "/"})
    EXPECT_FALSE(io.owns_path(other)) << other;
}

TEST_F(SocketIoTest, AnswersAcknowledgementsFromAnotherThread) {
  std::vector<std::thread> threads;
  std::mutex mutex;
  io.sockets().on("later", [&](Socket&, Event& event) {
    const std::lock_guard lock(mutex);
    threads.emplace_back([ack = event.take_ack()]() mutable {
      ack("later", true);
      ack("only the first counts");
    });
  });
  start();
  Client client = join();
  client.send(R"(25["later"])");
  EXPECT_EQ(client.read(), R"(35["later",true])");
  EXPECT_EQ(client.ask("hello"), R"(399["hello"])");
  for (auto& thread : threads) thread.join();
}

TEST_F(SocketIoTest, RelaysBinaryWithPlaceholdersThatFitTheirAttachments) {
  io.sockets().on("relay", [](Socket& socket, Event& event) {
    socket.emit("out", Binary{"mine"}, event.args(), Binary{"last"});
    event.ack(event.args());
  });
  start();
  Client client = join();
  client.send(R"(52-4["relay",{"num":1,"_placeholder":true},[{"_placeholder":true,"num":0}],{"num":1}])");
  client.send_binary("A");
  client.send_binary("B");
  EXPECT_EQ(client.read(), R"(54-["out",{"_placeholder":true,"num":0},{"num":2,"_placeholder":true},)"
                           R"([{"_placeholder":true,"num":1}],{"num":1},{"_placeholder":true,"num":3}])");
  for (const char* const attachment : {"mine", "A", "B", "last"}) EXPECT_EQ(client.read(), attachment);
  EXPECT_EQ(client.read(),
            R"(62-4[{"num":1,"_placeholder":true},[{"_placeholder":true,"num":0}],{"num":1}])");
  for (const char* const attachment : {"A", "B"}) EXPECT_EQ(client.read(), attachment);
}

class ImpatientSocketIoTest : public SocketIoTest {
 protected:
  ImpatientSocketIoTest() : SocketIoTest({.attachment_timeout = Milliseconds(50)}) {}
};

TEST_F(ImpatientSocketIoTest, ClosesAConnectionWhoseAttachmentsDripInTooSlowly) {
  io.sockets().on_disconnect([&](Socket&, DisconnectReason reason) { note(std::string(to_string(reason))); });
  start();
  Client client = join();
  client.send(R"(53-["x",{"_placeholder":true,"num":0}])");
  client.send_binary("one");
  EXPECT_EQ(client.websocket().read_close(), 1002);
  ASSERT_TRUE(logged(1));
  EXPECT_EQ(lines()[0], "parse error");
}

TEST_F(SocketIoTest, SaysWhyASocketLeftAndForgetsItsReference) {
  io.sockets().on("leave",
                  [](Socket& socket, Event& event) { socket.disconnect(event.args().first().as_bool()); });
  io.sockets().on_disconnect([&](Socket& socket, DisconnectReason reason) {
    EXPECT_FALSE(socket.join("room")) << "on its way out";
    note(std::string(to_string(reason)));
  });
  start();
  {
    Client client = join();
    client.send("1");
    ASSERT_TRUE(logged(1));
  }
  for (const char* const close : {"false", "true"}) {
    Client client = join();
    client.send("2[\"leave\"," + std::string(close) + "]");
    EXPECT_EQ(client.read(), "1");
  }
  ASSERT_TRUE(logged(3));
  {
    Client client = join();
  }
  ASSERT_TRUE(logged(4));
  Client stays = join();
  io.close();
  ASSERT_TRUE(logged(5));
  EXPECT_EQ(lines(), (std::vector<std::string>{"client namespace disconnect", "server namespace disconnect",
                                               "server namespace disconnect", "transport close",
                                               "server shutting down"}));
  std::vector<SocketRef> refs;
  log.change([&](Log& l) { refs = l.refs; });
  EXPECT_EQ(refs.size(), 5u);
  for (const SocketRef& ref : refs) ref.run([](Socket&) { FAIL() << "is gone"; });
  shards.run_on_each([](net::Shard&) {});
  EXPECT_EQ(io.sockets().socket_count(), 0u);
}

TEST_F(SocketIoTest, SurvivesHandlersThatDisconnectEachOther) {
  // The client's two sockets, each closing the whole connection when the other goes, and registering more.
  std::map<std::string, Socket*> here;  // of one client: one shard
  for (const char* const name : {"/a", "/b"}) {
    io.of(name).on_connection([&here, name](Socket& socket) { here[name] = &socket; });
    io.of(name).on_disconnect([&](Socket& socket, DisconnectReason) {
      socket.on_disconnect([&](DisconnectReason) { note("late handler"); });
      socket.on_disconnect([&](DisconnectReason) {});
      for (auto& [other, it] : here) it->disconnect(true);
      note("left " + socket.nsp().name());
    });
  }
  start();
  Client client(http->port());
  client.send("0/a,");
  client.read();
  client.send("0/b,");
  client.read();
  client.send("1/a,");
  ASSERT_TRUE(logged(4));
  auto all = lines();
  std::ranges::sort(all);
  EXPECT_EQ(all, (std::vector<std::string>{"late handler", "late handler", "left /a", "left /b"}));
}

TEST_F(SocketIoTest, DisconnectsARoomFromAnyThread) {
  io.sockets().on_disconnect([&](Socket&, DisconnectReason reason) { note(std::string(to_string(reason))); });
  start();
  std::vector<Client> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(join());
    clients.back().send(R"(21["join","room"])");
    clients.back().read();
  }
  Client outside = join();
  io.sockets().in("room").disconnect_sockets(true);
  for (Client& client : clients) {
    EXPECT_EQ(client.read(), "1");
    EXPECT_EQ(client.websocket().read_close(), 1000);
  }
  ASSERT_TRUE(logged(5));
  EXPECT_EQ(outside.ask("hello"), R"(399["hello"])");
}

TEST_F(SocketIoTest, ToleratesJoiningAndLeavingWhileThreadsBroadcast) {
  start();
  std::atomic<bool> going{true};
  std::thread broadcaster([&] {
    while (going) {
      io.sockets().to("room").emit("noise");
      shards.run_on_each([](net::Shard&) {});  // no faster than they are delivered
    }
  });
  for (int round = 0; round < 30; ++round) {
    Client client = join();
    client.send(R"(2["join","room"])");
    client.send("1");
  }
  going = false;
  broadcaster.join();
}

}  // namespace
}  // namespace patchbay::socketio
