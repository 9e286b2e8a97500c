// TLS settings: of a listener (certificate and key from PEM files) or of outgoing connections (whom to
// trust). TLS 1.2 and newer. Immutable after creation; shared by all shards.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"

struct ssl_ctx_st;
struct ssl_st;

namespace patchbay::net {

class TlsContext {
 public:
  // `certificate_file` holds the chain, leaf first. Errors name the file and what is wrong with it
  // (missing, unreadable, not PEM, key does not belong to the certificate).
  static Result<std::shared_ptr<TlsContext>> from_files(const std::string& certificate_file,
                                                        const std::string& key_file);
  struct ClientOptions {
    // PEM certificates of the authorities to trust instead of the system's. Empty: the system's.
    std::string ca_file;
    // Trust any certificate for any host. For trials on one's own machine only: whoever sits in between reads
    // all.
    bool insecure = false;
  };
  // For net::Connector: the chain and the host name, or address, are verified; ALPN says http/1.1. Errors
  // name the file and what is wrong with it.
  static Result<std::shared_ptr<const TlsContext>> client(const ClientOptions& options);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // A new server-side TLS state on `fd`; the caller owns it (SSL_free). Null when memory is out.
  ssl_st* make_server_session(int fd) const;
  // The same for the client's side of a connection to `host`, a name or a numeric address. Null also when
  // this is a listener's context.
  ssl_st* make_client_session(int fd, const std::string& host) const;

 private:
  enum class Use { kServer, kClient, kInsecureClient };
  TlsContext(ssl_ctx_st* context, Use use) : context_(context), use_(use) {}
  ssl_ctx_st* context_;
  const Use use_;
};

}  // namespace patchbay::net
