#include "sandbox/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sandbox/rig.h"

namespace patchbay::sandbox {
namespace {

using test::Client;
using test::World;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(SandboxConnection, ShakesHandsUnderItsOwnRootInPiecesOfAnySize) {
  World world;
  for (const size_t piece : {0, 1, 7}) {
    Client client(world);
    client.connect(client.registration(), piece);
    EXPECT_THAT(client.failure, IsEmpty());
    const binary::Node iq = client.take("iq");
    ASSERT_NE(iq.child("pair-device"), nullptr) << piece;
    EXPECT_EQ(iq.child("pair-device")->children().size(), 6);
  }
  EXPECT_THAT(world.rules(), IsEmpty());
}

TEST(SandboxConnection, TakesRoutingInformationBeforeTheIntro) {
  World world;
  Client client(world);
  Connection connection(world.network, client);
  const Bytes header = noise::intro_header("routing");
  for (const char c : header) connection.on_bytes(std::string_view(&c, 1));
  EXPECT_FALSE(connection.ended());
  EXPECT_THAT(world.rules(), IsEmpty());
}

TEST(SandboxConnection, RefusesWhatDoesNotBeginAsItMust) {
  for (const std::string_view wrong :
       {std::string_view("GET"), std::string_view("WA\x06\x02", 4), std::string_view("ED\x00\x02", 4),
        std::string_view("ED\x00\x01\xff\xff\xff", 7)}) {
    World world;
    Client client(world);
    Connection connection(world.network, client);
    connection.on_bytes(wrong);
    EXPECT_TRUE(client.closed);
    EXPECT_THAT(world.rules(), ElementsAre("intro.invalid"));
  }
}

TEST(SandboxConnection, RefusesAHandshakeThatIsNoneAndOneThatIsLate) {
  World world;
  Client client(world);
  Connection connection(world.network, client);
  std::string bytes = noise::intro_header();
  noise::append_frame(bytes, "rubbish");
  connection.on_bytes(bytes);
  EXPECT_TRUE(client.closed);
  Connection silent(world.network, client);
  world.executor.advance(Milliseconds(30'000));
  EXPECT_TRUE(silent.ended());
  EXPECT_THAT(world.rules(), ElementsAre("handshake.invalid", "handshake.late"));
}

TEST(SandboxConnection, SpoiltCertificatesAreRefusedByAClientThatLooks) {
  for (const FaultKind kind :
       {FaultKind::kExpiredCertificate, FaultKind::kWrongRoot, FaultKind::kWrongLeaf}) {
    World world;
    ASSERT_TRUE(world.network.faults().add({.kind = kind}));
    Client client(world);
    client.connect(client.registration());
    EXPECT_FALSE(client.failure.empty()) << to_string(kind);
    client.connect(client.registration());
    EXPECT_THAT(client.failure, IsEmpty()) << "the fault was for one connection";
  }
}

TEST(SandboxConnection, RefusesOldVersionsWith405AndBadRegistrationsWith400) {
  World world({.seed = 1, .min_version = {2, 3000, 2'000'000'000}});
  Client client(world);
  client.connect(client.registration());
  EXPECT_EQ(client.take("failure").attribute("reason"), "405");
  EXPECT_TRUE(client.closed);
  EXPECT_THAT(world.rules(), IsEmpty());

  World other;
  Client bad(other);
  proto::ClientPayload payload = bad.registration();
  payload.mutable_device_pairing_data()->set_e_skey_sig(Bytes(64, 'x'));
  bad.connect(payload);
  EXPECT_EQ(bad.take("failure").attribute("reason"), "400");
  payload = bad.registration();
  payload.mutable_device_pairing_data()->set_build_hash(Bytes(16, 'x'));
  bad.connect(payload);
  payload = bad.registration();
  payload.clear_user_agent();
  bad.connect(payload);
  EXPECT_THAT(other.rules(), ElementsAre("registration.invalid", "registration.invalid", "payload.invalid"));
}

TEST(SandboxConnection, AFrameThatDoesNotDecryptEndsIt) {
  World world;
  Client client(world);
  client.connect(client.registration());
  std::string bytes;
  noise::append_frame(bytes, Bytes(40, 'x'));
  client.feed(bytes);
  EXPECT_TRUE(client.closed);
  EXPECT_THAT(world.rules(), ElementsAre("frame.invalid"));
}

// --- Faults -----------------------------------------------------------------------------------------------

class FaultyPairing : public testing::Test {
 protected:
  void order(Fault fault) { ASSERT_TRUE(world.network.faults().add(std::move(fault))); }
  void connect() { client.connect(client.registration()); }
  World world;
  Client client{world};
};

TEST_F(FaultyPairing, DropsAfterSoManyFrames) {
  order({.kind = FaultKind::kDrop, .after_frames = 1});
  connect();
  EXPECT_TRUE(client.closed);
  EXPECT_FALSE(client.closed_politely);
  EXPECT_THAT(client.nodes, IsEmpty());
}

TEST_F(FaultyPairing, StallsWithoutClosing) {
  order({.kind = FaultKind::kStall, .after_frames = 1});
  connect();
  world.executor.advance(Milliseconds(600'000));
  EXPECT_FALSE(client.closed);
  EXPECT_THAT(client.nodes, IsEmpty());
  EXPECT_THAT(world.rules(), IsEmpty());
}

TEST_F(FaultyPairing, CorruptsOneFrame) {
  order({.kind = FaultKind::kCorrupt, .after_frames = 1});
  connect();
  EXPECT_EQ(client.undecipherable, 1);
}

TEST_F(FaultyPairing, ReplaysOneFrame) {
  order({.kind = FaultKind::kReplay, .after_frames = 1});
  connect();
  EXPECT_EQ(client.undecipherable, 1) << "the second copy does not fit the counter";
  EXPECT_EQ(client.nodes.size(), 1);
}

TEST_F(FaultyPairing, DelaysEverything) {
  order({.kind = FaultKind::kDelay, .delay_ms = 500});
  connect();
  EXPECT_THAT(client.nodes, IsEmpty());
  world.executor.advance(Milliseconds(1'100));
  EXPECT_EQ(client.nodes.size(), 1);
}

TEST_F(FaultyPairing, CutsFramesIntoPieces) {
  order({.kind = FaultKind::kSplit, .bytes = 5});
  connect();
  world.executor.advance(Milliseconds(100));
  EXPECT_EQ(client.nodes.size(), 1);
  EXPECT_GT(client.websocket_messages, 50);
}

TEST_F(FaultyPairing, EndsTheStreamAsOrdered) {
  order({.kind = FaultKind::kStreamError, .after_frames = 1, .code = 503, .conflict = "replaced"});
  connect();
  const binary::Node error = client.take("stream:error");
  EXPECT_EQ(error.attribute("code"), "503");
  ASSERT_NE(error.child("conflict"), nullptr);
  order({.kind = FaultKind::kEnd, .after_frames = 1});
  connect();
  EXPECT_EQ(client.take("xmlstreamend").tag, "xmlstreamend");
  order({.kind = FaultKind::kRefuse, .code = 402});
  connect();
  EXPECT_EQ(client.take("failure").attribute("expire"), "3600");
  order({.kind = FaultKind::kDowngrade});
  connect();
  EXPECT_NE(client.take("ib").child("downgrade_webclient"), nullptr);
  EXPECT_THAT(world.network.faults().entries(), IsEmpty());
}

TEST(FaultBook, RefusesWhatMakesNoSense) {
  FaultBook book;
  for (const Fault& fault :
       {Fault{.kind = FaultKind::kDelay}, Fault{.kind = FaultKind::kSplit}, Fault{.kind = FaultKind::kRefuse},
        Fault{.kind = FaultKind::kStreamError}, Fault{.kind = FaultKind::kDrop, .count = 0},
        Fault{.kind = FaultKind::kWrongRoot, .phone = "15550001111"}})
    EXPECT_EQ(book.add(fault).error().code, ErrorCode::kValidation) << to_string(fault.kind);
  for (size_t i = 0; i < FaultBook::kMaxFaults; ++i) ASSERT_TRUE(book.add({.kind = FaultKind::kDrop}));
  EXPECT_EQ(book.add({.kind = FaultKind::kDrop}).error().code, ErrorCode::kResourceConflict);
}

TEST(FaultBook, CountsConnectionsAndKeepsAccountsApart) {
  FaultBook book;
  ASSERT_TRUE(book.add({.kind = FaultKind::kDrop, .count = 2}));
  ASSERT_TRUE(book.add({.kind = FaultKind::kStall, .phone = "15550001111", .count = std::nullopt}));
  EXPECT_EQ(book.take_for_connection().size(), 1);
  EXPECT_EQ(book.take_for_connection().size(), 1);
  EXPECT_THAT(book.take_for_connection(), IsEmpty());
  EXPECT_THAT(book.take_for_account("15550002222"), IsEmpty());
  EXPECT_EQ(book.take_for_account("15550001111").size(), 1);
  EXPECT_EQ(book.take_for_account("15550001111").size(), 1);
}

}  // namespace
}  // namespace patchbay::sandbox
