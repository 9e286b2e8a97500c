// The HTTP/1.1 server: connections on every shard, one request at a time each, deadlines and limits on every
// part. It parses and frames; what a request means is the Handler's business. RFC 9112.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "http/message.h"
#include "http/request_parser.h"
#include "net/listener.h"
#include "net/shard.h"
#include "net/stream.h"

namespace patchbay::http {

class Connection;

// One request that waits for its answer. Shard-local to the connection's shard, except responder().
class Exchange final : public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(net::Shard& shard, Connection& connection, Request request)
      : shard_(shard), connection_(&connection), request_(std::move(request)) {}

  const Request& request() const { return request_; }
  net::Shard& shard() { return shard_; }

  // Answers; the first answer counts, and none does once the connection is gone.
  void respond(Response response);
  // The same from any thread, later. Destroyed unused it answers 500.
  Responder responder();

  // True until the answer was given or the connection died. While it is true the peer is still there, as far
  // as anybody knows.
  bool open() const { return connection_ != nullptr; }
  // Called at most once, when the peer goes away before the answer.
  void on_abort(std::function<void()> callback) { on_abort_ = std::move(callback); }

  // Takes the connection out of HTTP, for an upgrade (RFC 9110 §7.8): the stream, detached from its shard,
  // and the bytes that came after the request. The exchange is over. Only while open().
  struct Upgrade {
    net::StreamPtr stream;
    std::string leftover;
  };
  Upgrade take_stream();

 private:
  friend class Connection;
  net::Shard& shard_;
  Connection* connection_;
  Request request_;
  std::function<void()> on_abort_;
};
using ExchangePtr = std::shared_ptr<Exchange>;

// What a server serves. One object for all shards: thread-safe; handle() runs on the connection's shard and
// must not block.
class Handler {
 public:
  virtual ~Handler() = default;
  virtual void handle(const ExchangePtr& exchange) = 0;
};

struct ServerOptions {
  net::ListenOptions listen;
  RequestParser::Limits limits;
  // From the first byte of a request (or the connection's start) to its last.
  Milliseconds request_timeout{30'000};
  // Between requests on a connection that is kept open.
  Milliseconds idle_timeout{65'000};
  // Bytes of further requests kept while one is being answered; past it the peer must wait.
  size_t max_pipelined_bytes = 64 * 1024;
  // Connections in HTTP on one shard; past it new ones are answered 503 and closed
  // (with TLS: just closed).
  size_t max_connections_per_shard = 100'000;
  // For tests: hands the accepted connections to the shards in turn, whichever shard the kernel chose, so
  // that consecutive connections are surely on different ones.
  bool scatter = false;
};

class Server {
 public:
  struct Counters {
    std::atomic<uint64_t> connections{0};
    std::atomic<uint64_t> requests{0};
    std::atomic<uint64_t> bad_requests{0};  // refused by the parser
    std::atomic<uint64_t> timeouts{0};
  };

  // `shards` and `handler` must outlive the server.
  Server(net::ShardGroup& shards, Handler& handler, ServerOptions options);
  ~Server();

  // Opens one listener a shard and begins to accept. Not from a shard.
  Status start();
  // The port that is listened on; with port 0 asked for, the one the kernel chose.
  uint16_t port() const { return port_; }
  // No new connections; those that are there go on. Not from a shard.
  void stop_accepting();
  // Closes every HTTP connection; answers in progress are cut. Not from a shard.
  void stop();

  const Counters& counters() const { return counters_; }

 private:
  friend class Connection;
  struct PerShard;
  net::ShardGroup& shards_;
  Handler& handler_;
  ServerOptions options_;
  void take(net::Shard& shard, net::StreamPtr stream);
  uint16_t port_ = 0;
  std::atomic<size_t> scattered_{0};
  Counters counters_;
  std::vector<std::unique_ptr<PerShard>> per_shard_;
};

}  // namespace patchbay::http
