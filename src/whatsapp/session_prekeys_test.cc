// What a session does for its prekeys and its signed prekey.
#include <gmock/gmock.h>

#include "whatsapp/key_encoding.h"
#include "whatsapp/session_core.h"
#include "whatsapp/session_test_support.h"

namespace patchbay::whatsapp {
namespace {

using namespace std::chrono_literals;
using namespace test;

class SessionPrekeysTest : public testing::Test, public World {};

TEST_F(SessionPrekeysTest, TheFirstLoginUploadsPrekeysThatAreStoredBefore) {
  Credentials it = linked_credentials();
  it.prekeys.clear();
  it.next_prekey_id = it.first_unuploaded_id = 1;
  hold_stores = true;
  open(it);
  say(element("success"));
  answer("count", {element("count", {{"value", "0"}})});
  ASSERT_EQ(stores.size(), 1u);
  EXPECT_EQ(parse_credentials(stores[0])->prekeys.size(), 20u);
  EXPECT_FALSE(has_query("list")) << "not before they are durable";
  store(true);
  ASSERT_TRUE(has_query("list"));
  EXPECT_FALSE(has_query("active"));
  answer("list");
  ASSERT_EQ(stores.size(), 2u);
  EXPECT_EQ(parse_credentials(stores[1])->first_unuploaded_id, 21u);
  answer("active");
  EXPECT_TRUE(has_query("digest"));
}

TEST_F(SessionPrekeysTest, PrekeysWhoseUploadWasNotAnsweredGoUpAgainUnderTheSameIds) {
  Credentials it = linked_credentials();
  it.first_unuploaded_id = 21;
  open(it);
  say(element("success"));
  answer("count", {element("count", {{"value", "2"}})});
  const Node upload = expect_query("list");
  const auto& list = upload.child("list")->children();
  ASSERT_EQ(list.size(), 10u);
  EXPECT_EQ(read_big_endian(list.front().child_bytes("id")), 21u);
  EXPECT_EQ(list.front().child_bytes("value"),
            crypto::view(crypto::key_pair_from_private(it.prekeys[20].private_key).public_key));
  EXPECT_TRUE(stores.empty()) << "they are durable already";
}

TEST_F(SessionPrekeysTest, AnUploadThatIsRefusedIsTriedAgainLater) {
  open(linked_credentials());
  say(element("success"));
  answer("count", {element("count", {{"value", "2"}})});
  answer_error("list", 503, "busy");
  answer("active");
  answer("digest");
  EXPECT_FALSE(has_query("list"));
  for (int i = 0; i < 31; ++i) {
    advance(10s);
    say(element("ib"));
  }
  EXPECT_TRUE(has_query("list"));
}

TEST_F(SessionPrekeysTest, LowPrekeysAreToppedUpWhenTheServerSaysSo) {
  log_in();
  say(element("notification", {{"type", "encrypt"}, {"from", "s.whatsapp.net"}, {"id", "n1"}},
              {element("count", {{"value", "3"}})}));
  EXPECT_EQ(expect("ack").attribute("type"), "encrypt");
  EXPECT_EQ(expect_query("list").child("list")->children().size(), 10u);
  say(element("notification", {{"type", "encrypt"}, {"from", "s.whatsapp.net"}, {"id", "n2"}},
              {element("count", {{"value", "3"}})}));
  EXPECT_FALSE(has_query("list")) << "one at a time";
}

// --- The signed prekey ---

TEST_F(SessionPrekeysTest, AnOldSignedPrekeyIsReplacedAndTheNewOneIsDurableFirst) {
  Credentials it = linked_credentials();
  clock.advance(24h * 30);
  hold_stores = true;
  open(it);
  say(element("success"));
  answer("count", {element("count", {{"value", "30"}})});
  answer("active");
  EXPECT_FALSE(has_query("rotate")) << "not before it is durable";
  ASSERT_EQ(stores.size(), 1u);
  store(true);
  const Node rotation = expect_query("rotate");
  const auto kept = parse_credentials(stores[0]);
  ASSERT_TRUE(kept) << kept.error().message;
  EXPECT_EQ(kept->signed_prekey.id, 2u);
  EXPECT_FALSE(kept->signed_prekey_confirmed);
  EXPECT_EQ(kept->previous_signed_prekey->pair.private_key, it.signed_prekey.pair.private_key);
  EXPECT_EQ(rotation.child("rotate")->child("skey")->child_bytes("value"),
            crypto::view(kept->signed_prekey.pair.public_key));
  EXPECT_FALSE(has_query("digest")) << "the copies are compared after it";

  // The answer is lost with the connection: the same key goes up again.
  World later;
  later.clock.advance(24h * 30);
  later.open(*kept);
  later.say(element("success"));
  later.answer("count", {element("count", {{"value", "30"}})});
  later.answer("active");
  EXPECT_TRUE(later.stores.empty());
  EXPECT_TRUE(later.has_query("rotate"));
  later.answer("rotate");
  EXPECT_TRUE(later.has_query("digest"));
  ASSERT_EQ(later.stores.size(), 1u);
  EXPECT_TRUE(parse_credentials(later.stores[0])->signed_prekey_confirmed);
  EXPECT_EQ(parse_credentials(later.stores[0])->signed_prekey.pair.private_key,
            kept->signed_prekey.pair.private_key);
}

TEST_F(SessionPrekeysTest, ASignedPrekeyAgesWhileConnected) {
  Credentials it = linked_credentials();
  it.signed_prekey_made_at -= (30 * 24 - 12) * 3'600;
  log_in(it);
  EXPECT_FALSE(has_query("rotate"));
  for (int i = 0; i < 25 * 360 && !has_query("rotate"); ++i) {
    advance(10s);
    say(element("ib"));
  }
  EXPECT_TRUE(has_query("rotate"));
}

TEST_F(SessionPrekeysTest, ASignedPrekeyOfUnknownAgeCountsFromTheFirstLogin) {
  Credentials it = linked_credentials();
  it.signed_prekey_made_at = 0;
  log_in(it);
  EXPECT_FALSE(has_query("rotate"));
  ASSERT_EQ(stores.size(), 1u);
  EXPECT_EQ(parse_credentials(stores[0])->signed_prekey_made_at, to_unix_ms(clock.wall_now()) / 1'000);
}

TEST_F(SessionPrekeysTest, ACopyAtTheServerThatIsNotOursIsReplaced) {
  const Credentials it = linked_credentials();
  open(it);
  say(element("success"));
  answer("count", {element("count", {{"value", "30"}})});
  answer("active");
  answer("digest", {element("digest", {}, {element("list", {}, {bytes_element("id", big_endian(500, 3))})})});
  const Node upload = expect_query("list");
  EXPECT_EQ(upload.child("list")->children().size(), 20u);
  EXPECT_EQ(read_big_endian(upload.child("list")->children().front().child_bytes("id")), 501u);
}

TEST_F(SessionPrekeysTest, TheHashOfTheServersCopyIsLookedAtAfterAnUpload) {
  open(linked_credentials());
  say(element("success"));
  answer("count", {element("count", {{"value", "0"}})});
  answer("list");
  answer("active");
  answer("digest", {element("digest", {},
                            {element("list", {}, {bytes_element("id", big_endian(31, 3))}),
                             bytes_element("hash", Bytes(20, 'x'))})});
  EXPECT_TRUE(has_query("list"));
}

TEST_F(SessionPrekeysTest, AStepThatFailsDoesNotHoldUpTheNext) {
  open(linked_credentials());
  say(element("success"));
  answer_error("count", 500, "internal");
  answer_error("active", 500, "internal");
  answer_error("digest", 404, "not found");
  EXPECT_FALSE(end);

  World silent;
  silent.settings.query_timeout = 10s;
  silent.open(linked_credentials());
  silent.say(element("success"));
  silent.advance(11s);
  EXPECT_TRUE(silent.has_query("active"));
}

}  // namespace
}  // namespace patchbay::whatsapp
