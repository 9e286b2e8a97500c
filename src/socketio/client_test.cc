#include "socketio/client.h"

#include <algorithm>
#include <thread>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>

#include "http/server.h"
#include "net/test_certificate.h"
#include "net/test_client.h"
#include "socketio/client_thread.h"
#include "socketio/server.h"

namespace patchbay::socketio {
namespace {

using engineio::TransportKind;
using net::test::on_shard;

// Our real server, and clients on a shard of their own. Everybody notes lines in one log.
class SocketIoClientTest : public testing::Test, public http::Handler {
 protected:
  SocketIoClientTest() : io(std::make_unique<Server>(shards, ServerOptions{})) {
    io->sockets().on_connection([this](Socket& socket) {
      refs.change([&](auto& r) { r.push_back(socket.ref()); });
      socket.on_disconnect(
          [this](DisconnectReason reason) { note("server: " + std::string(to_string(reason))); });
    });
    io->sockets().on("echo", [](Socket&, Event& event) {
      event.ack_json(event.args().json(), event.args().attachments());
    });
    io->sockets().on("back", [](Socket& socket, Event& event) { socket.emit("back", event.args()); });
    io->sockets().on("note",
                     [this](Socket&, Event& event) { note("heard " + std::string(event.args().json())); });
    io->sockets().on("kick", [](Socket& socket, Event&) { socket.disconnect(); });
    io->sockets().on("cut", [](Socket& socket, Event&) { socket.disconnect(true); });
    io->sockets().on("silence", [](Socket&, Event&) {});
  }
  // Not in the destructor: the server may be calling handle() until it has stopped.
  void TearDown() override {
    on_shard(own, [this] { client.reset(); });
    io->close();
    if (server) server->stop();
    shards.stop();
    client_shards.stop();
  }
  void start(http::ServerOptions options = {}) {
    server = std::make_unique<http::Server>(shards, *this, options);
    shards.start();
    client_shards.start();
    ASSERT_TRUE(server->start());
  }
  void handle(const http::ExchangePtr& exchange) override {
    const http::Request& request = exchange->request();
    if (request.path != "/socket.io/") return exchange->respond({.status = 404});
    // Only requests for a new session.
    if (refusals.load() > 0 && !request.query_parameter("sid")) {
      --refusals;
      return exchange->respond(http::error_response(503, "X", "not now"));
    }
    io->handle(exchange);
  }
  ClientOptions options() {
    return {.engine = {.url = *http::Url::parse("http://127.0.0.1:" + std::to_string(server->port()))},
            .reconnection_delay = {.min = Milliseconds(5), .max = Milliseconds(20)}};
  }
  ClientOptions over(std::vector<TransportKind> transports) {
    ClientOptions wanted = options();
    wanted.engine.session.transports = std::move(transports);
    return wanted;
  }
  // Makes the client and notes what its main socket goes through.
  void make(ClientOptions wanted) {
    on_shard(own, [&] {
      client = std::make_unique<Client>(own, std::move(wanted));
      watch(client->of("/"), "");
    });
  }
  void watch(ClientSocket& socket, const std::string& prefix) {
    socket.on_connect(
        [this, prefix, &socket] { note(prefix + (socket.recovered() ? "recovered" : "connected")); });
    socket.on_disconnect([this, prefix](ClientDisconnect reason, std::string_view) {
      note(prefix + "disconnected: " + std::string(to_string(reason)));
    });
    socket.on_connect_error([this, prefix](const ConnectRefusal& refusal) {
      note(prefix + (refusal.by_server ? "refused: " : "failed: ") + refusal.message +
           (refusal.data_json.empty() ? "" : " " + refusal.data_json));
    });
  }
  void note(const std::string& line) {
    log.change([&](auto& l) { l.push_back(line); });
  }
  // Waits until `line` has been noted `times`.
  bool noted(const std::string& line, long times = 1) {
    const bool came = log.wait([&](const auto& l) { return std::ranges::count(l, line) >= times; });
    if (!came)
      for (const auto& it : log.get()) ADD_FAILURE() << it;
    return came;
  }
  template <typename Task>
  auto with(Task task) {
    return on_shard(own, [&] { return task(client->of("/")); });
  }
  // Emits and waits for the answer: its JSON, or "error: …".
  std::string ask(std::string event, Args args, Milliseconds timeout = Milliseconds(30'000)) {
    net::test::Watched<std::optional<std::string>> answer;
    with([&](ClientSocket& socket) {
      socket.emit_with_ack(event, args, timeout, [&answer](Result<ArgsView> result) {
        std::string text;
        if (result) {
          text = result->json();
          for (const auto& attachment : result->attachments()) text += "|" + *attachment;
        } else {
          text = "error: " + result.error().message;
        }
        answer.change([&](auto& a) { a = text; });
      });
    });
    EXPECT_TRUE(answer.wait([](const auto& a) { return a.has_value(); }));
    return answer.get().value_or("nothing");
  }
  void server_emits(const std::function<void(Socket&)>& task) {
    ASSERT_TRUE(refs.wait([](const auto& r) { return !r.empty(); }));
    refs.get().back().run([task](Socket& socket) { task(socket); });
  }

  net::ShardGroup shards{2};
  net::ShardGroup client_shards{1};
  net::Shard& own = client_shards[0];
  std::unique_ptr<Server> io;
  std::unique_ptr<http::Server> server;
  std::unique_ptr<Client> client;
  net::test::Watched<std::vector<std::string>> log;
  net::test::Watched<std::vector<SocketRef>> refs;
  std::atomic<int> refusals{0};
};

const std::vector<std::vector<TransportKind>> kWays = {{TransportKind::kPolling, TransportKind::kWebSocket},
                                                       {TransportKind::kPolling},
                                                       {TransportKind::kWebSocket}};

TEST_F(SocketIoClientTest, TalksAndAsksOverEveryTransport) {
  start();
  for (size_t way = 0; way < kWays.size(); ++way) {
    make(over(kWays[way]));
    ASSERT_TRUE(noted("connected", static_cast<long>(way) + 1));
    EXPECT_EQ(ask("echo", make_args("text", 1, nullptr, 2.5, true)), R"("text",1,null,2.5,true)");
    EXPECT_EQ(ask("echo", make_args(Binary{std::string("\0\xff", 2)}, "x")),
              std::string(R"({"_placeholder":true,"num":0},"x"|)") + std::string("\0\xff", 2));
    const std::string large(200'000, 'x');
    EXPECT_EQ(ask("echo", make_args(large)), "\"" + large + "\"");
  }
}

TEST_F(SocketIoClientTest, HearsEventsAndAnswersThem) {
  start();
  make(options());
  with([this](ClientSocket& socket) {
    EXPECT_EQ(socket.nsp(), "/");
    socket.on("hello", [this](ClientEvent& event) {
      note("hello " + std::string(event.args().json()) + (event.wants_ack() ? " ack" : ""));
      event.ack("yes", Binary{"bytes"});
      event.ack("twice");
    });
    socket.on("hello", [this](ClientEvent&) { note("second handler"); });
    socket.on_any([this](ClientEvent& event) { note("any " + std::string(event.name())); });
  });
  ASSERT_TRUE(noted("connected"));
  server_emits([this](Socket& socket) {
    socket.emit("hello", 1, "two");
    socket.emit("other");
    socket.emit_with_ack("hello", make_args(3), Milliseconds(30'000), [this](Result<ArgsView> answer) {
      note("answer " +
           (answer ? std::string(answer->json()) + *answer->attachments()[0] : answer.error().message));
    });
  });
  EXPECT_TRUE(noted(R"(hello 1,"two")"));
  EXPECT_TRUE(noted("hello 3 ack"));
  EXPECT_TRUE(noted("any other"));
  EXPECT_TRUE(noted("second handler", 2));
  EXPECT_TRUE(noted(R"(answer "yes",{"_placeholder":true,"num":0}bytes)"));
  with([](ClientSocket& socket) { socket.off("hello"); });
  server_emits([](Socket& socket) {
    socket.emit("hello", 4);
    socket.emit("last");
  });
  EXPECT_TRUE(noted("any last"));
  EXPECT_EQ(std::ranges::count(log.get(), "hello 4"), 0);
}

TEST_F(SocketIoClientTest, AnswersLaterFromAnotherThread) {
  start();
  make(options());
  std::vector<std::thread> threads;
  with([&](ClientSocket& socket) {
    socket.on("slow", [&](ClientEvent& event) {
      threads.emplace_back([ack = event.take_ack()]() mutable { ack("from a thread"); });
    });
  });
  ASSERT_TRUE(noted("connected"));
  server_emits([this](Socket& socket) {
    socket.emit_with_ack("slow", {}, Milliseconds(30'000), [this](Result<ArgsView> answer) {
      note("answer " + (answer ? std::string(answer->json()) : answer.error().message));
    });
  });
  EXPECT_TRUE(noted(R"(answer "from a thread")"));
  for (auto& thread : threads) thread.join();
}

TEST_F(SocketIoClientTest, KeepsNamespacesApartOnOneConnection) {
  io->of("/other").on("where", [](Socket& socket, Event& event) { event.ack(socket.nsp().name()); });
  start();
  make(options());
  on_shard(own, [this] {
    watch(client->of("other"), "other ");
    watch(client->of("/nowhere"), "nowhere ");
    EXPECT_EQ(&client->of("/other"), &client->of("other"));
    client->of("/other").emit_with_ack("where", {}, Milliseconds(30'000), [this](Result<ArgsView> answer) {
      note("where: " + std::string(answer ? answer->json() : answer.error().message));
    });
  });
  EXPECT_TRUE(noted("connected"));
  EXPECT_TRUE(noted("other connected"));
  EXPECT_TRUE(noted("nowhere refused: Invalid namespace"));
  EXPECT_TRUE(noted(R"(where: "/other")"));
  on_shard(own, [this] {
    EXPECT_FALSE(client->of("/nowhere").active());
    client->of("/other").disconnect();
  });
  EXPECT_TRUE(noted("other disconnected: io client disconnect"));
  EXPECT_EQ(ask("echo", make_args(1)), "1") << "the main namespace goes on";
  EXPECT_EQ(io->engine().session_count(), 1u);
}

TEST_F(SocketIoClientTest, LeavesWithTheLastNamespaceAndComesBackWhenAsked) {
  start();
  make(options());
  ASSERT_TRUE(noted("connected"));
  with([this](ClientSocket& socket) {
    socket.disconnect();
    EXPECT_FALSE(client->is_open());
  });
  EXPECT_TRUE(noted("disconnected: io client disconnect"));
  EXPECT_TRUE(noted("server: client namespace disconnect"));
  with([](ClientSocket& socket) { socket.connect(); });
  EXPECT_TRUE(noted("connected", 2));
}

TEST_F(SocketIoClientTest, KeepsWhatIsEmittedWhileDisconnectedUpToItsBounds) {
  start();
  ClientOptions wanted = options();
  wanted.auto_connect = false;
  wanted.max_buffered_packets = 3;
  wanted.max_buffered_bytes = 1'000;
  make(std::move(wanted));
  with([this](ClientSocket& socket) {
    EXPECT_TRUE(socket.emit("note", 1));
    EXPECT_FALSE(socket.emit("note", std::string(1'000, 'x'))) << "too many bytes";
    EXPECT_FALSE(socket.emit_volatile("note", "volatile"));
    EXPECT_TRUE(socket.emit("note", 2));
    socket.emit_with_ack("note", make_args("late"), Milliseconds(1), [this](Result<ArgsView> answer) {
      note(answer ? "answer" : answer.error().message);
    });
    const Status full = socket.emit("note", "one too many");
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().code, ErrorCode::kServiceUnavailable);
  });
  ASSERT_TRUE(noted("the server did not answer within 1 ms"));
  with([](ClientSocket& socket) {
    EXPECT_TRUE(socket.emit("note", 3)) << "what has timed out waits no more";
    socket.connect();
  });
  EXPECT_TRUE(noted("heard 3"));
  std::vector<std::string> heard;
  for (const auto& line : log.get())
    if (line.starts_with("heard")) heard.push_back(line);
  EXPECT_EQ(heard, (std::vector<std::string>{"heard 1", "heard 2", "heard 3"}));
}

TEST_F(SocketIoClientTest, RefusesWhatCannotBeSent) {
  start();
  make(options());
  ASSERT_TRUE(noted("connected"));
  with([](ClientSocket& socket) {
    const Status reserved = socket.emit("disconnect");
    ASSERT_FALSE(reserved);
    EXPECT_EQ(reserved.error().code, ErrorCode::kValidation);
    const Status large = socket.emit("note", std::string(1'000'001, 'x'));
    ASSERT_FALSE(large);
    EXPECT_EQ(large.error().code, ErrorCode::kPayloadTooLarge);
    const Status binary = socket.emit("note", "small", Binary{std::string(1'000'001, 'x')});
    ASSERT_FALSE(binary);
    EXPECT_TRUE(socket.emit_volatile("note", "through"));
  });
  EXPECT_TRUE(noted(R"(heard "through")")) << "and the connection has not suffered";
  EXPECT_EQ(ask("disconnect", {}), "error: 'disconnect' is reserved and cannot be the name of an event");
}

TEST_F(SocketIoClientTest, BoundsWhatWaitsForASlowServer) {
  start();
  ClientOptions wanted = over({TransportKind::kWebSocket});
  wanted.max_queued_bytes = 100'000;
  make(std::move(wanted));
  ASSERT_TRUE(noted("connected"));
  with([](ClientSocket& socket) {
    // Nothing leaves before the turn ends.
    Status last;
    int sent = 0;
    while (sent < 1'000 && (last = socket.emit("silence", std::string(10'000, 'x')))) ++sent;
    ASSERT_FALSE(last);
    EXPECT_EQ(last.error().code, ErrorCode::kServiceUnavailable);
    EXPECT_EQ(sent, 9);
    EXPECT_FALSE(socket.emit_volatile("note", "dropped"));
  });
  EXPECT_EQ(ask("echo", make_args(1)), "1");
}

TEST_F(SocketIoClientTest, TellsWhenNoAnswerComes) {
  start();
  make(options());
  ASSERT_TRUE(noted("connected"));
  EXPECT_EQ(ask("silence", {}, Milliseconds(20)), "error: the server did not answer within 20 ms");
  with([this](ClientSocket& socket) {
    socket.emit_with_ack("silence", {}, Milliseconds(30'000), [this](Result<ArgsView> answer) {
      note(answer ? "answer" : answer.error().message);
    });
    socket.emit("cut");
  });
  EXPECT_TRUE(noted("the connection was lost before the answer came"));
}

TEST_F(SocketIoClientTest, BoundsTheAnswersItWaitsFor) {
  start();
  ClientOptions wanted = options();
  wanted.max_pending_acks = 2;
  make(std::move(wanted));
  ASSERT_TRUE(noted("connected"));
  with([](ClientSocket& socket) {
    for (int i = 0; i < 2; ++i)
      socket.emit_with_ack("silence", {}, Milliseconds(30'000), [](Result<ArgsView>) {});
  });
  EXPECT_TRUE(ask("echo", {}).starts_with("error: too many answers"));
}

TEST_F(SocketIoClientTest, ReconnectsAfterALossAndSendsWhatWasKept) {
  start();
  for (size_t way = 0; way < kWays.size(); ++way) {
    log.change([](auto& l) { l.clear(); });
    make(over(kWays[way]));
    ASSERT_TRUE(noted("connected"));
    on_shard(own, [this] {
      client->on_reconnect_attempt([this](uint32_t number) { note("attempt " + std::to_string(number)); });
      client->on_reconnect([this] { note("reconnected"); });
      client->of("/").on_disconnect([this](ClientDisconnect, std::string_view) {
        note("lost");
        client->of("/").emit("note", "kept");
      });
    });
    refusals = 2;
    server_emits([](Socket& socket) { socket.disconnect(true); });
    ASSERT_TRUE(noted("lost")) << way;
    // When the server's goodbye to the namespace came first, it is not asked again unless we say so.
    with([](ClientSocket& socket) { socket.connect(); });
    EXPECT_TRUE(noted("attempt 2"));
    EXPECT_TRUE(noted("failed: the server answered 503 Service Unavailable: not now", 2));
    EXPECT_TRUE(noted("reconnected"));
    EXPECT_TRUE(noted("connected", 2));
    EXPECT_TRUE(noted(R"(heard "kept")"));
  }
}

TEST_F(SocketIoClientTest, ReconnectsByItselfWhenTheServerIsStartedAgain) {
  start();
  make(options());
  ASSERT_TRUE(noted("connected"));
  const uint16_t port = server->port();
  server->stop();  // ends HTTP connections; those that were upgraded go with the sessions
  io->close();
  server = nullptr;
  // "server shutting down" is a loss of the connection, and so is what comes after.
  EXPECT_TRUE(log.wait([](const auto& l) {
    return std::ranges::any_of(l,
                               [](const auto& line) { return line.starts_with("disconnected: transport"); });
  }));
  EXPECT_TRUE(log.wait([](const auto& l) {
    return std::ranges::any_of(l,
                               [](const auto& line) { return line.starts_with("failed: cannot connect"); });
  }));
  // A server that is closed stays so: a new one on the same port.
  auto next = std::make_unique<Server>(shards, ServerOptions{});
  next->sockets().on("echo", [](Socket&, Event& event) { event.ack_json(event.args().json()); });
  const auto old = std::exchange(io, std::move(next));
  server = std::make_unique<http::Server>(shards, *this, http::ServerOptions{.listen = {.port = port}});
  ASSERT_TRUE(server->start());
  EXPECT_TRUE(noted("connected", 2));
  EXPECT_EQ(ask("echo", make_args("again")), R"("again")");
}

TEST_F(SocketIoClientTest, StopsAfterTheAttemptsItIsAllowed) {
  start();
  refusals = 1'000'000;
  ClientOptions wanted = options();
  wanted.reconnection_attempts = 2;
  make(std::move(wanted));
  on_shard(own, [this] { client->on_reconnect_failed([this] { note("gave up"); }); });
  ASSERT_TRUE(noted("gave up"));
  EXPECT_TRUE(noted("failed: the server answered 503 Service Unavailable: not now", 3));
  refusals = 0;
  on_shard(own, [this] { client->reconnect_now(); });
  EXPECT_TRUE(noted("connected"));
}

TEST_F(SocketIoClientTest, DoesNotReconnectWhenToldNotTo) {
  start();
  refusals = 1;
  ClientOptions wanted = options();
  wanted.reconnection = false;
  make(std::move(wanted));
  ASSERT_TRUE(noted("failed: the server answered 503 Service Unavailable: not now"));
  on_shard(own, [this] { client->reconnect_now(); });
  EXPECT_TRUE(noted("connected"));
}

TEST_F(SocketIoClientTest, TellsDisconnectionByTheServerApart) {
  start();
  make(options());
  ASSERT_TRUE(noted("connected"));
  with([](ClientSocket& socket) { socket.emit("kick"); });
  EXPECT_TRUE(noted("disconnected: io server disconnect"));
  with([](ClientSocket& socket) {
    EXPECT_FALSE(socket.active());
    EXPECT_EQ(socket.id(), "");
    socket.connect();
  });
  EXPECT_TRUE(noted("connected", 2));
}

// --- Credentials ------------------------------------------------------------------------------------------

class SocketIoClientAuthTest : public SocketIoClientTest {
 protected:
  SocketIoClientAuthTest() {
    io->sockets().use([this](const std::shared_ptr<Connecting>& connecting, Namespace::Next next) {
      const Handshake& handshake = connecting->handshake;
      const auto query = handshake.request->query_parameter("token");
      const auto header = handshake.request->header("authorization");
      note("asked " + handshake.auth_json + (query ? " query " + *query : "") +
           (header ? " header " + std::string(*header) : ""));
      const bool good = accepts == "auth.token" ? handshake.auth_json == R"({"token":"T"})"
                        : accepts == "auth.authorization"
                            ? handshake.auth_json == R"({"authorization":"Bearer T"})"
                        : accepts == "query"  ? query == "T"
                        : accepts == "header" ? header == "Bearer T"
                                              : false;
      if (good) return next(std::nullopt);
      next(ConnectError{.message = refusal, .data_json = R"({"code":{"n":[1,"]"]},"x":1})"});
    });
  }
  std::string accepts;
  std::string refusal = "Authentication failed";
};

TEST_F(SocketIoClientAuthTest, TriesTheWaysOfTheGuideInTheirOrder) {
  start();
  const std::vector<std::string> ways = {"auth.token", "auth.authorization", "query", "header"};
  const std::vector<std::string> asked = {R"(asked {"token":"T"})", R"(asked {"authorization":"Bearer T"})",
                                          "asked {} query T", "asked {} header Bearer T"};
  for (size_t way = 0; way < ways.size(); ++way) {
    accepts = ways[way];
    log.change([](auto& l) { l.clear(); });
    ClientOptions wanted = options();
    wanted.auth = token_auth(fixed_token("T"));
    make(std::move(wanted));
    ASSERT_TRUE(noted("connected")) << ways[way];
    std::vector<std::string> seen;
    for (const auto& line : log.get())
      if (line.starts_with("asked")) seen.push_back(line);
    EXPECT_EQ(seen, std::vector<std::string>(asked.begin(), asked.begin() + static_cast<ptrdiff_t>(way) + 1));
    // The way that worked is the first the next time.
    with([](ClientSocket& socket) {
      socket.disconnect();
      socket.connect();
    });
    ASSERT_TRUE(noted("connected", 2));
    EXPECT_EQ(std::ranges::count(log.get(), asked[way]), 2);
    EXPECT_EQ(std::ranges::count_if(log.get(), [](const auto& line) { return line.starts_with("asked"); }),
              static_cast<ptrdiff_t>(way) + 2);
  }
}

TEST_F(SocketIoClientAuthTest, ReportsTheRefusalWhenNoWayIsLeft) {
  start();
  ClientOptions wanted = options();
  wanted.auth = token_auth(fixed_token("T"));
  make(std::move(wanted));
  ASSERT_TRUE(noted(R"(refused: Authentication failed {"code":{"n":[1,"]"]},"x":1})"));
  EXPECT_EQ(std::ranges::count_if(log.get(), [](const auto& line) { return line.starts_with("asked"); }), 4);
  with([](ClientSocket& socket) { EXPECT_FALSE(socket.active()); });
}

TEST_F(SocketIoClientAuthTest, DoesNotGuessWhenTheRefusalIsAboutSomethingElse) {
  refusal = "The house is full";
  start();
  ClientOptions wanted = options();
  wanted.auth = token_auth(fixed_token("T"));
  make(std::move(wanted));
  ASSERT_TRUE(noted(R"(refused: The house is full {"code":{"n":[1,"]"]},"x":1})"));
  EXPECT_EQ(std::ranges::count_if(log.get(), [](const auto& line) { return line.starts_with("asked"); }), 1);
}

TEST_F(SocketIoClientAuthTest, AsksForTheTokenAtEveryConnectionAndWaitsForIt) {
  accepts = "auth.token";
  start();
  std::vector<std::thread> threads;
  int asked = 0;
  ClientOptions wanted = options();
  wanted.auth = token_auth([&](TokenReply reply) {
    ++asked;
    if (asked == 2) return reply(fail(ErrorCode::kInternal, "the safe is locked"));
    threads.emplace_back([reply = std::move(reply)]() mutable { reply("T"); });
  });
  make(std::move(wanted));
  ASSERT_TRUE(noted("connected"));
  server_emits([](Socket& socket) { socket.disconnect(true); });
  ASSERT_TRUE(noted("disconnected: io server disconnect"));
  with([](ClientSocket& socket) { socket.connect(); });
  EXPECT_TRUE(noted("failed: the safe is locked"));
  EXPECT_TRUE(noted("connected", 2)) << "a token that is not to be had is asked for again";
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(asked, 3);
}

TEST_F(SocketIoClientAuthTest, GivesANamespaceCredentialsOfItsOwn) {
  accepts = "auth.token";
  start();
  ClientOptions wanted = options();
  wanted.auto_connect = false;
  wanted.auth = fixed_auth({{"token", "wrong"}});
  make(std::move(wanted));
  with([](ClientSocket& socket) {
    socket.set_auth({{"token", "T"}});
    socket.connect();
  });
  EXPECT_TRUE(noted("connected"));
}

// --- The end ----------------------------------------------------------------------------------------------

TEST_F(SocketIoClientTest, MayBeDestroyedInEveryHandler) {
  start();
  for (const std::string where : {"connect", "event", "any", "ack", "disconnect", "error", "attempt"}) {
    net::test::Watched<bool> gone;
    const auto end = [&] {
      client.reset();
      gone.change([](bool& g) { g = true; });
    };
    if (where == "error" || where == "attempt") refusals = 1;
    on_shard(own, [&] {
      client = std::make_unique<Client>(own, options());
      ClientSocket& socket = client->of("/");
      client->of("/other").emit("kept");
      if (where == "connect") socket.on_connect(end);
      if (where == "event") socket.on("back", [&](ClientEvent&) { end(); });
      if (where == "any") socket.on_any([&](ClientEvent&) { end(); });
      if (where == "disconnect") socket.on_disconnect([&](ClientDisconnect, std::string_view) { end(); });
      if (where == "error") socket.on_connect_error([&](const ConnectRefusal&) { end(); });
      if (where == "attempt") client->on_reconnect_attempt([&](uint32_t) { end(); });
      socket.on("back", [](ClientEvent&) {});
      if (where == "ack")
        socket.emit_with_ack("echo", {}, Milliseconds(30'000), [&](Result<ArgsView>) { end(); });
      socket.emit("back");
      if (where == "disconnect") socket.emit("kick");
    });
    EXPECT_TRUE(gone.wait([](bool g) { return g; })) << where;
    refusals = 0;
  }
}

TEST_F(SocketIoClientTest, ServesProgramsWithoutALoop) {
  start();
  {
    ClientThread thread(options());
    net::test::Watched<std::string> answer;
    thread.post([&](Client& it) {
      it.of("/").emit_with_ack("echo", make_args("hi"), Milliseconds(30'000), [&](Result<ArgsView> result) {
        answer.change([&](std::string& a) { a = result ? result->json() : result.error().message; });
      });
    });
    EXPECT_TRUE(answer.wait([](const std::string& a) { return a == R"("hi")"; }));
    thread.run([](Client& it) { EXPECT_TRUE(it.is_open()); });
  }
  EXPECT_TRUE(noted("server: transport close")) << "it has left politely";
}

TEST_F(SocketIoClientTest, TalksTls) {
  const net::test::Certificate certificate;
  auto serving = net::TlsContext::from_files(certificate.certificate_file(), certificate.key_file());
  auto trusting = net::TlsContext::client({.ca_file = certificate.certificate_file()});
  ASSERT_TRUE(serving && trusting);
  start({.listen = {.tls = *serving}});
  ClientOptions wanted = options();
  wanted.engine.url.secure = true;
  wanted.engine.tls = *trusting;
  make(std::move(wanted));
  ASSERT_TRUE(noted("connected"));
  EXPECT_EQ(ask("echo", make_args(std::string(100'000, 'x'))), "\"" + std::string(100'000, 'x') + "\"");
}

}  // namespace
}  // namespace patchbay::socketio
