// The opening handshake of RFC 6455 §4.2, the server's side: is this request a good upgrade, and what answers
// it. Knows nothing of origins, sessions or sockets. Pure functions; any thread.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "http/message.h"

namespace patchbay::websocket {

// The bytes of the 101 answer, or the answer that refuses: 400, 405, 426 with the version that we speak.
// No extension is agreed on. Of the subprotocols offered the first is echoed, because browsers drop a
// connection whose offer was ignored, and Engine.IO gives them no meaning.
std::expected<std::string, http::Response> check_upgrade(const http::Request& request);

// Sec-WebSocket-Accept for a Sec-WebSocket-Key (§4.2.2 step 5.4).
std::string accept_key(std::string_view key);

}  // namespace patchbay::websocket
