#include "crypto/password.h"

#include <gtest/gtest.h>

namespace patchbay::crypto {
namespace {

// libsodium's own rendering of "correct horse" at its smallest cost (1 pass, 8 KiB).
std::string cheap_hash_of(std::string_view parameters) {
  return "$argon2id$v=19$" + std::string(parameters) +
         "$c29tZXNhbHRzb21lc2FsdA$mGXdIqJwWJFJ5o2zFQkKkFpF4H8b2bqQz2zEJr0m1sI";
}

TEST(Password, TheRightPasswordMatchesAndOthersDoNot) {
  const auto hash = hash_password("correct horse");
  ASSERT_TRUE(hash);
  EXPECT_TRUE(hash->starts_with("$argon2id$v=19$m=32768,t=2,p=1$"));
  EXPECT_TRUE(verify_password(*hash, "correct horse"));
  EXPECT_FALSE(verify_password(*hash, "correct horsf"));
  EXPECT_FALSE(verify_password(*hash, ""));
  EXPECT_FALSE(password_needs_rehash(*hash));
}

TEST(Password, TheSamePasswordIsSaltedAnewEachTime) {
  EXPECT_NE(*hash_password("same"), *hash_password("same"));
}

TEST(Password, OtherSchemesAndGarbageNeverMatch) {
  const char* const strangers[] = {
      "",
      "correct horse",
      "$2b$12$C6UzMDM.H6dfI/f/IKcEeO7ZgBj5nD3wXo7QqFvGZ8yJm1k1oQd2W",
      "$argon2i$v=19$m=32768,t=2,p=1$c29tZXNhbHQ$Zm9v",
      "$argon2id$v=19$",
      "$argon2id$v=19$m=99999999999999999999,t=2,p=1$c29tZXNhbHQ$Zm9v",
  };
  for (const char* const stranger : strangers) {
    EXPECT_FALSE(verify_password(stranger, "correct horse")) << stranger;
    EXPECT_TRUE(password_needs_rehash(stranger)) << stranger;
  }
}

TEST(Password, AHashThatWouldCostGigabytesIsRefusedWithoutBeingTried) {
  EXPECT_FALSE(verify_password(cheap_hash_of("m=4194304,t=2,p=1"), "x"));
  EXPECT_FALSE(verify_password(cheap_hash_of("m=8192,t=4000000,p=1"), "x"));
}

TEST(Password, AHashOfAnotherCostAsksToBeRenewed) {
  EXPECT_TRUE(password_needs_rehash(cheap_hash_of("m=8192,t=1,p=1")));
}

TEST(Password, AnOverlongPasswordIsRefusedWithAReason) {
  const auto refused = hash_password(std::string(kMaxPasswordBytes + 1, 'x'));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kValidation);
}

TEST(KeyFromPassphrase, IsThatOfAnotherImplementation) {
  // By OpenSSL's argon2id: three passes, 65,536 KiB, one lane.
  const auto key = derive_key("correct horse battery", "0123456789abcdef", {});
  ASSERT_TRUE(key) << key.error().message;
  EXPECT_EQ(to_hex(*key), "00bac562b407875296682e0b8043688e09be94fcea326e99aa62d0edb44404fc");
}

TEST(KeyFromPassphrase, DependsOnEverythingAndRefusesWhatIsOutOfProportion) {
  const std::string salt(kKeySaltBytes, 's');
  const KeyCost cheap{.passes = 1, .memory_bytes = 1024 * 1024};
  const auto key = derive_key("passphrase", salt, cheap);
  ASSERT_TRUE(key);
  EXPECT_EQ(derive_key("passphrase", salt, cheap), *key);
  EXPECT_NE(derive_key("passphrasf", salt, cheap), *key);
  EXPECT_NE(derive_key("passphrase", std::string(kKeySaltBytes, 't'), cheap), *key);
  EXPECT_NE(derive_key("passphrase", salt, {.passes = 2, .memory_bytes = 1024 * 1024}), *key);
  for (const KeyCost& cost : {KeyCost{.passes = 0}, KeyCost{.passes = 11}, KeyCost{.memory_bytes = 0},
                              KeyCost{.memory_bytes = uint64_t{1} << 40}})
    EXPECT_EQ(derive_key("passphrase", salt, cost).error().code, ErrorCode::kValidation);
  EXPECT_EQ(derive_key("passphrase", "short", cheap).error().code, ErrorCode::kValidation);
  EXPECT_EQ(derive_key(std::string(kMaxPasswordBytes + 1, 'x'), salt, cheap).error().code,
            ErrorCode::kValidation);
}

}  // namespace
}  // namespace patchbay::crypto
