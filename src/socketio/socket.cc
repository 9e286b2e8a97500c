#include "socketio/socket.h"

#include <algorithm>

#include <boost/json/value.hpp>

#include "base/ids.h"
#include "socketio/client_connection.h"
#include "socketio/json_value.h"
#include "socketio/namespace_shard.h"
#include "socketio/observer.h"
#include "socketio/recovery.h"
#include "socketio/socket_extras.h"

namespace patchbay::socketio {

boost::json::value Handshake::auth() const {
  auto value = parse_json(auth_json);
  return value && value->is_object() ? std::move(*value) : boost::json::value(boost::json::object_kind);
}

// --- SocketRef, Ack, Event, SocketEmitter -----------------------------------------------------------------

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
    if (socket.acks_owed_ > 0) --socket.acks_owed_;
    socket.send_ack(id, args.json, args.attachments);
  });
}

void Event::ack_json(std::string_view json, std::span<const Attachment> attachments) {
  if (!ack_id_) return;
  socket_.send_ack(*std::exchange(ack_id_, std::nullopt), json, attachments);
}

Ack Event::take_ack() {
  if (!ack_id_) return {};
  ++socket_.acks_owed_;
  return Ack(socket_.ref(), *std::exchange(ack_id_, std::nullopt));
}

SocketEmitter& SocketEmitter::make_volatile() {
  flags_.is_volatile = true;
  return *this;
}
SocketEmitter& SocketEmitter::compress(bool compress) {
  flags_.compress = compress;
  return *this;
}
SocketEmitter& SocketEmitter::coalesce(std::string_view key) {
  flags_.coalesce_key = key;
  return *this;
}
SocketEmitter& SocketEmitter::timeout(Milliseconds timeout) {
  timeout_ = timeout;
  return *this;
}
Broadcast SocketEmitter::with_flags(Broadcast broadcast) const {
  broadcast.flags_ = flags_;
  broadcast.timeout_ = timeout_;
  return broadcast;
}
Broadcast SocketEmitter::to(std::string_view room) const {
  return with_flags(socket_.to(room));
}
Broadcast SocketEmitter::except(std::string_view room) const {
  return with_flags(socket_.except(room));
}
Broadcast SocketEmitter::broadcast() const {
  return with_flags(socket_.broadcast());
}
void SocketEmitter::emit_args(std::string_view event, const Args& args) {
  socket_.emit_args(event, args, flags_);
}
void SocketEmitter::emit_with_ack(std::string_view event, const Args& args,
                                  std::move_only_function<void(Result<ArgsView>)> handler) {
  socket_.emit_with_ack(event, args, timeout_, std::move(handler), flags_);
}

// --- Socket -----------------------------------------------------------------------------------------------

namespace {

// Neither side wanted the socket gone.
bool is_recoverable(DisconnectReason reason) {
  switch (reason) {
    case DisconnectReason::kTransportClose:
    case DisconnectReason::kTransportError:
    case DisconnectReason::kPingTimeout:
    case DisconnectReason::kForcedClose:
    case DisconnectReason::kForcedServerClose:
    case DisconnectReason::kServerShuttingDown:
    case DisconnectReason::kOverflow:
      return true;
    case DisconnectReason::kFlood:
    case DisconnectReason::kClientNamespaceDisconnect:
    case DisconnectReason::kServerNamespaceDisconnect:
    case DisconnectReason::kParseError:
      return false;
  }
  return false;
}

}  // namespace

Socket::Socket(std::shared_ptr<Namespace> nsp, ClientConnection& client, Handshake handshake,
               std::string_view engine_id)
    : nsp_(std::move(nsp)), client_(client), handshake_(std::move(handshake)) {
  if (engine_id.empty()) {
    random_id(id_.size()).copy(id_.data(), id_.size());
  } else {
    engine_id.copy(id_.data(), id_.size());
    if (nsp_->name() != "/") extras().long_id = nsp_->name() + "#" + std::string(engine_id);
  }
}

Socket::~Socket() = default;

std::string_view Socket::id() const {
  if (extras_ && !extras_->long_id.empty()) return extras_->long_id;
  return {id_.data(), id_.size()};
}

net::Shard& Socket::shard() const {
  return client_.shard();
}
SocketRef Socket::ref() {
  return SocketRef(nsp_, shard().index(), std::string(id()));
}
size_t Socket::buffered_bytes() const {
  return connected_ ? client_.buffered_bytes() : 0;
}
engineio::TransportKind Socket::transport() const {
  return client_.transport();
}
std::string_view Socket::client_id() const {
  return client_.id();
}

