// The instances of all subscriptions: what REST calls to create, read and command them, what start-up and
// shutdown call to bring them back and to put them to rest, and what the realtime edge asks for a snapshot.
// Not here: HTTP, JSON shapes, Socket.IO rooms, API keys. An instance that is alive belongs to exactly one of
// the given executors, chosen by its id; commands travel there and are answered once they are durable.
// Thread-safe. Every call that returns a Result blocks (store, executor): worker threads only, never an
// executor's own thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/result.h"
#include "manager/connect_pace.h"
#include "manager/instance_events.h"
#include "manager/instance_status.h"
#include "manager/linking.h"

namespace patchbay::store {
class Store;
}
namespace patchbay::whatsapp {
class Engine;
}  // namespace patchbay::whatsapp

namespace patchbay::manager {

struct Caller;
class EventSink;

// Limits as in the panel contract: defaults are filled when a settings object is given.
struct InstanceSettings {
  bool auto_reconnect = true;
  bool mark_online_on_connect = true;
  bool sync_full_history = false;
  int default_query_timeout_ms = 60'000;  // 10,000 .. 120,000
  int connect_timeout_ms = 60'000;        // 10,000 .. 120,000
  int keep_alive_interval_ms = 30'000;    // 10,000 .. 60,000
};

// The contract's "Inst": every stored scalar.
struct InstanceView {
  std::string id{};
  std::string name{};
  std::string subscription_id{};
  std::string created_by_id{};
  InstanceStatus status = InstanceStatus::kDisconnected;
  std::optional<std::string> phone{};
  std::optional<std::string> display_name{};
  WallTime created_at{};
  WallTime updated_at{};
  std::optional<WallTime> last_connected_at{};
  std::optional<WallTime> last_disconnected_at{};
  std::string settings_json = "{}";  // a JSON object as stored
  bool is_active = true;
  std::optional<std::string> qr_code{};  // raw text, only while it is valid
  std::optional<WallTime> qr_code_expiry{};
  int connection_attempts = 0;
  std::optional<std::string> last_error{};
  std::optional<WallTime> last_error_at{};
  // Ours:
  DesiredState desired_state = DesiredState::kDisconnected;
  Reason reason{};
  NextStep next_step{};
  WallTime status_since{};
  std::optional<Linking> linking{};        // while the status is QR_REQUIRED
  std::optional<std::string> proxy_url{};  // without user and password
  uint64_t last_seq = 0;
  std::string description{};
  int64_t held_messages = 0;  // acknowledged, kept until they can be read; as of the last write
};

// The contract's "RT".
struct RealTimeStatus {
  bool exists = false;
  std::string connection_state = "DISCONNECTED";
  int reconnect_attempts = 0;
  int qr_attempts = 0;
  int max_qr_attempts = 3;
  bool is_connected = false;
  std::optional<std::string> phone{};
  std::optional<std::string> display_name{};
};

struct CreatorView {  // "By"
  std::string id{};
  std::string name{};
  std::string email{};
};
struct InstanceCounts {  // "Cnt"
  int64_t api_keys = 0;
  int64_t message_stats = 0;
  int64_t contacts = 0;
};
struct SubscriptionBrief {
  std::string id{};
  std::string name{};
  std::string tier{};
};
struct InstanceKeyBrief {
  std::string id{};
  std::string name{};
  bool is_active = true;
  WallTime created_at{};
  std::optional<WallTime> last_used_at{};
};

struct InstanceDetails {
  InstanceView instance{};
  CreatorView created_by{};
  InstanceCounts counts{};
  RealTimeStatus real_time{};
  SubscriptionBrief subscription{};
  std::vector<InstanceKeyBrief> api_keys{};  // get() only, newest first, at most 100
};

struct NewInstance {
  std::string name{};          // 3–50 of letters, digits, '-' and '_'
  std::string display_name{};  // the panel sends both; kept: at most 400 and 2,000 bytes of UTF-8
  std::string description{};
  std::optional<InstanceSettings> settings{};  // absent: "{}" is stored, defaults apply
  std::string proxy_url{};  // "http://[user:password@]host:port", "socks5://…"; empty: none
};

struct InstanceUpdate {  // at least one; validated like NewInstance
  std::optional<std::string> name{};
  std::optional<std::string> display_name{};
  std::optional<std::string> description{};
  std::optional<std::string> settings_json{};  // replaces the stored object; unknown fields are dropped
  std::optional<std::string> proxy_url{};      // net/proxy.h; "" is none. One that is wanted reconnects
  std::optional<bool> is_active{};             // false also closes the connection; true allows connect again
};

// kValidation when it is no address of a proxy; what it says holds no part of it. Pure.
Status check_proxy_url(std::string_view url);

struct InstanceQuery {
  int64_t page = 1;       // 1 ..
  int64_t per_page = 20;  // 1 .. 100
  bool ascending = false;
  enum class SortBy { kCreatedAt, kUpdatedAt, kName, kStatus, kLastConnectedAt };
  SortBy sort_by = SortBy::kCreatedAt;
  std::optional<InstanceStatus> status{};
  std::string search{};  // 0 .. 400 bytes; substring of name, display name, phone; ASCII case ignored
};
struct InstancePage {
  std::vector<InstanceDetails> instances{};
  int64_t total = 0;
};

struct QrView {
  std::string text{};
  WallTime expiry{};
  int attempt = 1;
  int max_attempts = 1;
};

struct EventPage {
  std::vector<InstanceEvent> events{};  // ascending seq
  uint64_t first_seq = 0;               // oldest that is still kept; 0 when the log is empty
  uint64_t last_seq = 0;                // newest
  bool has_more = false;                // newer ones than those returned exist
};

// The present of one instance, for a subscriber: what it would know had it listened all along.
struct InstanceSnapshot {
  InstanceEvent status{};  // kStatusChanged with oldStatus = newStatus = now; seq = newest number
  // What links a phone at this moment, with its real expiry: a QR code, a code to type in, or the passkey.
  std::vector<InstanceEvent> linking{};
  std::string subscription_id{};
  std::string name{};
  InstanceStatus state = InstanceStatus::kDisconnected;
};

struct InstancesOptions {
  // --- reconnection ---
  Milliseconds reconnect_first_delay{5'000};
  Milliseconds reconnect_max_delay{300'000};
  // A connection that held this long resets the growth of the delay.
  Milliseconds stable_after{60'000};
  // --- deadlines beyond the instance's own settings ---
  Milliseconds pairing_timeout{60'000};
  Milliseconds close_timeout{5'000};
  Milliseconds logout_timeout{10'000};
  // How long a call waits for an executor and the store to answer.
  Milliseconds command_timeout{15'000};
  // --- how fast all of them together open connections ---
  ConnectPaceOptions pace{};
  // --- retention of the event log, per instance ---
  uint64_t events_kept = 10'000;
  Milliseconds events_age{std::chrono::hours(24 * 30)};
  Milliseconds prune_interval{600'000};
  int64_t max_page = 1'000'000;
};

class Instances {
 public:
  // Everything referred to outlives this object. At least one executor.
  Instances(store::Store& store, whatsapp::Engine& engine, EventSink& sink, const Clock& clock,
            std::vector<Executor*> executors, InstancesOptions options);
  // After stop(); or, as a crash would, without it but with the executors ended. The store still runs.
  ~Instances();
  Instances(const Instances&) = delete;
  Instances& operator=(const Instances&) = delete;

  // Brings every wanted instance back, at the pace. Returns when all are in line. Executors must be running.
  Status start();
  // Closes every session in an orderly way without touching what operators want; bounded by close_timeout
  // and a little. Calls after it are answered with kServiceUnavailable.
  void stop();

  // --- REST. Scoped to the caller's subscription: a foreign id is kInstanceNotFound. ---
  Result<InstanceDetails> create(const Caller& caller, const NewInstance& request);
  Result<InstancePage> list(const Caller& caller, const InstanceQuery& query);
  Result<InstanceDetails> get(const Caller& caller, std::string_view id);
  Result<InstanceDetails> update(const Caller& caller, std::string_view id, const InstanceUpdate& request);
  // Unlinks at WhatsApp if it can within its bound, and deletes in any case. Returns the name.
  Result<std::string> remove(const Caller& caller, std::string_view id);

  // Answered once the wish is durable; what follows from it comes as events.
  Status connect(const Caller& caller, std::string_view id);
  Status disconnect(const Caller& caller, std::string_view id);
  Status restart(const Caller& caller, std::string_view id);
  // Answered when the credentials are gone.
  Status log_out(const Caller& caller, std::string_view id);

  // Asks WhatsApp for a code to type into the phone with this number (7 to 15 digits, with country code). The
  // instance shows QR codes at this moment; kInvalidOperation if not.
  Result<Linking::PairCode> request_pair_code(const Caller& caller, std::string_view id,
                                              std::string_view phone);
  // What a browser answered to the options of the passkey, a JSON object of at most 65,536 bytes.
  // kInvalidOperation when no passkey is asked for.
  Status answer_passkey(const Caller& caller, std::string_view id, std::string_view assertion_json);

  // The live code, or nothing.
  Result<std::optional<QrView>> qr(const Caller& caller, std::string_view id);
  // Events with a number above `after`, oldest first, at most `limit` (1..1000).
  Result<EventPage> events(const Caller& caller, std::string_view id, uint64_t after, int limit);

  // Every instance that WhatsApp refused as outdated tries again, at the pace. Any thread; returns at once.
  void client_profile_changed();

  // --- Realtime. Never blocks; any thread. ---
  // Whether the instance exists, and for whom: from memory. Foreign and unknown ids look alike to callers.
  std::optional<std::string> subscription_of(std::string_view instance_id) const;
  // Calls `done` on the executor that owns the instance, in order with the events that are published there:
  // each event is either in the snapshot or published after it. kInstanceNotFound if there is none.
  void snapshot(std::string_view instance_id, std::move_only_function<void(Result<InstanceSnapshot>)> done);

  // Live instances by status, for metrics and the dashboard; from memory.
  struct Totals {
    uint64_t by_status[6] = {};  // indexed by InstanceStatus
  };
  Totals totals() const;
  // How many wait for their turn to connect, and how many are at it.
  ConnectPace::Counts connecting() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace patchbay::manager
