// SHA-256 and HMAC-SHA-256 over bytes in memory, by OpenSSL. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"

namespace patchbay::crypto {

// 32 octets.
Bytes sha256(std::string_view data);
// 64 lowercase hexadecimal digits.
std::string sha256_hex(std::string_view data);
// 32 octets. Compare with equals_constant_time().
Bytes hmac_sha256(std::string_view key, std::string_view data);

}  // namespace patchbay::crypto
