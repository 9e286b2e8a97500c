// The load generator: many Socket.IO clients on one thread and one epoll, closed loops with a given number of
// requests outstanding. It checks order and loss, takes the server's CPU time from /proc, and prints one line
// of JSON. bench/run.mjs drives it.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "load_connection.h"

namespace {

using patchbay::bench::LoadConnection;
using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

struct Settings {
  std::string scenario;
  uint16_t port = 3000;
  int server_pid = 0;
  size_t connections = 200;
  size_t outstanding = 1;
  size_t rooms = 1;
  double seconds = 2;
  double warmup = 0.7;
  size_t payload = 128;
  size_t opening = 64;  // handshakes at a time
  double settle = 1;    // idle seconds before memory is read
};

// utime + stime of the server, in seconds.
double server_cpu(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  std::istringstream rest(text.substr(text.rfind(')') + 2));
  std::string field;
  for (int i = 0; i < 11; ++i) rest >> field;
  double user = 0, system = 0;
  rest >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double server_rss(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/statm");
  double total = 0, resident = 0;
  file >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

double own_cpu() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// A JSON object of about `bytes` characters that carries a number.
std::string payload_object(size_t bytes, uint64_t number) {
  std::string text = "{\"n\":" + std::to_string(number) + ",\"instanceId\":\"bench\",\"pad\":\"";
  if (text.size() + 2 < bytes) text.append(bytes - text.size() - 2, 'x');
  return text + "\"}";
}

uint64_t number_after(std::string_view text, std::string_view key) {
  const size_t at = text.find(key);
  if (at == std::string_view::npos) return UINT64_MAX;
  uint64_t value = 0;
  for (size_t i = at + key.size(); i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i)
    value = value * 10 + static_cast<uint64_t>(text[i] - '0');
  return value;
}

class Load {
 public:
  explicit Load(Settings settings) : settings_(std::move(settings)), epoll_(epoll_create1(EPOLL_CLOEXEC)) {}

  int run() {
    const double rss_start = server_rss(settings_.server_pid);
    const double cpu_start = server_cpu(settings_.server_pid);
    const auto start = Clock::now();
    if (!open_all()) return fail("a connection failed while opening");
    const double took = Seconds(Clock::now() - start).count();
    const double cpu = server_cpu(settings_.server_pid) - cpu_start;
    if (settings_.scenario == "connect") {
      pump_for(settings_.settle);
      const double rss = server_rss(settings_.server_pid);
      const auto n = static_cast<double>(settings_.connections);
      std::printf(
          "{\"scenario\":\"connect\",\"connections\":%zu,\"per_second\":%.0f,\"cpu_ms_per_connect\":%.4f,"
          "\"rss_start\":%.0f,\"rss_held\":%.0f,\"bytes_per_connection\":%.0f,\"generator_cpu\":%.2f}\n",
          settings_.connections, n / took, cpu * 1000 / n, rss_start, rss, (rss - rss_start) / n,
          own_cpu() / took);
      return 0;
    }
    return settings_.scenario == "echo" ? echo() : fan_out();
  }

 private:
  int fail(const char* what) {
    std::fprintf(stderr, "loadgen: %s%s%s\n", what, error_.empty() ? "" : ": ", error_.c_str());
    return 1;
  }

  bool open_all() {
    connections_.reserve(settings_.connections);
    while (ready_ < settings_.connections && error_.empty()) {
      while (connections_.size() < settings_.connections &&
             connections_.size() - ready_ < settings_.opening) {
        connections_.push_back(std::make_unique<LoadConnection>(settings_.port, connections_.size()));
        if (!connections_.back()->start(epoll_)) return false;
      }
      poll_once(1000);
    }
    return error_.empty();
  }

  void poll_once(int wait_ms) {
    std::array<epoll_event, 1024> events;
    const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), wait_ms);
    for (int i = 0; i < count; ++i) {
      auto& connection = *static_cast<LoadConnection*>(events[static_cast<size_t>(i)].data.ptr);
      const uint32_t mask = events[static_cast<size_t>(i)].events;
      if (mask & EPOLLOUT && !connection.on_writable()) error_ = "write failed";
      if (mask & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR) && !connection.on_readable(on_packet_))
        error_ = "connection " + std::to_string(connection.index()) + " ended";
    }
    for (LoadConnection* const connection : dirty_) {
      connection->queued_for_flush = false;
      if (!connection->flush()) error_ = "write failed";
    }
    dirty_.clear();
  }

  void pump_for(double seconds) {
    const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(Seconds(seconds));
    while (Clock::now() < end && error_.empty()) poll_once(10);
  }

  void queue(LoadConnection& connection, std::string_view packet) {
    connection.queue(packet);
    if (connection.queued_for_flush) return;
    connection.queued_for_flush = true;
    dirty_.push_back(&connection);
  }

