// For tests only: a blocking TCP client that reads HTTP answers, and ways to wait for a shard. Every wait is
// bounded, so that a broken server fails a test instead of hanging it. Not for production code; one thread.
#pragma once

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "net/shard.h"

namespace patchbay::net::test {

inline constexpr std::chrono::seconds kPatience{30};

// Runs `task` on `shard` and waits for its result.
template <typename Task>
auto on_shard(Shard& shard, Task task) {
  std::packaged_task<decltype(task())()> packaged(std::move(task));
  auto result = packaged.get_future();
  shard.post(std::move(packaged));
  if (result.wait_for(kPatience) != std::future_status::ready)
    throw std::runtime_error("the shard does not answer");
  return result.get();
}

// State that a test waits on while other threads change it.
template <typename State>
class Watched {
 public:
  template <typename Change>
  void change(Change&& how) {
    const std::lock_guard lock(mutex_);
    how(state_);
    changed_.notify_all();
  }
  // False when it did not come true in time.
  [[nodiscard]] bool wait(const std::function<bool(const State&)>& wanted) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return wanted(state_); });
  }
  State get() {
    const std::lock_guard lock(mutex_);
    return state_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  State state_{};
};

// Waits for what no thread announces. False when it did not come true in time.
[[nodiscard]] inline bool eventually(const std::function<bool()>& wanted) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!wanted()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

struct HttpAnswer {
  int status = 0;
  std::map<std::string, std::string> headers;  // names as they came
  std::string body;
};

// Errors, a timeout among them, are exceptions: they fail the test.
class TcpClient {
 public:
  explicit TcpClient(uint16_t port, int receive_buffer = 0)
      : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0) setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error("cannot connect");
    limit_waits();
  }
  // Takes ownership of `fd`, a blocking stream socket.
  static TcpClient adopt(int fd) { return TcpClient(Adopted{fd}); }
  TcpClient(TcpClient&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), buffer_(std::move(other.buffer_)) {}
  ~TcpClient() { close(); }

  int fd() const { return fd_; }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  void finish_sending() { shutdown(fd_, SHUT_WR); }
  // Closes with a reset instead of an orderly end.
  void reset() {
    const linger now{.l_onoff = 1, .l_linger = 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) throw std::runtime_error("cannot send");
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
  }
  // False at the end of the stream, or when the connection was reset.
  bool read_more() {
    char chunk[16 * 1024];
    const ssize_t got = recv(fd_, chunk, sizeof chunk, 0);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
      throw std::runtime_error("nothing came in time");
    if (got <= 0) return false;
    buffer_.append(chunk, static_cast<size_t>(got));
    return true;
  }
  std::string read_exactly(size_t count) {
    while (buffer_.size() < count)
      if (!read_more()) throw std::runtime_error("the connection ended early");
    std::string bytes = buffer_.substr(0, count);
    buffer_.erase(0, count);
    return bytes;
  }
  // Up to and with `end`.
  std::string read_until(std::string_view end) {
    size_t at;
    while ((at = buffer_.find(end)) == std::string::npos)
      if (!read_more()) throw std::runtime_error("the connection ended early");
    return read_exactly(at + end.size());
  }
  std::string read_to_end() {
    while (read_more()) {
    }
    return std::exchange(buffer_, {});
  }
  bool at_end() { return buffer_.empty() && !read_more(); }

  HttpAnswer read_answer(bool head = false) {
    HttpAnswer answer;
    const std::string top = read_until("\r\n\r\n");
    answer.status = std::stoi(top.substr(9, 3));
    for (size_t at = top.find("\r\n") + 2; at + 2 < top.size();) {
      const size_t end = top.find("\r\n", at);
      const size_t colon = top.find(": ", at);
      if (colon < end) answer.headers[top.substr(at, colon - at)] = top.substr(colon + 2, end - colon - 2);
      at = end + 2;
    }
    const auto length = answer.headers.find("Content-Length");
    if (length != answer.headers.end() && !head) answer.body = read_exactly(std::stoul(length->second));
    return answer;
  }
  HttpAnswer get(std::string_view target) {
    send("GET " + std::string(target) + " HTTP/1.1\r\nHost: test\r\n\r\n");
    return read_answer();
  }
  HttpAnswer post(std::string_view target, std::string_view body) {
    send("POST " + std::string(target) + " HTTP/1.1\r\nHost: test\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
    return read_answer();
  }

 private:
  struct Adopted {
    int fd;
  };
  explicit TcpClient(Adopted adopted) : fd_(adopted.fd) { limit_waits(); }
  void limit_waits() const {
    const timeval limit{.tv_sec = kPatience.count(), .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  }

  int fd_;
  std::string buffer_;
};

}  // namespace patchbay::net::test
