// The transport phase: each frame is one AES-256-GCM ciphertext without associated data, with separate
// counters for reading and writing. A counter has 32 bits and is never used twice: after 2^32 frames in one
// direction the connection has to be made anew. Moves, so that no second writer with the same counter exists.
// Shard-local.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "crypto/curve25519.h"

namespace patchbay::noise {

class Cipher {
 public:
  Cipher(const crypto::Key32& write_key, const crypto::Key32& read_key)
      : write_key_(write_key), read_key_(read_key) {}
  ~Cipher();  // wipes the keys
  // What was moved from neither encrypts nor decrypts any more.
  Cipher(Cipher&& other) noexcept;
  Cipher& operator=(Cipher&& other) noexcept;

  // At least a tag (16 octets). Empty only when the counter is used up: to be closed, nothing may be sent.
  Bytes encrypt(std::string_view plain);
  // Nothing when the tag does not fit, or the counter is used up: fatal for the connection, the counters are
  // out of step.
  std::optional<Bytes> decrypt(std::string_view cipher);

 private:
  friend class CipherTestPeer;

  void take(Cipher& other);

  crypto::Key32 write_key_;
  crypto::Key32 read_key_;
  uint64_t written_ = 0;  // frames; the next one's counter while below 2^32
  uint64_t read_ = 0;
};

}  // namespace patchbay::noise
