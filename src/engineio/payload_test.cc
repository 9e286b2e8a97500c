#include "engineio/payload.h"

#include <vector>

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace patchbay::engineio {
namespace {

struct Seen {
  PacketType type;
  std::string data;
  bool binary = false;
  bool operator==(const Seen&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Seen& seen) {
  return out << to_char(seen.type) << (seen.binary ? "b:" : ":") << seen.data;
}

struct Decoded {
  std::vector<Seen> packets;
  DecodeStatus status;
};

Decoded decode(std::string_view body, size_t max_payload = 1'000'000) {
  Decoded decoded;
  decoded.status = decode_payload(body, {.max_payload = max_payload}, [&](const Packet& packet) {
    decoded.packets.push_back({packet.type, std::string(packet.data), packet.binary});
    return true;
  });
  return decoded;
}

std::string encode(const std::vector<Seen>& packets) {
  std::string body;
  for (const Seen& seen : packets)
    append_to_payload(body, {.type = seen.type, .data = seen.data, .binary = seen.binary});
  return body;
}

const std::vector<std::pair<std::string, std::vector<Seen>>> kCases = {
    {"4hello", {{PacketType::kMessage, "hello"}}},
    {"4", {{PacketType::kMessage, ""}}},
    {"3", {{PacketType::kPong, ""}}},
    {"4a\x1e"
     "4b\x1e"
     "1",
     {{PacketType::kMessage, "a"}, {PacketType::kMessage, "b"}, {PacketType::kClose, ""}}},
    {"4hello\x1e"
     "bAQIDBA==",
     {{PacketType::kMessage, "hello"}, {PacketType::kMessage, "\x01\x02\x03\x04", true}}},
    {"b", {{PacketType::kMessage, "", true}}},
    {"bAA==", {{PacketType::kMessage, std::string(1, '\0'), true}}},
    {"4\xe2\x82\xac\x1e"
     "2",
     {{PacketType::kMessage, "\xe2\x82\xac"}, {PacketType::kPing, ""}}},
};

TEST(EngineIoPayload, PacketsComeOutAsTheyWentIn) {
  for (const auto& [body, packets] : kCases) {
    const Decoded decoded = decode(body);
    EXPECT_TRUE(decoded.status) << body << ": " << decoded.status.message();
    EXPECT_EQ(decoded.packets, packets) << body;
    EXPECT_EQ(encode(packets), body);
  }
}

TEST(EngineIoPayload, TheSizeIsKnownBeforeEncoding) {
  for (const auto& [body, packets] : kCases) {
    size_t size = packets.size() - 1;  // separators
    for (const Seen& seen : packets)
      size += encoded_size({.type = seen.type, .data = seen.data, .binary = seen.binary});
    EXPECT_EQ(size, body.size()) << body;
  }
}

TEST(EngineIoPayload, TextPacketsAreViewsIntoTheBody) {
  const std::string body =
      "4one\x1e"
      "4two";
  std::vector<const char*> where;
  ASSERT_TRUE(decode_payload(body, {}, [&](const Packet& packet) {
    where.push_back(packet.data.data());
    return true;
  }));
  EXPECT_EQ(where, (std::vector<const char*>{body.data() + 1, body.data() + 6}));
}

TEST(EngineIoPayload, BadBodiesAreRefusedWithAReason) {
  const std::pair<std::string, std::string_view> cases[] = {
      {"", "the polling body is empty: at least one packet is needed"},
      {"abc", kInvalidPacket},
      {"7", kInvalidPacket},
      {"\x1e", "empty packet in the polling body"},
      {"4a\x1e", "empty packet in the polling body"},
      {"\x1e"
       "4a",
       "empty packet in the polling body"},
      {"4a\x1e\x1e"
       "4b",
       "empty packet in the polling body"},
      {"bA", "bad base64 in a binary packet of the polling body"},
      {"bAA=", "bad base64 in a binary packet of the polling body"},
      {"b====", "bad base64 in a binary packet of the polling body"},
      {"bAQ*DBA==", "bad base64 in a binary packet of the polling body"},
      {"bAQID BA==", "bad base64 in a binary packet of the polling body"},
      {"b-_-_", "bad base64 in a binary packet of the polling body"},
      {"4\xff", "the polling body is not UTF-8"},
      {"4\xe2\x82", "the polling body is not UTF-8"},
  };
  for (const auto& [body, reason] : cases) {
    const DecodeStatus status = decode(body).status;
    EXPECT_FALSE(status) << body;
    EXPECT_EQ(status.message(), reason) << body;
    EXPECT_LE(status.message().size(), 123u);
  }
}

TEST(EngineIoPayload, MissingBase64PaddingIsAccepted) {
  EXPECT_EQ(decode("bAQIDBA").packets, (std::vector<Seen>{{PacketType::kMessage, "\x01\x02\x03\x04", true}}));
}

TEST(EngineIoPayload, PacketsInFrontOfABadOneAreDelivered) {
  const Decoded decoded = decode(
      "4a\x1e"
      "bad!\x1e"
      "4b");
  EXPECT_FALSE(decoded.status);
  EXPECT_EQ(decoded.packets, (std::vector<Seen>{{PacketType::kMessage, "a"}}));
}

TEST(EngineIoPayload, NothingIsDeliveredOfABodyThatIsTooLarge) {
  EXPECT_TRUE(decode("4hello", 6).status);
  const Decoded decoded = decode("4hello", 5);
  EXPECT_FALSE(decoded.status);
  EXPECT_TRUE(decoded.packets.empty());
}

TEST(EngineIoPayload, TheVisitorCanStopWithoutAnError) {
  int visits = 0;
  EXPECT_TRUE(
      decode_payload("1\x1e"
                     "4late\x1e"
                     "garbage",
                     {}, [&](const Packet&) {
                       ++visits;
                       return false;
                     }));
  EXPECT_EQ(visits, 1);
}

TEST(EngineIoPayload, ManyTinyPacketsAreFine) {
  std::string body = "3";
  for (int i = 1; i < 500'000; ++i)
    body +=
        "\x1e"
        "3";
  size_t packets = 0;
  EXPECT_TRUE(decode_payload(body, {}, [&](const Packet& packet) {
    EXPECT_EQ(packet.type, PacketType::kPong);
    return ++packets > 0;
  }));
  EXPECT_EQ(packets, 500'000u);
}

// Each prefix stands alone in memory, so that a sanitizer sees every read past its end.
TEST(EngineIoPayload, EveryPrefixOfABodyIsDecodedOrRefused) {
  for (const auto& [body, packets] : kCases)
    for (size_t size = 0; size < body.size(); ++size) {
      const std::vector<char> alone(body.begin(), body.begin() + static_cast<ptrdiff_t>(size));
      const Decoded decoded = decode({alone.data(), alone.size()});
      if (decoded.status) {
        EXPECT_LE(decoded.packets.size(), packets.size());
      } else {
        EXPECT_FALSE(decoded.status.message().empty());
      }
    }
}

TEST(EngineIoHandshake, HasNodesKeysInNodesOrder) {
  EXPECT_EQ(
      handshake_json({.sid = "abc",
                      .upgrade_to_websocket = true,
                      .ping_interval_ms = 300,
                      .ping_timeout_ms = 200,
                      .max_payload = 1'000'000}),
      R"({"sid":"abc","upgrades":["websocket"],"pingInterval":300,"pingTimeout":200,"maxPayload":1000000})");
  EXPECT_EQ(handshake_json({.sid = "abc"}),
            R"({"sid":"abc","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000})");
}

}  // namespace
}  // namespace patchbay::engineio
