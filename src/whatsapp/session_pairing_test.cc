// Linking a device: QR codes, codes that are typed in, passkeys, and what goes wrong.
#include <gmock/gmock.h>

#include "crypto/aes.h"
#include "crypto/kdf.h"
#include "proto/companion_reg.pb.h"
#include "whatsapp/session_test_support.h"

namespace patchbay::whatsapp {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using namespace test;

constexpr std::string_view kPhoneAssertion =
    R"({"id":"AQID","rawId":"AQID","type":"public-key","response":{"clientDataJSON":"e30","authenticatorData":"AA","signature":"AA"}})";

class PairingTest : public testing::Test, public World {
 protected:
  // The phone had a code typed in.
  Node primary_hello(std::string_view code, const crypto::Key32& ephemeral,
                     std::string_view ref = "code-ref") const {
    const Bytes salt(32, 's');
    return element(
        "notification", {{"from", "s.whatsapp.net"}, {"id", "lc"}, {"type", "link_code_companion_reg"}},
        {element("link_code_companion_reg", {{"stage", "primary_hello"}},
                 {bytes_element("link_code_pairing_wrapped_primary_ephemeral_pub",
                                wrap_ephemeral(derive_code_key(code, salt), salt, Bytes(16, 'i'), ephemeral)),
                  bytes_element("primary_identity_pub", crypto::view(phone.identity.public_key)),
                  bytes_element("link_code_pairing_ref", ref)})});
  }
  void type_in(std::string_view code) {
    show_codes();
    ask_code();
    give_code_ref();
    say(primary_hello(code, crypto::make_key_pair().public_key));
  }
  void ask_code(std::string_view phone_number = "15551234567") {
    core->request_pair_code(
        phone_number, [this](Status status) { done.push_back(std::move(status)); }, now());
    pump();
  }
  void give_code_ref() {
    answer("link_code_companion_reg",
           {element("link_code_companion_reg", {}, {bytes_element("link_code_pairing_ref", "code-ref")})});
  }
  void give_passkey(std::string_view json = kPhoneAssertion) {
    core->answer_passkey(json, [this](Status status) { done.push_back(std::move(status)); }, now());
    pump();
  }
  void demand_passkey() {
    say(element("notification",
                {{"from", "s.whatsapp.net"}, {"id", "pk"}, {"type", "passkey_prologue_request"}},
                {bytes_element("passkey_request_options", R"({"rpId":"whatsapp.com"})")}));
  }
  // Given and accepted; the phone goes on.
  void take_passkey_step() {
    give_passkey();
    answer("ref", {bytes_element("ref", "pk-ref")});
    answer("passkey_prologue");
    proto::PrimaryEphemeralIdentity half;
    half.set_public_key(Bytes(crypto::view(crypto::make_key_pair().public_key)));
    half.set_nonce(Bytes(32, 'n'));
    say(element("notification", {{"from", "s.whatsapp.net"}, {"id", "cc"}, {"type", "crsc_continuation"}},
                {bytes_element("primary_ephemeral_identity", half.SerializeAsString())}));
  }
  std::vector<Status> done;
};

TEST_F(PairingTest, CodesRotateFirstAfterAMinuteThenFasterAndRunOut) {
  show_codes();
  EXPECT_FALSE(peer->payload().has_username());
  const Node reply = expect("iq");
  EXPECT_EQ(reply.attribute("type"), "result");
  EXPECT_EQ(reply.attribute("id"), "qr-1");
  ASSERT_EQ(codes.size(), 1u);
  EXPECT_EQ(codes[0].valid_for, 60s);
  EXPECT_EQ(codes[0].max_attempts, 6);
  const QrContent code = read_qr(codes[0].text);
  EXPECT_EQ(code.ref, "2@ref1");
  EXPECT_EQ(code.client_type, "1");
  EXPECT_EQ(crypto::view(code.identity), peer->payload().device_pairing_data().e_ident());
  advance(59'999ms);
  EXPECT_EQ(codes.size(), 1u);
  advance(1ms);
  ASSERT_EQ(codes.size(), 2u);
  EXPECT_EQ(codes[1].valid_for, 20s);
  EXPECT_EQ(read_qr(codes[1].text).ref, "2@ref2");
  advance(99s);
  EXPECT_EQ(codes.size(), 6u);
  EXPECT_EQ(codes[5].attempt, 6);
  EXPECT_FALSE(end);
  advance(1s);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->reason, CloseReason::kQrExhausted);
  EXPECT_FALSE(end->retry_makes_sense);
  EXPECT_FALSE(end->credentials_gone);
}

TEST_F(PairingTest, TheServerHearsFromUsWhileCodesAreShown) {
  show_codes();
  for (int i = 0; i < 5; ++i) {
    advance(30s);
    EXPECT_TRUE(has_query("ping"));
    peer->received.clear();
  }
  EXPECT_FALSE(end);
}

TEST_F(PairingTest, AScanLinksStoresAnswersRestartsAndConnects) {
  hold_stores = true;
  show_codes();
  const QrContent code = read_qr(codes.back().text);
  peer->received.clear();
  scan();
  EXPECT_THAT(heard, ElementsAre("qr 1", "paired", "store"));
  EXPECT_EQ(identity.jid, "15551234567:12@s.whatsapp.net");
  EXPECT_TRUE(peer->received.empty()) << "nothing is signed before the credentials are durable";
  const auto kept = parse_credentials(stores.back());
  ASSERT_TRUE(kept) << kept.error().message;
  EXPECT_EQ(kept->identity.public_key, code.identity);
  EXPECT_EQ(kept->jid, identity.jid);
  store(true);
  const Node reply = expect("iq");
  EXPECT_EQ(reply.attribute("type"), "result");
  EXPECT_EQ(reply.attribute("id"), "pair-1");
  EXPECT_NE(reply.child("pair-device-sign"), nullptr);
  EXPECT_FALSE(end);

  hold_stores = false;
  say(element("stream:error", {{"code", "515"}}));
  EXPECT_EQ(connections, 2);
  EXPECT_EQ(peer->payload().username(), 15551234567u);
  EXPECT_EQ(peer->payload().device(), 12u);
  say(element("success", {{"lid", "99887766554433:12@lid"}}));
  EXPECT_THAT(heard, ElementsAre("qr 1", "paired", "store", "disconnect", "connected"));
  EXPECT_EQ(identity.display_name, "Ada's shop");
  answer("count", {element("count", {{"value", "0"}})});
  EXPECT_EQ(expect_query("list").child("list")->children().size(), 20u);
}

TEST_F(PairingTest, TheWholePairingByteByByte) {
  byte_by_byte = true;
  show_codes();
  scan();
  say(element("stream:error", {{"code", "515"}}));
  say(element("success"));
  EXPECT_EQ(heard.back(), "connected");
}

TEST_F(PairingTest, CredentialsThatCannotBeStoredEndThePairingAndNothingIsSent) {
  hold_stores = true;
  show_codes();
  peer->received.clear();
  scan();
  const size_t before = sent_bytes;
  store(false);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->reason, CloseReason::kInternal);
  EXPECT_TRUE(end->credentials_gone);
  EXPECT_EQ(sent_bytes, before);
}

