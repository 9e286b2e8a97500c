// What a session owes the server: acknowledgements, receipts, answers; and what it keeps first.
#include <gmock/gmock.h>

#include "binary/decoder.h"
#include "whatsapp/session_core.h"
#include "whatsapp/session_test_support.h"

namespace patchbay::whatsapp {
namespace {

using namespace std::chrono_literals;
using namespace test;

class SessionStanzasTest : public testing::Test, public World {};

TEST_F(SessionStanzasTest, EverythingButMessagesIsAcknowledged) {
  log_in();
  for (const char* const tag : {"receipt", "notification", "call"}) {
    say(element(
        tag, {{"id", "x1"}, {"from", "4917@s.whatsapp.net"}, {"participant", "1@lid"}, {"type", "w:gp2"}}));
    const Node ack = expect("ack");
    EXPECT_EQ(ack.attribute("class"), tag);
    EXPECT_EQ(ack.attribute("id"), "x1");
    EXPECT_EQ(ack.attribute("to"), "4917@s.whatsapp.net");
    EXPECT_EQ(ack.attribute("participant"), "1@lid");
    EXPECT_EQ(ack.attribute("type"), "w:gp2");
  }
}

Node message(std::string_view id, binary::Attributes more = {}) {
  Node out = element("message", {{"id", std::string(id)}, {"from", "4917@s.whatsapp.net"}, {"offline", "1"}},
                     {bytes_element("enc", "secret")});
  for (const auto& [name, value] : more) out.set(name, value);
  return out;
}

TEST_F(SessionStanzasTest, MessagesAndTokensAreAcknowledgedOnceTheyAreKept) {
  settings.mark_online_on_connect = false;
  log_in();
  hold_keeps = true;
  const size_t before = sent_bytes;
  const Node token =
      element("notification", {{"id", "n"}, {"from", "4917@s.whatsapp.net"}, {"type", "privacy_token"}});
  say(message("m1"));
  say(token);
  say(element("ib", {}, {element("offline", {{"count", "2"}})}));
  EXPECT_EQ(caught_up, 2u);
  EXPECT_EQ(sent_bytes, before) << "no answer before it is durable";
  ASSERT_EQ(held.size(), 2u);
  EXPECT_EQ(binary::decode(held[0].bytes), message("m1"));
  EXPECT_EQ(binary::decode(held[1].bytes), token);
  EXPECT_TRUE(held[0].is_message);
  EXPECT_FALSE(held[1].is_message);
  EXPECT_NE(held[0].key, held[1].key);
  keep(true);
  const Node receipt = expect("receipt"), ack = expect("ack");
  EXPECT_EQ(receipt.attribute("id"), "m1");
  EXPECT_EQ(receipt.attribute("to"), "4917@s.whatsapp.net");
  EXPECT_EQ(receipt.attribute("type"), "inactive");
  EXPECT_EQ(ack.attribute("class"), "notification");
  EXPECT_EQ(ack.attribute("id"), "n");
}

TEST_F(SessionStanzasTest, AReceiptSaysWhatTheMessageWas) {
  log_in();  // is there, as the settings want it
  say(message("m"));
  EXPECT_FALSE(expect("receipt").has_attribute("type")) << "delivered";
  say(message("m", {{"from", "1-2@g.us"}, {"participant", "4917:3@s.whatsapp.net"}}));
  const Node group = expect("receipt");
  EXPECT_EQ(group.attribute("to"), "1-2@g.us");
  EXPECT_EQ(group.attribute("participant"), "4917:3@s.whatsapp.net");
  EXPECT_FALSE(group.has_attribute("type"));
  say(message("m", {{"from", "15551234567@s.whatsapp.net"}, {"recipient", "4917@s.whatsapp.net"}}));
  const Node own = expect("receipt");
  EXPECT_EQ(own.attribute("type"), "sender");
  EXPECT_EQ(own.attribute("recipient"), "4917@s.whatsapp.net");
  say(message("m", {{"from", "15551234567@s.whatsapp.net"}, {"category", "peer"}}));
  EXPECT_EQ(expect("receipt").attribute("type"), "peer_msg");
}

TEST_F(SessionStanzasTest, AStanzaHasOneKeyHoweverOftenItComes) {
  log_in();
  say(message("m"));
  say(message("m", {{"offline", "7"}}));
  say(message("m", {{"from", "4918@s.whatsapp.net"}}));
  say(message("m", {{"participant", "4918@s.whatsapp.net"}}));
  say(message("m2"));
  ASSERT_EQ(held.size(), 5u);
  EXPECT_EQ(held[0].key.size(), 64u);
  EXPECT_EQ(held[0].key, held[1].key);
  for (const size_t i : {2u, 3u, 4u}) EXPECT_NE(held[0].key, held[i].key);
}

TEST_F(SessionStanzasTest, WhatCannotBeKeptStaysInTheServersQueue) {
  log_in();
  hold_keeps = true;
  const size_t before = sent_bytes;
  say(message("m"));
  keep(false);
  EXPECT_EQ(sent_bytes, before);
  say(message(std::string(kMaxEchoBytes + 1, 'i')));
  EXPECT_EQ(held.size(), 1u) << "what cannot be answered would be delivered for ever";
  EXPECT_FALSE(end);
}

TEST_F(SessionStanzasTest, AFloodOfMessagesDoesNotGrowUs) {
  log_in();
  hold_keeps = true;
  for (size_t i = 0; i < SessionCore::kMaxKeeping + 10; ++i) say(message("m" + std::to_string(i)));
  EXPECT_EQ(held.size(), SessionCore::kMaxKeeping);
  keep(true);
  say(message("later"));
  EXPECT_EQ(held.size(), SessionCore::kMaxKeeping + 1);
  held.clear();
  keep(true);
  const Bytes large(1 << 20, 'x');
  for (int i = 0; i < 20; ++i)
    say(element("message", {{"id", std::to_string(i)}, {"from", "4917@s.whatsapp.net"}},
                {bytes_element("enc", large)}));
  EXPECT_EQ(held.size(), SessionCore::kMaxKeepingBytes / large.size());
}

TEST_F(SessionStanzasTest, WhatWasKeptForAnotherConnectionIsNotAnsweredInThisOne) {
  log_in();
  hold_keeps = true;
  say(message("m"));
  say(element("stream:error", {{"code", "515"}}));
  say(element("success", {{"lid", linked_credentials().lid}}));
  keep(true);
  for (const Node& node : peer->received) EXPECT_NE(node.tag, "receipt");
  EXPECT_FALSE(end);
}

TEST_F(SessionStanzasTest, TheServersPingIsAnswered) {
  log_in();
  say(element("iq", {{"id", "p"}, {"from", "s.whatsapp.net"}, {"type", "get"}, {"xmlns", "urn:xmpp:ping"}}));
  const Node pong = expect("iq");
  EXPECT_EQ(pong.attribute("type"), "result");
  EXPECT_EQ(pong.attribute("id"), "p");
}

TEST_F(SessionStanzasTest, DirtyIsCleaned) {
  log_in();
  say(element("ib", {}, {element("dirty", {{"type", "groups"}, {"timestamp", "17"}})}));
  const Node query = expect_query("clean");
  EXPECT_EQ(query.child("clean")->attribute("type"), "groups");
  EXPECT_EQ(query.child("clean")->attribute("timestamp"), "17");
}

TEST_F(SessionStanzasTest, WhatNobodyKnowsIsIgnored) {
  log_in();
  const size_t before = sent_bytes;
  for (const Node& odd : {element("wonder"), element("success"), element("iq"),
                          element("iq", {{"type", "result"}, {"id", "none"}}),
                          element("iq", {{"type", "get"}, {"id", "q"}, {"xmlns", "unknown"}}), element("ack"),
                          element("presence"), element("notification"),
                          element("receipt", {{"id", std::string(1'000, 'x')}, {"from", "a@lid"}}),
                          element("iq", {{"type", "set"}, {"id", "q"}},
                                  {element("pair-device", {}, {bytes_element("ref", "r")})}),
                          element("iq", {{"type", "set"}, {"id", "q"}}, {element("pair-success")}),
                          element("ib", {}, {element("edge_routing"), element("dirty"), element("thing")})})
    say(odd);
  EXPECT_EQ(sent_bytes, before);
  EXPECT_FALSE(end);
}

TEST_F(SessionStanzasTest, AFloodOfQueriesDoesNotGrowUs) {
  log_in();
  for (int i = 0; i < 10'000; ++i)
    say(element("ib", {}, {element("dirty", {{"type", "t"}, {"timestamp", std::to_string(i)}})}));
  EXPECT_LE(peer->received.size(), SessionCore::kMaxQueries);
  EXPECT_FALSE(end);
}

}  // namespace
}  // namespace patchbay::whatsapp
