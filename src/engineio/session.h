// One Engine.IO session (protocol revision 4, or 3 for old clients), without I/O: it is told what arrived and
// what time it is, and tells its Io what to send. Polling, WebSocket, the upgrade between them, the
// heartbeat. Shard-local. https://github.com/socketio/engine.io-protocol
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "engineio/kinds.h"
#include "engineio/metrics.h"
#include "engineio/packet.h"
#include "engineio/rate_limit.h"
#include "net/buffer.h"
#include "websocket/shared_frame.h"

namespace patchbay::engineio {

// 20 characters of the URL-safe base64 alphabet; the first names the shard that owns the session.
class SessionId {
 public:
  static constexpr size_t kLength = 20;
  static constexpr size_t kMaxShards = 64;
  static SessionId generate(size_t shard_index);
  // Nothing unless `text` has exactly the form that generate() makes.
  static std::optional<SessionId> parse(std::string_view text);
  std::string_view view() const { return {characters_.data(), characters_.size()}; }
  size_t shard_index() const;
  bool operator==(const SessionId&) const = default;

 private:
  std::array<char, kLength> characters_;
};

// What one session may send us, in packets and in WebSocket's ping and pong frames; past it it is closed with
// 1008 (polling: 429) and kFlood. The defaults are far above what a client needs and below what would keep
// others from their share of a shard. Zero is no limit.
struct FloodLimits {
  double packets_per_second = 50'000;
  double packet_burst = 100'000;
  double bytes_per_second = 128e6;
  double byte_burst = 256e6;  // at least max_payload counts
};

struct SessionOptions {
  Milliseconds ping_interval{25'000};
  Milliseconds ping_timeout{20'000};
  // How long a second transport may take from its opening to the upgrade packet.
  Milliseconds upgrade_timeout{10'000};
  // Largest message, and largest polling body, either way. Bytes.
  size_t max_payload = 1'000'000;
  // What may wait for a peer that does not read; past it the session closes with kOverflow. Bytes.
  size_t max_buffered_bytes = 16'000'000;
  // A polling peer that has not come back for its close packet is forgotten after this.
  Milliseconds close_timeout{30'000};
  bool allow_upgrades = true;
  FloodLimits flood;
};

// What the sessions of one shard share. Outlives them; shard-local but for the metrics.
struct SessionContext {
  explicit SessionContext(const SessionOptions& session_options);
  SessionContext(const SessionContext&) = delete;
  SessionContext& operator=(const SessionContext&) = delete;

  const SessionOptions options;
  const RateLimit packet_limit;
  const RateLimit byte_limit;
  ShardMetrics metrics;
};

// How the client of a session speaks; fixed when it opens.
struct Dialect {
  // The protocol's revision (EIO), 3 or 4. In 3 the client sends the pings, and polling bodies and binary
  // messages look different (payload3.h).
  uint8_t protocol = 4;
  // Binary messages travel as base64 in text, on every transport (b64=1).
  bool base64_only = false;
};

// A message encoded once and sent to many sessions of one shard: the text of the Engine.IO message packet,
// and the same as a WebSocket frame, plain and (made when the first receiver wants it) compressed. Immutable
// once built; shard-local.
class SharedMessage {
 public:
  // `text` without the packet type. `compress`: whether transports may compress it.
  static SharedMessage text(std::string_view text, bool compress = true);
  static SharedMessage binary(std::string_view bytes, bool compress = true);

  bool is_binary() const { return binary_; }
  // The payload behind the packet type.
  std::string_view payload() const { return frame_.message().substr(binary_ ? 0 : 1); }
  const websocket::SharedFrame& frame() const { return frame_; }
  bool may_compress() const { return frame_.may_compress(); }

 private:
  websocket::SharedFrame frame_;
  bool binary_ = false;
};

class Session {
 public:
  // What stands above: receives messages, hears of the end. The session is valid inside these calls.
  class Application {
   public:
    virtual ~Application() = default;
    virtual void on_text(std::string_view text) = 0;
    virtual void on_binary(std::string_view bytes) = 0;
    // The server goes down and the session is to be closed: take nothing new from the client. False while
    // answers to what was taken are still being made; then this is asked again for a while.
    virtual bool wind_down() { return true; }
    // The session is about to close in good order: the last chance to send.
    virtual void before_close() {}
    // Once; after it the session must not be used.
    virtual void on_close(CloseReason reason) = 0;
    // Everything that was sent has left for the transport.
    virtual void on_drain() {}
    virtual void on_upgrade() {}
  };

  // What stands below: carries out.
  class Io {
   public:
    virtual ~Io() = default;
    // Answers the polling request that is being held, with 200. `compress`: whether the body may be
    // compressed.
    virtual void answer_poll(std::string body, BodyKind kind, bool compress) = 0;
    // A whole packet (open, ping, pong, close, noop, a binary message as base64) as a text frame.
    virtual void websocket_control(std::string_view packet) = 0;
    // A message: its type character and `text` in one text frame; a binary message is its bytes.
    virtual void websocket_text(std::string_view text, bool compress) = 0;
    virtual void websocket_binary(std::string_view bytes, bool compress) = 0;
    virtual void websocket_frame(const websocket::SharedFrame& frame) = 0;
    // Starts the closing handshake; what was sent before goes out first.
    virtual void close_websocket(uint16_t code, std::string_view reason) = 0;
    // "3probe" on the candidate.
    virtual void candidate_control(std::string_view packet) = 0;
    // Drops the candidate of an upgrade.
    virtual void close_candidate() = 0;
    // The candidate becomes the session's WebSocket.
    virtual void promote_candidate() = 0;
    // Calls on_deadline() at `when`; replaces the one before.
    virtual void set_deadline(SteadyTime when) = 0;
    // Calls flush() at the end of the turn.
    virtual void request_flush() = 0;
    // The session is over; destroy it once this call stack has unwound.
    virtual void forget() = 0;
  };

  Session(const SessionId& id, SessionContext& context, Io& io, Dialect dialect = {});
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // --- Lifetime -------------------------------------------------------------------------------------------
  // Sends the open packet on `transport`. Call set_application() before anything else arrives.
  void open(TransportKind transport, SteadyTime now);
  void set_application(Application& application) { application_ = &application; }
  // Sends what waits, then the close packet (polling) or close frame (WebSocket). The application hears of it
  // before this returns. For a polling peer what waits stays until it has come for it, see close_timeout;
  // with kServerShutdown kShutdownPatience at most, begun anew whenever it comes.
  static constexpr Milliseconds kShutdownPatience{2'000};
  void close(SteadyTime now, CloseReason reason = CloseReason::kForcedClose);
  // The same when the peer broke the rules: `code` and `text` go into the close frame, where there is one.
  void close_with(SteadyTime now, CloseReason reason, uint16_t code, std::string_view text);

  // --- Sending: false when the session is closed or closing ------------------------------------------------
  // `compress` false keeps the transport from compressing this message; true leaves it to the transport's
  // options.
  bool send_text(std::string_view text, bool compress = true);
  bool send_binary(std::string_view bytes, bool compress = true);
  bool send(const SharedMessage& message);
  // What waits inside the session; what waits in the WebSocket's stream comes on top.
  size_t buffered_bytes() const { return outbox_.size(); }

  // --- Arrivals: polling -----------------------------------------------------------------------------------
  enum class PollVerdict { kHeld, kBadRequest };
  // A GET came. kHeld: it will be answered through Io (perhaps it was, already). kBadRequest: refuse it,
  // code 3.
  PollVerdict on_poll(SteadyTime now);
  // The peer went away while its GET was held.
  void on_poll_aborted();
  // kFlood: the session has just ended for it; 429.
  enum class PostVerdict { kOk, kBadRequest, kTooLarge, kFlood };
  PostVerdict on_post(std::string_view body, BodyKind kind, SteadyTime now);

  // --- Arrivals: WebSocket ---------------------------------------------------------------------------------
  void on_websocket_text(std::string_view packet, SteadyTime now);
  void on_websocket_binary(std::string_view bytes, SteadyTime now);
  // A ping or pong frame, of `bytes`, on the WebSocket or the candidate for one. It says nothing to the
  // session but counts for FloodLimits, since it costs what a packet costs.
  void on_websocket_control(size_t bytes, SteadyTime now);
  // `code` is the close code the peer or the codec gave, 1006 when the connection just went away.
  void on_websocket_closed(uint16_t code);

  // --- Arrivals: the candidate of an upgrade ---------------------------------------------------------------
  bool may_upgrade() const;
  void on_candidate_opened(SteadyTime now);
  void on_candidate_text(std::string_view packet);
  void on_candidate_closed();

  void on_deadline(SteadyTime now);
  void flush();

  const SessionId& id() const { return id_; }
  TransportKind transport() const { return transport_; }
  // The protocol's revision, 3 or 4. Requests that name another one are not this session's.
  int protocol() const { return dialect_.protocol; }
  bool is_open() const { return state_ == State::kOpen; }

 private:
  enum class State : uint8_t { kOpening, kOpen, kClosing, kClosed };
  enum class Candidate : uint8_t { kNone, kOpened, kProbed };

  TrafficCounts<Counter>& traffic() { return metrics().traffic[static_cast<size_t>(transport_)]; }
  ShardMetrics& metrics() { return context_.metrics; }
  void count_out(size_t packets, size_t bytes);
  void end_candidate(UpgradeOutcome outcome);
  void finish(CloseReason reason);
  // Queues a packet in the form it has in the outbox; see there.
  void enqueue(std::string_view packet);
  void enqueue_message(std::string_view text);
  bool after_enqueue();
  void arm(SteadyTime now);
  void update_deadline();
  void arm_close(SteadyTime now);
  void send_control(std::string_view packet);
  void send_binary_on_websocket(std::string_view bytes, bool compress);
  void answer_with_outbox();
  void answer_with_control(char type);
  size_t packets_of_next_body() const;
  // False when nothing more of what came with it counts.
  bool on_packet(const Packet& packet, SteadyTime now);
  void upgrade();
  void send_outbox_on_websocket();
  void violation(CloseReason reason, uint16_t code, std::string_view text);
  // False, and the session is over, when that is more than FloodLimits allow.
  bool admit(size_t bytes, SteadyTime now);

  const SessionId id_;
  const Dialect dialect_;
  SessionContext& context_;
  Io& io_;
  Application* application_ = nullptr;
  State state_ = State::kOpening;
  TransportKind transport_ = TransportKind::kPolling;
  Candidate candidate_ = Candidate::kNone;
  bool poll_held_ = false;
  bool flush_requested_ = false;
  bool overflow_ = false;
  bool awaiting_pong_ = false;
  bool grace_used_ = false;
  bool traffic_since_ping_ = false;
  bool flooded_ = false;
  bool outbox_may_compress_ = false;  // one of its messages allows it
  bool shutting_down_ = false;        // while closing
  SteadyTime heartbeat_at_{};         // next ping, or the end of the wait for its pong
  SteadyTime candidate_deadline_{};   // while there is a candidate
  SteadyTime close_deadline_{};       // while closing
  // Packets that wait for a poll. Revision 4: a payload as it will travel. Revision 3: one behind the other,
  // text as it is, binary messages as 0x04 and their bytes; the framing depends on which of them go together.
  std::string outbox_;
  std::vector<uint32_t> packet_sizes_;  // of the packets in outbox_
  RateLimit::State packets_taken_;
  RateLimit::State bytes_taken_;
};

}  // namespace patchbay::engineio
