// Host names to addresses, off the loops: getaddrinfo() may block for seconds, so it runs on a thread of its
// own. Answers come back as messages to the shard that asked. It keeps no cache. Thread-safe; share one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <sys/socket.h>

#include "base/result.h"
#include "base/worker_pool.h"
#include "net/shard.h"

namespace patchbay::net {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  std::string text;  // numeric, without port
};

class Resolver {
 public:
  using Done = std::move_only_function<void(Result<std::vector<SocketAddress>>)>;

  Resolver() = default;
  // Waits for the lookup in progress. The shards that asked must still exist.
  ~Resolver() = default;
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Calls `done` on `shard` in a later turn, with at least one address in the order to try them (RFC 6724),
  // at most kMaxAddresses. Numeric addresses need no thread. Up to kMaxQueued lookups wait; past it
  // kServiceUnavailable.
  void resolve(Shard& shard, const std::string& host, uint16_t port, Done done);

  static constexpr size_t kMaxAddresses = 16;
  static constexpr size_t kMaxQueued = 256;

 private:
  std::once_flag once_;
  std::unique_ptr<WorkerPool> pool_;  // made when the first name is asked for
};

// True for an IPv4 or IPv6 address in figures, without brackets.
bool is_numeric_address(const std::string& host);

}  // namespace patchbay::net
