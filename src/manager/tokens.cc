#include "manager/tokens.h"

#include <vector>

#include "crypto/jwt.h"
#include "store/records.h"

namespace patchbay::manager {

struct Tokens::Impl {
  Impl(crypto::JwtKey signing, std::vector<crypto::JwtKey> keys, TokensOptions chosen, const Clock& time)
      : signing_key(std::move(signing)),
        verifier(std::move(keys),
                 {.issuer = chosen.issuer, .audience = chosen.audience, .clock_skew = chosen.clock_skew}),
        options(std::move(chosen)),
        clock(time) {}

  crypto::JwtKey signing_key;
  crypto::JwtVerifier verifier;
  TokensOptions options;
  const Clock& clock;
};

Result<std::unique_ptr<Tokens>> Tokens::create(TokensOptions options, const Clock& clock) {
  PB_ASSIGN(auto signing, crypto::JwtKey::from_secret(options.secret));
  std::vector<crypto::JwtKey> keys{signing};
  if (!options.public_key_pem.empty()) {
    PB_ASSIGN(auto provider, crypto::JwtKey::from_public_pem(options.public_key_pem));
    keys.push_back(std::move(provider));
  }
  return std::unique_ptr<Tokens>(
      new Tokens(std::make_unique<Impl>(std::move(signing), std::move(keys), std::move(options), clock)));
}

Tokens::Tokens(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Tokens::~Tokens() = default;

std::string Tokens::issue(const store::User& user) const {
  const TokensOptions& options = impl_->options;
  const int64_t now = to_unix_ms(impl_->clock.wall_now()) / 1000;
  crypto::JwtClaims claims;
  claims.set("userId", user.id);
  claims.set("email", user.email);
  claims.set("role", user.role);
  claims.set("subscriptionId", user.subscription_id);
  claims.set("ver", user.token_version);
  claims.set("iat", now);
  claims.set("exp", now + options.lifetime.count() / 1000);
  if (!options.issuer.empty()) claims.set("iss", options.issuer);
  if (!options.audience.empty()) claims.set("aud", options.audience);
  return crypto::issue_jwt(impl_->signing_key, claims);
}

Result<Tokens::Claims> Tokens::verify(std::string_view token) const {
  PB_ASSIGN(const crypto::VerifiedJwt verified, impl_->verifier.verify(token, impl_->clock.wall_now()));
  std::optional<std::string> user_id = verified.claims.text("userId");
  if (!user_id) user_id = verified.claims.text("sub");
  if (!user_id || user_id->empty())
    return fail(ErrorCode::kTokenInvalid, "The token names no user (\"userId\" or \"sub\").");
  Claims claims;
  claims.user_id = std::move(*user_id);
  // Only our own signature makes our own version believable.
  if (verified.algorithm == crypto::JwtAlgorithm::kHs256)
    claims.token_version = verified.claims.integer("ver");
  if (const auto issued = verified.claims.integer("iat")) claims.issued_at = from_unix_ms(*issued * 1000);
  claims.expires_at = verified.expires_at;
  return claims;
}

}  // namespace patchbay::manager
