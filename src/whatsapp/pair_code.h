// Internal to the module. Pairing by a code that is typed into the phone: both ends wrap an ephemeral key
// with it, and agree on the pairing secret (docs/protocol/whatsapp.md, "Pairing"). Randomness comes in. Pure
// functions; any thread. derive_code_key() is slow on purpose.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "binary/node.h"
#include "whatsapp/client_profile.h"
#include "whatsapp/credentials.h"
#include "whatsapp/randomness.h"

namespace patchbay::whatsapp {

// 5 octets as 8 letters and figures without those that look alike.
std::string encode_pairing_code(std::string_view five_octets);
// "ABCD-1234"
std::string shown_pairing_code(std::string_view code);
// Digits with country code, 7 to 15, no leading 0. kValidation says what is wrong.
Result<std::string> pairing_phone(std::string_view text);

Bytes derive_code_key(std::string_view code, std::string_view salt);
// salt(32) ‖ iv(16) ‖ key(32) encrypted
Bytes wrap_ephemeral(std::string_view code_key, std::string_view salt, std::string_view iv,
                     const crypto::Key32& key);

// One pairing by code that is under way. Secrets.
struct CodePairing {
  std::string code;       // 8 characters
  std::string phone_jid;  // "15551234567@s.whatsapp.net"
  crypto::KeyPair ephemeral{};
  Bytes salt;       // of our wrapped key
  std::string ref;  // given by the server
};
CodePairing make_code_pairing(std::string_view phone, const Randomness& random);

// <link_code_companion_reg stage="companion_hello">; `code_key` is derived from the code and `pairing.salt`.
binary::Node companion_hello(const CodePairing& pairing, std::string_view code_key,
                             const Credentials& credentials, const ClientProfile& profile,
                             const Randomness& random);
// The reference in its answer. kBadRequest when there is none.
Result<std::string> read_pairing_ref(const binary::Node& answer);

// What the phone answers with, in a notification.
struct PrimaryHello {
  Bytes wrapped_ephemeral;  // 80 octets, the first 32 are the salt
  crypto::Key32 identity{};
  std::string ref;
};
Result<PrimaryHello> read_primary_hello(const binary::Node& notification);

struct CompanionFinish {
  binary::Node query;
  crypto::Key32 adv_secret{};
};
// `code_key` is derived from the code and the phone's salt. kAuthentication when the phone's keys are none.
Result<CompanionFinish> companion_finish(const CodePairing& pairing, const PrimaryHello& hello,
                                         std::string_view code_key, const Credentials& credentials,
                                         const Randomness& random);

}  // namespace patchbay::whatsapp
