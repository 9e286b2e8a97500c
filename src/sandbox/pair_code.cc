#include "sandbox/pair_code.h"

#include <cctype>

#include "crypto/aes.h"
#include "crypto/kdf.h"

namespace patchbay::sandbox {
namespace {

constexpr uint32_t kIterations = 131'072;
constexpr size_t kSaltBytes = 32;
constexpr size_t kIvBytes = 16;
constexpr size_t kKeyBytes = 32;

}  // namespace

Result<std::string> normal_pair_code(std::string_view typed) {
  std::string code;
  for (const char c : typed.substr(0, 64)) {
    if (c == '-' || c == ' ') continue;
    code += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  if (code.size() != kPairCodeCharacters || code.find_first_not_of(kPairCodeAlphabet) != std::string::npos)
    return fail(ErrorCode::kValidation, "a pairing code has eight characters of " +
                                            std::string(kPairCodeAlphabet) + ", with or without dashes");
  return code;
}

Result<crypto::Key32> unwrap_ephemeral(std::string_view wrapped, std::string_view code) {
  if (wrapped.size() != kWrappedKeyBytes)
    return fail(ErrorCode::kBadRequest,
                "a wrapped ephemeral key has 80 bytes, not " + std::to_string(wrapped.size()));
  const Bytes key = crypto::pbkdf2_sha256(code, wrapped.substr(0, kSaltBytes), kIterations, kKeyBytes);
  return *crypto::to_key(
      crypto::aes_256_ctr(key, wrapped.substr(kSaltBytes, kIvBytes), wrapped.substr(kSaltBytes + kIvBytes)));
}

Bytes wrap_ephemeral(const crypto::Key32& public_key, std::string_view code, std::string_view salt,
                     std::string_view iv) {
  const Bytes key = crypto::pbkdf2_sha256(code, salt, kIterations, kKeyBytes);
  return Bytes(salt) + Bytes(iv) + crypto::aes_256_ctr(key, iv, crypto::view(public_key));
}

Result<PairBundle> open_pair_bundle(std::string_view bundle, const crypto::KeyPair& primary_ephemeral,
                                    const crypto::Key32& companion_ephemeral,
                                    const crypto::KeyPair& primary_identity) {
  constexpr size_t kBundleBytes = kSaltBytes + crypto::kGcmNonceBytes + 3 * kKeyBytes + crypto::kGcmTagBytes;
  if (bundle.size() != kBundleBytes)
    return fail(ErrorCode::kBadRequest, "the key bundle has " + std::to_string(bundle.size()) +
                                            " bytes, not " + std::to_string(kBundleBytes));
  const auto shared = crypto::diffie_hellman(primary_ephemeral.private_key, companion_ephemeral);
  if (!shared)
    return fail(ErrorCode::kAuthentication, "the companion's ephemeral key is a point of small order");
  const Bytes key = crypto::hkdf_sha256(crypto::view(*shared), bundle.substr(0, kSaltBytes),
                                        "link_code_pairing_key_bundle_encryption_key", kKeyBytes);
  const auto opened = crypto::aes_256_gcm_open(key, bundle.substr(kSaltBytes, crypto::kGcmNonceBytes), "",
                                               bundle.substr(kSaltBytes + crypto::kGcmNonceBytes));
  if (!opened)
    return fail(ErrorCode::kAuthentication, "the key bundle cannot be opened: the code was mistyped");
  const std::string_view plain = *opened;
  PairBundle result{.companion_identity = *crypto::to_key(plain.substr(0, kKeyBytes)), .adv_secret = {}};
  if (plain.substr(kKeyBytes, kKeyBytes) != crypto::view(primary_identity.public_key))
    return fail(ErrorCode::kAuthentication, "the key bundle names another phone's identity");
  const auto identities = crypto::diffie_hellman(primary_identity.private_key, result.companion_identity);
  if (!identities)
    return fail(ErrorCode::kAuthentication, "the companion's identity is a point of small order");
  Bytes input(crypto::view(*shared));
  input += crypto::view(*identities);
  input += plain.substr(2 * kKeyBytes);
  result.adv_secret = crypto::hkdf_sha256(input, "", "adv_secret", kKeyBytes);
  return result;
}

}  // namespace patchbay::sandbox
