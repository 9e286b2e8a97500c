#include "websocket/handshake.h"

#include <optional>

#include <openssl/evp.h>

#include "base/bytes.h"
#include "base/error_code.h"
#include "http/header_value.h"

namespace patchbay::websocket {
namespace {

using http::Request;
using http::Response;

constexpr std::string_view kAcceptGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr size_t kKeyLength = 24;  // 16 bytes in base64
constexpr size_t kMaxProtocolLength = 100;

std::unexpected<Response> bad_request(std::string_view message) {
  return std::unexpected(http::error_response(400, to_string(ErrorCode::kBadRequest), message));
}

bool header_lists(const Request& request, std::string_view name, std::string_view item) {
  for (const auto& [header, value] : request.headers)
    if (header == name && http::list_contains(value, item)) return true;
  return false;
}

// The header if it came exactly once.
std::optional<std::string_view> only(const Request& request, std::string_view name) {
  std::optional<std::string_view> found;
  for (const auto& [header, value] : request.headers) {
    if (header != name) continue;
    if (found) return std::nullopt;
    found = value;
  }
  return found;
}

// The lines of one header as the list they stand for (RFC 9110 §5.3).
std::string all_values(const Request& request, std::string_view name) {
  std::string joined;
  for (const auto& [header, value] : request.headers) {
    if (header != name) continue;
    if (!joined.empty()) joined += ", ";
    joined += value;
  }
  return joined;
}

bool is_key(std::string_view key) {
  if (key.size() != kKeyLength) return false;
  const auto bytes = base64_decode(key);
  return bytes && bytes->size() == 16;
}

}  // namespace

std::string accept_key(std::string_view key) {
  std::string text;
  text.reserve(key.size() + kAcceptGuid.size());
  text.append(key).append(kAcceptGuid);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha1(), nullptr);
  return base64_encode({reinterpret_cast<const char*>(digest), size});
}

std::expected<std::string, Response> check_upgrade(const Request& request) {
  auto upgrade = accept_upgrade(request, {});
  if (!upgrade) return std::unexpected(std::move(upgrade).error());
  return std::move(upgrade->response);
}

std::expected<Upgrade, Response> accept_upgrade(const Request& request, const DeflateOptions& deflate) {
  if (request.method != http::Method::kGet) {
    Response response =
        http::error_response(405, to_string(ErrorCode::kMethodNotAllowed), "A WebSocket is opened with GET.");
    response.set("allow", "GET");
    return std::unexpected(std::move(response));
  }
  if (request.version_minor < 1) return bad_request("A WebSocket is opened with HTTP/1.1.");
  const bool upgrade = header_lists(request, "upgrade", "websocket");
  const bool connection = header_lists(request, "connection", "upgrade");
  if (!upgrade || !connection) {
    Response response = http::error_response(
        426, to_string(ErrorCode::kBadRequest),
        !upgrade ? "This address speaks WebSocket: send 'Upgrade: websocket'."
                 : "The header 'Connection: Upgrade' is missing; a proxy in between may have removed it.");
    response.set("upgrade", "websocket");
    return std::unexpected(std::move(response));
  }
  if (only(request, "sec-websocket-version") != "13") {
    Response response = http::error_response(426, to_string(ErrorCode::kBadRequest),
                                             "Only version 13 of the WebSocket protocol is spoken here.");
    response.set("upgrade", "websocket");
    response.set("sec-websocket-version", "13");
    return std::unexpected(std::move(response));
  }
  const auto key = only(request, "sec-websocket-key");
  if (!key || !is_key(*key)) return bad_request("Sec-WebSocket-Key must be given once: 16 bytes in base64.");

  Upgrade accepted;
  std::string& response = accepted.response;
  response.reserve(240);
  response +=
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
      "Upgrade\r\nSec-WebSocket-Accept: ";
  response += accept_key(*key);
  if (const auto offered = request.header("sec-websocket-protocol")) {
    std::string_view list = *offered;
    const std::string_view protocol = http::next_list_item(list);
    if (!http::is_token(protocol) || protocol.size() > kMaxProtocolLength)
      return bad_request("Sec-WebSocket-Protocol must be a list of short tokens.");
    response += "\r\nSec-WebSocket-Protocol: ";
    response += protocol;
  }
  if (deflate.enabled) {
    if (const std::string offers = all_values(request, "sec-websocket-extensions"); !offers.empty()) {
      auto answer = answer_deflate_offer(offers, deflate);
      if (!answer) return bad_request(answer.error());
      if (!answer->header.empty()) response += "\r\nSec-WebSocket-Extensions: " + answer->header;
      accepted.deflate = answer->agreement;
    }
  }
  response += "\r\n\r\n";
  return accepted;
}

}  // namespace patchbay::websocket
