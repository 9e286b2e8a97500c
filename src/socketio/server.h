// The Socket.IO server (protocol revision 5) on an Engine.IO server. Make it, register namespaces and
// handlers, hand it requests; see docs/socketio.md. Thread-safe once the shards run.
// https://github.com/socketio/socket.io-protocol
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "engineio/server.h"
#include "socketio/namespace.h"

namespace patchbay::socketio {

struct ServerOptions {
  engineio::ServerOptions engine{.path = "/socket.io/"};
  // A connection that has joined no namespace by then is closed.
  Milliseconds connect_timeout{45'000};
  // Attachments of one packet.
  uint32_t max_attachments = 10;
  // A binary packet whose attachments have not all come by then closes the connection.
  Milliseconds attachment_timeout{30'000};
  // Namespaces that one connection may be in.
  size_t max_namespaces_per_client = 32;
};

class Server {
 public:
  Server(net::ShardGroup& shards, ServerOptions options);
  ~Server();

  // The namespace of that name ("/" is the main one), made on first use. Before the shards serve requests.
  Namespace& of(std::string_view name);
  Namespace& sockets() { return of("/"); }

  // For an HTTP handler: does the request belong here, and if so take it.
  bool owns_path(std::string_view path) const { return engine_.owns_path(path); }
  void handle(const http::ExchangePtr& exchange) { engine_.handle(exchange); }

  // Closes every connection with "server shutting down". Not from a shard.
  void close() { engine_.close(); }

  engineio::Server& engine() { return engine_; }
  net::ShardGroup& shards() { return shards_; }
  const ServerOptions& options() const { return options_; }
  // Null when there is no such namespace.
  Namespace* find(std::string_view name);

 private:
  net::ShardGroup& shards_;
  const ServerOptions options_;
  std::map<std::string, std::unique_ptr<Namespace>, std::less<>> namespaces_;
  engineio::Server engine_;
};

}  // namespace patchbay::socketio
