// A proxy that outgoing connections go through: HTTP CONNECT (RFC 9110 §9.3.6) or SOCKS5 (RFC 1928), spoken
// to in the clear; and the address in which an operator writes it down. What is said to it:
// proxy_handshake.h. Not here: proxies spoken to in TLS, environment variables, lists of exceptions. A value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace patchbay::net {

struct Proxy {
  enum class Kind { kHttp, kSocks5 };
  Kind kind = Kind::kHttp;
  std::string host;  // a name, or an address in figures without brackets
  uint16_t port = 0;
  std::string user;      // empty: without credentials
  std::string password;  // a secret

  // "http://host:port", "socks5://user:password@host:port"; IPv6 in brackets, user and password
  // percent-encoded where they need it, at most 255 bytes each. Without a port: 8080, and 1080 for SOCKS5.
  // kConfiguration says what to change, without quoting the text: it may hold a password.
  static Result<Proxy> parse(std::string_view url);
  static constexpr size_t kMaxUrlBytes = 2'048;
  static constexpr size_t kMaxCredentialBytes = 255;  // RFC 1929 §2 has one octet for the length

  // For messages: "the proxy 'host' port 1080". Without credentials.
  std::string describe() const;
};

}  // namespace patchbay::net
