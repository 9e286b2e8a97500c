#include "app/program.h"

#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <thread>

#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/admin_ui.h"
#include "app/command.h"
#include "app/front_door.h"
#include "app/master_key.h"
#include "app/metrics_page.h"
#include "app/process_limits.h"
#include "app/sandbox_host.h"
#include "app/version.h"
#include "base/ids.h"
#include "base/worker_pool.h"
#include "crypto/secret_box.h"
#include "crypto/secrets.h"
#include "manager/accounts.h"
#include "manager/api_keys.h"
#include "manager/authenticator.h"
#include "manager/client_profiles.h"
#include "manager/instances.h"
#include "manager/qr_image.h"
#include "manager/revocations.h"
#include "manager/tokens.h"
#include "manager/usage_recorder.h"
#include "net/resolver.h"
#include "net/tls.h"
#include "realtime/realtime.h"
#include "rest/api.h"
#include "sandbox/control.h"
#include "store/sqlite_store.h"
#include "whatsapp/native_engine.h"

namespace patchbay::app {
namespace {

// REST handlers block on the store and on password hashing; more threads than cores, but few: each argon2id
// computation holds its memory.
constexpr size_t kWorkers = 8;
constexpr size_t kMaxQueuedRequests = 4'096;

// Percent of drain_timeout that clients may take to go; the rest is for requests and the store.
constexpr int kDrainShare = 80;

Result<std::string> read_text_file(const std::string& path, const std::string& what) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  if (!file || text.str().empty())
    return fail(ErrorCode::kConfiguration,
                "cannot read the " + what + " file '" + path + "'; give a readable PEM file");
  return text.str();
}

Status prepare_data_dir(const std::string& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (!error && access(directory.c_str(), R_OK | W_OK | X_OK) == 0) return {};
  return fail(ErrorCode::kConfiguration,
              "the data folder '" + directory +
                  "' cannot be made or written; choose another with --data-dir or mend "
                  "its permissions");
}

// A text that fits into no QR code gives nothing to show; the raw text goes out beside it.
std::string draw_qr(std::string_view text) {
  return manager::qr_data_url(text).value_or("");
}

struct Secrets {
  crypto::SecretBox box;
  std::string jwt_secret;
};

Result<Secrets> load_secrets(const Config& config) {
  // A database that depends on a secret must not be given a new one.
  const bool fresh = !store::sqlite_store_exists(config.data_dir);
  if (config.master_key.empty()) PB_TRY(settle_master_key(config.data_dir));
  PB_ASSIGN(const std::string master, crypto::load_secret({.name = "master key",
                                                           .environment_name = "PATCHBAY_MASTER_KEY",
                                                           .environment_value = config.master_key,
                                                           .generated_file = config.data_dir + "/master.key",
                                                           .may_generate = fresh}));
  PB_ASSIGN(crypto::SecretBox box, crypto::SecretBox::from_text(master));
  PB_ASSIGN(std::string jwt, crypto::load_secret({.name = "token secret",
                                                  .environment_name = "PATCHBAY_JWT_SECRET",
                                                  .environment_value = config.jwt_secret,
                                                  .file = config.jwt_secret_file,
                                                  .generated_file = config.data_dir + "/jwt.secret",
                                                  .may_generate = fresh}));
  return Secrets{box, std::move(jwt)};
}

// The same at every start, and with it the root key: an instance that was linked to a phone of the last run
// is told that it is unlinked, rather than finding a server that it must not trust.
Result<uint64_t> sandbox_seed(const std::string& data_dir) {
  PB_ASSIGN(const std::string text, crypto::load_secret({.name = "sandbox seed",
                                                         .generated_file = data_dir + "/sandbox.seed",
                                                         .may_generate = true}));
  uint64_t seed = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + std::min<size_t>(text.size(), 16), seed, 16);
  if (error != std::errc() || end != text.data() + 16)
    return fail(ErrorCode::kConfiguration,
                "the file " + data_dir +
                    "/sandbox.seed holds no hexadecimal number; remove it, a new one "
                    "will be made");
  return seed;
}

// Every service, in the order in which each needs the ones before it; destroyed in the opposite order.
class Program {
 public:
  Program(const Config& config, std::vector<http::StaticFile> panel, std::vector<http::StaticFile> client)
      : config_(config), site_(std::move(panel)), client_(std::move(client)) {}

  Status start();
  void stop();
  // What is kept in files that operators edit.
  void reload();
  uint16_t port() const { return server_->port(); }

