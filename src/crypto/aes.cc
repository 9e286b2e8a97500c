#include "crypto/aes.h"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>

#include <openssl/evp.h>

#include "crypto/octets.h"

namespace patchbay::crypto {
namespace {

struct FreeCipherContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }  // wipes the key schedule
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeCipherContext>;

// What OpenSSL answers here fails only when memory does.
void must(int one) {
  if (one != 1) throw std::bad_alloc();
}

Context start(const EVP_CIPHER* cipher, std::string_view key, std::string_view iv, bool encrypt) {
  require(key.size() == kAesKeyBytes, "a key is not 32 octets");
  require(iv.size() == static_cast<size_t>(EVP_CIPHER_get_iv_length(cipher)),
          "a nonce or IV has a wrong size");
  Context context(EVP_CIPHER_CTX_new());
  if (!context) throw std::bad_alloc();
  must(EVP_CipherInit_ex(context.get(), cipher, nullptr, octets(key), octets(iv), encrypt ? 1 : 0));
  return context;
}

// Octets written.
size_t update(const Context& context, unsigned char* out, std::string_view in) {
  if (in.empty()) return 0;  // a null pointer would mean something else
  int written = 0;
  must(EVP_CipherUpdate(context.get(), out, &written, octets(in), static_cast<int>(in.size())));
  return static_cast<size_t>(written);
}

void add_associated(const Context& context, std::string_view associated) {
  require(associated.size() <= kMaxAesBytes, "the associated data is too long");
  update(context, nullptr, associated);
}

}  // namespace

Bytes aes_256_gcm_seal(std::string_view key, std::string_view nonce, std::string_view associated,
                       std::string_view plain) {
  require(plain.size() <= kMaxAesBytes, "the plaintext is too long");
  const Context context = start(EVP_aes_256_gcm(), key, nonce, true);
  add_associated(context, associated);
  Bytes out(plain.size() + kGcmTagBytes, '\0');
  update(context, octets(out), plain);
  unsigned char nothing[kAesBlockBytes];
  int written = 0;
  must(EVP_CipherFinal_ex(context.get(), nothing, &written));
  must(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kGcmTagBytes, octets(out, plain.size())));
  return out;
}

std::optional<Bytes> aes_256_gcm_open(std::string_view key, std::string_view nonce,
                                      std::string_view associated, std::string_view sealed) {
  const Context context = start(EVP_aes_256_gcm(), key, nonce, false);
  if (sealed.size() < kGcmTagBytes || sealed.size() > kMaxAesBytes + kGcmTagBytes) return std::nullopt;
  add_associated(context, associated);
  Bytes tag(sealed.substr(sealed.size() - kGcmTagBytes));
  sealed.remove_suffix(kGcmTagBytes);
  Bytes out(sealed.size(), '\0');
  update(context, octets(out), sealed);
  must(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kGcmTagBytes, tag.data()));
  unsigned char nothing[kAesBlockBytes];
  int written = 0;
  if (EVP_CipherFinal_ex(context.get(), nothing, &written) != 1) return std::nullopt;
  return out;
}

Bytes aes_256_cbc_encrypt(std::string_view key, std::string_view iv, std::string_view plain) {
  require(plain.size() <= kMaxAesBytes, "the plaintext is too long");
  const Context context = start(EVP_aes_256_cbc(), key, iv, true);
  Bytes out(plain.size() / kAesBlockBytes * kAesBlockBytes + kAesBlockBytes, '\0');
  const size_t before = update(context, octets(out), plain);
  int written = 0;
  must(EVP_CipherFinal_ex(context.get(), octets(out, before), &written));
  return out;
}

std::optional<Bytes> aes_256_cbc_decrypt(std::string_view key, std::string_view iv, std::string_view cipher) {
  const Context context = start(EVP_aes_256_cbc(), key, iv, false);
  if (cipher.empty() || cipher.size() % kAesBlockBytes != 0 || cipher.size() > kMaxAesBytes + kAesBlockBytes)
    return std::nullopt;
  Bytes out(cipher.size() + kAesBlockBytes, '\0');  // OpenSSL asks for a block of room
  const size_t before = update(context, octets(out), cipher);
  int written = 0;
  if (EVP_CipherFinal_ex(context.get(), octets(out, before), &written) != 1) return std::nullopt;
  out.resize(before + static_cast<size_t>(written));
  return out;
}

Bytes aes_256_ctr(std::string_view key, std::string_view iv, std::string_view bytes) {
  require(bytes.size() <= kMaxAesBytes, "the input is too long");
  const Context context = start(EVP_aes_256_ctr(), key, iv, true);
  Bytes out(bytes.size(), '\0');
  update(context, octets(out), bytes);
  return out;
}

}  // namespace patchbay::crypto
