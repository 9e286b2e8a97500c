// Sees everything a server's sockets do, for tools that show or record it (the Admin UI, audit). One an
// instance of Server; without one it costs a branch. Every call is on the socket's shard and must be quick.
#pragma once

#include <string_view>

#include "socketio/args.h"
#include "socketio/disconnect_reason.h"

namespace patchbay::socketio {

class Socket;

class Observer {
 public:
  virtual ~Observer() = default;
  // After its connection handlers.
  virtual void on_connected(Socket&) {}
  virtual void on_disconnected(Socket&, DisconnectReason) {}
  virtual void on_joined(Socket&, std::string_view /*room*/) {}
  virtual void on_left(Socket&, std::string_view /*room*/) {}
  // Its connection has moved from polling to WebSocket.
  virtual void on_upgraded(Socket&) {}
  virtual void on_event_received(Socket&, std::string_view /*event*/, const ArgsView&) {}
  virtual void on_event_sent(Socket&, std::string_view /*event*/, const ArgsView&) {}
};

}  // namespace patchbay::socketio
