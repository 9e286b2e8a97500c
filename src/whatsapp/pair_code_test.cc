#include "whatsapp/pair_code.h"

#include <gtest/gtest.h>

#include "base/ids.h"
#include "crypto/aes.h"
#include "crypto/kdf.h"
#include "whatsapp/stanza.h"
#include "whatsapp/test_vectors.h"

namespace patchbay::whatsapp {
namespace {

using binary::Node;

TEST(PairCode, WrapsAKeyAsAnotherImplementationDoes) {
  const test::Vectors vectors("pairCode");
  const Bytes key = derive_code_key(vectors.text("code"), vectors.bytes("salt"));
  EXPECT_EQ(to_hex(wrap_ephemeral(key, vectors.bytes("salt"), vectors.bytes("iv"),
                                  *crypto::to_key(vectors.bytes("ephemeralPub")))),
            vectors.text("wrapped"));
}

TEST(PairCode, ACodeHasEightCharactersThatDoNotLookAlike) {
  EXPECT_EQ(encode_pairing_code(Bytes(5, '\0')), "11111111");
  EXPECT_EQ(encode_pairing_code(Bytes(5, '\xff')), "ZZZZZZZZ");
  EXPECT_EQ(encode_pairing_code(Bytes("\x00\x44\x32\x14\xc7", 5)), "12345678");
  EXPECT_EQ(shown_pairing_code("12345678"), "1234-5678");
  EXPECT_EQ(make_code_pairing("15551234567", random_bytes).code.find_first_of("0IOU"), std::string::npos);
}

TEST(PairCode, APhoneNumberHasItsCountryCode) {
  EXPECT_EQ(*pairing_phone("15551234567"), "15551234567");
  for (const char* const bad :
       {"", "123456", "+15551234567", "0155512345", "1555 1234567", "1234567890123456", "abcdefgh"}) {
    const auto out = pairing_phone(bad);
    ASSERT_FALSE(out) << bad;
    EXPECT_EQ(out.error().code, ErrorCode::kValidation);
  }
}

TEST(PairCode, BothEndsAgreeOnTheSecret) {
  const Credentials it = make_credentials();
  CodePairing pairing = make_code_pairing("15551234567", random_bytes);
  const Node hello =
      companion_hello(pairing, derive_code_key(pairing.code, pairing.salt), it, {}, random_bytes);
  const Node* const reg = hello.child("link_code_companion_reg");
  ASSERT_NE(reg, nullptr);
  EXPECT_EQ(reg->attribute("jid"), "15551234567@s.whatsapp.net");
  EXPECT_EQ(reg->attribute("stage"), "companion_hello");
  EXPECT_EQ(reg->child_bytes("companion_server_auth_key_pub"), crypto::view(it.noise.public_key));
  EXPECT_EQ(reg->child_bytes("companion_platform_id"), "1");
  EXPECT_EQ(reg->child_bytes("companion_platform_display"), "Chrome (Ubuntu)");
  EXPECT_EQ(reg->child_bytes("link_code_pairing_nonce"), "0");

  // The phone: the same code was typed in.
  const Bytes wrapped(reg->child_bytes("link_code_pairing_wrapped_companion_ephemeral_pub"));
  ASSERT_EQ(wrapped.size(), 80u);
  const auto companion = crypto::to_key(crypto::aes_256_ctr(
      derive_code_key(pairing.code, wrapped.substr(0, 32)), wrapped.substr(32, 16), wrapped.substr(48)));
  ASSERT_TRUE(companion);
  const crypto::KeyPair primary = crypto::make_key_pair(), identity = crypto::make_key_pair();
  const Bytes salt(32, 's'), iv(16, 'i');
  pairing.ref = "the-ref";
  const Node notification = element(
      "notification", {{"type", "link_code_companion_reg"}},
      {element(
          "link_code_companion_reg", {{"stage", "primary_hello"}},
          {bytes_element("link_code_pairing_wrapped_primary_ephemeral_pub",
                         wrap_ephemeral(derive_code_key(pairing.code, salt), salt, iv, primary.public_key)),
           bytes_element("primary_identity_pub", crypto::view(identity.public_key)),
           bytes_element("link_code_pairing_ref", "the-ref")})});

  const auto primary_hello = read_primary_hello(notification);
  ASSERT_TRUE(primary_hello);
  EXPECT_EQ(primary_hello->ref, "the-ref");
  const auto finish =
      companion_finish(pairing, *primary_hello, derive_code_key(pairing.code, salt), it, random_bytes);
  ASSERT_TRUE(finish);
  const Node* const done = finish->query.child("link_code_companion_reg");
  EXPECT_EQ(done->attribute("stage"), "companion_finish");
  EXPECT_EQ(done->child_bytes("link_code_pairing_ref"), "the-ref");
  EXPECT_EQ(done->child_bytes("companion_identity_public"), crypto::view(it.identity.public_key));

  // The phone again.
  const Bytes bundle(done->child_bytes("link_code_pairing_wrapped_key_bundle"));
  const auto shared = crypto::diffie_hellman(primary.private_key, *companion);
  const Bytes key = crypto::hkdf_sha256(crypto::view(*shared), bundle.substr(0, 32),
                                        "link_code_pairing_key_bundle_encryption_key", 32);
  const auto opened = crypto::aes_256_gcm_open(key, bundle.substr(32, 12), {}, bundle.substr(44));
  ASSERT_TRUE(opened);
  ASSERT_EQ(opened->size(), 96u);
  EXPECT_EQ(opened->substr(0, 32), crypto::view(it.identity.public_key));
  EXPECT_EQ(opened->substr(32, 32), crypto::view(identity.public_key));
  const auto identities = crypto::diffie_hellman(identity.private_key, it.identity.public_key);
  const Bytes input =
      Bytes(crypto::view(*shared)).append(crypto::view(*identities)).append(opened->substr(64));
  EXPECT_EQ(crypto::hkdf_sha256(input, {}, "adv_secret", 32), crypto::view(finish->adv_secret));
}

TEST(PairCode, KeysOfSmallOrderAreRefused) {
  const Credentials it = make_credentials();
  const CodePairing pairing = make_code_pairing("15551234567", random_bytes);
  const Bytes key = derive_code_key(pairing.code, Bytes(32, 's'));
  PrimaryHello hello{
      .wrapped_ephemeral = wrap_ephemeral(key, Bytes(32, 's'), Bytes(16, 'i'), crypto::Key32{}),
      .identity = crypto::make_key_pair().public_key,
      .ref = "r"};
  const auto finish = companion_finish(pairing, hello, key, it, random_bytes);
  ASSERT_FALSE(finish);
  EXPECT_EQ(finish.error().code, ErrorCode::kAuthentication);
}

TEST(PairCode, AnAnswerOfTheWrongShapeIsRefused) {
  EXPECT_FALSE(read_primary_hello(element("notification")));
  EXPECT_FALSE(read_primary_hello(element("notification", {}, {element("link_code_companion_reg")})));
  EXPECT_FALSE(read_primary_hello(
      element("notification", {},
              {element("link_code_companion_reg", {},
                       {bytes_element("link_code_pairing_wrapped_primary_ephemeral_pub", Bytes(81, 'x')),
                        bytes_element("primary_identity_pub", Bytes(32, 'x')),
                        bytes_element("link_code_pairing_ref", "r")})})));
  EXPECT_FALSE(read_pairing_ref(element("iq")));
  EXPECT_FALSE(
      read_pairing_ref(element("iq", {},
                               {element("link_code_companion_reg", {},
                                        {bytes_element("link_code_pairing_ref", Bytes(2'000, 'x'))})})));
}

}  // namespace
}  // namespace patchbay::whatsapp
