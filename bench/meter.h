// What a run cost, from /proc: the server's CPU time and memory, the generator's own CPU time, and how much
// of the machine went to anybody else meanwhile. Linux; one thread.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace patchbay::bench {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

struct Memory {
  double resident = 0;   // bytes, shared pages of the program included
  double anonymous = 0;  // bytes of private heap and stacks
};
Memory memory_of(int pid);

// One flat object of JSON, on one line.
class Report {
 public:
  Report& add(std::string_view key, double value, int digits = 0);
  Report& add(std::string_view key, std::string_view text);
  void print() const;

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

// From begin() to end().
class Meter {
 public:
  explicit Meter(int server_pid) : server_pid_(server_pid) {}
  void begin();
  void end();
  // The server is another process from now on; what the one before used since begin() is kept. Call it while
  // the one before can still be read.
  void server_ends();
  void server_starts(int pid);

  double seconds() const { return seconds_; }
  double server_cpu() const { return server_cpu_; }
  // Adds seconds, server_cpu and generator_cpu (of a core), and `noise`: CPU that others had and time the
  // host took away (steal), in cores. The generator must not have done anything else of note.
  void add_to(Report& report) const;

 private:
  struct Machine {
    double busy = 0;  // seconds of all cores, steal not included
    double steal = 0;
  };
  static Machine machine();
  static double cpu_of(int pid);
  static double own_cpu();

  int server_pid_;
  Clock::time_point begun_;
  double server_begun_ = 0, own_begun_ = 0;
  Machine machine_begun_;
  double seconds_ = 0, server_cpu_ = 0, own_cpu_ = 0, others_cpu_ = 0, steal_ = 0;
};

}  // namespace patchbay::bench
