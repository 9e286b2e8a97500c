// Keys from secrets: HKDF-SHA-256 (RFC 5869) and PBKDF2-HMAC-SHA-256 (RFC 8018 §5.2), by OpenSSL. A length or
// a count out of bounds is a defect of the caller and ends the process. Pure functions; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace patchbay::crypto {

// `length` at most 8,160. An empty salt is 32 zero octets, as the RFC says.
Bytes hkdf_sha256(std::string_view input, std::string_view salt, std::string_view info, size_t length);

// At least one iteration and one octet. Slow on purpose: tens of milliseconds at 131,072 iterations.
Bytes pbkdf2_sha256(std::string_view password, std::string_view salt, uint32_t iterations, size_t length);

}  // namespace patchbay::crypto
