#include "net/tls.h"

#include <cerrno>
#include <cstring>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <unistd.h>

namespace patchbay::net {
namespace {

std::string openssl_error() {
  std::string text;
  while (const unsigned long code = ERR_get_error()) {
    char line[256];
    ERR_error_string_n(code, line, sizeof line);
    if (!text.empty()) text += "; ";
    text += line;
  }
  return text;
}

Status check_readable(const std::string& what, const std::string& file) {
  if (access(file.c_str(), R_OK) == 0) return {};
  return fail(ErrorCode::kConfiguration, "cannot read the TLS " + what + " file '" + file +
                                             "': " + std::strerror(errno) + "; give a readable PEM file");
}

}  // namespace

Result<std::shared_ptr<TlsContext>> TlsContext::from_files(const std::string& certificate_file,
                                                           const std::string& key_file) {
  PB_TRY(check_readable("certificate", certificate_file));
  PB_TRY(check_readable("key", key_file));
  ERR_clear_error();
  std::shared_ptr<TlsContext> made(new TlsContext(SSL_CTX_new(TLS_server_method())));
  SSL_CTX* const context = made->context_;
  if (context == nullptr) return fail(ErrorCode::kInternal, "cannot set up TLS", openssl_error());
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                   SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  if (SSL_CTX_use_certificate_chain_file(context, certificate_file.c_str()) != 1)
    return fail(ErrorCode::kConfiguration,
                "the TLS certificate file '" + certificate_file + "' is not a PEM certificate chain",
                openssl_error());
  if (SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) != 1)
    return fail(ErrorCode::kConfiguration,
                "the TLS key file '" + key_file + "' is not a PEM private key of the certificate in '" +
                    certificate_file + "'",
                openssl_error());
  if (SSL_CTX_check_private_key(context) != 1)
    return fail(
        ErrorCode::kConfiguration,
        "the TLS key in '" + key_file + "' does not belong to the certificate in '" + certificate_file + "'",
        openssl_error());
  return made;
}

TlsContext::~TlsContext() {
  SSL_CTX_free(context_);
}

ssl_st* TlsContext::make_server_session(int fd) const {
  SSL* const ssl = SSL_new(context_);
  if (ssl == nullptr) return nullptr;
  if (SSL_set_fd(ssl, fd) != 1) {
    SSL_free(ssl);
    return nullptr;
  }
  SSL_set_accept_state(ssl);
  return ssl;
}

}  // namespace patchbay::net
