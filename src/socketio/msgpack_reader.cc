#include "socketio/msgpack_reader.h"

#include <bit>

namespace patchbay::socketio::msgpack {
namespace {

constexpr DecodeStatus kTruncated = DecodeStatus::error("the msgpack message ends in the middle of a value");

}  // namespace

DecodeStatus Reader::read(Token& token) {
  token = {};
  if (rest_.empty()) return kTruncated;
  const auto head = static_cast<uint8_t>(rest_.front());
  rest_.remove_prefix(1);
  if (head < 0x80) {
    token.kind = Kind::kUnsigned;
    token.number = head;
    return {};
  }
  if (head < 0x90) return read_container(token, Kind::kMap, head & 0x0f);
  if (head < 0xa0) return read_container(token, Kind::kArray, head & 0x0f);
  if (head < 0xc0) {
    token.kind = Kind::kString;
    return take(head & 0x1f, token.bytes) ? DecodeStatus() : kTruncated;
  }
  if (head >= 0xe0) {
    token.kind = Kind::kNegative;
    token.number = 0xffff'ffff'ffff'ff00u | head;  // with its sign
    return {};
  }
  return read_long(token, head);
}

// 0xc0 to 0xdf.
DecodeStatus Reader::read_long(Token& token, uint8_t head) {
  uint64_t value = 0;
  switch (head) {
    case 0xc0:
      return {};
    case 0xc1:
      return DecodeStatus::error("the msgpack message has the byte 0xc1, which begins no value");
    case 0xc2:
    case 0xc3:
      token.kind = head == 0xc3 ? Kind::kTrue : Kind::kFalse;
      return {};
    case 0xc4:
    case 0xc5:
    case 0xc6:
      return read_bytes(token, Kind::kBinary, size_t{1} << (head - 0xc4));
    case 0xc7:
    case 0xc8:
    case 0xc9:
      if (!take_unsigned(size_t{1} << (head - 0xc7), value)) return kTruncated;
      return read_extension(token, value, false);
    case 0xca:
      if (!take_unsigned(4, value)) return kTruncated;
      token.kind = Kind::kFloat;
      token.real = std::bit_cast<float>(static_cast<uint32_t>(value));
      return {};
    case 0xcb:
      if (!take_unsigned(8, value)) return kTruncated;
      token.kind = Kind::kFloat;
      token.real = std::bit_cast<double>(value);
      return {};
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf:
      token.kind = Kind::kUnsigned;
      return take_unsigned(size_t{1} << (head - 0xcc), token.number) ? DecodeStatus() : kTruncated;
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3: {
      const size_t size = size_t{1} << (head - 0xd0);
      if (!take_unsigned(size, value)) return kTruncated;
      const size_t unused = 64 - 8 * size;
      const int64_t number = static_cast<int64_t>(value << unused) >> unused;
      token.kind = number < 0 ? Kind::kNegative : Kind::kUnsigned;
      token.number = static_cast<uint64_t>(number);
      return {};
    }
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8:
      return read_extension(token, uint64_t{1} << (head - 0xd4), true);
    case 0xd9:
    case 0xda:
    case 0xdb:
      return read_bytes(token, Kind::kString, size_t{1} << (head - 0xd9));
    default:  // 0xdc to 0xdf
      if (!take_unsigned(head % 2 == 0 ? 2 : 4, value)) return kTruncated;
      return read_container(token, head < 0xde ? Kind::kArray : Kind::kMap, value);
  }
}

DecodeStatus Reader::read_bytes(Token& token, Kind kind, size_t length_size) {
  token.kind = kind;
  uint64_t length = 0;
  return take_unsigned(length_size, length) && take(length, token.bytes) ? DecodeStatus() : kTruncated;
}

// Every element takes a byte at least: a count that cannot be met is refused at once.
DecodeStatus Reader::read_container(Token& token, Kind kind, uint64_t count) {
  token.kind = kind;
  token.number = count;
  return count * (kind == Kind::kMap ? 2 : 1) <= rest_.size() ? DecodeStatus() : kTruncated;
}

// The meanings of type 0 depend on the form: they are npm's own, older than those of the specification.
DecodeStatus Reader::read_extension(Token& token, uint64_t length, bool fixed) {
  uint64_t type = 0;
  if (!take_unsigned(1, type) || !take(length, token.bytes)) return kTruncated;
  token.type = static_cast<int8_t>(type);
  token.kind = Kind::kExtension;
  if (token.type == -1 && (length == 4 || length == 8 || length == 12)) token.kind = Kind::kTimestamp;
  if (token.type == 0) {
    if (!fixed) token.kind = Kind::kBinary;
    if (fixed && length == 1) token.kind = Kind::kUndefined;
    if (fixed && length == 8) token.kind = Kind::kTimestamp;
  }
  return {};
}

DecodeStatus Reader::skip_rest_of(const Token& token) {
  // No overflow: every token read takes a byte, and adds no more than there are bytes left.
  uint64_t due = 0;
  const auto count = [&](const Token& read) {
    if (read.kind == Kind::kArray) due += read.number;
    if (read.kind == Kind::kMap) due += 2 * read.number;
  };
  count(token);
  for (Token next; due > 0; --due) {
    if (const auto status = read(next); !status) return status;
    count(next);
  }
  return {};
}

}  // namespace patchbay::socketio::msgpack
