#include "crypto/kdf.h"

#include <algorithm>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <new>

#include <openssl/evp.h>

#include "crypto/digest.h"
#include "crypto/octets.h"
#include "crypto/wipe.h"

namespace patchbay::crypto {
namespace {

constexpr size_t kHashBytes = 32;
constexpr size_t kMaxHkdfBytes = 255 * kHashBytes;

}  // namespace

Bytes hkdf_sha256(std::string_view input, std::string_view salt, std::string_view info, size_t length) {
  require(length <= kMaxHkdfBytes, "HKDF gives at most 8160 octets");
  // RFC 5869 §2.2; HMAC pads an empty key to the zeros that the RFC wants.
  Bytes key = hmac_sha256(salt, input);
  // §2.3: T(i) = HMAC(key, T(i-1) ‖ info ‖ i).
  Bytes out;
  out.reserve(length);
  Bytes block;
  Bytes material;
  material.reserve(kHashBytes + info.size() + 1);
  for (unsigned char i = 1; out.size() < length; ++i) {
    material.assign(block).append(info).push_back(static_cast<char>(i));
    wipe(block);
    block = hmac_sha256(key, material);
    out.append(block, 0, std::min(kHashBytes, length - out.size()));
  }
  wipe(key);
  wipe(block);
  wipe(material);
  return out;
}

Bytes pbkdf2_sha256(std::string_view password, std::string_view salt, uint32_t iterations, size_t length) {
  require(iterations > 0 && iterations <= INT_MAX && length > 0 && length <= INT_MAX &&
              password.size() <= INT_MAX && salt.size() <= INT_MAX,
          "PBKDF2 wants 1 to 2^31 - 1 iterations and octets");
  Bytes out(length, '\0');
  // A null pointer would be refused even for an empty password or salt.
  const char* const password_octets = password.empty() ? "" : password.data();
  const char* const salt_octets = salt.empty() ? "" : salt.data();
  // Fails only when memory does.
  if (PKCS5_PBKDF2_HMAC(password_octets, static_cast<int>(password.size()),
                        reinterpret_cast<const unsigned char*>(salt_octets), static_cast<int>(salt.size()),
                        static_cast<int>(iterations), EVP_sha256(), static_cast<int>(length),
                        reinterpret_cast<unsigned char*>(out.data())) != 1)
    throw std::bad_alloc();
  return out;
}

}  // namespace patchbay::crypto
