#include "engineio/client_session.h"

#include <algorithm>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "engineio/payload.h"
#include "websocket/frame.h"

namespace patchbay::engineio {
namespace {

constexpr size_t kMaxSidBytes = 256;
constexpr int64_t kMaxIntervalMs = 24 * 3600 * 1000;
constexpr std::string_view kProbe = "probe";

std::unexpected<Error> bad_handshake(std::string_view what) {
  return fail(ErrorCode::kBadRequest, "the server's Engine.IO handshake is wrong: " + std::string(what));
}

Error described(ErrorCode code, std::string_view message) {
  return {code, std::string(message), {}};
}

}  // namespace

Result<ServerHandshake> parse_handshake(std::string_view text) {
  namespace json = boost::json;
  json::error_code error;
  const json::value value = json::parse(text, error);
  const auto* const object = value.if_object();
  if (error || object == nullptr) return bad_handshake("it is no JSON object");
  const auto number = [object](std::string_view name) -> int64_t {
    const auto* const member = object->if_contains(name);
    if (member == nullptr || !member->is_number()) return -1;
    boost::system::error_code inexact;
    const auto result = member->to_number<int64_t>(inexact);
    return inexact ? -1 : result;
  };
  ServerHandshake handshake;
  if (const auto* const sid = object->if_contains("sid"); sid != nullptr && sid->is_string())
    handshake.sid = std::string(sid->get_string());
  if (handshake.sid.empty() || handshake.sid.size() > kMaxSidBytes)
    return bad_handshake("sid must be a string of 1 to 256 bytes");
  const int64_t interval = number("pingInterval");
  const int64_t timeout = number("pingTimeout");
  if (interval < 1 || interval > kMaxIntervalMs || timeout < 1 || timeout > kMaxIntervalMs)
    return bad_handshake("pingInterval and pingTimeout must be milliseconds, 1 to a day");
  handshake.ping_interval = Milliseconds(interval);
  handshake.ping_timeout = Milliseconds(timeout);
  handshake.max_payload = static_cast<size_t>(std::max<int64_t>(number("maxPayload"), 0));
  if (const auto* const upgrades = object->if_contains("upgrades");
      upgrades != nullptr && upgrades->is_array())
    handshake.upgrade_to_websocket = std::ranges::any_of(upgrades->get_array(), [](const json::value& item) {
      return item.is_string() && item == "websocket";
    });
  return handshake;
}

size_t ClientSession::Waiting::encoded_bytes() const {
  return encoded_size({.type = type, .data = data, .binary = binary});
}

ClientSession::ClientSession(Options options, Io& io, Application& application)
    : options_(std::move(options)), io_(io), application_(&application) {}

bool ClientSession::allows(TransportKind transport) const {
  return std::ranges::find(options_.transports, transport) != options_.transports.end();
}

// --- Lifetime ---------------------------------------------------------------------------------------------

void ClientSession::open(SteadyTime now) {
  if (state_ != State::kNew) return;
  state_ = State::kOpening;
  phase_deadline_ = now + options_.open_timeout;
  if (options_.transports.empty())
    return finish(CloseReason::kTransportError,
                  described(ErrorCode::kConfiguration, "no transport is allowed"));
  transport_ = options_.transports.front();
  update_deadline();
  if (transport_ == TransportKind::kWebSocket) return io_.open_websocket();
  polling_ = true;
  io_.poll();
}

void ClientSession::fail_opening(const Error& error) {
  const bool may_poll = transport_ == TransportKind::kWebSocket && tried_ + 1 < options_.transports.size() &&
                        options_.transports[tried_ + 1] == TransportKind::kPolling;
  if (!may_poll) return finish(CloseReason::kTransportError, error);
  ++tried_;
  transport_ = TransportKind::kPolling;
  polling_ = true;
  io_.poll();
}

void ClientSession::close(SteadyTime now) {
  if (state_ == State::kNew || state_ == State::kOpening)
    return finish(CloseReason::kForcedClose,
                  described(ErrorCode::kServiceUnavailable, "closed before it was open"));
  if (state_ != State::kOpen) return;
  Application* const application = std::exchange(application_, nullptr);
  abandon(now);
  if (application != nullptr)
    application->on_close(CloseReason::kForcedClose,
                          described(ErrorCode::kServiceUnavailable, "closed by this side"));
}

void ClientSession::abandon(SteadyTime now) {
  application_ = nullptr;
  if (state_ != State::kOpen) {
    if (state_ != State::kClosing) finish(CloseReason::kForcedClose, {});
    return;
  }
  if (transport_ == TransportKind::kWebSocket) {
    io_.close_websocket(websocket::kCloseNormal, {});
    return finish(CloseReason::kForcedClose, {});
  }
  give_up_upgrade();
  enqueue(PacketType::kClose, false, {});
  state_ = State::kClosing;
  phase_deadline_ = now + options_.close_timeout;
  update_deadline();
  flush();
}

void ClientSession::close_for_violation(SteadyTime now, std::string_view what) {
  if (state_ == State::kOpening)
    return finish(CloseReason::kParseError, described(ErrorCode::kBadRequest, what));
  if (state_ != State::kOpen) return;
  Application* const application = std::exchange(application_, nullptr);
  if (transport_ == TransportKind::kWebSocket) {
    io_.close_websocket(websocket::kCloseProtocolError, what);
    finish(CloseReason::kParseError, {});
  } else {
    abandon(now);
  }
  if (application != nullptr)
    application->on_close(CloseReason::kParseError, described(ErrorCode::kBadRequest, what));
}

void ClientSession::finish(CloseReason reason, const Error& error) {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  io_.drop_websocket();
  outbox_.clear();
  buffered_bytes_ = 0;
  if (Application* const application = std::exchange(application_, nullptr))
    application->on_close(reason, error);
  io_.forget();
}

// --- Sending ----------------------------------------------------------------------------------------------

bool ClientSession::fits(size_t bytes, bool binary) const {
  if (handshake_.max_payload == 0) return true;
  const bool in_base64 = binary && transport_ == TransportKind::kPolling;
  const size_t encoded = in_base64 ? 1 + (bytes + 2) / 3 * 4 : bytes + (binary ? 0 : 1);
  return encoded <= handshake_.max_payload;
}

bool ClientSession::send_text(std::string_view text) {
  if (state_ != State::kOpen) return false;
  if (transport_ == TransportKind::kWebSocket) {
    io_.websocket_text("4", text);
    return true;
  }
  if (buffered_bytes_ + text.size() > options_.max_buffered_bytes) return false;
  enqueue(PacketType::kMessage, false, text);
  return true;
}

bool ClientSession::send_binary(std::string_view bytes) {
  if (state_ != State::kOpen) return false;
  if (transport_ == TransportKind::kWebSocket) {
    io_.websocket_binary(bytes);
    return true;
  }
  if (buffered_bytes_ + bytes.size() > options_.max_buffered_bytes) return false;
  enqueue(PacketType::kMessage, true, bytes);
  return true;
}

void ClientSession::enqueue(PacketType type, bool binary, std::string_view data) {
  buffered_bytes_ += data.size();
  outbox_.push_back({type, binary, std::string(data)});
  if (flush_requested_) return;
  flush_requested_ = true;
  io_.request_flush();
}

void ClientSession::send_pong(std::string_view data) {
  if (transport_ == TransportKind::kWebSocket) return io_.websocket_text("3", data);
  // One that waits already answers both.
  const bool waits =
      std::ranges::any_of(outbox_, [](const Waiting& w) { return w.type == PacketType::kPong; });
  if (!waits) enqueue(PacketType::kPong, false, data);
}

// As many whole packets as fit into maxPayload, at least one.
void ClientSession::flush() {
  flush_requested_ = false;
  if ((state_ != State::kOpen && state_ != State::kClosing) || transport_ != TransportKind::kPolling) return;
  if (posting_ || candidate_ == Candidate::kPausing || outbox_.empty()) return;
  std::string body;
  size_t size = 0;
  while (!outbox_.empty()) {
    const Waiting& next = outbox_.front();
    size += next.encoded_bytes() + (body.empty() ? 0 : 1);
    if (!body.empty() && handshake_.max_payload != 0 && size > handshake_.max_payload) break;
    append_to_payload(body, {.type = next.type, .data = next.data, .binary = next.binary});
    buffered_bytes_ -= next.data.size();
    outbox_.pop_front();
  }
  posting_ = true;
  io_.post(std::move(body));
}

// --- Arrivals: polling ------------------------------------------------------------------------------------

void ClientSession::on_poll_answer(int status, std::string_view body, SteadyTime now) {
  polling_ = false;
  if (state_ != State::kOpening && state_ != State::kOpen) return;
  if (status != 200)
    return on_poll_failed(
        {ErrorCode::kServiceUnavailable, "the server answered " + std::to_string(status), {}}, now);
  refresh(now);
  const auto decoded = decode_payload(body, {.max_payload = options_.max_message_bytes},
                                      [&](const Packet& packet) { return on_packet(packet, now); });
  if (state_ != State::kOpening && state_ != State::kOpen) return;
  if (!decoded) return finish(CloseReason::kParseError, described(ErrorCode::kBadRequest, decoded.message()));
  if (state_ == State::kOpening)
    return finish(CloseReason::kParseError,
                  described(ErrorCode::kBadRequest, "the server's first answer holds no open packet"));
  if (transport_ != TransportKind::kPolling) return;
  if (candidate_ == Candidate::kPausing) return try_complete_upgrade();
  polling_ = true;
  io_.poll();
}

void ClientSession::on_poll_failed(const Error& error, SteadyTime) {
  polling_ = false;
  if (state_ == State::kOpening) return fail_opening(error);
  if (state_ == State::kOpen && transport_ == TransportKind::kPolling)
    finish(CloseReason::kTransportError, error);
}

void ClientSession::on_post_done(SteadyTime) {
  posting_ = false;
  if (state_ == State::kClosing && outbox_.empty()) return finish(CloseReason::kForcedClose, {});
  if (state_ != State::kOpen && state_ != State::kClosing) return;
  if (candidate_ == Candidate::kPausing) return try_complete_upgrade();
  if (outbox_.empty()) {
    if (application_ != nullptr) application_->on_drain();
  } else {
    flush();
  }
}

void ClientSession::on_post_failed(const Error& error, SteadyTime) {
  posting_ = false;
  if (state_ == State::kOpen || state_ == State::kClosing) finish(CloseReason::kTransportError, error);
}

// --- Arrivals: WebSocket ----------------------------------------------------------------------------------

void ClientSession::on_websocket_open(SteadyTime) {
  if (state_ != State::kOpen || candidate_ != Candidate::kConnecting) return;  // the open packet comes next
  candidate_ = Candidate::kProbing;
  io_.websocket_text("2", kProbe);
}

void ClientSession::on_websocket_refused(const Error& error, SteadyTime) {
  if (candidate_ != Candidate::kNone) return give_up_upgrade();
  if (state_ == State::kOpening) fail_opening(error);
}

void ClientSession::on_websocket_message(bool binary, std::string_view payload, SteadyTime now) {
  if (candidate_ != Candidate::kNone) {
    if (candidate_ != Candidate::kProbing || binary || payload != "3probe") return give_up_upgrade();
    // From here on nothing new goes by polling; what is under way is let finish.
    candidate_ = Candidate::kPausing;
    return try_complete_upgrade();
  }
  if ((state_ != State::kOpening && state_ != State::kOpen) || transport_ != TransportKind::kWebSocket)
    return;
  refresh(now);
  if (binary) {
    if (state_ == State::kOpen && application_ != nullptr) return application_->on_binary(payload);
    if (state_ == State::kOpening)
      finish(CloseReason::kParseError,
             described(ErrorCode::kBadRequest, "a message came before the open packet"));
    return;
  }
  const auto packet = decode_packet(payload);
  if (!packet) return close_for_violation(now, kInvalidPacket);
  on_packet(*packet, now);
}

void ClientSession::on_websocket_closed(uint16_t code, std::string_view reason, SteadyTime) {
  if (candidate_ != Candidate::kNone) return give_up_upgrade();
  if (transport_ != TransportKind::kWebSocket || state_ == State::kClosed) return;
  std::string text = "the WebSocket was closed with code " + std::to_string(code);
  if (!reason.empty()) text.append(": ").append(reason);
  const bool clean = code == websocket::kCloseNormal || code == websocket::kCloseGoingAway ||
                     code == websocket::kCloseNoStatus || code == websocket::kCloseAbnormal;
  const Error error = described(ErrorCode::kServiceUnavailable, text);
  if (state_ == State::kOpening) return fail_opening(error);
  finish(clean ? CloseReason::kTransportClose : CloseReason::kTransportError, error);
}

// --- Packets ----------------------------------------------------------------------------------------------

// False to stop: the session is over.
bool ClientSession::on_packet(const Packet& packet, SteadyTime now) {
  if (state_ == State::kOpening) {
    if (packet.type != PacketType::kOpen || packet.binary) {
      finish(CloseReason::kParseError,
             described(ErrorCode::kBadRequest, "the server's first packet is no open packet"));
      return false;
    }
    on_open_packet(packet.data, now);
    return state_ == State::kOpen;
  }
  switch (packet.type) {
    case PacketType::kMessage:
      if (application_ != nullptr)
        packet.binary ? application_->on_binary(packet.data) : application_->on_text(packet.data);
      break;
    case PacketType::kPing:
      send_pong(packet.data);
      break;
    case PacketType::kClose:
      finish(CloseReason::kTransportClose,
             described(ErrorCode::kServiceUnavailable, "the server closed the session"));
      break;
    default:
      break;  // noop; a server has no business sending the others here, and Node ignores them as well
  }
  return state_ == State::kOpen;
}

void ClientSession::on_open_packet(std::string_view json, SteadyTime now) {
  auto handshake = parse_handshake(json);
  if (!handshake) return finish(CloseReason::kParseError, std::move(handshake).error());
  handshake_ = std::move(*handshake);
  state_ = State::kOpen;
  refresh(now);
  const bool upgrade = transport_ == TransportKind::kPolling && options_.upgrade &&
                       handshake_.upgrade_to_websocket && allows(TransportKind::kWebSocket);
  if (upgrade) start_upgrade(now);
  update_deadline();
  if (application_ != nullptr) application_->on_open();
}

// --- The upgrade ------------------------------------------------------------------------------------------

void ClientSession::start_upgrade(SteadyTime now) {
  candidate_ = Candidate::kConnecting;
  candidate_deadline_ = now + options_.upgrade_timeout;
  io_.open_websocket();
}

// The session goes on by polling.
void ClientSession::give_up_upgrade() {
  if (candidate_ == Candidate::kNone) return;
  candidate_ = Candidate::kNone;
  io_.drop_websocket();
  if (state_ != State::kOpen) return;
  update_deadline();
  flush();
  if (polling_) return;
  polling_ = true;
  io_.poll();
}

void ClientSession::try_complete_upgrade() {
  if (polling_ || posting_) return;
  candidate_ = Candidate::kNone;
  transport_ = TransportKind::kWebSocket;
  io_.websocket_text("5", {});
  for (const Waiting& waiting : std::exchange(outbox_, {})) {
    if (waiting.binary) {
      io_.websocket_binary(waiting.data);
    } else {
      const char type = to_char(waiting.type);
      io_.websocket_text({&type, 1}, waiting.data);
    }
  }
  buffered_bytes_ = 0;
  update_deadline();
  if (application_ != nullptr) application_->on_upgrade();
}

// --- Time -------------------------------------------------------------------------------------------------

void ClientSession::refresh(SteadyTime now) {
  if (state_ == State::kOpen)
    alive_until_ = std::max(alive_until_, now + handshake_.ping_interval + handshake_.ping_timeout);
}

void ClientSession::on_traffic(SteadyTime when) {
  refresh(when);
}

void ClientSession::update_deadline() {
  if (state_ == State::kOpening || state_ == State::kClosing) return io_.set_deadline(phase_deadline_);
  if (state_ != State::kOpen) return;
  io_.set_deadline(candidate_ != Candidate::kNone ? std::min(alive_until_, candidate_deadline_)
                                                  : alive_until_);
}

void ClientSession::on_deadline(SteadyTime now) {
  if (state_ == State::kOpening && now >= phase_deadline_)
    return finish(
        CloseReason::kTransportError,
        described(ErrorCode::kRequestTimeout, "the server did not open a session within " +
                                                  std::to_string(options_.open_timeout.count()) + " ms"));
  if (state_ == State::kClosing && now >= phase_deadline_) return finish(CloseReason::kForcedClose, {});
  if (state_ == State::kOpen && now >= alive_until_) {
    if (transport_ == TransportKind::kWebSocket) io_.close_websocket(websocket::kCloseNormal, "ping timeout");
    return finish(CloseReason::kPingTimeout,
                  described(ErrorCode::kRequestTimeout,
                            "nothing was heard from the server for longer than its "
                            "pingInterval and pingTimeout"));
  }
  if (state_ == State::kOpen && candidate_ != Candidate::kNone && now >= candidate_deadline_)
    give_up_upgrade();
  update_deadline();
}

}  // namespace patchbay::engineio
