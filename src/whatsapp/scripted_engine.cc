#include "whatsapp/scripted_engine.h"

#include <algorithm>
#include <array>
#include <future>
#include <utility>
#include <vector>

#include <boost/json.hpp>

#include "base/bytes.h"

namespace patchbay::whatsapp {
namespace {

constexpr size_t kMaxScriptTextBytes = 65'536;
constexpr size_t kMaxPendingSends = 1'000;
constexpr size_t kMaxAssertionBytes = 65'536;
constexpr std::string_view kCodeAlphabet = "123456789ABCDEFGHJKLMNPQRSTVWXYZ";
constexpr std::string_view kCredentialsMagic = "patchbay-simulated-credentials-v1";

// SplitMix64: reproducible, and good enough for things that only have to look random.
class ScriptedRandomness {
 public:
  explicit ScriptedRandomness(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  std::string bytes(size_t count) {
    std::string out;
    for (uint64_t word = 0; out.size() < count; word >>= 8) {
      if (out.size() % 8 == 0) word = next();
      out.push_back(static_cast<char>(word & 0xff));
    }
    return out;
  }

 private:
  uint64_t state_;
};

// "XXXX-XXXX", as WhatsApp writes the codes that people type or compare.
std::string make_code(ScriptedRandomness& random) {
  std::string code;
  for (const char byte : random.bytes(8)) {
    if (code.size() == 4) code.push_back('-');
    code.push_back(kCodeAlphabet[static_cast<unsigned char>(byte) % kCodeAlphabet.size()]);
  }
  return code;
}

// A number with its country code: digits, no leading zero.
bool may_be_phone(std::string_view phone) {
  return phone.size() >= 7 && phone.size() <= 15 && phone.front() != '0' &&
         phone.find_first_not_of("0123456789") == std::string_view::npos;
}

// The shape of a browser's PublicKeyCredential; what it proves nobody can check here.
bool looks_like_assertion(std::string_view json) {
  if (json.size() > kMaxAssertionBytes) return false;
  boost::system::error_code error;
  const boost::json::value parsed = boost::json::parse(json, error);
  if (error || !parsed.is_object()) return false;
  const auto* const id = parsed.get_object().if_contains("id");
  const auto* const response = parsed.get_object().if_contains("response");
  return id && id->is_string() && response && response->is_object();
}

uint64_t hash(std::string_view text) {  // FNV-1a: the same in every process
  uint64_t value = 0xcbf29ce484222325ULL;
  for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return value;
}

std::string make_credentials(const Identity& identity) {
  std::string blob(kCredentialsMagic);
  for (const std::string* part : {&identity.jid, &identity.phone, &identity.display_name})
    blob.append("\n").append(base64_encode(*part));
  return blob;
}

std::optional<Identity> read_credentials(std::string_view blob) {
  if (!blob.starts_with(kCredentialsMagic)) return std::nullopt;
  blob.remove_prefix(kCredentialsMagic.size());
  std::array<std::string, 3> parts;
  for (std::string& part : parts) {
    if (!blob.starts_with('\n')) return std::nullopt;
    blob.remove_prefix(1);
    const std::string_view encoded = blob.substr(0, blob.find('\n'));
    auto decoded = base64_decode(encoded);
    if (!decoded) return std::nullopt;
    part = std::move(*decoded);
    blob.remove_prefix(encoded.size());
  }
  if (!blob.empty() || parts[0].empty() || parts[1].empty()) return std::nullopt;
  return Identity{.jid = parts[0], .phone = parts[1], .display_name = parts[2]};
}

SessionEnd local_end() {
  return {.reason = CloseReason::kLocalRequest, .text = "The connection was closed as requested."};
}

}  // namespace

// Shard-local. Whatever it tells its observer it tells from a timer of its own, never from within a call.
class ScriptedEngine::ScriptedSession final : public Session {
 public:
  ScriptedSession(ScriptedEngine& engine, SessionOptions options, SessionObserver& observer,
                  Executor& executor)
      : engine_(engine),
        options_(std::move(options)),
        observer_(observer),
        executor_(executor),
        random_(engine.options_.seed ^ hash(options_.instance_id)) {
    const uint64_t number = engine_.attach(options_.instance_id, this, executor_);
    random_ = ScriptedRandomness(engine_.options_.seed ^ hash(options_.instance_id) ^ (number << 32));
    step_ = executor_.run_after(engine_.options_.connect_delay, [this] { opened(); });
  }

