#include "engineio/payload3.h"

#include <vector>

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace patchbay::engineio {
namespace {

using namespace std::string_literals;

struct Seen3 {
  PacketType type = PacketType::kMessage;
  std::string data;
  bool binary = false;
  bool operator==(const Seen3&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Seen3& seen) {
  return out << to_char(seen.type) << (seen.binary ? "b:" : ":") << to_hex(seen.data);
}

struct Decoded3 {
  std::vector<Seen3> packets;
  DecodeStatus status;
};

Decoded3 decode(std::string_view body, BodyKind kind, size_t max_payload = 1'000'000) {
  Decoded3 decoded;
  decoded.status = decode_payload3(body, kind, {.max_payload = max_payload}, [&](const Packet& packet) {
    decoded.packets.push_back({packet.type, std::string(packet.data), packet.binary});
    return true;
  });
  return decoded;
}

std::string encode(const std::vector<Seen3>& packets, BodyKind kind) {
  std::string body;
  for (const Seen3& seen : packets)
    append_to_payload3(body, {.type = seen.type, .data = seen.data, .binary = seen.binary}, kind);
  return body;
}

struct Case3 {
  BodyKind kind;
  std::string body;
  std::vector<Seen3> packets;
};

// The same packets in both framings, one after the other.
const std::vector<Case3> kCases3 = {
    {BodyKind::kText, "6:4hello", {{.data = "hello"}}},
    {BodyKind::kOctets, "\x00\x06\xff"s + "4hello", {{.data = "hello"}}},
    {BodyKind::kText, "1:4", {{.data = ""}}},
    {BodyKind::kText, "1:2", {{.type = PacketType::kPing}}},
    {BodyKind::kText, "6:2probe", {{.type = PacketType::kPing, .data = "probe"}}},
    {BodyKind::kText, "6:4test16:4test26:4test3", {{.data = "test1"}, {.data = "test2"}, {.data = "test3"}}},
    {BodyKind::kText,
     "6:4hello10:b4AQIDBA==",
     {{.data = "hello"}, {.data = "\x01\x02\x03\x04", .binary = true}}},
    {BodyKind::kOctets,
     "\x00\x06\xff"s + "4hello" + "\x01\x05\xff\x04\x01\x02\x03\x04"s,
     {{.data = "hello"}, {.data = "\x01\x02\x03\x04", .binary = true}}},
    {BodyKind::kText, "2:b4", {{.data = "", .binary = true}}},
    {BodyKind::kOctets, "\x01\x01\xff\x04"s, {{.data = "", .binary = true}}},
    // One unit: the euro sign. Two units: a character beyond U+FFFF. Octets count as UTF-8.
    {BodyKind::kText,
     "2:4\xe2\x82\xac"
     "1:3",
     {{.data = "\xe2\x82\xac"}, {.type = PacketType::kPong}}},
    {BodyKind::kText,
     "3:4\xf0\x9f\x98\x80"
     "1:3",
     {{.data = "\xf0\x9f\x98\x80"}, {.type = PacketType::kPong}}},
    {BodyKind::kOctets, "\x00\x05\xff"s + "4\xf0\x9f\x98\x80", {{.data = "\xf0\x9f\x98\x80"}}},
    // Lengths of several digits, and a colon that is data.
    {BodyKind::kText, "13:4abc:def:ghij", {{.data = "abc:def:ghij"}}},
    {BodyKind::kOctets, "\x00\x01\x03\xff"s + "4abc:def:ghij", {{.data = "abc:def:ghij"}}},
};

TEST(EngineIoPayload3, PacketsComeOutAsTheyWentIn) {
  for (const auto& [kind, body, packets] : kCases3) {
    const Decoded3 decoded = decode(body, kind);
    EXPECT_TRUE(decoded.status) << to_hex(body) << ": " << decoded.status.message();
    EXPECT_EQ(decoded.packets, packets) << to_hex(body);
    EXPECT_EQ(to_hex(encode(packets, kind)), to_hex(body));
  }
}

TEST(EngineIoPayload3, ABodyCutAnywhereIsRefusedOrGivesTheFrontOfItsPackets) {
  for (const auto& [kind, body, packets] : kCases3) {
    for (size_t size = 0; size < body.size(); ++size) {
      const Decoded3 decoded = decode(std::string_view(body).substr(0, size), kind);
      ASSERT_LT(decoded.packets.size(), packets.size() + 1);
      for (size_t i = 0; i < decoded.packets.size(); ++i) EXPECT_EQ(decoded.packets[i], packets[i]);
      // A cut between two packets leaves a good body, every other one does not.
      EXPECT_EQ(static_cast<bool>(decoded.status),
                size > 0 && encode(decoded.packets, kind) == body.substr(0, size))
          << to_hex(body) << " cut at " << size;
    }
  }
}

TEST(EngineIoPayload3, RefusesWhatIsNoPayload) {
  const std::vector<std::pair<BodyKind, std::string>> bad = {
      {BodyKind::kText, ""},
      {BodyKind::kText, "abc"},
      {BodyKind::kText, ":4"},
      {BodyKind::kText, "0:"},
      {BodyKind::kText, "01:4"},
      {BodyKind::kText, "-1:4"},
      {BodyKind::kText, "+1:4"},
      {BodyKind::kText, " 1:4"},
      {BodyKind::kText, "2:4"},
      {BodyKind::kText, "1:7"},
      {BodyKind::kText, "1:x"},
      {BodyKind::kText, "1:4x"},
      {BodyKind::kText, "1:b"},
      {BodyKind::kText, "6:b2AAAA"},
      {BodyKind::kText, "5:b4A!A"},
      {BodyKind::kText, "2:4\xf0\x9f\x98\x80"},  // the length ends between the halves of a surrogate pair
      {BodyKind::kText, "2:4\xff"},
      {BodyKind::kText, "99999999999999999999:4"},
      {BodyKind::kText, "18446744073709551617:4"},
      {BodyKind::kText, std::string(2000, '1')},
      {BodyKind::kOctets, ""},
      {BodyKind::kOctets, "6:4hello"},
      {BodyKind::kOctets, "\x02\x01\xff"s + "4"},
      {BodyKind::kOctets, "\x00\xff"s},
      {BodyKind::kOctets, "\x00\x00\xff"s},
      {BodyKind::kOctets, "\x00\x00\x01\xff"s + "4"},
      {BodyKind::kOctets, "\x00\x0a\xff"s + "4"},
      {BodyKind::kOctets, "\x00\x02\xff"s + "4"},
      {BodyKind::kOctets, "\x00\x01\xff"s + "7"},
      {BodyKind::kOctets, "\x00\x02\xff"s + "4\xff"},
      {BodyKind::kOctets, "\x01\x01\xff"s + "4"},
      {BodyKind::kOctets, "\x01\x02\xff\x02x"s},
      {BodyKind::kOctets, "\x00"s + std::string(2000, '\x01')},
  };
  for (const auto& [kind, body] : bad) {
    const Decoded3 decoded = decode(body, kind);
    EXPECT_FALSE(decoded.status) << to_hex(body);
    EXPECT_LE(decoded.status.message().size(), 123u) << "fits a close frame";
    EXPECT_TRUE(decoded.packets.empty() || decoded.packets.size() == 1) << to_hex(body);
  }
}

TEST(EngineIoPayload3, PacketsInFrontOfABadOneAreSeen) {
  const Decoded3 decoded = decode("2:4a2:4b1:9", BodyKind::kText);
  EXPECT_FALSE(decoded.status);
  EXPECT_EQ(decoded.packets, (std::vector<Seen3>{{.data = "a"}, {.data = "b"}}));
}

TEST(EngineIoPayload3, RefusesABodyLargerThanTheLimitBeforeAnythingIsSeen) {
  EXPECT_TRUE(decode("2:4a2:4b", BodyKind::kText, 8).status);
  const Decoded3 decoded = decode("2:4a2:4b", BodyKind::kText, 7);
  EXPECT_FALSE(decoded.status);
  EXPECT_TRUE(decoded.packets.empty());
}

TEST(EngineIoPayload3, AVisitorMayStop) {
  size_t seen = 0;
  EXPECT_TRUE(
      decode_payload3("2:4a2:4bjunk", BodyKind::kText, {}, [&](const Packet&) { return ++seen < 2; }));
  EXPECT_EQ(seen, 2u);
}

TEST(EngineIoPayload3, CountsLengthsAsJavaScriptDoes) {
  EXPECT_EQ(utf16_length(""), 0u);
  EXPECT_EQ(utf16_length("abc"), 3u);
  EXPECT_EQ(utf16_length("\xc3\xa9"), 1u);
  EXPECT_EQ(utf16_length("\xe2\x82\xac"), 1u);
  EXPECT_EQ(utf16_length("\xf0\x9f\x98\x80x"), 3u);
}

TEST(EngineIoPayload3, TheBoundIsNeverLessThanTheSize) {
  for (const size_t size : {0, 1, 2, 3, 9, 10, 99, 100, 9'999, 100'000})
    for (const bool binary : {false, true}) {
      const std::string data(size, 'x');
      const Packet packet{.data = data, .binary = binary};
      for (const BodyKind kind : {BodyKind::kText, BodyKind::kOctets}) {
        std::string body;
        append_to_payload3(body, packet, kind);
        EXPECT_LE(body.size(), encoded_size_bound3(packet));
      }
    }
}

}  // namespace
}  // namespace patchbay::engineio
