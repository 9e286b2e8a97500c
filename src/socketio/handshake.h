// What a client said when it connected to a namespace; given to middleware and kept by the socket. Immutable.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <boost/json/fwd.hpp>

#include "engineio/server.h"

namespace patchbay::socketio {

struct Handshake {
  // The HTTP request that opened the Engine.IO session: headers, query, address, secure, time.
  std::shared_ptr<const engineio::Handshake> request;
  // The CONNECT packet's payload as JSON text; "{}" when it had none. Always an object.
  std::string auth_json;

  boost::json::value auth() const;
};

}  // namespace patchbay::socketio
