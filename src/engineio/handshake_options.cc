#include "engineio/handshake_options.h"

#include <algorithm>
#include <stdexcept>

#include "http/header_value.h"

namespace patchbay::engineio {
namespace {

bool fits_a_cookie(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f && c != ';' && c != ','; });
}

}  // namespace

void check(const CookieOptions& options) {
  if (!http::is_token(options.name))
    throw std::invalid_argument("the name of the session cookie must be a token (RFC 6265 §4.1.1)");
  if (!fits_a_cookie(options.path))
    throw std::invalid_argument("the path of the session cookie must be printable ASCII without ';' and ','");
  if (options.max_age.count() < 0)
    throw std::invalid_argument("the age of the session cookie cannot be negative");
  if (options.same_site == CookieOptions::SameSite::kNone && !options.secure)
    throw std::invalid_argument("browsers drop a session cookie with SameSite=None that is not secure");
}

std::string set_cookie(const CookieOptions& options, std::string_view value) {
  std::string text = options.name;
  text += '=';
  text += value;
  if (options.max_age.count() > 0) text += "; Max-Age=" + std::to_string(options.max_age.count());
  if (!options.path.empty()) text += "; Path=" + options.path;
  if (options.http_only) text += "; HttpOnly";
  if (options.secure) text += "; Secure";
  switch (options.same_site) {
    case CookieOptions::SameSite::kUnset:
      break;
    case CookieOptions::SameSite::kLax:
      text += "; SameSite=Lax";
      break;
    case CookieOptions::SameSite::kStrict:
      text += "; SameSite=Strict";
      break;
    case CookieOptions::SameSite::kNone:
      text += "; SameSite=None";
      break;
  }
  return text;
}

std::string with_headers(std::string response, const HeaderLines& headers) {
  if (headers.empty() || !response.ends_with("\r\n\r\n")) return response;
  response.resize(response.size() - 2);
  for (const auto& [name, value] : headers) {
    constexpr std::string_view kNever("\r\n\0", 3);
    if (!http::is_token(name) || value.find_first_of(kNever) != std::string::npos) continue;
    response += name;
    response += ": ";
    response += value;
    response += "\r\n";
  }
  response += "\r\n";
  return response;
}

}  // namespace patchbay::engineio
