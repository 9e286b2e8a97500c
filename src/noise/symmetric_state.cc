#include "noise/symmetric_state.h"

#include <algorithm>

#include "crypto/aes.h"
#include "crypto/digest.h"
#include "crypto/kdf.h"
#include "crypto/wipe.h"

namespace patchbay::noise {
namespace {

using crypto::Key32;
using crypto::view;

constexpr size_t kKeyBytes = sizeof(Key32);

struct TwoKeys {
  Key32 first;
  Key32 second;
};

// HKDF of Noise §4.3 with two outputs.
TwoKeys derive(const Key32& chaining_key, std::string_view input) {
  Bytes keys = crypto::hkdf_sha256(input, view(chaining_key), {}, 2 * kKeyBytes);
  TwoKeys two;
  std::copy_n(keys.begin(), kKeyBytes, two.first.begin());
  std::copy_n(keys.begin() + kKeyBytes, kKeyBytes, two.second.begin());
  crypto::wipe(keys);
  return two;
}

void wipe(TwoKeys& two) {
  crypto::wipe(two.first);
  crypto::wipe(two.second);
}

}  // namespace

Bytes nonce_of(uint32_t counter) {
  Bytes nonce(crypto::kGcmNonceBytes, '\0');
  for (size_t i = 0; i < 4; ++i) nonce[8 + i] = static_cast<char>(counter >> (24 - 8 * i));
  return nonce;
}

SymmetricState::SymmetricState(std::string_view protocol_name) {
  // §5.2, InitializeSymmetric: a name that fits is padded with zeros, a longer one is hashed.
  Bytes name = protocol_name.size() <= kKeyBytes ? Bytes(protocol_name) : crypto::sha256(protocol_name);
  name.resize(kKeyBytes);
  std::ranges::copy(name, hash_.begin());
  chaining_key_ = hash_;
  key_ = hash_;
}

SymmetricState::~SymmetricState() {
  crypto::wipe(hash_);
  crypto::wipe(chaining_key_);
  crypto::wipe(key_);
}

void SymmetricState::mix_hash(std::string_view data) {
  Bytes both(view(hash_));
  both.append(data);
  std::ranges::copy(crypto::sha256(both), hash_.begin());
}

bool SymmetricState::mix_key(const Key32& private_key, const Key32& public_key) {
  std::optional<Key32> secret = crypto::diffie_hellman(private_key, public_key);
  if (!secret) return false;
  TwoKeys keys = derive(chaining_key_, view(*secret));
  crypto::wipe(*secret);
  chaining_key_ = keys.first;
  key_ = keys.second;
  counter_ = 0;
  wipe(keys);
  return true;
}

Bytes SymmetricState::encrypt_and_hash(std::string_view plain) {
  Bytes sealed = crypto::aes_256_gcm_seal(view(key_), nonce_of(counter_++), view(hash_), plain);
  mix_hash(sealed);
  return sealed;
}

std::optional<Bytes> SymmetricState::decrypt_and_hash(std::string_view sealed) {
  std::optional<Bytes> plain =
      crypto::aes_256_gcm_open(view(key_), nonce_of(counter_++), view(hash_), sealed);
  mix_hash(sealed);
  return plain;
}

Cipher SymmetricState::split(bool initiator) const {
  TwoKeys keys = derive(chaining_key_, {});
  Cipher cipher = initiator ? Cipher(keys.first, keys.second) : Cipher(keys.second, keys.first);
  wipe(keys);
  return cipher;
}

}  // namespace patchbay::noise
