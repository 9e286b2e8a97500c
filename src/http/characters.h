// The character classes of HTTP/1.1 as tables. Internal to the module.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace patchbay::http {

namespace characters {

constexpr bool is_alphanumeric(uint8_t c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

// The lower case of a character that a token may have (RFC 9110 §5.6.2), 0 for any other.
inline constexpr auto kTokenLower = [] {
  std::array<char, 256> table{};
  for (unsigned c = 0; c < 256; ++c) {
    const bool allowed =
        is_alphanumeric(static_cast<uint8_t>(c)) ||
        (c != 0 && std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos);
    if (allowed) table[c] = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  }
  return table;
}();

inline constexpr auto kAuthority = [] {
  std::array<bool, 256> table{};
  for (unsigned c = 1; c < 256; ++c)
    table[c] = is_alphanumeric(static_cast<uint8_t>(c)) ||
               std::string_view("-._~%!$&'()*+;=:[]").find(static_cast<char>(c)) != std::string_view::npos;
  return table;
}();

}  // namespace characters

constexpr char token_lower(char c) {
  return characters::kTokenLower[static_cast<uint8_t>(c)];
}
constexpr bool is_token_character(char c) {
  return token_lower(c) != 0;
}

// Visible ASCII, what a request target is made of.
constexpr bool is_target_character(char c) {
  return c > ' ' && c <= '~';
}

// A field value's: visible, space, tab, and what is not ASCII (RFC 9110 §5.5).
constexpr bool is_value_character(char c) {
  const auto byte = static_cast<uint8_t>(c);
  return byte == '\t' || (byte >= ' ' && byte != 0x7f);
}

// What Host may consist of: names, addresses, ports (RFC 3986 §3.2.2), without user information.
constexpr bool is_authority_character(char c) {
  return characters::kAuthority[static_cast<uint8_t>(c)];
}

}  // namespace patchbay::http