Socket::Extras& Socket::extras() {
  if (!extras_) extras_ = std::make_unique<Extras>();
  return *extras_;
}

void Socket::on(std::string_view event, Handler handler) {
  extras().handlers.push_back({std::string(event), std::move(handler), false});
}
void Socket::once(std::string_view event, Handler handler) {
  extras().handlers.push_back({std::string(event), std::move(handler), true});
}
void Socket::off(std::string_view event) {
  // Blanked, not erased: one of them may be running. An event cannot have an empty handler otherwise.
  if (!extras_) return;
  for (auto& own : extras_->handlers)
    if (own.event == event) own.handler = nullptr;
}
void Socket::on_any(Handler handler) {
  extras().any_handlers.push_back(std::move(handler));
}
void Socket::off_any() {
  // One of them may be running; dispatch holds a copy.
  if (extras_) extras_->any_handlers.clear();
}
void Socket::on_any_outgoing(OutgoingHandler handler) {
  extras().outgoing_handlers.push_back(std::move(handler));
}
void Socket::use(EventMiddleware middleware) {
  extras().middleware.push_back(std::move(middleware));
}
void Socket::on_disconnect(std::function<void(DisconnectReason)> handler) {
  extras().disconnect_handlers.push_back(std::move(handler));
}

// --- Out --------------------------------------------------------------------------------------------------

bool Socket::watches_outgoing() const {
  return (extras_ && !extras_->outgoing_handlers.empty()) || !nsp_->handlers_->any_outgoing.empty() ||
         nsp_->server().observer() != nullptr;
}

void Socket::note_outgoing(std::string_view event, const ArgsView& args) {
  // By index, and a copy: a handler may register another.
  for (size_t i = 0; extras_ && i < extras_->outgoing_handlers.size() && connected_; ++i) {
    const OutgoingHandler handler = extras_->outgoing_handlers[i];
    handler(event, args);
  }
  for (const auto& handler : nsp_->handlers_->any_outgoing) {
    if (!connected_) return;
    handler(*this, event, args);
  }
  if (Observer* const observer = nsp_->server().observer()) observer->on_event_sent(*this, event, args);
}

void Socket::emit_args(std::string_view event, const Args& args, const EmitFlags& flags) {
  if (!connected_ || !may_emit(event, *nsp_)) return;
  std::string packet;
  append_event(packet, nsp_->name(), std::nullopt, event, args.json, args.attachments.size());
  if (recovery_ != nullptr) {
    emit_recoverable(std::move(packet), args, flags);
  } else {
    client_.send(*this, {.text = packet, .attachments = args.attachments, .flags = flags, .droppable = true});
  }
  if (watches_outgoing()) note_outgoing(event, ArgsView(args.json, args.attachments));
}

void Socket::emit_recoverable(std::string packet, const Args& args, const EmitFlags& flags) {
  const uint64_t last = std::max(nsp_->local_part().recovery->log.last(), recovery_->floor);
  if (flags.is_volatile) {
    append_offset(packet, std::max(Offset{.seq = last}, recovery_->direct.last()));
    return client_.send(*this,
                        {.text = packet, .attachments = args.attachments, .flags = flags, .droppable = true});
  }
  size_t bytes = packet.size();
  for (const Attachment& attachment : args.attachments) bytes += attachment->size();
  const auto message = std::make_shared<DirectMessage>(DirectMessage{std::move(packet), args.attachments});
  append_offset(message->packet, recovery_->direct.append(last, message, bytes));
  client_.send(*this,
               {.text = message->packet, .attachments = args.attachments, .flags = flags, .droppable = true});
}

bool Socket::expect_ack(uint64_t id, Milliseconds timeout, AckHandler handler) {
  Extras& extras = this->extras();
  if (extras.pending_acks.size() >= kMaxPendingAcks) {
    handler(fail(ErrorCode::kInvalidOperation, "too many acknowledgements are pending on this socket"));
    return false;
  }
  PendingAck pending{.handler = std::move(handler), .timeout = {}};
  pending.timeout = shard().run_after(timeout, [this, id] {
    const auto it = extras_->pending_acks.find(id);
    if (it == extras_->pending_acks.end()) return;
    PendingAck late = std::move(it->second);
    extras_->pending_acks.erase(it);
    Namespace::PerShard::bump(nsp_->local_part().counters.ack_timeouts);
    late.handler(fail(ErrorCode::kRequestTimeout, "the client did not acknowledge in time"));
  });
  extras.pending_acks.emplace(id, std::move(pending));
  return true;
}

