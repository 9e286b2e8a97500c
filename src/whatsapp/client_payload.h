// Internal to the module. What a client says of itself in the last message of the handshake: to register a
// new device, or to log in with a linked one (docs/protocol/whatsapp.md, "The client payload"). Pure
// functions; any thread.
#pragma once

#include <string>

#include "base/bytes.h"
#include "whatsapp/client_profile.h"
#include "whatsapp/credentials.h"

namespace patchbay::whatsapp {

// Serialized ClientPayloads. `full_history` asks the phone for all it has.
Bytes registration_payload(const Credentials& credentials, const ClientProfile& profile, bool full_history);
// `credentials` are linked.
Bytes login_payload(const Credentials& credentials, const ClientProfile& profile);

// The browser as QR codes and pairing by code name it: "1" for Chrome, …
std::string client_type(const ClientProfile& profile);
// The browser as DeviceProps.PlatformType.
int platform_type(const ClientProfile& profile);

}  // namespace patchbay::whatsapp
