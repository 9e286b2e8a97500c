#include "crypto/legacy_digest.h"

#include <gtest/gtest.h>

namespace patchbay::crypto {
namespace {

TEST(LegacyDigest, GivesTheAnswersOfTheStandards) {
  EXPECT_EQ(to_hex(sha1("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");  // FIPS 180-4
  EXPECT_EQ(to_hex(sha1("")), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(to_hex(md5("abc")), "900150983cd24fb0d6963f7d28e17f72");  // RFC 1321 A.5
  EXPECT_EQ(to_hex(md5("")), "d41d8cd98f00b204e9800998ecf8427e");
}

}  // namespace
}  // namespace patchbay::crypto
