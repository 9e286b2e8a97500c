#include "crypto/aes.h"

#include <gtest/gtest.h>

#include "base/test_vectors.h"

namespace patchbay::crypto {
namespace {

const Bytes kKey = unhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
const Bytes kPlain = unhex(
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710");

// The GCM specification, test case 16.
TEST(AesGcm, SealsAsPublished) {
  const Bytes key = unhex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
  const Bytes nonce = unhex("cafebabefacedbaddecaf888");
  const Bytes associated = unhex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
  const Bytes plain = unhex(
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
      "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
  const Bytes sealed = aes_256_gcm_seal(key, nonce, associated, plain);
  EXPECT_EQ(to_hex(sealed),
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
            "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
            "76fc6ece0f4e1768cddf8853bb2d551b");
  EXPECT_EQ(aes_256_gcm_open(key, nonce, associated, sealed), plain);
}

TEST(AesGcm, NothingThatWasTouchedOpens) {
  const Bytes nonce(12, 'n');
  const Bytes sealed = aes_256_gcm_seal(kKey, nonce, "associated", "plaintext");
  EXPECT_EQ(aes_256_gcm_open(kKey, nonce, "associated", sealed), "plaintext");
  for (size_t i = 0; i < sealed.size(); ++i) {
    Bytes other = sealed;
    other[i] ^= 1;
    EXPECT_FALSE(aes_256_gcm_open(kKey, nonce, "associated", other)) << i;
    EXPECT_FALSE(aes_256_gcm_open(kKey, nonce, "associated", sealed.substr(0, i))) << i;
  }
  EXPECT_FALSE(aes_256_gcm_open(kKey, nonce, "associated", sealed + 'x'));
  EXPECT_FALSE(aes_256_gcm_open(kKey, nonce, "associatee", sealed));
  EXPECT_FALSE(aes_256_gcm_open(kKey, nonce, "", sealed));
  EXPECT_FALSE(aes_256_gcm_open(kKey, Bytes(12, 'm'), "associated", sealed));
  EXPECT_FALSE(aes_256_gcm_open(Bytes(32, 'k'), nonce, "associated", sealed));
}

TEST(AesGcm, AnEmptyPlaintextIsATag) {
  const Bytes nonce(12, 'n');
  const Bytes sealed = aes_256_gcm_seal(kKey, nonce, {}, {});
  EXPECT_EQ(sealed.size(), kGcmTagBytes);
  EXPECT_EQ(aes_256_gcm_open(kKey, nonce, {}, sealed), "");
  EXPECT_FALSE(aes_256_gcm_open(kKey, nonce, {}, {}));
}

// SP 800-38A, F.2.5: the block of padding follows what is published.
TEST(AesCbc, EncryptsAsPublished) {
  const Bytes iv = unhex("000102030405060708090a0b0c0d0e0f");
  const Bytes cipher = aes_256_cbc_encrypt(kKey, iv, kPlain);
  EXPECT_EQ(cipher.size(), kPlain.size() + kAesBlockBytes);
  EXPECT_EQ(to_hex(cipher.substr(0, kPlain.size())),
            "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d"
            "39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b");
  EXPECT_EQ(aes_256_cbc_decrypt(kKey, iv, cipher), kPlain);
}

TEST(AesCbc, EveryLengthComesBack) {
  const Bytes iv(16, 'i');
  for (size_t length = 0; length <= 48; ++length) {
    const Bytes plain(length, 'p');
    const Bytes cipher = aes_256_cbc_encrypt(kKey, iv, plain);
    EXPECT_EQ(cipher.size(), (length / 16 + 1) * 16);
    EXPECT_EQ(aes_256_cbc_decrypt(kKey, iv, cipher), plain);
  }
}

TEST(AesCbc, WrongLengthsAndPaddingAreRefused) {
  const Bytes iv(16, 'i');
  const Bytes cipher = aes_256_cbc_encrypt(kKey, iv, "0123456789abcdef");
  EXPECT_FALSE(aes_256_cbc_decrypt(kKey, iv, {}));
  EXPECT_FALSE(aes_256_cbc_decrypt(kKey, iv, cipher.substr(0, 31)));
  EXPECT_FALSE(aes_256_cbc_decrypt(kKey, iv, cipher + 'x'));
  // Without its block of padding the last octet is 'f', which is none.
  EXPECT_FALSE(aes_256_cbc_decrypt(kKey, iv, cipher.substr(0, 16)));
}

// SP 800-38A, F.5.5.
TEST(AesCtr, EncryptsAndDecryptsAsPublished) {
  const Bytes counter = unhex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
  const Bytes cipher = unhex(
      "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5"
      "2b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6");
  EXPECT_EQ(aes_256_ctr(kKey, counter, kPlain), cipher);
  EXPECT_EQ(aes_256_ctr(kKey, counter, cipher), kPlain);
  EXPECT_EQ(aes_256_ctr(kKey, counter, kPlain.substr(0, 20)), cipher.substr(0, 20));
  EXPECT_EQ(aes_256_ctr(kKey, counter, {}), "");
}

TEST(AesDeathTest, AWrongSizeOfKeyOrNonceEndsTheProcess) {
  EXPECT_DEATH(aes_256_gcm_seal("short", Bytes(12, 'n'), {}, {}), "a key is not 32 octets");
  EXPECT_DEATH(aes_256_gcm_open(kKey, Bytes(16, 'n'), {}, {}), "a nonce or IV has a wrong size");
  EXPECT_DEATH(aes_256_cbc_decrypt(kKey, Bytes(12, 'n'), {}), "a nonce or IV has a wrong size");
  EXPECT_DEATH(aes_256_ctr(kKey, {}, {}), "a nonce or IV has a wrong size");
}

}  // namespace
}  // namespace patchbay::crypto
