#include "http/client_address.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include <arpa/inet.h>

#include "http/header_value.h"

namespace patchbay::http {
namespace {

using Address = std::array<uint8_t, 16>;
constexpr unsigned kMappedBits = 96;

std::optional<Address> parse_address(std::string_view text, bool* is_v4 = nullptr) {
  const std::string copy(text.substr(0, 64));
  Address address{};
  if (in_addr v4{}; inet_pton(AF_INET, copy.c_str(), &v4) == 1) {
    address[10] = address[11] = 0xff;
    std::memcpy(address.data() + 12, &v4, 4);
    if (is_v4 != nullptr) *is_v4 = true;
    return address;
  }
  if (inet_pton(AF_INET6, copy.c_str(), address.data()) == 1) return address;
  return std::nullopt;
}

// "1.2.3.4:5678" and "[::1]:80" as some proxies write them, without what is not address.
std::string_view without_port(std::string_view text) {
  if (text.starts_with('[')) return text.substr(1, std::max<size_t>(text.find(']'), 1) - 1);
  if (std::ranges::count(text, ':') == 1) return text.substr(0, text.find(':'));
  return text;
}

bool inside(const Address& address, const Address& network, unsigned bits) {
  const size_t whole = bits / 8;
  if (std::memcmp(address.data(), network.data(), whole) != 0) return false;
  const unsigned rest = bits % 8;
  return rest == 0 || ((address[whole] ^ network[whole]) >> (8 - rest)) == 0;
}

}  // namespace

Result<TrustedProxies> TrustedProxies::parse(const std::vector<std::string>& networks) {
  TrustedProxies trusted;
  for (const std::string& text : networks) {
    const size_t slash = text.find('/');
    bool is_v4 = false;
    const auto address = parse_address(std::string_view(text).substr(0, slash), &is_v4);
    const unsigned most = is_v4 ? 32 : 128;
    unsigned bits = most;
    bool good = address.has_value();
    if (good && slash != std::string::npos) {
      const char* const end = text.data() + text.size();
      const auto [stop, error] = std::from_chars(text.data() + slash + 1, end, bits);
      good = error == std::errc() && stop == end && bits <= most;
    }
    if (!good)
      return fail(ErrorCode::kConfiguration, "'" + text +
                                                 "' is no address or network of a trusted proxy; for example "
                                                 "10.0.0.0/8, 192.168.1.7 or ::1");
    trusted.networks_.push_back({.address = *address, .bits = is_v4 ? kMappedBits + bits : bits});
  }
  return trusted;
}

bool TrustedProxies::trusts(std::string_view numeric_address) const {
  if (networks_.empty()) return false;
  const auto address = parse_address(numeric_address);
  return address && std::ranges::any_of(networks_, [&](const Network& network) {
           return inside(*address, network.address, network.bits);
         });
}

std::string TrustedProxies::client_of(const Request& request) const {
  std::string client = request.remote_address;
  if (!trusts(client)) return client;
  size_t hops = 0;
  // The last header was written last; inside a header the last entry was.
  for (auto header = request.headers.rbegin(); header != request.headers.rend(); ++header) {
    if (header->first != "x-forwarded-for") continue;
    std::string_view rest = header->second;
    for (;;) {
      if (++hops > kMaxHops) return client;
      const size_t comma = rest.rfind(',');
      const std::string_view entry =
          without_port(trim(comma == std::string_view::npos ? rest : rest.substr(comma + 1)));
      if (!parse_address(entry)) return client;
      client = entry;
      if (!trusts(client)) return client;
      if (comma == std::string_view::npos) break;
      rest = rest.substr(0, comma);
    }
  }
  return client;
}

}  // namespace patchbay::http
