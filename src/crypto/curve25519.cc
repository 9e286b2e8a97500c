#include "crypto/curve25519.h"

#include <cstring>
#include <utility>

#include <sodium.h>

#include "crypto/sodium_ready.h"

namespace patchbay::crypto {
namespace {

static_assert(crypto_scalarmult_curve25519_BYTES == sizeof(Key32) &&
              crypto_scalarmult_curve25519_SCALARBYTES == sizeof(Key32));

// RFC 7748 §5, decodeScalar25519.
void clamp(Key32& key) {
  key[0] &= 0xf8;
  key[31] &= 0x7f;
  key[31] |= 0x40;
}

void derive_public(KeyPair& pair) {
  clamp(pair.private_key);
  crypto_scalarmult_curve25519_base(pair.public_key.data(), pair.private_key.data());
}

}  // namespace

std::optional<Key32> to_key(std::string_view bytes) {
  Key32 key;
  if (bytes.size() != key.size()) return std::nullopt;
  std::memcpy(key.data(), bytes.data(), key.size());
  return key;
}

KeyPair make_key_pair() {
  sodium_ready();
  KeyPair pair;
  randombytes_buf(pair.private_key.data(), pair.private_key.size());
  derive_public(pair);
  return pair;
}

KeyPair key_pair_from_private(const Key32& private_key) {
  sodium_ready();
  KeyPair pair{.private_key = private_key};
  derive_public(pair);
  return pair;
}

std::optional<Key32> diffie_hellman(const Key32& private_key, const Key32& public_key) {
  sodium_ready();
  // In place: no copy of the secret stays on the stack.
  std::optional<Key32> shared(std::in_place);
  // Refuses points of small order, in whatever encoding, and an all-zero result.
  if (crypto_scalarmult_curve25519(shared->data(), private_key.data(), public_key.data()) != 0)
    shared.reset();
  return shared;
}

}  // namespace patchbay::crypto
