// Clients that go and come back, on one shard and across four.
#include "socketio/recovery.h"

#include <gtest/gtest.h>

#include "socketio/test_server.h"

namespace patchbay::socketio {
namespace {

using test::Client;
using test::SocketIoTest;

// What the server said in its CONNECT answer.
struct Identity {
  std::string sid, pid;
};

class RecoveryTest : public SocketIoTest {
 protected:
  explicit RecoveryTest(RecoveryOptions options = {}) : SocketIoTest({.connection_state_recovery = options}) {
    io.sockets().on_connection([this](Socket& socket) {
      if (socket.recovered()) note("recovered " + std::to_string(socket.room_count()));
    });
    io.sockets().on_disconnect(
        [this](Socket&, DisconnectReason reason) { note(std::string(to_string(reason))); });
    io.sockets().on("direct", [](Socket& socket, Event& event) {
      socket.emit("direct", event.args());
      event.ack();
    });
  }
  static Identity connect(Client& client, std::string_view payload = "") {
    client.send("0" + std::string(payload));
    const std::string answer = client.read();
    EXPECT_TRUE(answer.starts_with("0{\"sid\":")) << answer;
    const size_t pid = answer.find("\"pid\":\"");
    EXPECT_NE(pid, std::string::npos) << answer;
    return {answer.substr(9, 20), answer.substr(pid + 7, 20)};
  }
  static std::string come_back(const Identity& before, std::string_view offset = "") {
    return "{\"pid\":\"" + before.pid + "\"" +
           (offset.empty() ? "" : ",\"offset\":\"" + std::string(offset) + "\"") + "}";
  }
  // The last argument of an event that was read.
  static std::string offset_of(std::string_view event) {
    const size_t end = event.rfind('"');
    const size_t begin = event.rfind('"', end - 1);
    return std::string(event.substr(begin + 1, end - begin - 1));
  }
  // On that shard, whichever the kernel chooses otherwise.
  std::unique_ptr<Client> client_on(size_t shard) {
    for (;;) {
      auto client = std::make_unique<Client>(http->port());
      if (client->shard() == shard) return client;
    }
  }
};

TEST_F(RecoveryTest, GivesBackIdRoomsAndDataAndWhatWasMissedInOrderOnEveryShard) {
  io.sockets().on_connection([](Socket& socket) {
    if (!socket.recovered()) socket.data = std::string("kept");
  });
  io.sockets().on("data",
                  [](Socket& socket, Event& event) { event.ack(std::any_cast<std::string>(socket.data)); });
  start();
  for (size_t from = 0; from < 4; ++from)
    for (size_t to = 0; to < 4; ++to) {
      log.change([](auto& l) { l.lines.clear(); });
      // A room of its own: the end of the last round may still be on its way to this shard.
      const std::string room = "room" + std::to_string(from) + std::to_string(to);
      auto client = client_on(from);
      const Identity before = connect(*client);
      client->send("21[\"join\",\"" + room + "\"]");
      client->read();
      io.to(room).emit("seen", 1);
      const std::string seen = client->read();
      client = nullptr;
      ASSERT_TRUE(logged(1));
      EXPECT_EQ(lines()[0], "transport close");
      io.to(room).emit("missed", 2);
      io.to("elsewhere").emit("not for it");
      io.to(room).except(before.sid).emit("nor this");
      io.to(before.sid).emit("missed", 3);
      io.emit("missed", 4);
      client = client_on(to);
      const Identity after = connect(*client, come_back(before, offset_of(seen)));
      EXPECT_EQ(after.sid, before.sid);
      EXPECT_EQ(after.pid, before.pid) << "clients compare it to know that they were recovered";
      for (const char* const number : {"2", "3", "4"})
        EXPECT_TRUE(client->read().starts_with("2[\"missed\"," + std::string(number) + ",\"")) << from << to;
      ASSERT_TRUE(logged(2));
      EXPECT_EQ(lines()[1], "recovered 1");
      EXPECT_EQ(client->ask("data"), R"(399["kept"])");
      io.to(room).emit("live", 5);
      EXPECT_TRUE(client->read().starts_with("2[\"live\",5,\"")) << "once, not again";
      client->send("1");
      ASSERT_TRUE(logged(3));
    }
  EXPECT_EQ(io.sockets().metrics().recovered, 16u);
}

TEST_F(RecoveryTest, TellsRoomsApartHoweverManyASessionHas) {
  start();
  for (const int rooms : {0, 1, 8, 9, 300}) {
    log.change([](auto& l) { l.lines.clear(); });
    auto client = client_on(1);
    const Identity before = connect(*client);
    const auto room = [&](int n) { return std::to_string(rooms) + "." + std::to_string(n); };
    for (int n = 0; n < rooms; ++n) {
      client->send("21[\"join\",\"" + room(n) + "\"]");
      ASSERT_EQ(client->read(), "31[true]");
    }
    client = nullptr;
    ASSERT_TRUE(logged(1));
    for (int n = 0; n <= rooms; ++n) io.to(room(n)).emit("room", n);  // it is not in the last one
    io.except(room(0)).emit("all but the first");
    io.to(before.sid).emit("it alone");
    client = client_on(2);
    connect(*client, come_back(before));
    for (int n = 0; n < rooms; ++n)
      EXPECT_TRUE(client->read().starts_with("2[\"room\"," + std::to_string(n) + ","));
    if (rooms == 0) {
      EXPECT_TRUE(client->read().starts_with("2[\"all but the first\""));
    }
    EXPECT_TRUE(client->read().starts_with("2[\"it alone\""));
    client->send("1");
    ASSERT_TRUE(logged(3));
  }
}

TEST_F(RecoveryTest, RecoversAClientThatHasHadNoEventYet) {
  start();
  auto client = client_on(1);
  const Identity before = connect(*client);
  client = nullptr;
  ASSERT_TRUE(logged(1));
  io.emit("first", 1);
  client = client_on(2);
  EXPECT_EQ(connect(*client, come_back(before)).sid, before.sid);
  EXPECT_TRUE(client->read().starts_with("2[\"first\",1,\""));
}

TEST_F(RecoveryTest, RecoversTwiceAndASecondLossBringsEverythingSinceTheLastSeenEvent) {
  start();
  auto client = client_on(0);
  const Identity before = connect(*client);
  client->send("21[\"direct\",1]");
  const std::string seen = client->read();
  client->read();
  client->send("22[\"direct\",2]");
  client = nullptr;
  ASSERT_TRUE(logged(1));
  io.emit("broadcast", 3);
  for (const size_t shard : {2, 3, 1}) {
    client = client_on(shard);
    EXPECT_EQ(connect(*client, come_back(before, offset_of(seen))).sid, before.sid);
    EXPECT_TRUE(client->read().starts_with("2[\"direct\",2,\""));
    EXPECT_TRUE(client->read().starts_with("2[\"broadcast\",3,\""));
    client = nullptr;
  }
}

TEST_F(RecoveryTest, ClosesAnOldSocketThatNobodyHasMissedYet) {
  start();
  auto old = client_on(3);
  const Identity before = connect(*old);
  auto fresh = client_on(0);
  EXPECT_EQ(connect(*fresh, come_back(before)).sid, before.sid);
  ASSERT_TRUE(logged(2));
  EXPECT_EQ(lines(), (std::vector<std::string>{"transport close", "recovered 0"}));
  // The old connection's end, whenever it comes, touches nothing.
  old = nullptr;
  io.emit("still here");
  EXPECT_TRUE(fresh->read().starts_with("2[\"still here\",\""));
  EXPECT_EQ(io.sockets().socket_count(), 1u);
}

TEST_F(RecoveryTest, PutsAPlaceInTheLogBehindEveryEventSoThatAVolatileOnesTextIsNotTakenForIt) {
  start();
  auto client = client_on(1);
  const Identity before = connect(*client);
  io.emit("numbered", "a");
  EXPECT_TRUE(client->read().starts_with("2[\"numbered\",\"a\",\""));
  io.sockets().make_volatile().emit("fleeting", "text at the end");
  const std::string fleeting = client->read();
  ASSERT_TRUE(fleeting.starts_with("2[\"fleeting\",\"text at the end\",\"")) << fleeting;
  client = nullptr;
  ASSERT_TRUE(logged(1));
  client = client_on(2);
  EXPECT_EQ(connect(*client, come_back(before, offset_of(fleeting))).sid, before.sid);
}

TEST_F(RecoveryTest, StartsAnewForEndedUnknownAndForgedSessions) {
  start();
  auto client = client_on(0);
  const Identity before = connect(*client);
  client->send("1");
  ASSERT_TRUE(logged(1));
  const auto anew = [&](std::string_view payload) {
    Client again(http->port());
    const Identity after = connect(again, payload);
    EXPECT_NE(after.sid, before.sid) << payload;
    EXPECT_NE(after.pid, before.pid) << payload;
  };
  anew(come_back(before));  // it left of its own will
  anew(come_back({.sid = "", .pid = "AAAAAAAAAAAAAAAAAAAA"}));
  anew(come_back({.sid = "", .pid = "__proto__"}));
  anew(come_back(before, "not a place"));
  anew(come_back(before, "99999999999999999999999"));
  anew(R"({"pid":7,"offset":{}})");
}

struct ShortRecoveryTest : RecoveryTest {
  ShortRecoveryTest()
      : RecoveryTest({.max_disconnection_duration = Milliseconds(60), .max_log_bytes = 600}) {}
};

TEST_F(ShortRecoveryTest, StartsAnewWhenTheLogDoesNotReachBackFarEnough) {
  start();
  auto client = client_on(0);
  const Identity before = connect(*client);
  client = nullptr;
  ASSERT_TRUE(logged(1));
  for (int i = 0; i < 50; ++i) io.emit("filler", std::string(50, 'x'));
  client = client_on(0);
  EXPECT_NE(connect(*client, come_back(before)).sid, before.sid);
  EXPECT_EQ(io.sockets().metrics().recovery_failed, 1u);
}

TEST_F(ShortRecoveryTest, StartsAnewWhenTheClientComesTooLate) {
  start();
  auto client = client_on(0);
  const Identity before = connect(*client);
  client = nullptr;
  ASSERT_TRUE(logged(1));
  std::this_thread::sleep_for(Milliseconds(100));
  client = client_on(1);
  EXPECT_NE(connect(*client, come_back(before)).sid, before.sid);
}

struct GuardedRecoveryTest : RecoveryTest {
  GuardedRecoveryTest() : RecoveryTest({.skip_middlewares = false}) {
    io.sockets().use([](const auto& connecting, Namespace::Next next) {
      connecting->handshake.auth_json.find("bad") == std::string::npos
          ? next(std::nullopt)
          : next(ConnectError{.message = "no longer", .data_json = {}});
    });
  }
};

TEST_F(GuardedRecoveryTest, AsksTheMiddlewareAgainWhereThatIsWanted) {
  start();
  auto client = client_on(0);
  const Identity before = connect(*client);
  client = nullptr;
  ASSERT_TRUE(logged(1));
  client = client_on(1);
  client->send("0{\"pid\":\"" + before.pid + "\",\"bad\":1}");
  EXPECT_EQ(client->read(), R"(4{"message":"no longer"})");
}

TEST_F(RecoveryTest, LosesAndRepeatsNothingWhileFourThreadsBroadcastAndTheClientComesAndGoes) {
  constexpr int kEach = 400;
  start();
  auto client = client_on(0);
  const Identity who = connect(*client);
  std::vector<std::jthread> senders;
  for (int i = 0; i < 4; ++i)
    senders.emplace_back([&, i] {
      for (int n = 0; n < kEach; ++n) {
        if (i % 2 == 0) {
          io.emit("e", i, n);
        } else {
          // From a shard's own thread.
          shards[static_cast<size_t>(i)].post([&, i, n] { io.emit("e", i, n); });
        }
        if (n % 8 == 0) std::this_thread::yield();
      }
    });
  std::array<int, 4> next{};
  std::string offset;
  int read = 0;
  for (size_t round = 0; read < 4 * kEach; ++round) {
    for (int i = 0; i < 97 && read < 4 * kEach; ++i, ++read) {
      const std::string event = client->read();
      ASSERT_TRUE(event.starts_with("2[\"e\",")) << event;
      const auto sender = static_cast<size_t>(event[6] - '0');
      ASSERT_EQ(std::stoi(event.substr(8)), next[sender]++) << "sender " << sender << ", round " << round;
      offset = offset_of(event);
    }
    client = client_on(round % 4);
    ASSERT_EQ(connect(*client, come_back(who, offset)).sid, who.sid) << "round " << round;
  }
}

}  // namespace
}  // namespace patchbay::socketio
