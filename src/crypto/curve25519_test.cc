#include "crypto/curve25519.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "crypto/wipe.h"

namespace patchbay::crypto {
namespace {

Key32 key(std::string_view hex) {
  return to_key(from_hex(hex).value()).value();
}
std::string product(std::string_view scalar, std::string_view point) {
  const auto result = diffie_hellman(key(scalar), key(point));
  return result ? to_hex(view(*result)) : "refused";
}

// RFC 7748 §5.2; the second point has its top bit set, which does not count.
TEST(Curve25519, MultipliesAsPublished) {
  EXPECT_EQ(product("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
                    "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"),
            "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
  EXPECT_EQ(product("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
                    "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493"),
            "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957");
}

// RFC 7748 §6.1.
TEST(Curve25519, ThePublishedPairsAgreeOnThePublishedSecret) {
  const KeyPair alice =
      key_pair_from_private(key("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"));
  const KeyPair bob =
      key_pair_from_private(key("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"));
  EXPECT_EQ(to_hex(view(alice.public_key)),
            "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
  EXPECT_EQ(to_hex(view(bob.public_key)), "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
  const Key32 secret = key("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
  EXPECT_EQ(diffie_hellman(alice.private_key, bob.public_key), secret);
  EXPECT_EQ(diffie_hellman(bob.private_key, alice.public_key), secret);
}

TEST(Curve25519, NewPairsDifferAndAreClamped) {
  const KeyPair a = make_key_pair();
  const KeyPair b = make_key_pair();
  EXPECT_NE(a.private_key, b.private_key);
  for (const KeyPair& pair : {a, b}) {
    EXPECT_EQ(pair.private_key[0] & 7, 0);
    EXPECT_EQ(pair.private_key[31] & 0xc0, 0x40);
    EXPECT_EQ(key_pair_from_private(pair.private_key).public_key, pair.public_key);
  }
  EXPECT_EQ(diffie_hellman(a.private_key, b.public_key), diffie_hellman(b.private_key, a.public_key));
}

TEST(Curve25519, APrivateKeyIsClampedBeforeItIsUsed) {
  Key32 loose{};
  loose.fill(0xff);
  const KeyPair pair = key_pair_from_private(loose);
  EXPECT_EQ(pair.private_key[0], 0xf8);
  EXPECT_EQ(pair.private_key[31], 0x7f);
  const KeyPair other = make_key_pair();
  EXPECT_EQ(diffie_hellman(loose, other.public_key), diffie_hellman(other.private_key, pair.public_key));
}

// Every point of small order, with the encodings above 2^255 - 19 and with the top bit set.
TEST(Curve25519, PointsOfSmallOrderAreRefused) {
  for (const std::string_view point : {"0000000000000000000000000000000000000000000000000000000000000000",
                                       "0100000000000000000000000000000000000000000000000000000000000000",
                                       "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                                       "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
                                       "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                                       "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                                       "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                                       "0000000000000000000000000000000000000000000000000000000000000080",
                                       "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"})
    EXPECT_EQ(product("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a", point), "refused")
        << point;
}

TEST(Curve25519, AKeyIsThirtyTwoOctets) {
  EXPECT_FALSE(to_key(""));
  EXPECT_FALSE(to_key(std::string(31, 'x')));
  EXPECT_FALSE(to_key(std::string(33, 'x')));
  const auto made = to_key("0123456789abcdef0123456789ABCDEF");
  ASSERT_TRUE(made);
  EXPECT_EQ(view(*made), "0123456789abcdef0123456789ABCDEF");
}

TEST(Wipe, NothingIsLeftOfASecret) {
  KeyPair pair = make_key_pair();
  const Key32 public_key = pair.public_key;
  wipe(pair);
  EXPECT_EQ(pair.private_key, Key32{});
  EXPECT_EQ(pair.public_key, public_key);

  // Shortened before: the octets behind the end go as well.
  Bytes bytes(100, 's');
  bytes.resize(50);
  const char* const memory = bytes.data();
  wipe(bytes);
  EXPECT_TRUE(bytes.empty());
  EXPECT_EQ(std::string(memory, 100), std::string(100, '\0'));
}

}  // namespace
}  // namespace patchbay::crypto
