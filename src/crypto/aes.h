// AES-256 in the modes that WhatsApp uses, by OpenSSL. Keys are 32 octets, nonces of GCM 12, IVs 16; another
// size, or more than kMaxAesBytes to encrypt, is a defect of the caller and ends the process. What is to be
// opened may be anything. Pure functions; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/bytes.h"

namespace patchbay::crypto {

inline constexpr size_t kAesKeyBytes = 32;
inline constexpr size_t kGcmNonceBytes = 12;
inline constexpr size_t kGcmTagBytes = 16;
inline constexpr size_t kAesBlockBytes = 16;
inline constexpr size_t kMaxAesBytes = size_t{1} << 30;  // of plaintext, and of associated data

// Ciphertext with the 16-octet tag behind it.
Bytes aes_256_gcm_seal(std::string_view key, std::string_view nonce, std::string_view associated,
                       std::string_view plain);
// Nothing when the tag does not fit; what fits is exactly what was sealed.
std::optional<Bytes> aes_256_gcm_open(std::string_view key, std::string_view nonce,
                                      std::string_view associated, std::string_view sealed);

// CBC with PKCS#7 padding; opening gives nothing when the padding or the length is wrong.
Bytes aes_256_cbc_encrypt(std::string_view key, std::string_view iv, std::string_view plain);
std::optional<Bytes> aes_256_cbc_decrypt(std::string_view key, std::string_view iv, std::string_view cipher);

// Encrypts and decrypts alike.
Bytes aes_256_ctr(std::string_view key, std::string_view iv, std::string_view bytes);

}  // namespace patchbay::crypto
