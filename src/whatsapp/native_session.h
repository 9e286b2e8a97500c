// Internal to the module. A session_core.h machine on a shard: its WebSocket, its timer, its slow work, its
// observer. Shard-local. Whatever its owner asks for happens in a turn of its own, so that the observer is
// never called from within a call of the owner.
#pragma once

#include <memory>
#include <string>

#include "base/worker_pool.h"
#include "net/resolver.h"
#include "net/shard.h"
#include "websocket/client_connection.h"
#include "whatsapp/engine.h"
#include "whatsapp/session_core.h"

namespace patchbay::whatsapp {

class NativeSession final : public Session, private websocket::ClientConnection::Handler {
 public:
  struct Config {
    std::string instance_id;
    websocket::ClientConnectionOptions transport;
    SessionCore::Options core;
  };
  struct Services {
    net::Resolver& resolver;
    WorkerPool& workers;
    const Clock& clock;
  };
  // More that waits to be sent means that the other side does not read.
  static constexpr size_t kMaxQueuedBytes = 4u << 20;
  static constexpr size_t kMaxMessageBytes = (16u << 20) + 65'536;

  NativeSession(Services services, net::Shard& shard, SessionObserver& observer, Config config,
                std::string credentials);
  ~NativeSession() override;

  void close() override;
  void log_out() override;
  void request_pair_code(std::string_view phone, LinkDone done) override;
  void answer_passkey(std::string_view assertion_json, LinkDone done) override;
  void send_text(std::string_view to, std::string_view text, SendDone done) override;

 private:
  void on_open() override;
  void on_refused(const Error& error) override;
  void on_message(bool binary, std::string_view payload) override;
  void on_closed(uint16_t code, std::string_view reason) override;

  Instant now() const { return {.steady = shard_.now(), .wall = services_.clock.wall_now()}; }
  // In a turn of its own, unless the session is gone by then.
  void later(Task task);
  // After every input to the core.
  void deliver();
  void on_timer();

  void handle(session_event::OpenTransport&);
  void handle(session_event::Send& event);
  void handle(session_event::CloseTransport&);
  void handle(session_event::Store& event);
  void handle(session_event::Keep& event);
  void handle(session_event::Compute& event);
  void handle(QrCode& code) { observer_.on_qr(code); }
  void handle(PairCode& code) { observer_.on_pair_code(code); }
  void handle(PasskeyRequest& request) { observer_.on_passkey_request(request); }
  void handle(PasskeyCode& code) { observer_.on_passkey_code(code); }
  void handle(session_event::Paired& event) { observer_.on_pair_success(event.identity); }
  void handle(session_event::Connected& event) { observer_.on_connected(event.identity); }
  void handle(session_event::Alive&) { observer_.on_alive(); }
  void handle(session_event::Answer& event) { event.done(std::move(event.status)); }
  void handle(session_event::CaughtUp& event);
  void handle(session_event::Unreadable& event);
  void handle(SessionEnd& end) { observer_.on_closed(end); }

  const Services services_;
  net::Shard& shard_;
  SessionObserver& observer_;
  const std::string instance_id_;
  const websocket::ClientConnectionOptions transport_;
  SessionCore core_;
  websocket::ClientConnection::Ptr socket_;
  Executor::Timer timer_;
  std::optional<SteadyTime> timer_at_;
  // Expires with the session: for callbacks that others hold.
  std::shared_ptr<int> life_ = std::make_shared<int>(0);
};

}  // namespace patchbay::whatsapp
