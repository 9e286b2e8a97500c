// One Socket.IO client of the load generator, whatever carries it. Not a client library: no copies and no
// checks beyond what a measurement needs. One thread.
#pragma once

#include <cstdint>
#include <string_view>

#include <netinet/in.h>

namespace patchbay::bench {

// What epoll wakes.
class Endpoint {
 public:
  virtual ~Endpoint() = default;
  virtual void on_events(uint32_t mask) = 0;
};

class Client {
 public:
  // Hears of what happens to a client. None of these may destroy it.
  class Events {
   public:
    virtual ~Events() = default;
    // Once it is in the main namespace.
    virtual void on_ready(Client& client) = 0;
    // Every Socket.IO packet afterwards: the text behind Engine.IO's '4'.
    virtual void on_packet(Client& client, std::string_view packet) = 0;
    // The connection ended or could not be made; static text. The client is closed.
    virtual void on_end(Client& client, const char* why) = 0;
  };

  Client(uint16_t port, size_t index, Events& events) : port_(port), index_(index), events_(events) {}
  virtual ~Client() = default;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Starts to connect to 127.0.0.1; the outcome comes through Events. After close() it may be started again.
  virtual void start(int epoll_fd) = 0;
  virtual void close() = 0;
  // Queues one packet; flush() sends what is queued.
  virtual void queue(std::string_view packet) = 0;
  virtual void flush() = 0;
  virtual bool ready() const = 0;

  size_t index() const { return index_; }
  // Gives the client an address of its own in 127.0.0.0/8 instead of 127.0.0.1.
  void use_own_address() { own_address_ = true; }

  // --- The scenario's own ---
  uint64_t next_id = 0;      // of the next request
  uint64_t expected_id = 0;  // of the next answer: order is checked
  uint64_t received = 0;     // number of the last broadcast
  uint32_t attempts = 0;     // to connect again
  bool back = false;
  bool queued_for_flush = false;

 protected:
  // A socket on its way to the server, watched for `endpoint`; -1 when that fails.
  int connect_socket(int epoll_fd, Endpoint& endpoint) const;
  // False when a connect that was under way has failed.
  static bool connected(int fd);

  const uint16_t port_;
  const size_t index_;
  bool own_address_ = false;
  Events& events_;
};

}  // namespace patchbay::bench