TEST_F(PairingTest, AConfirmationForAnotherSecretIsRefused) {
  show_codes();
  peer->received.clear();
  const QrContent code = read_qr(codes.back().text);
  // The peer goes away with the end: what it received is looked at before.
  const Bytes frame = peer->encode(Phone::pair_success(phone.device_identity(code.identity, Bytes(32, 'x'))));
  core->received(frame, now());
  auto events = core->take_events();
  ASSERT_EQ(events.size(), 3u);
  ASSERT_TRUE(std::holds_alternative<session_event::Send>(events[0])) << "the error goes first";
  peer->feed(std::get<session_event::Send>(events[0]).bytes);
  EXPECT_EQ(expect("iq").child("error")->attribute("text"), "hmac-mismatch");
  EXPECT_TRUE(std::holds_alternative<session_event::CloseTransport>(events[1]));
  ASSERT_TRUE(std::holds_alternative<SessionEnd>(events[2]));
  const SessionEnd& how = std::get<SessionEnd>(events[2]);
  EXPECT_EQ(how.reason, CloseReason::kRefused);
  EXPECT_EQ(how.text.find(base64_encode(crypto::view(code.adv_secret))), std::string::npos);
  EXPECT_TRUE(stores.empty());
}

TEST_F(PairingTest, APairingThatIsNotFinishedHasADeadline) {
  show_codes();
  scan();
  advance(SessionCore::kPairingTimeout);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->reason, CloseReason::kTimedOut);
  EXPECT_TRUE(end->retry_makes_sense) << "the link may stand";
}

