#include "websocket/client_handshake.h"

#include <array>

#include "base/bytes.h"
#include "base/ids.h"
#include "http/header_value.h"
#include "websocket/handshake.h"

namespace patchbay::websocket {
namespace {

bool header_lists(const http::ClientResponse& answer, std::string_view name, std::string_view item) {
  for (const auto& [header, value] : answer.headers)
    if (header == name && http::list_contains(value, item)) return true;
  return false;
}

std::unexpected<Error> wrong(std::string_view what) {
  return fail(ErrorCode::kBadRequest,
              "the server's answer to the WebSocket handshake is wrong: " + std::string(what));
}

}  // namespace

std::string make_key() {
  std::array<uint8_t, 16> octets;
  random_bytes(octets);
  return base64_encode({reinterpret_cast<const char*>(octets.data()), octets.size()});
}

Status append_upgrade_request(std::string& out, std::string_view target, std::string_view host,
                              const http::Headers& headers, std::string_view key) {
  std::string request;
  PB_TRY(http::append_request(request, {.target = std::string(target), .headers = headers}, host));
  request.resize(request.size() - 2);  // the empty line comes after these
  request += "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ";
  request.append(key).append("\r\n\r\n");
  out += request;
  return {};
}

Status check_upgrade_answer(const http::ClientResponse& answer, std::string_view key) {
  const bool forbidden = answer.status == 401 || answer.status == 403;
  if (answer.status != 101)
    return fail(forbidden ? ErrorCode::kAuthentication : ErrorCode::kServiceUnavailable,
                http::describe(answer));
  if (!header_lists(answer, "upgrade", "websocket") || !header_lists(answer, "connection", "upgrade"))
    return wrong("it switches to something else");
  if (answer.header("sec-websocket-accept") != accept_key(key))
    return wrong("Sec-WebSocket-Accept does not belong to our key; something in between may have answered");
  if (answer.header("sec-websocket-extensions") || answer.header("sec-websocket-protocol"))
    return wrong("it agrees to an extension or a subprotocol that was not offered");
  return {};
}

}  // namespace patchbay::websocket
