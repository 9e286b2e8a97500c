#include "app/config.h"

#include <cstdlib>
#include <map>
#include <thread>

#include <CLI/CLI.hpp>

#include "app/version.h"
#include "base/bytes.h"
#include "crypto/curve25519.h"

namespace patchbay::app {
namespace {

bool is_loopback_host(const std::string& host) {
  return host.starts_with("127.") || host == "::1";
}

constexpr size_t kMinAdminPassword = 12;

// Milliseconds as a plain number.
void add_milliseconds(CLI::App& app, const std::string& name, Milliseconds& target, const std::string& text,
                      const std::string& environment, uint64_t low, uint64_t high) {
  app.add_option_function<uint64_t>(
         name, [&target](uint64_t value) { target = Milliseconds(value); }, text + " (milliseconds)")
      ->envname(environment)
      ->check(CLI::Range(low, high))
      ->default_str(std::to_string(target.count()));
}

void describe_serve(CLI::App& serve, Config& config) {
  const std::map<std::string, QrFormat> qr_formats{{"data-url", QrFormat::kDataUrl}, {"raw", QrFormat::kRaw}};
  const std::map<std::string, log::Level> levels{{"debug", log::Level::kDebug},
                                                 {"info", log::Level::kInfo},
                                                 {"warning", log::Level::kWarning},
                                                 {"error", log::Level::kError}};
  const std::map<std::string, log::Format> formats{{"text", log::Format::kText},
                                                   {"json", log::Format::kJson}};

  serve.add_option("--host", config.host, "numeric address to listen on; 0.0.0.0 or :: for all")
      ->envname("PATCHBAY_HOST")
      ->capture_default_str();
  serve.add_option("--port", config.port, "port; 0 lets the kernel choose")
      ->envname("PATCHBAY_PORT")
      ->capture_default_str();
  serve.add_option("--shards", config.shards, "event loops; 0 is one a core, at most 64")
      ->envname("PATCHBAY_SHARDS")
      ->check(CLI::Range(0, 64))
      ->capture_default_str();
  serve.add_option("--data-dir", config.data_dir, "folder of the database and the generated secrets")
      ->envname("PATCHBAY_DATA_DIR")
      ->capture_default_str();
  serve
      .add_option("--tls-cert", config.tls_certificate,
                  "PEM certificate chain; with --tls-key, HTTPS is served")
      ->envname("PATCHBAY_TLS_CERT");
  serve.add_option("--tls-key", config.tls_key, "PEM private key")->envname("PATCHBAY_TLS_KEY");
  serve
      .add_option("--cors-origin", config.cors_origins,
                  "another origin whose pages may use this server; repeatable")
      ->envname("PATCHBAY_CORS_ORIGIN")
      ->delimiter(',');
  serve.add_option("--qr-format", config.qr_format, "what qrCode holds: a PNG data URL, or the raw text")
      ->envname("PATCHBAY_QR_FORMAT")
      ->transform(CLI::CheckedTransformer(qr_formats).description("data-url|raw"));
  serve
      .add_flag(
          "--sandbox", config.sandbox,
          "a WhatsApp network in a box instead of WhatsApp, with phones under /api/sandbox; loopback only")
      ->envname("PATCHBAY_SANDBOX");
  serve
      .add_option(
          "--sandbox-url", config.sandbox_url,
          "a `patchbay sandbox` instead of WhatsApp, as in ws://127.0.0.1:3030/ws/chat; loopback only")
      ->envname("PATCHBAY_SANDBOX_URL");
  serve
      .add_option("--sandbox-root", config.sandbox_root,
                  "the root key that this sandbox printed, 64 hexadecimal digits")
      ->envname("PATCHBAY_SANDBOX_ROOT");
  serve
      .add_option("--sandbox-ca", config.sandbox_ca,
                  "PEM certificate to trust for a wss:// sandbox, instead of the system's authorities")
      ->envname("PATCHBAY_SANDBOX_CA");
  serve.add_flag("--development", config.development, "accept sockets without credentials; loopback only")
      ->envname("PATCHBAY_DEVELOPMENT");
  serve
      .add_flag("--admin-ui", config.admin_ui,
                "let the Socket.IO Admin UI attach; its password comes by PATCHBAY_ADMIN_UI_PASSWORD")
      ->envname("PATCHBAY_ADMIN_UI");
  serve
      .add_flag("--admin-ui-live", config.admin_ui_live,
                "show it every socket, room and event, not only counts")
      ->envname("PATCHBAY_ADMIN_UI_LIVE");
  serve
      .add_flag("--admin-ui-read-only", config.admin_ui_read_only,
                "it may not emit, join, leave or disconnect")
      ->envname("PATCHBAY_ADMIN_UI_READ_ONLY");
  serve.add_option("--log-level", config.log_level)
      ->envname("PATCHBAY_LOG_LEVEL")
      ->transform(CLI::CheckedTransformer(levels).description("debug|info|warning|error"));
  serve.add_option("--log-format", config.log_format)
      ->envname("PATCHBAY_LOG_FORMAT")
      ->transform(CLI::CheckedTransformer(formats).description("text|json"));

  serve
      .add_option("--jwt-secret-file", config.jwt_secret_file,
                  "file with the HS256 secret, instead of PATCHBAY_JWT_SECRET or the generated one")
      ->envname("PATCHBAY_JWT_SECRET_FILE");
  serve
      .add_option(
          "--jwt-public-key", config.jwt_public_key_file,
          "PEM public key (RSA or P-256): tokens signed with RS256 or ES256 are accepted beside HS256")
      ->envname("PATCHBAY_JWT_PUBLIC_KEY");
  serve.add_option("--jwt-issuer", config.jwt_issuer, "required 'iss' of tokens")
      ->envname("PATCHBAY_JWT_ISSUER");
  serve.add_option("--jwt-audience", config.jwt_audience, "required 'aud' of tokens")
      ->envname("PATCHBAY_JWT_AUDIENCE");
  serve
      .add_option("--jwt-clock-skew-seconds", config.jwt_clock_skew_seconds, "tolerance for exp, nbf and iat")
      ->envname("PATCHBAY_JWT_CLOCK_SKEW_SECONDS")
      ->check(CLI::Range(0, 600))
      ->capture_default_str();
  serve.add_option("--jwt-lifetime-hours", config.jwt_lifetime_hours, "how long a login lasts")
      ->envname("PATCHBAY_JWT_LIFETIME_HOURS")
      ->check(CLI::Range(1, 24 * 366))
      ->capture_default_str();

  serve
      .add_option("--instances-per-subscription", config.instances_per_subscription,
                  "instances that every subscription may have; 0 is what its tier includes: 5, 20 or 40")
      ->envname("PATCHBAY_INSTANCES_PER_SUBSCRIPTION")
      ->check(CLI::Range(int64_t{0}, int64_t{1'000'000}))
      ->capture_default_str();
  serve.add_option("--events-kept", config.events_kept, "events kept for each instance")
      ->envname("PATCHBAY_EVENTS_KEPT")
      ->check(CLI::Range(uint64_t{100}, uint64_t{10'000'000}))
      ->capture_default_str();
  serve.add_option("--events-days", config.events_days, "days that events are kept")
      ->envname("PATCHBAY_EVENTS_DAYS")
      ->check(CLI::Range(1, 3650))
      ->capture_default_str();
  serve.add_option("--max-body-bytes", config.max_body_bytes, "largest request body")
      ->envname("PATCHBAY_MAX_BODY_BYTES")
      ->check(CLI::Range(1024, 64 * 1024 * 1024))
      ->capture_default_str();
  serve.add_option("--max-payload", config.max_payload_bytes, "largest Socket.IO message, bytes")
      ->envname("PATCHBAY_MAX_PAYLOAD")
      ->check(CLI::Range(1024, 64 * 1024 * 1024))
      ->capture_default_str();
  serve.add_option("--max-subscriptions-per-socket", config.max_subscriptions_per_socket)
      ->envname("PATCHBAY_MAX_SUBSCRIPTIONS_PER_SOCKET")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  serve
      .add_option("--whatsapp-profile", config.whatsapp_profile,
                  "file of the client profile, instead of whatsapp-profile.json in the data folder")
      ->envname("PATCHBAY_WHATSAPP_PROFILE");
  serve
      .add_option("--connects-per-second", config.connects_per_second,
                  "connections to WhatsApp that are opened in a second, at most")
      ->envname("PATCHBAY_CONNECTS_PER_SECOND")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  serve
      .add_option("--connects-opening", config.connects_opening,
                  "connections to WhatsApp that are being opened at the same time, at most")
      ->envname("PATCHBAY_CONNECTS_OPENING")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  add_milliseconds(serve, "--request-timeout-ms", config.request_timeout, "a request must be whole by then",
                   "PATCHBAY_REQUEST_TIMEOUT_MS", 100, 600'000);
  add_milliseconds(serve, "--heartbeat-interval-ms", config.ping_interval, "Engine.IO pings",
                   "PATCHBAY_HEARTBEAT_INTERVAL_MS", 100, 3'600'000);
  add_milliseconds(serve, "--heartbeat-timeout-ms", config.ping_timeout, "wait for the pong",
                   "PATCHBAY_HEARTBEAT_TIMEOUT_MS", 100, 3'600'000);
  add_milliseconds(serve, "--reconnect-delay-ms", config.reconnect_first_delay,
                   "first delay after a lost connection", "PATCHBAY_RECONNECT_DELAY_MS", 10, 3'600'000);
  add_milliseconds(serve, "--reconnect-delay-max-ms", config.reconnect_max_delay, "longest delay",
                   "PATCHBAY_RECONNECT_DELAY_MAX_MS", 10, 86'400'000);
  add_milliseconds(serve, "--drain-timeout-ms", config.drain_timeout, "bound of a graceful stop",
                   "PATCHBAY_DRAIN_TIMEOUT_MS", 100, 600'000);
}

// Secrets come by environment or file, never by argument: arguments are visible to every user of the machine.
std::string secret_from_environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

Invocation read_command_line(int argc, const char* const* argv) {
  Invocation invocation;
  CLI::App app("Patchbay: self-hosted WhatsApp API manager");
  app.set_version_flag("--version", std::string(kVersion));
  app.require_subcommand(1);
  CLI::App* const serve = app.add_subcommand("serve", "serve the API, the realtime endpoint and the panel");
  describe_serve(*serve, invocation.config);
  CLI::App* const watch = app.add_subcommand("watch", "show the instances of a running server, live");
  describe_watch(*watch, invocation.watch);
  describe_offline_commands(app, invocation.offline);
  CLI::App* const sandbox =
      app.add_subcommand("sandbox", "a WhatsApp network in a box, to test clients against");
  describe_sandbox(*sandbox, invocation.sandbox);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    invocation.exit_code = app.exit(error) == 0 ? 0 : 2;
    return invocation;
  }
  if (watch->parsed()) {
    invocation.command = Invocation::Command::kWatch;
    return invocation;
  }
  if (sandbox->parsed()) {
    invocation.command = Invocation::Command::kSandbox;
    return invocation;
  }
  if (!serve->parsed()) {
    invocation.command = Invocation::Command::kOffline;
    return invocation;
  }
  invocation.config.jwt_secret = secret_from_environment("PATCHBAY_JWT_SECRET");
  invocation.config.master_key = secret_from_environment("PATCHBAY_MASTER_KEY");
  invocation.config.admin_ui_password = secret_from_environment("PATCHBAY_ADMIN_UI_PASSWORD");
  if (std::string user = secret_from_environment("PATCHBAY_ADMIN_UI_USER"); !user.empty())
    invocation.config.admin_ui_user = std::move(user);
  invocation.command = Invocation::Command::kServe;
  if (invocation.config.shards == 0)
    invocation.config.shards = std::max(1u, std::thread::hardware_concurrency());
  return invocation;
}

Status check(const Config& config) {
  if (config.tls_certificate.empty() != config.tls_key.empty())
    return fail(ErrorCode::kConfiguration, "--tls-cert and --tls-key belong together; give both or neither");
  if (config.sandbox && !config.sandbox_url.empty())
    return fail(ErrorCode::kConfiguration, "--sandbox and --sandbox-url exclude each other; give one");
  if (config.sandbox_url.empty() != config.sandbox_root.empty())
    return fail(
        ErrorCode::kConfiguration,
        "--sandbox-url and --sandbox-root belong together; `patchbay sandbox` prints both when it starts");
  if (!config.sandbox_root.empty() && !from_hex(config.sandbox_root).and_then(crypto::to_key))
    return fail(ErrorCode::kConfiguration,
                "--sandbox-root has 64 hexadecimal digits, as `patchbay sandbox` prints it");
  if (!config.sandbox_ca.empty() && config.sandbox_url.empty())
    return fail(ErrorCode::kConfiguration, "--sandbox-ca is for a sandbox at --sandbox-url; give that too");
  if ((config.development || config.reaches_sandbox()) && !is_loopback_host(config.host))
    return fail(
        ErrorCode::kConfiguration,
        std::string(config.development ? "--development"
                    : config.sandbox   ? "--sandbox"
                                       : "--sandbox-url") +
            " is for a developer's machine and listens on loopback only; use --host 127.0.0.1 or leave "
            "the switch away");
  if ((config.admin_ui_live || config.admin_ui_read_only) && !config.admin_ui)
    return fail(ErrorCode::kConfiguration,
                "--admin-ui-live and --admin-ui-read-only say how --admin-ui is to be; give that too");
  if (config.admin_ui && config.admin_ui_password.size() < kMinAdminPassword &&
      !(config.development && config.admin_ui_password.empty()))
    return fail(
        ErrorCode::kConfiguration,
        "--admin-ui needs a password of at least " + std::to_string(kMinAdminPassword) +
            " bytes, or its argon2id hash, in PATCHBAY_ADMIN_UI_PASSWORD; only with --development may "
            "there be none");
  if (config.reconnect_max_delay < config.reconnect_first_delay)
    return fail(ErrorCode::kConfiguration, "--reconnect-delay-max-ms is smaller than --reconnect-delay-ms");
  return {};
}

}  // namespace patchbay::app
