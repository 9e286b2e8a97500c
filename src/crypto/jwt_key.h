// What is inside a JwtKey. Internal to crypto.
#pragma once

#include <memory>
#include <string>

#include <openssl/evp.h>

#include "crypto/jwt.h"

namespace patchbay::crypto {

struct FreePublicKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using PublicKey = std::unique_ptr<EVP_PKEY, FreePublicKey>;

struct JwtKey::Impl {
  JwtAlgorithm algorithm = JwtAlgorithm::kHs256;
  std::string secret;    // kHs256
  PublicKey public_key;  // the others
};

}  // namespace patchbay::crypto
