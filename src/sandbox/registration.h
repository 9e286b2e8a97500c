// What a client says of itself at the end of the handshake: checks of the client payload, and what a new
// device registers with. Internal to the module. Pure functions; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "crypto/curve25519.h"
#include "sandbox/world.h"

namespace patchbay::proto {
class ClientPayload;
}

namespace patchbay::sandbox {

struct Registration {
  uint32_t registration_id = 0;
  crypto::Key32 identity{};
  SignedKey signed_prekey;
  std::string os;
  std::string platform;
};

// kValidation says what is missing or contradicts itself.
Status check_client_payload(const proto::ClientPayload& payload);
// Whether its version is `least` or newer.
bool is_recent(const proto::ClientPayload& payload, const std::array<uint32_t, 3>& least);
// kValidation says what is wrong; the prekey's signature is verified.
Result<Registration> parse_registration(const proto::ClientPayload& payload);

// 05 ‖ key: what signed prekeys' signatures are over.
bool check_signed_prekey(const crypto::Key32& identity, const SignedKey& key);

}  // namespace patchbay::sandbox
