#include "socketio/namespace.h"

#include "socketio/client_connection.h"
#include "socketio/namespace_shard.h"
#include "socketio/server.h"

namespace patchbay::socketio {

Namespace::Namespace(Server& server, std::string name, size_t shards)
    : server_(server), name_(std::move(name)) {
  for (size_t i = 0; i < shards; ++i) per_shard_.push_back(std::make_unique<PerShard>());
}

Namespace::~Namespace() = default;

Namespace::PerShard& Namespace::local() const {
  return *per_shard_[net::Shard::current()->index()];
}

Namespace& Namespace::use(Middleware middleware) {
  middleware_.push_back(std::move(middleware));
  return *this;
}
Namespace& Namespace::on_connection(ConnectionHandler handler) {
  connection_handlers_.push_back(std::move(handler));
  return *this;
}
Namespace& Namespace::on(std::string_view event, EventHandler handler) {
  event_handlers_.emplace_back(event, std::move(handler));
  return *this;
}
Namespace& Namespace::on_any(EventHandler handler) {
  any_handlers_.push_back(std::move(handler));
  return *this;
}
Namespace& Namespace::on_disconnect(DisconnectHandler handler) {
  disconnect_handlers_.push_back(std::move(handler));
  return *this;
}

size_t Namespace::socket_count() const {
  size_t count = 0;
  for (const auto& per_shard : per_shard_) count += per_shard->count.load(std::memory_order_relaxed);
  return count;
}

Socket* Namespace::find(std::string_view id) const {
  const auto& sockets = local().sockets;
  const auto it = sockets.find(id);
  return it == sockets.end() ? nullptr : it->second;
}

void Namespace::for_each_socket(std::function<void(Socket&)> task) {
  const auto shared = std::make_shared<std::function<void(Socket&)>>(std::move(task));
  for (size_t i = 0; i < per_shard_.size(); ++i)
    server_.shards()[i].post([this, shared] {
      // By id: the task may disconnect whom it likes.
      std::vector<std::string> ids;
      for (const auto& [id, socket] : local().sockets) ids.emplace_back(id);
      for (const std::string& id : ids)
        if (Socket* const socket = find(id)) (*shared)(*socket);
    });
}

// One middleware after the other; each decides when to go on, and on which thread.
void Namespace::run_middleware(size_t index, std::shared_ptr<Connecting> connecting, Next done) {
  if (index == middleware_.size()) return done(std::nullopt);
  net::Shard& shard = *net::Shard::current();
  middleware_[index](connecting, [this, &shard, index, connecting,
                                  done = std::move(done)](std::optional<ConnectError> error) mutable {
    if (!done) return;  // called before
    auto go_on = [this, index, connecting = std::move(connecting), done = std::move(done),
                  error = std::move(error)]() mutable {
      if (error) return done(std::move(error));
      run_middleware(index + 1, std::move(connecting), std::move(done));
    };
    shard.on_this_thread() ? go_on() : shard.post(std::move(go_on));
  });
}

void Namespace::dispatch(Socket& socket, Event& event) {
  bool heard = false;
  for (const auto& [name, handler] : event_handlers_)
    if (name == event.name()) {
      heard = true;
      handler(socket, event);
      if (!socket.connected()) return;
    }
  if (heard) return;
  for (const auto& handler : any_handlers_) {
    handler(socket, event);
    if (!socket.connected()) return;
  }
}

// --- Broadcast --------------------------------------------------------------------------------------------

void Namespace::deliver_everywhere(std::shared_ptr<const BroadcastMessage> message) {
  net::Shard* const here = net::Shard::current();
  for (size_t i = 0; i < per_shard_.size(); ++i) {
    net::Shard& shard = server_.shards()[i];
    if (&shard == here) continue;
    // Posted even when nobody is there now: a socket that joins before the message arrives is to get it or
    // not by the order of the mailbox alone.
    shard.post([this, message] { deliver(*message); });
  }
  if (here != nullptr) deliver(*message);
}

std::vector<Socket*>& Namespace::select(const BroadcastMessage& message) {
  PerShard& mine = local();
  mine.chosen.clear();
  const uint64_t mark = ++mine.mark;
  const auto each_in = [&](std::string_view name, auto&& action) {
    if (const Room* const room = mine.rooms.find(name))
      for (const Room::Entry& entry : room->members) action(static_cast<Socket&>(*entry.member));
    if (const auto it = mine.sockets.find(name); it != mine.sockets.end()) action(*it->second);
  };
  for (const std::string& name : message.except) each_in(name, [&](Socket& socket) { socket.mark_ = mark; });
  const auto choose = [&](Socket& socket) {
    if (socket.mark_ == mark) return;
    socket.mark_ = mark;
    mine.chosen.push_back(&socket);
  };
  if (message.rooms.empty()) {
    for (const auto& [id, socket] : mine.sockets) choose(*socket);
  } else {
    for (const std::string& name : message.rooms) each_in(name, choose);
  }
  return mine.chosen;
}

void Namespace::deliver(const BroadcastMessage& message) {
  const std::vector<Socket*>& receivers = select(message);
  if (receivers.empty()) return;
  const auto packet = engineio::SharedMessage::text(message.packet);
  std::vector<engineio::SharedMessage> attachments;
  for (const Attachment& attachment : message.attachments)
    attachments.push_back(engineio::SharedMessage::binary(*attachment));
  for (Socket* const socket : receivers) {
    if (message.is_volatile && socket->buffered_bytes() > 0) continue;
    socket->client_.send(packet, attachments);
  }
}

void Namespace::disconnect_everywhere(std::shared_ptr<const BroadcastMessage> selection, bool close) {
  for (size_t i = 0; i < per_shard_.size(); ++i)
    server_.shards()[i].post([this, selection, close] {
      std::vector<std::string> ids;
      for (const Socket* const socket : select(*selection)) ids.push_back(socket->id());
      for (const std::string& id : ids)
        if (Socket* const socket = find(id)) socket->disconnect(close);
    });
}

}  // namespace patchbay::socketio
