// The opening handshake of RFC 6455 §4.2, the server's side: is this request a good upgrade, and what answers
// it. Knows nothing of origins, sessions or sockets. Pure functions; any thread.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "http/message.h"
#include "websocket/deflate_extension.h"

namespace patchbay::websocket {

struct Upgrade {
  std::string response;  // the bytes of the 101 answer
  DeflateAgreement deflate;
};

// What answers a good upgrade, or the answer that refuses: 400, 405, 426 with the version that we speak.
// permessage-deflate is agreed on when the client offers it and `deflate` enables it, and then a malformed
// Sec-WebSocket-Extensions is refused (400, RFC 6455 §9.1); disabled, the header is not looked at. Of the
// subprotocols offered the first is echoed, because browsers drop a connection whose offer was ignored, and
// Engine.IO gives them no meaning.
std::expected<Upgrade, http::Response> accept_upgrade(const http::Request& request,
                                                      const DeflateOptions& deflate);

// The same without extensions; gives the bytes of the 101 answer.
std::expected<std::string, http::Response> check_upgrade(const http::Request& request);

// Sec-WebSocket-Accept for a Sec-WebSocket-Key (§4.2.2 step 5.4).
std::string accept_key(std::string_view key);

}  // namespace patchbay::websocket
