// JSON Web Tokens (RFC 7519, JWS compact form), as little of them as is safe: HS256 issued, HS256, RS256 and
// ES256 verified. A key knows its one algorithm; a token only says which of the configured keys it claims to
// be signed with, so "alg":"none" and a public key used as an HMAC secret find no key. Not here: who the
// token is for. Immutable values and pure functions; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace patchbay::crypto {

// Longer tokens are refused unread.
inline constexpr size_t kMaxJwtBytes = 8'192;
// RFC 7518 §3.2: a key of the size of the hash or larger.
inline constexpr size_t kMinHmacSecretBytes = 32;

enum class JwtAlgorithm { kHs256, kRs256, kEs256 };
std::string_view to_string(JwtAlgorithm algorithm);  // "HS256"

// Cheap to copy.
class JwtKey {
 public:
  // kConfiguration: shorter than kMinHmacSecretBytes.
  static Result<JwtKey> from_secret(std::string secret);
  // A public key ("BEGIN PUBLIC KEY") or a certificate in PEM: RSA of 2048 bits or more makes RS256, P-256
  // makes ES256; kConfiguration for everything else, private keys among it.
  static Result<JwtKey> from_public_pem(std::string_view pem);

  JwtAlgorithm algorithm() const;

 private:
  friend class JwtVerifier;
  friend std::string issue_jwt(const JwtKey&, const struct JwtClaims&);
  struct Impl;
  explicit JwtKey(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  bool verify(std::string_view signing_input, std::string_view signature) const;
  std::shared_ptr<const Impl> impl_;
};

// The scalar claims at the top level of a token; nested values are not kept.
struct JwtClaims {
  using Value = std::variant<std::string, int64_t, double, bool>;
  std::vector<std::pair<std::string, Value>> values;

  void set(std::string name, Value value) { values.emplace_back(std::move(name), std::move(value)); }
  // Nothing when the claim is missing or of another type.
  std::optional<std::string> text(std::string_view name) const;
  std::optional<int64_t> integer(std::string_view name) const;  // doubles are cut
  std::optional<bool> boolean(std::string_view name) const;
};

// What a token must say beside its signature.
struct JwtRules {
  std::string issuer;    // "iss" must equal it; empty: not looked at
  std::string audience;  // "aud" must equal or contain it; empty: not looked at
  Milliseconds clock_skew{30'000};
};

struct VerifiedJwt {
  JwtAlgorithm algorithm;
  JwtClaims claims;
  WallTime expires_at;  // "exp", which is required
};

// Signs with an HS256 key; a key that only verifies is a broken invariant (throws std::logic_error).
std::string issue_jwt(const JwtKey& key, const JwtClaims& claims);

class JwtVerifier {
 public:
  JwtVerifier(std::vector<JwtKey> keys, JwtRules rules) : keys_(std::move(keys)), rules_(std::move(rules)) {}

  // kTokenExpired: well signed, but "exp" is past. kTokenInvalid: everything else; the message says what
  // without quoting the token.
  Result<VerifiedJwt> verify(std::string_view token, WallTime now) const;

 private:
  std::vector<JwtKey> keys_;
  JwtRules rules_;
};

}  // namespace patchbay::crypto
