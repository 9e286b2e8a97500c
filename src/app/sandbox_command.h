// `patchbay sandbox`: a WhatsApp network in a box, for clients under test. Its options and its running; one
// use a process.
#pragma once

#include <cstdint>
#include <string>

namespace CLI {
class App;
}

namespace patchbay::app {

struct SandboxOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 3030;
  bool allow_remote = false;
  std::string seed;  // a number; empty: none
  std::string min_version = "2.3000.0";
  uint32_t answer_deadline_ms = 10'000;
  uint32_t keepalive_deadline_ms = 60'000;
  size_t max_phones = 1'000;
  size_t max_connections = 2'000;
  std::string tls_certificate;
  std::string tls_key;
};

// Adds the command's flags.
void describe_sandbox(CLI::App& command, SandboxOptions& options);

// Serves until SIGTERM or SIGINT. The exit code: 0, or 1 when it could not start (one line on standard
// error).
int run_sandbox(const SandboxOptions& options);

}  // namespace patchbay::app
