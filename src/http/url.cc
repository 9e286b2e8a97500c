#include "http/url.h"

#include <algorithm>

#include "http/characters.h"

namespace patchbay::http {
namespace {

struct Scheme {
  std::string_view name;
  bool secure;
};
constexpr Scheme kSchemes[] = {{"http", false}, {"https", true}, {"ws", false}, {"wss", true}};

std::unexpected<Error> refuse_url(std::string_view what) {
  return fail(ErrorCode::kConfiguration, "the address is not usable: " + std::string(what));
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return result;
}

bool is_host_character(char c) {
  return characters::is_alphanumeric(static_cast<uint8_t>(c)) || c == '-' || c == '.' || c == '_';
}
bool is_ipv6_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == ':' || c == '.';
}

Result<uint16_t> parse_port(std::string_view digits) {
  unsigned value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9' || value > 65'535) return refuse_url("the port must be a number from 1 to 65535");
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  if (value == 0 || value > 65'535) return refuse_url("the port must be a number from 1 to 65535");
  return static_cast<uint16_t>(value);
}

}  // namespace

Result<Url> Url::parse(std::string_view text) {
  if (text.size() > kMaxBytes) return refuse_url("it is longer than " + std::to_string(kMaxBytes) + " bytes");
  if (!std::ranges::all_of(text, is_target_character))
    return refuse_url("it holds a space, a control character or text that is not ASCII: percent-encode them");
  const size_t colon = text.find("://");
  const std::string name = lower(text.substr(0, colon == std::string_view::npos ? 0 : colon));
  const auto* const scheme = std::ranges::find(kSchemes, name, &Scheme::name);
  if (scheme == std::end(kSchemes))
    return refuse_url("it must begin with http://, https://, ws:// or wss://, as in http://127.0.0.1:3000");
  if (text.find('#') != std::string_view::npos) return refuse_url("leave out '#' and what follows");
  Url url{.secure = scheme->secure, .port = static_cast<uint16_t>(scheme->secure ? 443 : 80)};

  std::string_view rest = text.substr(colon + 3);
  std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  rest.remove_prefix(authority.size());
  if (authority.find('@') != std::string_view::npos)
    return refuse_url("it holds a user name or password; give credentials in another way");
  std::string_view port;
  bool has_port = false;
  if (authority.starts_with('[')) {
    const size_t end = authority.find(']');
    if (end == std::string_view::npos) return refuse_url("the bracket of its IPv6 address is not closed");
    url.host = lower(authority.substr(1, end - 1));
    if (!std::ranges::all_of(url.host, is_ipv6_character)) return refuse_url("its IPv6 address is none");
    authority.remove_prefix(end + 1);
    has_port = authority.starts_with(':');
    if (!has_port && !authority.empty())
      return refuse_url("something stands behind the bracket of its IPv6 address");
    if (has_port) port = authority.substr(1);
  } else {
    const size_t end = authority.find(':');
    url.host = lower(authority.substr(0, end));
    if (!std::ranges::all_of(url.host, is_host_character))
      return refuse_url("its host is no name or address");
    has_port = end != std::string_view::npos;
    if (has_port) port = authority.substr(end + 1);
  }
  if (url.host.empty()) return refuse_url("it names no host");
  if (has_port) {
    PB_ASSIGN(url.port, parse_port(port));
  }
  const size_t question = rest.find('?');
  if (question != std::string_view::npos) url.query = rest.substr(question + 1);
  url.path = rest.substr(0, question);
  if (url.path.empty()) url.path = "/";
  return url;
}

std::string Url::authority() const {
  std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != (secure ? 443 : 80)) text += ":" + std::to_string(port);
  return text;
}

std::string Url::origin() const {
  return (secure ? "https://" : "http://") + authority();
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if (characters::is_alphanumeric(byte) || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      out += '%';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

}  // namespace patchbay::http
