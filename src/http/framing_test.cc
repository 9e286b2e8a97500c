#include "http/framing.h"

#include <gtest/gtest.h>

namespace patchbay::http {
namespace {

using namespace std::string_view_literals;
using ChunkVerdict = ChunkLine::Verdict;

TEST(Framing, ReadsLengthsOfDigitsOnly) {
  EXPECT_EQ(parse_content_length("0"), 0u);
  EXPECT_EQ(parse_content_length("00042"), 42u);
  EXPECT_EQ(parse_content_length("999999999999999999"), 999'999'999'999'999'999u);
  for (const std::string_view huge : {"1000000000000000000", "99999999999999999999999999"})
    EXPECT_EQ(parse_content_length(huge), UINT64_MAX) << huge;
  for (const std::string_view bad : {"", " 1", "1 ", "+1", "-1", "1,1", "0x1", "1.0"})
    EXPECT_EQ(parse_content_length(bad), std::nullopt) << bad;
}

TEST(Framing, ReadsSizesOfChunksAndSaysWhatIsWrongWithThem) {
  const struct {
    std::string_view line;
    ChunkVerdict verdict;
    uint64_t size;
    std::string_view extensions;
  } kCases[] = {
      {"0", ChunkVerdict::kGood, 0, ""},
      {"1aF", ChunkVerdict::kGood, 0x1af, ""},
      {"fffffffffffffff", ChunkVerdict::kGood, 0xfffffffffffffff, ""},
      {"5;name=\"value\"", ChunkVerdict::kGood, 5, ";name=\"value\""},
      {"5;\xc3\xa9 \t", ChunkVerdict::kGood, 5, ";\xc3\xa9 \t"},
      {"0000000000000000", ChunkVerdict::kTooManyDigits, 0, ""},
      {"", ChunkVerdict::kMalformed, 0, ""},
      {"g", ChunkVerdict::kMalformed, 0, ""},
      {"5 ", ChunkVerdict::kMalformed, 0, ""},
      {";a", ChunkVerdict::kMalformed, 0, ""},
      {"-1", ChunkVerdict::kMalformed, 0, ""},
      {"5;\x01", ChunkVerdict::kMalformed, 0, ""},
  };
  for (const auto& expected : kCases) {
    const ChunkLine chunk = parse_chunk_line(expected.line);
    EXPECT_EQ(chunk.verdict, expected.verdict) << expected.line;
    if (expected.verdict != ChunkVerdict::kGood) continue;
    EXPECT_EQ(chunk.size, expected.size) << expected.line;
    EXPECT_EQ(chunk.extensions, expected.extensions) << expected.line;
  }
}

TEST(Framing, FindsControlCharactersWhereverTheyStandInAFieldValue) {
  EXPECT_TRUE(is_field_value(""));
  for (const char bad : "\0\x01\n\r\x1f\x7f"sv) {
    for (size_t at = 0; at < 20; ++at) {
      std::string text = "a tab\tand \xc3\xa9 is good";
      text[at] = bad;
      EXPECT_FALSE(is_field_value(text)) << at;
    }
  }
  EXPECT_TRUE(is_field_value("a tab\tand \xc3\xa9 is good ~"));
  EXPECT_TRUE(is_field_value("\t\t\t\t\t\t\t\t\t\t"));
}

TEST(Framing, TakesNoMoreOfABodyThanIsLeftAndReservesLittleOnItsWord) {
  std::string body;
  uint64_t remaining = 5;
  EXPECT_EQ(take_body(body, "abc", remaining), 3u);
  EXPECT_EQ(remaining, 2u);
  EXPECT_EQ(take_body(body, "defgh", remaining), 2u);
  EXPECT_EQ(body, "abcde");
  EXPECT_EQ(remaining, 0u);
  std::string promised;
  remaining = UINT64_MAX;
  EXPECT_EQ(take_body(promised, "x", remaining), 1u);
  EXPECT_LT(promised.capacity(), 1'000'000u);
}

}  // namespace
}  // namespace patchbay::http
