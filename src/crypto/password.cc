#include "crypto/password.h"

#include <charconv>
#include <semaphore>

#include <sodium.h>

#include "crypto/sodium_ready.h"

namespace patchbay::crypto {
namespace {

constexpr uint64_t kMaxForeignMemoryKib = 256 * 1024;
constexpr uint64_t kMaxForeignPasses = 10;

// Bounds the memory of all hashing together: 4 × kPasswordMemoryBytes.
std::counting_semaphore<4>& slots() {
  static std::counting_semaphore<4> semaphore(4);
  return semaphore;
}

class Slot {
 public:
  Slot() { slots().acquire(); }
  ~Slot() { slots().release(); }
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;
};

bool take(std::string_view& text, std::string_view expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(expected.size());
  return true;
}

bool take_number(std::string_view& text, uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return true;
}

bool is_affordable_argon2id(std::string_view hash) {
  if (hash.size() >= crypto_pwhash_STRBYTES) return false;
  uint64_t memory_kib = 0;
  uint64_t passes = 0;
  return take(hash, "$argon2id$v=19$m=") && take_number(hash, memory_kib) && take(hash, ",t=") &&
         take_number(hash, passes) && take(hash, ",p=1$") && memory_kib <= kMaxForeignMemoryKib &&
         passes <= kMaxForeignPasses;
}

}  // namespace

Result<std::string> hash_password(std::string_view password) {
  sodium_ready();
  if (password.size() > kMaxPasswordBytes)
    return fail(ErrorCode::kValidation, "The password is too long; 1,024 bytes are the most.");
  char out[crypto_pwhash_STRBYTES];
  const Slot slot;
  if (crypto_pwhash_str_alg(out, password.data(), password.size(), kPasswordPasses, kPasswordMemoryBytes,
                            crypto_pwhash_ALG_ARGON2ID13) != 0)
    return fail(ErrorCode::kServiceUnavailable, "The server is short of memory; try again in a moment.",
                "crypto_pwhash_str failed");
  return std::string(out);
}

bool verify_password(std::string_view hash, std::string_view password) {
  sodium_ready();
  if (password.size() > kMaxPasswordBytes || !is_affordable_argon2id(hash)) return false;
  const std::string terminated(hash);
  const Slot slot;
  return crypto_pwhash_str_verify(terminated.c_str(), password.data(), password.size()) == 0;
}

bool password_needs_rehash(std::string_view hash) {
  sodium_ready();
  if (!is_affordable_argon2id(hash)) return true;
  return crypto_pwhash_str_needs_rehash(std::string(hash).c_str(), kPasswordPasses, kPasswordMemoryBytes) !=
         0;
}

Result<Bytes> derive_key(std::string_view passphrase, std::string_view salt, const KeyCost& cost) {
  sodium_ready();
  static_assert(kKeySaltBytes == crypto_pwhash_argon2id_SALTBYTES);
  if (salt.size() != kKeySaltBytes || passphrase.size() > kMaxPasswordBytes || cost.passes == 0 ||
      cost.passes > kMaxForeignPasses || cost.memory_bytes < crypto_pwhash_argon2id_MEMLIMIT_MIN ||
      cost.memory_bytes > kMaxForeignMemoryKib * 1024)
    return fail(ErrorCode::kValidation,
                "The passphrase is too long, or a key is asked of it in a way that is not ours.");
  Bytes key(32, '\0');
  const Slot slot;
  if (crypto_pwhash_argon2id(reinterpret_cast<unsigned char*>(key.data()), key.size(), passphrase.data(),
                             passphrase.size(), reinterpret_cast<const unsigned char*>(salt.data()),
                             cost.passes, cost.memory_bytes, crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0)
    return fail(ErrorCode::kServiceUnavailable,
                "There is not enough memory to make a key of the passphrase.");
  return key;
}

}  // namespace patchbay::crypto
