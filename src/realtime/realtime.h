// The seed's realtime contract on a Socket.IO namespace: who may connect (four places for a credential, in
// order), who hears which instance, and the instance events with the present replayed to every
// subscriber. Thread-safe: set_up() before the shards serve, publish() on the instance's shard, revocations
// from anywhere.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/worker_pool.h"
#include "manager/authenticator.h"
#include "manager/event_sink.h"
#include "manager/instances.h"
#include "manager/revocations.h"
#include "realtime/credential_chain.h"
#include "socketio/server.h"

namespace patchbay::realtime {

struct RealtimeOptions {
  // Nothing at all is accepted as a credential. Loopback only; the caller sees to it.
  bool development = false;
  // Rooms that one socket may ask for; past it TOO_MANY_SUBSCRIPTIONS.
  size_t max_subscriptions = 1'000;
  // What `qrCode` holds: drawn by this from the code's text; the text itself when empty. Thread-safe.
  std::function<std::string(std::string_view)> draw_qr;
};

class Realtime final : public manager::EventSink, public manager::RevocationObserver {
 public:
  struct Counters {
    std::array<std::atomic<uint64_t>, kAuthMethods> accepted{};  // by AuthMethod
    std::atomic<uint64_t> refused_missing{0};
    std::atomic<uint64_t> refused_invalid{0};
    std::atomic<uint64_t> revoked{0};
    std::atomic<uint64_t> events{0};
  };

  // Everything referred to outlives this object.
  Realtime(socketio::Server& io, manager::Authenticator& authenticator, WorkerPool& workers,
           const Clock& clock, RealtimeOptions options);

  // Registers middleware and handlers; `instances` outlives this object's use.
  void set_up(manager::Instances& instances);

  // --- manager::EventSink ---
  void publish(const manager::InstanceEvent& event) override;
  void instance_removed(std::string_view instance_id, std::string_view subscription_id) override;
  void instance_deactivated(std::string_view instance_id) override;

  // --- manager::RevocationObserver ---
  void on_user_revoked(std::string_view user_id, bool user_disabled) override;
  void on_api_key_revoked(std::string_view key_id) override;
  void on_api_key_expiry(std::string_view key_id, std::optional<WallTime> expires_at) override;
  void on_subscription_revoked(std::string_view subscription_id) override;

  const Counters& counters() const { return counters_; }
  size_t socket_count() const { return nsp_.socket_count(); }

 private:
  struct Member;  // what the namespace knows of a socket
  class Reply;
  class QrCache;

  void authenticate(const std::shared_ptr<socketio::Connecting>& connecting, socketio::Namespace::Next next);
  void on_connection(socketio::Socket& socket);
  void check_again(const socketio::SocketRef& socket, std::string token);
  void on_subscribe(socketio::Socket& socket, socketio::Event& event);
  void on_unsubscribe(socketio::Socket& socket, socketio::Event& event);
  void replay(const socketio::SocketRef& socket, const std::shared_ptr<Reply>& reply,
              const manager::InstanceSnapshot& snapshot, uint64_t request);
  std::string payload_of(const manager::InstanceEvent& event);
  void arm_expiry(socketio::Socket& socket);
  void drop_keys_of(std::string_view instance_id, std::string_view why);
  void drop_sockets(std::function<bool(const manager::Caller&)> whom, std::string_view why);

  socketio::Namespace& nsp_;
  manager::Authenticator& authenticator_;
  WorkerPool& workers_;
  const Clock& clock_;
  const RealtimeOptions options_;
  manager::Instances* instances_ = nullptr;
  // Counts revocations: one that came while a socket was being let in makes it check again.
  std::atomic<uint64_t> revocation_epoch_{0};
  std::unique_ptr<QrCache> qr_cache_;
  Counters counters_;

 public:
  ~Realtime() override;
};

}  // namespace patchbay::realtime
