#include "engineio/payload3.h"

#include <optional>

#include "base/bytes.h"

namespace patchbay::engineio {
namespace {

constexpr char kLengthEnd = ':';
constexpr char kTextMark = '\x00';
constexpr char kBinaryMark = '\x01';
constexpr char kOctetLengthEnd = '\xff';
// No body is larger than what ten digits say.
constexpr size_t kMaxDigits = 10;

constexpr std::string_view kBadLength =
    "bad length in the polling body: it must be digits without a leading zero, and the packet must be whole";
constexpr std::string_view kBadBase64 = "bad base64 in a binary packet of the polling body";

// How many bytes of valid UTF-8 `units` UTF-16 units take; nothing when there are fewer or the end would cut
// a character in two.
std::optional<size_t> bytes_of_units(std::string_view text, uint64_t units) {
  size_t at = 0;
  while (units > 0) {
    if (at >= text.size()) return std::nullopt;
    const auto lead = static_cast<uint8_t>(text[at]);
    const unsigned width = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    const unsigned cost = width == 4 ? 2 : 1;
    if (cost > units) return std::nullopt;
    units -= cost;
    at += width;
  }
  return at;
}

// Takes a length off the front: 1 to 10 digits, `zero` standing for 0, then `end`. Nothing is zero bytes
// long.
std::optional<uint64_t> take_length(std::string_view& body, char zero, char end) {
  uint64_t length = 0;
  for (size_t i = 0; i < body.size() && i <= kMaxDigits; ++i) {
    if (body[i] == end) {
      if (i == 0) return std::nullopt;
      body.remove_prefix(i + 1);
      return length;
    }
    const auto digit = static_cast<uint8_t>(body[i] - zero);
    if (digit > 9 || (i == 0 && digit == 0)) return std::nullopt;
    length = length * 10 + digit;
  }
  return std::nullopt;
}

DecodeStatus decode_text(std::string_view body, detail::PacketVisitor visit, void* context) {
  if (!is_valid_utf8(body)) return DecodeStatus::error("the polling body is not UTF-8");
  Bytes decoded;
  while (!body.empty()) {
    const auto length = take_length(body, '0', kLengthEnd);
    const auto size = length ? bytes_of_units(body, *length) : std::nullopt;
    if (!size) return DecodeStatus::error(kBadLength);
    const std::string_view text = body.substr(0, *size);
    body.remove_prefix(*size);
    if (text.front() == kBinaryPrefix) {
      decoded.clear();
      if (!text.starts_with("b4") || !append_base64_decoded(decoded, text.substr(2)))
        return DecodeStatus::error(kBadBase64);
      if (!visit(context, {.data = decoded, .binary = true})) return {};
      continue;
    }
    const auto packet = decode_packet(text);
    if (!packet) return DecodeStatus::error(kInvalidPacket);
    if (!visit(context, *packet)) return {};
  }
  return {};
}

DecodeStatus decode_octets(std::string_view body, detail::PacketVisitor visit, void* context) {
  while (!body.empty()) {
    const char mark = body.front();
    if (mark != kTextMark && mark != kBinaryMark)
      return DecodeStatus::error("a packet of a binary polling body must begin with 0x00 or 0x01");
    body.remove_prefix(1);
    const auto length = take_length(body, '\0', kOctetLengthEnd);
    if (!length || *length > body.size()) return DecodeStatus::error(kBadLength);
    const std::string_view bytes = body.substr(0, *length);
    body.remove_prefix(*length);
    if (mark == kBinaryMark) {
      if (bytes.front() != kBinaryMessage3)
        return DecodeStatus::error("a binary packet must be a message: its first octet must be 0x04");
      if (!visit(context, {.data = bytes.substr(1), .binary = true})) return {};
      continue;
    }
    if (!is_valid_utf8(bytes)) return DecodeStatus::error("a text packet of the polling body is not UTF-8");
    const auto packet = decode_packet(bytes);
    if (!packet) return DecodeStatus::error(kInvalidPacket);
    if (!visit(context, *packet)) return {};
  }
  return {};
}

void append_octet_length(std::string& out, size_t length) {
  for (const char digit : std::to_string(length)) out += static_cast<char>(digit - '0');
  out += kOctetLengthEnd;
}

}  // namespace

namespace detail {

DecodeStatus decode_payload3(std::string_view body, BodyKind kind, const PayloadLimits& limits,
                             PacketVisitor visit, void* context) {
  if (body.size() > limits.max_payload)
    return DecodeStatus::error("the polling body is larger than maxPayload");
  if (body.empty()) return DecodeStatus::error("the polling body is empty: at least one packet is needed");
  return kind == BodyKind::kText ? decode_text(body, visit, context) : decode_octets(body, visit, context);
}

}  // namespace detail

size_t utf16_length(std::string_view text) {
  size_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    // Every character has one byte that does not continue another; those of four bytes are a surrogate pair.
    units += (byte & 0xc0) != 0x80 ? 1 : 0;
    units += byte >= 0xf0 ? 1 : 0;
  }
  return units;
}

void append_to_payload3(std::string& payload, const Packet& packet, BodyKind kind) {
  if (kind == BodyKind::kOctets) {
    payload += packet.binary ? kBinaryMark : kTextMark;
    append_octet_length(payload, packet.data.size() + 1);
    payload += packet.binary ? kBinaryMessage3 : to_char(packet.type);
    payload += packet.data;
  } else if (packet.binary) {
    payload += std::to_string(2 + (packet.data.size() + 2) / 3 * 4);
    payload += ":b4";
    append_base64(payload, packet.data);
  } else {
    payload += std::to_string(1 + utf16_length(packet.data));
    payload += kLengthEnd;
    append_packet(payload, packet.type, packet.data);
  }
}

size_t encoded_size_bound3(const Packet& packet) {
  constexpr size_t kMostOfHeader = 1 + kMaxDigits + 1 + 2;
  return kMostOfHeader + (packet.binary ? (packet.data.size() + 2) / 3 * 4 : packet.data.size());
}

}  // namespace patchbay::engineio
