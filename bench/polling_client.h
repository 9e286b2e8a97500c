// A client over HTTP long-polling, as socket.io-client with transports: ["polling"]: one connection holds the
// GET, the other carries the POSTs, one at a time; both are kept open. One thread.
#pragma once

#include <string>

#include "client.h"

namespace patchbay::bench {

class PollingClient final : public Client {
 public:
  PollingClient(uint16_t port, size_t index, Events& events)
      : Client(port, index, events),
        get_(*this, &PollingClient::on_payload),
        post_(*this, &PollingClient::on_posted) {}

  void start(int epoll_fd) override;
  void close() override;
  void queue(std::string_view packet) override;
  void flush() override;
  bool ready() const override { return state_ == State::kReady; }

 private:
  enum class State { kClosed, kOpening, kJoining, kReady };

  // One kept-alive HTTP connection with at most one request under way.
  class Http final : public Endpoint {
   public:
    using Answered = void (PollingClient::*)(std::string_view body);
    Http(PollingClient& owner, Answered answered) : owner_(owner), answered_(answered) {}
    ~Http() override { close(); }
    bool open(int epoll_fd);
    void close();
    void request(std::string_view text);

   private:
    void on_events(uint32_t mask) override;
    void write();
    void read();
    // The body of the answer in in_, when it is whole; ends the client when it is not 200.
    void take_answer();

    PollingClient& owner_;
    const Answered answered_;
    int fd_ = -1;
    bool connected_ = false;
    std::string in_;
    std::string out_;
  };

  void poll();
  void on_payload(std::string_view body);
  void on_posted(std::string_view body);
  void handle(std::string_view packet);
  void append(std::string_view packet);
  void end(const char* why);

  Http get_;
  Http post_;
  State state_ = State::kClosed;
  bool posting_ = false;
  std::string target_;   // path and query, with the session's id
  std::string waiting_;  // packets for the next POST
};

}  // namespace patchbay::bench
