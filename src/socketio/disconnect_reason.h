// Why a socket is gone; the texts are those of Node's socket.io, which clients compare with.
#pragma once

#include <cstdint>
#include <string_view>

namespace patchbay::socketio {

enum class DisconnectReason : uint8_t {
  kClientNamespaceDisconnect,
  kServerNamespaceDisconnect,
  kTransportClose,
  kTransportError,
  kPingTimeout,
  kParseError,
  kForcedClose,
  kForcedServerClose,
  kServerShuttingDown,
  kOverflow,  // ours: the client read too slowly
  kFlood,     // ours: the client sent too much
};
std::string_view to_string(DisconnectReason reason);

}  // namespace patchbay::socketio
