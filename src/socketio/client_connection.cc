#include "socketio/client_connection.h"

#include <algorithm>

#include <boost/json/object.hpp>

#include "base/ids.h"
#include "http/query.h"
#include "socketio/json_value.h"
#include "socketio/msgpack.h"
#include "socketio/namespace_shard.h"
#include "socketio/observer.h"
#include "websocket/frame.h"

namespace patchbay::socketio {
namespace {

DisconnectReason to_disconnect_reason(engineio::CloseReason reason) {
  switch (reason) {
    case engineio::CloseReason::kTransportClose:
      return DisconnectReason::kTransportClose;
    case engineio::CloseReason::kTransportError:
      return DisconnectReason::kTransportError;
    case engineio::CloseReason::kPingTimeout:
      return DisconnectReason::kPingTimeout;
    case engineio::CloseReason::kParseError:
      return DisconnectReason::kParseError;
    case engineio::CloseReason::kForcedClose:
      return DisconnectReason::kForcedServerClose;
    case engineio::CloseReason::kServerShutdown:
      return DisconnectReason::kServerShuttingDown;
    case engineio::CloseReason::kOverflow:
      return DisconnectReason::kOverflow;
    case engineio::CloseReason::kFlood:
      return DisconnectReason::kFlood;
  }
  return DisconnectReason::kTransportError;
}

}  // namespace

ClientConnection::ClientConnection(Server& server, engineio::Connection& connection)
    : server_(server),
      connection_(connection),
      decoder_({.max_attachments = server.options().max_attachments,
                .max_bytes = server.options().engine.session.max_payload}) {
  if (is_legacy()) {
    // Not from inside the session's opening: handlers may close it.
    connect_deadline_ = shard().run_after(Milliseconds(0), [this] {
      start_connect_deadline();
      enter("/", "{}");
    });
  } else {
    start_connect_deadline();
  }
}

void ClientConnection::start_connect_deadline() {
  connect_deadline_ = shard().run_after(server_.options().connect_timeout, [this] {
    if (sockets_.empty()) close(engineio::CloseReason::kForcedClose);
  });
}

ClientConnection::Entering::~Entering() {
  if (!is_in) nsp->server().left(*nsp);
}

ClientConnection::~ClientConnection() {
  for (const auto& entering : entering_) entering->client = nullptr;
}

// --- Out --------------------------------------------------------------------------------------------------

void ClientConnection::send_packet(std::string_view packet, std::span<const Attachment> attachments,
                                   bool compress) {
  if (closed_) return;
  engineio::Session& session = connection_.session();
  if (msgpack_) {
    session.send_binary(to_msgpack(packet, attachments), compress);
    return;
  }
  session.send_text(packet, compress);
  for (const Attachment& attachment : attachments) session.send_binary(*attachment, compress);
}

bool ClientConnection::is_congested() const {
  return backlog_ != nullptr || connection_.buffered_bytes() >= server_.options().output.direct_bytes;
}

void ClientConnection::send(Socket& socket, const OutgoingPacket& packet) {
  if (closed_ || overflowed_) return;
  auto& counters = socket.nsp().local_part().counters;
  if (packet.flags.is_volatile && buffered_bytes() > 0)
    return Namespace::PerShard::bump(counters.dropped_volatile);
  if (packet.droppable) Namespace::PerShard::bump(counters.events_out);
  const bool compress = packet.flags.compress;
  if (is_congested()) [[unlikely]] {
    SharedPacket encoded(packet.text, packet.attachments, compress);
    return wait(socket, encoded, packet.flags, packet.droppable);
  }
  send_packet(packet.text, packet.attachments, compress);
}

void ClientConnection::send(Socket& socket, SharedPacket& packet, const EmitFlags& flags) {
  if (closed_ || overflowed_) return;
  auto& counters = socket.nsp().local_part().counters;
  if (flags.is_volatile && buffered_bytes() > 0) return Namespace::PerShard::bump(counters.dropped_volatile);
  Namespace::PerShard::bump(counters.events_out);
  if (is_congested()) [[unlikely]]
    return wait(socket, packet, flags, true);
  engineio::Session& session = connection_.session();
  if (msgpack_) {
    session.send(packet.msgpack());
    return;
  }
  session.send(packet.text());
  for (const auto& attachment : packet.attachments()) session.send(attachment);
}

// --- The backlog ------------------------------------------------------------------------------------------

void ClientConnection::wait(Socket& socket, SharedPacket& packet, const EmitFlags& flags, bool droppable) {
  const OutputOptions& options = server_.options().output;
  if (backlog_ == nullptr) backlog_ = std::make_unique<OutputBacklog<WaitingPacket>>(options.connection);
  WaitingPacket waiting{.message = msgpack_ ? packet.msgpack() : packet.text(), .nsp = socket.nsp_};
  if (!msgpack_) waiting.attachments.assign(packet.attachments().begin(), packet.attachments().end());
  const size_t bytes = waiting.cost(!flags.coalesce_key.empty());
  const PushOutcome outcome = backlog_->push(
      std::move(waiting), bytes,
      {.droppable = droppable, .coalesce_key = flags.coalesce_key, .group = backlog_group(socket)});
  auto& counters = socket.nsp().local_part().counters;
  if (outcome.dropped_items > 0)
    Namespace::PerShard::bump(options.connection.policy == OverflowPolicy::kDropOldest
                                  ? counters.dropped_oldest
                                  : counters.dropped_newest,
                              outcome.dropped_items);
  if (outcome.result == PushResult::kReplaced) Namespace::PerShard::bump(counters.coalesced);
  if (outcome.result == PushResult::kDropped) Namespace::PerShard::bump(counters.dropped_newest);
  if (outcome.result == PushResult::kOverflow) Namespace::PerShard::bump(counters.overflowed);
  if (outcome.watermark != Watermark::kNone || outcome.result == PushResult::kOverflow)
    act_later(outcome.watermark, outcome.result == PushResult::kOverflow);
}

// Small numbers, used again: the backlog keeps an entry for each.
uint32_t ClientConnection::backlog_group(Socket& socket) {
  if (socket.backlog_group_ != UINT32_MAX) return socket.backlog_group_;
  uint32_t group = 0;
  const auto taken = [&](const auto& other) { return other->backlog_group_ == group; };
  while (backlog_->bytes_of(group) > 0 || std::ranges::any_of(sockets_, taken)) ++group;
  backlog_->set_budget(group, &socket.nsp().output_budget_);
  return socket.backlog_group_ = group;
}

void ClientConnection::send_waiting(const WaitingPacket& packet) {
  connection_.session().send(packet.message);
  for (const auto& attachment : packet.attachments) connection_.session().send(attachment);
}

void ClientConnection::on_msgpack(std::string_view bytes) {
  MsgpackPacket packet;
  const size_t max_payload = server_.options().engine.session.max_payload;
  const MsgpackLimits limits{.max_attachments = server_.options().max_attachments,
                             .max_data_bytes = 2 * max_payload};
  if (const auto status = decode_msgpack_packet(bytes, limits, packet); !status)
    return protocol_error(status.message());
  on_packet(packet.view(), packet.attachments);
}

void ClientConnection::on_drain() {
  if (backlog_ == nullptr || closed_) return;
  const size_t direct = server_.options().output.direct_bytes;
  while (!backlog_->empty() && connection_.buffered_bytes() < direct) {
    const auto popped = backlog_->pop_front();
    if (popped->watermark != Watermark::kNone) act_later(popped->watermark, false);
    send_waiting(popped->item);
  }
  if (!backlog_->empty()) return;
  backlog_ = nullptr;
  for (const auto& socket : sockets_) socket->backlog_group_ = UINT32_MAX;
}

void ClientConnection::on_upgrade() {
  Observer* const observer = server_.observer();
  if (observer == nullptr) return;
  std::vector<SocketRef> sockets;
  sockets.reserve(sockets_.size());
  for (const auto& socket : sockets_) sockets.push_back(socket->ref());
  for (const SocketRef& ref : sockets) ref.run([&](Socket& socket) { observer->on_upgraded(socket); });
}

bool ClientConnection::wind_down() {
  winding_down_ = true;
  return std::ranges::none_of(sockets_, [](const auto& socket) { return socket->acks_owed_ > 0; });
}

void ClientConnection::before_close() {
  while (backlog_ != nullptr && !backlog_->empty()) send_waiting(backlog_->pop_front()->item);
}

void ClientConnection::act_later(Watermark watermark, bool overflow) {
  if (watermark != Watermark::kNone) watermark_ = watermark;
  overflowed_ = overflowed_ || overflow;
  if (std::exchange(acts_later_, true)) return;
  later_ = shard().run_after(Milliseconds(0), [this] {
    acts_later_ = false;
    act();
  });
}

void ClientConnection::act() {
  if (overflowed_) {
    // Nothing more reaches a client that does not read.
    backlog_ = nullptr;
    return close(engineio::CloseReason::kOverflow);
  }
  const Watermark watermark = std::exchange(watermark_, Watermark::kNone);
  // It may have gone up and down again within the turn.
  if (watermark == told_ || watermark == Watermark::kNone) return;
  told_ = watermark;
  const size_t bytes = backlog_ ? backlog_->bytes() : 0;
  std::vector<SocketRef> sockets;
  for (const auto& socket : sockets_)
    if (!socket->nsp().handlers_->watermark.empty()) sockets.push_back(socket->ref());
  for (const SocketRef& ref : sockets)
    ref.run([&](Socket& socket) {
      for (const auto& handler : socket.nsp().handlers_->watermark) handler(socket, watermark, bytes);
    });
}

void ClientConnection::disconnect() {
  // One that is being disconnected already stays in the list until its handlers are through.
  for (size_t i = sockets_.size(); i-- > 0;)
    if (i < sockets_.size()) sockets_[i]->disconnect();
  close(engineio::CloseReason::kForcedClose);
}

void ClientConnection::close(engineio::CloseReason reason) {
  if (!closed_) connection_.session().close(shard().now(), reason);
}

void ClientConnection::protocol_error(std::string_view what) {
  if (!closed_)
    connection_.session().close_with(shard().now(), engineio::CloseReason::kParseError,
                                     websocket::kCloseProtocolError, what);
}

void ClientConnection::forget(Socket& socket) {
  const auto it = std::ranges::find_if(sockets_, [&](const auto& held) { return held.get() == &socket; });
  if (it == sockets_.end()) return;
  shard().destroy_later(std::move(*it));
  sockets_.erase(it);
}

// --- In ---------------------------------------------------------------------------------------------------

void ClientConnection::on_text(std::string_view text) {
  heard_ = true;
  if (msgpack_) return protocol_error("a text message from a client that began in MessagePack");
  if (const auto status = decoder_.on_text(text, *this); !status) return protocol_error(status.message());
  if (!decoder_.has_pending()) return;
  // Nothing is held for who is not there.
  if (find(decoder_.pending_nsp()) == nullptr)
    return protocol_error("a binary packet for a namespace that was not connected to");
  // One deadline for the whole packet: what has come of it is held in memory.
  attachment_deadline_ = shard().run_after(server_.options().attachment_timeout, [this] {
    if (decoder_.has_pending()) protocol_error("the attachments of a binary packet did not come in time");
  });
}

void ClientConnection::on_binary(std::string_view bytes) {
  // Who begins with a binary message uses npm's socket.io-msgpack-parser: in the default encoding it means
  // nothing.
  if (!heard_ && server_.options().allow_msgpack && !is_legacy()) msgpack_ = true;
  heard_ = true;
  if (msgpack_) return on_msgpack(bytes);
  if (const auto status = decoder_.on_binary(bytes, *this); !status) return protocol_error(status.message());
  if (!decoder_.has_pending()) attachment_deadline_.cancel();
}

void ClientConnection::on_close(engineio::CloseReason reason) {
  closed_ = true;
  connect_deadline_.cancel();
  attachment_deadline_.cancel();
  later_.cancel();
  backlog_ = nullptr;
  for (const auto& entering : entering_) entering->client = nullptr;
  entering_.clear();
  // Out of the member first: a handler may get here again, or find one of them half closed.
  for (auto& socket : std::exchange(sockets_, {})) {
    socket->closed(to_disconnect_reason(reason));
    shard().destroy_later(std::move(socket));
  }
}

Socket* ClientConnection::find(std::string_view nsp) const {
  for (const auto& socket : sockets_)
    if (socket->nsp().name() == nsp) return socket.get();
  return nullptr;
}

bool ClientConnection::on_packet(const PacketView& packet, std::span<const Attachment> attachments) {
  Socket* const socket = find(packet.nsp);
  switch (packet.type) {
    case PacketType::kConnect:
      if (socket != nullptr) {
        protocol_error("already connected to this namespace");
      } else {
        connect(packet);
      }
      break;
    case PacketType::kEvent:
    case PacketType::kBinaryEvent:
      if (socket == nullptr) {
        protocol_error("an event for a namespace that was not connected to");
      } else if (!winding_down_) {
        socket->handle_event(packet.data, packet.id, attachments);
      }
      break;
    case PacketType::kAck:
    case PacketType::kBinaryAck:
      if (socket == nullptr || !packet.id) {
        protocol_error("an acknowledgement without an id or for a namespace that was not connected to");
      } else {
        socket->handle_ack(packet.data, *packet.id, attachments);
      }
      break;
    case PacketType::kDisconnect:
      if (socket != nullptr) {
        socket->closed(DisconnectReason::kClientNamespaceDisconnect);
      } else if (Entering* const entering = find_entering(packet.nsp)) {
        entering->withdrawn = true;
        entering->again.reset();
      } else {
        protocol_error("a disconnect from a namespace that was not connected to");
      }
      break;
    case PacketType::kConnectError:
      protocol_error("CONNECT_ERROR is for servers to send");
      break;
  }
  return !closed_;
}

void ClientConnection::connect(const PacketView& packet) {
  if (!is_legacy()) return enter(packet.nsp, packet.data.empty() ? "{}" : std::string(packet.data));
  // "/chat?token=x": what stands behind the name takes the place of the payload.
  const size_t mark = packet.nsp.find('?');
  const std::string_view name = packet.nsp.substr(0, mark);
  // The client asks for the main namespace too, though it is in it from the start.
  const Entering* const entering = find_entering(name);
  if (find(name) != nullptr || (entering != nullptr && !entering->withdrawn)) return;
  boost::json::object auth;
  if (mark != std::string_view::npos)
    for (const auto& [key, value] : http::query_parameters(packet.nsp.substr(mark + 1))) auth[key] = value;
  enter(name, serialize_json(auth));
}

ClientConnection::Entering* ClientConnection::find_entering(std::string_view nsp) const {
  const auto it = std::ranges::find_if(entering_, [&](const auto& it) { return it->nsp->name() == nsp; });
  return it == entering_.end() ? nullptr : it->get();
}

void ClientConnection::start_over(Entering& entering) {
  if (entering.session != nullptr) {
    entering.nsp->store_session(entering.recovery.pid, std::move(*entering.session));
    entering.nsp->note_session_here(entering.recovery.pid);
  }
  if (entering.again) enter(entering.nsp->name(), std::move(*entering.again));
}

void ClientConnection::enter(std::string_view name, std::string auth_json) {
  // Clients that disconnect() and connect() while middleware is busy do so: the newest request counts.
  if (Entering* const entering = find_entering(name)) {
    entering->withdrawn = false;
    entering->again.reset();
    if (auth_json != entering->auth_json) entering->again = std::move(auth_json);
    return;
  }
  if (sockets_.size() + entering_.size() >= server_.options().max_namespaces_per_client)
    return refuse(name, {.message = "Too many namespaces on one connection", .data_json = {}});
  auto connecting = std::make_shared<Connecting>();
  connecting->handshake = {.request = connection_.handshake(), .auth_json = auth_json};
  auto nsp = server_.enter(name, connecting->handshake);
  if (nsp == nullptr) return refuse(name, {.message = "Invalid namespace", .data_json = {}});
  const auto entering = std::make_shared<Entering>(*this, nsp, std::move(auth_json));
  entering_.push_back(entering);
  const auto& recovery = server_.options().connection_state_recovery;
  auto request = recovery && !is_legacy() ? recovery_request(connecting->handshake.auth_json) : std::nullopt;
  if (!request) return run_middleware(entering, connecting);
  entering->recovery = std::move(*request);
  nsp->claim_session(entering->recovery.pid, [entering, connecting, skip = recovery->skip_middlewares](
                                                 std::optional<StoredSession> session) {
    if (session) {
      // The client may have gone meanwhile; its session waits on.
      if (entering->client == nullptr) {
        entering->nsp->store_session(entering->recovery.pid, std::move(*session));
        return entering->nsp->note_session_here(entering->recovery.pid);
      }
      entering->session = std::make_unique<StoredSession>(std::move(*session));
    }
    if (entering->client == nullptr) return;
    const Offset offset = entering->session && !entering->recovery.offset
                              ? entering->session->start
                              : entering->recovery.offset.value_or(Offset{});
    entering->recovery.offset = offset;
    if (entering->session == nullptr || !entering->nsp->can_recover(*entering->session, offset)) {
      Namespace::PerShard::bump(entering->nsp->local_part().counters.recovery_failed);
      entering->session = nullptr;
      return entering->client->run_middleware(entering, connecting);
    }
    skip ? entering->client->entered(entering, connecting, std::nullopt)
         : entering->client->run_middleware(entering, connecting);
  });
}

void ClientConnection::run_middleware(const std::shared_ptr<Entering>& entering,
                                      const std::shared_ptr<Connecting>& connecting) {
  entering->nsp->run_middleware(0, connecting, [entering, connecting](std::optional<ConnectError> error) {
    if (entering->client != nullptr) entering->client->entered(entering, connecting, std::move(error));
  });
}

MissedPackets ClientConnection::recover(Socket& socket, Entering& entering) {
  Namespace& nsp = *entering.nsp;
  auto& recovery = *nsp.local_part().recovery;
  const RecoveryOptions& options = *server_.options().connection_state_recovery;
  MissedPackets missed;
  // Again: time has passed in the middleware.
  if (entering.session && nsp.can_recover(*entering.session, *entering.recovery.offset)) {
    StoredSession& session = *entering.session;
    missed = nsp.missed(session, *entering.recovery.offset);
    session.sid.copy(socket.id_.data(), socket.id_.size());
    socket.data = std::move(session.data);
    socket.recovered_ = true;
    socket.recovery_ =
        std::make_unique<Socket::Recovery>(Socket::Recovery{.pid = entering.recovery.pid,
                                                            .start = session.start,
                                                            .direct = std::move(session.direct),
                                                            .floor = entering.recovery.offset->seq});
    nsp.note_session_here(socket.recovery_->pid);
    Namespace::PerShard::bump(nsp.local_part().counters.recovered);
  } else {
    const Offset start{.seq = recovery.log.last()};
    socket.recovery_ = std::make_unique<Socket::Recovery>(
        Socket::Recovery{.pid = std::string(engineio::SessionId::generate(shard().index()).view()),
                         .start = start,
                         .direct = DirectLog<DirectMessage>(options.max_direct_bytes, start)});
  }
  recovery.live.emplace(socket.recovery_->pid, &socket);
  return missed;
}

void ClientConnection::entered(const std::shared_ptr<Entering>& entering,
                               const std::shared_ptr<Connecting>& connecting,
                               std::optional<ConnectError> error) {
  std::erase(entering_, entering);
  entering->client = nullptr;
  if (entering->is_void()) return start_over(*entering);
  const std::shared_ptr<Namespace> nsp = entering->nsp;
  auto& mine = nsp->local_part();
  if (error) {
    Namespace::PerShard::bump(mine.counters.refused);
    return is_legacy() ? refuse_legacy(nsp->name(), *error) : refuse(nsp->name(), *error);
  }
  entering->is_in = true;
  const std::string_view engine_id = is_legacy() ? connection_.session().id().view() : std::string_view();
  std::unique_ptr<Socket> made(new Socket(nsp, *this, std::move(connecting->handshake), engine_id));
  Socket& socket = *made;
  socket.data = std::move(connecting->data);
  MissedPackets missed;
  std::string_view pid;
  if (mine.recovery != nullptr && !is_legacy()) {
    missed = recover(socket, *entering);
    pid = socket.recovery_->pid;
  }
  sockets_.push_back(std::move(made));
  connect_deadline_.cancel();
  mine.sockets.emplace(socket.id(), &socket);
  mine.update_counts();
  Namespace::PerShard::bump(mine.counters.connected);
  std::string packet;
  is_legacy() ? append_packet(packet, {.type = PacketType::kConnect, .nsp = nsp->name()})
              : append_connect(packet, nsp->name(), socket.id(), pid);
  send_packet(packet);
  if (socket.recovered())
    for (const std::string& room : entering->session->rooms) socket.join(room);
  for (const MissedPacket& it : missed)
    if (socket.connected()) send(socket, {.text = it.packet, .attachments = it.attachments});
  for (const auto& handler : nsp->handlers_->connection) {
    if (!socket.connected()) return;
    handler(socket);
  }
  if (Observer* const observer = server_.observer(); observer != nullptr && socket.connected())
    observer->on_connected(socket);
}

void ClientConnection::refuse(std::string_view nsp, const ConnectError& error) {
  std::string packet;
  append_connect_error(packet, nsp, error.message, error.data_json);
  send_packet(packet);
}

// What middleware says reaches such a client without the object around it.
void ClientConnection::refuse_legacy(std::string_view nsp, const ConnectError& error) {
  std::string data = error.data_json;
  if (data.empty()) append_json_string(data, error.message);
  std::string packet;
  append_packet(packet, {.type = PacketType::kConnectError, .nsp = nsp, .data = data});
  send_packet(packet);
}

}  // namespace patchbay::socketio
