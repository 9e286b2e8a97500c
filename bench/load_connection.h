// One Socket.IO client of the load generator: WebSocket only, no copies, no checks beyond what a measurement
// needs. Not a client library.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace patchbay::bench {

class LoadConnection {
 public:
  enum class State { kConnecting, kUpgrading, kOpening, kJoining, kReady, kFailed };

  // Starts a non-blocking connect to 127.0.0.1. `packet` is called for every Socket.IO packet once ready,
  // with the text behind Engine.IO's '4'.
  LoadConnection(uint16_t port, size_t index) : port_(port), index_(index) {}
  ~LoadConnection();
  LoadConnection(const LoadConnection&) = delete;

  bool start(int epoll_fd);
  // Reads all there is, calling `packet(*this, text)`. False when the connection ended.
  bool on_readable(const std::function<void(LoadConnection&, std::string_view)>& packet);
  bool on_writable();
  // Queues one text frame "4<packet>"; flush() sends what is queued.
  void queue(std::string_view packet);
  bool flush();

  State state() const { return state_; }
  size_t index() const { return index_; }
  bool dirty() const { return !out_.empty(); }

  // --- The scenario's own ---
  uint64_t next_id = 0;      // of the next request
  uint64_t expected_id = 0;  // of the next answer: order is checked
  uint64_t received = 0;
  bool queued_for_flush = false;

 private:
  bool handle_frame(std::string_view payload,
                    const std::function<void(LoadConnection&, std::string_view)>& packet);

  const uint16_t port_;
  const size_t index_;
  int fd_ = -1;
  State state_ = State::kConnecting;
  std::string in_;  // an incomplete rest
  std::string out_;
};

}  // namespace patchbay::bench
