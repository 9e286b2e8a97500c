// The running server: builds every service, passes each its dependencies, starts and stops them in order.
#pragma once

#include <vector>

#include "app/config.h"
#include "http/static_site.h"

namespace patchbay::app {

// Serves until SIGTERM or SIGINT, then stops gracefully. Returns the exit code: 0 after a graceful stop, 1
// when it could not start (one clear line on standard error) or a stop took longer than drain_timeout. Once
// per process.
// `client`: see socketio::ServerOptions::serve_client.
int serve(const Config& config, std::vector<http::StaticFile> panel, std::vector<http::StaticFile> client);

}  // namespace patchbay::app
