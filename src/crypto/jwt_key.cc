#include "crypto/jwt_key.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/bytes.h"
#include "crypto/digest.h"
#include "crypto/octets.h"

namespace patchbay::crypto {
namespace {

constexpr int kMinRsaBits = 2048;
constexpr size_t kMaxPemBytes = 65'536;
constexpr size_t kEs256SignatureBytes = 64;  // RFC 7518 §3.4: R and S, 32 octets each

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct FreeCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
struct FreeDigestContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
struct FreeSignature {
  void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
};

PublicKey read_pem(std::string_view pem) {
  const std::unique_ptr<BIO, FreeBio> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!bio) return nullptr;
  if (pem.find("-----BEGIN CERTIFICATE-----") != std::string_view::npos) {
    const std::unique_ptr<X509, FreeCertificate> certificate(
        PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    return certificate ? PublicKey(X509_get_pubkey(certificate.get())) : nullptr;
  }
  return PublicKey(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
}

bool is_p256(const EVP_PKEY* key) {
  char group[64] = {};
  size_t size = 0;
  return EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, &size) == 1 &&
         std::string_view(group, size) == "prime256v1";
}

// OpenSSL wants ECDSA signatures in DER; tokens carry the two numbers bare.
Bytes to_der(std::string_view raw) {
  const std::unique_ptr<ECDSA_SIG, FreeSignature> signature(ECDSA_SIG_new());
  BIGNUM* const r = BN_bin2bn(octets(raw), 32, nullptr);
  BIGNUM* const s = BN_bin2bn(octets(raw.substr(32)), 32, nullptr);
  if (!signature || r == nullptr || s == nullptr || ECDSA_SIG_set0(signature.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return {};
  }
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &der);
  if (size <= 0) return {};
  Bytes out(reinterpret_cast<char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return out;
}

bool verify_with_public_key(EVP_PKEY* key, std::string_view data, std::string_view signature) {
  const std::unique_ptr<EVP_MD_CTX, FreeDigestContext> context(EVP_MD_CTX_new());
  const bool good =
      context && EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
      EVP_DigestVerify(context.get(), octets(signature), signature.size(), octets(data), data.size()) == 1;
  if (!good) ERR_clear_error();
  return good;
}

}  // namespace

std::string_view to_string(JwtAlgorithm algorithm) {
  switch (algorithm) {
    case JwtAlgorithm::kHs256:
      return "HS256";
    case JwtAlgorithm::kRs256:
      return "RS256";
    case JwtAlgorithm::kEs256:
      return "ES256";
  }
  return "";
}

Result<JwtKey> JwtKey::from_secret(std::string secret) {
  if (secret.size() < kMinHmacSecretBytes)
    return fail(ErrorCode::kConfiguration,
                "The secret that signs tokens must be at least 32 bytes long; it is " +
                    std::to_string(secret.size()) + ". `openssl rand -hex 32` makes a good one.");
  auto impl = std::make_shared<Impl>();
  impl->secret = std::move(secret);
  return JwtKey(std::move(impl));
}

Result<JwtKey> JwtKey::from_public_pem(std::string_view pem) {
  if (pem.find("PRIVATE KEY-----") != std::string_view::npos)
    return fail(ErrorCode::kConfiguration,
                "The key for verifying tokens is a private key; give the public one "
                "(`openssl pkey -in private.pem -pubout`) and keep the private one with the issuer.");
  auto impl = std::make_shared<Impl>();
  if (pem.size() <= kMaxPemBytes) impl->public_key = read_pem(pem);
  ERR_clear_error();
  if (!impl->public_key)
    return fail(ErrorCode::kConfiguration,
                "The key for verifying tokens is no public key or certificate in PEM form (it begins with "
                "\"-----BEGIN PUBLIC KEY-----\").");
  EVP_PKEY* const key = impl->public_key.get();
  if (EVP_PKEY_is_a(key, "RSA") == 1) {
    if (EVP_PKEY_get_bits(key) < kMinRsaBits)
      return fail(ErrorCode::kConfiguration, "The RSA key for verifying tokens has " +
                                                 std::to_string(EVP_PKEY_get_bits(key)) +
                                                 " bits; 2048 are the least.");
    impl->algorithm = JwtAlgorithm::kRs256;
  } else if (EVP_PKEY_is_a(key, "EC") == 1 && is_p256(key)) {
    impl->algorithm = JwtAlgorithm::kEs256;
  } else {
    return fail(ErrorCode::kConfiguration,
                "The key for verifying tokens must be RSA (for RS256) or on the curve P-256 (for ES256).");
  }
  return JwtKey(std::move(impl));
}

JwtAlgorithm JwtKey::algorithm() const {
  return impl_->algorithm;
}

bool JwtKey::verify(std::string_view signing_input, std::string_view signature) const {
  switch (impl_->algorithm) {
    case JwtAlgorithm::kHs256:
      return equals_constant_time(hmac_sha256(impl_->secret, signing_input), signature);
    case JwtAlgorithm::kRs256:
      return verify_with_public_key(impl_->public_key.get(), signing_input, signature);
    case JwtAlgorithm::kEs256: {
      if (signature.size() != kEs256SignatureBytes) return false;
      const Bytes der = to_der(signature);
      return !der.empty() && verify_with_public_key(impl_->public_key.get(), signing_input, der);
    }
  }
  return false;
}

}  // namespace patchbay::crypto
