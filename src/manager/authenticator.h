// Turns a bare credential (no "Bearer ") into a Caller, or says why not, for REST and for sockets alike.
// Exactly two dots make it a JWT, anything else is an API key. One read of the store a call, nothing cached:
// what was disabled is refused from that moment. Not here: where credentials are found in a request.
// Thread-safe; blocks: worker threads only.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "manager/caller.h"

namespace patchbay::store {
class Store;
}

namespace patchbay::manager {

class Tokens;
class UsageRecorder;

class Authenticator {
 public:
  // Longer credentials are refused unread.
  static constexpr size_t kMaxCredentialBytes = 8'192;

  // Everything referred to outlives this object.
  Authenticator(store::Store& store, Tokens& tokens, UsageRecorder& usage, const Clock& clock);

  // kAuthentication (empty; user gone or disabled), kTokenInvalid, kTokenExpired, kSubscriptionInactive,
  // kApiKeyInvalid, kApiKeyExpired, kInstanceNotFound (the key's instance is disabled: the edge answers 403
  // here, not 404); kDatabase and the like when the store fails, which is not the caller's fault. Error texts
  // never quote the credential.
  Result<Caller> authenticate(std::string_view credential);

 private:
  Result<Caller> authenticate_token(std::string_view token);
  Result<Caller> authenticate_key(std::string_view key);

  store::Store& store_;
  Tokens& tokens_;
  UsageRecorder& usage_;
  const Clock& clock_;
};

}  // namespace patchbay::manager
