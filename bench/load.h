// The clients of one run on one thread and one epoll: opening them, joining rooms, sending, and the first
// thing that went wrong. The scenarios stand on it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "client.h"
#include "meter.h"

namespace patchbay::bench {

struct Settings {
  std::string scenario;
  uint16_t port = 3000;
  int server_pid = 0;
  size_t connections = 200;
  size_t outstanding = 1;  // requests under way: of each connection, or of the publisher
  size_t rooms = 1;
  double rate = 0;  // publications a second instead of `outstanding`
  bool polling = false;
  double seconds = 2;
  double warmup = 0.7;
  size_t payload = 128;             // bytes of a message's object, about
  size_t baseline = 1000;           // idle connections that are not counted
  std::vector<std::string> server;  // the server's command, where the scenario starts it itself
};

// A JSON object of about `bytes` characters that carries a number as "n".
std::string payload_object(size_t bytes, uint64_t number);
// The digits behind the first `key`; UINT64_MAX without any.
uint64_t number_after(std::string_view text, std::string_view key);

class Load final : private Client::Events {
 public:
  using PacketHandler = std::function<void(Client& client, std::string_view packet)>;
  using ClientHandler = std::function<void(Client& client)>;

  explicit Load(const Settings& settings);
  ~Load() override;

  // Connects until there are `count` clients. The first is the publisher, over WebSocket whatever the rest
  // use.
  bool open(size_t count);
  // Lets clients first.. join their room, number (index - 1) % rooms, and waits until all are told that they
  // have.
  bool join_rooms(size_t first);
  static std::string subscription(size_t room);

  // Handles what is ready, waiting for it for up to `wait`, then sends what was queued.
  void poll_once(std::chrono::nanoseconds wait);
  void pump_for(double seconds);
  void queue(Client& client, std::string_view packet);

  void on_packet(PacketHandler handler) { packet_handler_ = std::move(handler); }
  // Instead of a failure of the run: for scenarios in which connections end.
  void on_end(ClientHandler handler) { end_handler_ = std::move(handler); }
  void on_ready(ClientHandler handler) { ready_handler_ = std::move(handler); }

  Client& client(size_t index) { return *clients_[index]; }
  size_t size() const { return clients_.size(); }
  const Settings& settings() const { return settings_; }
  // When the events now being handled were found.
  Clock::time_point now() const { return now_; }
  int epoll() const { return epoll_; }

  void fail(std::string why);
  bool failed() const { return !error_.empty(); }
  // Tells what went wrong; the exit status of the program.
  int report_failure() const;

 private:
  void on_ready(Client& client) override;
  void on_packet(Client& client, std::string_view packet) override;
  void on_end(Client& client, const char* why) override;
  void flush_queued();

  static constexpr size_t kOpening = 64;  // handshakes at a time

  const Settings settings_;
  const int epoll_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<Client*> queued_;
  size_t ready_ = 0;
  Clock::time_point now_;
  std::string error_;
  PacketHandler packet_handler_;
  ClientHandler ready_handler_;
  ClientHandler end_handler_;
};

// --- The scenarios: each prints its report and returns the exit status ---
int run_connect(Load& load);
int run_idle(Load& load);
int run_echo(Load& load);
int run_fan_out(Load& load);
int run_avalanche(Load& load);

}  // namespace patchbay::bench