TEST_F(PairingTest, OddReferencesAreLeftOut) {
  open();
  Nodes refs{bytes_element("ref", ""), bytes_element("ref", "a,b"),
             bytes_element("ref", std::string(1'000, 'x')), bytes_element("other", "x")};
  const auto device = [&] {
    return element("iq", {{"from", "s.whatsapp.net"}, {"type", "set"}, {"id", "q"}},
                   {element("pair-device", {}, refs)});
  };
  for (int i = 0; i < 500; ++i) refs.push_back(bytes_element("ref", "r" + std::to_string(i)));
  say(device());
  ASSERT_EQ(codes.size(), 1u);
  EXPECT_EQ(codes[0].max_attempts, 20);
  EXPECT_EQ(read_qr(codes[0].text).ref, "r0");

  World none;
  none.open();
  none.say(
      element("iq", {{"from", "s.whatsapp.net"}, {"type", "set"}, {"id", "q"}}, {element("pair-device")}));
  EXPECT_TRUE(none.end);
}

TEST_F(PairingTest, NewCodesAgainAndAgainEndTheSession) {
  open();
  const Node device = element("iq", {{"from", "s.whatsapp.net"}, {"type", "set"}, {"id", "q"}},
                              {element("pair-device", {}, {bytes_element("ref", "r")})});
  for (int i = 0; i < SessionCore::kMaxCodeSets; ++i) say(device);
  EXPECT_FALSE(end);
  EXPECT_EQ(codes.size(), static_cast<size_t>(SessionCore::kMaxCodeSets));
  say(device);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->reason, CloseReason::kNetworkLost);
  EXPECT_THAT(end->text, HasSubstr("again and again"));
  EXPECT_EQ(codes.size(), static_cast<size_t>(SessionCore::kMaxCodeSets));
}

TEST_F(PairingTest, OnlyTheServerMayPair) {
  open();
  Node query = element("iq", {{"from", "4917@s.whatsapp.net"}, {"type", "set"}, {"id", "q"}},
                       {element("pair-device", {}, {bytes_element("ref", "r")})});
  say(query);
  EXPECT_TRUE(codes.empty());
}

// --- Codes that are typed in ---

TEST_F(PairingTest, ACodeIsShownInsteadOfQrCodesAsLongAsTheyWouldHaveBeen) {
  show_codes();
  advance(30s);
  ask_code();
  EXPECT_TRUE(done.empty());
  give_code_ref();
  EXPECT_THAT(heard, ElementsAre("qr 1", "pair code", "answered"));
  ASSERT_EQ(done.size(), 1u);
  EXPECT_TRUE(done[0]);
  EXPECT_EQ(pair_code->valid_for, 130s);
  EXPECT_THAT(pair_code->code, testing::MatchesRegex("[1-9A-HJ-NP-TV-Z]{4}-[1-9A-HJ-NP-TV-Z]{4}"));
  advance(129s);
  EXPECT_EQ(codes.size(), 1u) << "no QR codes beside it";
  advance(1s);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->reason, CloseReason::kQrExhausted);
}

TEST_F(PairingTest, ACodeThatIsTypedInLinks) {
  show_codes();
  ask_code();
  const Node hello = expect_query("link_code_companion_reg");
  say(element(
      "iq", {{"from", "s.whatsapp.net"}, {"type", "result"}, {"id", std::string(hello.attribute("id"))}},
      {element("link_code_companion_reg", {}, {bytes_element("link_code_pairing_ref", "code-ref")})}));
  std::string code = pair_code->code;
  std::erase(code, '-');
  // The phone.
  const crypto::KeyPair primary = crypto::make_key_pair();
  say(primary_hello(code, primary.public_key, "another-ref"));
  EXPECT_FALSE(has_query("link_code_companion_reg"));
  say(primary_hello(code, primary.public_key));
  const Node finish = expect_query("link_code_companion_reg");
  EXPECT_EQ(finish.child("link_code_companion_reg")->attribute("stage"), "companion_finish");
  EXPECT_EQ(expect("ack").attribute("id"), "lc");
  say(primary_hello(code, primary.public_key));
  EXPECT_FALSE(has_query("link_code_companion_reg")) << "once";

  const Node* const reg = finish.child("link_code_companion_reg");
  const Bytes wrapped(hello.child("link_code_companion_reg")
                          ->child_bytes("link_code_pairing_wrapped_companion_ephemeral_pub"));
  const auto companion = crypto::to_key(crypto::aes_256_ctr(derive_code_key(code, wrapped.substr(0, 32)),
                                                            wrapped.substr(32, 16), wrapped.substr(48)));
  const auto shared = crypto::diffie_hellman(primary.private_key, *companion);
  const auto own = *crypto::to_key(reg->child_bytes("companion_identity_public"));
  const Bytes bundle(reg->child_bytes("link_code_pairing_wrapped_key_bundle"));
  const Bytes key = crypto::hkdf_sha256(crypto::view(*shared), bundle.substr(0, 32),
                                        "link_code_pairing_key_bundle_encryption_key", 32);
  const auto opened = crypto::aes_256_gcm_open(key, bundle.substr(32, 12), {}, bundle.substr(44));
  ASSERT_TRUE(opened);
  const auto identities = crypto::diffie_hellman(phone.identity.private_key, own);
  const Bytes secret = crypto::hkdf_sha256(
      Bytes(crypto::view(*shared)).append(crypto::view(*identities)).append(opened->substr(64)), {},
      "adv_secret", 32);
  say(Phone::pair_success(phone.device_identity(own, secret)));
  EXPECT_FALSE(end) << end->text;
  EXPECT_EQ(heard.back(), "store");
}

TEST_F(PairingTest, ACodeThatWasMistypedIsSaidToBe) {
  type_in("AAAAAAAA");
  answer_error("link_code_companion_reg", 400, "bad-request");
  ASSERT_TRUE(end);
  EXPECT_EQ(end->reason, CloseReason::kRefused);
  EXPECT_FALSE(end->retry_makes_sense);
  EXPECT_THAT(end->text, HasSubstr("probably mistyped"));
}

TEST_F(PairingTest, AServerThatIsBusyIsNotTakenForAMistypedCode) {
  type_in("AAAAAAAA");
  answer_error("link_code_companion_reg", 503, "busy");
  ASSERT_TRUE(end);
  EXPECT_THAT(end->text, testing::Not(HasSubstr("mistyped")));
}

TEST_F(PairingTest, APhoneThatDoesNotFinishAfterACodeIsToldAsThat) {
  type_in("AAAAAAAA");
  advance(60s);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->reason, CloseReason::kQrExhausted);
  EXPECT_THAT(end->text, HasSubstr("probably mistyped"));
}

