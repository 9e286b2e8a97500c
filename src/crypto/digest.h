// Digests and HMAC-SHA-256 over bytes in memory, by OpenSSL. SHA-1 and MD5 are broken as signatures are
// concerned; they are here for protocols that compute identifiers with them. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"

namespace patchbay::crypto {

// 32 octets.
Bytes sha256(std::string_view data);
// 64 lowercase hexadecimal digits.
std::string sha256_hex(std::string_view data);
Bytes sha512(std::string_view data);  // 64 octets
Bytes sha1(std::string_view data);    // 20 octets
Bytes md5(std::string_view data);     // 16 octets
// 32 octets. Compare with equals_constant_time().
Bytes hmac_sha256(std::string_view key, std::string_view data);

}  // namespace patchbay::crypto
