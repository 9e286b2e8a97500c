// The transport phase: each frame is one AES-256-GCM ciphertext without associated data, with separate
// counters for reading and writing. Shard-local.
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
  Cipher(const Cipher&) = default;
  Cipher& operator=(const Cipher&) = default;

  Bytes encrypt(std::string_view plain);
  // Nothing when the tag does not fit: fatal for the connection, the counters are out of step.
  std::optional<Bytes> decrypt(std::string_view cipher);

 private:
  crypto::Key32 write_key_;
  crypto::Key32 read_key_;
  uint32_t written_ = 0;
  uint32_t read_ = 0;
};

}  // namespace patchbay::noise
