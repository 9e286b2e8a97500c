#include "meter.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <sstream>

#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

namespace patchbay::bench {
namespace {

double ticks_to_seconds(double ticks) {
  return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace

Memory memory_of(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
  Memory memory;
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream fields(line);
    std::string name;
    double kilobytes = 0;
    fields >> name >> kilobytes;
    if (name == "Rss:") memory.resident = kilobytes * 1024;
    if (name == "Anonymous:") memory.anonymous = kilobytes * 1024;
  }
  return memory;
}

Report& Report::add(std::string_view key, double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  fields_.emplace_back(key, text);
  return *this;
}

Report& Report::add(std::string_view key, std::string_view text) {
  fields_.emplace_back(key, '"' + std::string(text) + '"');
  return *this;
}

void Report::print() const {
  std::string line;
  for (const auto& [key, value] : fields_) {
    line += line.empty() ? "{\"" : ",\"";
    line.append(key).append("\":").append(value);
  }
  std::printf("%s}\n", line.c_str());
}

Meter::Machine Meter::machine() {
  std::ifstream file("/proc/stat");
  std::string name;
  double user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0;
  file >> name >> user >> nice >> system >> idle >> iowait >> irq >> softirq >> steal;
  return {.busy = ticks_to_seconds(user + nice + system + irq + softirq), .steal = ticks_to_seconds(steal)};
}

double Meter::cpu_of(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  // The program's name, in brackets, may hold anything.
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::istringstream rest(text.substr(name_end + 2));
  std::string field;
  for (int i = 0; i < 11; ++i) rest >> field;
  double user = 0, system = 0;
  rest >> user >> system;
  return ticks_to_seconds(user + system);
}

double Meter::own_cpu() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void Meter::begin() {
  server_cpu_ = 0;
  server_begun_ = cpu_of(server_pid_);
  own_begun_ = own_cpu();
  machine_begun_ = machine();
  begun_ = Clock::now();
}

void Meter::server_ends() {
  server_cpu_ += cpu_of(server_pid_) - server_begun_;
}

void Meter::server_starts(int pid) {
  server_pid_ = pid;
  server_begun_ = 0;
}

void Meter::end() {
  seconds_ = Seconds(Clock::now() - begun_).count();
  const Machine now = machine();
  server_ends();
  own_cpu_ = own_cpu() - own_begun_;
  others_cpu_ = std::max(0.0, now.busy - machine_begun_.busy - server_cpu_ - own_cpu_);
  steal_ = std::max(0.0, now.steal - machine_begun_.steal);
}

void Meter::add_to(Report& report) const {
  report.add("seconds", seconds_, 3)
      .add("server_cpu", server_cpu_ / seconds_, 3)
      .add("generator_cpu", own_cpu_ / seconds_, 3)
      .add("steal", steal_ / seconds_, 3)
      .add("others", others_cpu_ / seconds_, 3)
      .add("noise", (steal_ + others_cpu_) / seconds_, 3);
}

}  // namespace patchbay::bench
