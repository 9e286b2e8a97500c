// Opens one outgoing connection: looks the name up, tries every address in turn, lets a proxy open the way
// where there is one, and with TLS finishes the handshake, all under one deadline. Hands over a stream that
// is not yet attached. Shard-local.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/proxy.h"
#include "net/proxy_handshake.h"
#include "net/resolver.h"
#include "net/shard.h"
#include "net/stream.h"
#include "net/tls.h"

namespace patchbay::net {

struct ConnectOptions {
  std::string host;  // a name, or an address in figures without brackets
  uint16_t port = 0;
  // For all of it: the lookup, every address, the proxy's answer, the TLS handshake.
  Milliseconds timeout{20'000};
  std::shared_ptr<const TlsContext> tls;  // from TlsContext::client(); null: plain TCP
  StreamLimits stream;
  // The way there: its name is the one that is looked up, that of `host` is left to it. TLS is with `host`,
  // inside.
  std::optional<Proxy> proxy = std::nullopt;
};

class Connector final : public Pollable, public Disposable, private TimerNode {
 public:
  // Errors: kServiceUnavailable when nobody answers there, kRequestTimeout past the deadline, kConfiguration
  // when TLS, the certificate or what a proxy demands is at fault. Messages name the host, the proxy, what
  // was tried, and what to do; never the proxy's password.
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
  void on_way_open();
  void talk_to_proxy();
  bool send_to_proxy();
  void shake_hands();
  void tls_failed(int result);
  void arm();
  void drop_socket();
  void finish(Result<StreamPtr> result);
  std::string where() const;
  const std::string& next_hop() const { return options_.proxy ? options_.proxy->host : options_.host; }

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
  std::optional<ProxyHandshake> handshake_;  // while the proxy is asked
  std::string to_proxy_;                     // what it has not taken yet
};

}  // namespace patchbay::net
