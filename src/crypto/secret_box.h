// Values encrypted at rest under the master key: XChaCha20-Poly1305 (libsodium), a fresh random nonce each,
// bound to a context so that a value cannot be moved to another row. Immutable; thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace patchbay::crypto {

class SecretBox {
 public:
  static constexpr size_t kKeyBytes = 32;

  // The key as text: 64 hexadecimal digits, or base64 of 32 octets. kConfiguration for anything else; the
  // text of the error does not quote it.
  static Result<SecretBox> from_text(std::string_view key_text);
  static SecretBox from_key(const std::array<uint8_t, kKeyBytes>& key);
  SecretBox(const SecretBox&) = default;
  SecretBox& operator=(const SecretBox&) = default;
  ~SecretBox();  // wipes its copy of the key

  // One octet of version, 24 of nonce, the encrypted value, 16 of authentication.
  Bytes seal(std::string_view value, std::string_view context) const;
  // kDatabase: damaged, moved from another context, or sealed under another key.
  Result<Bytes> open(std::string_view sealed, std::string_view context) const;

 private:
  SecretBox() = default;
  std::array<uint8_t, kKeyBytes> key_{};
};

}  // namespace patchbay::crypto
