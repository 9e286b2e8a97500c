// MessagePack as a sequence of tokens, over views: what stands next in a message, checked against its end.
// Builds nothing and allocates nothing; strings are not checked for UTF-8. Pure; any thread. Internal to
// msgpack.h. https://github.com/msgpack/msgpack/blob/master/spec.md
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "socketio/packet.h"

namespace patchbay::socketio::msgpack {

// 2^63 and 2^64: what a double must stay below to be an integer of 64 bits.
inline constexpr double kTwoTo63 = 9223372036854775808.0;
inline constexpr double kTwoTo64 = 18446744073709551616.0;

enum class Kind : uint8_t {
  kNil,
  kUndefined,  // npm's fixext 1 of type 0
  kFalse,
  kTrue,
  kUnsigned,
  kNegative,
  kFloat,
  kString,
  kBinary,     // also npm's ext 8, 16 and 32 of type 0
  kTimestamp,  // of type -1; or npm's fixext 8 of type 0: milliseconds, signed
  kExtension,
  kArray,
  kMap,
};

// One value, or the head of a container.
struct Token {
  Kind kind = Kind::kNil;
  uint64_t number = 0;  // of an integer (two's complement); elements or pairs of a container
  double real = 0;
  std::string_view bytes = {};  // of strings, binary values and extensions
  int8_t type = 0;              // of an extension
};

// Views the message it was given.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  bool at_end() const { return rest_.empty(); }
  // The next value; of a container its head, its elements (keys and values in turn) follow. On error `token`
  // is unspecified. No length or count passes that is larger than what is left could hold.
  DecodeStatus read(Token& token);
  // What was read was a container: goes past all that is in it.
  DecodeStatus skip_rest_of(const Token& token);

 private:
  bool take(size_t size, std::string_view& bytes) {
    if (size > rest_.size()) return false;
    bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }
  // Big-endian.
  bool take_unsigned(size_t size, uint64_t& value) {
    std::string_view bytes;
    if (!take(size, bytes)) return false;
    value = 0;
    for (const char byte : bytes) value = value << 8 | static_cast<uint8_t>(byte);
    return true;
  }
  DecodeStatus read_bytes(Token& token, Kind kind, size_t length_size);
  DecodeStatus read_container(Token& token, Kind kind, uint64_t count);
  DecodeStatus read_extension(Token& token, uint64_t length, bool fixed);
  DecodeStatus read_long(Token& token, uint8_t head);

  std::string_view rest_;
};

}  // namespace patchbay::socketio::msgpack
