// Internal to the module. Where cores take their randomness from: the kernel's CSPRNG (base/ids.h) but in
// tests.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "base/bytes.h"

namespace patchbay::whatsapp {

using Randomness = std::function<void(std::span<uint8_t>)>;

inline Bytes random_octets(const Randomness& random, size_t size) {
  Bytes out(size, '\0');
  random({reinterpret_cast<uint8_t*>(out.data()), out.size()});
  return out;
}

}  // namespace patchbay::whatsapp
