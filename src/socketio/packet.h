// Socket.IO packets (protocol revision 5) in the default encoding: one text, and for binary packets the
// number of binary messages that follow it. Decoding gives views into the text, after checking it; encoding
// writes straight into a string from JSON text. Pure functions; any thread. Attachments are put together by
// decoder.h. https://github.com/socketio/socket.io-protocol, "Packet encoding".
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engineio/packet.h"

namespace patchbay::socketio {

using engineio::DecodeStatus;

// The digits on the wire.
enum class PacketType : uint8_t {
  kConnect = 0,
  kDisconnect = 1,
  kEvent = 2,
  kAck = 3,
  kConnectError = 4,
  kBinaryEvent = 5,
  kBinaryAck = 6,
};
// The character on the wire, '0' to '6'.
constexpr char to_char(PacketType type) {
  return static_cast<char>('0' + static_cast<uint8_t>(type));
}
constexpr bool is_binary(PacketType type) {
  return type == PacketType::kBinaryEvent || type == PacketType::kBinaryAck;
}

struct PacketView {
  PacketType type = PacketType::kEvent;
  // With its leading slash. A query ("/chat?x=1") is part of the name, as it is in Node for this revision.
  std::string_view nsp = "/";
  std::optional<uint64_t> id = std::nullopt;
  // Raw JSON, valid and trimmed; empty when there is none. An array for events (name first) and acks, an
  // object for CONNECT, an object or a string for CONNECT_ERROR.
  std::string_view data = {};
  // 1 to the limit for binary packets, otherwise 0. Each placeholder in `data` names one of them.
  uint32_t attachments = 0;
};

struct PacketLimits {
  uint32_t max_attachments = 10;      // of one packet, as in Node
  size_t max_namespace_bytes = 1024;  // of the name, without the comma
};

// `text` must be UTF-8. Checks all that PacketView promises. Refused: an unknown type; attachments that are
// not 1 to the limit; a namespace that is too long or has control characters; an ack id past 2^64-1; data
// that is missing, not JSON, deeper than kMaxJsonDepth, or not what the type demands; the event names that
// mean something else to clients (is_reserved_event); in binary packets a placeholder whose number names no
// attachment. On error `packet` is unspecified.
DecodeStatus decode_packet(std::string_view text, const PacketLimits& limits, PacketView& packet);

// For packets that come in another encoding: what decode_packet() checks of the name of a namespace (its
// length, no control characters), and what it checks of `packet.data`, already trimmed, given the other
// fields.
DecodeStatus check_namespace(std::string_view nsp, size_t max_bytes);
DecodeStatus check_packet_data(const PacketView& packet);

// connect, connect_error, disconnect, disconnecting, newListener, removeListener.
bool is_reserved_event(std::string_view name);

// Writes `packet`, the inverse of decode_packet(). `packet.attachments` is ignored unless the type is binary.
void append_packet(std::string& out, const PacketView& packet);

// --- What a server sends. `args_json`: elements, comma-separated, without brackets; may be empty.
// ------------- `attachments` > 0 makes the packet binary; `args_json` then holds a placeholder for each.

// {"sid":…} and, unless `pid` is empty, "pid".
void append_connect(std::string& out, std::string_view nsp, std::string_view sid, std::string_view pid = {});
// {"message":…} and, unless `data_json` is empty, "data".
void append_connect_error(std::string& out, std::string_view nsp, std::string_view message,
                          std::string_view data_json = {});
void append_disconnect(std::string& out, std::string_view nsp);
void append_event(std::string& out, std::string_view nsp, std::optional<uint64_t> id, std::string_view event,
                  std::string_view args_json, size_t attachments = 0);
void append_ack(std::string& out, std::string_view nsp, uint64_t id, std::string_view args_json,
                size_t attachments = 0);

}  // namespace patchbay::socketio
