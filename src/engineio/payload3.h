// Engine.IO polling payloads of protocol revision 3, as clients of Socket.IO 2 speak them. Two framings:
// text,
// `<length>:<packet>` with the length in UTF-16 units and binary messages as 'b4' and base64; and octets,
// 0x00 (text) or 0x01 (binary), the length's digits as octets 0 to 9, 0xff, the packet. Which one a body has
// is said by its Content-Type, never guessed. Pure functions; any thread. Decoding walks the body once,
// copies nothing but what was base64, and is bounded by the size of the body alone.
// https://github.com/socketio/engine.io-protocol, revision 3, "Payload".
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include "engineio/packet.h"
#include "engineio/payload.h"

namespace patchbay::engineio {

namespace detail {
DecodeStatus decode_payload3(std::string_view body, BodyKind kind, const PayloadLimits& limits,
                             PacketVisitor visit, void* context);
}  // namespace detail

// As decode_payload() of revision 4: visits every packet in order until the visitor returns false; packets in
// front of a bad one have been visited. Errors: a body that is too large or empty, text that is not UTF-8, a
// length that is missing, zero, not in its shortest form, past the end or ends inside a character, a type
// that is not 0 to 6, bad base64, a binary packet that is no message.
template <typename Visitor>
DecodeStatus decode_payload3(std::string_view body, BodyKind kind, const PayloadLimits& limits,
                             Visitor&& visitor) {
  using Plain = std::remove_reference_t<Visitor>;
  return detail::decode_payload3(
      body, kind, limits,
      [](void* context, const Packet& packet) -> bool { return (*static_cast<Plain*>(context))(packet); },
      const_cast<void*>(static_cast<const void*>(std::addressof(visitor))));
}

// Adds a packet behind those that are there. All packets of one body must be added with the same `kind`.
void append_to_payload3(std::string& payload, const Packet& packet, BodyKind kind);
// Never less than what append_to_payload3() adds, whatever the kind. Bytes.
size_t encoded_size_bound3(const Packet& packet);

// How long JavaScript finds the text: characters beyond U+FFFF count twice. `text` is UTF-8; what is not is
// counted as its bytes would be replaced at best.
size_t utf16_length(std::string_view text);

// The octet in front of a binary message, in a payload and in a WebSocket message.
inline constexpr char kBinaryMessage3 = '\x04';

}  // namespace patchbay::engineio