 private:
  Status open_store();
  Status build_services();
  Status build_server();
  Status build_engine();
  std::string profile_path() const;

  const Config& config_;
  const http::StaticSite site_;
  std::vector<http::StaticFile> client_;
  const SystemClock clock_;
  std::optional<Secrets> secrets_;
  std::unique_ptr<store::Store> store_;
  manager::Revocations revocations_;
  std::unique_ptr<manager::Tokens> tokens_;
  std::unique_ptr<manager::UsageRecorder> usage_;
  std::unique_ptr<manager::Accounts> accounts_;
  std::unique_ptr<manager::ApiKeys> api_keys_;
  std::unique_ptr<manager::Authenticator> authenticator_;
  whatsapp::ProfileSource profile_;
  std::unique_ptr<whatsapp::Engine> engine_;
  std::unique_ptr<SandboxHost> sandbox_;  // null unless it runs inside this process
  std::unique_ptr<net::ShardGroup> shards_;
  std::unique_ptr<net::Resolver> resolver_;
  std::unique_ptr<WorkerPool> workers_;
  http::OriginPolicy origins_;
  std::unique_ptr<socketio::Server> io_;
  std::unique_ptr<socketio::AdminUi> admin_ui_;  // null when it is off
  std::unique_ptr<realtime::Realtime> realtime_;
  std::unique_ptr<manager::Instances> instances_;
  std::unique_ptr<manager::ClientProfiles> client_profiles_;
  std::unique_ptr<rest::Api> api_;
  std::unique_ptr<MetricsPage> metrics_;
  std::unique_ptr<FrontDoor> front_door_;
  std::unique_ptr<http::Server> server_;
  bool serving_ = false;
};

Status Program::open_store() {
  PB_TRY(prepare_data_dir(config_.data_dir));
  PB_ASSIGN(secrets_, load_secrets(config_));
  PB_ASSIGN(store_, store::open_sqlite_store({.directory = config_.data_dir, .secret_box = &secrets_->box}));
  PB_ASSIGN(whatsapp::ClientProfile profile,
            manager::load_client_profile(profile_path(), !config_.whatsapp_profile.empty()));
  profile_.set(std::move(profile));
  return {};
}

std::string Program::profile_path() const {
  return config_.whatsapp_profile.empty() ? config_.data_dir + "/whatsapp-profile.json"
                                          : config_.whatsapp_profile;
}

Status Program::build_services() {
  manager::TokensOptions tokens{.secret = secrets_->jwt_secret,
                                .issuer = config_.jwt_issuer,
                                .audience = config_.jwt_audience,
                                .clock_skew = std::chrono::seconds(config_.jwt_clock_skew_seconds),
                                .lifetime = std::chrono::hours(config_.jwt_lifetime_hours)};
  if (!config_.jwt_public_key_file.empty()) {
    PB_ASSIGN(tokens.public_key_pem, read_text_file(config_.jwt_public_key_file, "token public key"));
  }
  PB_ASSIGN(tokens_, manager::Tokens::create(std::move(tokens), clock_));
  usage_ = std::make_unique<manager::UsageRecorder>(*store_, clock_);
  accounts_ = std::make_unique<manager::Accounts>(*store_, *tokens_, revocations_, clock_);
  if (config_.instances_per_subscription > 0)
    PB_TRY(accounts_->set_instance_limit(config_.instances_per_subscription));
  api_keys_ = std::make_unique<manager::ApiKeys>(*store_, *usage_, revocations_, clock_);
  authenticator_ = std::make_unique<manager::Authenticator>(*store_, *tokens_, *usage_, clock_);
  return {};
}

Status Program::build_engine() {
  whatsapp::NativeEngineOptions options;
  options.is_simulation = config_.reaches_sandbox();
  if (config_.sandbox) {
    http::ServerOptions listen;
    listen.listen.host = "127.0.0.1";
    listen.listen.port = 0;
    PB_ASSIGN(const uint64_t seed, sandbox_seed(config_.data_dir));
    sandbox_ =
        std::make_unique<SandboxHost>(clock_, sandbox::NetworkOptions{.seed = seed}, std::move(listen));
    PB_TRY(sandbox_->start());
    options.url = sandbox_->socket_url();
    options.noise_root = sandbox_->sandbox().root();
  } else if (!config_.sandbox_url.empty()) {
    options.url = config_.sandbox_url;
    options.noise_root = from_hex(config_.sandbox_root).and_then(crypto::to_key);
    if (!config_.sandbox_ca.empty()) {
      PB_ASSIGN(options.tls, net::TlsContext::client({.ca_file = config_.sandbox_ca}));
    }
  }
  resolver_ = std::make_unique<net::Resolver>();
  PB_ASSIGN(engine_,
            whatsapp::NativeEngine::create(
                std::move(options),
                {.resolver = *resolver_, .workers = *workers_, .clock = clock_, .profile = profile_}));
  return {};
}