  ~ScriptedSession() override { engine_.detach(options_.instance_id, this); }

  void close() override {
    if (phase_ == Phase::kEnding) return;
    end_after(engine_.options_.close_delay, local_end());
  }

  void log_out() override {
    if (phase_ == Phase::kEnding) return;
    end_after(engine_.options_.close_delay, {.reason = CloseReason::kLoggedOut,
                                             .text = "This device was unlinked from the account.",
                                             .credentials_gone = true});
  }

  void request_pair_code(std::string_view phone, LinkDone done) override {
    Status outcome;
    if (phase_ != Phase::kShowingQr) {
      outcome =
          fail(ErrorCode::kInvalidOperation, "A code for the phone is given only while QR codes are shown.");
    } else if (!may_be_phone(phone)) {
      outcome =
          fail(ErrorCode::kValidation,
               "The phone number must be 7 to 15 digits, with the country code and without a leading zero.");
    }
    soon([this, phone = std::string(phone), outcome = std::move(outcome), done = std::move(done)]() mutable {
      if (outcome && phase_ != Phase::kShowingQr)
        outcome = fail(ErrorCode::kInvalidOperation, "The QR codes ended meanwhile.");
      if (!outcome) return done(std::move(outcome));
      phone_ = std::move(phone);
      const std::weak_ptr<int> self = life_;
      const PairCode code{.code = make_code(random_), .valid_for = engine_.options_.pair_code_validity};
      step_ = executor_.run_after(code.valid_for, [this] { end(qr_exhausted()); });
      observer_.on_pair_code(code);
      if (!self.expired()) done({});
    });
  }

  void answer_passkey(std::string_view assertion_json, LinkDone done) override {
    Status outcome;
    if (phase_ != Phase::kAwaitingPasskey) {
      outcome = fail(ErrorCode::kInvalidOperation, "No passkey is asked for now.");
    } else if (!looks_like_assertion(assertion_json)) {
      outcome = fail(ErrorCode::kValidation,
                     "This is not what a browser gives for a passkey: a JSON object with id and response.");
    } else {
      phase_ = Phase::kConfirmingPasskey;
    }
    soon([this, outcome = std::move(outcome), done = std::move(done)]() mutable {
      if (outcome && phase_ != Phase::kConfirmingPasskey)
        outcome = fail(ErrorCode::kInvalidOperation, "The connection ended meanwhile.");
      if (!outcome) return done(std::move(outcome));
      const std::weak_ptr<int> self = life_;
      const PasskeyCode code{.code = make_code(random_), .valid_for = engine_.options_.passkey_validity};
      step_ = executor_.run_after(code.valid_for, [this] { end(not_confirmed()); });
      observer_.on_passkey_code(code);
      if (!self.expired()) done({});
    });
  }

  void send_text(std::string_view to, std::string_view text, SendDone done) override {
    Result<SentMessage> outcome = check_send(to, text);
    if (outcome) {
      outcome->id = "3EB0" + to_hex(random_.bytes(9));
      for (char& c : outcome->id) c = static_cast<char>(c >= 'a' ? c - 32 : c);
    }
    const uint64_t id = ++last_send_;
    const Milliseconds delay = outcome ? engine_.options_.send_delay : Milliseconds(0);
    sends_.emplace(id, Send{.done = std::move(done), .timer = {}});
    sends_.at(id).timer = executor_.run_after(delay, [this, id, result = std::move(outcome)]() mutable {
      auto send = sends_.extract(id);
      if (result) result->timestamp = engine_.clock_.wall_now();
      send.mapped().done(std::move(result));
    });
  }

