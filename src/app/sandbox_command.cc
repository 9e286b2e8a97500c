#include "app/sandbox_command.h"

#include <array>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <optional>

#include <CLI/CLI.hpp>
#include <pthread.h>

#include "app/process_limits.h"
#include "app/sandbox_host.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "http/server.h"
#include "net/tls.h"

namespace patchbay::app {
namespace {

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Result<sandbox::NetworkOptions> network_options(const SandboxOptions& options) {
  sandbox::NetworkOptions network;
  if (!options.seed.empty()) {
    network.seed = parse_number<uint64_t>(options.seed);
    if (!network.seed) return fail(ErrorCode::kConfiguration, "--seed is a whole number");
  }
  std::string_view rest = options.min_version;
  for (size_t i = 0; i < network.min_version.size(); ++i) {
    const size_t dot = i + 1 < network.min_version.size() ? rest.find('.') : rest.size();
    const auto part =
        dot == std::string_view::npos ? std::nullopt : parse_number<uint32_t>(rest.substr(0, dot));
    if (!part)
      return fail(ErrorCode::kConfiguration, "--min-version has three parts, as in 2.3000.1035194821");
    network.min_version[i] = *part;
    rest.remove_prefix(std::min(rest.size(), dot + 1));
  }
  network.answer_deadline = Milliseconds(options.answer_deadline_ms);
  network.keepalive_deadline = Milliseconds(options.keepalive_deadline_ms);
  network.max_phones = options.max_phones;
  network.max_connections = options.max_connections;
  return network;
}

Status serve(const SandboxOptions& options) {
  if (!options.allow_remote && !options.host.starts_with("127.") && options.host != "::1")
    return fail(
        ErrorCode::kConfiguration,
        "a sandbox has no passwords and listens on loopback; with --allow-remote anybody who reaches " +
            options.host + " may use it");
  if (options.tls_certificate.empty() != options.tls_key.empty())
    return fail(ErrorCode::kConfiguration, "--tls-cert and --tls-key belong together; give both or neither");
  PB_ASSIGN(const sandbox::NetworkOptions network, network_options(options));
  http::ServerOptions server_options;
  server_options.listen.host = options.host;
  server_options.listen.port = options.port;
  if (!options.tls_certificate.empty()) {
    PB_ASSIGN(server_options.listen.tls,
              net::TlsContext::from_files(options.tls_certificate, options.tls_key));
  }
  PB_TRY(net::Listener::check_free(server_options.listen));

  raise_descriptor_limit();
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ending, nullptr);

  const SystemClock clock;
  SandboxHost host(clock, network, server_options);
  PB_TRY(host.start());
  std::printf("Sandbox of WhatsApp's wire: nothing here reaches WhatsApp.\n");
  std::printf("clients    %s\n", host.socket_url().c_str());
  std::printf("control    %s\n", host.control_url().c_str());
  std::printf("root key   %s\n", to_hex(crypto::view(host.sandbox().root())).c_str());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&ending, &signal);
  pthread_sigmask(SIG_UNBLOCK, &ending, nullptr);
  host.stop();
  return {};
}

}  // namespace

void describe_sandbox(CLI::App& command, SandboxOptions& options) {
  command.add_option("--host", options.host, "numeric address to listen on")->capture_default_str();
  command.add_option("--port", options.port, "port; 0 lets the kernel choose")->capture_default_str();
  command.add_flag("--allow-remote", options.allow_remote, "allow a --host that others can reach");
  command.add_option("--seed", options.seed, "a number from which all keys and ids follow; without: random");
  command.add_option("--min-version", options.min_version, "clients below it are refused with 405")
      ->capture_default_str();
  command
      .add_option("--answer-deadline-ms", options.answer_deadline_ms,
                  "by then a client must have answered, or it is a violation (milliseconds)")
      ->check(CLI::Range(100, 600'000))
      ->capture_default_str();
  command
      .add_option("--keepalive-deadline-ms", options.keepalive_deadline_ms,
                  "a client that is silent for so long is a violation (milliseconds)")
      ->check(CLI::Range(1'000, 600'000))
      ->capture_default_str();
  command.add_option("--max-phones", options.max_phones, "accounts, at most")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  command
      .add_option("--max-connections", options.max_connections, "connections of clients at a time, at most")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  command.add_option("--tls-cert", options.tls_certificate,
                     "PEM certificate chain; with --tls-key, wss:// is served");
  command.add_option("--tls-key", options.tls_key, "PEM private key");
}

int run_sandbox(const SandboxOptions& options) {
  const Status status = serve(options);
  if (status) return 0;
  std::fprintf(stderr, "patchbay: %s\n", status.error().message.c_str());
  if (!status.error().detail.empty())
    std::fprintf(stderr, "patchbay: cause: %s\n", status.error().detail.c_str());
  return 1;
}

}  // namespace patchbay::app
