#include "crypto/jwt.h"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/bytes.h"
#include "crypto/digest.h"

namespace patchbay::crypto {
namespace {

constexpr WallTime kNow = WallTime(Milliseconds(1'700'000'000'000));
const std::string kSecret = "0123456789abcdef0123456789abcdef";

std::string hs256(std::string_view header, std::string_view payload, std::string_view secret = kSecret) {
  const std::string input = base64url_encode(header) + "." + base64url_encode(payload);
  return input + "." + base64url_encode(hmac_sha256(secret, input));
}
constexpr std::string_view kHs256Header = R"({"alg":"HS256","typ":"JWT"})";

// A key pair of an identity provider.
class Provider {
 public:
  explicit Provider(EVP_PKEY* key) : key_(key, EVP_PKEY_free) {}
  static Provider rsa(size_t bits = 2048) { return Provider(EVP_RSA_gen(bits)); }
  static Provider ec(const char* curve = "P-256") { return Provider(EVP_EC_gen(curve)); }

  std::string public_pem() const {
    return pem([](BIO* bio, EVP_PKEY* key) { return PEM_write_bio_PUBKEY(bio, key); });
  }
  std::string private_pem() const {
    return pem([](BIO* bio, EVP_PKEY* key) {
      return PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
    });
  }
  std::string token(std::string_view header, std::string_view payload) const {
    const std::string input = base64url_encode(header) + "." + base64url_encode(payload);
    EVP_MD_CTX* const context = EVP_MD_CTX_new();
    size_t size = 0;
    const auto* const data = reinterpret_cast<const unsigned char*>(input.data());
    EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key_.get());
    EVP_DigestSign(context, nullptr, &size, data, input.size());
    std::string signature(size, '\0');
    EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size, data, input.size());
    EVP_MD_CTX_free(context);
    signature.resize(size);
    if (EVP_PKEY_is_a(key_.get(), "EC") == 1) signature = bare(signature);
    return input + "." + base64url_encode(signature);
  }

 private:
  template <typename F>
  std::string pem(F write) const {
    BIO* const bio = BIO_new(BIO_s_mem());
    write(bio, key_.get());
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    std::string text(data, static_cast<size_t>(size));
    BIO_free(bio);
    return text;
  }
  static std::string bare(const std::string& der) {
    const auto* p = reinterpret_cast<const unsigned char*>(der.data());
    ECDSA_SIG* const signature = d2i_ECDSA_SIG(nullptr, &p, static_cast<long>(der.size()));
    std::string raw(64, '\0');
    auto* const out = reinterpret_cast<unsigned char*>(raw.data());
    BN_bn2binpad(ECDSA_SIG_get0_r(signature), out, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(signature), out + 32, 32);
    ECDSA_SIG_free(signature);
    return raw;
  }
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
};

JwtVerifier verifier(JwtRules rules = {}) {
  return JwtVerifier({*JwtKey::from_secret(kSecret)}, std::move(rules));
}

std::string payload_with(std::string_view more) {
  return R"({"userId":"u1","exp":1700003600)" + std::string(more) + "}";
}

void expect_code(const Result<VerifiedJwt>& result, ErrorCode code) {
  ASSERT_FALSE(result);
  EXPECT_EQ(to_string(result.error().code), to_string(code)) << result.error().message;
}