  Status simulate(const Simulation& simulation) {
    using Action = Simulation::Action;
    const bool showing = phase_ == Phase::kShowingQr;
    const bool connected = phase_ == Phase::kConnected;
    switch (simulation.action) {
      case Action::kScan:
        if (phase_ == Phase::kConfirmingPasskey) {
          phone_accepts();
          return {};
        }
        if (phase_ == Phase::kAwaitingPasskey) return nothing("scan", "once the passkey was given");
        if (!showing) return nothing("scan", "while a QR code is shown");
        scan(simulation);
        return {};
      case Action::kPasskey:
        break;  // the engine's: it outlives a session
      case Action::kExpire:
        if (!showing) return nothing("expire", "while a QR code is shown");
        end_after(Milliseconds(0), qr_exhausted());
        return {};
      case Action::kReplaced:
        if (!connected) return nothing("replaced", "while connected");
        end_after(Milliseconds(0), {.reason = CloseReason::kReplaced,
                                    .text = "The same device connected from somewhere else."});
        return {};
      case Action::kStall:
        if (!connected) return nothing("stall", "while connected");
        alive_.cancel();
        return {};
      case Action::kLogout:
        if (phase_ < Phase::kPairing) return nothing("logout", "once the device is linked");
        end_after(Milliseconds(0), unlinked());
        return {};
      case Action::kDrop:
        end_after(Milliseconds(0), {.reason = CloseReason::kNetworkLost,
                                    .text = "The connection to WhatsApp broke.",
                                    .retry_makes_sense = true});
        return {};
      case Action::kFail:
        end_after(Milliseconds(0), {.reason = CloseReason::kInternal,
                                    .text = "The engine failed (simulated).",
                                    .retry_makes_sense = true});
        return {};
      case Action::kBan:
        end_after(Milliseconds(0), {.reason = CloseReason::kBanned,
                                    .text = "WhatsApp banned this account.",
                                    .credentials_gone = true});
        return {};
      case Action::kOutdated:
        end_after(Milliseconds(0),
                  {.reason = CloseReason::kClientOutdated, .text = "WhatsApp refuses this client version."});
        return {};
      case Action::kRefuse:
        end_after(Milliseconds(0), refused());
        return {};
      case Action::kUnreachable:
        end_after(Milliseconds(0), unreachable());
        return {};
    }
    return fail(ErrorCode::kInternal, "unknown simulation");
  }

  bool may_end() const { return phase_ != Phase::kEnding; }
  bool is_connected() const { return phase_ == Phase::kConnected; }

 private:
  enum class Phase {
    kOpening,
    kShowingQr,
    kAwaitingPasskey,
    kConfirmingPasskey,
    kPairing,
    kConnected,
    kEnding
  };
  struct Send {
    SendDone done;
    Executor::Timer timer;
  };

  static SessionEnd qr_exhausted() {
    return {.reason = CloseReason::kQrExhausted, .text = "All codes ran out without being used."};
  }
  static SessionEnd passkey_expired() {
    return {.reason = CloseReason::kPasskeyExpired,
            .text = "The account asked for its passkey, and it was not given in time."};
  }
  static SessionEnd not_confirmed() {
    return {.reason = CloseReason::kPasskeyExpired,
            .text = "The link was not confirmed on the phone in time."};
  }
  static SessionEnd unlinked() {
    return {.reason = CloseReason::kUnlinkedByPhone,
            .text = "The device was unlinked from the phone.",
            .credentials_gone = true};
  }
  static SessionEnd refused() {
    return {.reason = CloseReason::kRefused, .text = "WhatsApp refused the login."};
  }
  static SessionEnd unreachable() {
    return {.reason = CloseReason::kUnreachable,
            .text = "WhatsApp could not be reached.",
            .retry_makes_sense = true};
  }
  static Status nothing(std::string_view action, std::string_view when) {
    return fail(ErrorCode::kInvalidOperation, "The simulated action \"" + std::string(action) +
                                                  "\" is possible only " + std::string(when) + ".");
  }

  void opened() {
    switch (engine_.next_fate(options_.instance_id, !options_.credentials.empty())) {
      case Fate::kUnreachable:
        return end(unreachable());
      case Fate::kRefused:
        return end(refused());
      case Fate::kUnlinked:
        return end(unlinked());
      case Fate::kGood:
        break;
    }
    if (options_.credentials.empty()) {
      phase_ = Phase::kShowingQr;
      return show_next_qr();
    }
    auto identity = read_credentials(options_.credentials);
    if (!identity)
      return end({.reason = CloseReason::kInternal,
                  .text = "The stored credentials cannot be read; log out and link the device again."});
    identity_ = std::move(*identity);
    connected();
  }

  void show_next_qr() {
    if (qr_attempt_ >= engine_.options_.qr_attempts) return end(qr_exhausted());
    ++qr_attempt_;
    QrCode code{.text = std::string(kSimulatedQrPrefix) + base64_encode(random_.bytes(30)),
                .valid_for = engine_.options_.qr_validity,
                .attempt = qr_attempt_,
                .max_attempts = engine_.options_.qr_attempts};
    for (int i = 0; i < 3; ++i) code.text.append(",").append(base64_encode(random_.bytes(32)));
    step_ = executor_.run_after(engine_.options_.qr_validity, [this] { show_next_qr(); });
    observer_.on_qr(code);
  }

