#include "websocket/frame.h"

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace patchbay::websocket {
namespace {

constexpr MaskKey kRfcKey{0x37, 0xfa, 0x21, 0x3d};

std::string frame_header(Opcode opcode, uint64_t size) {
  char header[kMaxFrameHeader];
  return {header, encode_frame_header(header, opcode, size)};
}

TEST(Frame, TheLengthTakesItsShortestForm) {
  EXPECT_EQ(to_hex(frame_header(Opcode::kText, 0)), "8100");
  EXPECT_EQ(to_hex(frame_header(Opcode::kText, 125)), "817d");
  EXPECT_EQ(to_hex(frame_header(Opcode::kBinary, 126)), "827e007e");
  EXPECT_EQ(to_hex(frame_header(Opcode::kBinary, 65535)), "827effff");
  EXPECT_EQ(to_hex(frame_header(Opcode::kBinary, 65536)), "827f0000000000010000");
  EXPECT_EQ(to_hex(frame_header(Opcode::kBinary, 0x0123456789abcdefull)), "827f0123456789abcdef");
}

TEST(Frame, TheExamplesOfTheSpecificationComeOutByteForByte) {
  std::string out;
  append_frame(out, Opcode::kText, "Hello");
  append_masked_frame(out, Opcode::kText, "Hello", kRfcKey);
  append_frame(out, Opcode::kPing, "Hello");
  EXPECT_EQ(to_hex(out),
            "810548656c6c6f"
            "818537fa213d7f9f4d5158"
            "890548656c6c6f");
}

TEST(Frame, MaskingTwiceGivesTheTextBackAtEveryLengthAndOffset) {
  for (size_t size = 0; size < 80; ++size) {
    for (size_t offset = 0; offset < 9; ++offset) {
      std::string text(size, '\0');
      for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 7 + 1);
      std::string masked = text;
      apply_mask(masked.data(), size, kRfcKey, offset);
      for (size_t i = 0; i < size; ++i)
        ASSERT_EQ(static_cast<uint8_t>(masked[i]), static_cast<uint8_t>(text[i]) ^ kRfcKey[(offset + i) % 4]);
      apply_mask(masked.data(), size, kRfcKey, offset);
      ASSERT_EQ(masked, text);
    }
  }
}

TEST(Frame, ACloseFrameCarriesCodeAndReason) {
  std::string out;
  append_close(out, kCloseGoingAway, "bye");
  append_masked_close(out, kCloseGoingAway, "bye", MaskKey{});
  EXPECT_EQ(to_hex(out),
            "880503e9627965"
            "88850000000003e9627965");
}

TEST(Frame, CodesThatMayNotTravelGiveAnEmptyCloseFrame) {
  for (const CloseCode code : {CloseCode{0}, kCloseNoStatus, kCloseAbnormal, kCloseTlsFailure,
                               CloseCode{1004}, CloseCode{2999}, CloseCode{5000}}) {
    std::string out;
    append_close(out, code, "reason");
    EXPECT_EQ(to_hex(out), "8800") << code;
  }
}

TEST(Frame, ALongCloseReasonIsCutBetweenCharacters) {
  std::string reason;
  for (int i = 0; i < 50; ++i) reason += "\u20ac";  // three bytes each
  std::string out;
  append_close(out, kClosePolicy, reason);
  EXPECT_EQ(out.size(), 2u + 2 + 123);
  EXPECT_TRUE(is_valid_utf8(out.substr(4)));
  reason.insert(0, "x");
  out.clear();
  append_close(out, kClosePolicy, reason);
  EXPECT_EQ(out.size(), 2u + 2 + 121);
  EXPECT_TRUE(is_valid_utf8(out.substr(4)));
}

}  // namespace
}  // namespace patchbay::websocket
