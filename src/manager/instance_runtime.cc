#include "manager/instance_runtime.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "manager/event_sink.h"
#include "store/store.h"

namespace patchbay::manager {
namespace {

// How long a change that the store refused waits for its next try.
constexpr Milliseconds kStoreRetryDelay{1'000};

Status ended(const char* what) {
  return fail(ErrorCode::kServiceUnavailable, what);
}
Status step_overtaken() {
  return fail(ErrorCode::kInvalidOperation, "The attempt to link ended meanwhile; look at the status.");
}

}  // namespace

// One write and what follows from it.
struct InstanceRuntime::Change {
  std::string id;
  WallTime time;
  std::optional<store::InstanceState> state;
  Effects effects;
  std::optional<std::string> new_credentials;
  std::optional<store::AuditEntry> audit;
  std::vector<uint64_t> seqs;  // filled by the write

  // For an operation: how things stood before, should the store refuse.
  std::optional<InstanceMachine> before;
  std::optional<Operation> operation;
  std::optional<LinkStep> step;
  Done done;
  std::move_only_function<void(bool)> stored;

  Status write(store::WriteTransaction& tx) {
    seqs.clear();
    if (state) PB_TRY(tx.put_instance_state(id, *state, time));
    if (new_credentials) PB_TRY(tx.put_credentials(id, *new_credentials));
    if (effects.delete_credentials) PB_TRY(tx.delete_credentials(id));
    for (const EventDraft& event : effects.events) {
      PB_ASSIGN(const uint64_t seq, tx.append_event(id, to_string(event.type), event.data, time));
      seqs.push_back(seq);
    }
    if (audit) PB_TRY(tx.append_audit(*audit));
    if (effects.removed) PB_TRY(tx.delete_instance(id));
    return {};
  }
};

InstanceRuntime::InstanceRuntime(RuntimeServices services, Executor& executor, RuntimeConfig config,
                                 Task on_removed)
    : services_(std::move(services)),
      executor_(executor),
      config_(std::move(config)),
      machine_(config_.machine, config_.record, config_.active, config_.credentials.has_value()),
      on_removed_(std::move(on_removed)) {
  live_.record = config_.record;
  live_.last_seq = config_.last_seq;
}

InstanceRuntime::~InstanceRuntime() {
  life_.reset();
  turn_.end();
  session_.reset();
}

void InstanceRuntime::start(ProcessStarts how) {
  enqueue({.input = MachineInput(how)});
}

void InstanceRuntime::operate(Operation operation, std::optional<store::AuditEntry> audit, Done done) {
  if (blocked_) return done(std::unexpected(*blocked_));
  enqueue({.input = MachineInput(operation), .audit = std::move(audit), .done = std::move(done)});
}

void InstanceRuntime::profile_changed() {
  enqueue({.input = MachineInput(ProfileChanged{})});
}

void InstanceRuntime::request_pair_code(std::string phone, std::optional<store::AuditEntry> audit,
                                        Done done) {
  if (blocked_) return done(std::unexpected(*blocked_));
  enqueue({.input = LinkStep{.what = LinkStep::What::kPairCode, .argument = std::move(phone)},
           .audit = std::move(audit),
           .done = std::move(done)});
}

void InstanceRuntime::answer_passkey(std::string assertion_json, std::optional<store::AuditEntry> audit,
                                     Done done) {
  if (blocked_) return done(std::unexpected(*blocked_));
  enqueue({.input = LinkStep{.what = LinkStep::What::kPasskey, .argument = std::move(assertion_json)},
           .audit = std::move(audit),
           .done = std::move(done)});
}

void InstanceRuntime::stop(Task done) {
  stop_done_ = std::move(done);
  for (Done& waiter : std::exchange(logout_waiters_, {})) waiter(ended("The server is stopping."));
  enqueue({.input = MachineInput(ProcessStops{})});
}

void InstanceRuntime::reconfigure(std::string name, const MachineOptions& machine,
                                  const whatsapp::SessionSettings& session) {
  config_.name = std::move(name);
  config_.machine = machine;
  config_.session = session;
  machine_.set_options(machine);
}

InstanceSnapshot InstanceRuntime::snapshot() const {
  const LiveInstance live = this->live();
  const MachineRecord& record = live.record;
  const WallTime wall = services_.clock.wall_now();
  StatusChange change{.old_status = record.status,
                      .new_status = record.status,
                      .timestamp = record.status_since,
                      .error = record.last_error,
                      .reason = record.reason,
                      .next_step = record.next_step,
                      .phone = record.phone.value_or(""),
                      .display_name = record.display_name.value_or("")};
  InstanceSnapshot out;
  out.status = {.instance_id = config_.id,
                .subscription_id = config_.subscription_id,
                .seq = live.last_seq,
                .type = InstanceEventType::kStatusChanged,
                .timestamp = wall,
                .data = status_changed_data(change)};
  const auto show = [&](InstanceEventType type, std::string data, std::string qr_text = {}) {
    out.linking.push_back({.instance_id = config_.id,
                           .subscription_id = config_.subscription_id,
                           .seq = live.last_seq,
                           .type = type,
                           .timestamp = wall,
                           .data = std::move(data),
                           .qr_text = std::move(qr_text)});
  };
  if (record.qr_text && record.qr_expiry && *record.qr_expiry > wall)
    show(InstanceEventType::kQrGenerated,
         qr_generated_data(*record.qr_text, *record.qr_expiry, live.qr_attempt, live.max_qr_attempts),
         *record.qr_text);
  if (record.linking && record.linking->pair_code && record.linking->pair_code->expiry > wall)
    show(InstanceEventType::kPairCodeGenerated,
         pair_code_data(record.linking->pair_code->code, record.linking->pair_code->expiry));
  if (record.linking && record.linking->passkey && record.linking->passkey->expiry > wall) {
    const Linking::Passkey& passkey = *record.linking->passkey;
    if (passkey.verification_code)
      show(InstanceEventType::kPasskeyCode, passkey_code_data(*passkey.verification_code, passkey.expiry));
    else
      show(InstanceEventType::kPasskeyRequired, passkey_required_data(passkey.options_json, passkey.expiry));
  }
  out.subscription_id = config_.subscription_id;
  out.name = config_.name;
  out.state = record.status;
  return out;
}

LiveInstance InstanceRuntime::live() const {
  const std::lock_guard lock(live_mutex_);
  return live_;
}

// --- SessionObserver ---

void InstanceRuntime::on_qr(const whatsapp::QrCode& code) {
  turn_.end();
  enqueue({.input = MachineInput(code), .session = session_number_});
}
void InstanceRuntime::on_pair_code(const whatsapp::PairCode& code) {
  enqueue({.input = MachineInput(code), .session = session_number_});
}
void InstanceRuntime::on_passkey_request(const whatsapp::PasskeyRequest& request) {
  enqueue({.input = MachineInput(request), .session = session_number_});
}
void InstanceRuntime::on_passkey_code(const whatsapp::PasskeyCode& code) {
  enqueue({.input = MachineInput(code), .session = session_number_});
}
void InstanceRuntime::on_pair_success(const whatsapp::Identity&) {
  enqueue({.input = MachineInput(PhonePaired{}), .session = session_number_});
}
void InstanceRuntime::on_credentials(std::string credentials, std::move_only_function<void(bool)> stored) {
  enqueue({.input = Credentials{std::move(credentials), std::move(stored)}, .session = session_number_});
}
void InstanceRuntime::on_connected(const whatsapp::Identity& identity) {
  turn_.end();
  enqueue({.input = MachineInput(SessionConnected{identity}), .session = session_number_});
}
void InstanceRuntime::on_alive() {
  // Never queued: it would be old news by then, and the queue stays small.
  if (!busy_) enqueue({.input = MachineInput(SessionAlive{}), .session = session_number_});
}
void InstanceRuntime::on_message(const whatsapp::IncomingMessage&) {}
// Beside the queue: it changes nothing that the machine knows.
void InstanceRuntime::on_stanza(whatsapp::HeldStanza stanza, std::move_only_function<void(bool)> stored) {
  services_.store.write([id = config_.id, held = store::HeldStanza{.key = std::move(stanza.key),
                                                                   .bytes = std::move(stanza.bytes),
                                                                   .is_message = stanza.is_message,
                                                                   .received_at = now().wall}](
                            store::WriteTransaction& tx) { return tx.hold_stanza(id, held); },
                        [this, executor = &executor_, self = std::weak_ptr(life_),
                         stored = std::move(stored)](Status status) mutable {
                          executor->post([this, self = std::move(self), stored = std::move(stored),
                                          status = std::move(status)]() mutable {
                            if (self.expired()) return;
                            if (!status && !std::exchange(refuses_stanzas_, true))
                              log::warning("messages of an instance cannot be kept and stay at WhatsApp",
                                           {{"instance", config_.id}, {"error", status.error().message}});
                            if (status) refuses_stanzas_ = false;
                            stored(status.has_value());
                          });
                        });
}
void InstanceRuntime::on_closed(const whatsapp::SessionEnd& end) {
  turn_.end();
  enqueue({.input = MachineInput(end), .session = session_number_});
}

// --- The queue ---

void InstanceRuntime::enqueue(Item item) {
  queue_.push_back(std::move(item));
  pump();
}

void InstanceRuntime::pump() {
  if (pumping_) return;
  pumping_ = true;
  const std::weak_ptr<int> self = life_;
  while (!busy_ && !queue_.empty()) {
    Item item = std::move(queue_.front());
    queue_.pop_front();
    process(std::move(item));
    if (self.expired()) return;
  }
  pumping_ = false;
}

void InstanceRuntime::process(Item item) {
  const bool stale = item.session != 0 && item.session != session_number_;
  if (auto* credentials = std::get_if<Credentials>(&item.input)) {
    if (stale || !machine_.expects_credentials()) return credentials->stored(false);
    return process_credentials(std::move(*credentials));
  }
  if (std::holds_alternative<LinkStep>(item.input)) return process_step(std::move(item));
  if (auto* answer = std::get_if<LinkAnswer>(&item.input)) {
    if (auto step = steps_.extract(answer->step)) step.mapped()(std::move(answer->status));
    return;
  }
  if (stale) return;
  const auto& input = std::get<MachineInput>(item.input);
  const auto* operation = std::get_if<Operation>(&input);
  std::optional<InstanceMachine> before;
  if (operation) before = machine_;
  const Moment moment = now();
  Effects effects = machine_.handle(input, moment, services_.random());
  if (!effects.accepted) {
    if (item.done) item.done(std::move(effects.accepted));
    return;
  }
  if (std::holds_alternative<whatsapp::SessionEnd>(input)) drop_session();
  arm_timer();

  auto change = std::make_shared<Change>();
  change->id = config_.id;
  change->time = moment.wall;
  const bool durable = effects.record_changed || !effects.events.empty() || effects.delete_credentials ||
                       effects.removed || item.audit;
  if (effects.record_changed) change->state = state_for_store();
  change->effects = std::move(effects);
  change->audit = std::move(item.audit);
  change->before = std::move(before);
  if (operation) change->operation = *operation;
  change->done = std::move(item.done);
  if (durable) return submit(std::move(change));
  publish_live();
  apply(*change);
}

void InstanceRuntime::process_credentials(Credentials credentials) {
  auto change = std::make_shared<Change>();
  change->id = config_.id;
  change->time = now().wall;
  change->new_credentials = std::move(credentials.blob);
  change->stored = std::move(credentials.stored);
  submit(std::move(change));
}

// The wish is in the audit log before the session hears of it.
void InstanceRuntime::process_step(Item item) {
  auto& step = std::get<LinkStep>(item.input);
  if (Status possible = step_is_possible(step); !possible) return item.done(std::move(possible));
  auto change = std::make_shared<Change>();
  change->id = config_.id;
  change->time = now().wall;
  change->step = std::move(step);
  change->audit = std::move(item.audit);
  change->done = std::move(item.done);
  if (change->audit) return submit(std::move(change));
  apply(*change);
}

Status InstanceRuntime::step_is_possible(const LinkStep& step) const {
  const InstanceStatus status = machine_.record().status;
  if (machine_.is_stopping()) return ended("The server is stopping; try again when it is back.");
  if (step.what == LinkStep::What::kPairCode && !machine_.shows_code())
    return fail(ErrorCode::kInvalidOperation,
                status == InstanceStatus::kConnected
                    ? "The instance is linked already; log out to link another phone."
                : status == InstanceStatus::kQrRequired
                    ? "The phone accepted already; look at the status for what is still missing."
                    : "Connect the instance first; a code for the phone is given once its status is "
                      "QR_REQUIRED.");
  if (step.what == LinkStep::What::kPasskey && !machine_.awaits_passkey())
    return fail(ErrorCode::kInvalidOperation,
                "No passkey is asked for now; look at the status for what comes next.");
  return {};
}

void InstanceRuntime::take_step(const LinkStep& step, Done done) {
  if (!session_) return done(step_overtaken());
  const uint64_t id = ++last_step_;
  steps_.emplace(id, std::move(done));
  auto answered = [this, id, self = std::weak_ptr(life_)](Status status) {
    if (!self.expired()) enqueue({.input = LinkAnswer{.step = id, .status = std::move(status)}});
  };
  if (step.what == LinkStep::What::kPairCode)
    session_->request_pair_code(step.argument, std::move(answered));
  else
    session_->answer_passkey(step.argument, std::move(answered));
}

void InstanceRuntime::submit(std::shared_ptr<Change> change) {
  busy_ = true;
  services_.store.write(
      [change](store::WriteTransaction& tx) { return change->write(tx); },
      [this, change, executor = &executor_, self = std::weak_ptr(life_)](Status status) mutable {
        executor->post(
            [this, change = std::move(change), self = std::move(self), status = std::move(status)]() mutable {
              if (!self.expired()) decided(std::move(change), std::move(status));
            });
      });
}

void InstanceRuntime::decided(std::shared_ptr<Change> change, Status status) {
  if (!status) {
    if (change->stored) {
      busy_ = false;
      change->stored(false);
      return pump();
    }
    if (change->operation && *change->operation != Operation::kRemove) {
      // Nothing has happened yet: it is as if the operator had not asked.
      machine_ = std::move(*change->before);
      machine_.set_options(config_.machine);
      arm_timer();
      busy_ = false;
      change->done(std::move(status));
      return pump();
    }
    if (change->step) {
      busy_ = false;
      change->done(std::move(status));
      return pump();
    }
    block(status.error());
    retry_timer_ =
        executor_.run_after(kStoreRetryDelay, [this, change]() mutable { submit(std::move(change)); });
    return;
  }
  if (blocked_) log::info("the store accepts changes of an instance again", {{"instance", config_.id}});
  blocked_.reset();
  if (!change->seqs.empty()) {
    const std::lock_guard lock(live_mutex_);
    live_.last_seq = change->seqs.back();
  }
  if (change->new_credentials) {
    config_.credentials = std::move(change->new_credentials);
    machine_.set_linked();
  }
  publish_live();
  for (size_t i = 0; i < change->seqs.size(); ++i) {
    EventDraft& draft = change->effects.events[i];
    services_.sink.publish({.instance_id = config_.id,
                            .subscription_id = config_.subscription_id,
                            .seq = change->seqs[i],
                            .type = draft.type,
                            .timestamp = change->time,
                            .data = std::move(draft.data),
                            .qr_text = std::move(draft.qr_text)});
  }
  const std::weak_ptr<int> self = life_;
  apply(*change);
  if (self.expired()) return;
  busy_ = false;
  pump();
}

void InstanceRuntime::apply(Change& change) {
  if (change.effects.delete_credentials) config_.credentials.reset();
  for (const SessionCommand what : change.effects.commands) {
    if (what == SessionCommand::kOpen)
      take_turn(change.effects.open_first);
    else
      command(what);
  }
  if (change.operation == Operation::kConnect || machine_.is_logging_out()) turn_.hurry();
  if (change.step) take_step(*change.step, std::move(change.done));
  if (change.stored) change.stored(true);
  answer(change);
  if (change.effects.removed) {
    drop_session();
    services_.sink.instance_removed(config_.id, config_.subscription_id);
    if (on_removed_) executor_.post(std::exchange(on_removed_, {}));
  }
  if (change.effects.stopped && stop_done_) std::exchange(stop_done_, {})();
}

void InstanceRuntime::answer(Change& change) {
  if (change.operation == Operation::kLogOut && change.done)
    logout_waiters_.push_back(std::move(change.done));
  if (change.operation == Operation::kRemove && change.done) removal_waiter_ = std::move(change.done);
  if (change.effects.logged_out)
    for (Done& waiter : std::exchange(logout_waiters_, {})) waiter({});
  if (change.effects.removed && removal_waiter_) std::exchange(removal_waiter_, {})({});
  if (change.operation && change.done) std::exchange(change.done, {})({});
}

void InstanceRuntime::block(const Error& error) {
  if (!blocked_)
    log::error("the store refuses a change of an instance; trying again",
               {{"instance", config_.id}, {"error", error.message}, {"detail", error.detail}});
  blocked_ = error;
  // Operators do not wait for the disk.
  std::deque<Item> kept;
  for (Item& item : std::exchange(queue_, {})) {
    if (item.done) {
      item.done(std::unexpected(error));
    } else {
      kept.push_back(std::move(item));
    }
  }
  queue_ = std::move(kept);
}

// --- The session ---

void InstanceRuntime::command(SessionCommand what) {
  switch (what) {
    case SessionCommand::kOpen:
      return;
    case SessionCommand::kClose:
      if (session_) return session_->close();
      // It never came further than the line.
      turn_.end();
      if (std::exchange(waits_in_line_, false))
        enqueue({.input = MachineInput(whatsapp::SessionEnd{.reason = whatsapp::CloseReason::kLocalRequest,
                                                            .text = "The connection was not opened."}),
                 .session = session_number_});
      return;
    case SessionCommand::kLogOut:
      if (session_) session_->log_out();
      return;
    case SessionCommand::kDrop:
      drop_session();
      ++session_number_;
      return;
  }
}

// Opens the session now or when its turn comes.
void InstanceRuntime::take_turn(bool first) {
  drop_session();
  const uint64_t number = ++session_number_;
  auto taken = services_.pace.take(first ? ConnectPace::Priority::kOperator : ConnectPace::Priority::kOwn,
                                   executor_, [this, number, self = std::weak_ptr(life_)] {
                                     if (self.expired() || number != session_number_ || !waits_in_line_)
                                       return;
                                     open_session();
                                     enqueue({.input = MachineInput(TurnCame{}), .session = number});
                                   });
  turn_ = std::move(taken.turn);
  waits_in_line_ = taken.waits;
  if (!taken.waits) return open_session();
  enqueue({.input = MachineInput(TurnAwaited{taken.estimate}), .session = number});
}

void InstanceRuntime::open_session() {
  waits_in_line_ = false;
  session_ = services_.engine.open({.instance_id = config_.id,
                                    .credentials = config_.credentials.value_or(""),
                                    .settings = config_.session},
                                   *this, executor_);
  if (machine_.is_logging_out()) session_->log_out();
}

void InstanceRuntime::drop_session() {
  turn_.end();
  waits_in_line_ = false;
  session_.reset();
  for (auto& [id, done] : std::exchange(steps_, {})) done(step_overtaken());
}

void InstanceRuntime::arm_timer() {
  const auto deadline = machine_.deadline();
  if (!deadline) return deadline_timer_.cancel();
  const auto delay = std::max(Milliseconds(0), *deadline - executor_.now());
  deadline_timer_ =
      executor_.run_after(delay, [this] { enqueue({.input = MachineInput(DeadlinePassed{})}); });
}

void InstanceRuntime::publish_live() {
  const std::lock_guard lock(live_mutex_);
  live_.record = machine_.record();
  live_.has_session = machine_.has_session();
  live_.qr_attempt = machine_.qr_attempt();
  live_.max_qr_attempts = machine_.max_qr_attempts();
}

Moment InstanceRuntime::now() const {
  return {.steady = executor_.now(), .wall = services_.clock.wall_now()};
}

store::InstanceState InstanceRuntime::state_for_store() const {
  return record_to_store(machine_.record());
}

MachineRecord record_from_store(const store::InstanceState& state) {
  MachineRecord record;
  record.status = parse_instance_status(state.status).value_or(InstanceStatus::kDisconnected);
  record.desired = parse_desired_state(state.desired_state).value_or(DesiredState::kDisconnected);
  record.status_since = state.status_since;
  record.phone = state.phone;
  record.display_name = state.display_name;
  record.last_connected_at = state.last_connected_at;
  record.last_disconnected_at = state.last_disconnected_at;
  record.qr_text = state.qr_code;
  record.qr_expiry = state.qr_code_expiry;
  record.connection_attempts =
      static_cast<int>(std::clamp<int64_t>(state.connection_attempts, 0, 1'000'000'000));
  record.last_error = state.last_error;
  record.last_error_at = state.last_error_at;
  record.reason = {state.reason_code, state.reason_text};
  record.next_step = {.what = parse_next_step(state.next_step).value_or(NextStep::What::kNone),
                      .text = state.next_step_text,
                      .at = state.next_step_at};
  return record;
}

store::InstanceState record_to_store(const MachineRecord& record) {
  store::InstanceState state;
  state.status = to_string(record.status);
  state.desired_state = to_string(record.desired);
  state.status_since = record.status_since;
  state.phone = record.phone;
  state.display_name = record.display_name;
  state.last_connected_at = record.last_connected_at;
  state.last_disconnected_at = record.last_disconnected_at;
  state.qr_code = record.qr_text;
  state.qr_code_expiry = record.qr_expiry;
  state.connection_attempts = record.connection_attempts;
  state.last_error = record.last_error;
  state.last_error_at = record.last_error_at;
  state.reason_code = record.reason.code;
  state.reason_text = record.reason.text;
  state.next_step = to_string(record.next_step.what);
  state.next_step_text = record.next_step.text;
  state.next_step_at = record.next_step.at;
  return state;
}

}  // namespace patchbay::manager
