#include "socketio/socket.h"

#include <boost/json/value.hpp>

#include "base/ids.h"
#include "socketio/client_connection.h"
#include "socketio/json_value.h"
#include "socketio/namespace_shard.h"

namespace patchbay::socketio {

struct Socket::PendingAck {
  AckHandler handler;
  Executor::Timer timeout;
};

struct Socket::Extras {
  std::vector<std::pair<std::string, Handler>> handlers;
  std::vector<std::function<void(DisconnectReason)>> disconnect_handlers;
  std::unordered_map<uint64_t, PendingAck> pending_acks;
  uint64_t next_ack_id = 0;
};

std::string_view to_string(DisconnectReason reason) {
  switch (reason) {
    case DisconnectReason::kClientNamespaceDisconnect:
      return "client namespace disconnect";
    case DisconnectReason::kServerNamespaceDisconnect:
      return "server namespace disconnect";
    case DisconnectReason::kTransportClose:
      return "transport close";
    case DisconnectReason::kTransportError:
      return "transport error";
    case DisconnectReason::kPingTimeout:
      return "ping timeout";
    case DisconnectReason::kParseError:
      return "parse error";
    case DisconnectReason::kForcedClose:
      return "forced close";
    case DisconnectReason::kForcedServerClose:
      return "forced server close";
    case DisconnectReason::kServerShuttingDown:
      return "server shutting down";
    case DisconnectReason::kOverflow:
      return "output overflow";
  }
  return "transport error";
}

boost::json::value Handshake::auth() const {
  auto value = parse_json(auth_json);
  return value && value->is_object() ? std::move(*value) : boost::json::value(boost::json::object_kind);
}

// --- SocketRef, Ack, Event --------------------------------------------------------------------------------

void SocketRef::run(std::move_only_function<void(Socket&)> task) const {
  if (nsp_ == nullptr) return;
  net::Shard& shard = nsp_->server().shards()[shard_];
  auto with_socket = [nsp = nsp_, id = id_, task = std::move(task)]() mutable {
    if (Socket* const socket = nsp->find(id)) task(*socket);
  };
  shard.on_this_thread() ? with_socket() : shard.post(std::move(with_socket));
}

void Ack::send(Args args) {
  if (!std::exchange(armed_, false)) return;
  socket_.run([id = id_, args = std::move(args)](Socket& socket) {
    socket.send_ack(id, args.json, args.attachments);
  });
}

void Event::ack_json(std::string_view json, std::span<const Attachment> attachments) {
  if (!ack_id_) return;
  socket_.send_ack(*std::exchange(ack_id_, std::nullopt), json, attachments);
}

Ack Event::take_ack() {
  if (!ack_id_) return {};
  return Ack(socket_.ref(), *std::exchange(ack_id_, std::nullopt));
}

// --- Socket -----------------------------------------------------------------------------------------------

Socket::Socket(Namespace& nsp, ClientConnection& client, std::string id, Handshake handshake)
    : nsp_(nsp), client_(client), id_(std::move(id)), handshake_(std::move(handshake)) {
  auto& mine = nsp_.local();
  mine.sockets.emplace(id_, this);
  mine.update_count();
}

Socket::~Socket() = default;

net::Shard& Socket::shard() {
  return client_.shard();
}
SocketRef Socket::ref() {
  return SocketRef(nsp_, shard().index(), id_);
}
size_t Socket::buffered_bytes() const {
  return connected_ ? client_.buffered_bytes() : 0;
}

Socket::Extras& Socket::extras() {
  if (!extras_) extras_ = std::make_unique<Extras>();
  return *extras_;
}

void Socket::on(std::string_view event, Handler handler) {
  extras().handlers.emplace_back(event, std::move(handler));
}

void Socket::on_disconnect(std::function<void(DisconnectReason)> handler) {
  extras().disconnect_handlers.push_back(std::move(handler));
}

void Socket::emit_args(std::string_view event, const Args& args) {
  if (!connected_) return;
  std::string packet;
  append_event(packet, nsp_.name(), std::nullopt, event, args.json, args.attachments.size());
  client_.send(packet, args.attachments);
}

void Socket::emit_with_ack(std::string_view event, const Args& args, Milliseconds timeout,
                           AckHandler handler) {
  if (!connected_) return handler(fail(ErrorCode::kInvalidOperation, "the socket is disconnected"));
  Extras& extras = this->extras();
  if (extras.pending_acks.size() >= kMaxPendingAcks)
    return handler(
        fail(ErrorCode::kInvalidOperation, "too many acknowledgements are pending on this socket"));
  const uint64_t id = extras.next_ack_id++;
  PendingAck pending{.handler = std::move(handler), .timeout = {}};
  pending.timeout = shard().run_after(timeout, [this, id] {
    const auto it = extras_->pending_acks.find(id);
    if (it == extras_->pending_acks.end()) return;
    PendingAck late = std::move(it->second);
    extras_->pending_acks.erase(it);
    late.handler(fail(ErrorCode::kRequestTimeout, "the client did not acknowledge in time"));
  });
  extras.pending_acks.emplace(id, std::move(pending));
  std::string packet;
  append_event(packet, nsp_.name(), id, event, args.json, args.attachments.size());
  client_.send(packet, args.attachments);
}

bool Socket::join(std::string_view room) {
  return connected_ && nsp_.local().rooms.join(*this, room);
}
bool Socket::leave(std::string_view room) {
  return nsp_.local().rooms.leave(*this, room);
}
bool Socket::in_room(std::string_view room) const {
  return nsp_.local().rooms.contains(*this, room);
}

Broadcast Socket::to(std::string_view room) {
  return std::move(Broadcast(nsp_).to(room).except(id_));
}
Broadcast Socket::broadcast() {
  return std::move(Broadcast(nsp_).except(id_));
}

void Socket::disconnect(bool close) {
  if (!connected_) return;
  if (close) return client_.disconnect();
  std::string packet;
  append_disconnect(packet, nsp_.name());
  client_.send(packet, {});
  closed(DisconnectReason::kServerNamespaceDisconnect);
}

void Socket::closed(DisconnectReason reason) {
  if (!std::exchange(connected_, false)) return;
  // Handlers still see the rooms.
  for (const auto& handler : nsp_.disconnect_handlers_) handler(*this, reason);
  if (extras_) {
    for (const auto& handler : std::exchange(extras_->disconnect_handlers, {})) handler(reason);
    auto pending = std::move(extras_->pending_acks);
    extras_->pending_acks.clear();
    for (auto& [id, ack] : pending)
      ack.handler(fail(ErrorCode::kInvalidOperation, "the socket disconnected"));
  }
  auto& mine = nsp_.local();
  mine.rooms.leave_all(*this);
  mine.sockets.erase(id_);
  mine.update_count();
  client_.forget(*this);
}

void Socket::send_ack(uint64_t id, std::string_view json, std::span<const Attachment> attachments) {
  if (!connected_) return;
  std::string packet;
  append_ack(packet, nsp_.name(), id, json, attachments.size());
  client_.send(packet, attachments);
}

void Socket::handle_event(std::string_view elements, std::optional<uint64_t> ack_id,
                          std::span<const Attachment> attachments) {
  // The decoder has seen that this is an array which begins with the name.
  std::string name_storage;
  const EventParts parts = split_event(elements, name_storage);
  Event event(*this, parts.name, ArgsView(parts.args, attachments), ack_id);
  if (extras_) {
    bool heard = false;
    // By index: a handler may register another.
    for (size_t i = 0; i < extras_->handlers.size() && connected_; ++i)
      if (extras_->handlers[i].first == parts.name) {
        heard = true;
        const Handler handler = extras_->handlers[i].second;
        handler(event);
      }
    if (heard || !connected_) return;
  }
  nsp_.dispatch(*this, event);
}

void Socket::handle_ack(std::string_view elements, uint64_t id, std::span<const Attachment> attachments) {
  if (!extras_) return;
  const auto it = extras_->pending_acks.find(id);
  if (it == extras_->pending_acks.end()) return;  // late, or never asked for
  PendingAck pending = std::move(it->second);
  extras_->pending_acks.erase(it);
  pending.handler(ArgsView(array_elements(elements), attachments));
}

}  // namespace patchbay::socketio
