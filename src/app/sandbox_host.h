// A sandbox of WhatsApp with a port and an event loop of its own, inside this process: for `patchbay
// sandbox`, and for `patchbay serve --sandbox`, whose engine connects to it over loopback like to WhatsApp
// itself. Made, started and stopped on one thread, never a shard's.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "http/server.h"
#include "net/shard.h"
#include "sandbox/server.h"

namespace patchbay::app {

class SandboxHost {
 public:
  // `clock` outlives it.
  SandboxHost(const Clock& clock, const sandbox::NetworkOptions& network, http::ServerOptions server);
  ~SandboxHost();  // stops

  // The sandbox is made, and its port is open.
  Status start();
  // Ends its connections. Idempotent.
  void stop();

  sandbox::Sandbox& sandbox() { return sandbox_; }
  uint16_t port() const { return server_.port(); }
  // Where clients connect: "ws://127.0.0.1:3030/ws/chat". After start().
  std::string socket_url() const;
  std::string control_url() const;

 private:
  class Door final : public http::Handler {
   public:
    explicit Door(sandbox::Sandbox& sandbox) : sandbox_(sandbox) {}
    void handle(const http::ExchangePtr& exchange) override;

   private:
    sandbox::Sandbox& sandbox_;
  };
  std::string url(const char* plain, const char* secure, std::string_view path) const;

  const std::string host_;
  const bool tls_;
  net::ShardGroup shards_{1};
  sandbox::Sandbox sandbox_;
  Door door_;
  http::Server server_;
  bool running_ = false;
};

}  // namespace patchbay::app