  // Whoever had a code typed in has told the number already.
  void scan(const Simulation& simulation) {
    identity_.phone = simulation.phone.empty() ? phone_ : simulation.phone;
    if (identity_.phone.empty())
      identity_.phone = "1555" + std::to_string(1'000'000 + hash(options_.instance_id) % 9'000'000);
    identity_.display_name = simulation.display_name.empty() ? "Simulated phone" : simulation.display_name;
    identity_.jid = identity_.phone + ":" + std::to_string(1 + random_.next() % 99) + "@s.whatsapp.net";
    if (engine_.take_passkey_wish(options_.instance_id)) return ask_for_passkey();
    phone_accepts();
  }

  void soon(Task task) {
    const uint64_t id = ++last_send_;
    answers_.emplace(id, executor_.run_after(Milliseconds(0), [this, id, task = std::move(task)]() mutable {
      const auto own = answers_.extract(id);
      task();
    }));
  }

  void ask_for_passkey() {
    phase_ = Phase::kAwaitingPasskey;
    step_ = executor_.run_after(Milliseconds(0), [this] {
      std::string challenge = base64_encode(random_.bytes(33));  // a multiple of three: no padding
      std::ranges::replace(challenge, '+', '-');
      std::ranges::replace(challenge, '/', '_');
      const PasskeyRequest request{.options_json = boost::json::serialize(boost::json::object{
                                       {"challenge", challenge},
                                       {"rpId", "whatsapp.com"},
                                       {"userVerification", "required"},
                                       {"timeout", engine_.options_.passkey_validity.count()}}),
                                   .valid_for = engine_.options_.passkey_validity};
      step_ = executor_.run_after(request.valid_for, [this] { end(passkey_expired()); });
      observer_.on_passkey_request(request);
    });
  }

  void phone_accepts() {
    phase_ = Phase::kPairing;
    step_ = executor_.run_after(Milliseconds(0), [this] {
      const std::weak_ptr<int> self = life_;
      observer_.on_pair_success(identity_);
      if (self.expired() || phase_ != Phase::kPairing) return;
      observer_.on_credentials(make_credentials(identity_), [this, self](bool stored) {
        if (!self.expired()) credentials_stored(stored);
      });
    });
  }

  void credentials_stored(bool stored) {
    if (phase_ != Phase::kPairing) return;
    if (!stored)
      return end_after(Milliseconds(0), {.reason = CloseReason::kInternal,
                                         .text = "The new credentials could not be stored.",
                                         .credentials_gone = true});
    step_ = executor_.run_after(engine_.options_.pairing_delay, [this] { connected(); });
  }

  void connected() {
    phase_ = Phase::kConnected;
    schedule_alive();
    observer_.on_connected(identity_);
  }

  void schedule_alive() {
    alive_ = executor_.run_after(options_.settings.keep_alive_interval, [this] {
      schedule_alive();
      observer_.on_alive();
    });
  }

  Result<SentMessage> check_send(std::string_view to, std::string_view text) const {
    if (phase_ != Phase::kConnected)
      return fail(ErrorCode::kInstanceNotConnected, "The instance is not connected to WhatsApp.");
    if (to.find('@') == std::string_view::npos)
      return fail(ErrorCode::kValidation, "The recipient is not a WhatsApp id.");
    if (text.size() > kMaxScriptTextBytes || !is_valid_utf8(text))
      return fail(ErrorCode::kValidation, "The text must be UTF-8 of at most 65536 bytes.");
    if (sends_.size() >= kMaxPendingSends)
      return fail(ErrorCode::kServiceUnavailable, "Too many messages wait to be sent; try again later.");
    return SentMessage{};
  }

  void end_after(Milliseconds delay, SessionEnd reason) {
    phase_ = Phase::kEnding;
    alive_.cancel();
    step_ =
        executor_.run_after(delay, [this, reason = std::move(reason)]() mutable { end(std::move(reason)); });
  }

  void end(SessionEnd reason) {
    phase_ = Phase::kEnding;
    step_.cancel();
    alive_.cancel();
    const std::weak_ptr<int> self = life_;
    auto sends = std::exchange(sends_, {});
    for (auto& [id, send] : sends) {
      send.timer.cancel();
      send.done(fail(ErrorCode::kInstanceNotConnected, "The connection ended before the message was sent."));
      if (self.expired()) return;
    }
    observer_.on_closed(reason);
  }

