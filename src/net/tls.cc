#include "net/tls.h"

#include <cerrno>
#include <cstring>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include "net/resolver.h"

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
  std::shared_ptr<TlsContext> made(new TlsContext(SSL_CTX_new(TLS_server_method()), Use::kServer));
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

Result<std::shared_ptr<const TlsContext>> TlsContext::client(const ClientOptions& options) {
  if (!options.ca_file.empty()) PB_TRY(check_readable("authority", options.ca_file));
  ERR_clear_error();
  std::shared_ptr<TlsContext> made(new TlsContext(SSL_CTX_new(TLS_client_method()),
                                                  options.insecure ? Use::kInsecureClient : Use::kClient));
  SSL_CTX* const context = made->context_;
  if (context == nullptr) return fail(ErrorCode::kInternal, "cannot set up TLS", openssl_error());
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context,
                      SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  constexpr unsigned char kProtocols[] = "\x08http/1.1";
  SSL_CTX_set_alpn_protos(context, kProtocols, sizeof kProtocols - 1);
  if (options.insecure) {
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
    return made;
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  if (options.ca_file.empty()) {
    if (SSL_CTX_set_default_verify_paths(context) != 1)
      return fail(ErrorCode::kConfiguration,
                  "cannot read this system's trusted certificates; install ca-certificates, or give a file",
                  openssl_error());
  } else if (SSL_CTX_load_verify_locations(context, options.ca_file.c_str(), nullptr) != 1) {
    return fail(ErrorCode::kConfiguration,
                "the TLS authority file '" + options.ca_file + "' holds no PEM certificate", openssl_error());
  }
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

ssl_st* TlsContext::make_client_session(int fd, const std::string& host) const {
  if (use_ == Use::kServer) return nullptr;
  SSL* const ssl = SSL_new(context_);
  if (ssl == nullptr) return nullptr;
  // RFC 6066 §3: an address is no server name. RFC 9110 §4.3.4: it must be in the certificate as an address.
  const bool numeric = is_numeric_address(host);
  bool ready = SSL_set_fd(ssl, fd) == 1 && (numeric || SSL_set_tlsext_host_name(ssl, host.c_str()) == 1);
  if (ready && use_ == Use::kClient) {
    X509_VERIFY_PARAM* const wanted = SSL_get0_param(ssl);
    X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    ready = numeric ? X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str()) == 1
                    : X509_VERIFY_PARAM_set1_host(wanted, host.c_str(), 0) == 1;
  }
  if (!ready) {
    SSL_free(ssl);
    return nullptr;
  }
  SSL_set_connect_state(ssl);
  return ssl;
}

}  // namespace patchbay::net
