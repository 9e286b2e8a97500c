// The Socket.IO Admin UI as the operator has configured it: its login is one account, whose password is kept
// as an argon2id hash and checked on a worker. The functions belong to the start of the program.
#pragma once

#include <memory>

#include "app/config.h"
#include "base/result.h"
#include "base/worker_pool.h"
#include "socketio/admin.h"
#include "socketio/server.h"

namespace patchbay::app {

// Null when it is off. `workers` outlives the server. kConfiguration: the password cannot be used.
Result<std::unique_ptr<socketio::AdminUi>> make_admin_ui(const Config& config, socketio::Server& io,
                                                         WorkerPool& workers);

}  // namespace patchbay::app
