// XEdDSA: signatures with Curve25519 keys, as Signal and WhatsApp make them (the sign bit of the Edwards key
// travels in the top bit of the signature's last octet). By libxeddsa. Pure functions, but for the nonce's
// randomness; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "crypto/curve25519.h"

namespace patchbay::crypto {

using Signature = std::array<uint8_t, 64>;

inline std::string_view view(const Signature& signature) {
  return {reinterpret_cast<const char*>(signature.data()), signature.size()};
}

// `message` below 4 GiB.
Signature xeddsa_sign(const Key32& private_key, std::string_view message);
// False for anything but 64 octets that are this key's signature of this message. Refuses keys that are no
// canonical u-coordinate (≥ 2^255 - 19, XEdDSA §2.3) or of small order, and malleable forms of a signature.
bool xeddsa_verify(const Key32& public_key, std::string_view message, std::string_view signature);

}  // namespace patchbay::crypto
