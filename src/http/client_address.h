// Whose request it is when proxies stand in front: X-Forwarded-For, believed only as far as it was written by
// proxies that the operator named. Immutable; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/message.h"

namespace patchbay::http {

class TrustedProxies {
 public:
  // Trusts nobody: the address is that of the connection.
  TrustedProxies() = default;
  // `networks`: numeric addresses or prefixes, "10.0.0.0/8", "::1", "2001:db8::/32". Errors name the bad one.
  static Result<TrustedProxies> parse(const std::vector<std::string>& networks);

  // The connection's address while it is no proxy of ours; else, from the right of X-Forwarded-For, the first
  // address that is none. An entry that is no address ends the search at the proxy that wrote it. At most
  // kMaxHops entries are looked at.
  std::string client_of(const Request& request) const;
  bool trusts(std::string_view numeric_address) const;
  static constexpr size_t kMaxHops = 32;

 private:
  struct Network {
    std::array<uint8_t, 16> address{};  // IPv4 as ::ffff:a.b.c.d
    unsigned bits = 128;
  };
  std::vector<Network> networks_;
};

}  // namespace patchbay::http
