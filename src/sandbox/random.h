// Where a sandbox gets its keys and ids from: the kernel's CSPRNG, or a seed, and then the same world comes
// out of the same requests every time. A seeded world is for tests: whoever knows the seed knows its keys.
// Shard-local.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "crypto/curve25519.h"

namespace patchbay::sandbox {

class Random {
 public:
  // `label` tells apart the streams of one seed.
  explicit Random(std::optional<uint64_t> seed = std::nullopt, std::string label = {})
      : seed_(seed), label_(std::move(label)) {}

  Bytes bytes(size_t count);
  // Uniform in [0, bound); `bound` is positive and small against 2^64.
  uint64_t below(uint64_t bound);
  crypto::Key32 key();
  crypto::KeyPair key_pair() { return crypto::key_pair_from_private(key()); }
  // `count` random octets in upper-case hexadecimal.
  std::string hex(size_t count);

 private:
  std::optional<uint64_t> seed_;
  std::string label_;
  uint64_t blocks_ = 0;
  Bytes spare_;
};

}  // namespace patchbay::sandbox
