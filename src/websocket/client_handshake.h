// The opening handshake of RFC 6455 §4.1, the client's side: the request, and whether an answer accepts it.
// No extension and no subprotocol is offered. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>

#include "http/client_message.h"

namespace patchbay::websocket {

// A fresh Sec-WebSocket-Key: 16 random octets in base64.
std::string make_key();

// Writes the request. Fails as http::append_request does.
Status append_upgrade_request(std::string& out, std::string_view target, std::string_view host,
                              const http::Headers& headers, std::string_view key);

// Nothing wrong: the server speaks WebSocket from here on. Otherwise what it did, for people.
Status check_upgrade_answer(const http::ClientResponse& answer, std::string_view key);

}  // namespace patchbay::websocket
