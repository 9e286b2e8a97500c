// Connections, logins, signs of life and ends of a session. Pairing: session_pairing_test.cc; what is owed:
// session_stanzas_test.cc; prekeys: session_prekeys_test.cc.
#include "whatsapp/session_core.h"

#include <gmock/gmock.h>

#include "whatsapp/key_encoding.h"
#include "whatsapp/session_test_support.h"

namespace patchbay::whatsapp {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using namespace test;

class SessionTest : public testing::Test, public World {};

Node stream_error(std::string_view code, std::string_view conflict = {}) {
  Node out = element("stream:error", {{"code", std::string(code)}});
  if (!conflict.empty()) out.content = Nodes{element("conflict", {{"type", std::string(conflict)}})};
  return out;
}

// --- Opening ---

TEST_F(SessionTest, ALinkedDeviceLogsInAndIsConnected) {
  Credentials it = linked_credentials();
  it.routing_info = "route";
  open(it);
  ASSERT_TRUE(peer->is_open());
  EXPECT_EQ(peer->payload().username(), 15551234567u);
  EXPECT_EQ(peer->routing, "route");
  say(element("success", {{"lid", it.lid}}));
  EXPECT_THAT(heard, ElementsAre("connected"));
  EXPECT_EQ(identity.jid, it.jid);
  EXPECT_EQ(identity.phone, "15551234567");
  EXPECT_EQ(identity.display_name, "Ada");
  answer("count", {element("count", {{"value", "30"}})});
  answer("active");
  EXPECT_EQ(expect("presence").attribute("type"), "available");
  answer("digest");
  EXPECT_TRUE(peer->received.empty());
  EXPECT_TRUE(stores.empty()) << "nothing changed";
}

TEST_F(SessionTest, WhatTheLoginTeachesIsStored) {
  Credentials it = linked_credentials();
  it.push_name.clear();
  it.lid.clear();
  open(it);
  say(element("success", {{"lid", "99887766554433:12@lid"}, {"display_name", "Ada L."}}));
  ASSERT_EQ(stores.size(), 1u);
  const auto kept = parse_credentials(stores.back());
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->lid, "99887766554433:12@lid");
  EXPECT_EQ(kept->push_name, "Ada L.");
  say(element("ib", {}, {element("edge_routing", {}, {bytes_element("routing_info", "abc")})}));
  ASSERT_EQ(stores.size(), 2u);
  EXPECT_EQ(parse_credentials(stores.back())->routing_info, "abc");
  say(element("ib", {}, {element("edge_routing", {}, {bytes_element("routing_info", "abc")})}));
  EXPECT_EQ(stores.size(), 2u) << "nothing new";
}

TEST_F(SessionTest, AFloodOfChangesIsOneWriteAtATime) {
  log_in();
  hold_stores = true;
  for (int i = 0; i < 1'000; ++i)
    say(element("ib", {}, {element("edge_routing", {}, {bytes_element("routing_info", std::to_string(i))})}));
  EXPECT_EQ(stores.size(), 1u);
  store(true);
  ASSERT_EQ(stores.size(), 2u);
  EXPECT_EQ(parse_credentials(stores.back())->routing_info, "999");
}

TEST_F(SessionTest, CredentialsThatCannotBeReadEndTheSessionWithoutAConnection) {
  open(Bytes("garbage"));
  EXPECT_EQ(connections, 0);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->reason, CloseReason::kInternal);
  EXPECT_FALSE(end->credentials_gone);
  EXPECT_THAT(end->text, HasSubstr("Log out and link the device again"));
}

TEST_F(SessionTest, AConversationThatComesByteByByteIsTheSameConversation) {
  byte_by_byte = true;
  log_in();
  say(element("notification", {{"id", "n1"}, {"from", "s.whatsapp.net"}, {"type", "psa"}}));
  EXPECT_EQ(expect("ack").attribute("id"), "n1");
}

TEST_F(SessionTest, AServerWithoutACertificateOfTheRootIsNotTalkedTo) {
  const Authority other;
  Authority mixed = other;
  mixed.server = authority.server;
  chain = mixed.chain(clock.wall_now());
  open(linked_credentials());
  ASSERT_TRUE(end);
  EXPECT_EQ(end->reason, CloseReason::kUnreachable);
  EXPECT_TRUE(end->retry_makes_sense);
  EXPECT_FALSE(end->credentials_gone);
  EXPECT_THAT(end->text, HasSubstr("could not prove"));
  EXPECT_EQ(peer, nullptr);
}

