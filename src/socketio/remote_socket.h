// A socket as fetch_sockets() saw it: a copy, valid anywhere, that may be out of date. To act on it use its
// id as a room. Any thread.
#pragma once

#include <any>
#include <functional>
#include <string>
#include <vector>

#include "socketio/handshake.h"

namespace patchbay::socketio {

struct RemoteSocket {
  std::string id;
  Handshake handshake;
  std::vector<std::string> rooms;  // without the room of its own id
  // A copy of Socket::data: what is in it is reached from another thread than its socket's.
  std::any data;
};

using FetchHandler = std::move_only_function<void(std::vector<RemoteSocket>)>;

}  // namespace patchbay::socketio
