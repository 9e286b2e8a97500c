// A namespace: who may enter, what its sockets hear, its rooms. Register middleware and handlers before the
// server starts; after that the object is thread-safe: its state is split by shard, and what is called back
// runs on the socket's shard. A namespace of a pattern (Server::of_pattern) is a template: it has no sockets
// itself, its children have its handlers, and what is sent through it reaches all of them.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/shard.h"
#include "socketio/adapter.h"
#include "socketio/broadcast.h"
#include "socketio/namespace_metrics.h"
#include "socketio/output_backlog.h"
#include "socketio/socket.h"

namespace patchbay::socketio {

// A client on its way into a namespace.
struct Connecting {
  Handshake handshake;
  // Handed on to the socket.
  std::any data;
};

struct MissedPacket;
struct Offset;
struct StoredSession;
using MissedPackets = std::vector<MissedPacket>;

class Namespace : public std::enable_shared_from_this<Namespace> {
 public:
  // Continues with the next middleware, or refuses. Call it once, from any thread.
  using Next = std::move_only_function<void(std::optional<ConnectError>)>;
  // Runs on the connection's shard. `connecting` may be kept and written until `next` is called.
  using Middleware = std::function<void(const std::shared_ptr<Connecting>& connecting, Next next)>;
  using EventMiddleware = socketio::EventMiddleware;
  using ConnectionHandler = std::function<void(Socket&)>;
  using EventHandler = std::function<void(Socket&, Event&)>;
  using OutgoingHandler = std::function<void(Socket&, std::string_view event, const ArgsView& args)>;
  using DisconnectHandler = std::function<void(Socket&, DisconnectReason)>;
  using WatermarkHandler = std::function<void(Socket&, Watermark, size_t waiting_bytes)>;
  using ErrorHandler = std::function<void(Socket&, const ConnectError& error, Event& event)>;
  // An event that another process sent with server_side_emit(). `ack` is empty when no answer is wanted. On a
  // shard.
  using ServerSideHandler = std::function<void(const ArgsView& args, const std::function<void(Args)>& ack)>;

  Namespace(Server& server, std::string name, size_t shards);
  // A child of a pattern, with its handlers.
  Namespace(Server& server, std::string name, size_t shards, const Namespace& pattern);
  ~Namespace();
  Namespace(const Namespace&) = delete;
  Namespace& operator=(const Namespace&) = delete;

  const std::string& name() const { return name_; }
  Server& server() { return server_; }
  // Made by a client, from a pattern.
  bool is_dynamic() const { return is_child_; }
  Adapter& adapter() { return *adapter_; }

  // --- Handlers: before the server starts -----------------------------------------------------------------
  Namespace& use(Middleware middleware);
  // Between an event's arrival and its handlers; a socket's own (Socket::use) come after these.
  Namespace& use_event(EventMiddleware middleware);
  Namespace& on_connection(ConnectionHandler handler);
  // Hears `event` from every socket that has no handler of its own for it.
  Namespace& on(std::string_view event, EventHandler handler);
  // Hears every event, before its handlers.
  Namespace& on_any(EventHandler handler);
  // Hears every event that has no handler.
  Namespace& on_unhandled(EventHandler handler);
  // Hears every event that leaves for a socket, broadcasts once a receiver, right behind it (a broadcast has
  // then gone to all its receivers of the shard). It may emit and disconnect; what it emits it hears as well.
  Namespace& on_any_outgoing(OutgoingHandler handler);
  // The socket is in its rooms still, and can send no more.
  Namespace& on_disconnect(DisconnectHandler handler);
  // Event middleware refused. The client hears nothing of it unless the handler tells it.
  Namespace& on_error(ErrorHandler handler);
  // What waits for a socket's client has risen to the high mark, or fallen to the low one (OutputOptions). At
  // the end of the turn.
  Namespace& on_watermark(WatermarkHandler handler);
  Namespace& on_server_side(std::string_view event, ServerSideHandler handler);

  // --- Sending: any thread
  // ----------------------------------------------------------------------------------
  Broadcast to(std::string_view room) { return std::move(Broadcast(*this).to(room)); }
  Broadcast in(std::string_view room) { return to(room); }
  Broadcast except(std::string_view room) { return std::move(Broadcast(*this).except(room)); }
  Broadcast local() { return std::move(Broadcast(*this).local()); }
  Broadcast make_volatile() { return std::move(Broadcast(*this).make_volatile()); }
  Broadcast compress(bool on) { return std::move(Broadcast(*this).compress(on)); }
  Broadcast timeout(Milliseconds timeout) { return std::move(Broadcast(*this).timeout(timeout)); }
  template <typename... Values>
  void emit(std::string_view event, Values&&... values) {
    Broadcast(*this).emit(event, std::forward<Values>(values)...);
  }
  void fetch_sockets(FetchHandler handler) { Broadcast(*this).fetch_sockets(std::move(handler)); }
  void sockets_join(std::vector<std::string> rooms) { Broadcast(*this).sockets_join(std::move(rooms)); }
  void sockets_leave(std::vector<std::string> rooms) { Broadcast(*this).sockets_leave(std::move(rooms)); }
  void disconnect_sockets(bool close = false) { Broadcast(*this).disconnect_sockets(close); }
  // To the other processes that the adapter joins; see Adapter::server_side_emit.
  template <typename... Values>
  void server_side_emit(std::string_view event, Values&&... values) {
    adapter().server_side_emit(event, make_args(std::forward<Values>(values)...), {}, nullptr);
  }
  void server_side_emit_with_ack(std::string_view event, Args args, Milliseconds timeout,
                                 ServerSideAckHandler handler) {
    adapter().server_side_emit(event, std::move(args), timeout, std::move(handler));
  }

