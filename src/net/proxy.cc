#include "net/proxy.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/bytes.h"

namespace patchbay::net {
namespace {

std::unexpected<Error> refuse(std::string_view what) {
  return fail(ErrorCode::kConfiguration, "the address of the proxy is not usable: " + std::string(what));
}

bool is_host_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' ||
         c == '_';
}
bool is_ipv6_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.';
}

Result<uint16_t> parse_port(std::string_view digits) {
  unsigned value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return refuse("its port must be a number from 1 to 65535");
    value = std::min(value * 10 + static_cast<unsigned>(c - '0'), 65'536u);
  }
  if (value == 0 || value > 65'535) return refuse("its port must be a number from 1 to 65535");
  return static_cast<uint16_t>(value);
}

Result<std::string> parse_credential(std::string_view encoded, std::string_view what) {
  std::optional<std::string> text = percent_decode(encoded, false);
  if (!text) return refuse("a '%' in its " + std::string(what) + " must be written as %25");
  if (text->size() > Proxy::kMaxCredentialBytes)
    return refuse("its " + std::string(what) + " is longer than " +
                  std::to_string(Proxy::kMaxCredentialBytes) + " bytes");
  if (std::ranges::any_of(*text, [](char c) { return static_cast<uint8_t>(c) < ' ' || c == '\x7f'; }))
    return refuse("its " + std::string(what) + " holds a control character");
  return std::move(*text);
}

Status parse_credentials(Proxy& proxy, std::string_view info) {
  const size_t colon = info.find(':');
  PB_ASSIGN(proxy.user, parse_credential(info.substr(0, colon), "user name"));
  if (colon != std::string_view::npos) {
    PB_ASSIGN(proxy.password, parse_credential(info.substr(colon + 1), "password"));
  }
  if (proxy.user.empty()) return refuse("a user name is missing before '@'");
  // RFC 7617 §2: what stands before the first colon is the user.
  if (proxy.kind == Proxy::Kind::kHttp && proxy.user.find(':') != std::string::npos)
    return refuse("a user name for an HTTP proxy cannot hold a colon");
  // RFC 1929 §2: 1 to 255 octets.
  if (proxy.kind == Proxy::Kind::kSocks5 && proxy.password.empty())
    return refuse("a SOCKS5 proxy wants a password beside the user name");
  return {};
}

Status parse_place(Proxy& proxy, std::string_view place) {
  std::string_view rest;
  if (place.starts_with('[')) {
    const size_t end = place.find(']');
    if (end == std::string_view::npos) return refuse("the bracket of its IPv6 address is not closed");
    proxy.host = place.substr(1, end - 1);
    rest = place.substr(end + 1);
    if (!std::ranges::all_of(proxy.host, is_ipv6_character) || proxy.host.find(':') == std::string::npos)
      return refuse("its IPv6 address is none");
  } else {
    const size_t end = std::min(place.find(':'), place.size());
    proxy.host = place.substr(0, end);
    rest = place.substr(end);
    if (!std::ranges::all_of(proxy.host, is_host_character)) return refuse("its host is no name or address");
  }
  if (proxy.host.empty() || proxy.host.size() > 255) return refuse("it needs a host, as in http://host:8080");
  if (rest.empty()) return {};
  if (!rest.starts_with(':')) return refuse("something stands between its host and its port");
  PB_ASSIGN(proxy.port, parse_port(rest.substr(1)));
  return {};
}

}  // namespace

Result<Proxy> Proxy::parse(std::string_view url) {
  if (url.size() > kMaxUrlBytes)
    return refuse("it is longer than " + std::to_string(kMaxUrlBytes) + " bytes");
  if (!std::ranges::all_of(url, [](char c) { return c > ' ' && c <= '~'; }))
    return refuse("it holds a space, a control character or text that is not ASCII: percent-encode them");
  const size_t colon = url.find("://");
  const std::string_view scheme = url.substr(0, colon == std::string_view::npos ? 0 : colon);
  Proxy proxy;
  if (equals_ignore_case(scheme, "http")) {
    proxy.kind = Kind::kHttp;
    proxy.port = 8080;
  } else if (equals_ignore_case(scheme, "socks5") || equals_ignore_case(scheme, "socks5h")) {
    proxy.kind = Kind::kSocks5;
    proxy.port = 1080;
  } else {
    return refuse(
        "it must begin with http:// or socks5://; a proxy that is spoken to in TLS is not supported");
  }
  std::string_view rest = url.substr(colon + 3);
  const size_t end = std::min(rest.find_first_of("/?#"), rest.size());
  if (end != rest.size() && rest.substr(end) != "/") return refuse("leave out what follows its port");
  rest = rest.substr(0, end);
  if (const size_t at = rest.rfind('@'); at != std::string_view::npos) {
    PB_TRY(parse_credentials(proxy, rest.substr(0, at)));
    rest.remove_prefix(at + 1);
  }
  PB_TRY(parse_place(proxy, rest));
  return proxy;
}

std::string Proxy::describe() const {
  return "the proxy '" + host + "' port " + std::to_string(port);
}

}  // namespace patchbay::net
