// A listening TCP socket of one shard. Every shard has its own on the same port (SO_REUSEPORT); the kernel
// spreads connections. Shard-local after start().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "net/shard.h"
#include "net/stream.h"
#include "net/tls.h"

namespace patchbay::net {

struct ListenOptions {
  std::string host = "127.0.0.1";  // numeric IPv4 or IPv6 address
  uint16_t port = 0;               // 0: the kernel chooses
  int backlog = 4096;
  StreamLimits stream;
  std::shared_ptr<TlsContext> tls;  // null: plain TCP
};

class Listener final : public Pollable, private TimerNode {
 public:
  using Accept = std::function<void(StreamPtr)>;

  // Opens the socket; call on any thread. A taken port, a bad address or a forbidden port is an error that
  // says so.
  static Result<std::unique_ptr<Listener>> open(const ListenOptions& options);
  // Refuses a port on which somebody else listens already. SO_REUSEPORT alone would share it silently.
  static Status check_free(const ListenOptions& options);
  ~Listener() override;

  uint16_t port() const { return port_; }

  // On the shard's thread: begin accepting. `accept` gets streams that are not yet attached.
  void start(Shard& shard, Accept accept);
  // On the shard's thread: stop accepting, close the socket.
  void stop();

 private:
  Listener(int fd, uint16_t port, const ListenOptions& options) : fd_(fd), port_(port), options_(options) {}
  void on_events(uint32_t events) override;
  void on_timer() override;

  int fd_;
  uint16_t port_;
  ListenOptions options_;
  Shard* shard_ = nullptr;
  Accept accept_;
};

}  // namespace patchbay::net
