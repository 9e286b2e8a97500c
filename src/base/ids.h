// Identifiers and randomness, all from the kernel's CSPRNG. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/clock.h"

namespace patchbay {

// Fills `out` from getrandom(2) through a small per-thread buffer; never fails, never blocks after boot.
void random_bytes(std::span<uint8_t> out);
uint64_t random_u64();
// Uniform in [0, 1): for jitter.
double random_unit();

// `length` characters of the URL-safe base64 alphabet, six random bits each.
std::string random_id(size_t length);
// `bytes` random octets as lowercase hexadecimal.
std::string random_hex(size_t bytes);

// 25 characters, 'c' first, lowercase letters and digits, like the ids of the seed's database:
// milliseconds, then a counter, then randomness.
std::string make_cuid(WallTime now);
// The form that make_cuid makes: 25 alphanumerics.
bool looks_like_cuid(std::string_view text);

}  // namespace patchbay