TEST_F(SessionTest, ACertificateThatRanOutIsNotEnough) {
  chain = authority.chain(clock.wall_now() - 100'000s);
  open(linked_credentials());
  ASSERT_TRUE(end);
  EXPECT_EQ(end->reason, CloseReason::kUnreachable);
}

TEST_F(SessionTest, GarbageInsteadOfAHandshakeEndsTheSession) {
  for (const std::string& garbage :
       {std::string("\x00\x00\x00", 3), std::string("\x00\x00\x04zzzz", 7),
        std::string("HTTP/1.1 400 Bad Request\r\n\r\n"), std::string(70'000, '\xff')}) {
    World world;
    world.accept_connections = false;
    world.open(linked_credentials());
    world.core->transport_opened(world.now());
    (void)world.core->take_events();
    world.say_bytes(garbage);
    if (!world.end) world.advance(60s);
    ASSERT_TRUE(world.end);
    EXPECT_TRUE(world.end->retry_makes_sense);
    EXPECT_FALSE(world.end->credentials_gone);
  }
}

TEST_F(SessionTest, AForgedFrameEndsTheConnection) {
  log_in();
  Bytes frame = peer->encode(element("ib"));
  frame.back() = static_cast<char>(frame.back() ^ 1);
  say_bytes(frame);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->reason, CloseReason::kNetworkLost);
  EXPECT_TRUE(end->retry_makes_sense);
}

// <message secret="…"/> and a byte too many.
Bytes stanza_that_cannot_be_read() {
  return binary::encode(element("message", {{"secret", "4917012345"}})) + "x";
}

TEST_F(SessionTest, AStanzaThatCannotBeReadIsLeftOutAndWhatFollowsIsNot) {
  log_in();
  const size_t before = sent_bytes;
  // In the same bytes.
  say_bytes(
      peer->encode_plain(stanza_that_cannot_be_read()) +
      peer->encode(element(
          "iq", {{"id", "p"}, {"from", "s.whatsapp.net"}, {"type", "get"}, {"xmlns", "urn:xmpp:ping"}})));
  EXPECT_FALSE(end);
  EXPECT_EQ(expect("iq").attribute("id"), "p");
  EXPECT_GT(sent_bytes, before);
  ASSERT_EQ(unreadable.size(), 1u);
  EXPECT_THAT(unreadable[0], HasSubstr("stand behind the node"));
  EXPECT_THAT(unreadable[0], testing::Not(HasSubstr("4917012345")));
}

TEST_F(SessionTest, NothingButStanzasThatCannotBeReadEndsTheConnection) {
  log_in();
  for (int i = 0; i < SessionCore::kMaxUnreadable; ++i)
    say_bytes(peer->encode_plain(stanza_that_cannot_be_read()));
  EXPECT_FALSE(end);
  EXPECT_EQ(unreadable.size(), static_cast<size_t>(SessionCore::kMaxUnreadable));
  say_bytes(peer->encode_plain(stanza_that_cannot_be_read()));
  ASSERT_TRUE(end);
  EXPECT_EQ(end->reason, CloseReason::kNetworkLost);
  EXPECT_TRUE(end->retry_makes_sense);
}

TEST_F(SessionTest, BeforeTheLoginAStanzaThatCannotBeReadEndsTheConnection) {
  open(linked_credentials());
  say_bytes(peer->encode_plain(stanza_that_cannot_be_read()));
  ASSERT_TRUE(end);
  EXPECT_EQ(end->reason, CloseReason::kNetworkLost);
  World codes;
  codes.show_codes();
  codes.say_bytes(codes.peer->encode_plain(stanza_that_cannot_be_read()));
  EXPECT_TRUE(codes.end);
}

TEST_F(SessionTest, ResumesWithTheServersKeyWhenTheProfileSaysSo) {
  ClientProfile ik = profile.get();
  ik.use_noise_ik = true;
  profile.set(ik);
  open(linked_credentials());
  say(element("success"));
  ASSERT_EQ(stores.size(), 1u);
  const Bytes kept = stores.back();
  EXPECT_EQ(parse_credentials(kept)->server_static, authority.server.public_key);

  World again;
  again.profile.set(ik);
  again.authority = authority;
  again.open(kept);
  ASSERT_TRUE(again.peer->is_open());
  EXPECT_EQ(again.peer->payload().device(), 12u);
  again.say(element("success"));
  EXPECT_THAT(again.heard, ElementsAre("connected"));

  World refused;
  refused.profile.set(ik);
  refused.authority = authority;
  refused.accept_ik = false;
  refused.open(kept);
  refused.say(element("success"));
  EXPECT_THAT(refused.heard, ElementsAre("connected")) << "by the fallback, on the same connection";
  EXPECT_EQ(refused.connections, 1);
}

// --- After the login ---

TEST_F(SessionTest, PresenceFollowsTheSettingAndNeedsAName) {
  World away;
  away.settings.mark_online_on_connect = false;
  away.open(linked_credentials());
  away.say(element("success"));
  away.answer("count", {element("count", {{"value", "30"}})});
  away.answer("active");
  EXPECT_EQ(away.expect("presence").attribute("type"), "unavailable");

  Credentials nameless = linked_credentials();
  nameless.push_name.clear();
  open(nameless);
  say(element("success"));
  answer("count", {element("count", {{"value", "30"}})});
  answer("active");
  EXPECT_TRUE(std::ranges::none_of(peer->received, [](const Node& node) { return node.tag == "presence"; }));
}

// --- Deadlines ---

TEST_F(SessionTest, EveryStepHasItsDeadline) {
  World connecting;
  connecting.accept_connections = false;
  connecting.open(linked_credentials());
  connecting.advance(SessionCore::kOpenTimeout);
  ASSERT_TRUE(connecting.end);
  EXPECT_EQ(connecting.end->reason, CloseReason::kTimedOut);

  World handshake;
  handshake.accept_connections = false;
  handshake.open(linked_credentials());
  handshake.core->transport_opened(handshake.now());
  (void)handshake.core->take_events();
  handshake.advance(SessionCore::kStepTimeout - 1ms);
  EXPECT_FALSE(handshake.end);
  handshake.advance(1ms);
  ASSERT_TRUE(handshake.end);
  EXPECT_THAT(handshake.end->text, HasSubstr("handshake"));

  World login;
  login.open(linked_credentials());
  login.advance(SessionCore::kStepTimeout);
  ASSERT_TRUE(login.end);
  EXPECT_THAT(login.end->text, HasSubstr("login"));

  World hurried;
  hurried.settings.connect_timeout = 5s;
  hurried.open(linked_credentials());
  hurried.advance(5s);
  EXPECT_TRUE(hurried.end);
}

TEST_F(SessionTest, AnyByteIsASignOfLifeAndSilenceEndsTheSession) {
  log_in();
  const SteadyTime begin = clock.steady_now();
  while (clock.steady_now() - begin < 300s) {
    advance(1s);
    if (has_query("ping")) answer("ping");
  }
  EXPECT_FALSE(end);
  EXPECT_GE(std::ranges::count(heard, "alive"), 10);
  heard.clear();
  // No answers, but bytes.
  for (int i = 0; i < 100; ++i) {
    advance(3s);
    core->heard(clock.steady_now());
    pump();
  }
  EXPECT_FALSE(end);
  EXPECT_GE(std::ranges::count(heard, "alive"), 10);
  EXPECT_LE(std::ranges::count(heard, "alive"), 25);
  advance(30s + SessionCore::kSilenceTimeout);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->reason, CloseReason::kTimedOut);
  EXPECT_TRUE(end->retry_makes_sense);
}

TEST_F(SessionTest, ShortIntervalsDoNotPutOffTheEnd) {
  settings.keep_alive_interval = 5s;
  log_in();
  advance(5s + SessionCore::kSilenceTimeout);
  EXPECT_TRUE(end);
}

// --- Ends ---

TEST_F(SessionTest, ARestartHappensInsideAndIsToldToNobody) {
  log_in();
  say(stream_error("515"));
  EXPECT_THAT(heard, ElementsAre("disconnect"));
  EXPECT_EQ(connections, 2);
  say(element("success"));
  EXPECT_THAT(heard, ElementsAre("disconnect")) << "still connected, as far as anybody knows";
  EXPECT_TRUE(has_query("count"));
}

TEST_F(SessionTest, OneRestartAfterTheOtherIsGivenUp) {
  open(linked_credentials());
  for (int i = 0; i < SessionCore::kMaxRestarts; ++i) {
    say(stream_error("515"));
    ASSERT_FALSE(end);
  }
  say(stream_error("515"));
  ASSERT_TRUE(end);
  EXPECT_EQ(end->reason, CloseReason::kServerBusy);
  EXPECT_TRUE(end->retry_makes_sense);
}

TEST_F(SessionTest, EachEndOfTheServersReachesTheObserverOnce) {
  struct Case {
    Node node;
    CloseReason reason;
  };
  const Case kCases[] = {
      {stream_error("401", "device_removed"), CloseReason::kUnlinkedByPhone},
      {stream_error("409", "replaced"), CloseReason::kReplaced},
      {stream_error("503"), CloseReason::kServerBusy},
      {stream_error("1"), CloseReason::kNetworkLost},
      {element("failure", {{"reason", "401"}}), CloseReason::kUnlinkedByPhone},
      {element("failure", {{"reason", "405"}}), CloseReason::kClientOutdated},
      {element("xmlstreamend"), CloseReason::kNetworkLost},
      {element("ib", {}, {element("downgrade_webclient")}), CloseReason::kRefused},
  };
  for (const Case& one : kCases) {
    World world;
    world.log_in();
    // Whatever follows in the same bytes is not looked at.
    Bytes bytes = world.peer->encode(one.node);
    bytes += world.peer->encode(one.node);
    bytes += world.peer->encode(element("ib"));
    world.say_bytes(bytes);
    ASSERT_TRUE(world.end) << describe(one.node);
    EXPECT_EQ(to_string(world.end->reason), to_string(one.reason)) << describe(one.node);
    EXPECT_EQ(world.heard.size(), 2u) << "disconnect, end";
    EXPECT_TRUE(world.core->is_over());
    EXPECT_FALSE(world.core->deadline());
    world.core->transport_closed("late", world.now());
    world.core->time_passed(world.now());
    world.core->close(world.now());
    EXPECT_TRUE(world.core->take_events().empty());
  }
}

TEST_F(SessionTest, ABrokenConnectionIsTold) {
  log_in();
  core->transport_closed("reset\nby peer", now());
  pump();
  ASSERT_TRUE(end);
  EXPECT_EQ(end->reason, CloseReason::kNetworkLost);
  EXPECT_EQ(end->text, "The connection to WhatsApp broke: reset?by peer.");
}

TEST_F(SessionTest, NoConnectionIsTold) {
  accept_connections = false;
  open(linked_credentials());
  core->transport_refused({ErrorCode::kServiceUnavailable, "nobody there", {}}, now());
  pump();
  ASSERT_TRUE(end);
  EXPECT_EQ(end->reason, CloseReason::kUnreachable);
  EXPECT_THAT(heard, ElementsAre("end UNREACHABLE"));
}

TEST_F(SessionTest, ClosingKeepsTheCredentials) {
  log_in();
  core->close(now());
  pump();
  EXPECT_THAT(heard, ElementsAre("disconnect", "end LOCAL_REQUEST"));
  EXPECT_FALSE(end->credentials_gone);
}

TEST_F(SessionTest, CredentialsThatCannotBeKeptEndTheSession) {
  log_in();
  hold_stores = true;
  say(element("ib", {}, {element("edge_routing", {}, {bytes_element("routing_info", "abc")})}));
  store(false);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->reason, CloseReason::kInternal);
  EXPECT_FALSE(end->credentials_gone);
}

