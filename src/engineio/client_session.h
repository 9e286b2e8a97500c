// The client's end of one Engine.IO session (protocol revision 4), without I/O: it is told what arrived and
// what time it is, and tells its Io what to send. Polling, WebSocket, the upgrade between them, the server's
// heartbeat watched, polling bodies kept under the server's maxPayload. It does not reconnect. Shard-local.
// https://github.com/socketio/engine.io-protocol
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "engineio/packet.h"
#include "engineio/session.h"

namespace patchbay::engineio {

// The data of the server's open packet, checked.
struct ServerHandshake {
  std::string sid;
  bool upgrade_to_websocket = false;
  Milliseconds ping_interval{};
  Milliseconds ping_timeout{};
  size_t max_payload = 0;  // bytes; 0: the server named no limit
};
// Refused: no object, a sid that is empty or longer than 256 bytes, intervals outside of 1 ms to 1 day.
Result<ServerHandshake> parse_handshake(std::string_view json);

class ClientSession {
 public:
  struct Options {
    // In the order to try. WebSocket before polling falls back to polling when no WebSocket is to be had;
    // polling before WebSocket upgrades, unless `upgrade` is off.
    std::vector<TransportKind> transports{TransportKind::kPolling, TransportKind::kWebSocket};
    bool upgrade = true;
    // From open() to the server's open packet, all transports together.
    Milliseconds open_timeout{20'000};
    // From the start of an upgrade to its end; past it the session goes on by polling.
    Milliseconds upgrade_timeout{10'000};
    // How long the last words by polling may take.
    Milliseconds close_timeout{2'000};
    // Largest message and largest polling body from the server. Bytes.
    size_t max_message_bytes = 16'000'000;
    // What may wait in here to be sent by polling; past it sending fails. Bytes.
    size_t max_buffered_bytes = 16'000'000;
  };

  // What stands above. The session is valid inside these calls.
  class Application {
   public:
    virtual ~Application() = default;
    virtual void on_open() = 0;
    virtual void on_text(std::string_view text) = 0;
    virtual void on_binary(std::string_view bytes) = 0;
    // Once, also when on_open() never came. `error` is for people and says what happened.
    virtual void on_close(CloseReason reason, const Error& error) = 0;
    // Everything that was sent has left for the transport.
    virtual void on_drain() {}
    virtual void on_upgrade() {}
  };

  // What stands below: carries out. Nothing calls back from inside these calls.
  class Io {
   public:
    virtual ~Io() = default;
    // A polling GET; one at a time.
    virtual void poll() = 0;
    // A polling POST; one at a time.
    virtual void post(std::string body) = 0;
    // A WebSocket; for the session if it has one already (an upgrade), otherwise to open one. One at a time.
    virtual void open_websocket() = 0;
    // `prefix` and `text` in one text frame.
    virtual void websocket_text(std::string_view prefix, std::string_view text) = 0;
    virtual void websocket_binary(std::string_view bytes) = 0;
    virtual void close_websocket(uint16_t code, std::string_view reason) = 0;
    // Drops the WebSocket, whatever its state.
    virtual void drop_websocket() = 0;
    // Calls on_deadline() at `when`; replaces the one before.
    virtual void set_deadline(SteadyTime when) = 0;
    // Calls flush() at the end of the turn.
    virtual void request_flush() = 0;
    // The session is over; destroy it once this call stack has unwound.
    virtual void forget() = 0;
  };

  ClientSession(Options options, Io& io, Application& application);
  ClientSession(const ClientSession&) = delete;
  ClientSession& operator=(const ClientSession&) = delete;

  void open(SteadyTime now);
  // Sends what waits and says goodbye. The application hears of it (kForcedClose) before this returns.
  void close(SteadyTime now);
  // The peer broke a rule of the layer above: the same, with kParseError and, on a WebSocket, code 1002.
  void close_for_violation(SteadyTime now, std::string_view what);
  // As close(), but the application is not told any more.
  void abandon(SteadyTime now);

  // --- Sending, while is_open(). False when the message was not taken: not open, or too much waits already.
  // -------
  bool send_text(std::string_view text);
  bool send_binary(std::string_view bytes);
  // Whether the server takes a message of that size (its maxPayload; by polling, binary grows by a third).
  bool fits(size_t bytes, bool binary) const;
  // What waits in here; what waits in the WebSocket comes on top.
  size_t buffered_bytes() const { return buffered_bytes_; }

  // --- Arrivals
  // ---------------------------------------------------------------------------------------------------
  void on_poll_answer(int status, std::string_view body, SteadyTime now);
  // No answer, or one that is an error; `error` says which.
  void on_poll_failed(const Error& error, SteadyTime now);
  void on_post_done(SteadyTime now);
  void on_post_failed(const Error& error, SteadyTime now);
  // After open_websocket(), one of these two, once; messages and the close only after the first.
  void on_websocket_open(SteadyTime now);
  void on_websocket_refused(const Error& error, SteadyTime now);
  void on_websocket_message(bool binary, std::string_view payload, SteadyTime now);
  void on_websocket_closed(uint16_t code, std::string_view reason, SteadyTime now);
  // Bytes of whatever kind came at `when`: a sign of life, even in the middle of a large message.
  void on_traffic(SteadyTime when);
  void on_deadline(SteadyTime now);
  void flush();

  bool is_open() const { return state_ == State::kOpen; }
  bool is_over() const { return state_ == State::kClosed; }
  TransportKind transport() const { return transport_; }
  const ServerHandshake& handshake() const { return handshake_; }

 private:
  enum class State : uint8_t { kNew, kOpening, kOpen, kClosing, kClosed };
  enum class Candidate : uint8_t { kNone, kConnecting, kProbing, kPausing };
  struct Waiting {
    PacketType type;
    bool binary;
    std::string data;
    size_t encoded_bytes() const;
  };

  bool allows(TransportKind transport) const;
  bool on_packet(const Packet& packet, SteadyTime now);
  void on_open_packet(std::string_view json, SteadyTime now);
  void enqueue(PacketType type, bool binary, std::string_view data);
  void send_pong(std::string_view data);
  void start_upgrade(SteadyTime now);
  void give_up_upgrade();
  void try_complete_upgrade();
  void refresh(SteadyTime now);
  void update_deadline();
  void fail_opening(const Error& error);
  void finish(CloseReason reason, const Error& error);

  const Options options_;
  Io& io_;
  Application* application_;
  State state_ = State::kNew;
  Candidate candidate_ = Candidate::kNone;
  TransportKind transport_ = TransportKind::kPolling;
  size_t tried_ = 0;  // index in Options::transports
  ServerHandshake handshake_;
  std::deque<Waiting> outbox_;
  size_t buffered_bytes_ = 0;
  bool polling_ = false;
  bool posting_ = false;
  bool flush_requested_ = false;
  SteadyTime alive_until_{};
  SteadyTime candidate_deadline_{};
  SteadyTime phase_deadline_{};  // of opening, of closing
};

}  // namespace patchbay::engineio