TEST_F(PairingTest, ANumberWithoutAnAccountIsTheAskersMistake) {
  show_codes();
  ask_code();
  answer_error("link_code_companion_reg", 404, "item-not-found");
  ASSERT_EQ(done.size(), 1u);
  EXPECT_EQ(done[0].error().code, ErrorCode::kValidation);
  EXPECT_THAT(done[0].error().message, HasSubstr("No WhatsApp account has this number"));
  ask_code();
  give_code_ref();
  EXPECT_TRUE(done.back()) << "another number may follow";
}

TEST_F(PairingTest, ACodeIsGivenOnlyWhileCodesAreShownForANumberThatCanBeOne) {
  open();
  ask_code();
  ASSERT_EQ(done.size(), 1u);
  EXPECT_EQ(done[0].error().code, ErrorCode::kInvalidOperation);

  World linked;
  linked.log_in();
  Status outcome;
  linked.core->request_pair_code(
      "15551234567", [&](Status status) { outcome = std::move(status); }, linked.now());
  linked.pump();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::kInvalidOperation);
}

TEST_F(PairingTest, ARefusedCodeIsToldAndQrCodesGoOn) {
  show_codes();
  ask_code("0123");
  EXPECT_EQ(done.back().error().code, ErrorCode::kValidation);
  ask_code();
  ask_code();
  EXPECT_EQ(done.back().error().code, ErrorCode::kInvalidOperation) << "one at a time";
  answer_error("link_code_companion_reg", 429, "rate-overlimit");
  EXPECT_EQ(done.back().error().code, ErrorCode::kRateLimitExceeded);
  EXPECT_THAT(done.back().error().message, HasSubstr("429 rate-overlimit"));
  advance(60s);
  EXPECT_EQ(codes.size(), 2u);
  ask_code();
  answer("link_code_companion_reg", {element("nonsense")});
  EXPECT_FALSE(done.back());
  ask_code();
  advance(61s);
  EXPECT_EQ(done.back().error().code, ErrorCode::kRequestTimeout);
  EXPECT_EQ(done.size(), 5u);
}