void Socket::emit_with_ack(std::string_view event, const Args& args, Milliseconds timeout, AckHandler handler,
                           const EmitFlags& flags) {
  if (!connected_) return handler(fail(ErrorCode::kInvalidOperation, "the socket is disconnected"));
  if (!may_emit(event, *nsp_)) return handler(fail(ErrorCode::kValidation, "the event's name is reserved"));
  const uint64_t id = nsp_->next_ack_id();
  if (!expect_ack(id, timeout, std::move(handler))) return;
  std::string packet;
  append_event(packet, nsp_->name(), id, event, args.json, args.attachments.size());
  client_.send(*this, {.text = packet, .attachments = args.attachments, .flags = flags, .droppable = true});
  if (watches_outgoing()) note_outgoing(event, ArgsView(args.json, args.attachments));
}

void Socket::send_ack(uint64_t id, std::string_view json, std::span<const Attachment> attachments) {
  if (!connected_) return;
  Namespace::PerShard::bump(nsp_->local_part().counters.acks_out);
  std::string packet;
  append_ack(packet, nsp_->name(), id, json, attachments.size());
  client_.send(*this, {.text = packet, .attachments = attachments});
}

bool Socket::join(std::string_view room) {
  const ServerOptions& options = nsp_->server().options();
  if (!connected_ || room_count() >= options.max_rooms_per_socket) return false;
  // Names come from clients, and each shard keeps what it has.
  if (room.size() > options.max_room_name_bytes) return false;
  auto& mine = nsp_->local_part();
  const size_t rooms = mine.rooms.room_count();
  if (!mine.rooms.join(*this, room)) return false;
  if (mine.rooms.room_count() != rooms) {
    mine.update_counts();
    nsp_->adapter().on_room_created(room);
  }
  if (Observer* const observer = nsp_->server().observer()) observer->on_joined(*this, room);
  return true;
}

bool Socket::leave(std::string_view room) {
  auto& mine = nsp_->local_part();
  const size_t rooms = mine.rooms.room_count();
  // The caller's text may be the room's own name.
  const std::string name(room);
  if (!mine.rooms.leave(*this, name)) return false;
  if (mine.rooms.room_count() != rooms) {
    mine.update_counts();
    nsp_->adapter().on_room_deleted(name);
  }
  if (Observer* const observer = nsp_->server().observer()) observer->on_left(*this, name);
  return true;
}

bool Socket::in_room(std::string_view room) const {
  return nsp_->local_part().rooms.contains(*this, room);
}

Broadcast Socket::to(std::string_view room) {
  return std::move(Broadcast(*nsp_).to(room).except(id()));
}
Broadcast Socket::except(std::string_view room) {
  return std::move(Broadcast(*nsp_).except(room).except(id()));
}
Broadcast Socket::broadcast() {
  return std::move(Broadcast(*nsp_).except(id()));
}

void Socket::disconnect(bool close) {
  if (!connected_) return;
  if (close) return client_.disconnect();
  std::string packet;
  append_disconnect(packet, nsp_->name());
  client_.send(*this, {.text = packet});
  closed(DisconnectReason::kServerNamespaceDisconnect);
}

void Socket::closed(DisconnectReason reason) {
  if (!std::exchange(connected_, false)) return;
  // Handlers still see the rooms.
  for (const auto& handler : nsp_->handlers_->disconnect) handler(*this, reason);
  if (extras_) {
    for (const auto& handler : std::exchange(extras_->disconnect_handlers, {})) handler(reason);
    auto pending = std::move(extras_->pending_acks);
    extras_->pending_acks.clear();
    for (auto& [id, ack] : pending)
      ack.handler(fail(ErrorCode::kInvalidOperation, "the socket disconnected"));
  }
  auto& mine = nsp_->local_part();
  std::vector<std::string> rooms;
  for (const std::string_view room : this->rooms()) rooms.emplace_back(room);
  for (const std::string& room : rooms) leave(room);
  mine.sockets.erase(id());
  if (recovery_ != nullptr) {
    mine.recovery->live.erase(recovery_->pid);
    if (is_recoverable(reason)) {
      nsp_->store_session(recovery_->pid, {.sid = std::string(id()),
                                           .rooms = std::move(rooms),
                                           .data = std::move(data),
                                           .start = recovery_->start,
                                           .direct = std::move(recovery_->direct)});
    } else {
      nsp_->note_session_gone(recovery_->pid);
    }
  }
  mine.update_counts();
  if (Observer* const observer = nsp_->server().observer()) observer->on_disconnected(*this, reason);
  nsp_->server().left(*nsp_);
  client_.forget(*this);
}

// --- In ---------------------------------------------------------------------------------------------------

