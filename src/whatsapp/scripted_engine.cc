#include "whatsapp/scripted_engine.h"

#include <array>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace patchbay::whatsapp {
namespace {

constexpr size_t kMaxTextBytes = 65'536;
constexpr size_t kMaxPendingSends = 1'000;
constexpr std::string_view kCredentialsMagic = "patchbay-simulated-credentials-v1";

constexpr std::array<std::pair<std::string_view, Simulation::Action>, 11> kActions{{
    {"scan", Simulation::Action::kScan},
    {"drop", Simulation::Action::kDrop},
    {"expire", Simulation::Action::kExpire},
    {"refuse", Simulation::Action::kRefuse},
    {"unreachable", Simulation::Action::kUnreachable},
    {"fail", Simulation::Action::kFail},
    {"logout", Simulation::Action::kLogout},
    {"replaced", Simulation::Action::kReplaced},
    {"ban", Simulation::Action::kBan},
    {"outdated", Simulation::Action::kOutdated},
    {"stall", Simulation::Action::kStall},
}};

// SplitMix64: reproducible, and good enough for things that only have to look random.
class Randomness {
 public:
  explicit Randomness(uint64_t seed) : state_(seed) {}
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

std::optional<Simulation::Action> parse_simulation_action(std::string_view name) {
  for (const auto& [known, action] : kActions)
    if (known == name) return action;
  return std::nullopt;
}

std::string_view to_string(Simulation::Action action) {
  for (const auto& [name, known] : kActions)
    if (known == action) return name;
  return "unknown";
}

std::string simulation_action_names() {
  std::string out;
  for (const auto& [name, action] : kActions) out.append(out.empty() ? "" : ", ").append(name);
  return out;
}

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
    const uint64_t number = engine_.attach(options_.instance_id, this);
    random_ = Randomness(engine_.options_.seed ^ hash(options_.instance_id) ^ (number << 32));
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
    const bool opening = phase_ == Phase::kOpening;
    const bool showing = phase_ == Phase::kShowingQr;
    const bool connected = phase_ == Phase::kConnected;
    switch (simulation.action) {
      case Action::kScan:
        if (!showing) return nothing("scan", "while a QR code is shown");
        scan(simulation);
        return {};
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
        if (opening || showing) return nothing("logout", "once the device is linked");
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
  enum class Phase { kOpening, kShowingQr, kPairing, kConnected, kEnding };
  struct Send {
    SendDone done;
    Executor::Timer timer;
  };

  static SessionEnd qr_exhausted() {
    return {.reason = CloseReason::kQrExhausted, .text = "All QR codes ran out without being scanned."};
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

  void scan(const Simulation& simulation) {
    phase_ = Phase::kPairing;
    identity_.phone = simulation.phone;
    if (identity_.phone.empty())
      identity_.phone = "1555" + std::to_string(1'000'000 + hash(options_.instance_id) % 9'000'000);
    identity_.display_name = simulation.display_name.empty() ? "Simulated phone" : simulation.display_name;
    identity_.jid = identity_.phone + ":" + std::to_string(1 + random_.next() % 99) + "@s.whatsapp.net";
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
    if (text.size() > kMaxTextBytes || !is_valid_utf8(text))
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
  Randomness random_;
  Phase phase_ = Phase::kOpening;
  Identity identity_;
  int qr_attempt_ = 0;
  Executor::Timer step_;
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

uint64_t ScriptedEngine::attach(const std::string& instance_id, ScriptedSession* session) {
  const std::lock_guard lock(mutex_);
  World& world = worlds_[instance_id];
  world.session = session;
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
  if (!session)
    return fail(ErrorCode::kInvalidOperation, "The simulated action \"" +
                                                  std::string(to_string(simulation.action)) +
                                                  "\" needs a connection; connect the instance first.");
  return session->simulate(simulation);
}

}  // namespace patchbay::whatsapp
