// The phone's side of pairing by an eight-character code: unwrap the companion's ephemeral key with what the
// user typed, answer with one's own, and open the bundle that comes back. Pure functions; any thread. unwrap
// and wrap take some tens of milliseconds each (PBKDF2).
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/curve25519.h"

namespace patchbay::sandbox {

inline constexpr size_t kPairCodeCharacters = 8;
inline constexpr std::string_view kPairCodeAlphabet = "123456789ABCDEFGHJKLMNPQRSTVWXYZ";  // no 0, I, O, U
inline constexpr size_t kWrappedKeyBytes = 80;  // salt 32, IV 16, key 32

// "abcd-1234" and "ABCD1234" are the same; kValidation for what can be no code.
Result<std::string> normal_pair_code(std::string_view typed);

// Nothing tells a wrong code from a right one here: the key is not authenticated. kBadRequest: not 80 bytes.
Result<crypto::Key32> unwrap_ephemeral(std::string_view wrapped, std::string_view code);
Bytes wrap_ephemeral(const crypto::Key32& public_key, std::string_view code, std::string_view salt,
                     std::string_view iv);

struct PairBundle {
  crypto::Key32 companion_identity{};
  Bytes adv_secret;
};
// kAuthentication: the bundle cannot be opened, which is what a mistyped code looks like, or it names another
// phone than this one.
Result<PairBundle> open_pair_bundle(std::string_view bundle, const crypto::KeyPair& primary_ephemeral,
                                    const crypto::Key32& companion_ephemeral,
                                    const crypto::KeyPair& primary_identity);

}  // namespace patchbay::sandbox
