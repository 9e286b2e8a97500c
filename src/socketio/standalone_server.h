// A Socket.IO server with everything under it: event loops, HTTP server, listener. For programs that have
// none of these; others make a Server on their own ShardGroup and hand it requests. The object belongs to the
// thread that made it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "http/server.h"
#include "socketio/server.h"

namespace patchbay::socketio {

struct StandaloneOptions {
  std::string host = "127.0.0.1";  // numeric; "0.0.0.0" or "::" for everybody
  uint16_t port = 3000;            // 0: the kernel chooses
  // Event loops, each a thread; 0: one a core.
  size_t shards = 0;
  // PEM files; both or neither. With them the port speaks TLS only.
  std::string tls_certificate;
  std::string tls_key;
  ServerOptions io;
  // Deadlines and limits of HTTP. Its address, port and TLS settings, and the largest body, follow from the
  // above.
  http::ServerOptions http;
  // Bound of the gentle end that a signal brings about; see Server::close_within().
  Milliseconds drain_timeout{10'000};
};

class StandaloneServer {
 public:
  explicit StandaloneServer(StandaloneOptions options);
  ~StandaloneServer();
  StandaloneServer(const StandaloneServer&) = delete;
  StandaloneServer& operator=(const StandaloneServer&) = delete;

  // Register namespaces and handlers before start().
  Server& io();
  // Requests that are not Socket.IO's; without one they are answered 404. On a shard; before start().
  void on_request(std::function<void(const http::ExchangePtr&)> handler);

  // Listens and returns. Errors: the port is taken, the certificate cannot be read.
  Status start();
  // start(), then waits for SIGINT or SIGTERM, lets the clients go gently, then stop(). A second signal ends
  // the process at once. Errors are those of start(). `on_listening` is called once in between, on the
  // calling thread; threads that it starts leave the two signals to run().
  Status run(const std::function<void()>& on_listening = {});
  // The port that is listened on.
  uint16_t port() const;
  // Closes every connection and ends the loops.
  void stop();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace patchbay::socketio
