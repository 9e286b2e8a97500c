// The life of one instance as a pure state machine: what happened goes in, what to do and what to tell comes
// out. No I/O, no clock, no randomness of its own: the moment and a random number are passed in. What
// operators want (desired) is apart from what is observed (status); every state in which something is under
// way has a deadline, every change a reason, and the next step is always said. States, reasons and deadlines
// for people: docs/instance-lifecycle.md. A value; belongs to whoever holds it.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "manager/instance_events.h"
#include "manager/instance_status.h"
#include "manager/linking.h"
#include "whatsapp/engine.h"

namespace patchbay::manager {

struct MachineOptions {
  Milliseconds reconnect_first_delay{5'000};  // doubles with every failure …
  Milliseconds reconnect_max_delay{300'000};  // … up to this
  Milliseconds stable_after{60'000};          // a connection that held this long resets the growth
  Milliseconds turn_timeout{900'000};         // in the line of those that want to open
  Milliseconds connect_timeout{60'000};       // opening: until the first code, or connected
  Milliseconds qr_grace{10'000};              // past a code's expiry: until the next code, or the end
  Milliseconds pairing_timeout{60'000};       // scanned: until connected
  Milliseconds liveness_timeout{90'000};      // connected: since the last sign of life
  Milliseconds close_timeout{5'000};
  Milliseconds logout_timeout{10'000};
  bool auto_reconnect = true;
};

// What survives the process. The store keeps it; the machine is built from it again.
struct MachineRecord {
  InstanceStatus status = InstanceStatus::kDisconnected;
  DesiredState desired = DesiredState::kDisconnected;
  WallTime status_since{};
  std::optional<std::string> phone = std::nullopt;
  std::optional<std::string> display_name = std::nullopt;
  std::optional<WallTime> last_connected_at = std::nullopt;
  std::optional<WallTime> last_disconnected_at = std::nullopt;
  std::optional<std::string> qr_text = std::nullopt;
  std::optional<WallTime> qr_expiry = std::nullopt;
  std::optional<Linking> linking = std::nullopt;  // not stored; there while the status is QR_REQUIRED
  int connection_attempts = 0;
  std::optional<std::string> last_error = std::nullopt;
  std::optional<WallTime> last_error_at = std::nullopt;
  Reason reason = {};
  NextStep next_step = {};
};

// The instant on both clocks: deadlines use the first, people the second.
struct Moment {
  SteadyTime steady;
  WallTime wall;
};

// --- What goes in ---
enum class Operation {
  kConnect,
  kDisconnect,
  kRestart,
  kLogOut,
  kRemove,      // log out, then forget the instance altogether
  kActivate,    // isActive became true
  kDeactivate,  // isActive became false: at rest, whatever is wanted
};
struct ProcessStarts {
  bool credentials_damaged = false;
};
struct ProcessStops {};
// The client profile is another one: whoever was refused as outdated tries again.
struct ProfileChanged {};
// After kOpen: it waits in line (manager/connect_pace.h), by the estimate so long; or its turn has come.
struct TurnAwaited {
  Milliseconds estimate{0};
};
struct TurnCame {};
struct PhonePaired {};
struct SessionConnected {
  whatsapp::Identity identity;
};
struct SessionAlive {};
struct DeadlinePassed {};
using MachineInput =
    std::variant<ProcessStarts, ProcessStops, ProfileChanged, Operation, TurnAwaited, TurnCame,
                 whatsapp::QrCode, whatsapp::PairCode, whatsapp::PasskeyRequest, whatsapp::PasskeyCode,
                 PhonePaired, SessionConnected, SessionAlive, whatsapp::SessionEnd, DeadlinePassed>;

// --- What comes out ---
enum class SessionCommand {
  // A new session as soon as its turn comes, with the stored credentials if there are any; to unlink the
  // device if
  // is_logging_out().
  kOpen,
  kClose,   // in an orderly way
  kLogOut,  // unlink the device
  kDrop,    // destroy the session now
};
struct EventDraft {
  InstanceEventType type;
  std::string data;
  std::string qr_text = {};
};
struct Effects {
  // Only for an Operation: whether it was accepted. When refused, nothing else is set.
  Status accepted = {};
  // In this order, after `record` and `events` are durable.
  std::vector<SessionCommand> commands = {};
  std::vector<EventDraft> events = {};
  bool open_first = false;  // with kOpen: an operator waits for it
  bool record_changed = false;
  bool delete_credentials = false;
  bool logged_out = false;  // a log-out is complete
  bool removed = false;     // the row goes, with everything that hangs on it
  bool stopped = false;     // nothing is alive any more; the process may end
};

class InstanceMachine {
 public:
  InstanceMachine(MachineOptions options, MachineRecord record, bool active, bool linked);

  // `random` in [0, 1) is the jitter of a delay that may be computed.
  Effects handle(const MachineInput& input, Moment now, double random);

  const MachineRecord& record() const { return record_; }
  // When DeadlinePassed is due; absent only at rest.
  std::optional<SteadyTime> deadline() const;
  bool has_session() const { return session_ != Session::kNone; }
  bool is_stopping() const { return stopping_; }
  bool is_active() const { return active_; }
  bool is_logging_out() const { return session_ == Session::kLoggingOut; }
  bool shows_code() const { return session_ == Session::kShowingCode; }
  // A passkey is asked for and was not given yet.
  bool awaits_passkey() const {
    return session_ == Session::kPasskey && !record_.linking->passkey->verification_code;
  }
  // Whether a session is there that is not about to end: only such a one may hand in credentials.
  bool expects_credentials() const {
    return session_ != Session::kNone && session_ != Session::kClosing && session_ != Session::kLoggingOut;
  }
  int qr_attempt() const { return qr_attempt_; }
  int max_qr_attempts() const { return max_qr_attempts_; }
  // The runtime says when credentials were stored; deleting them is the machine's own effect.
  void set_linked() { linked_ = true; }
  void set_options(const MachineOptions& options) { options_ = options; }

 private:
  // kOpening begins in the line. kShowingCode: a QR code, or one to type in.
  enum class Session { kNone, kOpening, kShowingCode, kPasskey, kPairing, kLive, kClosing, kLoggingOut };
  enum class AfterClose { kRest, kOpen, kLoggedOut, kRemoved };

  void on(const ProcessStarts& start);
  void on(const ProcessStops&);
  void on(const ProfileChanged&);
  void on(Operation operation);
  void on(const TurnAwaited& awaited);
  void on(const TurnCame&);
  void on(const whatsapp::QrCode& code);
  void on(const whatsapp::PairCode& code);
  void on(const whatsapp::PasskeyRequest& request);
  void on(const whatsapp::PasskeyCode& code);
  void on(const PhonePaired&);
  void on(const SessionConnected& connected);
  void on(const SessionAlive&);
  void on(const whatsapp::SessionEnd& end);
  void on(const DeadlinePassed&);

  void connect(bool restart);
  void log_out(AfterClose then);
  void rest(Reason reason, NextStep next);
  void open(InstanceStatus status, Reason reason, bool first = false);
  void close(AfterClose then);
  void closed(bool unlinked);
  void open_to_unlink(AfterClose then);
  void unlink(AfterClose then);
  void tell_of_logout();
  void finish_logout(bool unlinked);
  void failed(const whatsapp::SessionEnd& end);
  bool is_linking() const;
  std::string link_remedy() const;
  static whatsapp::SessionEnd lost_in_passkey_step(const whatsapp::SessionEnd& end);
  void timed_out(std::string text, whatsapp::CloseReason reason = whatsapp::CloseReason::kTimedOut);
  bool waits_for_ban() const;
  void forget_link();
  void clear_codes();
  Milliseconds reconnect_delay() const;

  // Changes the record and drafts the events that go with it.
  void enter(InstanceStatus status, Reason reason, NextStep next, bool is_failure = false);
  NextStep step(NextStep::What what, std::string text, Milliseconds from_now);
  void schedule(Milliseconds from_now) { deadline_ = now_.steady + from_now; }
  void draft(InstanceEventType type, std::string data) { effects_.events.push_back({type, std::move(data)}); }

  MachineOptions options_;
  MachineRecord record_;
  bool active_;
  bool linked_;
  bool damaged_ = false;
  bool stopping_ = false;
  bool removing_ = false;
  bool demands_passkey_ = false;  // the account did so, and was not linked since
  Session session_ = Session::kNone;
  AfterClose after_close_ = AfterClose::kRest;
  int failures_ = 0;  // since the last stable connection
  int qr_attempt_ = 0;
  int max_qr_attempts_ = 3;
  std::optional<SteadyTime> deadline_;
  std::optional<SteadyTime> stable_at_;

  // Of the call that is being handled.
  Moment now_{};
  double random_ = 0;
  Effects effects_;
};

}  // namespace patchbay::manager