  // --- echo: each connection keeps `outstanding` requests under way ---
  void send_echo(LoadConnection& connection) {
    queue(connection, "2" + std::to_string(connection.next_id++) + echo_tail_);
  }
  int echo() {
    echo_tail_ = "[\"echo\"," + payload_object(settings_.payload, 7) + "]";
    handler_ = [this](LoadConnection& connection, std::string_view packet) {
      const uint64_t id = number_after(packet, "3");
      if (packet[0] != '3' || id != connection.expected_id++ || packet.size() < settings_.payload)
        error_ = "a wrong or reordered answer: " + std::string(packet.substr(0, 60));
      ++answers_;
      send_echo(connection);
    };
    for (auto& connection : connections_)
      for (size_t i = 0; i < settings_.outstanding; ++i) send_echo(*connection);
    return measure([this] { return answers_; });
  }

  // --- fan-out: `rooms` rooms of members, one publisher with `outstanding` publications under way ---
  void publish() {
    const size_t room = published_++ % settings_.rooms;
    queue(*connections_[0], "2" + std::to_string(connections_[0]->next_id++) + "[\"publish\",\"room" +
                                std::to_string(room) + "\"," + payload_object(settings_.payload, published_) +
                                "]");
    in_flight_.push_back({published_, members_of(room)});
  }
  size_t members_of(size_t room) const {
    const size_t members = connections_.size() - 1;
    return members / settings_.rooms + (room < members % settings_.rooms ? 1 : 0);
  }
  int fan_out() {
    size_t joined = 0;
    handler_ = [&joined](LoadConnection&, std::string_view packet) { joined += packet[0] == '3'; };
    for (size_t i = 1; i < connections_.size(); ++i)
      queue(*connections_[i],
            "20[\"subscribe:instance\",\"room" + std::to_string((i - 1) % settings_.rooms) + "\"]");
    const auto give_up = Clock::now() + std::chrono::seconds(20);
    while (joined + 1 < connections_.size() && error_.empty() && Clock::now() < give_up) poll_once(100);
    if (joined + 1 < connections_.size()) return fail("not everybody could join");
    handler_ = [this](LoadConnection& connection, std::string_view packet) {
      if (packet[0] == '3') return;  // the publisher's own acknowledgement
      const uint64_t number = number_after(packet, "\"n\":");
      if (number <= connection.received || number == UINT64_MAX) {
        error_ = "a broadcast out of order";
        return;
      }
      connection.received = number;
      ++answers_;
      InFlight& flight = in_flight_[number - in_flight_.front().number];
      if (--flight.missing > 0) return;
      ++completed_;
      while (!in_flight_.empty() && in_flight_.front().missing == 0) {
        in_flight_.erase(in_flight_.begin());
        publish();
      }
    };
    for (size_t i = 0; i < settings_.outstanding; ++i) publish();
    return measure([this] { return answers_; });
  }

  template <typename Count>
  int measure(Count count) {
    pump_for(settings_.warmup);
    const uint64_t first = count();
    const double cpu_first = server_cpu(settings_.server_pid);
    const double own_first = own_cpu();
    const auto start = Clock::now();
    pump_for(settings_.seconds);
    const double took = Seconds(Clock::now() - start).count();
    const auto messages = static_cast<double>(count() - first);
    const double cpu = server_cpu(settings_.server_pid) - cpu_first;
    if (!error_.empty()) return fail("failed while measuring");
    if (messages == 0) return fail("nothing was answered");
    std::printf(
        "{\"scenario\":\"%s\",\"connections\":%zu,\"outstanding\":%zu,\"rooms\":%zu,\"per_second\":%.0f,"
        "\"cpu_seconds_per_million\":%.3f,\"server_cpu\":%.2f,\"generator_cpu\":%.2f}\n",
        settings_.scenario.c_str(), settings_.connections, settings_.outstanding, settings_.rooms,
        messages / took, cpu * 1e6 / messages, cpu / took, (own_cpu() - own_first) / took);
    return 0;
  }

  struct InFlight {
    uint64_t number;
    size_t missing;
  };

  const Settings settings_;
  const int epoll_;
  std::vector<std::unique_ptr<LoadConnection>> connections_;
  std::vector<LoadConnection*> dirty_;
  size_t ready_ = 0;
  std::string error_;
  std::string echo_tail_;
  uint64_t answers_ = 0;
  uint64_t published_ = 0;
  uint64_t completed_ = 0;
  std::vector<InFlight> in_flight_;
  std::function<void(LoadConnection&, std::string_view)> handler_;
  const std::function<void(LoadConnection&, std::string_view)> on_packet_ = [this](LoadConnection& connection,
                                                                                   std::string_view packet) {
    if (packet[0] == '0') {
      ++ready_;
    } else if (handler_) {
      handler_(connection, packet);
    }
  };
};

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app("Drives a Socket.IO server and measures what it costs");
  app.add_option("scenario", settings.scenario)
      ->required()
      ->check(CLI::IsMember({"connect", "echo", "fanout"}));
  app.add_option("--port", settings.port)->required();
  app.add_option("--server-pid", settings.server_pid)->required();
  app.add_option("-n,--connections", settings.connections);
  app.add_option("-k,--outstanding", settings.outstanding,
                 "requests under way: per connection, or of the publisher");
  app.add_option("--rooms", settings.rooms);
  app.add_option("--seconds", settings.seconds);
  app.add_option("--warmup", settings.warmup);
  app.add_option("--payload", settings.payload);
  app.add_option("--settle", settings.settle);
  CLI11_PARSE(app, argc, argv);
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  return Load(settings).run();
}