TEST_F(PairingTest, WhoeverWaitsForACodeHearsOfTheEnd) {
  hold_work = true;
  show_codes();
  ask_code();
  core->close(now());
  pump();
  ASSERT_EQ(done.size(), 1u);
  EXPECT_EQ(done[0].error().code, ErrorCode::kServiceUnavailable);
  EXPECT_THAT(heard, ElementsAre("qr 1", "disconnect", "answered SERVICE_UNAVAILABLE", "end LOCAL_REQUEST"));
  work();
  EXPECT_EQ(done.size(), 1u);
}

TEST_F(PairingTest, AScanWhileACodeIsAskedForWins) {
  hold_work = true;
  show_codes();
  ask_code();
  scan();
  ASSERT_EQ(done.size(), 1u);
  EXPECT_EQ(done[0].error().code, ErrorCode::kInvalidOperation);
  work();
  EXPECT_EQ(heard.back(), "store");
}

// --- Passkeys ---

TEST_F(PairingTest, APasskeyIsAskedForAnsweredComparedAndLinks) {
  show_codes();
  demand_passkey();
  EXPECT_EQ(expect("ack").attribute("id"), "pk");
  ASSERT_TRUE(passkey);
  EXPECT_EQ(passkey->options_json, R"({"rpId":"whatsapp.com"})");
  EXPECT_EQ(passkey->valid_for, 300s);
  advance(100s);
  EXPECT_EQ(codes.size(), 1u) << "no codes any more";
  give_passkey("{}");
  EXPECT_EQ(done.back().error().code, ErrorCode::kValidation);
  give_passkey();
  answer("ref", {bytes_element("ref", "pk-ref")});
  const Node prologue = expect_query("passkey_prologue");
  say(element("iq", {{"type", "result"}, {"id", std::string(prologue.attribute("id"))}}));
  EXPECT_TRUE(done.back());

  proto::ProloguePayload told;
  proto::CompanionEphemeralIdentity companion;
  ASSERT_TRUE(
      told.ParseFromString(Bytes(prologue.child("passkey_prologue")->child_bytes("prologue_payload"))));
  ASSERT_TRUE(companion.ParseFromString(told.companion_ephemeral_identity()));
  const crypto::KeyPair primary = crypto::make_key_pair();
  proto::PrimaryEphemeralIdentity half;
  half.set_public_key(Bytes(crypto::view(primary.public_key)));
  half.set_nonce(Bytes(32, 'n'));
  say(element("notification", {{"from", "s.whatsapp.net"}, {"id", "cc"}, {"type", "crsc_continuation"}},
              {bytes_element("primary_ephemeral_identity", half.SerializeAsString())}));
  answer("companion_nonce");
  ASSERT_TRUE(passkey_code);
  EXPECT_THAT(passkey_code->code, testing::MatchesRegex(".{4}-.{4}"));
  proto::EncryptedPairingRequest sealed;
  const Node request = expect_query("encrypted_pairing_request");
  ASSERT_TRUE(sealed.ParseFromString(Bytes(request.child_bytes("encrypted_pairing_request"))));
  const auto shared = crypto::diffie_hellman(primary.private_key, *crypto::to_key(companion.public_key()));
  const Bytes key = crypto::hkdf_sha256(crypto::view(*shared), "Companion Pairing 1 with ref pk-ref",
                                        "Pairing Information Encryption Key", 32);
  const auto opened = crypto::aes_256_gcm_open(key, sealed.iv(), {}, sealed.encrypted_payload());
  ASSERT_TRUE(opened);
  proto::PairingRequest pairing;
  ASSERT_TRUE(pairing.ParseFromString(*opened));
  say(Phone::pair_success(
      phone.device_identity(*crypto::to_key(pairing.companion_identity_key()), pairing.adv_secret())));
  EXPECT_EQ(heard.back(), "store");
  EXPECT_FALSE(end);
}

