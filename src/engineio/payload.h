// Engine.IO polling payloads (protocol revision 4): packets joined by U+001E, binary messages as 'b' and
// base64; and the JSON of the open packet. Pure functions; any thread. Decoding walks the body once and hands
// out views into it: the number of packets is bounded by the size of the body alone.
// https://github.com/socketio/engine.io-protocol, "HTTP long-polling" and "Handshake".
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include "engineio/packet.h"

namespace patchbay::engineio {

inline constexpr char kPayloadSeparator = '\x1e';
inline constexpr char kBinaryPrefix = 'b';

struct PayloadLimits {
  size_t max_payload = 1'000'000;  // bytes of the whole body
};

namespace detail {
using PacketVisitor = bool (*)(void* context, const Packet& packet);
DecodeStatus decode_payload(std::string_view body, const PayloadLimits& limits, PacketVisitor visit,
                            void* context);
}  // namespace detail

// Calls `visitor(const Packet&)` for every packet, in order; it returns false to stop, which is no error.
// Packets in front of a bad one have been visited when the error comes back. Errors: a body that is too
// large, empty or not UTF-8 (nothing is visited then), an empty packet, a type that is not 0 to 6, bad base64
// (the padding may be missing). The views end with the call to the visitor.
template <typename Visitor>
DecodeStatus decode_payload(std::string_view body, const PayloadLimits& limits, Visitor&& visitor) {
  using Plain = std::remove_reference_t<Visitor>;
  return detail::decode_payload(
      body, limits,
      [](void* context, const Packet& packet) -> bool { return (*static_cast<Plain*>(context))(packet); },
      const_cast<void*>(static_cast<const void*>(std::addressof(visitor))));
}

// Adds a packet behind those that are there, with a separator between them.
void append_to_payload(std::string& payload, const Packet& packet);
// What append_to_payload() adds, without the separator. Bytes.
size_t encoded_size(const Packet& packet);

// The data of the open packet.
struct HandshakeFields {
  std::string_view sid = {};  // letters, digits, '-' and '_' only: it is not escaped
  bool upgrade_to_websocket = false;
  uint64_t ping_interval_ms = 25'000;
  uint64_t ping_timeout_ms = 20'000;
  uint64_t max_payload = 1'000'000;
};
// {"sid":…,"upgrades":…,"pingInterval":…,"pingTimeout":…,"maxPayload":…}, these keys in this order.
std::string handshake_json(const HandshakeFields& fields);

}  // namespace patchbay::engineio
