#include "crypto/wipe.h"

#include <openssl/crypto.h>

namespace patchbay::crypto {

void wipe(Key32& key) {
  OPENSSL_cleanse(key.data(), key.size());
}

void wipe(KeyPair& pair) {
  wipe(pair.private_key);
}

void wipe(Bytes& bytes) {
  bytes.resize(bytes.capacity());
  OPENSSL_cleanse(bytes.data(), bytes.size());
  bytes.clear();
}

}  // namespace patchbay::crypto
