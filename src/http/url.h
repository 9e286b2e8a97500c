// An absolute address of a server: http, https, ws or wss; host, port, path and query. For clients; requests
// that a server receives are request_parser.h's. A value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace patchbay::http {

struct Url {
  bool secure = false;     // https or wss
  std::string host;        // a name or a numeric address, without brackets; lower case
  uint16_t port = 80;      // 443 when secure, unless given
  std::string path = "/";  // as given (percent-encoded), starts with '/'
  std::string query;       // as given, without '?'

  // Refused, with a message that says what to change: another scheme, no host, user and password (they would
  // end up in logs), a fragment, spaces, control characters and text that is not ASCII, a port that is none,
  // more than kMaxBytes.
  static Result<Url> parse(std::string_view text);
  static constexpr size_t kMaxBytes = 2048;

  // For the Host header (RFC 9110 §7.2): brackets around IPv6, the port unless it is the scheme's own.
  std::string authority() const;
  // "https://host:port", without path.
  std::string origin() const;
};

// Percent-encodes everything but unreserved characters (RFC 3986 §2.3).
std::string percent_encode(std::string_view text);

}  // namespace patchbay::http
