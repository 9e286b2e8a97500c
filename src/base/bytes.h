// Small conversions between bytes and text. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace patchbay {

using Bytes = std::string;  // raw octets; the type says nothing about an encoding

std::string to_hex(std::string_view bytes);
// Nothing unless `text` is an even number of hexadecimal digits.
std::optional<Bytes> from_hex(std::string_view text);

// RFC 4648 §4, with padding.
std::string base64_encode(std::string_view bytes);
// Strict: standard alphabet, correct length and padding (padding may be absent altogether); nothing
// otherwise.
std::optional<Bytes> base64_decode(std::string_view text);
// The same, behind what `out` holds already. Decoding says false, and `out` is as it was, when it fails.
void append_base64(std::string& out, std::string_view bytes);
bool append_base64_decoded(Bytes& out, std::string_view text);
// RFC 4648 §5, without padding.
std::string base64url_encode(std::string_view bytes);
std::optional<Bytes> base64url_decode(std::string_view text);

// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_valid_utf8(std::string_view text);

// Percent-decoding of one component of a URL (RFC 3986 §2.1); '+' is a space when `plus_is_space`.
// Nothing on a malformed escape.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);

// ASCII only, as HTTP header names need.
bool equals_ignore_case(std::string_view a, std::string_view b);

// Compares in time that depends on the lengths only.
bool equals_constant_time(std::string_view a, std::string_view b);

}  // namespace patchbay
