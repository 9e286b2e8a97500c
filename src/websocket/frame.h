// The vocabulary of RFC 6455 frames and how to write them. Writing only; reading is frame_parser.h. Pure
// functions; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace patchbay::websocket {

// §5.2. Everything else is reserved and refused.
enum class Opcode : uint8_t {
  kContinuation = 0x0,
  kText = 0x1,
  kBinary = 0x2,
  kClose = 0x8,
  kPing = 0x9,
  kPong = 0xa,
};

enum class MessageKind : uint8_t { kText, kBinary };

// §7.4.1. 1005, 1006 and 1015 stand for what was not said; they never travel.
using CloseCode = uint16_t;
inline constexpr CloseCode kCloseNormal = 1000;
inline constexpr CloseCode kCloseGoingAway = 1001;
inline constexpr CloseCode kCloseProtocolError = 1002;
inline constexpr CloseCode kCloseUnsupportedData = 1003;
inline constexpr CloseCode kCloseNoStatus = 1005;
inline constexpr CloseCode kCloseAbnormal = 1006;
inline constexpr CloseCode kCloseInvalidData = 1007;
inline constexpr CloseCode kClosePolicy = 1008;
inline constexpr CloseCode kCloseTooBig = 1009;
inline constexpr CloseCode kCloseExtensionNeeded = 1010;
inline constexpr CloseCode kCloseInternalError = 1011;
inline constexpr CloseCode kCloseTlsFailure = 1015;

// True for the codes that a close frame may carry: 1000-1003, 1007-1011, 3000-4999.
constexpr bool may_travel(CloseCode code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1011) || (code >= 3000 && code <= 4999);
}

inline constexpr size_t kMaxFrameHeader = 14;      // with a mask; 10 without
inline constexpr size_t kMaxControlPayload = 125;  // §5.5
inline constexpr size_t kMaxCloseReason = kMaxControlPayload - 2;

// RSV1 in a frame's first byte: the message is compressed (RFC 7692 §6).
inline constexpr uint8_t kCompressedBit = 0x40;

using MaskKey = std::array<uint8_t, 4>;

// Writes the header of one whole message (FIN set) in its shortest form and returns its length. `out` holds
// kMaxFrameHeader bytes. The masked form is the client's; the caller masks the payload with apply_mask().
size_t encode_frame_header(char* out, Opcode opcode, uint64_t payload_size);
size_t encode_frame_header(char* out, Opcode opcode, uint64_t payload_size, const MaskKey& key);

// XORs `size` bytes in place with the key; `offset` is the position of data[0] in the payload (§5.3).
void apply_mask(char* data, size_t size, const MaskKey& key, size_t offset = 0);

// Appends one frame with FIN set: unmasked as servers send, masked as clients must. A control frame's payload
// must not exceed kMaxControlPayload.
void append_frame(std::string& out, Opcode opcode, std::string_view payload);
void append_masked_frame(std::string& out, Opcode opcode, std::string_view payload, const MaskKey& key);

// Appends a close frame. A code that may not travel (kCloseNoStatus among them) gives an empty one. The
// reason is cut to kMaxCloseReason bytes at a character's boundary.
void append_close(std::string& out, CloseCode code, std::string_view reason);
void append_masked_close(std::string& out, CloseCode code, std::string_view reason, const MaskKey& key);

}  // namespace patchbay::websocket
