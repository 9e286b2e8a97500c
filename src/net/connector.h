// Opens one outgoing connection: looks the name up, tries every address in turn, and with TLS finishes the
// handshake, all under one deadline. Hands over a stream that is not yet attached. Shard-local.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/resolver.h"
#include "net/shard.h"
#include "net/stream.h"
#include "net/tls.h"

namespace patchbay::net {

struct ConnectOptions {
  std::string host;  // a name, or an address in figures without brackets
  uint16_t port = 0;
  // For all of it: the lookup, every address, the TLS handshake.
  Milliseconds timeout{20'000};
  std::shared_ptr<const TlsContext> tls;  // from TlsContext::client(); null: plain TCP
  StreamLimits stream;
};

class Connector final : public Pollable, public Disposable, private TimerNode {
 public:
  // Errors: kServiceUnavailable when nobody answers there, kRequestTimeout past the deadline, kConfiguration
  // when TLS or the certificate is at fault. Messages name the host, what was tried, and what to do.
  using Done = std::move_only_function<void(Result<StreamPtr>)>;
  // Letting go gives up silently, also from inside `done`.
  struct Deleter {
    void operator()(Connector* connector) const;
  };
  using Ptr = std::unique_ptr<Connector, Deleter>;

  // On `shard`, the current one. `done` is called once, in a later turn.
  static Ptr start(Shard& shard, Resolver& resolver, ConnectOptions options, Done done);
  ~Connector() override;

 private:
  Connector(Shard& shard, ConnectOptions options, Done done);

  void on_events(uint32_t events) override;
  void on_timer() override;

  void on_resolved(Result<std::vector<SocketAddress>> addresses);
  void try_next();
  void attempt_failed(int error);
  void on_connected();
  void shake_hands();
  void tls_failed(int result);
  void arm();
  void drop_socket();
  void finish(Result<StreamPtr> result);
  std::string where() const;

  Shard& shard_;
  ConnectOptions options_;
  Done done_;
  std::shared_ptr<Connector*> self_;  // what a lookup under way holds weakly
  std::vector<SocketAddress> addresses_;
  size_t next_ = 0;
  std::string failures_;  // of the addresses tried so far
  uint64_t deadline_ms_;
  int fd_ = -1;
  ssl_st* ssl_ = nullptr;
};

}  // namespace patchbay::net
