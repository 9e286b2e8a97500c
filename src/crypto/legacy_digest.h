// SHA-1 and MD5, by OpenSSL: for protocols that still use them as checksums. Neither is fit for signatures,
// passwords or anything else that has to withstand an attacker. Pure functions; any thread.
#pragma once

#include <string_view>

#include "base/bytes.h"

namespace patchbay::crypto {

Bytes sha1(std::string_view data);  // 20 octets
Bytes md5(std::string_view data);   // 16 octets

}  // namespace patchbay::crypto
