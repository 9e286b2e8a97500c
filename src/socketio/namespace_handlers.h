// What an application has registered on a namespace. Written before the server starts, read by all shards
// after; namespaces made from one pattern share it. Internal to the module.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "socketio/namespace.h"

namespace patchbay::socketio {

struct Namespace::Handlers {
  std::vector<Middleware> middleware;
  std::vector<EventMiddleware> event_middleware;
  std::vector<ConnectionHandler> connection;
  std::vector<std::pair<std::string, EventHandler>> events;
  std::vector<EventHandler> any;
  std::vector<EventHandler> unhandled;
  std::vector<OutgoingHandler> any_outgoing;
  std::vector<DisconnectHandler> disconnect;
  std::vector<ErrorHandler> error;
  std::vector<WatermarkHandler> watermark;
  std::vector<std::pair<std::string, ServerSideHandler>> server_side;
};

}  // namespace patchbay::socketio
