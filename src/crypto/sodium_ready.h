// libsodium wants sodium_init() before anything else; it is idempotent and thread-safe. Internal to crypto.
#pragma once

namespace patchbay::crypto {

// Throws std::runtime_error when the library cannot start (no randomness from the kernel).
void sodium_ready();

}  // namespace patchbay::crypto
