// The state that both ends of a handshake compute alike: the hash of what was said and the key that follows
// from it (Noise specification, revision 34, §5.2). Here the key is the protocol's name until the first
// mix_key(), as in WhatsApp's dialect; no message is encrypted under it. Wipes itself. Internal to the
// module. Shard-local.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "crypto/curve25519.h"
#include "noise/cipher.h"

namespace patchbay::noise {

class SymmetricState {
 public:
  explicit SymmetricState(std::string_view protocol_name);
  ~SymmetricState();
  SymmetricState(const SymmetricState&) = delete;
  SymmetricState& operator=(const SymmetricState&) = delete;

  void mix_hash(std::string_view data);
  // The Diffie-Hellman secret of the two keys goes into the key. False, and nothing is mixed, when the public
  // key is of small order.
  [[nodiscard]] bool mix_key(const crypto::Key32& private_key, const crypto::Key32& public_key);

  Bytes encrypt_and_hash(std::string_view plain);
  // Nothing when the tag does not fit; the state is then of no use any more.
  std::optional<Bytes> decrypt_and_hash(std::string_view sealed);

  // The transport's two keys; the initiator writes with the first.
  Cipher split(bool initiator) const;

 private:
  crypto::Key32 hash_;
  crypto::Key32 chaining_key_;
  crypto::Key32 key_;
  uint32_t counter_ = 0;  // of messages under key_
};

// 12 octets: eight zeros, then the counter, big-endian. Of the transport phase as well.
Bytes nonce_of(uint32_t counter);

}  // namespace patchbay::noise
