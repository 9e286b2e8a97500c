// The Socket.IO client (protocol revision 5): one connection to one server, any number of namespaces on it,
// and reconnection. Shard-local; client_thread.h is for programs that have no event loop.
//   socketio::Client client(shard, {.engine = {.url = *http::Url::parse("http://127.0.0.1:3000")}});
//   auto& socket = client.of("/");
//   socket.on("hello", [](socketio::ClientEvent& event) { … });
//   socket.emit("greet", "you", 42);
// https://github.com/socketio/socket.io-protocol
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engineio/client.h"
#include "socketio/auth_policies.h"
#include "socketio/backoff.h"
#include "socketio/client_socket.h"

namespace patchbay::socketio {

struct ClientOptions {
  // Where and how: address, transports, extra headers and query, TLS. The namespace is not part of the
  // address.
  engineio::ClientOptions engine{};
  // Null: nothing is sent.
  std::shared_ptr<AuthPolicy> auth{};
  // Whether of() connects.
  bool auto_connect = true;

  bool reconnection = true;
  Backoff::Options reconnection_delay{};
  // In a row, without success; nothing: without end.
  std::optional<uint32_t> reconnection_attempts{};
  // For the server's answer to CONNECT; its middleware may take a while.
  Milliseconds connect_timeout{20'000};

  // Of one packet from the server.
  uint32_t max_attachments = 10;
  // A binary packet whose attachments have not all come by then closes the connection.
  Milliseconds attachment_timeout{30'000};
  // What may be kept to be sent after (re)connecting, all namespaces together; past it emit() fails.
  size_t max_buffered_packets = 1'000;
  size_t max_buffered_bytes = 1'000'000;
  // What may wait in the open connection; past it emit() fails. Smaller than engine.stream.max_queued_bytes.
  size_t max_queued_bytes = 8'000'000;
  // Answers one namespace may wait for; past it emit_with_ack() fails.
  size_t max_pending_acks = 1'000;
};

class Client {
 public:
  // On `shard`, the current one, which must outlive it; destroy it there too. Handlers run in later turns.
  Client(net::Shard& shard, ClientOptions options);
  // Leaves politely, in the background; no handler is called any more. Allowed inside handlers.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // The namespace of that name, made on first use; valid as long as the client. "chat" means "/chat".
  ClientSocket& of(std::string_view nsp);

  // True while the connection stands, whatever the namespaces say.
  bool is_open() const;
  // Polling or WebSocket, while is_open().
  engineio::TransportKind transport() const;
  // Everything that waits to leave. Bytes.
  size_t buffered_bytes() const;

  // Every active socket (re)connects now instead of after the delay that is running; also after close().
  void reconnect_now();
  // Leaves all namespaces, closes the connection and does not reconnect.
  void close();

  // Before attempt number n, counted from 1 since the connection was lost.
  void on_reconnect_attempt(std::function<void(uint32_t)> handler);
  // A lost connection stands again.
  void on_reconnect(std::function<void()> handler);
  // reconnection_attempts are used up; sockets stay active for reconnect_now().
  void on_reconnect_failed(std::function<void()> handler);

 private:
  struct Deleter {
    void operator()(ClientCore* core) const;
  };
  std::unique_ptr<ClientCore, Deleter> core_;
};

}  // namespace patchbay::socketio
