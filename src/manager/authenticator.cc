#include "manager/authenticator.h"

#include <algorithm>

#include "crypto/digest.h"
#include "manager/account_views.h"
#include "manager/tokens.h"
#include "manager/usage_recorder.h"
#include "store/store.h"

namespace patchbay::manager {
namespace {

std::unexpected<Error> subscription_inactive() {
  return fail(ErrorCode::kSubscriptionInactive,
              "The subscription is disabled; ask the operator of this server.");
}

// Our own tokens carry the version they were made under. Others count by the time they were issued, in whole
// seconds: one from the very second of the change is refused.
bool is_current(const Tokens::Claims& claims, const store::User& user) {
  if (claims.token_version) return *claims.token_version == user.token_version;
  if (user.tokens_valid_from == WallTime{}) return true;
  return claims.issued_at && *claims.issued_at >= user.tokens_valid_from;
}

}  // namespace

Authenticator::Authenticator(store::Store& store, Tokens& tokens, UsageRecorder& usage, const Clock& clock)
    : store_(store), tokens_(tokens), usage_(usage), clock_(clock) {}

Result<Caller> Authenticator::authenticate(std::string_view credential) {
  if (credential.empty())
    return fail(ErrorCode::kAuthentication,
                "A credential is needed: \"Authorization: Bearer <token or API key>\".");
  const bool is_token = std::ranges::count(credential, '.') == 2;
  if (credential.size() > kMaxCredentialBytes)
    return fail(is_token ? ErrorCode::kTokenInvalid : ErrorCode::kApiKeyInvalid,
                "The credential is longer than 8,192 bytes.");
  return is_token ? authenticate_token(credential) : authenticate_key(credential);
}

Result<Caller> Authenticator::authenticate_token(std::string_view token) {
  PB_ASSIGN(const Tokens::Claims claims, tokens_.verify(token));
  PB_ASSIGN(const auto context,
            store_.read([&](store::ReadTransaction& tx) { return tx.user_context(claims.user_id); }));
  if (!context || !context->user.is_active) return user_gone();
  const store::User& user = context->user;
  if (!is_current(claims, user))
    return fail(ErrorCode::kTokenInvalid, "The token was ended by a change of the password; log in again.");
  if (!context->subscription.is_active) return subscription_inactive();

  usage_.user_seen(user.id);
  Caller caller;
  caller.kind = Caller::Kind::kUser;
  caller.user_id = user.id;
  caller.user_name = user.name;
  caller.email = user.email;
  caller.role = parse_role(user.role).value_or(Role::kUser);
  caller.subscription_id = user.subscription_id;
  caller.permissions = Permissions::all();
  caller.expires_at = claims.expires_at;
  return caller;
}

// Found by its hash: how long the search takes says nothing about the key.
Result<Caller> Authenticator::authenticate_key(std::string_view key) {
  const std::string hash = crypto::sha256_hex(key);
  PB_ASSIGN(const auto context,
            store_.read([&](store::ReadTransaction& tx) { return tx.api_key_by_hash(hash); }));
  // A key acts as the creator of its instance; it goes down with that user.
  if (!context || !context->key.is_active || !context->creator.is_active)
    return fail(ErrorCode::kApiKeyInvalid, "The API key is unknown or disabled.");
  if (context->key.expires_at && *context->key.expires_at <= clock_.wall_now())
    return fail(ErrorCode::kApiKeyExpired, "The API key has expired.");
  if (!context->subscription.is_active) return subscription_inactive();
  if (!context->instance_is_active)
    return fail(ErrorCode::kInstanceNotFound, "The instance of this API key is disabled.");

  usage_.key_used(context->key.id);
  Caller caller;
  caller.kind = Caller::Kind::kApiKey;
  caller.user_id = context->creator.id;
  caller.user_name = context->creator.name;
  caller.email = context->creator.email;
  caller.role = parse_role(context->creator.role).value_or(Role::kUser);
  caller.subscription_id = context->subscription.id;
  caller.api_key_id = context->key.id;
  caller.instance_id = context->key.instance_id;
  PB_ASSIGN(caller.permissions, parse_permissions(context->key.permissions_json));
  caller.expires_at = context->key.expires_at;
  return caller;
}

}  // namespace patchbay::manager
