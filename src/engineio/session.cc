#include "engineio/session.h"

#include <algorithm>
#include <charconv>

#include "base/bytes.h"
#include "base/ids.h"
#include "engineio/payload.h"
#include "engineio/payload3.h"
#include "websocket/frame.h"

namespace patchbay::engineio {
namespace {

constexpr std::string_view kIdAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr char kClose = '1', kMessage = '4', kUpgrade = '5', kNoop = '6';
constexpr std::string_view kPing = "2", kPong = "3";

}  // namespace

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

SharedMessage SharedMessage::text(std::string_view text, bool compress) {
  SharedMessage message;
  message.frame_ = websocket::SharedFrame(websocket::Opcode::kText, {&kMessage, 1}, text, compress);
  return message;
}

SharedMessage SharedMessage::binary(std::string_view bytes, bool compress) {
  SharedMessage message;
  message.frame_ = websocket::SharedFrame(websocket::Opcode::kBinary, {}, bytes, compress);
  message.binary_ = true;
  return message;
}

SessionContext::SessionContext(const SessionOptions& session_options)
    : options(session_options),
      packet_limit(options.flood.packets_per_second, options.flood.packet_burst),
      byte_limit(options.flood.bytes_per_second,
                 std::max(options.flood.byte_burst, static_cast<double>(options.max_payload))) {}

Session::Session(const SessionId& id, SessionContext& context, Io& io, Dialect dialect)
    : id_(id), dialect_(dialect), context_(context), io_(io) {}

void Session::count_out(size_t packets, size_t bytes) {
  traffic().packets_out.add(packets);
  traffic().bytes_out.add(bytes);
}

// The candidate is gone, or is to go.
void Session::end_candidate(UpgradeOutcome outcome) {
  candidate_ = Candidate::kNone;
  metrics().upgrades[static_cast<size_t>(outcome)].add();
}

// --- Lifetime ---------------------------------------------------------------------------------------------

void Session::open(TransportKind transport, SteadyTime now) {
  state_ = State::kOpen;
  transport_ = transport;
  metrics().opened[static_cast<size_t>(transport)].add();
  const bool upgrades = transport == TransportKind::kPolling && context_.options.allow_upgrades;
  const std::string packet =
      "0" + handshake_json({.sid = id_.view(),
                            .upgrade_to_websocket = upgrades,
                            .ping_interval_ms = static_cast<uint64_t>(context_.options.ping_interval.count()),
                            .ping_timeout_ms = static_cast<uint64_t>(context_.options.ping_timeout.count()),
                            .max_payload = context_.options.max_payload});
  if (transport == TransportKind::kPolling) {
    poll_held_ = true;
    enqueue(packet);
    answer_with_outbox();
  } else {
    count_out(1, packet.size());
    io_.websocket_control(packet);
  }
  arm(now);
}

void Session::close(SteadyTime now, CloseReason reason) {
  close_with(now, reason, websocket::kCloseNormal, {});
}

void Session::close_with(SteadyTime now, CloseReason reason, uint16_t code, std::string_view text) {
  if (state_ != State::kOpen) return;
  if (application_ != nullptr) application_->before_close();
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
    if (!outbox_.empty()) answer_with_outbox();
  }
  // The peer learns of it when it polls again, or has upgraded; the application does now.
  state_ = State::kClosing;
  metrics().closed[static_cast<size_t>(reason)].add();
  shutting_down_ = reason == CloseReason::kServerShutdown;
  arm_close(now);
  if (Application* const application = std::exchange(application_, nullptr)) application->on_close(reason);
}

void Session::finish(CloseReason reason) {
  if (state_ == State::kClosed) return;
  if (state_ != State::kClosing) metrics().closed[static_cast<size_t>(reason)].add();
  metrics().ended[static_cast<size_t>(transport_)].add();
  state_ = State::kClosed;
  if (candidate_ != Candidate::kNone) {
    end_candidate(UpgradeOutcome::kClosedMeanwhile);
    io_.close_candidate();
  }
  // A poll that is still held ends with the close packet.
  if (poll_held_) answer_with_control(kClose);
  if (Application* const application = std::exchange(application_, nullptr)) application->on_close(reason);
  io_.forget();
}

