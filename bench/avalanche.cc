// The avalanche: everybody is connected and in a room, the server dies and is started again at once, and all
// come back as socket.io's client does. Ends when everybody is in the room again and has heard a broadcast.
#include <algorithm>
#include <csignal>
#include <fstream>
#include <queue>
#include <random>
#include <thread>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "histogram.h"
#include "load.h"

namespace patchbay::bench {
namespace {

// The defaults of socket.io-client.
constexpr double kDelay = 1.0, kDelayMax = 5.0, kRandomization = 0.5, kAttemptTimeout = 20.0;
constexpr double kHeartbeat =
    45;  // pingInterval + pingTimeout: so long without a word, and the server is taken for dead
constexpr double kGiveUp = 180;  // seconds

// The server as a child: dies with us.
class Server {
 public:
  explicit Server(const Settings& settings) : settings_(settings) {}
  ~Server() { kill_now(); }
  int pid() const { return pid_; }

  void start() {
    std::vector<char*> arguments;
    arguments.reserve(settings_.server.size() + 1);
    for (const std::string& word : settings_.server) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    pid_ = fork();
    if (pid_ != 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    // Standard output is for the report.
    dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
    execvp(arguments[0], arguments.data());
    _exit(127);
  }
  void kill_now() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  bool wait_until_it_listens() const {
    for (int i = 0; i < 2000; ++i) {
      const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_port = htons(settings_.port);
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      const bool up = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
      close(fd);
      if (up) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
  // The most memory it ever had resident, in bytes.
  double peak_resident() const {
    std::ifstream file("/proc/" + std::to_string(pid_) + "/status");
    for (std::string word; file >> word;)
      if (word == "VmHWM:" && file >> word) return std::stod(word) * 1024;
    return 0;
  }

 private:
  const Settings& settings_;
  int pid_ = 0;
};

class Avalanche {
 public:
  Avalanche(Load& load, Server& server) : load_(load), server_(server), meter_(server.pid()) {}

  int run() {
    if (!load_.open(load_.settings().connections) || !load_.join_rooms(0)) return load_.report_failure();
    back_ = load_.size();
    for (size_t i = 0; i < load_.size(); ++i) load_.client(i).back = true;
    if (!everybody_hears()) return load_.report_failure();
    load_.on_end([this](Client& client) { on_end(client); });
    load_.on_ready([this](Client& client) { load_.queue(client, Load::subscription(0)); });
    started_.assign(load_.size(), Clock::time_point::max());

    meter_.begin();
    died_ = Clock::now();
    meter_.server_ends();
    server_.kill_now();
    server_.start();
    meter_.server_starts(server_.pid());
    while (back_ > 0 && !load_.failed()) {
      if (since_death() > kHeartbeat) lose_who_has_not_noticed();
      load_.poll_once(std::chrono::milliseconds(1));
    }
    all_gone_ = true;
    double all_back = 0;
    do {
      load_.on_packet([this](Client& client, std::string_view packet) {
        if (packet[0] == '3') on_back(client);
      });
      while (back_ < load_.size() && !load_.failed()) step();
      if (all_back == 0) all_back = since_death();
    } while (!load_.failed() && !everybody_hears());
    if (load_.failed()) return load_.report_failure();
    const double all_heard = since_death();
    meter_.end();

    const auto count = static_cast<double>(load_.size());
    Report report;
    report.add("scenario", load_.settings().scenario)
        .add("connections", count)
        .add("all_back_seconds", all_back, 3)
        .add("all_heard_seconds", all_heard, 3)
        .add("back_p50_seconds", back_times_.quantile(0.5) / 1e6, 3)
        .add("back_p99_seconds", back_times_.quantile(0.99) / 1e6, 3)
        .add("failed_attempts", static_cast<double>(failed_attempts_))
        .add("thrown_out", static_cast<double>(thrown_out_))
        .add("server_cpu_seconds", meter_.server_cpu(), 3)
        .add("cpu_ms_per_connect", meter_.server_cpu() * 1000 / count, 4)
        .add("rss_peak", server_.peak_resident());
    meter_.add_to(report);
    report.print();
    return 0;
  }

 private:
  struct Retry {
    Clock::time_point when;
    Client* client;
    bool operator>(const Retry& other) const { return when > other.when; }
  };

  double since_death() const { return Seconds(Clock::now() - died_).count(); }

  void on_end(Client& client) {
    started_[client.index()] = Clock::time_point::max();
    if (std::exchange(client.back, false)) {
      --back_;
      if (all_gone_) ++thrown_out_;
    }
    if (client.attempts > 0) ++failed_attempts_;
    const double delay = kDelay * static_cast<double>(1u << std::min(client.attempts, 10u));
    ++client.attempts;
    std::uniform_real_distribution<double> spread(1 - kRandomization, 1 + kRandomization);
    const Seconds wait(std::min(kDelayMax, delay * spread(random_)));
    retries_.push({Clock::now() + std::chrono::duration_cast<Clock::duration>(wait), &client});
  }

  void lose_who_has_not_noticed() {
    for (size_t i = 0; i < load_.size(); ++i) {
      if (!load_.client(i).back) continue;
      load_.client(i).close();
      on_end(load_.client(i));
    }
  }

  void on_back(Client& client) {
    if (std::exchange(client.back, true)) return;
    started_[client.index()] = Clock::time_point::max();
    client.attempts = 0;
    ++back_;
    back_times_.record(std::chrono::duration_cast<std::chrono::microseconds>(load_.now() - died_).count());
  }

  void step() {
    const auto now = Clock::now();
    while (!retries_.empty() && retries_.top().when <= now) {
      Client& client = *retries_.top().client;
      retries_.pop();
      started_[client.index()] = now;
      client.start(load_.epoll());
    }
    if (now >= next_sweep_) {
      next_sweep_ = now + std::chrono::seconds(1);
      const auto oldest = now - std::chrono::duration_cast<Clock::duration>(Seconds(kAttemptTimeout));
      for (size_t i = 0; i < started_.size(); ++i)
        if (started_[i] < oldest) {
          load_.client(i).close();
          on_end(load_.client(i));
        }
    }
    if (since_death() > kGiveUp)
      load_.fail(std::to_string(load_.size() - back_) + " clients never came back");
    load_.poll_once(std::chrono::milliseconds(1));
  }

  // One broadcast to the room that all are in. False when somebody left meanwhile; it fails the run when
  // nobody did and somebody has not heard it.
  bool everybody_hears() {
    if (load_.failed()) return false;
    size_t heard = 0;
    ++broadcast_;
    load_.on_packet([&](Client& client, std::string_view packet) {
      if (packet[0] != '2') return;
      // Late ones of a broadcast that was given up are of no interest.
      if (number_after(packet, "\"n\":") != broadcast_) return;
      if (client.received == broadcast_) return load_.fail("a broadcast came twice");
      client.received = broadcast_;
      ++heard;
    });
    load_.queue(load_.client(0), "2" + std::to_string(broadcast_) + "[\"publish\",\"room0\"," +
                                     payload_object(load_.settings().payload, broadcast_) + "]");
    const auto give_up = Clock::now() + std::chrono::seconds(30);
    while (heard < load_.size() && back_ == load_.size() && !load_.failed() && Clock::now() < give_up)
      load_.poll_once(std::chrono::milliseconds(100));
    if (heard < load_.size() && back_ == load_.size())
      load_.fail(std::to_string(load_.size() - heard) + " clients did not hear the broadcast");
    load_.on_packet({});
    return heard == load_.size() && !load_.failed();
  }

  Load& load_;
  Server& server_;
  Meter meter_;
  Clock::time_point died_;
  Clock::time_point next_sweep_{};
  std::vector<Clock::time_point> started_;  // of the attempt under way
  std::priority_queue<Retry, std::vector<Retry>, std::greater<>> retries_;
  std::mt19937_64 random_{1};  // the same storm every time
  size_t back_ = 0;
  uint64_t failed_attempts_ = 0;
  uint64_t thrown_out_ = 0;  // not by the crash, but by the server that had taken them back
  bool all_gone_ = false;
  uint64_t broadcast_ = 0;
  Histogram back_times_;
};

}  // namespace

int run_avalanche(Load& load) {
  Server server(load.settings());
  server.start();
  if (!server.wait_until_it_listens()) {
    load.fail("the server does not listen");
    return load.report_failure();
  }
  return Avalanche(load, server).run();
}

}  // namespace patchbay::bench
