// What reaches many sockets at once, and what stands between an event and its handler.
#include <algorithm>
#include <atomic>
#include <thread>

#include <boost/json/object.hpp>
#include <gtest/gtest.h>

#include "socketio/observer.h"
#include "socketio/standalone_server.h"
#include "socketio/test_server.h"
#include "socketio/typed.h"

namespace patchbay::socketio {

// A struct as an application would send and take it.
struct Greeting {
  std::string text;
  int64_t times = 0;
};
Greeting tag_invoke(boost::json::value_to_tag<Greeting>, const boost::json::value& value) {
  return {boost::json::value_to<std::string>(value.at("text")), value.at("times").as_int64()};
}
void tag_invoke(boost::json::value_from_tag, boost::json::value& value, const Greeting& greeting) {
  value = {{"text", greeting.text}, {"times", greeting.times}};
}

namespace {

using net::test::Watched;
using test::Client;
using test::SocketIoTest;

TEST_F(SocketIoTest, CollectsTheAcknowledgementsOfABroadcast) {
  start();
  Client a = join(), b = join(), c = join();
  for (Client* client : {&a, &b, &c}) {
    client->send("21[\"join\",\"room\"]");
    client->read();
  }
  io.to("room")
      .except(c.id())
      .timeout(Milliseconds(20'000))
      .emit_with_ack_args("question", make_args(7), [&](BroadcastAcks acks) {
        std::vector<std::string> answers;
        for (const Args& response : acks.responses) answers.push_back(response.json);
        std::ranges::sort(answers);
        note((acks.complete() ? "complete " : "partial ") + std::to_string(acks.expected) + " " +
             answers.front() + answers.back());
      });
  for (Client* client : {&a, &b}) {
    const std::string question = client->read();
    ASSERT_TRUE(question.starts_with("2") && question.ends_with("[\"question\",7]")) << question;
    const std::string id = question.substr(1, question.find('[') - 1);
    client->send("3" + id + "[\"" + (client == &a ? "x" : "y") + "\"]");
  }
  ASSERT_TRUE(logged(1));
  EXPECT_EQ(lines()[0], "complete 2 \"x\"\"y\"");
}

TEST_F(SocketIoTest, GivesWhatCameOfABroadcastsAcknowledgementsWhenAClientIsSilentOrGone) {
  start();
  Client silent = join(), quick = join();
  auto gone = std::make_unique<Client>(join());
  io.sockets().timeout(Milliseconds(2'000)).emit_with_ack_args("question", {}, [&](BroadcastAcks acks) {
    note(std::to_string(acks.responses.size()) + " of " + std::to_string(acks.expected));
  });
  const std::string question = quick.read();
  quick.send("3" + question.substr(1, question.find('[') - 1) + "[1]");
  gone->read();
  gone = nullptr;
  ASSERT_TRUE(logged(1));
  EXPECT_EQ(lines()[0], "1 of 3");
}

TEST_F(SocketIoTest, FetchesJoinsAndMovesSocketsOfEveryShard) {
  io.of("/").on_connection([](Socket& socket) { socket.data = std::string("mine"); });
  start();
  std::vector<Client> clients;
  for (int i = 0; i < 8; ++i) clients.push_back(join());
  io.sockets().sockets_join({"all", "more"});
  io.to("all").except(clients[0].id()).sockets_leave({"more"});
  const auto fetch = [&](std::string_view room) {
    io.to(room).fetch_sockets([&](std::vector<RemoteSocket> found) {
      std::string line = std::to_string(found.size());
      for (const RemoteSocket& socket : found)
        if (socket.id == clients[0].id())
          line += " " + std::to_string(socket.rooms.size()) + std::any_cast<std::string>(socket.data);
      note(line);
    });
  };
  fetch("all");
  ASSERT_TRUE(logged(1));
  EXPECT_EQ(lines()[0], "8 2mine");
  fetch("more");
  ASSERT_TRUE(logged(2));
  EXPECT_EQ(lines()[1], "1 2mine");
  fetch("nobody");
  ASSERT_TRUE(logged(3));
  EXPECT_EQ(lines()[2], "0");
}

TEST_F(SocketIoTest, AnswersAServerSideEmitAtOnceWhenThereIsNoOtherServer) {
  start();
  io.sockets().server_side_emit_with_ack("hello", {}, Milliseconds(5'000), [&](ServerSideAcks acks) {
    note(std::to_string(acks.responses.size() + acks.missing));
  });
  ASSERT_TRUE(logged(1));
  EXPECT_EQ(lines()[0], "0");
}

TEST_F(SocketIoTest, LetsMiddlewareHoldRefuseAndPassEvents) {
  std::vector<EventNext> held;
  io.sockets().use_event([&](Event& event, EventNext next) {
    if (event.name() == "bad") return next(ConnectError{.message = "not you", .data_json = "{\"code\":7}"});
    if (event.name() == "later") return log.change([&](auto&) { held.push_back(std::move(next)); });
    next(std::nullopt);
  });
  io.sockets().on_error([](Socket&, const ConnectError& error, Event& event) {
    event.ack(error.message, RawJson{error.data_json});
  });
  io.sockets().on("later", [](Socket&, Event& event) { event.ack("at last", event.args()); });
  io.sockets().on_connection([](Socket& socket) {
    socket.use([](Event& event, EventNext next) {
      if (event.name() == "hello" && !event.args().empty())
        return next(ConnectError{.message = "no arguments, please", .data_json = "null"});
      next(std::nullopt);
    });
  });
  start();
  Client client = join();
  EXPECT_EQ(client.ask("hello"), R"(399["hello"])");
  client.send("21[\"bad\"]");
  EXPECT_EQ(client.read(), R"(31["not you",{"code":7}])");
  client.send("22[\"hello\",1]");
  EXPECT_EQ(client.read(), R"(32["no arguments, please",null])");
  client.send("23[\"later\",{\"kept\":true}]");
  EXPECT_EQ(client.ask("hello"), R"(399["hello"])") << "those behind it do not wait";
  ASSERT_TRUE(log.wait([&](const auto&) { return !held.empty(); }));
  held[0](std::nullopt);
  held[0](std::nullopt);  // once is enough
  EXPECT_EQ(client.read(), R"(33["at last",{"kept":true}])");
  EXPECT_EQ(io.sockets().metrics().event_errors, 2u);
}

TEST_F(SocketIoTest, HearsEveryEventInAndOutAndThoseNobodyElseDoes) {
  io.sockets().on_any([this](Socket&, Event& event) { note("in " + std::string(event.name())); });
  io.sockets().on_unhandled(
      [this](Socket&, Event& event) { note("unhandled " + std::string(event.name())); });
  io.sockets().on_any_outgoing([this](Socket&, std::string_view event, const ArgsView& args) {
    note("out " + std::string(event) + " " + std::string(args.json()));
  });
  io.sockets().on_connection([this](Socket& socket) {
    socket.once("once", [](Event& event) { event.ack("heard"); });
    socket.on("stop", [](Event& event) {
      event.socket().off("stop");
      event.ack("stopped");
    });
    socket.on_any([this](Event& event) { note("own " + std::string(event.name())); });
    socket.emit("welcome", 1);
  });
  start();
  Client client = join();
  EXPECT_EQ(client.read(), R"(2["welcome",1])");
  EXPECT_EQ(client.ask("once"), R"(399["heard"])");
  EXPECT_EQ(client.ask("stop"), R"(399["stopped"])");
  client.send("2[\"once\"]");
  client.send("2[\"stop\"]");
  io.emit("all", 2);
  EXPECT_EQ(client.read(), R"(2["all",2])");
  ASSERT_TRUE(logged(12));
  auto seen = lines();
  // The broadcast comes from another thread: anywhere among the rest.
  std::erase(seen, "out all 2");
  EXPECT_EQ(seen, (std::vector<std::string>{"out welcome 1", "in once", "own once", "in stop", "own stop",
                                            "in once", "own once", "unhandled once", "in stop", "own stop",
                                            "unhandled stop"}));
}

TEST_F(SocketIoTest, MakesNamespacesOfAPatternWhenClientsComeAndCountsThem) {
  Namespace& tenants = io.of_pattern("/tenant-*");
  tenants.on("who", [](Socket& socket, Event& event) { event.ack(socket.nsp().name()); });
  io.on_new_namespace([this](Namespace& nsp) { note(nsp.name()); });
  start();
  Client a(http->port()), b(http->port());
  for (const auto& [client, name] : {std::pair(&a, "/tenant-1"), std::pair(&b, "/tenant-2")}) {
    client->send("0" + std::string(name) + ",");
    ASSERT_TRUE(client->read().starts_with("0" + std::string(name) + ",{\"sid\""));
    client->send("2" + std::string(name) + ",1[\"who\"]");
    EXPECT_EQ(client->read(), "3" + std::string(name) + ",1[\"" + name + "\"]");
  }
  tenants.emit("to all");
  EXPECT_EQ(a.read(), R"(2/tenant-1,["to all"])");
  EXPECT_EQ(b.read(), R"(2/tenant-2,["to all"])");
  io.find("/tenant-2")->emit("to one");
  EXPECT_EQ(b.read(), R"(2/tenant-2,["to one"])");
  for (const std::string_view name : {"/tenant-", "/tenant-a/b", "/x/tenant-1", "/tenants"}) {
    a.send("0" + std::string(name) + ",");
    EXPECT_EQ(a.read(), "4" + std::string(name) + R"(,{"message":"Invalid namespace"})");
  }
  EXPECT_EQ(lines(), (std::vector<std::string>{"/tenant-1", "/tenant-2"}));
}

TEST_F(SocketIoTest, AsksAndFetchesThroughAPatternFromAllItsNamespaces) {
  Namespace& tenants = io.of_pattern("/tenant-*");
  start();
  const auto ask = [&] {
    tenants.timeout(Milliseconds(20'000))
        .emit_with_ack_args("question", make_args(7), [&](BroadcastAcks acks) {
          std::vector<std::string> answers;
          for (const Args& response : acks.responses) answers.push_back(response.json);
          std::ranges::sort(answers);
          std::string line = acks.complete() ? "complete" : "partial";
          for (const std::string& answer : answers) line += " " + answer;
          note(line);
        });
  };
  const auto fetch = [&] {
    tenants.fetch_sockets(
        [&](std::vector<RemoteSocket> sockets) { note(std::to_string(sockets.size()) + " sockets"); });
  };
  ask();
  ASSERT_TRUE(logged(1));
  fetch();
  ASSERT_TRUE(logged(2));
  Client a(http->port()), b(http->port()), c(http->port());
  const std::vector<std::pair<Client*, std::string>> members{
      {&a, "/tenant-1,"}, {&b, "/tenant-1,"}, {&c, "/tenant-2,"}};
  for (const auto& [client, name] : members) {
    client->send("0" + name);
    ASSERT_TRUE(client->read().starts_with("0" + name));
  }
  fetch();
  ASSERT_TRUE(logged(3));
  std::atomic<int> visited{0};
  tenants.for_each_socket([&](Socket&) { ++visited; });
  shards.run_on_each([](net::Shard&) {});
  EXPECT_EQ(visited, 3);
  ask();
  int n = 0;
  for (const auto& [client, name] : members) {
    const std::string question = client->read();
    ASSERT_TRUE(question.starts_with("2" + name)) << question;
    const size_t id = 1 + name.size();
    client->send("3" + name + question.substr(id, question.find('[') - id) + "[" + std::to_string(++n) + "]");
  }
  ASSERT_TRUE(logged(4));
  EXPECT_EQ(lines(), (std::vector<std::string>{"complete", "0 sockets", "3 sockets", "complete 1 2 3"}));
}

struct TidySocketIoTest : SocketIoTest {
  TidySocketIoTest() : SocketIoTest({.max_dynamic_namespaces = 2, .cleanup_empty_child_namespaces = true}) {}
};

TEST_F(TidySocketIoTest, RemovesEmptyNamespacesAndBoundsHowManyThereMayBe) {
  io.of_matching([](std::string_view name, const Handshake& handshake) {
      return name.starts_with("/d/") && handshake.auth_json == "{\"in\":1}";
    }).use([](const auto& connecting, Namespace::Next next) {
    connecting->handshake.auth_json.size() > 100 ? next(ConnectError{.message = "never", .data_json = {}})
                                                 : next(std::nullopt);
  });
  start();
  Client client = join();
  const auto enter = [&](std::string_view name) {
    client.send("0" + std::string(name) + ",{\"in\":1}");
    return client.read();
  };
  EXPECT_TRUE(enter("/d/1").starts_with("0/d/1,"));
  EXPECT_TRUE(enter("/d/2").starts_with("0/d/2,"));
  EXPECT_EQ(enter("/d/3"), R"(4/d/3,{"message":"Invalid namespace"})") << "as many as are allowed";
  client.send("1/d/1,");
  client.ask("hello");
  EXPECT_EQ(io.find("/d/1"), nullptr);
  EXPECT_TRUE(enter("/d/3").starts_with("0/d/3,"));
  client.send("0/d/4,");
  EXPECT_EQ(client.read(), R"(4/d/4,{"message":"Invalid namespace"})")
      << "the predicate sees the credentials";
}

TEST_F(SocketIoTest, SendsNothingUnderANameThatClientsTakeForSomethingElse) {
  io.sockets().on("try", [this](Socket& socket, Event& event) {
    for (const char* const name : {"connect", "connect_error", "disconnect", "newListener"}) {
      socket.emit(name, boost::json::object{});
      socket.make_volatile().emit(name);
      socket.nsp().to(socket.id()).emit(name);
    }
    socket.emit_with_ack("connect", {}, Milliseconds(20'000),
                         [this](Result<ArgsView> answer) { note(answer ? "sent" : answer.error().message); });
    socket.nsp().timeout(Milliseconds(20'000)).emit_with_ack_args("connect", {}, [this](BroadcastAcks acks) {
      note(std::to_string(acks.expected));
    });
    event.ack();
  });
  start();
  Client client = join();
  io.emit("disconnect");
  io.sockets().timeout(Milliseconds(20'000)).emit_with_ack_args("connect", {}, [this](BroadcastAcks acks) {
    note(std::to_string(acks.expected));
  });
  ASSERT_TRUE(logged(1));
  EXPECT_EQ(client.ask("try"), "399[]");
  EXPECT_EQ(client.ask("hello"), R"(399["hello"])") << "nothing else has come";
  EXPECT_EQ(lines(), (std::vector<std::string>{"0", "the event's name is reserved", "0"}));
}

TEST_F(SocketIoTest, FlagsMayStandBeforeTheRoomsAsWellAsBehindThem) {
  io.sockets().on("tell", [](Socket& socket, Event& event) {
    socket.compress(false).to("room").emit("to", 1);
    // Something waits for the receiver in this turn: volatile ones are dropped.
    socket.make_volatile().in("room").emit("in", 2);
    socket.coalesce("key").except("muted").emit("except", 3);
    socket.compress(false).broadcast().emit("broadcast", 4);
    socket.timeout(Milliseconds(20'000)).to("room").emit_with_ack_args("asked", {}, [](BroadcastAcks) {});
    event.ack();
  });
  start();
  Client teller = join();
  std::unique_ptr<Client> hearer;
  do hearer = std::make_unique<Client>(join());
  while (hearer->shard() != teller.shard());
  hearer->send("21[\"join\",\"room\"]");
  hearer->read();
  EXPECT_EQ(teller.ask("tell"), "399[]") << "nothing comes to who sends it";
  EXPECT_EQ(hearer->read(), R"(2["to",1])");
  EXPECT_EQ(hearer->read(), R"(2["except",3])");
  EXPECT_EQ(hearer->read(), R"(2["broadcast",4])");
  EXPECT_TRUE(hearer->read().ends_with("[\"asked\"]"));
  EXPECT_EQ(io.sockets().metrics().dropped_volatile, 1u);
}

TEST_F(SocketIoTest, AHandlerOfEveryEventMayTakeItselfAway) {
  io.sockets().on_connection([this](Socket& socket) {
    socket.on_any([this, &socket, name = std::string(100, 'n')](Event&) {
      socket.off_any();
      note(name);
    });
    socket.on_any([this](Event&) { note("another"); });
  });
  start();
  Client client = join();
  client.ask("hello");
  client.ask("hello");
  EXPECT_EQ(lines(), std::vector<std::string>{std::string(100, 'n')});
}

TEST_F(SocketIoTest, SendsAndTakesStructs) {
  on<Greeting>(io.sockets(), "greet", [](Socket& socket, Greeting greeting, Event& event) {
    greeting.times *= 2;
    socket.emit("greeted", greeting);
    event.ack(true);
  });
  start();
  Client client = join();
  client.send(R"(21["greet",{"text":"hi","times":21}])");
  EXPECT_EQ(client.read(), R"(2["greeted",{"text":"hi","times":42}])");
  EXPECT_EQ(client.read(), "31[true]");
  client.send(R"(22["greet",{"text":"hi"}])");
  EXPECT_TRUE(client.read().starts_with(R"(32[{"ok":false,"error":"argument 0)"));
  client.send(R"(23["greet"])");
  EXPECT_EQ(client.read(), R"(33[{"ok":false,"error":"argument 0 is missing"}])");
}

TEST_F(SocketIoTest, ShowsAnObserverEverything) {
  struct Watcher : Observer {
    explicit Watcher(SocketIoTest& it) : test(it) {}
    void on_connected(Socket&) override { test.note("connected"); }
    void on_disconnected(Socket&, DisconnectReason reason) override {
      test.note("gone: " + std::string(to_string(reason)));
    }
    void on_joined(Socket&, std::string_view room) override { test.note("joined " + std::string(room)); }
    void on_left(Socket&, std::string_view room) override { test.note("left " + std::string(room)); }
    void on_event_received(Socket&, std::string_view event, const ArgsView& args) override {
      test.note("in " + std::string(event) + std::string(args.json()));
    }
    void on_event_sent(Socket&, std::string_view event, const ArgsView& args) override {
      test.note("out " + std::string(event) + std::string(args.json()));
    }
    SocketIoTest& test;
  } watcher(*this);
  io.set_observer(&watcher);
  start();
  Client client = join();
  client.send("21[\"join\",\"r\"]");
  client.read();
  io.to("r").emit("e", 1);
  EXPECT_EQ(client.read(), R"(2["e",1])");
  client.send("1");
  ASSERT_TRUE(logged(6));
  EXPECT_EQ(lines(), (std::vector<std::string>{"connected", "in join\"r\"", "joined r", "out e1", "left r",
                                               "gone: client namespace disconnect"}));
}

TEST(StandaloneServer, ServesAndSaysWhyItCannot) {
  // Options of the layer below leave the path as clients expect it.
  StandaloneServer server({.port = 0, .shards = 2, .io = {.engine = {.allow_polling = false}}});
  EXPECT_EQ(server.io().options().engine.path, "/socket.io/");
  server.io().sockets().on("ping", [](Socket&, Event& event) { event.ack("pong"); });
  ASSERT_TRUE(server.start());
  Client client = Client::joined(server.port());
  EXPECT_EQ(client.ask("ping"), R"(399["pong"])");

  StandaloneServer second({.port = server.port(), .shards = 1});
  EXPECT_FALSE(second.start());
  StandaloneServer blind({.port = 0, .tls_certificate = "/nowhere.pem", .tls_key = "/nowhere.key"});
  EXPECT_FALSE(blind.start());
  server.stop();
}

TEST_F(SocketIoTest, ADrainLetsAClientGoOnceItHasTheAcknowledgementsItIsOwed) {
  Watched<std::vector<Ack>> acks;
  Watched<std::vector<EventNext>> waiting;
  io.sockets().on("slow", [&](Socket&, Event& event) {
    acks.change([&](auto& all) { all.push_back(event.take_ack()); });
  });
  io.sockets().use_event([&](Event& event, EventNext next) {
    if (event.name() != "checked") return next(std::nullopt);
    waiting.change([&](auto& all) { all.push_back(std::move(next)); });
  });
  io.sockets().on("checked", [](Socket&, Event& event) { event.ack("passed"); });
  start();
  Client client = join();
  client.send(R"(21["slow"])");
  client.send(R"(22["checked"])");
  ASSERT_TRUE(acks.wait([](const auto& all) { return all.size() == 1; }));
  ASSERT_TRUE(waiting.wait([](const auto& all) { return all.size() == 1; }));
  Watched<bool> done;
  ASSERT_TRUE(io.drain(Milliseconds(0), [&] { done.change([](bool& it) { it = true; }); }));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  // Events that come now are not taken.
  client.send(R"(23["hello"])");
  acks.change([](auto& all) { all[0]("made"); });
  EXPECT_EQ(client.read(), R"(31["made"])");
  waiting.change([](auto& all) { all[0](std::nullopt); });
  EXPECT_EQ(client.read(), R"(32["passed"])");
  EXPECT_EQ(client.websocket().read_close(), 1000);
  client.websocket().tcp().close();
  EXPECT_TRUE(done.wait([](bool it) { return it; }));
}

}  // namespace
}  // namespace patchbay::socketio
