// The server that conformance suites and load generators drive, built on the public library API alone.
// Profile `suites`: Engine.IO echo at /engine.io/ and Socket.IO at /socket.io/ with the short timers that the
// protocol's test suites expect. Profile `bench`: Socket.IO with default timers.
#include <csignal>
#include <cstdio>
#include <optional>
#include <thread>

#include <CLI/CLI.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <sys/signalfd.h>
#include <unistd.h>

#include "engineio/server.h"
#include "http/server.h"
#include "net/shard.h"
#include "net/tls.h"
#include "socketio/admin.h"
#include "socketio/server.h"

namespace {

using namespace patchbay;

constexpr Milliseconds kDrainTimeout{10'000};

struct Settings {
  std::string host = "127.0.0.1";
  uint16_t port = 3000;
  size_t shards = std::max(1u, std::thread::hardware_concurrency());
  std::string profile = "suites";
  std::string tls_certificate;
  std::string tls_key;
  size_t max_payload = 1'000'000;
  bool recovery = false;
  bool scatter = false;
  int64_t ping_interval_ms = 0;  // 0: the profile's
  int64_t ping_timeout_ms = 0;
  bool deflate = false;
  int64_t message_timeout_ms = 60'000;
  bool same_origin = false;
  std::vector<std::string> origins{"*"};
  std::string admin_ui;     // the mode; empty: none
  std::string admin_login;  // user:password; empty: none is needed
  bool admin_read_only = false;
};

// Sends every message back as it came.
class Echo final : public engineio::Session::Application {
 public:
  explicit Echo(engineio::Connection& connection) : connection_(connection) {}
  void on_text(std::string_view text) override { connection_.session().send_text(text); }
  void on_binary(std::string_view bytes) override { connection_.session().send_binary(bytes); }
  void on_close(engineio::CloseReason) override {}

 private:
  engineio::Connection& connection_;
};

class Router final : public http::Handler {
 public:
  Router(engineio::Server* echo, socketio::Server& io) : echo_(echo), io_(io) {}
  void handle(const http::ExchangePtr& exchange) override {
    const std::string& path = exchange->request().path;
    if (io_.owns_path(path)) return io_.handle(exchange);
    if (echo_ != nullptr && echo_->owns_path(path)) return echo_->handle(exchange);
    exchange->respond(
        http::error_response(404, "RESOURCE_NOT_FOUND", "Only /socket.io/ and /engine.io/ are here."));
  }

 private:
  engineio::Server* echo_;
  socketio::Server& io_;
};

engineio::ServerOptions engine_options(const Settings& settings, std::string path) {
  engineio::ServerOptions options{.path = std::move(path),
                                  .origins = http::OriginPolicy(settings.origins, "--origin")};
  options.session.max_payload = settings.max_payload;
  options.per_message_deflate.enabled = settings.deflate;
  if (settings.same_origin) options.origins = http::OriginPolicy();
  options.message_timeout = Milliseconds(settings.message_timeout_ms);
  if (settings.profile == "suites") {
    options.session.ping_interval = Milliseconds(300);
    options.session.ping_timeout = Milliseconds(200);
    options.allow_eio3 = true;
  }
  if (settings.ping_interval_ms > 0) options.session.ping_interval = Milliseconds(settings.ping_interval_ms);
  if (settings.ping_timeout_ms > 0) options.session.ping_timeout = Milliseconds(settings.ping_timeout_ms);
  return options;
}

void set_up_suites(socketio::Server& io) {
  for (const std::string_view name : {"/", "/custom"})
    io.of(name).on_connection([](socketio::Socket& socket) {
      socket.emit("auth", socketio::RawJson{socket.handshake().auth_json});
    });
  io.of("/").on("message", [](socketio::Socket& socket, socketio::Event& event) {
    socket.emit("message-back", event.args());
  });
  io.of("/").on("message-with-ack", [](socketio::Socket&, socketio::Event& event) {
    event.ack_json(event.args().json(), event.args().attachments());
  });
}

void set_up_common(socketio::Server& io) {
  io.of("/guarded")
      .use([](const std::shared_ptr<socketio::Connecting>& connecting, socketio::Namespace::Next next) {
        const boost::json::value auth = connecting->handshake.auth();
        const auto* const token = auth.as_object().if_contains("token");
        if (token != nullptr && *token == "open") return next(std::nullopt);
        next(socketio::ConnectError{.message = "Not allowed", .data_json = R"({"code":"GUARDED"})"});
      });
  // Decides, but not at once.
  io.of("/slow").use([](const std::shared_ptr<socketio::Connecting>&, socketio::Namespace::Next next) {
    const auto timer = std::make_shared<Executor::Timer>();
    *timer = net::Shard::current()->run_after(
        Milliseconds(50), [timer, next = std::move(next)]() mutable { next(std::nullopt); });
  });
  socketio::Namespace& main = io.of("/");
  main.on("echo", [](socketio::Socket&, socketio::Event& event) {
    event.ack_json(event.args().json(), event.args().attachments());
  });
  main.on("subscribe:instance", [](socketio::Socket& socket, socketio::Event& event) {
    if (const auto room = event.args().first(); room.is_string()) socket.join(room.as_string());
    event.ack(true);
  });
  main.on("unsubscribe:instance", [](socketio::Socket& socket, socketio::Event& event) {
    if (const auto room = event.args().first(); room.is_string()) socket.leave(room.as_string());
    event.ack(true);
  });
  main.on("publish", [&main](socketio::Socket&, socketio::Event& event) {
    // The room's name is read, the object behind it goes on as it came.
    auto cursor = socketio::ArrayCursor::over_elements(event.args().json());
    std::string storage;
    const auto first = cursor.next();
    if (const auto room = socketio::decode_json_string(first.value_or(""), storage))
      main.to(*room).emit_args(
          "instance:status:changed",
          {.json = std::string(cursor.rest()),
           .attachments = {event.args().attachments().begin(), event.args().attachments().end()}});
    event.ack(true);
  });
  main.on("call-back", [](socketio::Socket& socket, socketio::Event& event) {
    socket.emit_with_ack("called-back", socketio::make_args(event.args()), Milliseconds(10'000),
                         [ack = event.take_ack()](Result<socketio::ArgsView> answer) mutable {
                           if (answer) ack(*answer);
                         });
  });
  main.on("disconnect-me", [](socketio::Socket& socket, socketio::Event& event) {
    const auto close = event.args().first();
    socket.disconnect(close.is_bool() && close.as_bool());
  });
}

socketio::AdminOptions admin_options(const Settings& settings) {
  socketio::AdminOptions options{.read_only = settings.admin_read_only};
  if (settings.admin_ui == "development") options.mode = socketio::AdminMode::kDevelopment;
  const size_t colon = settings.admin_login.find(':');
  options.no_login = colon == std::string::npos;
  if (!options.no_login)
    options.verify = socketio::check_password(settings.admin_login.substr(0, colon),
                                              [wanted = settings.admin_login.substr(colon + 1)](
                                                  std::string_view given) { return given == wanted; });
  return options;
}

int fail_start(const Error& error) {
  std::fprintf(stderr, "testbed: %s\n", error.message.c_str());
  return 1;
}

int run(const Settings& settings) {
  http::ServerOptions options;
  options.listen.host = settings.host;
  options.listen.port = settings.port;
  options.limits.max_body_bytes = settings.max_payload + 1024;
  options.scatter = settings.scatter;
  if (!settings.tls_certificate.empty()) {
    auto tls = net::TlsContext::from_files(settings.tls_certificate, settings.tls_key);
    if (!tls) return fail_start(tls.error());
    options.listen.tls = *tls;
  }
  // Blocked before threads start, so that they inherit it.
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ending, nullptr);

  net::ShardGroup shards(settings.shards);
  socketio::ServerOptions io_options{.engine = engine_options(settings, "/socket.io/")};
  if (settings.profile == "suites") io_options.connect_timeout = Milliseconds(1'000);
  if (settings.recovery) io_options.connection_state_recovery.emplace();
  socketio::Server io(shards, io_options);
  set_up_common(io);
  std::unique_ptr<engineio::Server> echo;
  if (settings.profile == "suites") {
    set_up_suites(io);
    echo = std::make_unique<engineio::Server>(
        shards, engine_options(settings, "/engine.io/"),
        [](engineio::Connection& connection) { return std::make_unique<Echo>(connection); });
  }
  std::optional<socketio::AdminUi> admin;
  if (!settings.admin_ui.empty()) admin.emplace(io, admin_options(settings));
  Router router(echo.get(), io);
  http::Server server(shards, router, options);
  shards.start();
  if (const auto status = server.start(); !status) return fail_start(status.error());
  std::printf("testbed listens on port %u, profile %s, %zu shards\n", unsigned{server.port()},
              settings.profile.c_str(), settings.shards);
  std::fflush(stdout);
  int signal = 0;
  sigwait(&ending, &signal);
  pthread_sigmask(SIG_UNBLOCK, &ending, nullptr);  // a second one ends the process
  if (echo) echo->close_within(kDrainTimeout);
  io.close_within(kDrainTimeout);
  server.stop_accepting();
  server.stop();
  admin.reset();
  shards.stop();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app("Patchbay's testbed: what conformance suites and load generators drive");
  app.add_option("--host", settings.host, "numeric address to listen on");
  app.add_option("--port", settings.port, "port; 0 lets the kernel choose");
  app.add_option("--shards", settings.shards, "event loops, 1 to 64")->check(CLI::Range(1, 64));
  app.add_option("--profile", settings.profile)->check(CLI::IsMember({"suites", "bench"}));
  app.add_option("--tls-cert", settings.tls_certificate, "PEM certificate chain");
  app.add_option("--tls-key", settings.tls_key, "PEM private key");
  app.add_option("--max-payload", settings.max_payload, "largest message in bytes");
  app.add_flag("--recovery", settings.recovery, "connection state recovery");
  app.add_flag(
      "--scatter", settings.scatter,
      "hand connections to the shards in turn, so that the requests of a session land on different ones");
  app.add_option("--ping-interval", settings.ping_interval_ms, "milliseconds; 0: the profile's");
  app.add_option("--ping-timeout", settings.ping_timeout_ms, "milliseconds; 0: the profile's");
  app.add_flag("--deflate", settings.deflate, "agree on permessage-deflate with clients that offer it");
  app.add_flag("--same-origin", settings.same_origin,
               "serve pages of no other origin; otherwise those of all");
  app.add_option("--origin", settings.origins,
                 "an origin whose pages are served, with cookies; repeatable, instead of all without");
  app.add_option("--admin-ui", settings.admin_ui, "lets the Socket.IO Admin UI attach")
      ->check(CLI::IsMember({"production", "development"}));
  app.add_option("--admin-login", settings.admin_login, "user:password of the Admin UI; otherwise none");
  app.add_flag("--admin-read-only", settings.admin_read_only, "the Admin UI may only look");
  app.add_option("--message-timeout-ms", settings.message_timeout_ms,
                 "a WebSocket message must be whole by then");
  CLI11_PARSE(app, argc, argv);
  return run(settings);
}
