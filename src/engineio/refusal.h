// Why a request got no session: the codes and texts of Node's engine.io, which clients show to their users,
// and beside them, in "hint", what to do about it. Values and pure functions; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/message.h"

namespace patchbay::engineio {

// The numbers on the wire.
enum class RefusalCode : uint8_t {
  kTransportUnknown = 0,
  kSessionUnknown = 1,
  kBadMethod = 2,
  kBadRequest = 3,
  kForbidden = 4,
  kProtocolUnsupported = 5,
};
inline constexpr size_t kRefusalCodes = 6;
// "Transport unknown", "Session ID unknown", …
std::string_view to_string(RefusalCode code);

struct Refusal {
  RefusalCode code = RefusalCode::kBadRequest;
  // What was wrong and what to do, for who writes the client.
  std::string_view hint;
};

namespace refusals {
inline constexpr Refusal kTransport{
    RefusalCode::kTransportUnknown,
    "The query parameter transport must be polling or websocket, and one that this server allows."};
inline constexpr Refusal kSession{
    RefusalCode::kSessionUnknown,
    "The session has ended or timed out, the server was restarted, or the request reached another node than "
    "the one that opened the session: connect again without sid; with several nodes, let the balancer send "
    "all requests of a client to one of them."};
inline constexpr Refusal kMethod{RefusalCode::kBadMethod,
                                 "A session is opened with GET; with a sid, GET receives and POST sends."};
inline constexpr Refusal kUpgradeMismatch{
    RefusalCode::kBadRequest,
    "transport=websocket goes with an Upgrade: websocket header and nothing else does. A proxy that does not "
    "forward Upgrade and Connection causes this as well."};
inline constexpr Refusal kProtocolMismatch{
    RefusalCode::kBadRequest, "The query parameter EIO must be the one with which the session was opened."};
inline constexpr Refusal kJsonp{
    RefusalCode::kBadRequest,
    "Polling by JSONP (the query parameter j) is not supported: set jsonp to false or use a browser of this "
    "century, and allow the page's origin."};
inline constexpr Refusal kOctets{
    RefusalCode::kBadRequest,
    "Bodies of type application/octet-stream belong to EIO=3; in EIO=4 binary messages travel as base64."};
inline constexpr Refusal kBody{
    RefusalCode::kBadRequest,
    "The body is not an Engine.IO payload of the session's protocol revision; the session has been closed."};
inline constexpr Refusal kNotPolling{
    RefusalCode::kBadRequest,
    "The session does not poll any more: it moved to WebSocket, is closing, or was polled twice at once."};
inline constexpr Refusal kNoUpgrade{RefusalCode::kBadRequest,
                                    "The session cannot be upgraded: it has a WebSocket already, another "
                                    "upgrade is under way, or upgrades are "
                                    "switched off."};
inline constexpr Refusal kForbidden{RefusalCode::kForbidden, "The server's rules do not let this client in."};
inline constexpr Refusal kProtocol{
    RefusalCode::kProtocolUnsupported,
    "The query parameter EIO must be 4, which clients from version 3 of socket.io-client on send. EIO=3 is "
    "accepted where the server allows it."};
}  // namespace refusals

// 400, or 403 for kForbidden: {"code":…,"message":…,"hint":…}. `message` replaces the code's own text; give
// UTF-8, it is escaped.
http::Response to_response(const Refusal& refusal, std::string_view message = {});

}  // namespace patchbay::engineio
