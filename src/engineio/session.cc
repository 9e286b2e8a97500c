#include "engineio/session.h"

#include <algorithm>
#include <charconv>

#include "base/bytes.h"
#include "base/ids.h"
#include "engineio/payload.h"
#include "websocket/frame.h"

namespace patchbay::engineio {
namespace {

constexpr std::string_view kIdAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr char kClose = '1', kPing = '2', kPong = '3', kMessage = '4', kUpgrade = '5', kNoop = '6';

}  // namespace

std::string_view to_string(CloseReason reason) {
  switch (reason) {
    case CloseReason::kTransportClose:
      return "transport close";
    case CloseReason::kTransportError:
      return "transport error";
    case CloseReason::kPingTimeout:
      return "ping timeout";
    case CloseReason::kParseError:
      return "parse error";
    case CloseReason::kForcedClose:
      return "forced close";
    case CloseReason::kServerShutdown:
      return "server shutting down";
    case CloseReason::kOverflow:
      return "output overflow";
  }
  return "transport error";
}

SessionId SessionId::generate(size_t shard_index) {
  SessionId id;
  const std::string random = random_id(kLength - 1);
  id.characters_[0] = kIdAlphabet[shard_index];
  std::ranges::copy(random, id.characters_.begin() + 1);
  return id;
}

std::optional<SessionId> SessionId::parse(std::string_view text) {
  if (text.size() != kLength || text.find_first_not_of(kIdAlphabet) != std::string_view::npos)
    return std::nullopt;
  SessionId id;
  std::ranges::copy(text, id.characters_.begin());
  return id;
}

size_t SessionId::shard_index() const {
  return kIdAlphabet.find(characters_[0]);
}

SharedMessage SharedMessage::text(std::string_view text) {
  SharedMessage message;
  char header[websocket::kMaxFrameHeader];
  const size_t size = websocket::encode_frame_header(header, websocket::Opcode::kText, text.size() + 1);
  std::string frame;
  frame.reserve(size + 1 + text.size());
  frame.append(header, size);
  frame += kMessage;
  frame += text;
  message.offset_ = size + 1;
  message.frame_ = net::make_buffer(std::move(frame));
  return message;
}

SharedMessage SharedMessage::binary(std::string_view bytes) {
  SharedMessage message;
  std::string frame;
  websocket::append_frame(frame, websocket::Opcode::kBinary, bytes);
  message.offset_ = frame.size() - bytes.size();
  message.binary_ = true;
  message.frame_ = net::make_buffer(std::move(frame));
  return message;
}

Session::Session(const SessionId& id, const SessionOptions& options, Io& io)
    : id_(id), options_(options), io_(io) {}

// --- Lifetime ---------------------------------------------------------------------------------------------

void Session::open(TransportKind transport, SteadyTime now) {
  state_ = State::kOpen;
  transport_ = transport;
  const bool upgrades = transport == TransportKind::kPolling && options_.allow_upgrades;
  const std::string packet =
      "0" + handshake_json({.sid = id_.view(),
                            .upgrade_to_websocket = upgrades,
                            .ping_interval_ms = static_cast<uint64_t>(options_.ping_interval.count()),
                            .ping_timeout_ms = static_cast<uint64_t>(options_.ping_timeout.count()),
                            .max_payload = options_.max_payload});
  if (transport == TransportKind::kPolling) {
    poll_held_ = true;
    answer_held_poll(packet);
  } else {
    io_.websocket_control(packet);
  }
  arm(now);
}

void Session::close(SteadyTime now, CloseReason reason) {
  close_with(now, reason, websocket::kCloseNormal, {});
}

void Session::close_with(SteadyTime now, CloseReason reason, uint16_t code, std::string_view text) {
  if (state_ != State::kOpen) return;
  if (transport_ == TransportKind::kWebSocket) {
    io_.close_websocket(code, text);
    return finish(reason);
  }
  // What is queued goes first and by itself: a client acts on the close packet at once, on messages a tick
  // later. An upgrade under way is let finish: the client has stopped polling and hears nothing any other
  // way.
  if (poll_held_) {
    if (outbox_.empty() && candidate_ != Candidate::kProbed) return finish(reason);
    if (!outbox_.empty()) answer_held_poll(take_poll_body());
  }
  // The peer learns of it when it polls again, or has upgraded; the application does now.
  state_ = State::kClosing;
  close_deadline_ = now + options_.close_timeout;
  update_deadline();
  if (Application* const application = std::exchange(application_, nullptr)) application->on_close(reason);
}

void Session::finish(CloseReason reason) {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  if (candidate_ != Candidate::kNone) {
    candidate_ = Candidate::kNone;
    io_.close_candidate();
  }
  // A poll that is still held ends with the close packet.
  if (poll_held_) answer_held_poll(std::string(1, kClose));
  if (Application* const application = std::exchange(application_, nullptr)) application->on_close(reason);
  io_.forget();
}

// The peer broke the protocol.
void Session::violation(CloseReason reason, uint16_t code, std::string_view text) {
  if (state_ == State::kOpen && transport_ == TransportKind::kWebSocket) io_.close_websocket(code, text);
  finish(reason);
}

// --- Sending ----------------------------------------------------------------------------------------------

bool Session::send_text(std::string_view text) {
  if (state_ != State::kOpen || overflow_) return false;
  if (transport_ == TransportKind::kWebSocket) {
    io_.websocket_text(text);
    return true;
  }
  if (!outbox_.empty()) outbox_ += kPayloadSeparator;
  outbox_ += kMessage;
  outbox_ += text;
  packet_sizes_.push_back(static_cast<uint32_t>(text.size() + 1));
  return after_enqueue();
}

bool Session::send_binary(std::string_view bytes) {
  if (state_ != State::kOpen || overflow_) return false;
  if (transport_ == TransportKind::kWebSocket) {
    io_.websocket_binary(bytes);
    return true;
  }
  enqueue("b" + base64_encode(bytes));
  return after_enqueue();
}

bool Session::send(const SharedMessage& message) {
  if (transport_ == TransportKind::kWebSocket && state_ == State::kOpen) {
    io_.websocket_frame(message.frame());
    return true;
  }
  return message.is_binary() ? send_binary(message.payload()) : send_text(message.payload());
}

void Session::enqueue(std::string_view packet) {
  if (!outbox_.empty()) outbox_ += kPayloadSeparator;
  outbox_ += packet;
  packet_sizes_.push_back(static_cast<uint32_t>(packet.size()));
}

bool Session::after_enqueue() {
  // Never calls back from inside a send: a broadcast may be walking over its receivers.
  overflow_ = outbox_.size() > options_.max_buffered_bytes;
  if ((poll_held_ || overflow_) && !flush_requested_) {
    flush_requested_ = true;
    io_.request_flush();
  }
  return !overflow_;
}

void Session::send_control(char type) {
  if (transport_ == TransportKind::kWebSocket) {
    io_.websocket_control({&type, 1});
  } else {
    enqueue({&type, 1});
    after_enqueue();
  }
}

void Session::flush() {
  flush_requested_ = false;
  if (overflow_) return finish(CloseReason::kOverflow);
  if (!poll_held_ || outbox_.empty() || state_ != State::kOpen) return;
  answer_held_poll(take_poll_body());
  if (outbox_.empty() && application_ != nullptr) application_->on_drain();
}

void Session::answer_held_poll(std::string body) {
  poll_held_ = false;
  io_.answer_poll(std::move(body));
}

// As many whole packets as fit into max_payload, at least one.
std::string Session::take_poll_body() {
  if (outbox_.size() <= options_.max_payload) {
    packet_sizes_ = {};
    return std::exchange(outbox_, {});
  }
  size_t count = 1;
  size_t bytes = packet_sizes_[0];
  while (count < packet_sizes_.size() && bytes + 1 + packet_sizes_[count] <= options_.max_payload)
    bytes += 1 + packet_sizes_[count++];
  std::string body = outbox_.substr(0, bytes);
  outbox_.erase(0, std::min(outbox_.size(), bytes + 1));
  packet_sizes_.erase(packet_sizes_.begin(), packet_sizes_.begin() + static_cast<ptrdiff_t>(count));
  return body;
}

// --- Arrivals: polling ------------------------------------------------------------------------------------

Session::PollVerdict Session::on_poll() {
  if (state_ == State::kClosing) {
    poll_held_ = true;
    if (outbox_.empty()) {
      finish(CloseReason::kForcedClose);
    } else {
      answer_held_poll(take_poll_body());
    }
    return PollVerdict::kHeld;
  }
  if (state_ != State::kOpen || transport_ != TransportKind::kPolling) return PollVerdict::kBadRequest;
  if (poll_held_) {
    // Two polls at once: the peer has lost count, or another one has its id.
    finish(CloseReason::kTransportError);
    return PollVerdict::kBadRequest;
  }
  poll_held_ = true;
  if (!outbox_.empty()) {
    answer_held_poll(take_poll_body());
    if (outbox_.empty() && application_ != nullptr) application_->on_drain();
  } else if (candidate_ == Candidate::kProbed) {
    answer_held_poll(std::string(1, kNoop));
  }
  return PollVerdict::kHeld;
}

void Session::on_poll_aborted() {
  if (!poll_held_) return;
  poll_held_ = false;
  finish(CloseReason::kTransportError);
}

Session::PostVerdict Session::on_post(std::string_view body, SteadyTime now) {
  if (state_ != State::kOpen || transport_ != TransportKind::kPolling) return PostVerdict::kBadRequest;
  if (body.size() > options_.max_payload) return PostVerdict::kTooLarge;
  bool closed_by_peer = false;
  const auto decoded = decode_payload(body, {.max_payload = options_.max_payload}, [&](const Packet& packet) {
    if (state_ != State::kOpen) return false;
    traffic_since_ping_ = true;
    switch (packet.type) {
      case PacketType::kMessage:
        if (application_ != nullptr) {
          packet.binary ? application_->on_binary(packet.data) : application_->on_text(packet.data);
        }
        break;
      case PacketType::kPong:
        if (awaiting_pong_) arm(now);
        break;
      case PacketType::kClose:
        closed_by_peer = true;
        break;
      default:
        break;  // a client has no business sending the others here; Node ignores them as well
    }
    return state_ == State::kOpen && !closed_by_peer;
  });
  if (closed_by_peer) {
    if (poll_held_) answer_held_poll(std::string(1, kNoop));
    finish(CloseReason::kTransportClose);
    return PostVerdict::kOk;
  }
  if (!decoded) {
    finish(CloseReason::kParseError);
    return PostVerdict::kBadRequest;
  }
  return PostVerdict::kOk;
}

// --- Arrivals: WebSocket ----------------------------------------------------------------------------------

void Session::on_websocket_text(std::string_view packet, SteadyTime now) {
  if (state_ != State::kOpen) return;
  traffic_since_ping_ = true;
  if (packet.empty())
    return violation(CloseReason::kParseError, websocket::kCloseProtocolError, "empty packet");
  switch (packet.front()) {
    case kMessage:
      if (application_ != nullptr) application_->on_text(packet.substr(1));
      return;
    case kPong:
      if (awaiting_pong_) arm(now);
      return;
    case kClose:
      io_.close_websocket(websocket::kCloseNormal, {});
      return finish(CloseReason::kTransportClose);
    case kPing:
    case kUpgrade:
    case kNoop:
      return;  // meaningless from a client on its only transport
    default:
      return violation(CloseReason::kParseError, websocket::kCloseProtocolError,
                       "not an Engine.IO packet: the first character must be 0 to 6");
  }
}

void Session::on_websocket_binary(std::string_view bytes, SteadyTime) {
  if (state_ != State::kOpen) return;
  traffic_since_ping_ = true;
  if (application_ != nullptr) application_->on_binary(bytes);
}

void Session::on_websocket_closed(uint16_t code) {
  const bool clean = code == websocket::kCloseNormal || code == websocket::kCloseGoingAway ||
                     code == websocket::kCloseNoStatus || code == websocket::kCloseAbnormal;
  finish(clean ? CloseReason::kTransportClose : CloseReason::kTransportError);
}

// --- Arrivals: the candidate of an upgrade ----------------------------------------------------------------

bool Session::may_upgrade() const {
  return state_ == State::kOpen && transport_ == TransportKind::kPolling && candidate_ == Candidate::kNone &&
         options_.allow_upgrades;
}

void Session::on_candidate_opened(SteadyTime now) {
  candidate_ = Candidate::kOpened;
  candidate_deadline_ = now + options_.upgrade_timeout;
  update_deadline();
}

void Session::on_candidate_text(std::string_view packet) {
  if (candidate_ == Candidate::kOpened && packet == "2probe") {
    candidate_ = Candidate::kProbed;
    io_.candidate_control("3probe");
    // Frees the client to stop polling.
    if (poll_held_ && outbox_.empty()) answer_held_poll(std::string(1, kNoop));
    return;
  }
  if (candidate_ == Candidate::kProbed && packet.starts_with(kUpgrade)) return upgrade();
  candidate_ = Candidate::kNone;
  io_.close_candidate();
  update_deadline();
}

void Session::on_candidate_closed() {
  candidate_ = Candidate::kNone;
  update_deadline();
}

void Session::upgrade() {
  if (poll_held_) answer_held_poll(std::string(1, kNoop));
  candidate_ = Candidate::kNone;
  transport_ = TransportKind::kWebSocket;
  io_.promote_candidate();
  const std::string waiting = std::exchange(outbox_, {});
  const auto sizes = std::exchange(packet_sizes_, {});
  size_t at = 0;
  for (const uint32_t size : sizes) {
    const std::string_view packet = std::string_view(waiting).substr(at, size);
    at += size + 1;
    if (packet.front() == kMessage) {
      io_.websocket_text(packet.substr(1));
    } else if (packet.front() == 'b') {
      io_.websocket_binary(base64_decode(packet.substr(1)).value_or(""));
    } else {
      io_.websocket_control(packet);
    }
  }
  if (state_ == State::kClosing) {
    io_.close_websocket(websocket::kCloseNormal, {});
    return finish(CloseReason::kForcedClose);
  }
  update_deadline();
  if (application_ != nullptr) application_->on_upgrade();
}

// --- Time -------------------------------------------------------------------------------------------------

void Session::arm(SteadyTime now) {
  awaiting_pong_ = false;
  grace_used_ = false;
  heartbeat_at_ = now + options_.ping_interval;
  update_deadline();
}

void Session::update_deadline() {
  if (state_ == State::kClosed) return;
  if (state_ == State::kClosing) return io_.set_deadline(close_deadline_);
  io_.set_deadline(candidate_ != Candidate::kNone ? std::min(heartbeat_at_, candidate_deadline_)
                                                  : heartbeat_at_);
}

void Session::on_deadline(SteadyTime now) {
  if (state_ == State::kClosing) return finish(CloseReason::kForcedClose);
  if (state_ != State::kOpen) return;
  if (candidate_ != Candidate::kNone && now >= candidate_deadline_) {
    candidate_ = Candidate::kNone;
    io_.close_candidate();
  }
  if (now >= heartbeat_at_) {
    if (!awaiting_pong_) {
      awaiting_pong_ = true;
      traffic_since_ping_ = false;
      heartbeat_at_ = now + options_.ping_timeout;
      send_control(kPing);
      if (state_ != State::kOpen) return;
    } else if (traffic_since_ping_ && !grace_used_) {
      // Something came, only not the pong yet: it may be queued behind a large message. Once.
      grace_used_ = true;
      heartbeat_at_ = now + options_.ping_timeout;
    } else {
      return violation(CloseReason::kPingTimeout, websocket::kCloseNormal, "ping timeout");
    }
  }
  update_deadline();
}

}  // namespace patchbay::engineio
