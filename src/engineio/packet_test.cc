#include "engineio/packet.h"

#include <gtest/gtest.h>

namespace patchbay::engineio {
namespace {

TEST(EngineIoPacket, EveryTypeRoundTripsWithAndWithoutData) {
  for (int digit = 0; digit <= 6; ++digit)
    for (const std::string_view data : {"", "probe", "{\"sid\":\"x\"}", "\xe2\x82\xac"}) {
      std::string text;
      append_packet(text, static_cast<PacketType>(digit), data);
      EXPECT_EQ(text, std::to_string(digit) + std::string(data));
      const auto packet = decode_packet(text);
      ASSERT_TRUE(packet) << text;
      EXPECT_EQ(packet->type, static_cast<PacketType>(digit));
      EXPECT_EQ(packet->data, data);
      EXPECT_FALSE(packet->binary);
    }
}

TEST(EngineIoPacket, DataIsAViewIntoTheMessage) {
  const std::string text = "4hello";
  EXPECT_EQ(decode_packet(text)->data.data(), text.data() + 1);
}

TEST(EngineIoPacket, AnyOtherFirstCharacterIsRefused) {
  EXPECT_FALSE(decode_packet(""));
  for (int c = 0; c < 256; ++c) {
    const char character = static_cast<char>(c);
    const bool valid = character >= '0' && character <= '6';
    EXPECT_EQ(decode_packet({&character, 1}).has_value(), valid) << c;
  }
}

TEST(EngineIoPacket, TheErrorTextFitsAWebSocketCloseFrame) {
  EXPECT_LE(kInvalidPacket.size(), 123u);
}

}  // namespace
}  // namespace patchbay::engineio
