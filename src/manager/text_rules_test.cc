#include "manager/text_rules.h"

#include <gtest/gtest.h>

namespace patchbay::manager {
namespace {

TEST(TextRules, AddressesAreTrimmedLoweredAndOtherwiseKept) {
  EXPECT_EQ(clean_email(" A.b+tag@Mail.Example.COM\n"), "a.b+tag@mail.example.com");
  EXPECT_EQ(clean_email("x@y.co"), "x@y.co");
  EXPECT_EQ(clean_email("o'hara@xn--bcher-kva.example"), "o'hara@xn--bcher-kva.example");
}

TEST(TextRules, WhatIsNoAddressIsRefused) {
  const std::string wrong[] = {"",
                               "@",
                               "a@",
                               "@b.c",
                               "a@b",
                               "a@b.c",
                               "a@.com",
                               "a@b..com",
                               "a@b.com.",
                               ".a@b.com",
                               "a.@b.com",
                               "a..b@b.com",
                               "a b@b.com",
                               "a@b c.com",
                               "a@-b.com",
                               "a@b-.com",
                               "a@b.123",
                               "a@b@c.com",
                               "\"a\"@b.com",
                               "a@[127.0.0.1]",
                               "ä@b.com",
                               "a\n@b.com",
                               std::string("a\0@b.com", 8),
                               std::string(65, 'a') + "@b.com",
                               "a@" + std::string(64, 'b') + ".com",
                               std::string(1'000'000, 'a')};
  for (const std::string& each : wrong) EXPECT_FALSE(clean_email(each)) << each.substr(0, 80);
}

TEST(TextRules, NamesAreMeasuredInCharactersAfterCleaning) {
  EXPECT_EQ(clean_name("  Zoë <3  ", "name", 2, 100), "Zoë 3");
  EXPECT_EQ(clean_name("a\tb\x7f\n", "name", 2, 100), "ab");
  EXPECT_TRUE(clean_name("日本", "name", 2, 2));
  EXPECT_FALSE(clean_name("日", "name", 2, 100));
  EXPECT_FALSE(clean_name("\xc3(", "name", 1, 100));
  EXPECT_FALSE(clean_name("< >", "name", 1, 100));
}

TEST(TextRules, PasswordsAreTakenAsTheyAre) {
  EXPECT_TRUE(check_password("  <b>  ", "password", 6));
  EXPECT_TRUE(check_password("ßßßßßß", "password", 6));
  EXPECT_FALSE(check_password("ßßßßß", "password", 6));
  EXPECT_TRUE(check_password(std::string(128, 'x'), "password", 6));
  EXPECT_FALSE(check_password(std::string(129, 'x'), "password", 6));
}

}  // namespace
}  // namespace patchbay::manager
