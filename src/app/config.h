// What the operator decides: read once at start from the command line and the environment, checked whole,
// with errors that say what to change. Immutable afterwards.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/offline_options.h"
#include "app/sandbox_command.h"
#include "app/watch_options.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"

namespace patchbay::app {

enum class QrFormat { kDataUrl, kRaw };

struct Config {
  // --- Where it listens ---
  std::string host = "127.0.0.1";
  uint16_t port = 3000;
  size_t shards = 0;  // 0: one a core
  std::string tls_certificate;
  std::string tls_key;
  std::vector<std::string> cors_origins;

  // --- What it keeps ---
  std::string data_dir = "data";
  uint64_t events_kept = 10'000;
  unsigned events_days = 30;
  int64_t instances_per_subscription = 0;  // 0: as many as its tier includes

  // --- WhatsApp ---
  std::string whatsapp_profile;  // empty: whatsapp-profile.json in the data folder, if there is one
  int connects_per_second = 200;
  size_t connects_opening = 1'000;

  // --- Tokens ---
  std::string jwt_secret;  // from the environment only, or the file below, or made at first start
  std::string jwt_secret_file;
  std::string jwt_public_key_file;  // PEM, RSA or P-256: tokens of an identity provider are accepted too
  std::string jwt_issuer;
  std::string jwt_audience;
  unsigned jwt_clock_skew_seconds = 30;
  unsigned jwt_lifetime_hours = 7 * 24;
  std::string master_key;  // from the environment only; encrypts secrets at rest

  // --- Conveniences that belong on a developer's machine: they bind loopback ---
  bool development = false;  // sockets without credentials are accepted
  bool sandbox = false;  // a WhatsApp network in a box instead of WhatsApp, with phones under /api/sandbox
  // A sandbox in another process instead: its socket address and its root key, 64 hexadecimal digits.
  std::string sandbox_url;
  std::string sandbox_root;
  std::string sandbox_ca;  // PEM, for wss: trusted instead of the system's authorities
  bool reaches_sandbox() const { return sandbox || !sandbox_url.empty(); }

  // --- The Socket.IO Admin UI ---
  bool admin_ui = false;
  bool admin_ui_live = false;  // sockets, rooms and events too, not only counts
  bool admin_ui_read_only = false;
  // From the environment only. The password itself, or its argon2id hash; empty: nobody need log in, which
  // check() allows to --development alone.
  std::string admin_ui_user = "admin";
  std::string admin_ui_password;

  QrFormat qr_format = QrFormat::kDataUrl;
  log::Level log_level = log::Level::kInfo;
  log::Format log_format = log::Format::kText;

  // --- Limits and timings ---
  Milliseconds request_timeout{30'000};
  size_t max_body_bytes = 1'048'576;
  size_t max_payload_bytes = 1'000'000;  // one Socket.IO message
  size_t max_subscriptions_per_socket = 1'000;
  Milliseconds ping_interval{25'000};
  Milliseconds ping_timeout{20'000};
  Milliseconds reconnect_first_delay{5'000};
  Milliseconds reconnect_max_delay{300'000};
  Milliseconds drain_timeout{10'000};
};

// What the command line asked for.
struct Invocation {
  enum class Command { kServe, kWatch, kSandbox, kOffline, kExit };
  Command command = Command::kExit;
  int exit_code = 0;
  Config config;
  WatchOptions watch;
  OfflineCommand offline;
  SandboxOptions sandbox;
};

// Reads argv, then PATCHBAY_* variables for what argv leaves open. Prints help, version and complaints
// itself.
Invocation read_command_line(int argc, const char* const* argv);

// What cannot be told from one option alone: loopback for --development and the sandboxes, certificate with
// key.
Status check(const Config& config);

}  // namespace patchbay::app
