#include "crypto/digest.h"

#include <new>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "crypto/octets.h"

namespace patchbay::crypto {
namespace {

Bytes digest(const EVP_MD* algorithm, std::string_view data) {
  Bytes out(static_cast<size_t>(EVP_MD_get_size(algorithm)), '\0');
  unsigned int size = 0;
  // Fails only when memory does.
  if (EVP_Digest(data.data(), data.size(), reinterpret_cast<unsigned char*>(out.data()), &size, algorithm,
                 nullptr) != 1)
    throw std::bad_alloc();
  return out;
}

}  // namespace

Bytes sha256(std::string_view data) {
  return digest(EVP_sha256(), data);
}
Bytes sha512(std::string_view data) {
  return digest(EVP_sha512(), data);
}
Bytes sha1(std::string_view data) {
  return digest(EVP_sha1(), data);
}
Bytes md5(std::string_view data) {
  return digest(EVP_md5(), data);
}

std::string sha256_hex(std::string_view data) {
  return to_hex(sha256(data));
}

Bytes hmac_sha256(std::string_view key, std::string_view data) {
  Bytes out(32, '\0');
  unsigned int size = 0;
  // A null pointer as key would mean "the key of the call before".
  const unsigned char empty = 0;
  if (HMAC(EVP_sha256(), key.empty() ? &empty : octets(key), static_cast<int>(key.size()), octets(data),
           data.size(), reinterpret_cast<unsigned char*>(out.data()), &size) == nullptr)
    throw std::bad_alloc();
  return out;
}

}  // namespace patchbay::crypto