// An event on its way through middleware: a copy, since it may wait.
struct Socket::EventRun {
  SocketRef socket;
  std::string name;
  std::string json;
  std::vector<Attachment> attachments;
  std::optional<uint64_t> ack_id;
  size_t next = 0;  // middleware of the namespace first, then the socket's own
};

void Socket::handle_event(std::string_view elements, std::optional<uint64_t> ack_id,
                          std::span<const Attachment> attachments) {
  Namespace::PerShard::bump(nsp_->local_part().counters.events_in);
  // The decoder has seen that this is an array which begins with the name.
  std::string name_storage;
  const EventParts parts = split_event(elements, name_storage);
  const ArgsView args(parts.args, attachments);
  if (Observer* const observer = nsp_->server().observer()) {
    observer->on_event_received(*this, parts.name, args);
    if (!connected_) return;
  }
  if (nsp_->handlers_->event_middleware.empty() && (!extras_ || extras_->middleware.empty())) [[likely]] {
    Event event(*this, parts.name, args, ack_id);
    return dispatch(event);
  }
  if (ack_id) ++acks_owed_;
  run_event_middleware(
      std::make_shared<EventRun>(EventRun{.socket = ref(),
                                          .name = std::string(parts.name),
                                          .json = std::string(parts.args),
                                          .attachments = {attachments.begin(), attachments.end()},
                                          .ack_id = ack_id}));
}

void Socket::run_event_middleware(const std::shared_ptr<EventRun>& run) {
  Event event(*this, run->name, ArgsView(run->json, run->attachments), run->ack_id);
  const auto& shared = nsp_->handlers_->event_middleware;
  const size_t index = run->next++;
  const size_t own = index - std::min(index, shared.size());
  const bool is_own = index >= shared.size();
  if (is_own && (!extras_ || own >= extras_->middleware.size())) {
    if (run->ack_id && acks_owed_ > 0) --acks_owed_;
    return dispatch(event);
  }
  const EventMiddleware middleware = is_own ? extras_->middleware[own] : shared[index];
  middleware(event, [run, called = false](std::optional<ConnectError> error) mutable {
    if (std::exchange(called, true)) return;
    run->socket.run([run, error = std::move(error)](Socket& socket) {
      if (!error) return socket.run_event_middleware(run);
      Namespace::PerShard::bump(socket.nsp_->local_part().counters.event_errors);
      if (run->ack_id && socket.acks_owed_ > 0) --socket.acks_owed_;
      Event refused(socket, run->name, ArgsView(run->json, run->attachments), run->ack_id);
      for (const auto& handler : socket.nsp_->handlers_->error) handler(socket, *error, refused);
    });
  });
}

void Socket::dispatch(Event& event) {
  const Namespace::Handlers& shared = *nsp_->handlers_;
  for (const auto& handler : shared.any) {
    handler(*this, event);
    if (!connected_) return;
  }
  if (extras_ && dispatch_to_own(event)) return;
  bool heard = false;
  for (const auto& [name, handler] : shared.events)
    if (name == event.name()) {
      if (!connected_) return;
      heard = true;
      handler(*this, event);
    }
  if (heard) return;
  for (const auto& handler : shared.unhandled) {
    if (!connected_) return;
    handler(*this, event);
  }
}

bool Socket::dispatch_to_own(Event& event) {
  // By index: a handler may register another, or let an event pass that middleware held.
  ++extras_->dispatching;
  for (size_t i = 0; i < extras_->any_handlers.size() && connected_; ++i) {
    const Handler handler = extras_->any_handlers[i];
    handler(event);
  }
  bool heard = false;
  for (size_t i = 0; i < extras_->handlers.size() && connected_; ++i) {
    if (extras_->handlers[i].event != event.name()) continue;
    const Handler handler = extras_->handlers[i].handler;
    if (!handler) continue;
    if (extras_->handlers[i].once) extras_->handlers[i].handler = nullptr;
    heard = true;
    handler(event);
  }
  if (--extras_->dispatching == 0)
    std::erase_if(extras_->handlers, [](const auto& own) { return !own.handler; });
  return heard || !connected_;
}

void Socket::handle_ack(std::string_view elements, uint64_t id, std::span<const Attachment> attachments) {
  Namespace::PerShard::bump(nsp_->local_part().counters.acks_in);
  if (!extras_) return;
  const auto it = extras_->pending_acks.find(id);
  if (it == extras_->pending_acks.end()) return;  // late, or never asked for
  PendingAck pending = std::move(it->second);
  extras_->pending_acks.erase(it);
  pending.handler(ArgsView(array_elements(elements), attachments));
}

}  // namespace patchbay::socketio
