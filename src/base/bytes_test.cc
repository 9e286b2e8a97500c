#include "base/bytes.h"

#include <gtest/gtest.h>

namespace patchbay {
namespace {

TEST(Base64, KnownAnswersOfRfc4648) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : cases) {
    EXPECT_EQ(base64_encode(plain), coded);
    EXPECT_EQ(base64_decode(coded), plain);
  }
}

TEST(Base64, RefusesWhatIsNotBase64) {
  for (const std::string_view bad : {"a", "ab=", "a===", "ab c", "ab==cd", "Zg=", "*Zg=", "Zm9v\n"})
    EXPECT_FALSE(base64_decode(bad)) << bad;
}

TEST(Base64, AppendsBehindWhatIsThereOrLeavesItAlone) {
  std::string out = "x";
  append_base64(out, "fo");
  EXPECT_EQ(out, "xZm8=");
  EXPECT_TRUE(append_base64_decoded(out, "Zm9vYmE="));
  EXPECT_EQ(out, "xZm8=fooba");
  EXPECT_FALSE(append_base64_decoded(out, "Zm9v*mFy"));
  EXPECT_EQ(out, "xZm8=fooba");
}

TEST(Base64, RoundTripsEveryLength) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
    EXPECT_EQ(base64url_decode(base64url_encode(bytes)), bytes);
    bytes += static_cast<char>(i * 37);
  }
}

TEST(Base64Url, UsesTheUrlAlphabetWithoutPadding) {
  EXPECT_EQ(base64url_encode("\xfb\xff\xfe"), "-__-");
  EXPECT_EQ(base64url_decode("-__-"), "\xfb\xff\xfe");
  EXPECT_FALSE(base64url_decode("+//+"));
}

TEST(Hex, RoundTripsAndRefuses) {
  EXPECT_EQ(to_hex("\x01\xab"), "01ab");
  EXPECT_EQ(from_hex("01AB"), "\x01\xab");
  EXPECT_FALSE(from_hex("0"));
  EXPECT_FALSE(from_hex("zz"));
}

TEST(Utf8, AcceptsEveryLengthAndRefusesEveryKindOfDamage) {
  for (const std::string_view good :
       {"", "plain", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xef\xbf\xbf"})
    EXPECT_TRUE(is_valid_utf8(good)) << to_hex(good);
  for (const std::string_view bad :
       {"\x80", "\xc3", "\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80", "\xff", "12345678\xc3", "\xe2\x82", "\xc3\x28"})
    EXPECT_FALSE(is_valid_utf8(bad)) << to_hex(bad);
}

TEST(PercentDecode, DecodesAndRefusesBrokenEscapes) {
  EXPECT_EQ(percent_decode("a%20b+c", true), "a b c");
  EXPECT_EQ(percent_decode("a+b", false), "a+b");
  for (const std::string_view bad : {"%", "%2", "%zz"}) EXPECT_FALSE(percent_decode(bad, false)) << bad;
}

TEST(EqualsConstantTime, ComparesContentAndLength) {
  EXPECT_TRUE(equals_constant_time("abc", "abc"));
  EXPECT_FALSE(equals_constant_time("abc", "abd"));
  EXPECT_FALSE(equals_constant_time("abc", "ab"));
}

}  // namespace
}  // namespace patchbay
