// A request on its way to become a session. Internal to the module; shard-local.
#pragma once

#include <string>

#include "engineio/server.h"

namespace patchbay::engineio {

struct Server::Opening {
  http::ExchangePtr exchange;
  bool websocket = false;
  Dialect dialect;
  std::string address;  // of the client
};

}  // namespace patchbay::engineio
