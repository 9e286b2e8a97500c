#include <vector>

#include "app/config.h"
#include "app/offline_options.h"
#include "app/program.h"
#include "app/sandbox_command.h"
#include "app/watch.h"
#include "http/static_site.h"

namespace patchbay::app {
std::vector<http::StaticFile> embedded_panel();
std::vector<http::StaticFile> embedded_client();
}  // namespace patchbay::app

int main(int argc, char** argv) {
  const auto invocation = patchbay::app::read_command_line(argc, argv);
  patchbay::app::hide_secrets(argc, argv);
  if (invocation.command == patchbay::app::Invocation::Command::kWatch)
    return patchbay::app::watch(invocation.watch);
  if (invocation.command == patchbay::app::Invocation::Command::kOffline)
    return patchbay::app::run(invocation.offline);
  if (invocation.command == patchbay::app::Invocation::Command::kSandbox)
    return patchbay::app::run_sandbox(invocation.sandbox);
  if (invocation.command != patchbay::app::Invocation::Command::kServe) return invocation.exit_code;
  return patchbay::app::serve(invocation.config, patchbay::app::embedded_panel(),
                              patchbay::app::embedded_client());
}
