#include "socketio/namespace.h"

#include "socketio/client_connection.h"
#include "socketio/namespace_shard.h"
#include "socketio/observer.h"
#include "socketio/server.h"

namespace patchbay::socketio {

Namespace::Namespace(Server& server, std::string name, size_t shards)
    : server_(server),
      name_(std::move(name)),
      handlers_(std::make_shared<Handlers>()),
      output_budget_(server.options().output.namespace_bytes, &server.output_budget_) {
  make_parts(shards);
}

Namespace::Namespace(Server& server, std::string name, size_t shards, const Namespace& pattern)
    : server_(server),
      name_(std::move(name)),
      is_child_(true),
      handlers_(pattern.handlers_),
      output_budget_(server.options().output.namespace_bytes, &server.output_budget_) {
  make_parts(shards);
}

void Namespace::make_parts(size_t shards) {
  const ServerOptions& options = server_.options();
  for (size_t i = 0; i < shards; ++i) {
    per_shard_.push_back(std::make_unique<PerShard>());
    if (options.connection_state_recovery)
      per_shard_.back()->recovery = std::make_unique<RecoveryShard>(
          *options.connection_state_recovery, [this](std::string_view pid) { note_session_gone(pid); });
  }
  adapter_ = options.adapter ? options.adapter(*this) : std::make_unique<LocalAdapter>(*this);
}

Namespace::~Namespace() = default;

Namespace::PerShard& Namespace::local_part() const {
  return *per_shard_[net::Shard::current()->index()];
}

// --- Handlers ---------------------------------------------------------------------------------------------

Namespace& Namespace::use(Middleware middleware) {
  handlers_->middleware.push_back(std::move(middleware));
  return *this;
}
Namespace& Namespace::use_event(EventMiddleware middleware) {
  handlers_->event_middleware.push_back(std::move(middleware));
  return *this;
}
Namespace& Namespace::on_connection(ConnectionHandler handler) {
  handlers_->connection.push_back(std::move(handler));
  return *this;
}
Namespace& Namespace::on(std::string_view event, EventHandler handler) {
  handlers_->events.emplace_back(event, std::move(handler));
  return *this;
}
Namespace& Namespace::on_any(EventHandler handler) {
  handlers_->any.push_back(std::move(handler));
  return *this;
}
Namespace& Namespace::on_unhandled(EventHandler handler) {
  handlers_->unhandled.push_back(std::move(handler));
  return *this;
}
Namespace& Namespace::on_any_outgoing(OutgoingHandler handler) {
  handlers_->any_outgoing.push_back(std::move(handler));
  return *this;
}
Namespace& Namespace::on_disconnect(DisconnectHandler handler) {
  handlers_->disconnect.push_back(std::move(handler));
  return *this;
}
Namespace& Namespace::on_error(ErrorHandler handler) {
  handlers_->error.push_back(std::move(handler));
  return *this;
}
Namespace& Namespace::on_watermark(WatermarkHandler handler) {
  handlers_->watermark.push_back(std::move(handler));
  return *this;
}
Namespace& Namespace::on_server_side(std::string_view event, ServerSideHandler handler) {
  handlers_->server_side.emplace_back(event, std::move(handler));
  return *this;
}

// One middleware after the other; each decides when to go on, and on which thread.
void Namespace::run_middleware(size_t index, std::shared_ptr<Connecting> connecting, Next done) {
  if (index == handlers_->middleware.size()) return done(std::nullopt);
  net::Shard& shard = *net::Shard::current();
  handlers_->middleware[index](connecting,
                               [self = shared_from_this(), &shard, index, connecting,
                                done = std::move(done)](std::optional<ConnectError> error) mutable {
                                 if (!done) return;  // called before
                                 auto go_on = [self, index, connecting = std::move(connecting),
                                               done = std::move(done), error = std::move(error)]() mutable {
                                   if (error) return done(std::move(error));
                                   self->run_middleware(index + 1, std::move(connecting), std::move(done));
                                 };
                                 shard.on_this_thread() ? go_on() : shard.post(std::move(go_on));
                               });
}

// --- Who is there -----------------------------------------------------------------------------------------

size_t Namespace::socket_count() const {
  size_t count = 0;
  for (const auto& part : per_shard_) count += part->counters.sockets.load(std::memory_order_relaxed);
  return count;
}

NamespaceMetrics& NamespaceMetrics::operator+=(const NamespaceMetrics& other) {
  sockets += other.sockets;
  rooms += other.rooms;
  connected += other.connected;
  refused += other.refused;
  recovered += other.recovered;
  recovery_failed += other.recovery_failed;
  events_in += other.events_in;
  acks_in += other.acks_in;
  events_out += other.events_out;
  acks_out += other.acks_out;
  broadcasts += other.broadcasts;
  ack_timeouts += other.ack_timeouts;
  event_errors += other.event_errors;
  dropped_volatile += other.dropped_volatile;
  dropped_newest += other.dropped_newest;
  dropped_oldest += other.dropped_oldest;
  coalesced += other.coalesced;
  overflowed += other.overflowed;
  return *this;
}

NamespaceMetrics Namespace::metrics() const {
  NamespaceMetrics sum;
  const auto get = [](const std::atomic<uint64_t>& counter) {
    return counter.load(std::memory_order_relaxed);
  };
  for (const auto& part : per_shard_) {
    const PerShard::Counters& c = part->counters;
    sum += {.sockets = get(c.sockets),
            .rooms = get(c.rooms),
            .connected = get(c.connected),
            .refused = get(c.refused),
            .recovered = get(c.recovered),
            .recovery_failed = get(c.recovery_failed),
            .events_in = get(c.events_in),
            .acks_in = get(c.acks_in),
            .events_out = get(c.events_out),
            .acks_out = get(c.acks_out),
            .broadcasts = get(c.broadcasts),
            .ack_timeouts = get(c.ack_timeouts),
            .event_errors = get(c.event_errors),
            .dropped_volatile = get(c.dropped_volatile),
            .dropped_newest = get(c.dropped_newest),
            .dropped_oldest = get(c.dropped_oldest),
            .coalesced = get(c.coalesced),
            .overflowed = get(c.overflowed)};
  }
  return sum;
}

Socket* Namespace::find(std::string_view id) const {
  const auto& sockets = local_part().sockets;
  const auto it = sockets.find(id);
  return it == sockets.end() ? nullptr : it->second;
}

void Namespace::for_each_socket(std::function<void(Socket&)> task) {
  if (!matches_) return for_each_selected({}, std::move(task));
  for (const auto& child : server_.children_of(*this)) child->for_each_selected({}, task);
}

void Namespace::visit_shard(const std::function<bool(const Socket&)>& task) const {
  for (const auto& [id, socket] : local_part().sockets)
    if (!task(*socket)) return;
}

Namespace::Chosen::Chosen(const Namespace& nsp, const Selection& selection)
    : shard_(nsp.local_part()), sockets_(std::exchange(shard_.scratch, {})) {
  PerShard& mine = shard_;
  sockets_.clear();
  const uint64_t mark = ++mine.mark;
  const auto each_in = [&](std::string_view name, auto&& action) {
    if (const Room* const room = mine.rooms.find(name))
      for (const Room::Entry& entry : room->members) action(static_cast<Socket&>(*entry.member));
    if (const auto it = mine.sockets.find(name); it != mine.sockets.end()) action(*it->second);
  };
  for (const std::string& name : selection.except)
    each_in(name, [&](Socket& socket) { socket.mark_ = mark; });
  const auto choose = [&](Socket& socket) {
    if (socket.mark_ == mark || !socket.connected()) return;
    socket.mark_ = mark;
    sockets_.push_back(&socket);
  };
  if (selection.rooms.empty()) {
    for (const auto& [id, socket] : mine.sockets) choose(*socket);
  } else {
    for (const std::string& name : selection.rooms) each_in(name, choose);
  }
}

void Namespace::for_each_selected(Selection selection, std::function<void(Socket&)> action) {
  const auto shared = std::make_shared<std::pair<Selection, std::function<void(Socket&)>>>(
      std::move(selection), std::move(action));
  for (size_t i = 0; i < per_shard_.size(); ++i)
    server_.shards()[i].post([self = shared_from_this(), shared] {
      // By id: the action may disconnect whom it likes.
      std::vector<std::string> ids;
      for (const Socket* const socket : Chosen(*self, shared->first)) ids.emplace_back(socket->id());
      for (const std::string& id : ids)
        if (Socket* const socket = self->find(id)) shared->second(*socket);
    });
}

// --- Operations on this process's sockets -----------------------------------------------------------------

void Namespace::local_broadcast(const std::shared_ptr<const BroadcastMessage>& message) {
  if (per_shard_[0]->recovery != nullptr && !message->flags.is_volatile && !message->ack_id) {
    net::Shard& first = server_.shards()[0];
    if (first.on_this_thread()) return number_and_deliver(*message);
    return first.post([self = shared_from_this(), message] { self->number_and_deliver(*message); });
  }
  deliver_everywhere(message);
}

void Namespace::deliver_everywhere(const std::shared_ptr<const BroadcastMessage>& message) {
  net::Shard* const here = net::Shard::current();
  for (size_t i = 0; i < per_shard_.size(); ++i) {
    net::Shard& shard = server_.shards()[i];
    if (&shard == here) continue;
    // Posted even when nobody is there now: a socket that joins before the message arrives is to get it or
    // not by the order of the mailbox alone.
    shard.post([self = shared_from_this(), message] { self->deliver(message); });
  }
  if (here != nullptr) deliver(message);
}

void Namespace::deliver(const std::shared_ptr<const BroadcastMessage>& shared) {
  const BroadcastMessage& message = *shared;
  PerShard& mine = local_part();
  std::string_view text = message.packet;
  std::string marked;
  if (RecoveryShard* const recovery = mine.recovery.get()) {
    if (message.sequence > 0) {
      size_t bytes = message.packet.size();
      for (const Attachment& attachment : message.attachments) bytes += attachment->size();
      recovery->log.append(message.sequence, shared, bytes, net::Shard::current()->now());
      sweep_later();
    } else {
      // Not to be recovered, but its last argument must not be taken for a place in the log.
      marked = message.packet;
      append_offset(marked, {.seq = recovery->log.last()});
      text = marked;
    }
  }
  Chosen receivers(*this, message.to);
  if (receivers.empty()) return;
  PerShard::bump(mine.counters.broadcasts);
  SharedPacket packet(text, message.attachments, message.flags.compress);
  if (mine.recovery != nullptr) {
    // A recovered client may have had it already, on a shard that was ahead of this one.
    const uint64_t place = message.sequence > 0 ? message.sequence : mine.recovery->log.last() + 1;
    receivers.leave_out([place](const Socket* socket) {
      return socket->recovery_ != nullptr && place <= socket->recovery_->floor;
    });
  }
  bool watched = false;
  for (Socket* const socket : receivers) {
    socket->client_.send(*socket, packet, message.flags);
    watched = watched || socket->watches_outgoing();
  }
  if (watched) [[unlikely]]
    note_broadcast(message, receivers);
}

// After the last receiver has been sent it: what the handlers send comes behind, for everybody.
void Namespace::note_broadcast(const BroadcastMessage& message, const Chosen& receivers) {
  PacketView view;
  if (!decode_packet(message.packet, {.max_attachments = UINT32_MAX, .max_namespace_bytes = SIZE_MAX}, view))
    return;
  std::string storage;
  const EventParts parts = split_event(view.data, storage);
  // A handler may disconnect whom it likes; they live to the end of the turn.
  for (Socket* const socket : receivers)
    if (socket->connected() && socket->watches_outgoing())
      socket->note_outgoing(parts.name, ArgsView(parts.args, message.attachments));
}

// Brings together what the shards' sockets answer; lives on the shard that asked.
struct Namespace::AckCollector {
  net::Shard* home = nullptr;
  size_t shards_missing = 0;
  size_t answers_missing = 0;
  BroadcastAcks acks;
  BroadcastAckHandler handler;
  Executor::Timer deadline;

