// Engine.IO packets (protocol revisions 3 and 4) as they stand in one WebSocket message or between the
// separators of a polling body: one type character and data. Pure functions over views; nothing is copied or
// kept. Any thread. https://github.com/socketio/engine.io-protocol, "Packet types" and "Packet encoding".
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace patchbay::engineio {

// The digits on the wire.
enum class PacketType : uint8_t {
  kOpen = 0,
  kClose = 1,
  kPing = 2,
  kPong = 3,
  kMessage = 4,
  kUpgrade = 5,
  kNoop = 6,
};

struct Packet {
  PacketType type = PacketType::kMessage;
  // Behind the type character; for a binary message the octets themselves (never base64).
  std::string_view data = {};
  // Only messages are binary.
  bool binary = false;
};

// What a polling body holds, as its Content-Type says.
enum class BodyKind : uint8_t {
  kText,
  kOctets,  // application/octet-stream: protocol revision 3 only
};

// How a codec ended: fine, or what the peer did wrong, as static text that fits a WebSocket close reason.
class [[nodiscard]] DecodeStatus {
 public:
  constexpr DecodeStatus() = default;
  // `message` must live as long as the process and hold at most 123 bytes.
  static constexpr DecodeStatus error(std::string_view message) { return DecodeStatus(message); }
  constexpr explicit operator bool() const { return message_.empty(); }
  // Empty when fine.
  constexpr std::string_view message() const { return message_; }

 private:
  constexpr explicit DecodeStatus(std::string_view message) : message_(message) {}
  std::string_view message_;
};

// The character on the wire, '0' to '6'.
constexpr char to_char(PacketType type) {
  return static_cast<char>('0' + static_cast<uint8_t>(type));
}

// One text packet, from a WebSocket text message. Nothing unless the first character is 0 to 6.
std::optional<Packet> decode_packet(std::string_view text);
// What the peer did wrong when decode_packet() gives nothing.
inline constexpr std::string_view kInvalidPacket =
    "not an Engine.IO packet: the first character must be 0 to 6";

// Text packets only: on WebSocket a binary message is its octets, without a type.
void append_packet(std::string& out, PacketType type, std::string_view data = {});

}  // namespace patchbay::engineio
