// The far side of a pairing that asks for a passkey ("Shortcake"): what the server asks the browser, what a
// browser would answer, and the exchange with the companion that ends in a pairing request only the phone can
// open. Value types and pure functions; any thread. The signature inside the assertion is not checked: that
// is between the authenticator and the service.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/curve25519.h"

namespace patchbay::sandbox {

inline constexpr std::string_view kPasskeyOrigin = "https://web.whatsapp.com";
inline constexpr std::string_view kPasskeyRelyingParty = "whatsapp.com";

// The WebAuthn request, PublicKeyCredentialRequestOptions as JSON.
std::string passkey_request_options(std::string_view challenge, std::string_view credential_id);

// What navigator.credentials.get() would give for `options` in the right browser with `credential_id`: JSON,
// with a signature of random bytes. kValidation when the options hold no challenge.
Result<std::string> passkey_assertion(std::string_view options, std::string_view credential_id,
                                      std::string_view signature);

// kBadRequest says which field is missing or wrong: type, challenge, origin, credential.
Status check_passkey_assertion(std::string_view assertion, std::string_view challenge,
                               std::string_view credential_id);

// What the companion said of its ephemeral identity, and has bound itself to.
struct PasskeyPrologue {
  crypto::Key32 public_key{};
  uint32_t device_type = 0;
  Bytes ephemeral_identity;  // serialized
  Bytes commitment;
};
Result<PasskeyPrologue> parse_passkey_prologue(std::string_view payload, std::string_view ref);
// HMAC over the payload with the key that follows from the ADV secret of the QR code.
bool check_handoff_proof(std::string_view payload, std::string_view proof, std::string_view adv_secret);
bool opens_commitment(const PasskeyPrologue& prologue, std::string_view nonce);

// A serialized PrimaryEphemeralIdentity.
Bytes primary_ephemeral_identity(const crypto::Key32& public_key, std::string_view nonce);

// Eight characters that phone and companion both show: XXXX-XXXX.
std::string passkey_verification_code(std::string_view primary_nonce, std::string_view companion_nonce,
                                      const crypto::Key32& primary_public);

struct PasskeyPairing {
  crypto::Key32 noise{};
  crypto::Key32 identity{};
  Bytes adv_secret;
};
Result<PasskeyPairing> open_pairing_request(std::string_view request, const PasskeyPrologue& prologue,
                                            std::string_view ref, const crypto::KeyPair& primary_ephemeral);

}  // namespace patchbay::sandbox
