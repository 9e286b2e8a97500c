#include "socketio/admin.h"

#include <any>
#include <array>
#include <atomic>
#include <deque>
#include <stdexcept>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <unistd.h>

#include "base/ids.h"
#include "socketio/admin_feed.h"
#include "socketio/admin_json.h"
#include "socketio/admin_sessions.h"
#include "socketio/admin_stats.h"
#include "socketio/server.h"

namespace patchbay::socketio {
namespace {

constexpr Milliseconds kSampleInterval{1'000};
// Changes that were dropped are made good after this many stats intervals.
constexpr unsigned kRepairEvery = 5;
// Logins that are being decided on, or whose refusal waits: with the delay this limits how fast passwords can
// be tried.
constexpr size_t kMaxLogins = 32;
constexpr Milliseconds kRefusalDelay{500};
constexpr size_t kMaxNamespacesShown = 1'000;

// What a login leaves with its socket.
struct NewSession {
  std::string id;
};

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

AdminOptions checked(AdminOptions options) {
  const auto require = [](bool condition, const char* message) {
    if (!condition) throw std::invalid_argument(std::string("AdminOptions: ") + message);
  };
  require(options.no_login != static_cast<bool>(options.verify), "give one of verify and no_login");
  require(options.namespace_name.size() > 1 && options.namespace_name.front() == '/',
          "namespace_name must begin with '/' and be another than the main namespace");
  require(options.stats_interval >= Milliseconds(50) && options.stats_interval <= Milliseconds(60'000),
          "stats_interval must be 50 ms to a minute");
  require(options.max_sessions > 0, "max_sessions must not be 0");
  if (options.server_id.empty()) options.server_id = host_name() + "#" + random_hex(4);
  return options;
}

std::string text_of(const boost::json::object& object, std::string_view name) {
  const auto* const value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

}  // namespace

AdminVerifier check_password(std::string username,
                             std::function<bool(std::string_view password)> is_password) {
  return [username = std::move(username), is_password = std::move(is_password)](
             const AdminCredentials& credentials, AdminReply reply) {
    const bool password = is_password(credentials.password);
    reply(credentials.username == username && password);
  };
}

// Kept by the handlers of the namespace, and by tasks on their way; see AdminContext::open.
class AdminUi::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(Server& server, AdminOptions options)
      : context_(std::make_shared<AdminContext>(server, std::move(options))),
        sessions_(context_->options.max_sessions, context_->options.session_lifetime) {
    if (context_->options.mode == AdminMode::kDevelopment) feed_ = std::make_shared<AdminFeed>(context_);
  }

  void set_up();
  void tear_down();
  AdminFeed* feed() { return feed_.get(); }
  const std::string& server_id() const { return context_->options.server_id; }

 private:
  struct Login;
  struct Refusal {
    SteadyTime due;
    Namespace::Next next;
  };

  void on_connection(Socket& socket);
  void on_command(Event& event);
  Status carry_out(Event& event);
  boost::json::object config() const;

  // --- On the hub ---
  void authenticate(const std::shared_ptr<Login>& login, const std::string& session_id);
  void finish_login(Login& login, bool accepted);
  void answer_refusals();
  void sample();
  void sample_later();
  void emit_stats();
  void emit_stats_later();

  const std::shared_ptr<AdminContext> context_;
  std::shared_ptr<AdminFeed> feed_;  // null in kProduction
  const std::string host_name_ = host_name();
  const SystemClock clock_;
  const SteadyTime started_ = clock_.steady_now();
  // Of the hub:
  AdminSessions sessions_;
  AdminStats stats_;
  size_t logins_ = 0;
  std::deque<Refusal> refusals_;  // each kRefusalDelay long
  Executor::Timer refusal_timer_;
  Executor::Timer sample_timer_;
  Executor::Timer stats_timer_;
  unsigned until_repair_ = kRepairEvery;
};

// One attempt; that nobody decides on it is a refusal.
struct AdminUi::Core::Login {
  std::shared_ptr<Core> core;
  std::shared_ptr<Connecting> connecting;
  Namespace::Next next;
  AdminCredentials credentials;
  std::atomic<bool> decided{false};

  // Any thread.
  static void decide(std::shared_ptr<Login> login, bool accepted) {
    if (login->decided.exchange(true)) return;
    net::Shard& hub = login->core->context_->hub;
    hub.post([login = std::move(login), accepted] { login->core->finish_login(*login, accepted); });
  }
};

void AdminUi::Core::set_up() {
  Namespace& nsp = context_->nsp;
  const auto self = shared_from_this();
  nsp.use([self](const std::shared_ptr<Connecting>& connecting, Namespace::Next next) {
    if (self->context_->options.no_login) return next(std::nullopt);
    const boost::json::value auth = connecting->handshake.auth();
    const auto login = std::make_shared<Login>();
    login->core = self;
    login->connecting = connecting;
    login->next = std::move(next);
    login->credentials = {.username = text_of(auth.get_object(), "username"),
                          .password = text_of(auth.get_object(), "password")};
    self->context_->hub.post([self, login, session_id = text_of(auth.get_object(), "sessionId")] {
      self->authenticate(login, session_id);
    });
  });
  nsp.on_connection([self](Socket& socket) { self->on_connection(socket); });
  for (const std::string_view name : {"emit", "join", "leave", "_disconnect"})
    nsp.on(name, [self](Socket&, Event& event) { self->on_command(event); });
  if (feed_) context_->server.set_observer(feed_.get());
  context_->hub.post([self] {
    if (!self->context_->open) return;
    self->sample();
    self->sample_later();
    self->emit_stats_later();
  });
}

void AdminUi::Core::tear_down() {
  context_->open = false;
  if (feed_) context_->server.set_observer(nullptr);
  // When each shard has come through here, nothing that saw the flag set is running.
  context_->server.shards().run_on_each([this](net::Shard& shard) {
    if (&shard != &context_->hub) return;
    for (Executor::Timer* const timer : {&refusal_timer_, &sample_timer_, &stats_timer_}) timer->cancel();
    refusals_.clear();
    if (feed_) feed_->shut();
  });
}

// --- Login ------------------------------------------------------------------------------------------------

void AdminUi::Core::authenticate(const std::shared_ptr<Login>& login, const std::string& session_id) {
  if (!context_->open) return login->next(ConnectError{.message = "invalid credentials"});
  if (sessions_.contains(session_id, context_->hub.now())) return login->next(std::nullopt);
  if (logins_ >= kMaxLogins)
    return login->next(ConnectError{.message = "too many logins at once; try again"});
  ++logins_;
  const AdminCredentials& credentials = login->credentials;
  // A page without a session has nothing to say here either.
  if (credentials.password.empty() || credentials.username.size() > kMaxAdminCredentialBytes ||
      credentials.password.size() > kMaxAdminCredentialBytes)
    return finish_login(*login, false);
  // Destroyed uncalled, the reply says no.
  auto undecided = std::shared_ptr<void>(nullptr, [login](void*) { Login::decide(login, false); });
  context_->options.verify(credentials, [login, undecided = std::move(undecided)](bool accepted) {
    Login::decide(login, accepted);
  });
}

void AdminUi::Core::finish_login(Login& login, bool accepted) {
  login.credentials = {};
  if (!context_->open) return login.next(ConnectError{.message = "invalid credentials"});
  if (accepted) {
    --logins_;
    login.connecting->data = NewSession{sessions_.create(context_->hub.now())};
    return login.next(std::nullopt);
  }
  refusals_.push_back({context_->hub.now() + kRefusalDelay, std::move(login.next)});
  if (refusals_.size() == 1)
    refusal_timer_ = context_->hub.run_after(kRefusalDelay, [this] { answer_refusals(); });
}

void AdminUi::Core::answer_refusals() {
  const SteadyTime now = context_->hub.now();
  while (!refusals_.empty() && refusals_.front().due <= now) {
    --logins_;
    Namespace::Next next = std::move(refusals_.front().next);
    refusals_.pop_front();
    next(ConnectError{.message = "invalid credentials"});
  }
  if (!refusals_.empty())
    refusal_timer_ = context_->hub.run_after(refusals_.front().due - now, [this] { answer_refusals(); });
}

// --- A page -----------------------------------------------------------------------------------------------

boost::json::object AdminUi::Core::config() const {
  boost::json::array features;
  if (!context_->options.read_only)
    features = {"EMIT", "JOIN", "LEAVE", "DISCONNECT", "MJOIN", "MLEAVE", "MDISCONNECT"};
  features.push_back("AGGREGATED_EVENTS");
  if (feed_) features.push_back("ALL_EVENTS");
  return {{"supportedFeatures", std::move(features)}};
}

void AdminUi::Core::on_connection(Socket& socket) {
  if (!context_->open) return socket.disconnect();
  if (const auto* const session = std::any_cast<NewSession>(&socket.data))
    socket.emit("session", session->id);
  socket.emit("config", config());
  if (feed_) feed_->list_for(socket.ref());
  // Not after the whole interval, or the page is empty until then.
  context_->hub.post([self = shared_from_this()] {
    if (self->context_->open) self->emit_stats();
  });
}

void AdminUi::Core::on_command(Event& event) {
  if (!context_->open) return;
  const Status done = carry_out(event);
  done ? event.ack(nullptr) : event.ack(done.error().message);
}

Status AdminUi::Core::carry_out(Event& event) {
  if (context_->options.read_only)
    return fail(ErrorCode::kInvalidOperation, "the Admin UI may only look here");
  const auto command = parse_admin_command(event.name(), event.args());
  if (!command)
    return fail(ErrorCode::kValidation, "not the arguments of '" + std::string(event.name()) + "'");
  const auto nsp = context_->server.find(command->nsp);
  if (nsp == nullptr) return fail(ErrorCode::kValidation, "there is no such namespace");
  Broadcast whom(*nsp);
  if (!command->room.empty()) whom.to(command->room);
  if (event.name() == "emit") {
    if (is_reserved_event(command->subject)) return fail(ErrorCode::kValidation, "the name is reserved");
    whom.emit_args(command->subject, command->args);
  } else if (event.name() == "join") {
    whom.sockets_join({command->subject});
  } else if (event.name() == "leave") {
    whom.sockets_leave({command->subject});
  } else {
    whom.disconnect_sockets(command->close);
  }
  return {};
}

// --- Counts -----------------------------------------------------------------------------------------------

void AdminUi::Core::sample() {
  stats_.sample(context_->server.engine().metrics(), clock_.wall_now());
}

void AdminUi::Core::sample_later() {
  sample_timer_ = context_->hub.run_after(kSampleInterval, [this] {
    sample();
    sample_later();
  });
}

void AdminUi::Core::emit_stats_later() {
  stats_timer_ = context_->hub.run_after(context_->options.stats_interval, [this] {
    emit_stats();
    if (feed_ && --until_repair_ == 0) {
      until_repair_ = kRepairEvery;
      feed_->repair();
    }
    emit_stats_later();
  });
}

void AdminUi::Core::emit_stats() {
  sample();
  boost::json::array events = stats_.take();
  if (!context_->is_watched()) return;
  boost::json::array namespaces;
  for (const auto& nsp : context_->server.namespaces()) {
    if (namespaces.size() == kMaxNamespacesShown) break;
    namespaces.push_back(boost::json::object{{"name", nsp->name()}, {"socketsCount", nsp->socket_count()}});
  }
  const engineio::Metrics metrics = context_->server.engine().metrics();
  boost::json::object stats{{"serverId", context_->options.server_id},
                            {"hostname", host_name_},
                            {"pid", getpid()},
                            {"uptime", static_cast<double>((clock_.steady_now() - started_).count()) / 1'000},
                            {"clientsCount", metrics.sessions},
                            {"pollingClientsCount", polling_sessions(metrics)},
                            {"aggregatedEvents", std::move(events)},
                            {"namespaces", std::move(namespaces)}};
  if (feed_) stats["droppedEvents"] = feed_->dropped();
  Broadcast(context_->nsp).emit("server_stats", stats);
}

// --- AdminUi ----------------------------------------------------------------------------------------------

AdminUi::AdminUi(Server& server, AdminOptions options)
    : core_(std::make_shared<Core>(server, checked(std::move(options)))) {
  core_->set_up();
}

AdminUi::~AdminUi() {
  core_->tear_down();
}

void AdminUi::data_changed(Socket& socket) {
  if (AdminFeed* const feed = core_->feed()) feed->data_changed(socket);
}

const std::string& AdminUi::server_id() const {
  return core_->server_id();
}

}  // namespace patchbay::socketio
