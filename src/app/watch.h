// `patchbay watch`: a live view of a server's instances in a terminal, over its REST interface and Socket.IO
// like any other client. Reconnects by itself.
#pragma once

#include "app/watch_options.h"

namespace patchbay::app {

// Runs until SIGINT or SIGTERM, until nobody reads standard output any more, or until it makes no sense to go
// on. Returns one of the exit codes of watch_options.h; complaints are single lines on standard error and
// never hold the credential. Once per process.
int watch(const WatchOptions& options);

}  // namespace patchbay::app
