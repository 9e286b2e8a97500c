#include "crypto/xeddsa.h"

#include <cstdio>
#include <cstdlib>
#include <limits>

#include <sodium.h>

#include "crypto/octets.h"
#include "crypto/sodium_ready.h"

// As in <xeddsa.h> 2.0, which cannot be included: it includes a header that Debian's package lacks. Its own
// xeddsa_init() is sodium_init().
extern "C" {
void ed25519_priv_sign(uint8_t* signature, const uint8_t* private_key, const uint8_t* message,
                       uint32_t message_size, const uint8_t* nonce);
int ed25519_verify(const uint8_t* signature, const uint8_t* ed25519_public_key, const uint8_t* message,
                   uint32_t message_size);
void curve25519_pub_to_ed25519_pub(uint8_t* ed25519_public_key, const uint8_t* curve25519_public_key,
                                   bool set_sign_bit);
void priv_to_ed25519_pub(uint8_t* ed25519_public_key, const uint8_t* private_key);
}

namespace patchbay::crypto {
namespace {

constexpr uint8_t kSignBit = 0x80;
constexpr size_t kXeddsaNonceBytes = 64;
constexpr size_t kMaxMessageBytes = std::numeric_limits<uint32_t>::max();  // libxeddsa's

// Whether `key`, little-endian, is below 2^255 - 19.
bool is_canonical(const Key32& key) {
  if (key[31] != 0x7f) return key[31] < 0x7f;
  for (size_t i = 30; i >= 1; --i)
    if (key[i] != 0xff) return true;
  return key[0] < 0xed;
}

}  // namespace

Signature xeddsa_sign(const Key32& private_key, std::string_view message) {
  if (message.size() > kMaxMessageBytes) {
    std::fputs("xeddsa_sign: the message is longer than 4 GiB\n", stderr);
    std::abort();
  }
  sodium_ready();
  uint8_t nonce[kXeddsaNonceBytes];
  randombytes_buf(nonce, sizeof nonce);
  Signature signature;
  ed25519_priv_sign(signature.data(), private_key.data(), octets(message),
                    static_cast<uint32_t>(message.size()), nonce);
  sodium_memzero(nonce, sizeof nonce);
  // A plain Ed25519 signature so far. The verifier has the Montgomery key, which does not say which of the
  // two Edwards keys made it.
  Key32 edwards;
  priv_to_ed25519_pub(edwards.data(), private_key.data());
  signature[63] = static_cast<uint8_t>((signature[63] & ~kSignBit) | (edwards[31] & kSignBit));
  return signature;
}

bool xeddsa_verify(const Key32& public_key, std::string_view message, std::string_view signature) {
  if (signature.size() != sizeof(Signature) || message.size() > kMaxMessageBytes || !is_canonical(public_key))
    return false;
  sodium_ready();
  Signature plain;
  signature.copy(reinterpret_cast<char*>(plain.data()), plain.size());
  Key32 edwards;
  curve25519_pub_to_ed25519_pub(edwards.data(), public_key.data(), (plain[63] & kSignBit) != 0);
  plain[63] &= static_cast<uint8_t>(~kSignBit);
  // libsodium beneath: refuses s ≥ L, non-canonical and small-order R and keys. 0 is success.
  return ed25519_verify(plain.data(), edwards.data(), octets(message),
                        static_cast<uint32_t>(message.size())) == 0;
}

}  // namespace patchbay::crypto
