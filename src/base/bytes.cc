#include "base/bytes.h"

#include <array>
#include <cstring>

namespace patchbay {
namespace {

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase64Url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::array<int16_t, 256> reverse_table(std::string_view alphabet) {
  std::array<int16_t, 256> table{};
  for (auto& entry : table) entry = -1;
  for (size_t i = 0; i < alphabet.size(); ++i)
    table[static_cast<uint8_t>(alphabet[i])] = static_cast<int16_t>(i);
  return table;
}

constexpr auto kBase64Reverse = reverse_table(kBase64);
constexpr auto kBase64UrlReverse = reverse_table(kBase64Url);

void encode64(std::string& out, std::string_view bytes, std::string_view alphabet, bool pad) {
  const size_t start = out.size();
  const size_t rest = bytes.size() % 3;
  out.resize(start + (bytes.size() + 2) / 3 * 4);
  char* to = out.data() + start;
  const char* const digits = alphabet.data();
  size_t i = 0;
  const auto at = [&](size_t index) { return static_cast<uint32_t>(static_cast<uint8_t>(bytes[index])); };
  for (; i + 3 <= bytes.size(); i += 3) {
    const uint32_t v = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    *to++ = digits[v >> 18];
    *to++ = digits[v >> 12 & 63];
    *to++ = digits[v >> 6 & 63];
    *to++ = digits[v & 63];
  }
  if (rest == 0) return;
  const uint32_t v = at(i) << 16 | (rest == 2 ? at(i + 1) << 8 : 0);
  to[0] = digits[v >> 18];
  to[1] = digits[v >> 12 & 63];
  to[2] = rest == 2 ? digits[v >> 6 & 63] : '=';
  to[3] = '=';
  if (!pad) out.resize(out.size() - (3 - rest));
}

// On failure `out` is as it was.
bool decode64(Bytes& out, std::string_view text, const std::array<int16_t, 256>& table) {
  size_t padding = 0;
  while (padding < 2 && !text.empty() && text.back() == '=') {
    text.remove_suffix(1);
    ++padding;
  }
  if (padding > 0 && (text.size() + padding) % 4 != 0) return false;
  const size_t rest = text.size() % 4;
  if (rest == 1) return false;
  const size_t start = out.size();
  out.resize(start + text.size() / 4 * 3 + (rest == 0 ? 0 : rest - 1));
  char* to = out.data() + start;
  // Negative once any character was not of the alphabet.
  int32_t all = 0;
  const auto at = [&](size_t index) {
    const int32_t digit = table[static_cast<uint8_t>(text[index])];
    all |= digit;
    return static_cast<uint32_t>(digit);
  };
  size_t i = 0;
  for (; i + 4 <= text.size(); i += 4) {
    const uint32_t v = at(i) << 18 | at(i + 1) << 12 | at(i + 2) << 6 | at(i + 3);
    *to++ = static_cast<char>(v >> 16);
    *to++ = static_cast<char>(v >> 8);
    *to++ = static_cast<char>(v);
  }
  if (rest > 0) {
    const uint32_t v = at(i) << 18 | at(i + 1) << 12 | (rest == 3 ? at(i + 2) << 6 : 0);
    *to++ = static_cast<char>(v >> 16);
    if (rest == 3) *to++ = static_cast<char>(v >> 8);
  }
  if (all < 0) out.resize(start);
  return all >= 0;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char ascii_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

}  // namespace

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    out += digits[static_cast<uint8_t>(c) >> 4];
    out += digits[static_cast<uint8_t>(c) & 15];
  }
  return out;
}

std::optional<Bytes> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  Bytes out;
  out.reserve(text.size() / 2);
  for (size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_digit(text[i]);
    const int low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high << 4 | low);
  }
  return out;
}

void append_base64(std::string& out, std::string_view bytes) {
  encode64(out, bytes, kBase64, true);
}
bool append_base64_decoded(Bytes& out, std::string_view text) {
  return decode64(out, text, kBase64Reverse);
}

std::string base64_encode(std::string_view bytes) {
  std::string out;
  encode64(out, bytes, kBase64, true);
  return out;
}
std::optional<Bytes> base64_decode(std::string_view text) {
  Bytes out;
  if (!decode64(out, text, kBase64Reverse)) return std::nullopt;
  return out;
}
std::string base64url_encode(std::string_view bytes) {
  std::string out;
  encode64(out, bytes, kBase64Url, false);
  return out;
}
std::optional<Bytes> base64url_decode(std::string_view text) {
  Bytes out;
  if (!decode64(out, text, kBase64UrlReverse)) return std::nullopt;
  return out;
}

bool is_valid_utf8(std::string_view text) {
  const auto* p = reinterpret_cast<const uint8_t*>(text.data());
  const auto* const end = p + text.size();
  while (p < end) {
    // Eight ASCII bytes at a time: what nearly all of our text is.
    while (end - p >= 8) {
      uint64_t word;
      std::memcpy(&word, p, 8);
      if (word & 0x8080808080808080ull) break;
      p += 8;
    }
    if (p == end) break;
    const uint8_t lead = *p;
    if (lead < 0x80) {
      ++p;
      continue;
    }
    int more;
    uint8_t low = 0x80, high = 0xbf;
    if (lead >= 0xc2 && lead <= 0xdf) {
      more = 1;
    } else if (lead >= 0xe0 && lead <= 0xef) {
      more = 2;
      if (lead == 0xe0) low = 0xa0;
      if (lead == 0xed) high = 0x9f;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
      more = 3;
      if (lead == 0xf0) low = 0x90;
      if (lead == 0xf4) high = 0x8f;
    } else {
      return false;
    }
    if (end - p <= more) return false;
    if (p[1] < low || p[1] > high) return false;
    for (int i = 2; i <= more; ++i)
      if ((p[i] & 0xc0) != 0x80) return false;
    p += more + 1;
  }
  return true;
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high << 4 | low);
      i += 2;
    }
  }
  return out;
}

bool equals_ignore_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (ascii_lower(a[i]) != ascii_lower(b[i])) return false;
  return true;
}

bool equals_constant_time(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (size_t i = 0; i < a.size(); ++i) difference |= static_cast<unsigned>(a[i] ^ b[i]);
  return difference == 0;
}

}  // namespace patchbay
