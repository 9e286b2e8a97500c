// One instance, alive: its state machine, its session, its timer and its way into the store. Inputs are
// handled one after the other; each that changes something becomes one write (row, events, credentials
// together), and only when that is durable are the events published, the session commanded and the operator
// answered. While the store refuses a change that already happened out there, it is tried again and
// everything else waits. Shard-local: everything on the executor's thread, but live(), which any thread may
// call.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/executor.h"
#include "base/result.h"
#include "manager/connect_pace.h"
#include "manager/instance_machine.h"
#include "manager/instances.h"
#include "store/records.h"
#include "whatsapp/engine.h"

namespace patchbay::manager {

// What other threads see of a live instance: the newest durable state. A value.
struct LiveInstance {
  MachineRecord record{};
  uint64_t last_seq = 0;
  bool has_session = false;
  int qr_attempt = 0;
  int max_qr_attempts = 3;
};

struct RuntimeServices {
  store::Store& store;
  whatsapp::Engine& engine;
  EventSink& sink;
  const Clock& clock;
  ConnectPace& pace;
  std::function<double()> random;  // [0, 1), jitter
};

struct RuntimeConfig {
  std::string id;
  std::string subscription_id;
  std::string name;
  MachineOptions machine;
  whatsapp::SessionSettings session;
  bool active = true;
  std::optional<std::string> credentials;  // a secret
  MachineRecord record;
  uint64_t last_seq = 0;
};

class InstanceRuntime final : private whatsapp::SessionObserver {
 public:
  using Done = std::move_only_function<void(Status)>;

  // The services outlive the runtime. `on_removed` is posted to the executor once, after the row is gone.
  InstanceRuntime(RuntimeServices services, Executor& executor, RuntimeConfig config, Task on_removed);
  ~InstanceRuntime() override;

  void start(ProcessStarts how);
  // See ProfileChanged.
  void profile_changed();
  // `done` comes when the wish is durable; for kLogOut when the credentials are gone, for kRemove when the
  // row is.
  void operate(Operation operation, std::optional<store::AuditEntry> audit, Done done);
  // Steps of linking, as in whatsapp/engine.h; answered once what follows is durable, too. kInvalidOperation
  // when nothing waits for such a step; says what has to come first.
  void request_pair_code(std::string phone, std::optional<store::AuditEntry> audit, Done done);
  void answer_passkey(std::string assertion_json, std::optional<store::AuditEntry> audit, Done done);
  // Closes the session in an orderly way; `done` comes when nothing is alive any more.
  void stop(Task done);
  // For the next session; name at once.
  void reconfigure(std::string name, const MachineOptions& machine, const whatsapp::SessionSettings& session);
  InstanceSnapshot snapshot() const;

  LiveInstance live() const;

 private:
  struct Credentials {
    std::string blob;
    std::move_only_function<void(bool)> stored;
  };
  struct LinkStep {
    enum class What { kPairCode, kPasskey };
    What what = What::kPairCode;
    std::string argument;  // the number, or the assertion
  };
  // Tells the asker how a step ended, once everything before it is durable.
  struct LinkAnswer {
    uint64_t step = 0;
    Status status = {};
  };
  struct Item {
    std::variant<MachineInput, Credentials, LinkStep, LinkAnswer> input;
    uint64_t session = 0;  // inputs of a session that is gone are dropped; 0: not from a session
    std::optional<store::AuditEntry> audit = {};
    Done done = {};
  };
  struct Change;  // what one write holds

  // SessionObserver
  void on_qr(const whatsapp::QrCode& code) override;
  void on_pair_code(const whatsapp::PairCode& code) override;
  void on_passkey_request(const whatsapp::PasskeyRequest& request) override;
  void on_passkey_code(const whatsapp::PasskeyCode& code) override;
  void on_pair_success(const whatsapp::Identity& identity) override;
  void on_credentials(std::string credentials, std::move_only_function<void(bool)> stored) override;
  void on_connected(const whatsapp::Identity& identity) override;
  void on_alive() override;
  void on_message(const whatsapp::IncomingMessage& message) override;
  void on_stanza(whatsapp::HeldStanza stanza, std::move_only_function<void(bool)> stored) override;
  void on_closed(const whatsapp::SessionEnd& end) override;

  void enqueue(Item item);
  void pump();
  void process(Item item);
  void process_credentials(Credentials credentials);
  void process_step(Item item);
  void take_step(const LinkStep& step, Done done);
  Status step_is_possible(const LinkStep& step) const;
  void submit(std::shared_ptr<Change> change);
  void decided(std::shared_ptr<Change> change, Status status);
  void apply(Change& change);
  void answer(Change& change);
  void command(SessionCommand what);
  void take_turn(bool first);
  void open_session();
  // The session and its place in line are gone; who waits for a step of it is told.
  void drop_session();
  void arm_timer();
  void publish_live();
  void block(const Error& error);
  Moment now() const;
  store::InstanceState state_for_store() const;

  RuntimeServices services_;
  Executor& executor_;
  RuntimeConfig config_;
  InstanceMachine machine_;
  Task on_removed_;

  std::unique_ptr<whatsapp::Session> session_;
  uint64_t session_number_ = 0;
  ConnectPace::Turn turn_;          // until the session is open
  bool waits_in_line_ = false;      // a session is wanted and not there yet
  std::map<uint64_t, Done> steps_;  // of linking, that the session was asked for and has not answered
  uint64_t last_step_ = 0;
  Executor::Timer deadline_timer_;
  Executor::Timer retry_timer_;

  std::deque<Item> queue_;
  bool busy_ = false;  // a write is on its way
  bool pumping_ = false;
  std::optional<Error> blocked_;  // why the store refuses
  bool refuses_stanzas_ = false;  // the last stanza could not be kept
  std::vector<Done> logout_waiters_;
  Done removal_waiter_;
  Task stop_done_;

  mutable std::mutex live_mutex_;
  LiveInstance live_;                                     // guarded by live_mutex_
  std::shared_ptr<int> life_ = std::make_shared<int>(0);  // expires with the runtime
};

// The row as the machine keeps it, and back. Unknown names in a row become the resting state.
MachineRecord record_from_store(const store::InstanceState& state);
store::InstanceState record_to_store(const MachineRecord& record);

}  // namespace patchbay::manager
