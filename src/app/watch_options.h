// What `patchbay watch` was asked for. Read once at start; immutable afterwards.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace CLI {
class App;
}

namespace patchbay::app {

struct WatchOptions {
  std::string url = "http://127.0.0.1:3000";
  std::string token;       // a login token or an API key
  std::string token_file;  // holds it instead
  std::string api_key;     // the same as token, for those who look for the word
  std::string ca_file;
  std::vector<std::string> instances;  // ids; empty: all
  bool json = false;
  bool insecure = false;
};

// Exit codes of watch().
inline constexpr int kWatchEnded = 0;    // by SIGINT, SIGTERM, or a reader that went away
inline constexpr int kWatchFailed = 1;   // the server cannot be reached, or answers what makes no sense
inline constexpr int kWatchMisused = 2;  // the command line makes no sense
inline constexpr int kWatchRefused = 3;  // the server refuses the credentials

// Adds the command's flags.
void describe_watch(CLI::App& command, WatchOptions& options);

// The one credential of the options and PATCHBAY_TOKEN. Errors say what to give; none quotes a secret.
Result<std::string> read_credential(const WatchOptions& options);
// An API key by its form.
bool is_api_key(const std::string& credential);

// Overwrites the values of --token and --api-key in the program's arguments, which every user of the machine
// can read. They were visible until now: the environment or a file never are.
void hide_secrets(int argc, char** argv);

}  // namespace patchbay::app
