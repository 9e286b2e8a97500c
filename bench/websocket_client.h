// A client over WebSocket from the start, as socket.io-client with transports: ["websocket"]. One thread.
#pragma once

#include <string>

#include "client.h"

namespace patchbay::bench {

class WebSocketClient final : public Client, private Endpoint {
 public:
  using Client::Client;
  ~WebSocketClient() override;

  void start(int epoll_fd) override;
  void close() override;
  void queue(std::string_view packet) override;
  void flush() override;
  bool ready() const override { return state_ == State::kReady; }

 private:
  enum class State { kClosed, kConnecting, kUpgrading, kOpening, kJoining, kReady };

  void on_events(uint32_t mask) override;
  void on_writable();
  void on_readable(bool ended);
  // Consumes what is whole; false when the connection has ended.
  bool consume(std::string_view& bytes);
  bool handle_frame(std::string_view payload);
  void end(const char* why);

  int fd_ = -1;
  State state_ = State::kClosed;
  std::string in_;  // an incomplete rest
  std::string out_;
};

}  // namespace patchbay::bench
