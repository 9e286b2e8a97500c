#include "noise/cipher.h"

#include "crypto/aes.h"
#include "crypto/wipe.h"
#include "noise/symmetric_state.h"

namespace patchbay::noise {
namespace {

constexpr uint64_t kCounters = uint64_t{1} << 32;

}  // namespace

Cipher::~Cipher() {
  crypto::wipe(write_key_);
  crypto::wipe(read_key_);
}

Cipher::Cipher(Cipher&& other) noexcept {
  take(other);
}

Cipher& Cipher::operator=(Cipher&& other) noexcept {
  if (this != &other) take(other);
  return *this;
}

void Cipher::take(Cipher& other) {
  write_key_ = other.write_key_;
  read_key_ = other.read_key_;
  written_ = other.written_;
  read_ = other.read_;
  crypto::wipe(other.write_key_);
  crypto::wipe(other.read_key_);
  other.written_ = other.read_ = kCounters;
}

Bytes Cipher::encrypt(std::string_view plain) {
  if (written_ >= kCounters) return {};
  return crypto::aes_256_gcm_seal(crypto::view(write_key_), nonce_of(static_cast<uint32_t>(written_++)), {},
                                  plain);
}

std::optional<Bytes> Cipher::decrypt(std::string_view cipher) {
  if (read_ >= kCounters) return std::nullopt;
  return crypto::aes_256_gcm_open(crypto::view(read_key_), nonce_of(static_cast<uint32_t>(read_++)), {},
                                  cipher);
}

}  // namespace patchbay::noise
