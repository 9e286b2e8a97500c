// TLS settings of a listener: certificate and key from PEM files, TLS 1.2 and newer. Immutable after
// creation; shared by all shards.
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
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // A new server-side TLS state on `fd`; the caller owns it (SSL_free). Null when memory is out.
  ssl_st* make_server_session(int fd) const;

 private:
  explicit TlsContext(ssl_ctx_st* context) : context_(context) {}
  ssl_ctx_st* context_;
};

}  // namespace patchbay::net
