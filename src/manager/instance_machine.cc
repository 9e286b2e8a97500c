// The life of an instance. What happens until it is linked: instance_machine_linking.cc.
#include "manager/instance_machine.h"

#include <algorithm>
#include <utility>

namespace patchbay::manager {
namespace {

using whatsapp::CloseReason;
using whatsapp::SessionEnd;

constexpr int kMaxDoublings = 30;
constexpr std::string_view kCredentialsDamaged = "CREDENTIALS_DAMAGED";
constexpr std::string_view kExported = "EXPORTED";  // account_moves.cc

NextStep resting() {
  return {.what = NextStep::What::kNone, .text = "Nothing is due."};
}
NextStep operator_must(std::string text) {
  return {.what = NextStep::What::kOperator, .text = std::move(text)};
}

// What an operator has to do when a session ended for good.
std::string remedy(CloseReason reason) {
  switch (reason) {
    case CloseReason::kQrExhausted:
      return "Connect again for new codes, and scan one (or type one in) before it runs out.";
    case CloseReason::kPasskeyExpired:
      return "Connect again. This account is linked only with its passkey: have a browser ready in which "
             "web.whatsapp.com can use it, and finish the passkey step before it runs out.";
    case CloseReason::kLoggedOut:
    case CloseReason::kUnlinkedByPhone:
      return "Connect and scan a new QR code to link the phone again.";
    case CloseReason::kReplaced:
      return "Stop the other place that uses the same link, then connect; or log out here and link again.";
    case CloseReason::kBanned:
      return "Settle the ban in the WhatsApp app on the phone, then connect and scan a new QR code.";
    case CloseReason::kTemporarilyBanned:
      return "Wait until the ban is over, then connect.";
    case CloseReason::kClientOutdated:
      return "Update the server, or give it the version of a newer client (PUT /api/whatsapp/profile); the "
             "instance then connects by itself.";
    case CloseReason::kRefused:
      return "Check the account on the phone, then connect; if it stays, log out and link again.";
    default:
      return "Connect again; if the error stays, log out and link again.";
  }
}

bool is_outdated(const Reason& reason) {
  return reason.code == to_string(CloseReason::kClientOutdated);
}

// The same link is in use in another place: whoever connects here to end it ends it there.
bool is_used_elsewhere(const Reason& reason) {
  return reason.code == to_string(CloseReason::kReplaced) || reason.code == kExported;
}

bool rests_quietly(CloseReason reason) {
  return reason == CloseReason::kQrExhausted || reason == CloseReason::kPasskeyExpired ||
         reason == CloseReason::kUnlinkedByPhone || reason == CloseReason::kLoggedOut ||
         reason == CloseReason::kLocalRequest;
}

}  // namespace

InstanceMachine::InstanceMachine(MachineOptions options, MachineRecord record, bool active, bool linked)
    : options_(options), record_(std::move(record)), active_(active), linked_(linked) {}

std::optional<SteadyTime> InstanceMachine::deadline() const {
  if (deadline_ && stable_at_) return std::min(*deadline_, *stable_at_);
  return deadline_;
}

Effects InstanceMachine::handle(const MachineInput& input, Moment now, double random) {
  now_ = now;
  random_ = random;
  effects_ = {};
  std::visit([this](const auto& what) { on(what); }, input);
  if (stopping_ && session_ == Session::kNone) {
    deadline_.reset();
    effects_.stopped = true;
  }
  return std::exchange(effects_, {});
}

// --- The process ---

void InstanceMachine::on(const ProcessStarts& start) {
  const Reason reason{"SERVER_START", "The server started."};
  session_ = Session::kNone;
  clear_codes();
  // A log-out that the end of the process cut short.
  if (record_.desired == DesiredState::kLoggedOut && start.credentials_damaged) return finish_logout(false);
  if (record_.desired == DesiredState::kLoggedOut && linked_) {
    enter(InstanceStatus::kDisconnected, reason, resting());
    return open_to_unlink(AfterClose::kLoggedOut);
  }
  if (start.credentials_damaged) {
    damaged_ = true;
    record_.last_error = "The stored credentials of this instance cannot be read.";
    record_.last_error_at = now_.wall;
    return enter(
        InstanceStatus::kError, {std::string(kCredentialsDamaged), *record_.last_error},
        operator_must("Restore the database or the master key; or log out here and link the phone again."),
        true);
  }
  // What an operator had to do then has been done.
  const bool mended = record_.reason.code == kCredentialsDamaged;
  if (mended) record_.last_error.reset(), record_.last_error_at.reset();
  // A new process may be a newer client.
  const bool waits_for_operator =
      record_.next_step.what == NextStep::What::kOperator && !mended && !is_outdated(record_.reason);
  if (record_.desired != DesiredState::kConnected || !active_ || waits_for_operator) {
    const bool at_rest = !mended && (record_.status == InstanceStatus::kDisconnected ||
                                     record_.status == InstanceStatus::kError);
    if (!at_rest) enter(InstanceStatus::kDisconnected, reason, resting());
    return;
  }
  if (waits_for_ban()) return schedule(duration_cast<Milliseconds>(*record_.next_step.at - now_.wall));
  open(linked_ ? InstanceStatus::kReconnecting : InstanceStatus::kInit, reason);
}

// A restart of the server is no reason to ask again before WhatsApp said that it may.
bool InstanceMachine::waits_for_ban() const {
  return record_.status == InstanceStatus::kError && session_ == Session::kNone &&
         record_.reason.code == to_string(CloseReason::kTemporarilyBanned) &&
         record_.next_step.what == NextStep::What::kReconnect && record_.next_step.at > now_.wall;
}

void InstanceMachine::on(const ProcessStops&) {
  if (stopping_) return;
  stopping_ = true;
  clear_codes();
  const bool wanted = record_.desired == DesiredState::kConnected && active_ &&
                      record_.next_step.what != NextStep::What::kOperator;
  if (wanted && !waits_for_ban()) {
    const bool linked = linked_;
    enter(linked ? InstanceStatus::kReconnecting : InstanceStatus::kInit,
          {"SERVER_STOP", "The server is stopping."},
          {.what = linked ? NextStep::What::kReconnect : NextStep::What::kConnect,
           .text = "The connection is restored when the server starts again."});
  }
  if (session_ == Session::kClosing || session_ == Session::kLoggingOut) {
    if (after_close_ == AfterClose::kOpen) after_close_ = AfterClose::kRest;
    deadline_ = std::min(deadline_.value_or(SteadyTime::max()), now_.steady + options_.close_timeout);
  } else if (session_ != Session::kNone) {
    close(AfterClose::kRest);
  }
}

void InstanceMachine::on(const ProfileChanged&) {
  const bool refused = record_.status == InstanceStatus::kError && is_outdated(record_.reason);
  if (stopping_ || removing_ || !refused || session_ != Session::kNone || !active_ ||
      record_.desired != DesiredState::kConnected)
    return;
  failures_ = 0;
  open(InstanceStatus::kReconnecting, {"PROFILE_CHANGED", "The client profile was changed."});
}

// --- Operators ---

void InstanceMachine::on(Operation operation) {
  if (stopping_ || removing_) {
    effects_.accepted =
        fail(ErrorCode::kServiceUnavailable, stopping_ ? "The server is stopping; try again when it is back."
                                                       : "The instance is being deleted.");
    return;
  }
  switch (operation) {
    case Operation::kConnect:
      return connect(false);
    case Operation::kRestart:
      return connect(true);
    case Operation::kDisconnect:
      record_.desired = DesiredState::kDisconnected;
      failures_ = 0;
      return rest({"OPERATOR_DISCONNECT", "An operator disconnected the instance."}, resting());
    case Operation::kLogOut:
      record_.desired = DesiredState::kLoggedOut;
      return log_out(AfterClose::kLoggedOut);
    case Operation::kRemove:
      record_.desired = DesiredState::kLoggedOut;
      removing_ = true;
      return log_out(AfterClose::kRemoved);
    case Operation::kDeactivate:
      active_ = false;
      failures_ = 0;
      return rest({"DEACTIVATED", "The instance was deactivated."},
                  operator_must("Activate the instance to use it again."));
    case Operation::kActivate:
      if (std::exchange(active_, true)) return;
      if (record_.desired == DesiredState::kConnected) return connect(false);
      return enter(record_.status,
                   is_used_elsewhere(record_.reason) ? record_.reason
                                                     : Reason{"ACTIVATED", "The instance was activated."},
                   resting());
  }
}

void InstanceMachine::connect(bool restart) {
  if (!active_) {
    effects_.accepted = fail(ErrorCode::kInvalidOperation,
                             "The instance is deactivated; activate it (isActive: true) first.");
    return;
  }
  if (damaged_) {
    effects_.accepted =
        fail(ErrorCode::kInvalidOperation,
             "The stored credentials of this instance cannot be read; restore the database or the "
             "master key, or log out here and link the phone again.");
    return;
  }
  effects_.record_changed = true;
  record_.desired = DesiredState::kConnected;
  const Reason reason = restart ? Reason{"OPERATOR_RESTART", "An operator restarted the instance."}
                                : Reason{"OPERATOR_CONNECT", "An operator connected the instance."};
  switch (session_) {
    case Session::kOpening:
    case Session::kShowingCode:
    case Session::kPasskey:
    case Session::kPairing:
    case Session::kLive:
      if (!restart) return;  // already so, or on the way: never a second session
      failures_ = 0;
      record_.connection_attempts = 0;
      close(AfterClose::kOpen);
      return enter(
          InstanceStatus::kInit, reason,
          step(NextStep::What::kConnect, "The old connection closes first.", options_.close_timeout));
    case Session::kClosing:
    case Session::kLoggingOut:
      failures_ = 0;
      record_.connection_attempts = 0;
      after_close_ = AfterClose::kOpen;
      return enter(InstanceStatus::kInit, reason,
                   {.what = NextStep::What::kConnect,
                    .text = "The old connection closes first.",
                    .at = now_.wall + (*deadline_ - now_.steady)});
    case Session::kNone:
      failures_ = 0;
      record_.connection_attempts = 0;
      return open(!restart && record_.status == InstanceStatus::kReconnecting ? InstanceStatus::kReconnecting
                                                                              : InstanceStatus::kInit,
                  reason, true);
  }
}

void InstanceMachine::log_out(AfterClose then) {
  effects_.record_changed = true;
  failures_ = 0;
  const bool can_unlink = !std::exchange(damaged_, false) && linked_;
  if (session_ == Session::kLoggingOut) {
    after_close_ = then;
    return tell_of_logout();
  }
  if (can_unlink && session_ == Session::kNone && !is_used_elsewhere(record_.reason))
    return open_to_unlink(then);
  if (can_unlink && session_ == Session::kClosing) {
    // Once it is closed, another one is opened for this.
    after_close_ = then;
    return tell_of_logout();
  }
  if (can_unlink && session_ != Session::kNone) {
    effects_.commands.push_back(SessionCommand::kLogOut);
    return unlink(then);
  }
  if (session_ == Session::kClosing) {
    after_close_ = then;
    if (then == AfterClose::kLoggedOut) after_close_ = AfterClose::kRest;
  } else if (session_ != Session::kNone) {
    close(then == AfterClose::kRemoved ? then : AfterClose::kRest);
  } else if (then == AfterClose::kRemoved) {
    effects_.removed = true;
  }
  finish_logout(false);
}

// There is no connection that could tell WhatsApp.
void InstanceMachine::open_to_unlink(AfterClose then) {
  effects_.commands.push_back(SessionCommand::kOpen);
  effects_.open_first = true;
  unlink(then);
}

void InstanceMachine::unlink(AfterClose then) {
  session_ = Session::kLoggingOut;
  after_close_ = then;
  stable_at_.reset();
  schedule(options_.logout_timeout);
  tell_of_logout();
}

void InstanceMachine::tell_of_logout() {
  effects_.record_changed = true;
  record_.reason = {"OPERATOR_LOGOUT", "An operator logged the instance out."};
  record_.next_step = {.what = NextStep::What::kFinishLogout,
                       .text = "The device is being unlinked.",
                       .at = now_.wall + (*deadline_ - now_.steady)};
}

// At rest from now on; a session that is there closes.
void InstanceMachine::rest(Reason reason, NextStep next) {
  effects_.record_changed = true;
  record_.connection_attempts = 0;
  clear_codes();
  if (session_ == Session::kClosing || session_ == Session::kLoggingOut) {
    if (after_close_ == AfterClose::kOpen) after_close_ = AfterClose::kRest;
  } else if (session_ != Session::kNone) {
    close(AfterClose::kRest);
  } else {
    deadline_.reset();
  }
  // Stays known until the link is used here again: a log-out must not end it elsewhere.
  if (is_used_elsewhere(record_.reason)) reason = record_.reason;
  enter(InstanceStatus::kDisconnected, std::move(reason), std::move(next));
}

void InstanceMachine::finish_logout(bool unlinked) {
  const bool phone_knows = unlinked || !linked_;
  if (session_ == Session::kNone) deadline_.reset();
  forget_link();
  record_.last_connected_at.reset();
  record_.connection_attempts = 0;
  effects_.logged_out = true;
  enter(InstanceStatus::kDisconnected,
        removing_ ? Reason{"REMOVED", "The instance was deleted."}
                  : Reason{"OPERATOR_LOGOUT", "An operator logged the instance out."},
        phone_knows
            ? resting()
            : operator_must("WhatsApp could not be told: if the phone still lists this device under Linked "
                            "devices, remove it there. Connect to link a phone again."));
}

// --- The session ---

void InstanceMachine::open(InstanceStatus status, Reason reason, bool first) {
  session_ = Session::kOpening;
  qr_attempt_ = 0;
  ++record_.connection_attempts;
  clear_codes();
  effects_.commands.push_back(SessionCommand::kOpen);
  effects_.open_first = first;
  schedule(options_.connect_timeout);
  enter(status, std::move(reason),
        step(NextStep::What::kAwaitConnection, "The connection to WhatsApp is being opened.",
             options_.connect_timeout));
}

void InstanceMachine::close(AfterClose then) {
  effects_.commands.push_back(SessionCommand::kClose);
  session_ = Session::kClosing;
  after_close_ = then;
  stable_at_.reset();
  clear_codes();
  schedule(options_.close_timeout);
}

void InstanceMachine::closed(bool unlinked) {
  const bool was_logout = session_ == Session::kLoggingOut;
  session_ = Session::kNone;
  deadline_.reset();
  if (!was_logout && linked_ && !stopping_ &&
      (after_close_ == AfterClose::kRemoved || after_close_ == AfterClose::kLoggedOut))
    return open_to_unlink(after_close_);
  if (after_close_ == AfterClose::kRemoved) {
    effects_.removed = true;
    return was_logout ? finish_logout(unlinked) : void();
  }
  // Else the next start goes on with it.
  if (after_close_ == AfterClose::kLoggedOut)
    return was_logout || !linked_ ? finish_logout(unlinked) : void();
  if (was_logout) {
    // Somebody asked for something else meanwhile; the link is gone all the same.
    forget_link();
    effects_.logged_out = true;
    effects_.record_changed = true;
  }
  if (after_close_ == AfterClose::kOpen) open(InstanceStatus::kInit, record_.reason, true);
}

// What moves in the line is not news enough for the store.
void InstanceMachine::on(const TurnAwaited& awaited) {
  if (session_ != Session::kOpening) return;
  schedule(options_.turn_timeout);
  record_.next_step =
      step(NextStep::What::kConnect,
           "Many instances want to connect at this moment; this one waits for its turn.", awaited.estimate);
}

void InstanceMachine::on(const TurnCame&) {
  if (session_ != Session::kOpening) return;
  schedule(options_.connect_timeout);
  record_.next_step = step(NextStep::What::kAwaitConnection, "The connection to WhatsApp is being opened.",
                           options_.connect_timeout);
}

void InstanceMachine::on(const SessionConnected& connected) {
  if (session_ != Session::kOpening && session_ != Session::kShowingCode && session_ != Session::kPasskey &&
      session_ != Session::kPairing)
    return;
  session_ = Session::kLive;
  demands_passkey_ = false;
  clear_codes();
  record_.phone = connected.identity.phone;
  record_.display_name = connected.identity.display_name;
  record_.last_connected_at = now_.wall;
  record_.last_error.reset();
  record_.last_error_at.reset();
  record_.connection_attempts = 0;
  stable_at_ = now_.steady + options_.stable_after;
  schedule(options_.liveness_timeout);
  enter(InstanceStatus::kConnected, {"CONNECTED", "The instance is connected to WhatsApp."},
        step(NextStep::What::kWatchLiveness, "Taken for lost when WhatsApp stays silent.",
             options_.liveness_timeout));
}

void InstanceMachine::on(const SessionAlive&) {
  if (session_ != Session::kLive) return;
  schedule(options_.liveness_timeout);
  record_.next_step.at = now_.wall + options_.liveness_timeout;
}

void InstanceMachine::on(const SessionEnd& end) {
  switch (session_) {
    case Session::kNone:
      return;
    case Session::kClosing:
    case Session::kLoggingOut:
      if (end.credentials_gone && session_ == Session::kClosing && linked_) {
        forget_link();
        effects_.record_changed = true;
      }
      return closed(end.credentials_gone);
    case Session::kPasskey:
      return failed(lost_in_passkey_step(end));
    default:
      return failed(end);
  }
}

void InstanceMachine::on(const DeadlinePassed&) {
  if (stable_at_ && now_.steady >= *stable_at_) {
    stable_at_.reset();
    failures_ = 0;
  }
  if (!deadline_ || now_.steady < *deadline_) return;
  deadline_.reset();
  switch (session_) {
    case Session::kOpening:
      return timed_out("WhatsApp did not answer in time.");
    case Session::kShowingCode:
      return timed_out("The code ran out and no new one came.", CloseReason::kQrExhausted);
    case Session::kPasskey:
      return timed_out(record_.linking->passkey->verification_code
                           ? "The link was not confirmed on the phone in time."
                           : "The account asked for its passkey, and it was not given in time.",
                       CloseReason::kPasskeyExpired);
    case Session::kPairing:
      return timed_out("The link was not finished in time.");
    case Session::kLive:
      return timed_out("Nothing was heard from WhatsApp for too long.");
    case Session::kClosing:
    case Session::kLoggingOut:
      effects_.commands.push_back(SessionCommand::kDrop);
      return closed(false);
    case Session::kNone:
      break;
  }
  // Time for an attempt that was announced.
  const bool first = record_.status == InstanceStatus::kInit;
  open(first ? InstanceStatus::kInit : InstanceStatus::kReconnecting, record_.reason);
}

void InstanceMachine::timed_out(std::string text, CloseReason reason) {
  effects_.commands.push_back(SessionCommand::kDrop);
  failed({.reason = reason, .text = std::move(text), .retry_makes_sense = !rests_quietly(reason)});
}

void InstanceMachine::failed(const SessionEnd& end) {
  const bool link_refused = is_linking() && end.reason == CloseReason::kRefused;
  session_ = Session::kNone;
  deadline_.reset();
  stable_at_.reset();
  clear_codes();
  if (end.credentials_gone) forget_link();
  ++failures_;
  record_.last_error = end.text;
  record_.last_error_at = now_.wall;
  const Reason reason{std::string(to_string(end.reason)), end.text};
  if (!end.retry_makes_sense && !end.retry_after)
    return enter(
        link_refused || rests_quietly(end.reason) ? InstanceStatus::kDisconnected : InstanceStatus::kError,
        reason, operator_must(link_refused ? link_remedy() : remedy(end.reason)), true);
  if (!options_.auto_reconnect)
    return enter(
        InstanceStatus::kDisconnected, reason,
        operator_must("Automatic reconnection is off for this instance (autoReconnect); connect by hand."),
        true);
  const Milliseconds delay = std::max(reconnect_delay(), end.retry_after.value_or(Milliseconds(0)));
  schedule(delay);
  const bool is_error = end.reason == CloseReason::kInternal || end.reason == CloseReason::kTemporarilyBanned;
  enter(is_error ? InstanceStatus::kError : InstanceStatus::kReconnecting, reason,
        step(NextStep::What::kReconnect, "The next attempt to connect follows by itself.", delay), is_error);
}

// --- Details ---

void InstanceMachine::forget_link() {
  linked_ = false;
  demands_passkey_ = false;
  effects_.delete_credentials = true;
  record_.phone.reset();
  record_.display_name.reset();
  clear_codes();
}

Milliseconds InstanceMachine::reconnect_delay() const {
  const int doublings = std::clamp(failures_ - 1, 0, kMaxDoublings);
  const auto grown =
      static_cast<double>(options_.reconnect_first_delay.count()) * static_cast<double>(1LL << doublings);
  const auto most = static_cast<double>(options_.reconnect_max_delay.count());
  return Milliseconds(static_cast<int64_t>(std::min(std::min(grown, most) * (0.8 + 0.4 * random_), most)));
}

NextStep InstanceMachine::step(NextStep::What what, std::string text, Milliseconds from_now) {
  return {.what = what, .text = std::move(text), .at = now_.wall + from_now};
}

// A loss is told before the status that follows from it; a status that brings something is told before its
// details. So a client that sets its badge by each event ends with the right one.
void InstanceMachine::enter(InstanceStatus status, Reason reason, NextStep next, bool is_failure) {
  effects_.record_changed = true;
  record_.reason = std::move(reason);
  record_.next_step = std::move(next);
  if (status != InstanceStatus::kQrRequired) clear_codes();
  const InstanceStatus old = record_.status;
  const bool changed = old != status;
  if (changed) {
    record_.status = status;
    record_.status_since = now_.wall;
  }
  const bool was_connected = changed && old == InstanceStatus::kConnected;
  if (was_connected || (changed && status == InstanceStatus::kDisconnected)) {
    record_.last_disconnected_at = now_.wall;
    draft(InstanceEventType::kDisconnected, disconnected_data(record_.reason));
  }
  if (is_failure) draft(InstanceEventType::kError, error_data(record_.reason));
  if (!changed) return;
  StatusChange change{.old_status = old,
                      .new_status = status,
                      .timestamp = now_.wall,
                      .error = {},
                      .reason = record_.reason,
                      .next_step = record_.next_step,
                      .phone = record_.phone.value_or(""),
                      .display_name = record_.display_name.value_or("")};
  if (status == InstanceStatus::kError || status == InstanceStatus::kReconnecting || is_failure)
    change.error = record_.last_error;
  draft(InstanceEventType::kStatusChanged, status_changed_data(change));
  if (status == InstanceStatus::kConnected)
    draft(InstanceEventType::kConnected, connected_data(change.phone, change.display_name));
}

}  // namespace patchbay::manager