Status Program::build_server() {
  http::ServerOptions options;
  options.listen.host = config_.host;
  options.listen.port = config_.port;
  options.limits.max_body_bytes = std::max(config_.max_body_bytes, config_.max_payload_bytes + 1024);
  options.request_timeout = config_.request_timeout;
  if (!config_.tls_certificate.empty()) {
    PB_ASSIGN(options.listen.tls, net::TlsContext::from_files(config_.tls_certificate, config_.tls_key));
  }
  PB_TRY(net::Listener::check_free(options.listen));

  shards_ = std::make_unique<net::ShardGroup>(config_.shards);
  workers_ = std::make_unique<WorkerPool>(kWorkers, kMaxQueuedRequests);
  origins_ = http::OriginPolicy(config_.cors_origins);

  engineio::ServerOptions engine{.path = "/socket.io/", .origins = origins_};
  engine.session.ping_interval = config_.ping_interval;
  engine.session.ping_timeout = config_.ping_timeout;
  engine.session.max_payload = config_.max_payload_bytes;
  io_ = std::make_unique<socketio::Server>(
      *shards_, socketio::ServerOptions{.engine = std::move(engine), .serve_client = std::move(client_)});

  PB_ASSIGN(admin_ui_, make_admin_ui(config_, *io_, *workers_));

  const bool draw = config_.qr_format == QrFormat::kDataUrl;
  realtime_ = std::make_unique<realtime::Realtime>(
      *io_, *authenticator_, *workers_, clock_,
      realtime::RealtimeOptions{
          .development = config_.development,
          .max_subscriptions = config_.max_subscriptions_per_socket,
          .draw_qr = draw ? std::function<std::string(std::string_view)>(draw_qr) : nullptr});
  revocations_.add(*realtime_);

  PB_TRY(build_engine());
  std::vector<Executor*> executors;
  executors.reserve(shards_->size());
  for (size_t i = 0; i < shards_->size(); ++i) executors.push_back(&(*shards_)[i]);
  manager::InstancesOptions instances;
  instances.reconnect_first_delay = config_.reconnect_first_delay;
  instances.reconnect_max_delay = config_.reconnect_max_delay;
  instances.pace = {.per_second = config_.connects_per_second, .max_opening = config_.connects_opening};
  instances.events_kept = config_.events_kept;
  instances.events_age = std::chrono::hours(24 * config_.events_days);
  instances_ = std::make_unique<manager::Instances>(*store_, *engine_, *realtime_, clock_,
                                                    std::move(executors), instances);
  realtime_->set_up(*instances_);
  client_profiles_ = std::make_unique<manager::ClientProfiles>(
      profile_, profile_path(), *store_, clock_, [this] { instances_->client_profile_changed(); });

  api_ = std::make_unique<rest::Api>(
      rest::ApiServices{.accounts = *accounts_,
                        .authenticator = *authenticator_,
                        .instances = *instances_,
                        .api_keys = *api_keys_,
                        .client_profiles = *client_profiles_,
                        .clock = clock_},
      rest::ApiOptions{.version = std::string(kVersion),
                       .simulation = config_.reaches_sandbox(),
                       .sandbox = config_.sandbox,
                       .development = config_.development,
                       .qr_format = draw ? rest::QrFormat::kDataUrl : rest::QrFormat::kRaw,
                       .draw_qr = draw_qr,
                       .check_database = [this] { return store_->check_health(); },
                       .max_body_bytes = config_.max_body_bytes});
  front_door_ = std::make_unique<FrontDoor>(
      *io_, [this](const http::Request& request) { return api_->handle(request); },
      [this](const http::Request& request) { return metrics_->respond(request); }, *workers_, site_,
      origins_);
  if (sandbox_) {
    front_door_->add_sandbox(sandbox_->sandbox());
    options.limits.max_body_bytes = std::max(options.limits.max_body_bytes, sandbox::Control::kMaxBodyBytes);
  }
  server_ = std::make_unique<http::Server>(*shards_, *front_door_, options);
  const char* const token = std::getenv("PATCHBAY_METRICS_TOKEN");
  metrics_ = std::make_unique<MetricsPage>(
      MetricsPage::Sources{*shards_, *server_, *io_, *realtime_, *instances_, *store_, *workers_},
      token == nullptr ? "" : token);
  return {};
}

