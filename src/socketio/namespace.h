// A namespace: who may enter, what its sockets hear, its rooms. Register middleware and handlers before the
// server starts; after that the object is thread-safe: its state is split by shard, and what is called back
// runs on the socket's shard.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/shard.h"
#include "socketio/broadcast.h"
#include "socketio/socket.h"

namespace patchbay::socketio {

// Why middleware refuses: becomes the client's connect_error.
struct ConnectError {
  std::string message;
  // JSON text of the error's `data`, or empty for none.
  std::string data_json;
};

// A client on its way into a namespace.
struct Connecting {
  Handshake handshake;
  // Handed on to the socket.
  std::any data;
};

class Namespace {
 public:
  // Continues with the next middleware, or refuses. Call it once, from any thread.
  using Next = std::move_only_function<void(std::optional<ConnectError>)>;
  // Runs on the connection's shard. `connecting` may be kept and written until `next` is called.
  using Middleware = std::function<void(const std::shared_ptr<Connecting>& connecting, Next next)>;
  using ConnectionHandler = std::function<void(Socket&)>;
  using EventHandler = std::function<void(Socket&, Event&)>;
  using DisconnectHandler = std::function<void(Socket&, DisconnectReason)>;

  Namespace(Server& server, std::string name, size_t shards);
  ~Namespace();
  Namespace(const Namespace&) = delete;

  const std::string& name() const { return name_; }
  Server& server() { return server_; }

  Namespace& use(Middleware middleware);
  Namespace& on_connection(ConnectionHandler handler);
  // Hears `event` from every socket. A socket's own handler comes first.
  Namespace& on(std::string_view event, EventHandler handler);
  // Hears every event that nobody else does.
  Namespace& on_any(EventHandler handler);
  Namespace& on_disconnect(DisconnectHandler handler);

  Broadcast to(std::string_view room) { return std::move(Broadcast(*this).to(room)); }
  Broadcast in(std::string_view room) { return to(room); }
  Broadcast except(std::string_view room) { return std::move(Broadcast(*this).except(room)); }
  template <typename... Values>
  void emit(std::string_view event, Values&&... values) {
    Broadcast(*this).emit(event, std::forward<Values>(values)...);
  }

  // Sockets on all shards; exact when nothing moves.
  size_t socket_count() const;
  // Runs `task` for every socket, each on its shard. Returns at once.
  void for_each_socket(std::function<void(Socket&)> task);

 private:
  friend class Ack;
  friend class Broadcast;
  friend class ClientConnection;
  friend class Socket;
  friend class SocketRef;
  struct PerShard;

  PerShard& local() const;
  void deliver_everywhere(std::shared_ptr<const BroadcastMessage> message);
  void deliver(const BroadcastMessage& message);
  void disconnect_everywhere(std::shared_ptr<const BroadcastMessage> selection, bool close);
  // The chosen sockets of the current shard.
  std::vector<Socket*>& select(const BroadcastMessage& message);
  Socket* find(std::string_view id) const;
  void run_middleware(size_t index, std::shared_ptr<Connecting> connecting, Next done);
  void dispatch(Socket& socket, Event& event);

  Server& server_;
  const std::string name_;
  std::vector<Middleware> middleware_;
  std::vector<ConnectionHandler> connection_handlers_;
  std::vector<std::pair<std::string, EventHandler>> event_handlers_;
  std::vector<EventHandler> any_handlers_;
  std::vector<DisconnectHandler> disconnect_handlers_;
  std::vector<std::unique_ptr<PerShard>> per_shard_;
};

}  // namespace patchbay::socketio