  void finish_if_complete() {
    if (shards_missing == 0 && answers_missing == 0) finish();
  }
  void finish() {
    deadline.cancel();
    if (auto done = std::exchange(handler, nullptr)) done(std::move(acks));
  }
};

void Namespace::local_broadcast_with_ack(const std::shared_ptr<const BroadcastMessage>& message,
                                         Milliseconds timeout, BroadcastAckHandler handler) {
  net::Shard* const here = net::Shard::current();
  net::Shard& home = here != nullptr ? *here : server_.shards()[0];
  auto collector = std::make_shared<AckCollector>();
  collector->home = &home;
  collector->handler = std::move(handler);
  collector->shards_missing = per_shard_.size();
  auto start = [self = shared_from_this(), collector, message, timeout] {
    collector->deadline = collector->home->run_after(timeout, [collector] { collector->finish(); });
    for (size_t i = 0; i < self->per_shard_.size(); ++i)
      self->server_.shards()[i].post(
          [self, collector, message, timeout] { self->deliver_with_ack(*message, timeout, collector); });
  };
  here != nullptr ? start() : home.post(std::move(start));
}

void Namespace::deliver_with_ack(const BroadcastMessage& message, Milliseconds timeout,
                                 const std::shared_ptr<AckCollector>& collector) {
  net::Shard& home = *collector->home;
  size_t asked = 0;
  bool watched = false;
  const Chosen receivers(*this, message.to);
  if (!receivers.empty()) PerShard::bump(local_part().counters.broadcasts);
  SharedPacket packet(message.packet, message.attachments, message.flags.compress);
  for (Socket* const socket : receivers) {
    ++asked;
    socket->expect_ack(*message.ack_id, timeout, [collector, &home](Result<ArgsView> answer) {
      std::optional<Args> args;
      if (answer) append_arg(args.emplace(), *answer);
      home.post([collector, args = std::move(args)]() mutable {
        --collector->answers_missing;
        if (args) collector->acks.responses.push_back(std::move(*args));
        collector->finish_if_complete();
      });
    });
    socket->client_.send(*socket, packet, message.flags);
    watched = watched || socket->watches_outgoing();
  }
  home.post([collector, asked] {
    --collector->shards_missing;
    collector->answers_missing += asked;
    collector->acks.expected += asked;
    collector->finish_if_complete();
  });
  if (watched) note_broadcast(message, receivers);
}

void Namespace::local_fetch_sockets(Selection selection, FetchHandler handler) {
  struct Collector {
    std::vector<RemoteSocket> sockets;
    size_t shards_missing;
    FetchHandler handler;
  };
  net::Shard* const here = net::Shard::current();
  net::Shard* const home = here != nullptr ? here : &server_.shards()[0];
  const auto collector = std::make_shared<Collector>(Collector{{}, per_shard_.size(), std::move(handler)});
  const auto shared = std::make_shared<const Selection>(std::move(selection));
  for (size_t i = 0; i < per_shard_.size(); ++i)
    server_.shards()[i].post([self = shared_from_this(), collector, home, shared] {
      std::vector<RemoteSocket> found;
      for (const Socket* const socket : Chosen(*self, *shared)) {
        RemoteSocket& copy = found.emplace_back(RemoteSocket{.id = std::string(socket->id()),
                                                             .handshake = socket->handshake(),
                                                             .rooms = {},
                                                             .data = socket->data});
        for (const std::string_view room : socket->rooms()) copy.rooms.emplace_back(room);
      }
      home->post([collector, found = std::move(found)]() mutable {
        for (RemoteSocket& socket : found) collector->sockets.push_back(std::move(socket));
        if (--collector->shards_missing == 0) collector->handler(std::move(collector->sockets));
      });
    });
}

void Namespace::local_sockets_join(Selection selection, std::vector<std::string> rooms) {
  for_each_selected(std::move(selection), [rooms = std::move(rooms)](Socket& socket) {
    for (const std::string& room : rooms) socket.join(room);
  });
}

void Namespace::local_sockets_leave(Selection selection, std::vector<std::string> rooms) {
  for_each_selected(std::move(selection), [rooms = std::move(rooms)](Socket& socket) {
    for (const std::string& room : rooms) socket.leave(room);
  });
}

void Namespace::local_disconnect_sockets(Selection selection, bool close) {
  for_each_selected(std::move(selection), [close](Socket& socket) { socket.disconnect(close); });
}

void Namespace::local_server_side_event(std::string event, Args args, std::function<void(Args)> ack) {
  server_.shards()[0].post(
      [self = shared_from_this(), event = std::move(event), args = std::move(args), ack = std::move(ack)] {
        for (const auto& [name, handler] : self->handlers_->server_side)
          if (name == event) handler(ArgsView(args.json, args.attachments), ack);
      });
}

}  // namespace patchbay::socketio
