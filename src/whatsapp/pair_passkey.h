// Internal to the module. The passkey that WhatsApp asks some accounts for before it links a device
// (docs/protocol/whatsapp.md, "Pairing"): the client's share of it. The browser's share, which only
// web.whatsapp.com may ask for, comes from outside. Randomness comes in. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "binary/node.h"
#include "whatsapp/client_profile.h"
#include "whatsapp/credentials.h"
#include "whatsapp/randomness.h"

namespace patchbay::whatsapp {

inline constexpr size_t kMaxAssertionBytes = 65'536;
inline constexpr size_t kMaxPasskeyOptionsBytes = 65'536;

// The WebAuthn request in a notification "passkey_prologue_request". kBadRequest when it is none.
Result<std::string> read_passkey_options(const binary::Node& notification);

struct Assertion {
  Bytes credential_id;
  std::string json;  // as it came
};
// kValidation says what is wrong with the browser's PublicKeyCredential.
Result<Assertion> parse_assertion(std::string_view json);

// One passkey pairing that is under way. Secrets.
struct PasskeyPairing {
  Bytes handoff_key;  // proves that this is the pairing that the phone began
  crypto::KeyPair ephemeral{};
  Bytes nonce;
  std::string ref;  // given by the server
  int device_type = 0;
  Bytes encryption_key;
};
// Also renews the pairing secret of `credentials`.
PasskeyPairing begin_passkey(Credentials& credentials, const ClientProfile& profile,
                             const Randomness& random);

// <iq type="get" xmlns="md"><ref/></iq>, and the reference in its answer.
binary::Node passkey_ref_query();
Result<std::string> read_passkey_ref(const binary::Node& answer);
// <passkey_prologue>; `pairing.ref` is known.
binary::Node passkey_prologue(const PasskeyPairing& pairing, const Assertion& assertion);

// The notification "crsc_continuation": the phone's half. Sets the encryption key and gives the code that
// people compare, "XXXX-XXXX". kBadRequest, kAuthentication: it cannot be used.
Result<std::string> continue_passkey(PasskeyPairing& pairing, const binary::Node& notification);
binary::Node companion_nonce_query(const PasskeyPairing& pairing);
// After continue_passkey(): <encrypted_pairing_request>.
binary::Node pairing_request_query(const PasskeyPairing& pairing, const Credentials& credentials,
                                   const Randomness& random);

}  // namespace patchbay::whatsapp
