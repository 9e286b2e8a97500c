#include "crypto/sodium_ready.h"

#include <stdexcept>

#include <sodium.h>

namespace patchbay::crypto {

void sodium_ready() {
  static const bool ready = sodium_init() >= 0;
  if (!ready) throw std::runtime_error("libsodium cannot start");
}

}  // namespace patchbay::crypto