  // Sockets on all shards; exact when nothing moves. A pattern has none itself, nor anything to count.
  size_t socket_count() const;
  NamespaceMetrics metrics() const;
  // Bytes that wait in backlogs for this namespace's sockets; each packet counts 256 more than its payload.
  size_t waiting_bytes() const { return output_budget_.used(); }
  // Runs `task` for every socket, each on its shard. Returns at once.
  void for_each_socket(std::function<void(Socket&)> task);
  // Runs `task` now, for every socket of the calling shard, until it returns false. It must not disconnect.
  void visit_shard(const std::function<bool(const Socket&)>& task) const;

  // --- For adapters: what concerns the sockets of this process
  // ----------------------------------------------
  void local_broadcast(const std::shared_ptr<const BroadcastMessage>& message);
  void local_broadcast_with_ack(const std::shared_ptr<const BroadcastMessage>& message, Milliseconds timeout,
                                BroadcastAckHandler handler);
  void local_fetch_sockets(Selection selection, FetchHandler handler);
  void local_sockets_join(Selection selection, std::vector<std::string> rooms);
  void local_sockets_leave(Selection selection, std::vector<std::string> rooms);
  void local_disconnect_sockets(Selection selection, bool close);
  // Runs the on_server_side handlers of `event`, on the first shard.
  void local_server_side_event(std::string event, Args args, std::function<void(Args)> ack);
  uint64_t next_ack_id() { return next_ack_id_.fetch_add(1, std::memory_order_relaxed); }

 private:
  friend class Ack;
  friend class Broadcast;
  friend class ClientConnection;
  friend class Server;
  friend class Socket;
  friend class SocketRef;
  struct AckCollector;
  class Chosen;
  struct Handlers;
  struct PerShard;
  struct RecoveryShard;

  PerShard& local_part() const;
  void make_parts(size_t shards);
  void deliver_everywhere(const std::shared_ptr<const BroadcastMessage>& message);
  void deliver(const std::shared_ptr<const BroadcastMessage>& message);
  void deliver_with_ack(const BroadcastMessage& message, Milliseconds timeout,
                        const std::shared_ptr<AckCollector>& collector);
  // Tells those who listen to what leaves (on_any_outgoing, the observer) of a broadcast that has been sent.
  void note_broadcast(const BroadcastMessage& message, const Chosen& receivers);
  // Runs `action` for the chosen sockets, each on its shard; it may disconnect them. Returns at once.
  void for_each_selected(Selection selection, std::function<void(Socket&)> action);
  Socket* find(std::string_view id) const;
  void run_middleware(size_t index, std::shared_ptr<Connecting> connecting, Next done);

  // --- Connection state recovery; see recovery.h ---
  // Gives a broadcast its number and sends it to every shard, in the order of the numbers. On the first
  // shard.
  void number_and_deliver(const BroadcastMessage& message);
  // Takes the session out of wherever it is and hands it to `done`, on the calling shard; nothing when there
  // is none.
  void claim_session(const std::string& pid,
                     std::move_only_function<void(std::optional<StoredSession>)> done);
  std::optional<StoredSession> take_session(std::string_view pid);
  // Keeps it on the current shard.
  void store_session(const std::string& pid, StoredSession session);
  // Tells the shard that `pid` names that the session is on this one, or nowhere any more.
  void note_session_here(const std::string& pid);
  void note_session_gone(std::string_view pid);
  // Whether all that the client has missed is still known. O(1).
  bool can_recover(const StoredSession& session, const Offset& offset) const;
  // That, oldest first. O(log + the session's rooms).
  MissedPackets missed(const StoredSession& session, const Offset& offset) const;
  void sweep_later();

  Server& server_;
  const std::string name_;
  // Of a pattern: matches names, makes children. Null for others.
  std::function<bool(std::string_view, const Handshake&)> matches_;
  const bool is_child_ = false;
  size_t members_ = 0;  // of a child: in it or on their way; guarded by the server's registry
  std::shared_ptr<Handlers> handlers_;
  std::vector<std::unique_ptr<PerShard>> per_shard_;
  std::unique_ptr<Adapter> adapter_;
  ByteBudget output_budget_;
  std::atomic<uint64_t> next_ack_id_{0};
  uint64_t last_number_ = 0;  // of the numbered broadcasts; on the first shard
};

}  // namespace patchbay::socketio
