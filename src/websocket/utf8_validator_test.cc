#include "websocket/utf8_validator.h"

#include <string>

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace patchbay::websocket {
namespace {

bool valid_whole(std::string_view text) {
  Utf8Validator validator;
  return validator.feed(text) && validator.complete();
}

bool valid_by_bytes(std::string_view text) {
  Utf8Validator validator;
  for (size_t i = 0; i < text.size(); ++i)
    if (!validator.feed(text.substr(i, 1))) return false;
  return validator.complete();
}

TEST(Utf8Validator, AgreesWithTheOneInBaseOnEveryShortSequence) {
  // All of one and two bytes, and those of three and four around every boundary of RFC 3629.
  const uint8_t edges[] = {0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf,
                           0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff};
  const auto check = [](const std::string& text) {
    const bool expected = is_valid_utf8(text);
    ASSERT_EQ(valid_whole(text), expected) << to_hex(text);
    ASSERT_EQ(valid_by_bytes(text), expected) << to_hex(text);
    const std::string deep = std::string(37, 'a') + text + std::string(19, 'z');
    ASSERT_EQ(valid_whole(deep), is_valid_utf8(deep)) << to_hex(text);
  };
  const auto c = [](unsigned byte) { return static_cast<char>(byte); };
  for (unsigned a = 0; a < 256; ++a) {
    check({c(a)});
    for (unsigned b = 0; b < 256; ++b) check({c(a), c(b)});
  }
  for (const uint8_t a : edges)
    for (const uint8_t b : edges)
      for (const uint8_t d : edges) {
        check({c(a), c(b), c(d)});
        for (const uint8_t e : edges) check({c(a), c(b), c(d), c(e)});
      }
}

TEST(Utf8Validator, TellsAtTheFirstByteThatCannotBeSaved) {
  Utf8Validator validator;
  EXPECT_TRUE(validator.feed("\xed"));
  EXPECT_FALSE(validator.complete());
  EXPECT_FALSE(validator.feed("\xa0"));  // a surrogate, whatever follows
}

}  // namespace
}  // namespace patchbay::websocket
