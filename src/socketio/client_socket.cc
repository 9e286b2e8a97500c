#include "socketio/client_socket.h"

#include <algorithm>
#include <utility>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "socketio/client_core.h"
#include "socketio/json_scan.h"
#include "socketio/json_value.h"

namespace patchbay::socketio {
namespace {

// A volatile emit counts as writable while no more than this waits.
constexpr size_t kVolatileBytes = 16 * 1024;

bool is_usable_name(std::string_view nsp) {
  return nsp.size() <= 1024 && std::ranges::none_of(nsp, [](char c) {
           return c == ',' || static_cast<uint8_t>(c) < ' ' || c == 0x7f;
         });
}

bool is_json_object(std::string_view text) {
  return is_valid_json(text, {.check_utf8 = true}) && kind_of(trim_json(text)) == JsonKind::kObject;
}

size_t size_of(std::string_view event, const Args& args) {
  size_t bytes = event.size() + args.json.size();
  for (const Attachment& attachment : args.attachments) bytes += attachment->size();
  return bytes;
}

Error not_connected() {
  return {ErrorCode::kServiceUnavailable, "the connection was lost before the answer came", {}};
}

}  // namespace

std::string_view to_string(ClientDisconnect reason) {
  switch (reason) {
    case ClientDisconnect::kServerDisconnect:
      return "io server disconnect";
    case ClientDisconnect::kClientDisconnect:
      return "io client disconnect";
    case ClientDisconnect::kPingTimeout:
      return "ping timeout";
    case ClientDisconnect::kTransportClose:
      return "transport close";
    case ClientDisconnect::kTransportError:
      return "transport error";
    case ClientDisconnect::kParseError:
      return "parse error";
  }
  return "transport error";
}

// --- Answers to the server --------------------------------------------------------------------------------

void ClientAck::send(Args args) {
  net::Shard* const shard = std::exchange(shard_, nullptr);
  if (shard == nullptr) return;
  auto deliver = [socket = std::move(socket_), connection = connection_, id = id_, args = std::move(args)] {
    if (const auto alive = socket.lock()) (*alive)->send_ack(connection, id, args);
  };
  if (shard->on_this_thread()) return deliver();
  shard->post(std::move(deliver));
}

ClientAck ClientEvent::take_ack() {
  ClientAck ack;
  if (!ack_id_) return ack;
  ack.shard_ = &socket_.core_.shard();
  ack.socket_ = socket_.self_;
  ack.connection_ = socket_.connection_;
  ack.id_ = *std::exchange(ack_id_, std::nullopt);
  return ack;
}

void ClientSocket::send_ack(uint64_t connection, uint64_t id, const Args& args) {
  if (!connected_ || connection != connection_) return;
  std::string packet;
  append_ack(packet, nsp_, id, args.json, args.attachments.size());
  // One that the server would not take is dropped: the server's own deadline for it tells.
  [[maybe_unused]] const auto sent = core_.send(packet, args.attachments);
}

// --- Joining ----------------------------------------------------------------------------------------------

ClientSocket::ClientSocket(ClientCore& core, std::string nsp)
    : core_(core), nsp_(std::move(nsp)), self_(std::make_shared<ClientSocket*>(this)) {}

ClientSocket::~ClientSocket() = default;

void ClientSocket::silence() {
  self_.reset();
  active_ = connected_ = connecting_ = false;
  connect_deadline_.cancel();
  for (auto& [id, ack] : acks_) ack.timer.cancel();
}

void ClientSocket::connect() {
  if (active_ || core_.dead()) return;
  active_ = true;
  core_.activate(*this);
}

void ClientSocket::disconnect() {
  if (!active_) return;
  active_ = false;
  if (connected_) {
    std::string packet;
    append_disconnect(packet, nsp_);
    core_.send_control(packet);
  }
  closed(ClientDisconnect::kClientDisconnect, {});
  core_.deactivated();
}

void ClientSocket::set_auth(const boost::json::object& payload) {
  auth_source_ = [text = serialize_json(payload)](AuthReply reply) { reply(text); };
}

void ClientSocket::send_connect(const Credentials& credentials, uint64_t generation) {
  if (connected_ || connecting_) return;
  connecting_ = true;
  const uint64_t number = ++connect_number_;
  if (!auth_source_) {
    generation_ = generation;
    return write_connect(credentials.auth_json);
  }
  generation_ = 0;
  auth_source_([shard = &core_.shard(), weak = std::weak_ptr(self_), number](Result<std::string> payload) {
    auto deliver = [weak, number, payload = std::move(payload)] {
      const auto self = weak.lock();
      if (!self || (*self)->connect_number_ != number || !(*self)->connecting_) return;
      if (payload) return (*self)->write_connect(*payload);
      (*self)->handle_refusal({.message = payload.error().message});
    };
    if (shard->on_this_thread()) return deliver();
    shard->post(std::move(deliver));
  });
}

void ClientSocket::write_connect(std::string_view auth_json) {
  connect_deadline_ = core_.shard().run_after(core_.options().connect_timeout, [this] {
    handle_refusal({.message = "the server did not answer the request to join " + nsp_ + " within " +
                               std::to_string(core_.options().connect_timeout.count()) + " ms"});
  });
  auth_json = trim_json(auth_json);
  if (!is_json_object(auth_json) || !is_usable_name(nsp_)) {
    // Told in a later turn, like everything else.
    connect_deadline_ = core_.shard().run_after(Milliseconds(0), [this] {
      handle_refusal(
          {.message = "the payload of CONNECT must be a JSON object, and the name of the namespace at most "
                      "1024 bytes without commas and control characters"});
    });
    return;
  }
  // What the server needs to give us our rooms and the missed packets back goes first.
  std::string data = "{";
  if (!recovery_id_.empty()) {
    data += "\"pid\":";
    append_json_string(data, recovery_id_);
    if (!offset_.empty()) {
      data += ",\"offset\":";
      append_json_string(data, offset_);
    }
  }
  const std::string_view members = trim_json(auth_json.substr(1, auth_json.size() - 2));
  if (data.size() > 1 && !members.empty()) data += ',';
  data.append(members).append("}");
  std::string packet;
  append_packet(
      packet, {.type = PacketType::kConnect, .nsp = nsp_, .data = data == "{}" ? std::string_view() : data});
  core_.send_control(packet);
}

void ClientSocket::handle_connect(std::string_view json) {
  if (!connecting_) return;
  const auto payload = parse_json(json.empty() ? "{}" : json);
  const auto* const object = payload ? payload->if_object() : nullptr;
  const auto text = [object](std::string_view name) {
    const auto* const member = object == nullptr ? nullptr : object->if_contains(name);
    return member != nullptr && member->is_string() ? std::string(member->get_string()) : std::string();
  };
  std::string id = text("sid");
  if (id.empty())
    return handle_refusal({.message =
                               "the server did not say who we are; it may speak an older protocol (Socket.IO "
                               "before version 3)",
                           .by_server = true});
  connect_deadline_.cancel();
  connecting_ = false;
  connected_ = true;
  ++connection_;
  id_ = std::move(id);
  std::string recovery_id = text("pid");
  recovered_ = !recovery_id.empty() && recovery_id == recovery_id_;
  recovery_id_ = std::move(recovery_id);
  if (!recovered_) offset_.clear();
  core_.accepted(*this);
  flush_kept();
  if (connected_) handle_early();
  if (connected_ && on_connect_) on_connect_();
}

void ClientSocket::handle_refusal(const ConnectRefusal& refusal) {
  connect_deadline_.cancel();
  connecting_ = false;
  if (refusal.by_server && core_.try_other_credentials(*this, refusal)) return;
  if (!refusal.by_server) {
    if (on_connect_error_) on_connect_error_(refusal);
    // A silent server, or no credentials: again later, on a connection of its own if nobody else uses this
    // one.
    if (core_.dead() || !active_ || connected_ || connecting_ || core_.give_up_silent_server()) return;
    active_ = false;
    return;
  }
  active_ = false;
  if (on_connect_error_) on_connect_error_(refusal);
  core_.deactivated();
}

void ClientSocket::closed(ClientDisconnect reason, std::string_view detail) {
  ++connect_number_;
  connect_deadline_.cancel();
  connecting_ = false;
  early_.clear();
  early_bytes_ = 0;
  if (!connected_) return;
  connected_ = false;
  recovered_ = false;
  id_.clear();
  if (on_disconnect_) on_disconnect_(reason, detail);
  if (!core_.dead()) fail_acks();
}

// --- Events from the server -------------------------------------------------------------------------------

void ClientSocket::on(std::string_view event, Handler handler) {
  const auto found = handlers_.try_emplace(std::string(event)).first;
  found->second.push_back(std::make_shared<Handler>(std::move(handler)));
}

void ClientSocket::on_any(Handler handler) {
  any_handlers_.push_back(std::make_shared<Handler>(std::move(handler)));
}

void ClientSocket::off(std::string_view event) {
  if (const auto found = handlers_.find(event); found != handlers_.end()) handlers_.erase(found);
}

void ClientSocket::handle_event(const PacketView& packet, std::span<const Attachment> attachments) {
  if (!connected_) {
    early_bytes_ += packet.data.size();
    for (const Attachment& attachment : attachments) early_bytes_ += attachment->size();
    if (!connecting_ || early_bytes_ > core_.options().max_buffered_bytes ||
        early_.size() >= core_.options().max_buffered_packets)
      return;
    early_.push_back({std::string(packet.data), packet.id, {attachments.begin(), attachments.end()}});
    return;
  }
  std::string storage;
  const EventParts parts = split_event(packet.data, storage);
  if (!recovery_id_.empty()) note_offset(parts.args);
  ClientEvent event(*this, parts.name, ArgsView(parts.args, attachments), packet.id);
  dispatch(event);
}

// In the order they came, before anything that comes later.
void ClientSocket::handle_early() {
  early_bytes_ = 0;
  for (const Early& early : std::exchange(early_, {})) {
    if (!connected_) return;
    handle_event({.id = early.ack_id, .data = early.data}, early.attachments);
  }
}

// A server that keeps our state sends the offset of an event as one more argument.
void ClientSocket::note_offset(std::string_view args) {
  std::string_view last;
  for (auto cursor = ArrayCursor::over_elements(args); const auto element = cursor.next();) last = *element;
  std::string storage;
  if (const auto offset = decode_json_string(last, storage)) offset_ = *offset;
}

void ClientSocket::dispatch(ClientEvent& event) {
  // Copies: a handler may add, remove, or end everything.
  auto handlers = any_handlers_;
  if (const auto found = handlers_.find(event.name()); found != handlers_.end())
    handlers.insert(handlers.end(), found->second.begin(), found->second.end());
  for (const auto& handler : handlers) {
    (*handler)(event);
    if (core_.dead()) return;
  }
}

void ClientSocket::handle_ack(const PacketView& packet, std::span<const Attachment> attachments) {
  if (packet.id) resolve_ack(*packet.id, ArgsView(array_elements(packet.data), attachments));
}

// --- Events to the server ---------------------------------------------------------------------------------

Status ClientSocket::send_or_keep(std::string_view event, const Args& args, std::optional<uint64_t> ack_id) {
  if (core_.dead()) return fail(ErrorCode::kServiceUnavailable, "the client is closed");
  if (is_reserved_event(event))
    return fail(ErrorCode::kValidation,
                "'" + std::string(event) + "' is reserved and cannot be the name of an event");
  if (connected_) {
    std::string packet;
    append_event(packet, nsp_, ack_id, event, args.json, args.attachments.size());
    return core_.send(packet, args.attachments);
  }
  const size_t bytes = size_of(event, args);
  if (!core_.may_keep(bytes))
    return fail(ErrorCode::kServiceUnavailable,
                "not connected, and as much is kept as is allowed: " +
                    std::to_string(core_.options().max_buffered_packets) + " packets or " +
                    std::to_string(core_.options().max_buffered_bytes) + " bytes");
  kept_.push_back({std::string(event), args, ack_id, bytes});
  return {};
}

Status ClientSocket::emit_args(std::string_view event, const Args& args) {
  return send_or_keep(event, args, std::nullopt);
}

bool ClientSocket::emit_volatile_args(std::string_view event, const Args& args) {
  return connected_ && core_.buffered_bytes() <= kVolatileBytes && emit_args(event, args).has_value();
}

void ClientSocket::emit_with_ack(std::string_view event, const Args& args, Milliseconds timeout,
                                 AckHandler handler) {
  const uint64_t id = ++last_ack_id_;
  const bool too_many = acks_.size() >= core_.options().max_pending_acks;
  // In place before anything is sent.
  PendingAck& pending = acks_[id];
  pending.handler = std::move(handler);
  const Status status =
      too_many ? fail(ErrorCode::kServiceUnavailable, "too many answers are awaited already: " +
                                                          std::to_string(core_.options().max_pending_acks))
               : send_or_keep(event, args, id);
  if (status) {
    pending.timer = core_.shard().run_after(timeout, [this, id, timeout] { ack_timed_out(id, timeout); });
  } else {
    pending.timer = core_.shard().run_after(
        Milliseconds(0), [this, id, error = status.error()] { resolve_ack(id, std::unexpected(error)); });
  }
}

void ClientSocket::flush_kept() {
  while (connected_ && !kept_.empty()) {
    const Buffered next = std::move(kept_.front());
    kept_.pop_front();
    core_.let_go(next.bytes);
    const Status sent = send_or_keep(next.event, next.args, next.ack_id);
    if (!sent && next.ack_id) resolve_ack(*next.ack_id, std::unexpected(sent.error()));
  }
}

void ClientSocket::resolve_ack(uint64_t id, Result<ArgsView> result) {
  const auto found = acks_.find(id);
  if (found == acks_.end()) return;  // late, or never asked for
  PendingAck pending = std::move(found->second);
  acks_.erase(found);
  pending.timer.cancel();
  pending.handler(std::move(result));
}

void ClientSocket::ack_timed_out(uint64_t id, Milliseconds timeout) {
  // What still waits to be sent is not sent any more.
  std::erase_if(kept_, [&](const Buffered& kept) {
    if (kept.ack_id != id) return false;
    core_.let_go(kept.bytes);
    return true;
  });
  resolve_ack(id, fail(ErrorCode::kRequestTimeout,
                       "the server did not answer within " + std::to_string(timeout.count()) + " ms"));
}

// Of what was sent; what is kept still has its chance.
void ClientSocket::fail_acks() {
  std::vector<uint64_t> lost;
  for (const auto& [id, ack] : acks_)
    if (std::ranges::none_of(kept_, [&](const Buffered& kept) { return kept.ack_id == id; }))
      lost.push_back(id);
  std::ranges::sort(lost);
  for (const uint64_t id : lost) {
    resolve_ack(id, std::unexpected(not_connected()));
    if (core_.dead()) return;
  }
}

}  // namespace patchbay::socketio
