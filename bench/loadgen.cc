// The load generator: many Socket.IO clients on one thread and one epoll. It checks order and loss, takes the
// server's CPU time and memory from /proc, and prints one line of JSON. bench/run drives it.
#include <algorithm>
#include <cstdio>

#include <CLI/CLI.hpp>
#include <sys/resource.h>

#include "load.h"

int main(int argc, char** argv) {
  using namespace patchbay::bench;
  Settings settings;
  CLI::App app("Drives a Socket.IO server and measures what it costs");
  app.add_option("scenario", settings.scenario)
      ->required()
      ->check(CLI::IsMember({"connect", "idle", "echo", "fanout", "avalanche"}));
  app.add_option("--port", settings.port)->required();
  app.add_option("--server-pid", settings.server_pid, "of the server that listens there");
  app.add_option("-n,--connections", settings.connections, "fanout: the publisher included");
  app.add_option("-k,--outstanding", settings.outstanding,
                 "requests under way: per connection, or of the publisher");
  app.add_option("--rate", settings.rate, "publications a second, whatever comes back, instead of -k");
  app.add_option("--rooms", settings.rooms, "the members are spread over so many");
  app.add_flag("--polling", settings.polling,
               "HTTP long-polling instead of WebSocket, but for the publisher");
  app.add_option("--seconds", settings.seconds, "measured");
  app.add_option("--warmup", settings.warmup, "seconds before that");
  app.add_option("--payload", settings.payload, "bytes of a message's object");
  app.add_option("--baseline", settings.baseline, "idle: connections that are not counted");
  app.add_option("server", settings.server, "avalanche, behind --: the command that starts the server");
  CLI11_PARSE(app, argc, argv);
  if ((settings.scenario == "avalanche") == settings.server.empty() ||
      (settings.scenario != "avalanche" && settings.server_pid == 0)) {
    std::fprintf(stderr, "loadgen: avalanche needs -- and a command, the others need --server-pid\n");
    return 2;
  }
  settings.rooms = std::max<size_t>(settings.rooms, 1);
  settings.baseline = std::min(settings.baseline, settings.connections / 2);
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);

  Load load(settings);
  if (settings.scenario == "connect") return run_connect(load);
  if (settings.scenario == "idle") return run_idle(load);
  if (settings.scenario == "echo") return run_echo(load);
  if (settings.scenario == "fanout") return run_fan_out(load);
  return run_avalanche(load);
}
