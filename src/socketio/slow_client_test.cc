// Clients that read more slowly than they are sent to.
#include <gtest/gtest.h>

#include "socketio/test_server.h"

namespace patchbay::socketio {
namespace {

using test::Client;
using test::SocketIoTest;

const std::string kBig(64 * 1024, 'x');
// More than the kernel takes for a peer that does not read.
constexpr int kMany = 400;

class SlowClientTest : public SocketIoTest {
 protected:
  explicit SlowClientTest(OutputOptions output) : SocketIoTest({.output = output}) {
    io.sockets().on_disconnect(
        [this](Socket&, DisconnectReason reason) { note(std::string(to_string(reason))); });
    io.sockets().on_watermark([this](Socket& socket, Watermark watermark, size_t bytes) {
      note(watermark == Watermark::kHigh ? "high" : "low");
      EXPECT_GE(socket.buffered_bytes(), bytes);
    });
  }
  static OutputOptions with(OverflowPolicy policy, size_t namespace_bytes = 100'000'000) {
    return {
        .direct_bytes = 100'000,
        .connection = {.max_bytes = 1'000'000, .high_bytes = 200'000, .low_bytes = 50'000, .policy = policy},
        .namespace_bytes = namespace_bytes};
  }
  // The number behind the name of an event that was read.
  static int number(const std::string& event) { return std::stoi(event.substr(event.find(',') + 1)); }
};

struct PatientTest : SlowClientTest {
  PatientTest() : SlowClientTest(with(OverflowPolicy::kDropOldest)) {}
};

TEST_F(PatientTest, DropsTheOldestEventsOfAStalledReaderAndNothingOfTheOthers) {
  start();
  Client stalled = join(), quick = join();
  for (int i = 0; i < kMany; ++i) {
    io.emit("big", i, kBig);
    EXPECT_EQ(number(quick.read()), i);
  }
  EXPECT_LE(io.waiting_bytes(), 1'000'000u);
  int last = -1, read = 0;
  while (last < kMany - 1) {
    const int n = number(stalled.read());
    EXPECT_GT(n, last) << "in order";
    last = n;
    ++read;
  }
  const uint64_t dropped = io.sockets().metrics().dropped_oldest;
  EXPECT_GT(dropped, 0u);
  EXPECT_EQ(static_cast<uint64_t>(read) + dropped, static_cast<uint64_t>(kMany));
  EXPECT_EQ(stalled.ask("hello"), R"(399["hello"])") << "still connected";
  EXPECT_EQ(io.waiting_bytes(), 0u);
  ASSERT_TRUE(logged(2));
  for (size_t i = 0; i < lines().size(); ++i) EXPECT_EQ(lines()[i], i % 2 == 0 ? "high" : "low");
  EXPECT_EQ(lines().back(), "low");
}

TEST_F(PatientTest, KeepsOnlyTheNewestOfWhatHasOneKey) {
  start();
  Client stalled = join();
  for (int i = 0; i < kMany; ++i) io.emit("filler", i, kBig);
  std::move(io.sockets().to(stalled.id())).coalesce("state").emit("state", 0);
  for (int i = 1; i <= 100; ++i) io.sockets().to(stalled.id()).coalesce("state").emit("state", i);
  std::vector<int> states;
  for (;;) {
    const std::string event = stalled.read();
    if (!event.starts_with("2[\"state\"")) continue;
    states.push_back(number(event));
    break;
  }
  EXPECT_EQ(states, std::vector<int>{100});
  EXPECT_EQ(io.sockets().metrics().coalesced, 100u);
}

struct FreshestLastTest : SlowClientTest {
  FreshestLastTest() : SlowClientTest(with(OverflowPolicy::kDropNewest)) {}
};

TEST_F(FreshestLastTest, DropsTheNewestButNeverAcknowledgements) {
  start();
  Client stalled = join();
  for (int i = 0; i < kMany; ++i) io.emit("big", i, kBig);
  stalled.send("299[\"hello\"]");
  int last = -1;
  uint64_t read = 0;
  for (;; ++read) {
    const std::string packet = stalled.read();
    if (packet == R"(399["hello"])") break;
    EXPECT_GT(number(packet), last) << "in order";
    last = number(packet);
  }
  EXPECT_GT(io.sockets().metrics().dropped_newest, 0u);
  EXPECT_EQ(read + io.sockets().metrics().dropped_newest, static_cast<uint64_t>(kMany));
}

TEST_F(FreshestLastTest, CountsWhatSmallEventsTakeToKeepAndNotOnlyTheirPayload) {
  start();
  Client stalled = join();
  while (io.waiting_bytes() == 0) {
    io.emit("big", 0, kBig);
    shards.run_on_each([](net::Shard&) {});
  }
  ASSERT_EQ(io.sockets().metrics().dropped_newest, 0u);
  // 400 KB of text, which takes five million bytes of memory.
  constexpr uint64_t kSmall = 20'000;
  for (uint64_t i = 0; i < kSmall; ++i) io.emit("small", i);
  shards.run_on_each([](net::Shard&) {});
  EXPECT_LE(io.waiting_bytes(), 1'000'000u);
  EXPECT_EQ(io.waiting_bytes(), io.sockets().waiting_bytes());
  EXPECT_GT(io.sockets().metrics().dropped_newest, kSmall / 2);
}

struct StrictTest : SlowClientTest {
  StrictTest() : SlowClientTest(with(OverflowPolicy::kDisconnect)) {}
};

TEST_F(StrictTest, DisconnectsAStalledReaderWithAReason) {
  start();
  Client stalled = join(), quick = join();
  for (int i = 0; i < kMany; ++i) {
    io.emit("big", i, kBig);
    EXPECT_EQ(number(quick.read()), i);
  }
  ASSERT_TRUE(
      log.wait([](const auto& l) { return !l.lines.empty() && l.lines.back() == "output overflow"; }));
  EXPECT_EQ(io.sockets().metrics().overflowed, 1u);
  EXPECT_EQ(io.sockets().socket_count(), 1u);
  EXPECT_EQ(io.waiting_bytes(), 0u);
}

TEST_F(StrictTest, DeliversWhatWaitsBeforeItClosesInGoodOrder) {
  start();
  Client client = join();
  // Less than the limits: everything must come, though the client reads only after the end.
  for (int i = 0; i < 12; ++i) io.to(client.id()).emit("big", i, kBig);
  io.to(client.id()).disconnect_sockets(true);
  for (int i = 0; i < 12; ++i) EXPECT_EQ(number(client.read()), i);
  EXPECT_EQ(client.read(), "1");
}

struct SharedBudgetTest : SlowClientTest {
  SharedBudgetTest() : SlowClientTest(with(OverflowPolicy::kDropOldest, 300'000)) {}
};

TEST_F(SharedBudgetTest, HoldsAllConnectionsOfANamespaceToOneBudget) {
  start();
  std::vector<Client> stalled;
  for (int i = 0; i < 4; ++i) stalled.push_back(join());
  for (int i = 0; i < kMany; ++i) io.emit("big", i, kBig);
  Client probe = join();
  probe.ask("hello");
  for (Client& client : stalled) client.send("299[\"hello\"]");
  EXPECT_LE(io.sockets().waiting_bytes(), 300'000u);
  EXPECT_GT(io.sockets().metrics().dropped_oldest + io.sockets().metrics().dropped_newest, 0u);
}

}  // namespace
}  // namespace patchbay::socketio