// The peer broke the protocol.
void Session::violation(CloseReason reason, uint16_t code, std::string_view text) {
  if (state_ == State::kOpen && transport_ == TransportKind::kWebSocket) io_.close_websocket(code, text);
  finish(reason);
}

// --- Sending ----------------------------------------------------------------------------------------------

bool Session::send_text(std::string_view text, bool compress) {
  if (state_ != State::kOpen || overflow_) return false;
  if (transport_ == TransportKind::kWebSocket) {
    count_out(1, text.size() + 1);
    io_.websocket_text(text, compress);
    return true;
  }
  enqueue_message(text);
  outbox_may_compress_ |= compress;
  return after_enqueue();
}

bool Session::send_binary(std::string_view bytes, bool compress) {
  if (state_ != State::kOpen || overflow_) return false;
  if (transport_ == TransportKind::kWebSocket) {
    send_binary_on_websocket(bytes, compress);
    return true;
  }
  outbox_may_compress_ |= compress;
  if (dialect_.protocol == 3) {
    enqueue(std::string(1, kBinaryMessage3).append(bytes));
  } else {
    enqueue("b" + base64_encode(bytes));
  }
  return after_enqueue();
}

void Session::send_binary_on_websocket(std::string_view bytes, bool compress) {
  const bool old = dialect_.protocol == 3;
  count_out(1, bytes.size());
  if (dialect_.base64_only) {
    io_.websocket_control((old ? "b4" : "b") + base64_encode(bytes));
  } else if (old) {
    io_.websocket_binary(std::string(1, kBinaryMessage3).append(bytes), compress);
  } else {
    io_.websocket_binary(bytes, compress);
  }
}

bool Session::send(const SharedMessage& message) {
  // The frame of a text is the same for everybody; that of binary is for those who take it raw.
  const bool as_it_is = !message.is_binary() || (dialect_.protocol == 4 && !dialect_.base64_only);
  if (transport_ == TransportKind::kWebSocket && state_ == State::kOpen && !overflow_ && as_it_is) {
    count_out(1, message.payload().size() + (message.is_binary() ? 0 : 1));
    io_.websocket_frame(message.frame());
    return true;
  }
  return message.is_binary() ? send_binary(message.payload(), message.may_compress())
                             : send_text(message.payload(), message.may_compress());
}

void Session::enqueue(std::string_view packet) {
  if (!outbox_.empty() && dialect_.protocol == 4) outbox_ += kPayloadSeparator;
  outbox_ += packet;
  packet_sizes_.push_back(static_cast<uint32_t>(packet.size()));
}

// Without a copy of the text.
void Session::enqueue_message(std::string_view text) {
  if (!outbox_.empty() && dialect_.protocol == 4) outbox_ += kPayloadSeparator;
  outbox_ += kMessage;
  outbox_ += text;
  packet_sizes_.push_back(static_cast<uint32_t>(text.size() + 1));
}

bool Session::after_enqueue() {
  // Never calls back from inside a send: a broadcast may be walking over its receivers.
  // What is refused from here on is lost, so there is no way back, also when a poll takes the rest before the
  // flush.
  overflow_ = overflow_ || outbox_.size() > context_.options.max_buffered_bytes;
  if ((poll_held_ || overflow_) && !flush_requested_) {
    flush_requested_ = true;
    io_.request_flush();
  }
  return !overflow_;
}

void Session::send_control(std::string_view packet) {
  if (transport_ == TransportKind::kWebSocket) {
    count_out(1, packet.size());
    io_.websocket_control(packet);
  } else {
    enqueue(packet);
    after_enqueue();
  }
}

void Session::flush() {
  flush_requested_ = false;
  if (overflow_) return finish(CloseReason::kOverflow);
  if (!poll_held_ || outbox_.empty() || state_ != State::kOpen) return;
  answer_with_outbox();
  if (outbox_.empty() && application_ != nullptr) application_->on_drain();
}

void Session::answer_with_control(char type) {
  poll_held_ = false;
  count_out(1, 1);
  io_.answer_poll(dialect_.protocol == 3 ? std::string("1:") + type : std::string(1, type), BodyKind::kText,
                  false);
}

