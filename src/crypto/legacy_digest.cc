#include "crypto/legacy_digest.h"

#include <new>

#include <openssl/evp.h>

namespace patchbay::crypto {
namespace {

Bytes digest(std::string_view data, const EVP_MD* kind) {
  Bytes out(static_cast<size_t>(EVP_MD_get_size(kind)), '\0');
  // Fails only when memory does.
  if (EVP_Digest(data.data(), data.size(), reinterpret_cast<unsigned char*>(out.data()), nullptr, kind,
                 nullptr) != 1)
    throw std::bad_alloc();
  return out;
}

}  // namespace

Bytes sha1(std::string_view data) {
  return digest(data, EVP_sha1());
}

Bytes md5(std::string_view data) {
  return digest(data, EVP_md5());
}

}  // namespace patchbay::crypto
