// Overwrites secrets that are no longer needed, in a way that no optimiser removes. Any thread.
#pragma once

#include "base/bytes.h"
#include "crypto/curve25519.h"

namespace patchbay::crypto {

void wipe(Key32& key);
// The private half; the public one stays.
void wipe(KeyPair& pair);
// All of the capacity, then empty.
void wipe(Bytes& bytes);

}  // namespace patchbay::crypto
