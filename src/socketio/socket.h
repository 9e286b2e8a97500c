// One client in one namespace. Shard-local: valid on its shard, from the connection handler until the
// disconnect handlers have run. To reach it from elsewhere keep a SocketRef, or emit to the room named by its
// id.
#pragma once

#include <any>
#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/executor.h"
#include "base/result.h"
#include "socketio/args.h"
#include "socketio/broadcast.h"
#include "socketio/disconnect_reason.h"
#include "socketio/handshake.h"
#include "socketio/packet.h"
#include "socketio/room_table.h"

namespace patchbay::socketio {

class ClientConnection;
class Event;
class Namespace;
class Server;
class Socket;

// Why middleware refuses: a client's connect_error, or what Namespace::on_error hears of an event.
struct ConnectError {
  std::string message;
  // JSON text of the error's `data`, or empty for none.
  std::string data_json;
};

// Names a socket from any thread. Copyable; keeps its namespace, not the socket.
class SocketRef {
 public:
  SocketRef() = default;
  SocketRef(std::shared_ptr<Namespace> nsp, size_t shard, std::string id)
      : nsp_(std::move(nsp)), shard_(shard), id_(std::move(id)) {}
  // Runs `task` with the socket, on its shard; not at all if it is gone by then. At once when called there.
  void run(std::move_only_function<void(Socket&)> task) const;
  const std::string& id() const { return id_; }

 private:
  std::shared_ptr<Namespace> nsp_;
  size_t shard_ = 0;
  std::string id_;
};

// The answer a client waits for. Movable; call it once, from any thread, or never. Answers to a client that
// has gone are dropped.
class Ack {
 public:
  Ack() = default;
  Ack(SocketRef socket, uint64_t id) : socket_(std::move(socket)), id_(id), armed_(true) {}
  explicit operator bool() const { return armed_; }
  template <typename... Values>
  void operator()(Values&&... values) {
    send(make_args(std::forward<Values>(values)...));
  }
  void send(Args args);

 private:
  SocketRef socket_;
  uint64_t id_ = 0;
  bool armed_ = false;
};

// One event from the client, valid during its handler.
class Event {
 public:
  Event(Socket& socket, std::string_view name, ArgsView args, std::optional<uint64_t> ack_id)
      : socket_(socket), name_(name), args_(args), ack_id_(ack_id) {}
  Socket& socket() { return socket_; }
  std::string_view name() const { return name_; }
  const ArgsView& args() const { return args_; }
  bool wants_ack() const { return ack_id_.has_value(); }
  // Answers now. Nothing happens when no ack was asked for or one was given.
  template <typename... Values>
  void ack(Values&&... values) {
    if (ack_id_) ack_args(make_args(std::forward<Values>(values)...));
  }
  void ack_args(const Args& args) { ack_json(args.json, args.attachments); }
  void ack_json(std::string_view json, std::span<const Attachment> attachments = {});
  // For an answer that comes later, or from another thread.
  Ack take_ack();

 private:
  friend class Socket;
  Socket& socket_;
  std::string_view name_;
  ArgsView args_;
  std::optional<uint64_t> ack_id_;
};

// Lets an event pass, or refuses it. Call it once, from any thread, now or later: the event waits meanwhile,
// those behind it do not.
using EventNext = std::move_only_function<void(std::optional<ConnectError>)>;
// `event` is valid during the call only.
using EventMiddleware = std::function<void(Event& event, EventNext next)>;

// `socket.make_volatile().compress(false).emit(…)`: one event with flags; to() and its like make it one to
// the others, with these flags. A value, used at once.
class SocketEmitter {
 public:
  explicit SocketEmitter(Socket& socket) : socket_(socket) {}
  // Dropped when something waits for this client already.
  SocketEmitter& make_volatile();
  SocketEmitter& compress(bool compress);
  // See EmitFlags::coalesce_key.
  SocketEmitter& coalesce(std::string_view key);
  SocketEmitter& timeout(Milliseconds timeout);
  // See Socket::to(), except() and broadcast().
  Broadcast to(std::string_view room) const;
  Broadcast in(std::string_view room) const { return to(room); }
  Broadcast except(std::string_view room) const;
  Broadcast broadcast() const;
  template <typename... Values>
  void emit(std::string_view event, Values&&... values) {
    emit_args(event, make_args(std::forward<Values>(values)...));
  }
  void emit_args(std::string_view event, const Args& args);
  void emit_with_ack(std::string_view event, const Args& args,
                     std::move_only_function<void(Result<ArgsView>)> handler);

 private:
  Broadcast with_flags(Broadcast broadcast) const;

  Socket& socket_;
  EmitFlags flags_;
  Milliseconds timeout_ = Broadcast::kDefaultTimeout;
};

class Socket final : public RoomMember, public net::Disposable {
 public:
  using Handler = std::function<void(Event&)>;
  using AckHandler = std::move_only_function<void(Result<ArgsView>)>;
  using OutgoingHandler = std::function<void(std::string_view event, const ArgsView& args)>;

  ~Socket() override;

