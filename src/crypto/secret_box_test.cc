#include "crypto/secret_box.h"

#include <gtest/gtest.h>

namespace patchbay::crypto {
namespace {

SecretBox box_of(char digit) {
  return *SecretBox::from_text(std::string(64, digit));
}

TEST(SecretBox, WhatWasSealedOpensAgain) {
  const SecretBox box = box_of('a');
  for (const std::string& value : {std::string(), std::string("wa_key"), std::string(100'000, '\0')})
    EXPECT_EQ(box.open(box.seal(value, "row 1"), "row 1"), value);
}

TEST(SecretBox, TheSealedFormDoesNotShowTheValueAndNeverRepeats) {
  const SecretBox box = box_of('a');
  const Bytes sealed = box.seal("a very visible value", "c");
  EXPECT_EQ(sealed.find("visible"), Bytes::npos);
  EXPECT_NE(sealed, box.seal("a very visible value", "c"));
}

TEST(SecretBox, AChangeAnywhereIsNoticed) {
  const SecretBox box = box_of('a');
  const Bytes sealed = box.seal("value", "context");
  for (size_t i = 0; i < sealed.size(); ++i) {
    Bytes changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(box.open(changed, "context")) << "octet " << i;
    EXPECT_FALSE(box.open(sealed.substr(0, i), "context")) << "cut at " << i;
  }
}

TEST(SecretBox, AnotherKeyOrAnotherContextDoesNotOpenIt) {
  const Bytes sealed = box_of('a').seal("value", "key 1");
  EXPECT_EQ(box_of('b').open(sealed, "key 1").error().code, ErrorCode::kDatabase);
  EXPECT_EQ(box_of('a').open(sealed, "key 2").error().code, ErrorCode::kDatabase);
}

TEST(SecretBox, TheKeyMayBeHexadecimalOrBase64AndNothingElse) {
  const std::string raw(32, '\x42');
  const auto from_hex_text = SecretBox::from_text(to_hex(raw));
  const auto from_base64_text = SecretBox::from_text(base64_encode(raw));
  ASSERT_TRUE(from_hex_text);
  ASSERT_TRUE(from_base64_text);
  EXPECT_EQ(from_base64_text->open(from_hex_text->seal("v", ""), ""), "v");
  for (const std::string& wrong :
       {std::string(), std::string("short"), std::string(63, 'a'), std::string(64, 'g')}) {
    const auto refused = SecretBox::from_text(wrong);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kConfiguration);
    EXPECT_NE(refused.error().message.find("64 hexadecimal digits"), std::string::npos);
  }
}

}  // namespace
}  // namespace patchbay::crypto
