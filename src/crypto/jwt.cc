#include "crypto/jwt.h"

#include <cmath>
#include <stdexcept>

#include <boost/json.hpp>

#include "base/bytes.h"
#include "crypto/digest.h"
#include "crypto/jwt_key.h"

namespace patchbay::crypto {
namespace {

namespace json = boost::json;

std::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::kTokenInvalid, std::move(message));
}

Result<json::object> parse_part(std::string_view encoded, std::string_view part) {
  const std::optional<Bytes> text = base64url_decode(encoded);
  if (!text) return invalid("The token's " + std::string(part) + " is not base64url.");
  boost::system::error_code error;
  json::value value = json::parse(*text, error);
  if (error || !value.is_object()) return invalid("The token's " + std::string(part) + " is no JSON object.");
  return std::move(value.get_object());
}

// RFC 7519 §2, NumericDate: seconds, fractions allowed. Beyond ±2^40 s (36,000 years) it is nonsense.
Result<std::optional<WallTime>> numeric_date(const json::object& claims, std::string_view name) {
  const json::value* const value = claims.if_contains(name);
  if (value == nullptr) return std::nullopt;
  const std::string complaint = "The token's \"" + std::string(name) + "\" is no point in time.";
  if (!value->is_number()) return invalid(complaint);
  const double seconds = value->to_number<double>();
  if (!std::isfinite(seconds) || std::abs(seconds) > 0x1p40) return invalid(complaint);
  return from_unix_ms(static_cast<int64_t>(seconds * 1000));
}

bool names_audience(const json::value* claim, std::string_view audience) {
  if (claim == nullptr) return false;
  if (claim->is_string()) return claim->get_string() == audience;
  if (!claim->is_array()) return false;
  for (const json::value& each : claim->get_array())
    if (each.is_string() && each.get_string() == audience) return true;
  return false;
}

JwtClaims scalars(const json::object& object) {
  JwtClaims claims;
  claims.values.reserve(object.size());
  for (const auto& [name, value] : object) {
    switch (value.kind()) {
      case json::kind::string:
        claims.set(name, std::string(value.get_string()));
        break;
      case json::kind::int64:
        claims.set(name, value.get_int64());
        break;
      case json::kind::uint64:
        claims.set(name, static_cast<double>(value.get_uint64()));
        break;
      case json::kind::double_:
        claims.set(name, value.get_double());
        break;
      case json::kind::bool_:
        claims.set(name, value.get_bool());
        break;
      default:
        break;
    }
  }
  return claims;
}

template <typename T>
const T* find(const JwtClaims& claims, std::string_view name) {
  for (const auto& [each, value] : claims.values)
    if (each == name) return std::get_if<T>(&value);
  return nullptr;
}

}  // namespace

std::optional<std::string> JwtClaims::text(std::string_view name) const {
  const auto* const value = find<std::string>(*this, name);
  return value ? std::optional(*value) : std::nullopt;
}

std::optional<int64_t> JwtClaims::integer(std::string_view name) const {
  if (const auto* const value = find<int64_t>(*this, name)) return *value;
  const auto* const value = find<double>(*this, name);
  if (value == nullptr || !(std::abs(*value) < 0x1p62)) return std::nullopt;
  return static_cast<int64_t>(*value);
}

std::optional<bool> JwtClaims::boolean(std::string_view name) const {
  const auto* const value = find<bool>(*this, name);
  return value ? std::optional(*value) : std::nullopt;
}

std::string issue_jwt(const JwtKey& key, const JwtClaims& claims) {
  if (key.algorithm() != JwtAlgorithm::kHs256) throw std::logic_error("this key only verifies");
  json::object payload;
  for (const auto& [name, value] : claims.values)
    payload[name] = std::visit([](const auto& scalar) { return json::value(scalar); }, value);
  std::string token = base64url_encode(R"({"alg":"HS256","typ":"JWT"})");
  token += '.';
  token += base64url_encode(json::serialize(payload));
  const Bytes signature = hmac_sha256(key.impl_->secret, token);
  token += '.';
  token += base64url_encode(signature);
  return token;
}

Result<VerifiedJwt> JwtVerifier::verify(std::string_view token, WallTime now) const {
  if (token.size() > kMaxJwtBytes) return invalid("The token is longer than 8,192 bytes.");
  const size_t first = token.find('.');
  const size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos ||
      token.find('=') != std::string_view::npos)  // RFC 7515 §2: no padding
    return invalid("The token does not have the three parts of a JWT.");

  PB_ASSIGN(const json::object header, parse_part(token.substr(0, first), "header"));
  const json::value* const algorithm = header.if_contains("alg");
  if (algorithm == nullptr || !algorithm->is_string())
    return invalid("The token's header names no algorithm.");
  // RFC 7515 §4.1.11: extensions that must be understood, and are not.
  if (header.contains("crit")) return invalid("The token demands extensions that are not supported.");

  const std::optional<Bytes> signature = base64url_decode(token.substr(second + 1));
  if (!signature) return invalid("The token's signature is not base64url.");
  const JwtKey* signer = nullptr;
  bool algorithm_known = false;
  for (const JwtKey& key : keys_) {
    if (algorithm->get_string() != to_string(key.algorithm())) continue;
    algorithm_known = true;
    if (key.verify(token.substr(0, second), *signature)) signer = &key;
  }
  if (!algorithm_known)
    return invalid("The token is signed with an algorithm that this server has no key for.");
  if (signer == nullptr) return invalid("The token's signature is wrong.");

  // From here on the claims are the issuer's words.
  PB_ASSIGN(const json::object claims, parse_part(token.substr(first + 1, second - first - 1), "payload"));
  PB_ASSIGN(const auto expires, numeric_date(claims, "exp"));
  PB_ASSIGN(const auto not_before, numeric_date(claims, "nbf"));
  PB_ASSIGN(const auto issued, numeric_date(claims, "iat"));
  if (!expires) return invalid("The token has no time of expiry (\"exp\").");
  if (not_before && *not_before > now + rules_.clock_skew)
    return invalid("The token is not valid yet (\"nbf\").");
  if (issued && *issued > now + rules_.clock_skew)
    return invalid("The token was issued in the future (\"iat\"); compare the clocks.");
  if (!rules_.issuer.empty()) {
    const json::value* const issuer = claims.if_contains("iss");
    if (issuer == nullptr || !issuer->is_string() || issuer->get_string() != rules_.issuer)
      return invalid("The token comes from another issuer (\"iss\").");
  }
  if (!rules_.audience.empty() && !names_audience(claims.if_contains("aud"), rules_.audience))
    return invalid("The token is meant for another audience (\"aud\").");
  if (now >= *expires + rules_.clock_skew)
    return fail(ErrorCode::kTokenExpired, "The token has expired; log in again.");
  return VerifiedJwt{.algorithm = signer->algorithm(), .claims = scalars(claims), .expires_at = *expires};
}

}  // namespace patchbay::crypto
