// Curve25519: key pairs and Diffie-Hellman (RFC 7748). Private keys are secrets: nothing here prints them.
// Pure functions, but for the randomness of make_key_pair(); any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace patchbay::crypto {

using Key32 = std::array<uint8_t, 32>;

inline std::string_view view(const Key32& key) {
  return {reinterpret_cast<const char*>(key.data()), key.size()};
}
// Nothing unless `bytes` are 32 octets.
std::optional<Key32> to_key(std::string_view bytes);

struct KeyPair {
  Key32 private_key{};  // clamped; a secret
  Key32 public_key{};   // Montgomery form
};

// From the kernel's CSPRNG.
KeyPair make_key_pair();
// The pair that belongs to 32 octets of private key; they are clamped.
KeyPair key_pair_from_private(const Key32& private_key);

// Nothing when the result is all zero: the other side sent a point of small order (RFC 7748 §6.1).
std::optional<Key32> diffie_hellman(const Key32& private_key, const Key32& public_key);

}  // namespace patchbay::crypto
