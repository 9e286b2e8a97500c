// The way out of msgpack.h; the way in is msgpack.cc.
#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>

#include "socketio/json_scan.h"
#include "socketio/msgpack.h"
#include "socketio/msgpack_reader.h"

namespace patchbay::socketio {
namespace {

void append_big_endian(std::string& out, uint64_t value, size_t size) {
  for (size_t shift = 8 * size; shift > 0; shift -= 8) out += static_cast<char>(value >> (shift - 8));
}
void append_head(std::string& out, uint8_t head, uint64_t value, size_t size) {
  out += static_cast<char>(head);
  append_big_endian(out, value, size);
}
// The smallest of forms that take 1, 2, 4 (and 8) bytes for `value`; their heads follow each other.
void append_smallest(std::string& out, uint8_t head, uint64_t value) {
  if (value <= UINT8_MAX) return append_head(out, head, value, 1);
  if (value <= UINT16_MAX) return append_head(out, head + 1, value, 2);
  if (value <= UINT32_MAX) return append_head(out, head + 2, value, 4);
  append_head(out, head + 3, value, 8);
}

void append_unsigned(std::string& out, uint64_t value) {
  if (value < 0x80) return out.push_back(static_cast<char>(value));
  append_smallest(out, 0xcc, value);
}
void append_negative(std::string& out, int64_t value) {
  const auto bits = static_cast<uint64_t>(value);
  if (value >= -0x20) return out.push_back(static_cast<char>(value));
  if (value >= INT8_MIN) return append_head(out, 0xd0, bits, 1);
  if (value >= INT16_MIN) return append_head(out, 0xd1, bits, 2);
  if (value >= INT32_MIN) return append_head(out, 0xd2, bits, 4);
  append_head(out, 0xd3, bits, 8);
}
void append_string(std::string& out, std::string_view text) {
  if (text.size() < 0x20) {
    out += static_cast<char>(0xa0 | text.size());
  } else {
    append_smallest(out, 0xd9, text.size());
  }
  out += text;
}
void append_binary(std::string& out, std::string_view bytes) {
  append_smallest(out, 0xc4, bytes.size());
  out += bytes;
}
void append_container(std::string& out, bool is_map, uint64_t count) {
  if (count < 0x10) return out.push_back(static_cast<char>((is_map ? 0x80 : 0x90) | count));
  const uint8_t head = is_map ? 0xde : 0xdc;
  if (count <= UINT16_MAX) return append_head(out, head, count, 2);
  append_head(out, head + 1, count, 4);
}

// A number whose value fits no double: is it too small, not too large? By the place of its first digit.
bool is_tiny(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const size_t mantissa_end = std::min(text.find_first_of("eE"), text.size());
  int64_t exponent = 0;
  if (mantissa_end < text.size()) {
    std::string_view digits = text.substr(mantissa_end + 1);
    const bool negative = digits.starts_with('-');
    if (digits.starts_with('+') || negative) digits.remove_prefix(1);
    // Past this it no longer matters how far: no mantissa is that long.
    if (std::from_chars(digits.data(), digits.data() + digits.size(), exponent).ec != std::errc() ||
        exponent > INT64_MAX / 2)
      return negative;
    if (negative) exponent = -exponent;
  }
  const std::string_view mantissa = text.substr(0, mantissa_end);
  const auto point = static_cast<int64_t>(std::min(mantissa.find('.'), mantissa.size()));
  const size_t first = mantissa.find_first_of("123456789");
  if (first == std::string_view::npos) return true;
  return point - static_cast<int64_t>(first) + exponent < 0;
}

void append_number(std::string& out, std::string_view text) {
  const char* const end = text.data() + text.size();
  uint64_t positive = 0;
  int64_t negative = 0;
  if (const auto [behind, failed] = std::from_chars(text.data(), end, positive);
      behind == end && failed == std::errc())
    return append_unsigned(out, positive);
  if (const auto [behind, failed] = std::from_chars(text.data(), end, negative);
      behind == end && failed == std::errc() && negative < 0)
    return append_negative(out, negative);
  double real = 0;
  if (std::from_chars(text.data(), end, real).ec == std::errc::result_out_of_range)
    real = is_tiny(text) ? 0 : INFINITY;
  if (!std::isfinite(real)) return out.push_back('\xc0');
  // As JavaScript, which knows one kind of number.
  if (std::trunc(real) == real && real >= 0 && real < msgpack::kTwoTo64)
    return append_unsigned(out, static_cast<uint64_t>(real));
  if (std::trunc(real) == real && real < 0 && real >= -msgpack::kTwoTo63)
    return append_negative(out, static_cast<int64_t>(real));
  append_head(out, 0xcb, std::bit_cast<uint64_t>(real), 8);
}

// What must be known of an array or object before it is written.
struct Container {
  uint64_t count = 0;  // elements or members
  bool is_placeholder = false;
  bool has_index = false;
  uint64_t index = 0;  // of the attachment, in range when has_index
};

// The containers of `json`, in the order they begin.
std::vector<Container> survey(std::string_view json, size_t attachments) {
  std::vector<Container> containers;
  std::vector<size_t> open;
  std::string storage;
  std::string_view member;  // the name whose value comes next
  const auto note = [&](std::string_view value) {
    if (open.empty()) return;
    Container& parent = containers[open.back()];
    // An object's members are counted by their values, too.
    ++parent.count;
    if (attachments == 0) return;
    if (member == "_placeholder") {
      parent.is_placeholder = value == "true";
    } else if (member == "num") {
      const char* const end = value.data() + value.size();
      const auto [behind, failed] = std::from_chars(value.data(), end, parent.index);
      parent.has_index = behind == end && failed == std::errc() && parent.index < attachments;
    }
    member = {};
  };
  for (JsonTokens tokens(json); const auto token = tokens.next();) {
    switch (token->front()) {
      case '{':
      case '[':
        note(*token);
        open.push_back(containers.size());
        containers.emplace_back();
        break;
      case '}':
      case ']':
        if (!open.empty()) open.pop_back();
        break;
      default:
        if (!tokens.is_member_name()) {
          note(*token);
        } else if (attachments > 0) {
          member = decode_json_string(*token, storage).value_or(std::string_view());
        }
    }
  }
  return containers;
}

void append_data(std::string& out, std::string_view json, std::span<const Attachment> attachments) {
  const std::vector<Container> containers = survey(json, attachments.size());
  size_t next = 0;
  std::string storage;
  for (JsonTokens tokens(json); auto token = tokens.next();) {
    switch (token->front()) {
      case '{':
      case '[': {
        const Container& container = containers[next++];
        if (!container.is_placeholder || !container.has_index) {
          append_container(out, token->front() == '{', container.count);
          break;
        }
        const Attachment& attachment = attachments[container.index];
        append_binary(out, attachment ? std::string_view(*attachment) : std::string_view());
        for (size_t depth = 1; depth > 0 && (token = tokens.next());) {
          const char c = token->front();
          if (c == '{' || c == '[') {
            ++depth;
            ++next;
          } else if (c == '}' || c == ']') {
            --depth;
          }
        }
        break;
      }
      case '}':
      case ']':
        break;
      case '"':
        append_string(out, decode_json_string(*token, storage).value_or(std::string_view()));
        break;
      case 't':
        out += '\xc3';
        break;
      case 'f':
        out += '\xc2';
        break;
      case 'n':
        out += '\xc0';
        break;
      default:
        append_number(out, *token);
    }
  }
}

}  // namespace

std::string encode_msgpack_packet(const PacketView& packet, std::span<const Attachment> attachments) {
  PacketType type = packet.type;
  if (type == PacketType::kBinaryEvent) type = PacketType::kEvent;
  if (type == PacketType::kBinaryAck) type = PacketType::kAck;
  size_t size = 64 + packet.nsp.size() + packet.data.size();
  for (const Attachment& attachment : attachments) size += attachment ? attachment->size() : 0;
  std::string out;
  out.reserve(size);
  append_container(out, true, 2 + size_t{!packet.data.empty()} + size_t{packet.id.has_value()});
  append_string(out, "type");
  append_unsigned(out, static_cast<uint64_t>(type));
  if (!packet.data.empty()) {
    append_string(out, "data");
    append_data(out, packet.data, attachments);
  }
  if (packet.id) {
    append_string(out, "id");
    append_unsigned(out, *packet.id);
  }
  append_string(out, "nsp");
  append_string(out, packet.nsp);
  return out;
}

}  // namespace patchbay::socketio
