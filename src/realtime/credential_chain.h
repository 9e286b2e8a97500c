// Where a client may have put its credential, in the order of the setup guide. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "socketio/handshake.h"

namespace patchbay::realtime {

enum class AuthMethod {
  kAuthToken,            // auth.token
  kAuthAuthorization,    // auth.authorization, "Bearer …"
  kQueryToken,           // ?token=…
  kAuthorizationHeader,  // Authorization: Bearer …
  kNone,                 // development mode only
};
// "auth.token", "auth.authorization", "query.token", "header.authorization", "none": in logs and metrics.
std::string_view to_string(AuthMethod method);
inline constexpr size_t kAuthMethods = 5;

struct Credential {
  AuthMethod method;
  std::string token;  // a JWT or an API key, without "Bearer "; a secret
};

// Longer ones are refused unread.
inline constexpr size_t kMaxCredentialBytes = 8192;

// What the client offered, first to be tried first; at most four. Empty and absent places are left out, a
// bare token is accepted where "Bearer" is expected, and a "Bearer " prefix where it is not.
std::vector<Credential> collect_credentials(const socketio::Handshake& handshake);

}  // namespace patchbay::realtime