  // 20 random characters; has nothing in common with the Engine.IO session's id, but for clients of revision
  // 3 of Engine.IO, whose protocol demands that it is that id, behind "/namespace#" outside the main
  // namespace.
  std::string_view id() const;
  Namespace& nsp() const { return *nsp_; }
  const Handshake& handshake() const { return handshake_; }
  net::Shard& shard() const;
  SocketRef ref();
  bool connected() const { return connected_; }
  // The client came back in time and missed nothing: id, rooms and data are those from before.
  bool recovered() const { return recovered_; }
  // Bytes that wait to be sent to this client, on its whole connection; in the backlog each packet counts 256
  // more than its payload.
  size_t buffered_bytes() const;
  engineio::TransportKind transport() const;
  // Of the connection under it; several namespaces share one. Not secret, unlike the session's id.
  std::string_view client_id() const;

  // The application's own state; destroyed with the socket.
  std::any data;

  // --- Handlers of this socket alone; those of every socket (Namespace::on) cost no memory a socket
  // ----------
  void on(std::string_view event, Handler handler);
  // Heard once.
  void once(std::string_view event, Handler handler);
  // Drops this socket's own handlers of `event`.
  void off(std::string_view event);
  void on_any(Handler handler);
  // Drops those of on_any().
  void off_any();
  void on_any_outgoing(OutgoingHandler handler);
  void use(EventMiddleware middleware);
  void on_disconnect(std::function<void(DisconnectReason)> handler);

  // --- Sending
  // -----------------------------------------------------------------------------------------------
  // Reserved names (is_reserved_event: connect, disconnect, …) are not sent; an error in the log says so.
  template <typename... Values>
  void emit(std::string_view event, Values&&... values) {
    emit_args(event, make_args(std::forward<Values>(values)...));
  }
  void emit_args(std::string_view event, const Args& args, const EmitFlags& flags = {});
  // The client's answer, or an error after `timeout` or when it disconnects. Up to kMaxPendingAcks at a time.
  void emit_with_ack(std::string_view event, const Args& args, Milliseconds timeout, AckHandler handler,
                     const EmitFlags& flags = {});
  static constexpr size_t kMaxPendingAcks = 1000;
  SocketEmitter make_volatile() { return std::move(SocketEmitter(*this).make_volatile()); }
  SocketEmitter compress(bool on) { return std::move(SocketEmitter(*this).compress(on)); }
  SocketEmitter coalesce(std::string_view key) { return std::move(SocketEmitter(*this).coalesce(key)); }
  SocketEmitter timeout(Milliseconds timeout) { return std::move(SocketEmitter(*this).timeout(timeout)); }

  // False when it is in the room already, has disconnected, is in ServerOptions::max_rooms_per_socket rooms,
  // or the name is longer than max_room_name_bytes.
  bool join(std::string_view room);
  bool leave(std::string_view room);
  bool in_room(std::string_view room) const;

  // Everybody in the room but this socket.
  Broadcast to(std::string_view room);
  Broadcast in(std::string_view room) { return to(room); }
  // Everybody in the namespace but this socket and those in the room.
  Broadcast except(std::string_view room);
  // Everybody in the namespace but this socket.
  Broadcast broadcast();

  // Leaves the namespace; with `close` the whole connection goes, and all its namespaces.
  void disconnect(bool close = false);

 private:
  friend class Ack;
  friend class ClientConnection;
  friend class Event;
  friend class Namespace;
  friend class SocketRef;
  struct EventRun;
  struct PendingAck;
  struct Recovery;
  struct Extras;  // what most sockets do not need

  // `engine_id`: of a client of revision 3, otherwise empty.
  Socket(std::shared_ptr<Namespace> nsp, ClientConnection& client, Handshake handshake,
         std::string_view engine_id);

  void handle_event(std::string_view elements, std::optional<uint64_t> ack_id,
                    std::span<const Attachment> attachments);
  void handle_ack(std::string_view elements, uint64_t id, std::span<const Attachment> attachments);
  void run_event_middleware(const std::shared_ptr<EventRun>& run);
  void dispatch(Event& event);
  // Whether one of its own handlers heard.
  bool dispatch_to_own(Event& event);
  void send_ack(uint64_t id, std::string_view json, std::span<const Attachment> attachments);
  void note_outgoing(std::string_view event, const ArgsView& args);
  bool watches_outgoing() const;
  // False, and nothing done, when too many are pending.
  bool expect_ack(uint64_t id, Milliseconds timeout, AckHandler handler);
  // The packet and its copy in the log of what this socket alone was sent.
  void emit_recoverable(std::string packet, const Args& args, const EmitFlags& flags);
  void closed(DisconnectReason reason);
  Extras& extras();

  std::shared_ptr<Namespace> nsp_;
  ClientConnection& client_;
  Handshake handshake_;
  std::unique_ptr<Extras> extras_;
  std::unique_ptr<Recovery> recovery_;   // null unless recovery is on
  uint64_t mark_ = 0;                    // of the last broadcast that reached or excluded it
  uint32_t backlog_group_ = UINT32_MAX;  // in its connection's backlog; none yet
  uint32_t acks_owed_ = 0;               // asked for by the client, and to be given later
  std::array<char, 20> id_;
  bool connected_ = true;
  bool recovered_ = false;
};

}  // namespace patchbay::socketio