  ScriptedEngine& engine_;
  const SessionOptions options_;
  SessionObserver& observer_;
  Executor& executor_;
  ScriptedRandomness random_;
  Phase phase_ = Phase::kOpening;
  Identity identity_;
  std::string phone_;  // that a code was asked for
  int qr_attempt_ = 0;
  Executor::Timer step_;
  std::map<uint64_t, Executor::Timer> answers_;  // to steps of linking
  Executor::Timer alive_;
  uint64_t last_send_ = 0;
  std::map<uint64_t, Send> sends_;
  // Expires with the session: for callbacks that others hold.
  std::shared_ptr<int> life_ = std::make_shared<int>(0);
};

ScriptedEngine::ScriptedEngine(const Clock& clock, ScriptedEngineOptions options)
    : clock_(clock), options_(options) {}
ScriptedEngine::~ScriptedEngine() = default;

std::unique_ptr<Session> ScriptedEngine::open(SessionOptions options, SessionObserver& observer,
                                              Executor& executor) {
  return std::make_unique<ScriptedSession>(*this, std::move(options), observer, executor);
}

uint64_t ScriptedEngine::attach(const std::string& instance_id, ScriptedSession* session,
                                Executor& executor) {
  const std::lock_guard lock(mutex_);
  World& world = worlds_[instance_id];
  world.session = session;
  world.executor = &executor;
  return ++world.sessions;
}

void ScriptedEngine::detach(const std::string& instance_id, ScriptedSession* session) {
  const std::lock_guard lock(mutex_);
  const auto world = worlds_.find(instance_id);
  if (world != worlds_.end() && world->second.session == session) world->second.session = nullptr;
}

Status ScriptedEngine::check_credentials(std::string_view credentials) const {
  if (read_credentials(credentials)) return {};
  return fail(ErrorCode::kDatabase, "The stored credentials are not those of a simulated account.");
}

ScriptedEngine::Fate ScriptedEngine::next_fate(const std::string& instance_id, bool has_credentials) {
  const std::lock_guard lock(mutex_);
  World& world = worlds_[instance_id];
  if (world.unreachable_next > 0) {
    --world.unreachable_next;
    return Fate::kUnreachable;
  }
  if (world.refuse_next > 0) {
    --world.refuse_next;
    return Fate::kRefused;
  }
  const bool unlinked = std::exchange(world.unlinked, false);
  return unlinked && has_credentials ? Fate::kUnlinked : Fate::kGood;
}

bool ScriptedEngine::take_passkey_wish(const std::string& instance_id) {
  const std::lock_guard lock(mutex_);
  return std::exchange(worlds_[instance_id].wants_passkey, false);
}

Status ScriptedEngine::play(std::string_view instance_id, const Simulation& simulation) {
  Executor* executor = nullptr;
  {
    const std::lock_guard lock(mutex_);
    const auto found = worlds_.find(instance_id);
    if (found != worlds_.end()) executor = found->second.executor;
  }
  if (executor == nullptr) return simulate(instance_id, simulation);
  std::promise<Status> promise;
  auto answer = promise.get_future();
  executor->post([this, instance_id, simulation, promise = std::move(promise)]() mutable {
    promise.set_value(simulate(instance_id, simulation));
  });
  return answer.get();
}

Status ScriptedEngine::simulate(std::string_view instance_id, const Simulation& simulation) {
  using Action = Simulation::Action;
  if (simulation.count < 1 || simulation.count > 1'000)
    return fail(ErrorCode::kValidation, "count must be between 1 and 1000.");
  ScriptedSession* session = nullptr;
  {
    const std::lock_guard lock(mutex_);
    const auto found = worlds_.find(instance_id);
    if (found != worlds_.end() && found->second.session && found->second.session->may_end())
      session = found->second.session;
    if (simulation.action == Action::kPasskey) {
      worlds_[std::string(instance_id)].wants_passkey = true;
      return {};
    }
    const bool act_now = session && !session->is_connected();
    if (simulation.action == Action::kRefuse || simulation.action == Action::kUnreachable) {
      World& world = worlds_[std::string(instance_id)];
      int& next = simulation.action == Action::kRefuse ? world.refuse_next : world.unreachable_next;
      next = simulation.count - (act_now ? 1 : 0);
      if (!act_now) return {};
    } else if (simulation.action == Action::kLogout && !session) {
      worlds_[std::string(instance_id)].unlinked = true;
      return {};
    }
  }
  if (!session) return fail(ErrorCode::kInvalidOperation, "The scene needs a connection.");
  return session->simulate(simulation);
}

}  // namespace patchbay::whatsapp