Status Program::start() {
  PB_TRY(open_store());
  PB_TRY(build_services());
  PB_TRY(build_server());
  shards_->start();
  PB_TRY(instances_->start());
  PB_TRY(server_->start());
  serving_ = true;
  return {};
}

void Program::stop() {
  if (serving_) {
    // The port stays open meanwhile: who comes is told to come back later. Everything works on until the last
    // client has its answers.
    front_door_->refuse_api();
    const size_t clients = io_->engine().session_count();
    const bool gently = io_->close_within(config_.drain_timeout * kDrainShare / 100);
    log::info("clients let go", {{"clients", clients}, {"gently", gently}});
  }
  if (server_) server_->stop_accepting();
  if (workers_) workers_->stop();
  if (instances_) instances_->stop();
  if (io_) io_->close();
  if (server_) server_->stop();
  admin_ui_.reset();
  if (realtime_) revocations_.remove(*realtime_);
  if (usage_) usage_->stop();
  if (store_) store_->stop();
  if (sandbox_) sandbox_->stop();
  if (shards_) shards_->stop();
}

void Program::reload() {
  if (const Status status = client_profiles_->reload(); !status)
    log::error("the client profile stays as it is", {{"error", status.error().message}});
}

// A stop that hangs is ended: everything acknowledged is on disk, so nothing is lost by it.
void guard_stop(Milliseconds limit) {
  std::thread([limit] {
    std::this_thread::sleep_for(limit);
    log::error("the graceful stop took too long; ending now", {{"limit_ms", limit.count()}});
    log::flush();
    _exit(1);
  }).detach();
}

}  // namespace

int serve(const Config& config, std::vector<http::StaticFile> panel, std::vector<http::StaticFile> client) {
  if (const auto status = check(config); !status) return report(status.error());
  log::configure(config.log_level, config.log_format);
  raise_descriptor_limit();
  umask(0077);
  // Blocked before any thread starts, so that all inherit it and only sigwait() sees them.
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  // Of a service; where there is a terminal it says that the terminal is gone.
  sigaddset(&ending, SIGHUP);
  const bool is_service = !std::ifstream("/dev/tty");
  pthread_sigmask(SIG_BLOCK, &ending, nullptr);

  Program program(config, std::move(panel), std::move(client));
  if (const auto status = program.start(); !status) {
    const int code = report(status.error());
    program.stop();
    return code;
  }
  const std::string scheme = config.tls_certificate.empty() ? "http" : "https";
  const std::string host = config.host.find(':') == std::string::npos ? config.host : "[" + config.host + "]";
  std::printf("Patchbay %s is at %s://%s:%u\n", std::string(kVersion).c_str(), scheme.c_str(), host.c_str(),
              unsigned{program.port()});
  if (!config.sandbox_url.empty())
    std::printf("Sandbox at %s: nothing here reaches WhatsApp.\n", config.sandbox_url.c_str());
  if (config.sandbox)
    std::printf("Sandbox: nothing here reaches WhatsApp; its phones are on the panel's page Sandbox.\n");
  if (config.admin_ui)
    std::printf("The Socket.IO Admin UI may attach (namespace /admin)%s.\n",
                config.admin_ui_password.empty() ? ", without a password" : "");
  if (config.development) std::printf("Development mode: sockets without credentials are accepted.\n");
  std::fflush(stdout);
  log::info("started", {{"version", kVersion},
                        {"port", uint64_t{program.port()}},
                        {"shards", config.shards},
                        {"sandbox", config.reaches_sandbox()},
                        {"development", config.development}});
  int signal = 0;
  while (sigwait(&ending, &signal), signal == SIGHUP && is_service) program.reload();
  log::info("stopping", {{"signal", signal}});
  pthread_sigmask(SIG_UNBLOCK, &ending, nullptr);  // a second signal ends at once
  guard_stop(config.drain_timeout);
  program.stop();
  log::info("stopped");
  log::flush();
  return 0;
}

}  // namespace patchbay::app
