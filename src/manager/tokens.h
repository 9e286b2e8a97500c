// The tokens of users: HS256 JWTs issued here with the claims of the panel contract §2.1 (userId, email,
// role, subscriptionId, iat, exp) and ours ("ver": the user's token version), and those of an identity
// provider (RS256 or ES256) when its public key is configured; either names the user by "userId" or "sub".
// Immutable; thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace patchbay::store {
struct User;
}

namespace patchbay::manager {

struct TokensOptions {
  std::string secret;          // HS256; at least 32 bytes
  std::string public_key_pem;  // RSA (2048 bits or more) or P-256; empty: none
  std::string issuer;          // issued and demanded when not empty
  std::string audience;        // issued and demanded when not empty
  Milliseconds clock_skew{30'000};
  Milliseconds lifetime{std::chrono::hours(24 * 7)};
};

class Tokens {
 public:
  // kConfiguration: the secret is too short, the PEM is no usable public key.
  static Result<std::unique_ptr<Tokens>> create(TokensOptions options, const Clock& clock);
  ~Tokens();
  Tokens(const Tokens&) = delete;
  Tokens& operator=(const Tokens&) = delete;

  std::string issue(const store::User& user) const;

  struct Claims {
    std::string user_id;
    std::optional<int64_t> token_version;
    std::optional<WallTime> issued_at;
    WallTime expires_at;
  };
  // kTokenInvalid or kTokenExpired. Says nothing about the user.
  Result<Claims> verify(std::string_view token) const;

 private:
  struct Impl;
  explicit Tokens(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace patchbay::manager