TEST(Jwt, WhatIsIssuedVerifiesAndKeepsItsClaims) {
  const auto key = JwtKey::from_secret(kSecret);
  JwtClaims claims;
  claims.set("userId", std::string("c123"));
  claims.set("ver", int64_t{7});
  claims.set("exp", int64_t{1'700'000'060});
  const auto verified = verifier().verify(issue_jwt(*key, claims), kNow);
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_EQ(verified->claims.text("userId"), "c123");
  EXPECT_EQ(verified->claims.integer("ver"), 7);
  EXPECT_EQ(verified->claims.text("ver"), std::nullopt);
  EXPECT_EQ(verified->expires_at, kNow + std::chrono::seconds(60));
}

TEST(Jwt, TheTokenHasTheCompactFormThatOtherLibrariesRead) {
  const auto key = JwtKey::from_secret(kSecret);
  JwtClaims claims;
  claims.set("exp", int64_t{1});
  const std::string token = issue_jwt(*key, claims);
  EXPECT_TRUE(token.starts_with("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJleHAiOjF9."));
  EXPECT_EQ(std::count(token.begin(), token.end(), '.'), 2);
  EXPECT_EQ(token.find_first_of("+/="), std::string::npos);
}

TEST(Jwt, ExpiryIsToldApartFromEverythingElse) {
  const auto at = [](std::string_view exp) {
    return hs256(kHs256Header, R"({"exp":)" + std::string(exp) + "}");
  };
  const JwtRules strict{.issuer = "", .audience = "", .clock_skew = Milliseconds(0)};
  EXPECT_TRUE(verifier(strict).verify(at("1700000001"), kNow));
  EXPECT_TRUE(verifier(strict).verify(at("1700000000.5"), kNow));
  expect_code(verifier(strict).verify(at("1700000000"), kNow), ErrorCode::kTokenExpired);
  expect_code(verifier(strict).verify(at("-5"), kNow), ErrorCode::kTokenExpired);
  for (const char* const nonsense : {"1e300", "\"1700000001\"", "null", "true", "[]"})
    expect_code(verifier(strict).verify(at(nonsense), kNow), ErrorCode::kTokenInvalid);
  expect_code(verifier(strict).verify(hs256(kHs256Header, "{}"), kNow), ErrorCode::kTokenInvalid);
}

TEST(Jwt, AnExpiredTokenWithAWrongSignatureIsInvalidNotExpired) {
  expect_code(verifier().verify(hs256(kHs256Header, R"({"exp":1})", std::string(32, 'x')), kNow),
              ErrorCode::kTokenInvalid);
}

TEST(Jwt, ClocksMayDifferByTheSkewAndNoMore) {
  const JwtRules rules{.issuer = "", .audience = "", .clock_skew = std::chrono::seconds(30)};
  EXPECT_TRUE(verifier(rules).verify(hs256(kHs256Header, R"({"exp":1699999971})"), kNow));
  expect_code(verifier(rules).verify(hs256(kHs256Header, R"({"exp":1699999970})"), kNow),
              ErrorCode::kTokenExpired);
  EXPECT_TRUE(verifier(rules).verify(hs256(kHs256Header, payload_with(R"(,"nbf":1700000030)")), kNow));
  expect_code(verifier(rules).verify(hs256(kHs256Header, payload_with(R"(,"nbf":1700000031)")), kNow),
              ErrorCode::kTokenInvalid);
  EXPECT_TRUE(verifier(rules).verify(hs256(kHs256Header, payload_with(R"(,"iat":1700000030)")), kNow));
  expect_code(verifier(rules).verify(hs256(kHs256Header, payload_with(R"(,"iat":1700000031)")), kNow),
              ErrorCode::kTokenInvalid);
}

TEST(Jwt, IssuerAndAudienceMustFitWhenTheyAreConfigured) {
  const JwtRules rules{.issuer = "https://id.example", .audience = "patchbay"};
  const auto with = [](std::string_view more) { return hs256(kHs256Header, payload_with(more)); };
  EXPECT_TRUE(verifier(rules).verify(with(R"(,"iss":"https://id.example","aud":"patchbay")"), kNow));
  EXPECT_TRUE(
      verifier(rules).verify(with(R"(,"iss":"https://id.example","aud":["other","patchbay"])"), kNow));
  for (const char* const wrong :
       {"", R"(,"iss":"https://id.example")", R"(,"aud":"patchbay")",
        R"(,"iss":"https://id.example","aud":"other")", R"(,"iss":"https://id.example","aud":[])",
        R"(,"iss":"https://id.example","aud":[["patchbay"]])",
        R"(,"iss":["https://id.example"],"aud":"patchbay")",
        R"(,"iss":"https://id.example/","aud":"patchbay")",
        R"(,"iss":"https://id.example","aud":{"patchbay":1})"})
    expect_code(verifier(rules).verify(with(wrong), kNow), ErrorCode::kTokenInvalid);
}

TEST(Jwt, UnsignedTokensAreRefusedHoweverTheyAreSpelt) {
  for (const char* const header : {R"({"alg":"none"})", R"({"alg":"None"})", R"({"alg":"NONE","typ":"JWT"})",
                                   R"({"alg":""})", R"({"alg":null})", R"({})", R"({"alg":["HS256"]})",
                                   R"({"alg":"hs256"})", R"({"alg":"HS512"})", R"({"alg":"HS256 "})"}) {
    const std::string input = base64url_encode(header) + "." + base64url_encode(payload_with(""));
    expect_code(verifier().verify(input + ".", kNow), ErrorCode::kTokenInvalid);
    expect_code(verifier().verify(hs256(header, payload_with("")), kNow), ErrorCode::kTokenInvalid);
  }
}

TEST(Jwt, AChangeOfAnyCharacterIsNoticed) {
  const std::string token = hs256(kHs256Header, payload_with(""));
  for (size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(verifier().verify(changed, kNow)) << "character " << i;
    EXPECT_FALSE(verifier().verify(token.substr(0, i), kNow)) << "cut at " << i;
  }
}

TEST(Jwt, GarbageIsRefusedWithoutHarm) {
  const std::string good = hs256(kHs256Header, payload_with(""));
  for (const std::string& garbage :
       {std::string(), std::string("."), std::string(".."), std::string("..."), good + ".x", good + "=",
        std::string(10'000'000, '.'), std::string(9'000, 'a'), hs256("[]", "[]"), hs256("\"x\"", "{}"),
        hs256(kHs256Header, "not json"), hs256(kHs256Header, std::string(2'000, '[')),
        hs256("{", payload_with("")),
        hs256(R"({"alg":"HS256","crit":["b64"],"b64":false})", payload_with("")), std::string("\0.\0.\0", 5)})
    expect_code(verifier().verify(garbage, kNow), ErrorCode::kTokenInvalid);
}

TEST(Jwt, TheErrorNeverQuotesTheToken) {
  const std::string token = hs256(kHs256Header, payload_with(R"(,"iss":"s3cr3t")"), std::string(32, 'x'));
  const auto refused = verifier({.issuer = "i", .audience = ""}).verify(token, kNow);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message.find("s3cr3t"), std::string::npos);
  EXPECT_EQ(refused.error().message.find(token.substr(0, 20)), std::string::npos);
}

TEST(Jwt, TokensOfAnIdentityProviderVerifyByItsPublicKey) {
  struct Case {
    Provider provider;
    const char* header;
    JwtAlgorithm algorithm;
  };
  Case cases[] = {{Provider::rsa(), R"({"alg":"RS256","kid":"1"})", JwtAlgorithm::kRs256},
                  {Provider::ec(), R"({"alg":"ES256","kid":"1"})", JwtAlgorithm::kEs256}};
  for (const Case& each : cases) {
    const auto key = JwtKey::from_public_pem(each.provider.public_pem());
    ASSERT_TRUE(key) << key.error().message;
    EXPECT_EQ(key->algorithm(), each.algorithm);
    const JwtVerifier both({*JwtKey::from_secret(kSecret), *key}, {});
    const std::string token = each.provider.token(each.header, payload_with(""));
    const auto verified = both.verify(token, kNow);
    ASSERT_TRUE(verified) << verified.error().message;
    EXPECT_EQ(verified->algorithm, each.algorithm);
    EXPECT_TRUE(both.verify(hs256(kHs256Header, payload_with("")), kNow)) << "our own tokens still serve";
    // Signed by somebody else of the same kind.
    const Provider stranger = each.algorithm == JwtAlgorithm::kRs256 ? Provider::rsa() : Provider::ec();
    expect_code(both.verify(stranger.token(each.header, payload_with("")), kNow), ErrorCode::kTokenInvalid);
    // Algorithm confusion: the public key, which everybody has, as an HMAC secret.
    expect_code(both.verify(hs256(kHs256Header, payload_with(""), each.provider.public_pem()), kNow),
                ErrorCode::kTokenInvalid);
    // The signature of one algorithm under the name of another.
    expect_code(both.verify(each.provider.token(kHs256Header, payload_with("")), kNow),
                ErrorCode::kTokenInvalid);
    const char* const other =
        each.algorithm == JwtAlgorithm::kRs256 ? R"({"alg":"ES256"})" : R"({"alg":"RS256"})";
    expect_code(both.verify(each.provider.token(other, payload_with("")), kNow), ErrorCode::kTokenInvalid);
    // With the provider's key alone, HS256 has no key at all.
    const JwtVerifier provider_only({*key}, {});
    expect_code(provider_only.verify(hs256(kHs256Header, payload_with(""), each.provider.public_pem()), kNow),
                ErrorCode::kTokenInvalid);
  }
}

TEST(Jwt, Es256SignaturesOfOddShapesAreRefused) {
  const Provider provider = Provider::ec();
  const JwtVerifier only({*JwtKey::from_public_pem(provider.public_pem())}, {});
  const std::string input = base64url_encode(R"({"alg":"ES256"})") + "." + base64url_encode(payload_with(""));
  for (const size_t size : {0u, 1u, 63u, 64u, 65u, 72u})
    for (const char fill : {'\0', '\xff'})
      expect_code(only.verify(input + "." + base64url_encode(std::string(size, fill)), kNow),
                  ErrorCode::kTokenInvalid);
}

TEST(Jwt, KeysThatAreTooWeakOrOfTheWrongKindAreRefusedAtStart) {
  const auto refused = [](const Result<JwtKey>& key, std::string_view words) {
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().code, ErrorCode::kConfiguration);
    EXPECT_NE(key.error().message.find(words), std::string::npos) << key.error().message;
  };
  refused(JwtKey::from_secret(std::string(31, 'x')), "at least 32 bytes");
  refused(JwtKey::from_public_pem(""), "PEM");
  refused(JwtKey::from_public_pem("-----BEGIN PUBLIC KEY-----\nnonsense\n-----END PUBLIC KEY-----\n"), "PEM");
  refused(JwtKey::from_public_pem(Provider::rsa().private_pem()), "private key");
  refused(JwtKey::from_public_pem(Provider::rsa(1024).public_pem()), "2048");
  refused(JwtKey::from_public_pem(Provider::ec("P-384").public_pem()), "P-256");
  refused(JwtKey::from_public_pem(Provider(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")).public_pem()),
          "P-256");
}

}  // namespace
}  // namespace patchbay::crypto