namespace {

// A packet as it waits in the outbox of a session of revision 3.
Packet waiting_packet3(std::string_view bytes) {
  if (bytes.front() == kBinaryMessage3) return {.data = bytes.substr(1), .binary = true};
  return decode_packet(bytes).value_or(Packet{.type = PacketType::kNoop});
}

}  // namespace

// As many whole packets as fit into max_payload, at least one.
size_t Session::packets_of_next_body() const {
  size_t count = 0;
  size_t bytes = 0;
  size_t at = 0;
  for (const uint32_t size : packet_sizes_) {
    bytes += dialect_.protocol == 4
                 ? size + (count > 0 ? 1 : 0)
                 : encoded_size_bound3(waiting_packet3(std::string_view(outbox_).substr(at, size)));
    if (count > 0 && bytes > context_.options.max_payload) break;
    at += size;
    ++count;
  }
  return count;
}

void Session::answer_with_outbox() {
  poll_held_ = false;
  std::string body;
  auto kind = BodyKind::kText;
  if (dialect_.protocol == 4 && outbox_.size() <= context_.options.max_payload) {
    count_out(packet_sizes_.size(), outbox_.size());
    packet_sizes_ = {};
    return io_.answer_poll(std::exchange(outbox_, {}), kind, std::exchange(outbox_may_compress_, false));
  }
  const auto end = packet_sizes_.begin() + static_cast<ptrdiff_t>(packets_of_next_body());
  const std::string_view waiting(outbox_);
  size_t at = 0;
  if (dialect_.protocol == 4) {
    for (auto size = packet_sizes_.begin(); size != end; ++size) at += *size + 1;
    body = waiting.substr(0, at - 1);
  } else {
    for (auto size = packet_sizes_.begin(); size != end; at += *size++)
      if (waiting[at] == kBinaryMessage3 && !dialect_.base64_only) kind = BodyKind::kOctets;
    at = 0;
    for (auto size = packet_sizes_.begin(); size != end; at += *size++)
      append_to_payload3(body, waiting_packet3(waiting.substr(at, *size)), kind);
  }
  count_out(static_cast<size_t>(end - packet_sizes_.begin()), body.size());
  if (end == packet_sizes_.end()) {
    outbox_ = {};
    packet_sizes_ = {};
  } else {
    outbox_.erase(0, at);
    packet_sizes_.erase(packet_sizes_.begin(), end);
  }
  // What is left is of the same messages.
  const bool compress = outbox_.empty() ? std::exchange(outbox_may_compress_, false) : outbox_may_compress_;
  io_.answer_poll(std::move(body), kind, compress);
}

// --- Arrivals: polling ------------------------------------------------------------------------------------

