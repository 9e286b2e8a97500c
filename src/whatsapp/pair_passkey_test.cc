#include "whatsapp/pair_passkey.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/ids.h"
#include "crypto/aes.h"
#include "crypto/digest.h"
#include "crypto/kdf.h"
#include "proto/companion_reg.pb.h"
#include "whatsapp/pair_code.h"
#include "whatsapp/stanza.h"

namespace patchbay::whatsapp {
namespace {

using binary::Node;

constexpr std::string_view kAssertion =
    R"({"id":"AQID","rawId":"AQID","type":"public-key","response":{"clientDataJSON":"e30","authenticatorData":"AA","signature":"AA"}})";

TEST(PairPasskey, BothEndsComeToTheSameKeyAndCode) {
  Credentials it = make_credentials();
  const crypto::Key32 shown = it.adv_secret;
  PasskeyPairing pairing = begin_passkey(it, {}, random_bytes);
  EXPECT_NE(it.adv_secret, shown) << "the secret that was shown is spent";
  pairing.ref = "the-ref";
  const auto assertion = parse_assertion(kAssertion);
  ASSERT_TRUE(assertion) << assertion.error().message;
  const Node query = passkey_prologue(pairing, *assertion);
  const Node* const prologue = query.child("passkey_prologue");
  ASSERT_NE(prologue, nullptr);
  EXPECT_EQ(prologue->child_bytes("credential_id"), "\x01\x02\x03");
  EXPECT_EQ(prologue->child_bytes("webauthn_assertion"), kAssertion);
  const Bytes payload(prologue->child_bytes("prologue_payload"));
  const Bytes handoff = crypto::hkdf_sha256(crypto::view(shown), {}, "shortcake-passkey-handoff-v1", 32);
  EXPECT_EQ(prologue->child_bytes("pairing_handoff_proof"), crypto::hmac_sha256(handoff, payload));

  // The phone.
  proto::ProloguePayload told;
  proto::CompanionEphemeralIdentity companion;
  ASSERT_TRUE(told.ParseFromString(payload));
  ASSERT_TRUE(companion.ParseFromString(told.companion_ephemeral_identity()));
  EXPECT_EQ(companion.ref(), "the-ref");
  EXPECT_EQ(companion.device_type(), proto::DeviceProps::CHROME);
  const crypto::KeyPair primary = crypto::make_key_pair();
  proto::PrimaryEphemeralIdentity answer;
  answer.set_public_key(Bytes(crypto::view(primary.public_key)));
  answer.set_nonce(Bytes(32, 'n'));
  const auto code = continue_passkey(
      pairing,
      element("notification", {}, {bytes_element("primary_ephemeral_identity", answer.SerializeAsString())}));
  ASSERT_TRUE(code);

  const Bytes nonce(companion_nonce_query(pairing).child_bytes("companion_nonce"));
  EXPECT_EQ(told.commitment().hash(), crypto::sha256(told.companion_ephemeral_identity() + nonce));
  const Bytes digest = crypto::sha256(nonce + answer.public_key());
  Bytes bits(5, '\0');
  for (size_t i = 0; i < 5; ++i) bits[i] = static_cast<char>('n' ^ digest[i]);
  EXPECT_EQ(*code, shown_pairing_code(encode_pairing_code(bits)));

  const auto shared = crypto::diffie_hellman(primary.private_key, *crypto::to_key(companion.public_key()));
  const Bytes key = crypto::hkdf_sha256(crypto::view(*shared), "Companion Pairing 1 with ref the-ref",
                                        "Pairing Information Encryption Key", 32);
  proto::EncryptedPairingRequest sealed;
  ASSERT_TRUE(sealed.ParseFromString(
      Bytes(pairing_request_query(pairing, it, random_bytes).child_bytes("encrypted_pairing_request"))));
  const auto opened = crypto::aes_256_gcm_open(key, sealed.iv(), {}, sealed.encrypted_payload());
  ASSERT_TRUE(opened);
  proto::PairingRequest request;
  ASSERT_TRUE(request.ParseFromString(*opened));
  EXPECT_EQ(request.companion_public_key(), crypto::view(it.noise.public_key));
  EXPECT_EQ(request.companion_identity_key(), crypto::view(it.identity.public_key));
  EXPECT_EQ(request.adv_secret(), crypto::view(it.adv_secret));
}

TEST(PairPasskey, WhatABrowserCannotHaveGivenIsRefused) {
  for (const char* const bad :
       {"", "[]", "{}", R"({"rawId":"AQID"})", R"({"rawId":"!","response":{}})",
        R"({"rawId":"AQID","response":{"clientDataJSON":"e30","authenticatorData":"AA"}})",
        R"({"rawId":"","response":{"clientDataJSON":"e30","authenticatorData":"AA","signature":"AA"}})"}) {
    const auto out = parse_assertion(bad);
    ASSERT_FALSE(out) << bad;
    EXPECT_EQ(out.error().code, ErrorCode::kValidation);
  }
  EXPECT_FALSE(parse_assertion(std::string(kMaxAssertionBytes + 1, ' ')));
}

TEST(PairPasskey, WhatTheServerSaysMustBeReadable) {
  EXPECT_FALSE(read_passkey_options(element("notification")));
  EXPECT_FALSE(
      read_passkey_options(element("notification", {}, {bytes_element("passkey_request_options", "[1]")})));
  EXPECT_EQ(
      *read_passkey_options(element("notification", {}, {bytes_element("passkey_request_options", "{}")})),
      "{}");
  EXPECT_FALSE(read_passkey_ref(element("iq")));
  Credentials it = make_credentials();
  PasskeyPairing pairing = begin_passkey(it, {}, random_bytes);
  proto::PrimaryEphemeralIdentity zero;
  zero.set_public_key(Bytes(32, '\0'));
  zero.set_nonce(Bytes(32, 'n'));
  for (const Bytes& bytes : {Bytes(), Bytes("\xff"), zero.SerializeAsString()})
    EXPECT_FALSE(continue_passkey(
        pairing, element("notification", {}, {bytes_element("primary_ephemeral_identity", bytes)})));
}

}  // namespace
}  // namespace patchbay::whatsapp
