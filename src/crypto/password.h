// Passwords, as argon2id hashes of libsodium. Costs about 50 ms and 32 MiB a call by design; at most four run
// at once, others wait, so that a flood of logins cannot exhaust memory. Thread-safe; worker threads only,
// never an event loop.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace patchbay::crypto {

// Above the floor of common advice (two passes over 19 MiB), within reach of a small server.
inline constexpr unsigned long long kPasswordPasses = 2;
inline constexpr uint64_t kPasswordMemoryBytes = 32 * 1024 * 1024;
// Longer passwords are refused by hashing and never match.
inline constexpr uint64_t kMaxPasswordBytes = 1'024;

// "$argon2id$v=19$m=…,t=…,p=1$salt$hash", with a fresh salt. kServiceUnavailable when memory is short,
// kValidation when the password is too long.
Result<std::string> hash_password(std::string_view password);

// Whether `hash` was made from `password`; in time that does not depend on how much of it matches. False too
// for text that is no argon2id hash, and for hashes whose cost is out of all proportion (more than 256 MiB or
// ten passes): they are not ours.
bool verify_password(std::string_view hash, std::string_view password);

// The hash is not one that hash_password() would make today: hash again at the next login.
bool password_needs_rehash(std::string_view hash);

// --- Keys from passphrases, for files that travel ---

inline constexpr size_t kKeySaltBytes = 16;
// Above those of logins: it is paid once, and whoever has the file can guess at leisure.
struct KeyCost {
  uint64_t passes = 3;
  uint64_t memory_bytes = 64 * 1024 * 1024;
};
// 32 octets, by argon2id. kValidation: the salt has another length, the passphrase is longer than
// kMaxPasswordBytes, or the cost is out of all proportion (as above); kServiceUnavailable when memory is
// short.
Result<Bytes> derive_key(std::string_view passphrase, std::string_view salt, const KeyCost& cost);

}  // namespace patchbay::crypto