Session::PollVerdict Session::on_poll(SteadyTime now) {
  if (state_ == State::kClosing) {
    poll_held_ = true;
    if (outbox_.empty()) {
      finish(CloseReason::kForcedClose);
    } else {
      answer_with_outbox();
      if (shutting_down_) arm_close(now);
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
    answer_with_outbox();
    if (outbox_.empty() && application_ != nullptr) application_->on_drain();
  } else if (candidate_ == Candidate::kProbed) {
    answer_with_control(kNoop);
  }
  return PollVerdict::kHeld;
}

void Session::on_poll_aborted() {
  if (!poll_held_) return;
  poll_held_ = false;
  finish(CloseReason::kTransportError);
}

Session::PostVerdict Session::on_post(std::string_view body, BodyKind kind, SteadyTime now) {
  if (state_ != State::kOpen || transport_ != TransportKind::kPolling) return PostVerdict::kBadRequest;
  if (body.size() > context_.options.max_payload) return PostVerdict::kTooLarge;
  bool closed_by_peer = false;
  const auto visit = [&](const Packet& packet) {
    closed_by_peer = packet.type == PacketType::kClose && state_ == State::kOpen;
    return on_packet(packet, now) && !closed_by_peer;
  };
  const PayloadLimits limits{.max_payload = context_.options.max_payload};
  // A body of octets belongs to revision 3.
  if (kind == BodyKind::kOctets && dialect_.protocol != 3) return PostVerdict::kBadRequest;
  const auto decoded = dialect_.protocol == 3 ? decode_payload3(body, kind, limits, visit)
                                              : decode_payload(body, limits, visit);
  if (closed_by_peer) {
    if (poll_held_) answer_with_control(kNoop);
    finish(CloseReason::kTransportClose);
    return PostVerdict::kOk;
  }
  if (flooded_) return PostVerdict::kFlood;
  if (!decoded) {
    finish(CloseReason::kParseError);
    return PostVerdict::kBadRequest;
  }
  return PostVerdict::kOk;
}

bool Session::admit(size_t bytes, SteadyTime now) {
  if (context_.packet_limit.take(packets_taken_, now) &&
      context_.byte_limit.take(bytes_taken_, now, static_cast<double>(bytes)))
    return true;
  flooded_ = true;
  violation(CloseReason::kFlood, websocket::kClosePolicy,
            "more packets or bytes a second than this server takes: send slower");
  return false;
}

// What every packet means, whatever carried it; for a close packet the caller sees to the rest.
bool Session::on_packet(const Packet& packet, SteadyTime now) {
  if (state_ != State::kOpen) return false;
  const size_t size = packet.data.size() + (packet.binary ? 0 : 1);
  traffic().packets_in.add();
  traffic().bytes_in.add(size);
  if (!admit(size, now)) return false;
  traffic_since_ping_ = true;
  switch (packet.type) {
    case PacketType::kMessage:
      if (application_ != nullptr) {
        packet.binary ? application_->on_binary(packet.data) : application_->on_text(packet.data);
      }
      break;
    case PacketType::kPing:
      if (dialect_.protocol != 3) break;
      arm(now);
      metrics().heartbeats_sent.add();
      send_control(std::string(kPong).append(packet.data));  // the same data, says the specification
      break;
    case PacketType::kPong:
      if (awaiting_pong_ && dialect_.protocol == 4) arm(now);
      break;
    default:
      break;  // a client has no business sending the others here; Node ignores them as well
  }
  return state_ == State::kOpen;
}

// --- Arrivals: WebSocket ----------------------------------------------------------------------------------

void Session::on_websocket_text(std::string_view text, SteadyTime now) {
  if (state_ != State::kOpen) return;
  if (text.starts_with(kBinaryPrefix)) {
    const std::string_view prefix = dialect_.protocol == 3 ? "b4" : "b";
    const auto bytes = text.starts_with(prefix) ? base64_decode(text.substr(prefix.size())) : std::nullopt;
    if (!bytes)
      return violation(CloseReason::kParseError, websocket::kCloseProtocolError,
                       "bad base64 in a binary packet");
    on_packet({.data = *bytes, .binary = true}, now);
    return;
  }
  const auto packet = decode_packet(text);
  if (!packet) return violation(CloseReason::kParseError, websocket::kCloseProtocolError, kInvalidPacket);
  if (!on_packet(*packet, now) || packet->type != PacketType::kClose) return;
  io_.close_websocket(websocket::kCloseNormal, {});
  finish(CloseReason::kTransportClose);
}

void Session::on_websocket_binary(std::string_view bytes, SteadyTime now) {
  if (state_ != State::kOpen) return;
  if (dialect_.protocol == 3) {
    if (!bytes.starts_with(kBinaryMessage3))
      return violation(CloseReason::kParseError, websocket::kCloseProtocolError,
                       "a binary packet must be a message: its first octet must be 0x04");
    bytes.remove_prefix(1);
  }
  on_packet({.data = bytes, .binary = true}, now);
}

void Session::on_websocket_control(size_t bytes, SteadyTime now) {
  admit(bytes, now);
}

void Session::on_websocket_closed(uint16_t code) {
  const bool clean = code == websocket::kCloseNormal || code == websocket::kCloseGoingAway ||
                     code == websocket::kCloseNoStatus || code == websocket::kCloseAbnormal;
  finish(clean ? CloseReason::kTransportClose : CloseReason::kTransportError);
}

// --- Arrivals: the candidate of an upgrade ----------------------------------------------------------------

bool Session::may_upgrade() const {
  return state_ == State::kOpen && transport_ == TransportKind::kPolling && candidate_ == Candidate::kNone &&
         context_.options.allow_upgrades;
}

void Session::on_candidate_opened(SteadyTime now) {
  candidate_ = Candidate::kOpened;
  candidate_deadline_ = now + context_.options.upgrade_timeout;
  update_deadline();
}

void Session::on_candidate_text(std::string_view packet) {
  if (candidate_ == Candidate::kOpened && packet == "2probe") {
    candidate_ = Candidate::kProbed;
    io_.candidate_control("3probe");
    // Frees the client to stop polling.
    if (poll_held_ && outbox_.empty()) answer_with_control(kNoop);
    return;
  }
  if (candidate_ == Candidate::kProbed && packet.starts_with(kUpgrade)) return upgrade();
  end_candidate(UpgradeOutcome::kProbeFailed);
  io_.close_candidate();
  update_deadline();
}

void Session::on_candidate_closed() {
  end_candidate(UpgradeOutcome::kClosedMeanwhile);
  update_deadline();
}

void Session::upgrade() {
  if (poll_held_) answer_with_control(kNoop);
  end_candidate(UpgradeOutcome::kSucceeded);
  transport_ = TransportKind::kWebSocket;
  io_.promote_candidate();
  send_outbox_on_websocket();
  if (state_ == State::kClosing) {
    io_.close_websocket(websocket::kCloseNormal, {});
    return finish(CloseReason::kForcedClose);
  }
  update_deadline();
  if (application_ != nullptr) application_->on_upgrade();
}

void Session::send_outbox_on_websocket() {
  const std::string waiting = std::exchange(outbox_, {});
  const auto sizes = std::exchange(packet_sizes_, {});
  const size_t separator = dialect_.protocol == 4 ? 1 : 0;
  size_t at = 0;
  for (const uint32_t size : sizes) {
    const std::string_view packet = std::string_view(waiting).substr(at, size);
    at += size + separator;
    switch (packet.front()) {
      case kMessage:
        count_out(1, packet.size());
        io_.websocket_text(packet.substr(1), outbox_may_compress_);
        break;
      case kBinaryMessage3:
        send_binary_on_websocket(packet.substr(1), outbox_may_compress_);
        break;
      case kBinaryPrefix:
        send_binary_on_websocket(base64_decode(packet.substr(1)).value_or(""), outbox_may_compress_);
        break;
      default:
        count_out(1, packet.size());
        io_.websocket_control(packet);
    }
  }
}

// --- Time -------------------------------------------------------------------------------------------------

// Begins a new wait: for the time of our next ping, or, in revision 3, for that of the client.
void Session::arm(SteadyTime now) {
  const bool client_pings = dialect_.protocol == 3;
  awaiting_pong_ = client_pings;
  traffic_since_ping_ = false;
  grace_used_ = false;
  heartbeat_at_ =
      now + context_.options.ping_interval + (client_pings ? context_.options.ping_timeout : Milliseconds(0));
  update_deadline();
}

void Session::arm_close(SteadyTime now) {
  const Milliseconds timeout = context_.options.close_timeout;
  close_deadline_ = now + (shutting_down_ ? std::min(timeout, kShutdownPatience) : timeout);
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
    end_candidate(UpgradeOutcome::kTimedOut);
    io_.close_candidate();
  }
  if (now >= heartbeat_at_) {
    if (!awaiting_pong_) {
      metrics().heartbeats_sent.add();
      metrics().heartbeat_lateness_ms.observe(static_cast<uint64_t>((now - heartbeat_at_).count()));
      awaiting_pong_ = true;
      traffic_since_ping_ = false;
      heartbeat_at_ = now + context_.options.ping_timeout;
      send_control(kPing);
      if (state_ != State::kOpen) return;
    } else if (traffic_since_ping_ && !grace_used_) {
      // Something came, only not the heartbeat yet: it may be queued behind a large message. Once.
      grace_used_ = true;
      heartbeat_at_ = now + context_.options.ping_timeout;
    } else {
      metrics().heartbeats_missed.add();
      return violation(CloseReason::kPingTimeout, websocket::kCloseNormal, "ping timeout");
    }
  }
  update_deadline();
}

}  // namespace patchbay::engineio
