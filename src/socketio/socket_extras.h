// What a socket has beyond what an idle one needs. Internal to the module.
#pragma once

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "socketio/socket.h"

namespace patchbay::socketio {

struct Socket::PendingAck {
  AckHandler handler;
  Executor::Timer timeout;
};

struct Socket::Extras {
  struct Own {
    std::string event;
    Handler handler;
    bool once = false;
  };
  std::string long_id;  // of revision 3 outside the main namespace; empty: id_
  std::vector<Own> handlers;
  uint32_t dispatching = 0;  // events that are going through them
  std::vector<Handler> any_handlers;
  std::vector<OutgoingHandler> outgoing_handlers;
  std::vector<EventMiddleware> middleware;
  std::vector<std::function<void(DisconnectReason)>> disconnect_handlers;
  std::unordered_map<uint64_t, PendingAck> pending_acks;
};

}  // namespace patchbay::socketio
