#include "crypto/xeddsa.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "base/test_vectors.h"

namespace patchbay::crypto {
namespace {

Key32 key(const boost::json::value& hex) {
  return to_key(unhex(hex)).value();
}

TEST(Xeddsa, SignaturesOfOtherImplementationsVerify) {
  for (const auto& vector : wa_vectors("xeddsa").as_array()) {
    const Key32 public_key = key(vector.at("pub"));
    const Bytes message = unhex(vector.at("msg"));
    EXPECT_EQ(key_pair_from_private(key(vector.at("priv"))).public_key, public_key);
    for (const auto& signature : vector.at("valid").as_array())
      EXPECT_TRUE(xeddsa_verify(public_key, message, unhex(signature)));
    EXPECT_FALSE(xeddsa_verify(public_key, message, unhex(vector.at("invalid"))));
  }
}

TEST(Xeddsa, OwnSignaturesVerifyForEitherSignOfTheKey) {
  std::set<int> signs;
  for (int i = 0; i < 50; ++i) {
    const KeyPair pair = make_key_pair();
    const std::string message(static_cast<size_t>(i), 'm');
    const Signature signature = xeddsa_sign(pair.private_key, message);
    EXPECT_TRUE(xeddsa_verify(pair.public_key, message, view(signature)));
    signs.insert(signature[63] & 0x80);
  }
  EXPECT_EQ(signs.size(), 2u);
}

TEST(Xeddsa, SigningTwiceGivesTwoSignatures) {
  const KeyPair pair = make_key_pair();
  EXPECT_NE(xeddsa_sign(pair.private_key, "message"), xeddsa_sign(pair.private_key, "message"));
}

TEST(Xeddsa, EveryFlippedBitOfASignatureIsNoticed) {
  const KeyPair pair = make_key_pair();
  const Signature signature = xeddsa_sign(pair.private_key, "message");
  for (size_t bit = 0; bit < 8 * signature.size(); ++bit) {
    Signature other = signature;
    other[bit / 8] = static_cast<uint8_t>(other[bit / 8] ^ (1u << bit % 8));
    EXPECT_FALSE(xeddsa_verify(pair.public_key, "message", view(other))) << "bit " << bit;
  }
}

TEST(Xeddsa, AnotherMessageOrKeyIsRefused) {
  const KeyPair pair = make_key_pair();
  const Signature signature = xeddsa_sign(pair.private_key, "message");
  EXPECT_FALSE(xeddsa_verify(pair.public_key, "messagf", view(signature)));
  EXPECT_FALSE(xeddsa_verify(pair.public_key, "", view(signature)));
  EXPECT_FALSE(xeddsa_verify(make_key_pair().public_key, "message", view(signature)));
}

TEST(Xeddsa, ASignatureIsSixtyFourOctets) {
  const KeyPair pair = make_key_pair();
  const std::string signature(view(xeddsa_sign(pair.private_key, "message")));
  EXPECT_TRUE(xeddsa_verify(pair.public_key, "message", signature));
  EXPECT_FALSE(xeddsa_verify(pair.public_key, "message", ""));
  EXPECT_FALSE(xeddsa_verify(pair.public_key, "message", signature.substr(0, 63)));
  EXPECT_FALSE(xeddsa_verify(pair.public_key, "message", signature + '\0'));
}

// s + L is the same number modulo the order of the group.
TEST(Xeddsa, AScalarThatIsNotReducedIsRefused) {
  constexpr uint8_t kOrder[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
                                  0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
                                  0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};
  const KeyPair pair = make_key_pair();
  Signature signature = xeddsa_sign(pair.private_key, "message");
  const uint8_t sign = signature[63] & 0x80;
  signature[63] &= 0x7f;
  unsigned carry = 0;
  for (size_t i = 0; i < 32; ++i) {
    carry += signature[32 + i] + unsigned{kOrder[i]};
    signature[32 + i] = static_cast<uint8_t>(carry);
    carry >>= 8;
  }
  signature[63] |= sign;
  EXPECT_FALSE(xeddsa_verify(pair.public_key, "message", view(signature)));
}

// With a key of small order, R = sB fits any message about once in eight tries.
TEST(Xeddsa, KeysOfSmallOrderAreRefused) {
  for (const std::string_view hex : {"0000000000000000000000000000000000000000000000000000000000000000",
                                     "0100000000000000000000000000000000000000000000000000000000000000",
                                     "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                                     "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
                                     "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"}) {
    const Key32 weak = to_key(from_hex(hex).value()).value();
    // R = B, s = 1.
    Bytes signature = "\x58" + std::string(31, '\x66') + '\x01' + std::string(31, '\0');
    for (int i = 0; i < 64; ++i) {
      for (const char sign : {'\0', '\x80'}) {
        signature[63] = sign;
        EXPECT_FALSE(xeddsa_verify(weak, std::to_string(i), signature)) << hex;
      }
    }
  }
}

// u + p, and u with the bit above the field set, stand for the same point.
TEST(Xeddsa, AKeyHasOneForm) {
  KeyPair pair = make_key_pair();
  const Signature signature = xeddsa_sign(pair.private_key, "message");
  EXPECT_TRUE(xeddsa_verify(pair.public_key, "message", view(signature)));
  pair.public_key[31] |= 0x80;
  EXPECT_FALSE(xeddsa_verify(pair.public_key, "message", view(signature)));
}

}  // namespace
}  // namespace patchbay::crypto
