#include "socketio/disconnect_reason.h"

namespace patchbay::socketio {

std::string_view to_string(DisconnectReason reason) {
  switch (reason) {
    case DisconnectReason::kClientNamespaceDisconnect:
      return "client namespace disconnect";
    case DisconnectReason::kServerNamespaceDisconnect:
      return "server namespace disconnect";
    case DisconnectReason::kTransportClose:
      return "transport close";
    case DisconnectReason::kTransportError:
      return "transport error";
    case DisconnectReason::kPingTimeout:
      return "ping timeout";
    case DisconnectReason::kParseError:
      return "parse error";
    case DisconnectReason::kForcedClose:
      return "forced close";
    case DisconnectReason::kForcedServerClose:
      return "forced server close";
    case DisconnectReason::kServerShuttingDown:
      return "server shutting down";
    case DisconnectReason::kOverflow:
      return "output overflow";
    case DisconnectReason::kFlood:
      return "input flood";
  }
  return "transport error";
}

}  // namespace patchbay::socketio