// --- Logging out ---

TEST_F(SessionTest, LoggingOutWaitsForTheAnswer) {
  log_in();
  core->log_out(now());
  pump();
  EXPECT_FALSE(end);
  ASSERT_TRUE(has_query("remove-companion-device"));
  answer("remove-companion-device");
  ASSERT_TRUE(end);
  EXPECT_EQ(end->reason, CloseReason::kLoggedOut);
  EXPECT_TRUE(end->credentials_gone);
}

TEST_F(SessionTest, LoggingOutSaysWhenWhatsAppCouldNotBeTold) {
  const auto outcome = [](auto what) {
    World world;
    world.log_in();
    world.core->log_out(world.now());
    world.pump();
    what(world);
    world.pump();
    EXPECT_TRUE(world.end);
    EXPECT_EQ(world.end->reason, CloseReason::kLoggedOut);
    return world.end->credentials_gone;
  };
  EXPECT_FALSE(outcome([](World& world) { world.advance(SessionCore::kLogoutTimeout); }));
  EXPECT_FALSE(outcome([](World& world) { world.core->transport_closed("gone", world.now()); }));
  EXPECT_FALSE(outcome([](World& world) { world.answer_error("remove-companion-device", 500, "no"); }));
  EXPECT_FALSE(outcome([](World& world) { world.say(stream_error("503")); }));
  EXPECT_TRUE(outcome([](World& world) { world.say(stream_error("401", "device_removed")); }));
}

TEST_F(SessionTest, LoggingOutBeforeTheLoginHappensAfterIt) {
  open(linked_credentials());
  core->log_out(now());
  pump();
  EXPECT_FALSE(end);
  say(element("success"));
  answer("remove-companion-device");
  ASSERT_TRUE(end);
  EXPECT_TRUE(end->credentials_gone);
  EXPECT_EQ(std::ranges::count(heard, "connected"), 0);
}

TEST_F(SessionTest, LoggingOutOfNothingIsDoneAtOnce) {
  show_codes();
  core->log_out(now());
  pump();
  ASSERT_TRUE(end);
  EXPECT_EQ(end->reason, CloseReason::kLoggedOut);
  EXPECT_TRUE(end->credentials_gone);
}

}  // namespace
}  // namespace patchbay::whatsapp
