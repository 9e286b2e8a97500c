// One client in one namespace. Shard-local: valid on its shard, from the connection handler until the
// disconnect handlers have run. To reach it from elsewhere keep a SocketRef, or emit to the room named by its
// id.
#pragma once

#include <any>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
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
class Namespace;
class Server;
class Socket;

// Names a socket from any thread. Copyable; does not keep the socket.
class SocketRef {
 public:
  SocketRef() = default;
  SocketRef(Namespace& nsp, size_t shard, std::string id) : nsp_(&nsp), shard_(shard), id_(std::move(id)) {}
  // Runs `task` with the socket, on its shard; not at all if it is gone by then. At once when called there.
  void run(std::move_only_function<void(Socket&)> task) const;
  const std::string& id() const { return id_; }

 private:
  Namespace* nsp_ = nullptr;
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
  Socket& socket_;
  std::string_view name_;
  ArgsView args_;
  std::optional<uint64_t> ack_id_;
};

class Socket final : public RoomMember, public net::Disposable {
 public:
  using Handler = std::function<void(Event&)>;
  using AckHandler = std::move_only_function<void(Result<ArgsView>)>;

  Socket(Namespace& nsp, ClientConnection& client, std::string id, Handshake handshake);
  ~Socket() override;

  // 20 random characters; has nothing in common with the Engine.IO session's id.
  const std::string& id() const { return id_; }
  Namespace& nsp() { return nsp_; }
  const Handshake& handshake() const { return handshake_; }
  net::Shard& shard();
  SocketRef ref();
  bool connected() const { return connected_; }
  // Bytes that wait to be sent to this client.
  size_t buffered_bytes() const;

  // The application's own state; destroyed with the socket.
  std::any data;

  // Handlers of this socket alone; for those of every socket use Namespace::on, which costs no memory a
  // socket.
  void on(std::string_view event, Handler handler);
  void on_disconnect(std::function<void(DisconnectReason)> handler);

  template <typename... Values>
  void emit(std::string_view event, Values&&... values) {
    emit_args(event, make_args(std::forward<Values>(values)...));
  }
  void emit_args(std::string_view event, const Args& args);
  // The client's answer, or an error after `timeout` or when it disconnects. Up to kMaxPendingAcks at a time.
  void emit_with_ack(std::string_view event, const Args& args, Milliseconds timeout, AckHandler handler);
  static constexpr size_t kMaxPendingAcks = 1000;

  bool join(std::string_view room);
  bool leave(std::string_view room);
  bool in_room(std::string_view room) const;

  // Everybody in the room but this socket.
  Broadcast to(std::string_view room);
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
  struct PendingAck;
  struct Extras;  // what most sockets do not need

  void handle_event(std::string_view elements, std::optional<uint64_t> ack_id,
                    std::span<const Attachment> attachments);
  void handle_ack(std::string_view elements, uint64_t id, std::span<const Attachment> attachments);
  void send_ack(uint64_t id, std::string_view json, std::span<const Attachment> attachments);
  void closed(DisconnectReason reason);
  Extras& extras();

  Namespace& nsp_;
  ClientConnection& client_;
  std::string id_;
  Handshake handshake_;
  std::unique_ptr<Extras> extras_;
  uint64_t mark_ = 0;  // of the last broadcast that reached or excluded it
  bool connected_ = true;
};

}  // namespace patchbay::socketio
