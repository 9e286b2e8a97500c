// Internal to the module. How a connection ends and what that means to whoever holds the credentials
// (docs/protocol/whatsapp.md, "Life after login"). Pure functions; any thread.
#pragma once

#include <string>

#include "base/result.h"
#include "binary/node.h"
#include "whatsapp/engine.h"

namespace patchbay::whatsapp {

// Of <stream:error/>.
struct StreamEnd {
  bool restart = false;  // 515: connect again at once; `end` then means nothing
  SessionEnd end = {};
};
StreamEnd end_of_stream(const binary::Node& stream_error);
// Of <failure/>.
SessionEnd end_of_login(const binary::Node& failure);
// <ib><downgrade_webclient/></ib>
SessionEnd end_of_old_phone();

// The connection broke; `detail` is for people: "the connection was reset".
SessionEnd end_of_network(std::string_view detail);
// No connection could be made.
SessionEnd end_of_connecting(const Error& error);
// The server did not do `what` in time: "answer the handshake".
SessionEnd end_of_waiting(std::string_view what);
// The server did something that no WhatsApp server does.
SessionEnd end_of_nonsense(std::string_view detail);

}  // namespace patchbay::whatsapp