TEST_F(PairingTest, APasskeyThatIsAskedForAgainAndAgainEndsTheSession) {
  show_codes();
  for (int i = 0; i < SessionCore::kMaxPasskeyRequests; ++i) demand_passkey();
  EXPECT_FALSE(end);
  demand_passkey();
  ASSERT_TRUE(end);
  EXPECT_THAT(end->text, HasSubstr("again and again"));
  EXPECT_EQ(std::ranges::count(heard, "passkey"), SessionCore::kMaxPasskeyRequests);
}

TEST_F(PairingTest, APasskeyThatIsNotGivenEndsTheSession) {
  show_codes();
  give_passkey();
  EXPECT_EQ(done.back().error().code, ErrorCode::kInvalidOperation);
  demand_passkey();
  advance(300s);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->reason, CloseReason::kPasskeyExpired);
  EXPECT_THAT(end->text, HasSubstr("passkey was not given in time"));
  EXPECT_FALSE(end->retry_makes_sense);
}

TEST_F(PairingTest, TheCodesAreComparedInATimeOfTheirOwn) {
  show_codes();
  demand_passkey();
  advance(265s);
  take_passkey_step();
  answer("companion_nonce");
  ASSERT_TRUE(passkey_code);
  EXPECT_EQ(passkey_code->valid_for, 300s);
  answer("encrypted_pairing_request");
  advance(passkey_code->valid_for - 1ms);
  EXPECT_FALSE(end);
  advance(1ms);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->reason, CloseReason::kPasskeyExpired);
  EXPECT_THAT(end->text, HasSubstr("not confirmed on the phone in time"));
}

TEST_F(PairingTest, AServerThatDoesNotGoOnWithThePasskeyIsNotBlamedOnWhoGaveIt) {
  show_codes();
  demand_passkey();
  give_passkey();
  answer("ref", {bytes_element("ref", "pk-ref")});
  answer("passkey_prologue");
  advance(300s);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->reason, CloseReason::kPasskeyExpired);
  EXPECT_THAT(end->text, HasSubstr("WhatsApp did not go on"));
}

TEST_F(PairingTest, ARefusedPasskeyMayBeGivenAgain) {
  show_codes();
  demand_passkey();
  give_passkey();
  answer_error("ref", 500, "no");
  EXPECT_FALSE(done.back());
  give_passkey();
  answer("ref", {bytes_element("ref", "pk-ref")});
  answer_error("passkey_prologue", 400, "bad");
  EXPECT_FALSE(done.back());
  give_passkey();
  answer("ref", {bytes_element("ref", "pk-ref")});
  answer("passkey_prologue");
  EXPECT_TRUE(done.back());
  EXPECT_EQ(done.size(), 3u);
}

TEST_F(PairingTest, APhoneThatRefusesInThePasskeyStepIsNotFollowedByNewCodes) {
  for (const char* const code : {"401", "515", "503"}) {
    SCOPED_TRACE(code);
    World world;
    world.show_codes();
    world.say(element("notification",
                      {{"from", "s.whatsapp.net"}, {"id", "pk"}, {"type", "passkey_prologue_request"}},
                      {bytes_element("passkey_request_options", "{}")}));
    world.say(element("stream:error", {{"code", code}}));
    ASSERT_TRUE(world.end);
    EXPECT_EQ(world.end->reason, CloseReason::kRefused);
    EXPECT_FALSE(world.end->retry_makes_sense);
    EXPECT_THAT(world.end->text, HasSubstr("The phone refused the link"));
    EXPECT_EQ(world.connections, 1);
  }
}

TEST_F(PairingTest, NobodyButTheServerAsksForAPasskey) {
  show_codes();
  say(element("notification",
              {{"from", "4917@s.whatsapp.net"}, {"id", "pk"}, {"type", "passkey_prologue_request"}},
              {bytes_element("passkey_request_options", "{}")}));
  EXPECT_FALSE(passkey);
}

// --- The registration is refused ---

TEST_F(PairingTest, ARefusedRegistrationEndsWithItsReason) {
  open();
  say(element("failure", {{"reason", "405"}}));
  ASSERT_TRUE(end);
  EXPECT_EQ(end->reason, CloseReason::kClientOutdated);
  EXPECT_FALSE(end->retry_makes_sense);
}

TEST_F(PairingTest, SuccessWithoutCredentialsIsIgnored) {
  open();
  say(element("success"));
  EXPECT_TRUE(heard.empty());
  EXPECT_FALSE(end);
}

}  // namespace
}  // namespace patchbay::whatsapp
