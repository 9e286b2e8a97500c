#include "crypto/kdf.h"

#include <gtest/gtest.h>

#include "base/test_vectors.h"
#include "crypto/aes.h"

namespace patchbay::crypto {
namespace {

Bytes counting(int from, int to) {
  Bytes out;
  for (int i = from; i <= to; ++i) out.push_back(static_cast<char>(i));
  return out;
}

// RFC 5869, A.1 to A.3.
TEST(Hkdf, GivesThePublishedKeys) {
  EXPECT_EQ(to_hex(hkdf_sha256(Bytes(22, '\x0b'), counting(0x00, 0x0c), counting(0xf0, 0xf9), 42)),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  EXPECT_EQ(to_hex(hkdf_sha256(counting(0x00, 0x4f), counting(0x60, 0xaf), counting(0xb0, 0xff), 82)),
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
            "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87");
  EXPECT_EQ(to_hex(hkdf_sha256(Bytes(22, '\x0b'), "", "", 42)),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST(Hkdf, AnEmptySaltIsThirtyTwoZeros) {
  EXPECT_EQ(hkdf_sha256("input", {}, "info", 64), hkdf_sha256("input", Bytes(32, '\0'), "info", 64));
}

TEST(Hkdf, AShorterKeyIsTheBeginningOfALongerOne) {
  const Bytes longest = hkdf_sha256({}, "salt", "info", 8'160);
  EXPECT_EQ(longest.size(), 8'160u);
  for (const size_t length : {0u, 1u, 31u, 32u, 33u, 64u, 80u})
    EXPECT_EQ(hkdf_sha256({}, "salt", "info", length), longest.substr(0, length));
}

// RFC 7914 §11.
TEST(Pbkdf2, GivesThePublishedKeys) {
  EXPECT_EQ(to_hex(pbkdf2_sha256("passwd", "salt", 1, 64)),
            "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
            "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783");
  EXPECT_EQ(to_hex(pbkdf2_sha256("Password", "NaCl", 80'000, 64)),
            "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"
            "a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d");
}

TEST(Pbkdf2, UnwrapsAPairingCodesKey) {
  const auto& vector = wa_vectors("pairCode");
  const Bytes key = pbkdf2_sha256(vector.at("code").as_string(), unhex(vector.at("salt")), 131'072, 32);
  const Bytes wrapped = unhex(vector.at("salt")) + unhex(vector.at("iv")) +
                        aes_256_ctr(key, unhex(vector.at("iv")), unhex(vector.at("ephemeralPub")));
  EXPECT_EQ(to_hex(wrapped), vector.at("wrapped").as_string());
}

TEST(Pbkdf2, AnEmptyPasswordOrSaltIsOneLikeAnyOther) {
  EXPECT_EQ(pbkdf2_sha256({}, {}, 1, 32).size(), 32u);
  EXPECT_NE(pbkdf2_sha256({}, {}, 1, 32), pbkdf2_sha256("p", {}, 1, 32));
}

}  // namespace
}  // namespace patchbay::crypto
