// The command lines of what is done to a stopped server: rotate-master-key, session export, session import.
// One thread.
#pragma once

#include <variant>

#include "app/master_key.h"
#include "app/session_commands.h"

namespace CLI {
class App;
}

namespace patchbay::app {

using OfflineCommand = std::variant<std::monostate, MasterKeyChange, SessionCommand>;

// Adds them to `app`. When one was given, `command` holds it after parsing, but for its secrets.
void describe_offline_commands(CLI::App& app, OfflineCommand& command);

// Fills in what comes by environment alone, and does it. The exit code.
int run(OfflineCommand command);

}  // namespace patchbay::app
