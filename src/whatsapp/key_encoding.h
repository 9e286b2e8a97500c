// Internal to the module. How numbers and keys are written inside stanzas and signed texts
// (docs/protocol/whatsapp.md, "The client payload"). Pure functions; any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "crypto/curve25519.h"

namespace patchbay::whatsapp {

inline constexpr char kCurveKeyType = 5;

// The low `size` octets of `value`, at most 8.
inline Bytes big_endian(uint64_t value, size_t size) {
  Bytes out(size, '\0');
  for (size_t i = size; i-- > 0; value >>= 8) out[i] = static_cast<char>(value & 0xff);
  return out;
}

// Of at most 8 octets.
inline uint64_t read_big_endian(std::string_view bytes) {
  uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<uint8_t>(c);
  return value;
}

// 05 ‖ key: the form that is signed, 33 octets.
inline Bytes key_with_type(const crypto::Key32& key) {
  return Bytes(1, kCurveKeyType).append(crypto::view(key));
}

}  // namespace patchbay::whatsapp
