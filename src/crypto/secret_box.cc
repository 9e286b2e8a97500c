#include "crypto/secret_box.h"

#include <cstring>
#include <optional>

#include <sodium.h>

#include "crypto/octets.h"
#include "crypto/sodium_ready.h"

namespace patchbay::crypto {
namespace {

constexpr char kVersion = 1;
constexpr size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
static_assert(SecretBox::kKeyBytes == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);

}  // namespace

Result<SecretBox> SecretBox::from_text(std::string_view key_text) {
  sodium_ready();
  std::optional<Bytes> key;
  if (key_text.size() == 2 * kKeyBytes) key = from_hex(key_text);
  if (!key) key = base64_decode(key_text);
  if (!key || key->size() != kKeyBytes)
    return fail(ErrorCode::kConfiguration,
                "The master key must be 32 bytes, written as 64 hexadecimal digits or as base64; it is " +
                    std::to_string(key_text.size()) +
                    " characters of something else. `openssl rand -hex 32` makes one.");
  SecretBox box;
  std::memcpy(box.key_.data(), key->data(), kKeyBytes);
  sodium_memzero(key->data(), key->size());
  return box;
}

SecretBox SecretBox::from_key(const std::array<uint8_t, kKeyBytes>& key) {
  sodium_ready();
  SecretBox box;
  box.key_ = key;
  return box;
}

SecretBox::~SecretBox() {
  sodium_memzero(key_.data(), key_.size());
}

Bytes SecretBox::seal(std::string_view value, std::string_view context) const {
  Bytes sealed(1 + kNonceBytes + value.size() + kTagBytes, '\0');
  sealed[0] = kVersion;
  unsigned char* const nonce = octets(sealed) + 1;
  randombytes_buf(nonce, kNonceBytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + kNonceBytes, nullptr, octets(value), value.size(),
                                             octets(context), context.size(), nullptr, nonce, key_.data());
  return sealed;
}

Result<Bytes> SecretBox::open(std::string_view sealed, std::string_view context) const {
  constexpr size_t kOverhead = 1 + kNonceBytes + kTagBytes;
  if (sealed.size() < kOverhead || sealed[0] != kVersion)
    return fail(ErrorCode::kDatabase, "A value that is kept encrypted is damaged; restore it from a backup.",
                "sealed value of " + std::to_string(sealed.size()) + " bytes is no version 1");
  Bytes value(sealed.size() - kOverhead, '\0');
  const unsigned char* const nonce = octets(sealed) + 1;
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(octets(value), nullptr, nullptr, nonce + kNonceBytes,
                                                 sealed.size() - 1 - kNonceBytes, octets(context),
                                                 context.size(), nonce, key_.data()) != 0)
    return fail(
        ErrorCode::kDatabase,
        "A value that is kept encrypted cannot be read: it is damaged, or the master key is not the one it "
        "was encrypted under.",
        "authentication of a sealed value failed");
  return value;
}

}  // namespace patchbay::crypto
