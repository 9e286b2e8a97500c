#include "socketio/client_core.h"

#include <algorithm>
#include <utility>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "base/ids.h"
#include "socketio/json_value.h"

namespace patchbay::socketio {
namespace {

using engineio::CloseReason;

ClientDisconnect to_disconnect(CloseReason reason) {
  switch (reason) {
    case CloseReason::kPingTimeout:
      return ClientDisconnect::kPingTimeout;
    case CloseReason::kParseError:
      return ClientDisconnect::kParseError;
    case CloseReason::kTransportError:
      return ClientDisconnect::kTransportError;
    default:
      return ClientDisconnect::kTransportClose;
  }
}

// CONNECT_ERROR: {"message":…,"data":…}, or just a string.
ConnectRefusal parse_refusal(std::string_view text) {
  ConnectRefusal refusal{.message = "the server refused the connection", .by_server = true};
  const auto value = parse_json(text);
  if (!value) return refusal;
  if (value->is_string()) refusal.message = std::string(value->get_string());
  const auto* const object = value->if_object();
  if (object == nullptr) return refusal;
  if (const auto* const message = object->if_contains("message"); message != nullptr && message->is_string())
    refusal.message = std::string(message->get_string());
  if (const auto* const data = object->if_contains("data")) refusal.data_json = boost::json::serialize(*data);
  return refusal;
}

}  // namespace

ClientCore::ClientCore(net::Shard& shard, ClientOptions options)
    : shard_(shard),
      options_(std::move(options)),
      self_(std::make_shared<ClientCore*>(this)),
      decoder_({.max_attachments = options_.max_attachments,
                .max_bytes = options_.engine.session.max_message_bytes}),
      backoff_(options_.reconnection_delay) {}

ClientCore::~ClientCore() = default;

template <typename Action>
void ClientCore::for_each_socket(Action&& action) {
  for (auto& [name, socket] : sockets_) {
    action(*socket);
    if (dead_) return;
  }
}

bool ClientCore::any_active() const {
  return std::ranges::any_of(sockets_, [](const auto& entry) { return entry.second->active_; });
}

ClientSocket& ClientCore::of(std::string_view nsp) {
  std::string name(nsp);
  if (!name.starts_with('/')) name.insert(name.begin(), '/');
  const auto found = sockets_.find(name);
  if (found != sockets_.end()) return *found->second;
  auto made = std::make_unique<ClientSocket>(*this, name);
  ClientSocket& socket = *sockets_.emplace(std::move(name), std::move(made)).first->second;
  if (options_.auto_connect) socket.connect();
  return socket;
}

void ClientCore::shut() {
  dead_ = true;
  self_.reset();
  for (auto& [name, socket] : sockets_) socket->silence();
  drop_engine();
  state_ = State::kClosed;
}

void ClientCore::drop_engine() {
  ++attempt_;
  attempt_timer_.cancel();
  attachment_deadline_.cancel();
  decoder_.reset();
  engine_.reset();
}

void ClientCore::close() {
  for_each_socket([](ClientSocket& socket) { socket.disconnect(); });
  if (!dead_ && !any_active()) deactivated();
}

void ClientCore::deactivated() {
  if (dead_ || any_active()) return;
  drop_engine();
  state_ = State::kClosed;
  reconnecting_ = false;
  backoff_.reset();
}

void ClientCore::reconnect_now() {
  if (dead_ || !any_active() || (state_ != State::kWaiting && state_ != State::kClosed)) return;
  attempt_timer_.cancel();
  start_attempt();
}

// --- Connecting -------------------------------------------------------------------------------------------

void ClientCore::activate(ClientSocket& socket) {
  if (dead_) return;
  if (state_ == State::kOpen) return socket.send_connect(credentials_, generation_);
  if (state_ == State::kClosed) start_attempt();
}

void ClientCore::start_attempt() {
  state_ = State::kAsking;
  ask_credentials();
}

void ClientCore::ask_credentials() {
  const uint64_t attempt = ++attempt_;
  if (!options_.auth) return on_credentials(attempt, Credentials{});
  options_.auth->ask(
      [shard = &shard_, weak = std::weak_ptr(self_), attempt](Result<Credentials> credentials) {
        auto deliver = [weak, attempt, credentials = std::move(credentials)]() mutable {
          if (const auto self = weak.lock()) (*self)->on_credentials(attempt, std::move(credentials));
        };
        if (shard->on_this_thread()) return deliver();
        shard->post(std::move(deliver));
      });
}

void ClientCore::on_credentials(uint64_t attempt, Result<Credentials> credentials) {
  if (dead_ || attempt != attempt_) return;
  if (state_ == State::kAsking) {
    if (!credentials) return attempt_failed(credentials.error());
    credentials_ = std::move(*credentials);
    ++generation_;
    return open_engine();
  }
  if (state_ != State::kOpen) return;
  // Another try for namespaces that were refused on the open connection.
  if (!credentials) {
    const ConnectRefusal refusal{.message = credentials.error().message};
    return for_each_socket([&](ClientSocket& socket) {
      if (socket.active_ && !socket.connected_ && !socket.connecting_) socket.handle_refusal(refusal);
    });
  }
  const bool same_request =
      credentials->query == credentials_.query && credentials->headers == credentials_.headers;
  credentials_ = std::move(*credentials);
  ++generation_;
  if (same_request)
    return for_each_socket([this](ClientSocket& socket) {
      if (socket.active_) socket.send_connect(credentials_, generation_);
    });
  // They travel in the request that opens the connection: it must be opened again.
  drop_engine();
  state_ = State::kAsking;
  for_each_socket([](ClientSocket& socket) {
    socket.closed(ClientDisconnect::kTransportClose, "connecting again with other credentials");
  });
  if (!dead_ && state_ == State::kAsking) open_engine();
}

void ClientCore::open_engine() {
  state_ = State::kOpening;
  engineio::ClientOptions engine = options_.engine;
  if (engine.path.empty()) engine.path = "/socket.io/";
  engine.query.insert(engine.query.end(), credentials_.query.begin(), credentials_.query.end());
  engine.headers.insert(engine.headers.end(), credentials_.headers.begin(), credentials_.headers.end());
  engine_ = engineio::Client::open(shard_, std::move(engine), *this);
}

void ClientCore::on_open() {
  state_ = State::kOpen;
  backoff_.reset();
  const bool again = std::exchange(reconnecting_, false);
  for_each_socket([this](ClientSocket& socket) {
    if (socket.active_ && state_ == State::kOpen) socket.send_connect(credentials_, generation_);
  });
  if (again && !dead_ && on_reconnect_) on_reconnect_();
}

bool ClientCore::try_other_credentials(ClientSocket& socket, const ConnectRefusal& refusal) {
  if (!options_.auth || socket.generation_ == 0 || state_ != State::kOpen) return false;
  // Others were refused with the same, and the next are on their way or here.
  if (socket.generation_ != generation_) {
    socket.send_connect(credentials_, generation_);
    return true;
  }
  if (!options_.auth->refused(refusal)) return false;
  ask_credentials();
  return true;
}

void ClientCore::accepted(const ClientSocket& socket) {
  if (options_.auth && socket.generation_ == generation_) options_.auth->accepted();
}

bool ClientCore::give_up_silent_server() {
  if (dead_ || state_ != State::kOpen) return false;
  if (std::ranges::any_of(sockets_, [](const auto& entry) { return entry.second->connected_; })) return false;
  drop_engine();
  connection_lost(ClientDisconnect::kTransportClose, "the server did not answer");
  return true;
}

// --- Losing the connection --------------------------------------------------------------------------------

void ClientCore::on_close(CloseReason reason, const Error& error) {
  const bool was_open = state_ == State::kOpen;
  // NOLINTNEXTLINE(performance-unnecessary-copy-initialization): drop_engine() destroys the original.
  const Error kept = error;
  drop_engine();
  if (!was_open) return attempt_failed(kept);
  connection_lost(to_disconnect(reason), kept.message);
}

void ClientCore::connection_lost(ClientDisconnect reason, std::string_view detail) {
  state_ = State::kClosed;
  reconnecting_ = true;
  for_each_socket([&](ClientSocket& socket) { socket.closed(reason, detail); });
  schedule_attempt();
}

void ClientCore::attempt_failed(const Error& error) {
  state_ = State::kClosed;
  const ConnectRefusal refusal{.message = error.message};
  if (error.code == ErrorCode::kAuthentication && options_.auth && options_.auth->refused(refusal))
    return start_attempt();
  for_each_socket([&](ClientSocket& socket) {
    if (socket.active_ && socket.on_connect_error_) socket.on_connect_error_(refusal);
  });
  schedule_attempt();
}

void ClientCore::schedule_attempt() {
  if (dead_ || state_ != State::kClosed || !any_active() || !options_.reconnection) return;
  if (options_.reconnection_attempts && backoff_.attempts() >= *options_.reconnection_attempts) {
    backoff_.reset();
    if (on_reconnect_failed_) on_reconnect_failed_();
    return;
  }
  reconnecting_ = true;
  state_ = State::kWaiting;
  attempt_timer_ = shard_.run_after(backoff_.next(random_unit()), [this] {
    if (on_reconnect_attempt_) on_reconnect_attempt_(backoff_.attempts());
    if (!dead_ && state_ == State::kWaiting) start_attempt();
  });
}

// --- Packets ----------------------------------------------------------------------------------------------

void ClientCore::on_text(std::string_view text) {
  const auto status = decoder_.on_text(text, *this);
  if (dead_ || !engine_) return;
  if (!status) return protocol_error(status.message());
  if (!decoder_.has_pending()) return;
  attachment_deadline_ = shard_.run_after(options_.attachment_timeout, [this] {
    protocol_error("the attachments of a binary packet did not all come in time");
  });
}

void ClientCore::on_binary(std::string_view bytes) {
  const auto status = decoder_.on_binary(bytes, *this);
  if (dead_ || !engine_) return;
  if (!status) return protocol_error(status.message());
  if (!decoder_.has_pending()) attachment_deadline_.cancel();
}

void ClientCore::protocol_error(std::string_view what) {
  if (engine_) engine_->close_for_violation(what);
}

bool ClientCore::on_packet(const PacketView& packet, std::span<const Attachment> attachments) {
  const auto found = sockets_.find(packet.nsp);
  if (found == sockets_.end()) return true;  // one that was never asked for
  ClientSocket& socket = *found->second;
  switch (packet.type) {
    case PacketType::kConnect:
      socket.handle_connect(packet.data);
      break;
    case PacketType::kDisconnect:
      if (!socket.connected_) break;
      socket.active_ = false;
      socket.closed(ClientDisconnect::kServerDisconnect, {});
      deactivated();
      break;
    case PacketType::kConnectError:
      if (socket.connecting_) socket.handle_refusal(parse_refusal(packet.data));
      break;
    case PacketType::kEvent:
    case PacketType::kBinaryEvent:
      socket.handle_event(packet, attachments);
      break;
    case PacketType::kAck:
    case PacketType::kBinaryAck:
      socket.handle_ack(packet, attachments);
      break;
  }
  return !dead_ && engine_ != nullptr;
}

Status ClientCore::send(std::string_view packet, std::span<const Attachment> attachments) {
  if (state_ != State::kOpen || !engine_) return fail(ErrorCode::kServiceUnavailable, "not connected");
  engineio::ClientSession& session = engine_->session();
  size_t total = packet.size();
  bool fits = session.fits(packet.size(), false);
  for (const Attachment& attachment : attachments) {
    total += attachment->size();
    fits = fits && session.fits(attachment->size(), true);
  }
  if (!fits)
    return fail(ErrorCode::kPayloadTooLarge,
                "a message of " + std::to_string(total) +
                    " bytes is larger than the server takes at once (maxPayload " +
                    std::to_string(session.handshake().max_payload) + ")");
  const size_t limit = std::min({options_.max_queued_bytes, options_.engine.session.max_buffered_bytes,
                                 options_.engine.stream.max_queued_bytes});
  if (engine_->buffered_bytes() + total > limit)
    return fail(ErrorCode::kServiceUnavailable, "the server reads too slowly: more than " +
                                                    std::to_string(limit) + " bytes would wait to be sent");
  bool taken = session.send_text(packet);
  for (const Attachment& attachment : attachments) taken = taken && session.send_binary(*attachment);
  if (!taken) return fail(ErrorCode::kServiceUnavailable, "the connection is closing");
  return {};
}

void ClientCore::send_control(std::string_view packet) {
  if (state_ == State::kOpen && engine_) engine_->session().send_text(packet);
}

bool ClientCore::may_keep(size_t bytes) {
  if (kept_packets_ >= options_.max_buffered_packets || kept_bytes_ + bytes > options_.max_buffered_bytes)
    return false;
  ++kept_packets_;
  kept_bytes_ += bytes;
  return true;
}

void ClientCore::let_go(size_t bytes) {
  --kept_packets_;
  kept_bytes_ -= bytes;
}

}  // namespace patchbay::socketio
