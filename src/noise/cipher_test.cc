#include "noise/cipher.h"

#include <utility>

#include <gtest/gtest.h>

namespace patchbay::noise {

// Puts the counters where no test could bring them by writing.
class CipherTestPeer {
 public:
  static void set(Cipher& cipher, uint64_t written, uint64_t read) {
    cipher.written_ = written;
    cipher.read_ = read;
  }
};

namespace {

crypto::Key32 key(uint8_t octet) {
  crypto::Key32 out;
  out.fill(octet);
  return out;
}

TEST(Cipher, BothDirectionsHaveCountersOfTheirOwn) {
  Cipher a(key(1), key(2));
  Cipher b(key(2), key(1));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(b.decrypt(a.encrypt("from a")), "from a");
  EXPECT_EQ(a.decrypt(b.encrypt("from b")), "from b");
  EXPECT_EQ(b.decrypt(a.encrypt("")), "");
  EXPECT_NE(a.encrypt("same"), a.encrypt("same"));
}

TEST(Cipher, AFrameThatIsLostRepeatedOrTouchedIsNoticed) {
  Cipher a(key(1), key(2));
  const Bytes first = a.encrypt("first");
  const Bytes second = a.encrypt("second");
  EXPECT_FALSE(Cipher(key(2), key(1)).decrypt(second));
  Cipher b(key(2), key(1));
  EXPECT_EQ(b.decrypt(first), "first");
  EXPECT_FALSE(b.decrypt(first));
  for (size_t i = 0; i < first.size(); ++i) {
    Bytes other = first;
    other[i] ^= 1;
    EXPECT_FALSE(Cipher(key(2), key(1)).decrypt(other)) << i;
    EXPECT_FALSE(Cipher(key(2), key(1)).decrypt(first.substr(0, i))) << i;
  }
}

TEST(Cipher, ACounterIsNeverUsedTwice) {
  constexpr uint64_t kLast = 0xffff'ffff;
  Cipher a(key(1), key(2));
  Cipher b(key(2), key(1));
  const Bytes first = a.encrypt("x");
  CipherTestPeer::set(a, kLast, kLast);
  CipherTestPeer::set(b, kLast, kLast);
  EXPECT_EQ(b.decrypt(a.encrypt("the last one")), "the last one");
  EXPECT_EQ(a.decrypt(b.encrypt("the last one")), "the last one");
  EXPECT_EQ(a.encrypt("x"), "");
  EXPECT_EQ(a.encrypt("x"), "");
  // What counter 0 sealed would open again if the reader wrapped around.
  EXPECT_FALSE(b.decrypt(first));
  EXPECT_FALSE(b.decrypt({}));
}

TEST(Cipher, WhatWasMovedFromIsOfNoUse) {
  Cipher a(key(1), key(2));
  Cipher b(key(2), key(1));
  EXPECT_EQ(b.decrypt(a.encrypt("one")), "one");
  Cipher moved = std::move(a);
  EXPECT_EQ(b.decrypt(moved.encrypt("two")), "two");
  EXPECT_EQ(a.encrypt("three"), "");  // NOLINT(bugprone-use-after-move)
  EXPECT_FALSE(a.decrypt(b.encrypt("three")));
  a = std::move(moved);
  EXPECT_EQ(b.decrypt(a.encrypt("three")), "three");
}

}  // namespace
}  // namespace patchbay::noise
