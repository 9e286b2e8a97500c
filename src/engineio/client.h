// An Engine.IO client on one shard: a ClientSession with its connections. One object is one session; to
// reconnect, make another. Shard-local.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engineio/client_session.h"
#include "http/client_connection.h"
#include "http/url.h"
#include "websocket/client_connection.h"

namespace patchbay::engineio {

struct ClientOptions {
  // Where the server is: scheme, host, port, and a query that every request carries. The path is the next
  // field's.
  http::Url url;
  // Empty: "/engine.io/", and "/socket.io/" under a Socket.IO client.
  std::string path{};
  // Further query parameters, not yet encoded. They show up in servers' logs: prefer headers for secrets.
  std::vector<std::pair<std::string, std::string>> query{};
  // Of every request, the WebSocket's included.
  http::Headers headers{};
  // With https: whom to trust (net::TlsContext::client). Null: the system's authorities.
  std::shared_ptr<const net::TlsContext> tls{};
  ClientSession::Options session{};
  // For a polling POST, and for the first GET. (Later ones wait as long as the heartbeat allows.)
  Milliseconds request_timeout{30'000};
  // Bytes that may wait in the WebSocket; past it the session ends with "transport error".
  net::StreamLimits stream{};
  // Looks names up. Null: one of the client's own; then destroying the last client may wait for a lookup.
  std::shared_ptr<net::Resolver> resolver{};
};

class Client final : public net::Disposable,
                     private ClientSession::Io,
                     private websocket::ClientConnection::Handler,
                     private net::TimerNode,
                     private net::Flushable {
 public:
  using Application = ClientSession::Application;
  // Letting go says goodbye in the background, bounded by ClientSession::Options::close_timeout; the
  // application hears nothing more. Allowed inside its callbacks.
  struct Deleter {
    void operator()(Client* client) const;
  };
  using Ptr = std::unique_ptr<Client, Deleter>;

  // On `shard`, the current one. `application` hears in later turns.
  static Ptr open(net::Shard& shard, ClientOptions options, Application& application);
  ~Client() override;

  ClientSession& session() { return session_; }
  void close() { session_.close(shard_.now()); }
  void close_for_violation(std::string_view what) { session_.close_for_violation(shard_.now(), what); }
  // Everything that waits to leave. Bytes.
  size_t buffered_bytes() const;

 private:
  Client(net::Shard& shard, ClientOptions options, Application& application);
  void start();

  // --- ClientSession::Io ---
  void poll() override;
  void post(std::string body) override;
  void open_websocket() override;
  void websocket_text(std::string_view prefix, std::string_view text) override;
  void websocket_binary(std::string_view bytes) override;
  void close_websocket(uint16_t code, std::string_view reason) override;
  void drop_websocket() override;
  void set_deadline(SteadyTime when) override;
  void request_flush() override;
  void forget() override;

  // --- websocket::ClientConnection::Handler ---
  void on_open() override;
  void on_refused(const Error& error) override;
  void on_message(bool binary, std::string_view payload) override;
  void on_closed(uint16_t code, std::string_view reason) override;

  void on_timer() override;
  void on_end_of_turn() override;

  std::string target(TransportKind transport) const;
  http::ClientConnectionOptions http_options() const;

  net::Shard& shard_;
  ClientOptions options_;
  std::optional<http::ClientConnection> poll_;
  std::optional<http::ClientConnection> post_;
  websocket::ClientConnection::Ptr websocket_;
  Application& application_;
  ClientSession session_;
  Executor::Timer start_;
  bool flush_pending_ = false;
  bool abandoned_ = false;  // adopted by the shard until the goodbye is said
};

}  // namespace patchbay::engineio
