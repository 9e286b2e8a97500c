// Pairing and what a device does when it is logged in, with a client that verifies what it is given.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/aes.h"
#include "crypto/kdf.h"
#include "proto/companion_reg.pb.h"
#include "proto/signal.pb.h"
#include "sandbox/pair_code.h"
#include "sandbox/passkey.h"
#include "sandbox/rig.h"

namespace patchbay::sandbox {
namespace {

using test::Client;
using test::World;
using testing::ElementsAre;
using testing::IsEmpty;

// --- Pairing ----------------------------------------------------------------------------------------------

TEST(SandboxPairing, ByQrCodeEndsIn515AndADevice) {
  World world;
  Account& phone = world.phone();
  Client client(world);
  ASSERT_TRUE(client.pair(phone));
  EXPECT_EQ(client.take("stream:error").attribute("code"), "515");
  EXPECT_EQ(to_string(client.jid), "15550001111:1@s.whatsapp.net");
  ASSERT_TRUE(phone.devices.contains(1));
  EXPECT_EQ(phone.devices.at(1).os, "Ubuntu");
  client.log_in();
  EXPECT_EQ(client.take("success").attribute("lid"), to_string(phone.lid_jid(1)));
  EXPECT_THAT(world.rules(), IsEmpty());
}

TEST(SandboxPairing, AWrongDeviceSignatureIsSeenAndLinksNothing) {
  World world;
  Account& phone = world.phone();
  Client client(world);
  const std::string ref = client.begin_pairing();
  ASSERT_TRUE(Phone(world.network, phone).scan(client.qr(ref)));
  ASSERT_TRUE(client.answer_pair_success(true));
  EXPECT_EQ(client.take("stream:error").attribute("code"), "401");
  EXPECT_EQ(phone.devices.size(), 1);
  EXPECT_THAT(world.rules(), ElementsAre("pairing.signature"));
}

TEST(SandboxPairing, RefusesCodesThatAreNoneStrangeOrOld) {
  World world;
  Account& account = world.phone();
  Phone phone(world.network, account);
  Client client(world);
  const std::string ref = client.begin_pairing();
  for (const char* const text : {"", "hello", "https://example.org/#a,b,c,d", "a,b,c,d", ",,,,,,"})
    EXPECT_EQ(phone.scan(text).error().code, ErrorCode::kValidation) << text;
  EXPECT_EQ(phone.scan(client.qr("2@unknown")).error().code, ErrorCode::kResourceNotFound);
  account.online = false;
  EXPECT_EQ(phone.scan(client.qr(ref)).error().code, ErrorCode::kResourceConflict);
  account.online = true;
  world.executor.advance(Milliseconds(61'000));
  EXPECT_EQ(phone.scan(client.qr(ref)).error().code, ErrorCode::kResourceConflict) << "too old";
}

TEST(SandboxPairing, AStanzaBeforeTheLoginIsAViolation) {
  World world;
  Client client(world);
  client.begin_pairing();
  EXPECT_EQ(
      client.ask(parent("iq", {{"type", "get"}, {"xmlns", "encrypt"}}, {leaf("count")})).attribute("type"),
      "error");
  client.say(leaf("message", {{"id", "1"}, {"to", "15550001111@s.whatsapp.net"}}));
  EXPECT_THAT(world.rules(), ElementsAre("stanza.before-login", "stanza.before-login"));
}

TEST(SandboxPairing, APairDeviceThatIsNotAnsweredIsAViolation) {
  World world;
  Client client(world);
  client.connect(client.registration());
  world.executor.advance(Milliseconds(12'000));
  EXPECT_THAT(world.rules(), ElementsAre("iq.result-missing"));
}

TEST(SandboxPairing, ByCodeThroughTheWholeExchange) {
  World world;
  Account& phone = world.phone();
  Client client(world);
  client.begin_pairing();
  const crypto::KeyPair ephemeral = crypto::make_key_pair();
  const auto hello = [&](const std::string& display) {
    return client.ask(parent(
        "iq", {{"type", "set"}, {"xmlns", "md"}},
        {parent("link_code_companion_reg",
                {{"jid", "15550001111@s.whatsapp.net"},
                 {"stage", "companion_hello"},
                 {"should_show_push_notification", "true"}},
                {data("link_code_pairing_wrapped_companion_ephemeral_pub",
                      wrap_ephemeral(ephemeral.public_key, "ABCD1234", Bytes(32, 'a'), Bytes(16, 'b'))),
                 data("companion_server_auth_key_pub", crypto::view(client.noise_pair.public_key)),
                 data("companion_platform_id", "1"), data("companion_platform_display", display),
                 data("link_code_pairing_nonce", "0")})}));
  };
  EXPECT_EQ(hello("strange").attribute("type"), "error");
  const binary::Node answer = hello("Chrome (Ubuntu)");
  const Bytes ref(answer.child("link_code_companion_reg")->child_bytes("link_code_pairing_ref"));
  ASSERT_TRUE(Phone(world.network, phone).enter_code("abcd-1234"));
  const binary::Node notification = client.take_notification("link_code_companion_reg");
  client.ack(notification);
  const auto& reg = *notification.child("link_code_companion_reg");
  const auto primary =
      unwrap_ephemeral(reg.child_bytes("link_code_pairing_wrapped_primary_ephemeral_pub"), "ABCD1234");
  const auto phone_identity = crypto::to_key(reg.child_bytes("primary_identity_pub"));
  ASSERT_TRUE(primary && phone_identity);
  const auto shared = crypto::diffie_hellman(ephemeral.private_key, *primary);
  const Bytes salt(32, 's');
  const Bytes iv(12, 'i');
  const Bytes random(32, 'r');
  const Bytes plain =
      Bytes(crypto::view(client.identity.public_key)) + Bytes(crypto::view(*phone_identity)) + random;
  const Bytes bundle =
      salt + iv +
      crypto::aes_256_gcm_seal(
          crypto::hkdf_sha256(crypto::view(*shared), salt, "link_code_pairing_key_bundle_encryption_key", 32),
          iv, "", plain);
  client.adv_secret = crypto::hkdf_sha256(
      Bytes(crypto::view(*shared)) +
          Bytes(crypto::view(*crypto::diffie_hellman(client.identity.private_key, *phone_identity))) + random,
      "", "adv_secret", 32);
  const binary::Node finished =
      client.ask(parent("iq", {{"type", "set"}, {"xmlns", "md"}},
                        {parent("link_code_companion_reg",
                                {{"jid", "15550001111@s.whatsapp.net"}, {"stage", "companion_finish"}},
                                {data("link_code_pairing_wrapped_key_bundle", bundle),
                                 data("companion_identity_public", crypto::view(client.identity.public_key)),
                                 data("link_code_pairing_ref", ref)})}));
  EXPECT_EQ(finished.attribute("type"), "result");
  ASSERT_TRUE(client.answer_pair_success());
  EXPECT_TRUE(phone.devices.contains(1));
  EXPECT_THAT(world.rules(), ElementsAre("pairing.malformed")) << "only that of the strange display name";
}

TEST(SandboxPairing, ByPasskeyWithTheCodeComparedOnThePhone) {
  World world;
  Account& account = world.phone("15550001111", true);
  Phone phone(world.network, account);
  Client client(world);
  const std::string qr_ref = client.begin_pairing();
  ASSERT_TRUE(phone.scan(client.qr(qr_ref)));
  const binary::Node request = client.take_notification("passkey_prologue_request");
  client.ack(request);
  const std::string options(request.child_bytes("passkey_request_options"));
  EXPECT_EQ(options, phone.passkey_options());
  const Bytes handoff = crypto::hkdf_sha256(client.adv_secret, "", "shortcake-passkey-handoff-v1", 32);
  client.adv_secret = Bytes(32, 'n');

  const auto md = [&](binary::Node child) {
    return client.ask(parent("iq", {{"type", "set"}, {"xmlns", "md"}}, {std::move(child)}));
  };
  const Bytes ref(md(leaf("ref")).child_bytes("ref"));
  const crypto::KeyPair ephemeral = crypto::make_key_pair();
  const Bytes nonce(32, 'c');
  proto::CompanionEphemeralIdentity identity;
  identity.set_public_key(Bytes(crypto::view(ephemeral.public_key)));
  identity.set_device_type(proto::DeviceProps::CHROME);
  identity.set_ref(ref);
  proto::ProloguePayload prologue;
  prologue.set_companion_ephemeral_identity(identity.SerializeAsString());
  prologue.mutable_commitment()->set_hash(crypto::sha256(identity.SerializeAsString() + nonce));
  const Bytes payload = prologue.SerializeAsString();
  const auto send_prologue = [&](const std::string& assertion) {
    return md(parent("passkey_prologue", {},
                     {data("credential_id", account.passkey_credential),
                      data("webauthn_assertion", assertion), data("prologue_payload", payload),
                      data("pairing_handoff_proof", crypto::hmac_sha256(handoff, payload))}));
  };
  // One that answers another challenge is refused.
  const std::string wrong =
      *passkey_assertion(passkey_request_options("other", ""), account.passkey_credential, "sig");
  EXPECT_EQ(send_prologue(wrong).attribute("type"), "error");
  EXPECT_EQ(send_prologue(*phone.passkey_assertion("")).attribute("type"), "result");
  const binary::Node continuation = client.take_notification("crsc_continuation");
  client.ack(continuation);
  proto::PrimaryEphemeralIdentity primary;
  ASSERT_TRUE(primary.ParseFromString(Bytes(continuation.child_bytes("primary_ephemeral_identity"))));
  EXPECT_EQ(md(data("companion_nonce", nonce)).attribute("type"), "result");
  EXPECT_EQ(phone.verification_code(),
            passkey_verification_code(primary.nonce(), nonce, *crypto::to_key(primary.public_key())));
  proto::PairingRequest pairing;
  pairing.set_companion_public_key(Bytes(crypto::view(client.noise_pair.public_key)));
  pairing.set_companion_identity_key(Bytes(crypto::view(client.identity.public_key)));
  pairing.set_adv_secret(client.adv_secret);
  const auto shared = crypto::diffie_hellman(ephemeral.private_key, *crypto::to_key(primary.public_key()));
  const Bytes iv(12, 'i');
  proto::EncryptedPairingRequest sealed;
  sealed.set_iv(iv);
  sealed.set_encrypted_payload(crypto::aes_256_gcm_seal(
      crypto::hkdf_sha256(crypto::view(*shared), "Companion Pairing 1 with ref " + ref,
                          "Pairing Information Encryption Key", 32),
      iv, "", pairing.SerializeAsString()));
  EXPECT_EQ(md(data("encrypted_pairing_request", sealed.SerializeAsString())).attribute("type"), "result");
  EXPECT_FALSE(account.devices.contains(1)) << "the user has not approved yet";
  ASSERT_TRUE(phone.decide_passkey(true));
  ASSERT_TRUE(client.answer_pair_success());
  EXPECT_TRUE(account.devices.contains(1));
  EXPECT_THAT(world.rules(), ElementsAre("pairing.passkey")) << "only that of the other challenge";
}

TEST(SandboxPairing, IsTheSameUnderTheSameSeed) {
  World one;
  World two;
  EXPECT_EQ(one.network.root(), two.network.root());
  two.phone("15550002222");
  EXPECT_EQ(one.phone().lid, two.phone().lid);
  World three({.seed = 2});
  EXPECT_NE(one.network.root(), three.network.root());
}

// --- A device ---------------------------------------------------------------------------------------------

class SandboxDevice : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(client.pair(phone));
    client.log_in();
    ASSERT_EQ(client.ask(client.upload(1, 20)).attribute("type"), "result");
  }
  Device& device() { return phone.devices.at(1); }
  World world;
  Account& phone = world.phone();
  Client client{world};
};

TEST_F(SandboxDevice, CountsAndDigestsItsPrekeys) {
  const binary::Node count =
      client.ask(parent("iq", {{"type", "get"}, {"xmlns", "encrypt"}}, {leaf("count")}));
  EXPECT_EQ(count.child("count")->attribute("value"), "20");
  const binary::Node digest =
      client.ask(parent("iq", {{"type", "get"}, {"xmlns", "encrypt"}}, {leaf("digest")}));
  EXPECT_EQ(digest.child("digest")->child("list")->children().size(), 20);
  EXPECT_EQ(digest.child("digest")->child_bytes("hash").size(), 20);
  EXPECT_THAT(world.rules(), IsEmpty());
}

TEST_F(SandboxDevice, AnUploadThatRepeatsAnIdOrSignsWronglyIsAViolation) {
  device().keys.prekeys.clear();
  client.ask(client.upload(20, 2));
  client.signed_prekey_signature = Bytes(64, 'x');
  EXPECT_EQ(client.ask(client.upload(30, 1)).attribute("type"), "error");
  EXPECT_FALSE(device().keys.prekeys.contains(30));
  EXPECT_THAT(world.rules(), ElementsAre("prekey.id-reused", "prekey.signature"));
}

TEST_F(SandboxDevice, IsToldWhenItsPrekeysRunLow) {
  Account& other_phone = world.phone("15550002222");
  Client other(world);
  ASSERT_TRUE(other.pair(other_phone));
  other.log_in();
  for (int i = 0; i < 16; ++i) {
    const binary::Node bundle =
        other.ask(parent("iq", {{"type", "get"}, {"xmlns", "encrypt"}},
                         {parent("key", {}, {leaf("user", {{"jid", to_string(client.jid)}})})}));
    const auto& user = bundle.child("list")->children().at(0);
    EXPECT_EQ(user.child_bytes("device-identity"), client.signed_identity);
    EXPECT_NE(user.child("key"), nullptr);
  }
  const binary::Node low = client.take_notification("encrypt");
  EXPECT_EQ(low.child("count")->attribute("value"), "4");
  EXPECT_EQ(client.take_notification("encrypt").tag, "none") << "told once";
}

TEST_F(SandboxDevice, AckThatIsMissingOrForNothingIsAViolation) {
  world.network.notify(device(), "psa", "s.whatsapp.net", {});
  world.executor.advance(Milliseconds(12'000));
  client.say(leaf("ack", {{"class", "notification"}, {"id", "999"}, {"to", "s.whatsapp.net"}}));
  EXPECT_THAT(world.rules(), ElementsAre("ack.missing", "ack.unknown"));
}

TEST_F(SandboxDevice, WhatItDoesNotAnswerComesAgainAtTheNextLogin) {
  world.network.notify(device(), "psa", "s.whatsapp.net", {});
  EXPECT_EQ(client.take_notification("psa").attribute("offline"), "");
  client.log_in();
  const binary::Node again = client.take_notification("psa");
  EXPECT_EQ(again.attribute("offline"), "0");
  client.ack(again);
  client.log_in();
  EXPECT_EQ(client.take_notification("psa").tag, "none");
}

TEST_F(SandboxDevice, SilenceIsAViolationOnce) {
  world.executor.advance(Milliseconds(180'000));
  EXPECT_THAT(world.rules(), ElementsAre("keepalive.missing"));
}

TEST_F(SandboxDevice, AnIdUsedTwiceAndAnIqWithoutOneAreViolations) {
  const binary::Node ping =
      leaf("iq", {{"id", "same"}, {"to", "s.whatsapp.net"}, {"type", "get"}, {"xmlns", "w:p"}});
  client.say(ping);
  client.say(ping);
  client.say(leaf("iq", {{"to", "s.whatsapp.net"}, {"type", "get"}, {"xmlns", "w:p"}}));
  client.say(leaf("iq", {{"id", "7"}, {"to", "s.whatsapp.net"}, {"type", "result"}}));
  client.say(leaf("presence", {{"type", "available"}}));
  EXPECT_THAT(world.rules(),
              ElementsAre("iq.id-reused", "iq.id-missing", "iq.result-unexpected", "presence.name-missing"));
}

TEST_F(SandboxDevice, ASecondLoginReplacesTheFirst) {
  Client second(world);
  second.noise_pair = client.noise_pair;
  second.jid = client.jid;
  second.log_in();
  const binary::Node error = client.take("stream:error");
  ASSERT_NE(error.child("conflict"), nullptr);
  EXPECT_EQ(error.child("conflict")->attribute("type"), "replaced");
  EXPECT_TRUE(client.closed);
  EXPECT_FALSE(second.closed);
}

TEST_F(SandboxDevice, IsUnlinkedOnThePhone) {
  ASSERT_TRUE(Phone(world.network, phone).unlink(1));
  EXPECT_EQ(client.take("stream:error").attribute("code"), "401");
  client.connect(client.login());
  EXPECT_EQ(client.take("failure").attribute("reason"), "401");
}

TEST_F(SandboxDevice, UnlinksItself) {
  const binary::Node answer = client.ask(parent(
      "iq", {{"type", "set"}, {"xmlns", "md"}},
      {leaf("remove-companion-device", {{"jid", to_string(client.jid)}, {"reason", "user_initiated"}})}));
  EXPECT_EQ(answer.attribute("type"), "result");
  EXPECT_FALSE(phone.devices.contains(1));
  EXPECT_TRUE(client.closed);
}

TEST_F(SandboxDevice, AnotherNoiseKeyDoesNotLogIn) {
  Client thief(world);
  thief.jid = client.jid;
  thief.connect(thief.login());
  EXPECT_EQ(thief.take("failure").attribute("reason"), "401");
  EXPECT_FALSE(client.closed);
}

// --- Messages ---------------------------------------------------------------------------------------------

class SandboxMessages : public SandboxDevice {
 protected:
  void SetUp() override {
    SandboxDevice::SetUp();
    ASSERT_TRUE(peer.pair(peer_phone));
    peer.log_in();
    ASSERT_EQ(peer.ask(peer.upload(1, 20)).attribute("type"), "result");
    client.nodes.clear();
  }
  static Bytes signal_message() {
    proto::SignalMessage message;
    message.set_ratchet_key(Bytes(33, 'k'));
    message.set_counter(0);
    message.set_ciphertext(Bytes(16, 'c'));
    return "\x33" + message.SerializeAsString() + Bytes(8, 'm');
  }
  Bytes prekey_message(const crypto::Key32& identity) const {
    proto::PreKeySignalMessage message;
    message.set_registration_id(client.registration_id);
    message.set_signed_pre_key_id(1);
    message.set_base_key(Bytes(33, 'b'));
    message.set_identity_key("\x05" + Bytes(crypto::view(identity)));
    message.set_message(signal_message());
    return "\x33" + message.SerializeAsString();
  }
  static binary::Node enc(std::string type, std::string_view bytes) {
    binary::Node node = data("enc", bytes);
    node.attributes = {{"v", "2"}, {"type", std::move(type)}};
    return node;
  }
  // To every device that there is, but for those left out.
  binary::Node message(const std::string& id, binary::Nodes encs_by_device) {
    binary::Nodes recipients;
    const std::vector<std::string> jids{"15550001111@s.whatsapp.net", "15550002222@s.whatsapp.net",
                                        "15550002222:1@s.whatsapp.net"};
    for (size_t i = 0; i < encs_by_device.size(); ++i)
      recipients.push_back(parent("to", {{"jid", jids[i]}}, {encs_by_device[i]}));
    return parent("message", {{"id", id}, {"to", "15550002222@s.whatsapp.net"}, {"type", "text"}},
                  {parent("participants", {}, std::move(recipients))});
  }
  Account& peer_phone = world.phone("15550002222");
  Client peer{world};
};

TEST_F(SandboxMessages, ReachEveryDeviceAndAreAcknowledged) {
  const binary::Node plain = enc("msg", signal_message());
  client.say(message("m1", {plain, plain, plain}));
  const binary::Node ack = client.take("ack");
  EXPECT_EQ(ack.attribute("class"), "message");
  EXPECT_FALSE(ack.has_attribute("error"));
  EXPECT_FALSE(ack.has_attribute("phash"));
  const binary::Node got = peer.take("message");
  EXPECT_EQ(got.attribute("from"), "15550001111:1@s.whatsapp.net");
  EXPECT_EQ(got.attribute("sender_lid"), to_string(phone.lid_jid()));
  EXPECT_EQ(phone.devices.at(0).received, 1);
  EXPECT_EQ(peer_phone.devices.at(0).received, 1);
  peer.say(leaf("receipt", {{"id", "m1"}, {"to", "15550001111:1@s.whatsapp.net"}}));
  EXPECT_EQ(peer.take("ack").attribute("class"), "receipt");
  const binary::Node receipt = client.take("receipt");
  EXPECT_EQ(receipt.attribute("from"), "15550002222@s.whatsapp.net");
  EXPECT_THAT(peer_phone.devices.at(1).queue, IsEmpty());
  EXPECT_THAT(world.rules(), IsEmpty());
}

TEST_F(SandboxMessages, AnInactiveReceiptIsNotShownToTheSender) {
  const binary::Node plain = enc("msg", signal_message());
  client.say(message("m1", {plain, plain, plain}));
  peer.say(leaf("receipt", {{"id", "m1"}, {"to", "15550001111:1@s.whatsapp.net"}, {"type", "inactive"}}));
  EXPECT_EQ(client.take("receipt").tag, "none");
  EXPECT_THAT(peer_phone.devices.at(1).queue, IsEmpty());
}

TEST_F(SandboxMessages, AStaleDeviceListIsToldByThePhash) {
  const binary::Node plain = enc("msg", signal_message());
  client.say(message("m1", {plain, plain}));
  EXPECT_EQ(client.take("ack").attribute("phash"),
            Network::participant_hash({{.user = "15550001111", .server = "s.whatsapp.net"},
                                       {.user = "15550001111", .server = "s.whatsapp.net", .device = 1},
                                       {.user = "15550002222", .server = "s.whatsapp.net"},
                                       {.user = "15550002222", .server = "s.whatsapp.net", .device = 1}}));
}

TEST_F(SandboxMessages, PrekeyMessagesNeedTheRightIdentityAndTheDeviceIdentity) {
  binary::Node good = message("m1", {enc("pkmsg", prekey_message(client.identity.public_key))});
  std::get<binary::Nodes>(good.content).push_back(data("device-identity", client.signed_identity));
  client.say(good);
  EXPECT_THAT(world.rules(), IsEmpty());
  client.say(message("m2", {enc("pkmsg", prekey_message(client.identity.public_key))}));
  client.say(message("m3", {enc("pkmsg", prekey_message(peer.identity.public_key))}));
  EXPECT_THAT(world.rules(), ElementsAre("message.device-identity", "message.signal"));
}

TEST_F(SandboxMessages, WhatIsNoMessageIsRefusedAndRecorded) {
  const binary::Node plain = enc("msg", signal_message());
  client.say(message("m1", {plain, plain, plain}));
  client.nodes.clear();
  client.say(message("m1", {plain, plain, plain}));
  client.say(parent("message", {{"id", "m2"}, {"to", "15550002222@s.whatsapp.net"}, {"type", "text"}}, {}));
  client.say(message("m3", {enc("msg", "rubbish")}));
  client.say(message("m4", {enc("new", signal_message())}));
  size_t refused = 0;
  for (const binary::Node& node : client.nodes) refused += node.attribute("error") == "479";
  EXPECT_EQ(refused, 3);
  EXPECT_THAT(world.rules(),
              ElementsAre("message.id-reused", "message.malformed", "message.signal", "message.malformed"));
}

TEST_F(SandboxMessages, TheHashOfParticipantsIsTheKnownOne) {
  EXPECT_EQ(Network::participant_hash({{.user = "15550001111", .server = "s.whatsapp.net"},
                                       {.user = "15550001111", .server = "s.whatsapp.net", .device = 12},
                                       {.user = "15550002222", .server = "s.whatsapp.net"}}),
            "2:RKXSXBeU");
}

}  // namespace
}  // namespace patchbay::sandbox
