// For tests only: a real little proxy on 127.0.0.1 that speaks HTTP CONNECT and SOCKS5, with or without
// credentials, connects to whatever it is asked for on this machine and carries bytes both ways. Every name
// is this machine's. Threads of its own; not for production code.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "net/proxy.h"
#include "net/test_client.h"

namespace patchbay::net::test {

class TestProxy {
 public:
  struct Options {
    std::string user;  // empty: everybody may
    std::string password;
    // Sent to whoever connects, instead of being a proxy; then the connection is held open.
    std::string instead;
    // Sent behind the good answer, before any byte of the target.
    std::string behind_answer;
    bool hang_up = false;  // at once
  };

  explicit TestProxy(Proxy::Kind kind, Options options)
      : kind_(kind), options_(std::move(options)), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 16) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error("no port for the test's proxy");
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  explicit TestProxy(Proxy::Kind kind) : TestProxy(kind, Options()) {}
  ~TestProxy() {
    stopping_ = true;
    acceptor_.join();
    for (std::thread& each : carriers_) each.join();
    ::close(listener_);
  }
  TestProxy(const TestProxy&) = delete;
  TestProxy& operator=(const TestProxy&) = delete;

  uint16_t port() const { return port_; }
  // How it is named in ConnectOptions, with its credentials.
  Proxy address() const {
    return {.kind = kind_,
            .host = "127.0.0.1",
            .port = port_,
            .user = options_.user,
            .password = options_.password};
  }
  // What it was asked for, "host:port", in turn.
  std::vector<std::string> asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  static sockaddr_in loopback(uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  void accept_all() {
    while (!stopping_) {
      pollfd waiting{.fd = listener_, .events = POLLIN, .revents = 0};
      if (poll(&waiting, 1, 20) <= 0) continue;
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd >= 0) carriers_.emplace_back([this, fd] { serve(fd); });
    }
  }

  void serve(int fd) {
    TcpClient client = TcpClient::adopt(fd);
    try {
      if (options_.hang_up) return;
      if (!options_.instead.empty()) {
        client.send(options_.instead);
        while (!stopping_) std::this_thread::sleep_for(std::chrono::milliseconds(5));
        return;
      }
      const int target = kind_ == Proxy::Kind::kHttp ? serve_http(client) : serve_socks(client);
      if (target < 0) return;
      carry(client.fd(), target);
      ::close(target);
    } catch (const std::exception&) {
      // The test sees a connection that ends.
    }
  }

  int connect_to(const std::string& host, uint16_t port) {
    {
      const std::lock_guard lock(mutex_);
      asked_.push_back(host + ":" + std::to_string(port));
    }
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(port);
    if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
    ::close(fd);
    return -1;
  }

  int serve_http(TcpClient& client) {
    const std::string head = client.read_until("\r\n\r\n");
    if (!head.starts_with("CONNECT ")) {
      client.send("HTTP/1.1 405 Method Not Allowed\r\n\r\n");
      return -1;
    }
    const std::string expected =
        "\r\nProxy-Authorization: Basic " + base64_encode(options_.user + ":" + options_.password) + "\r\n";
    if (!options_.user.empty() && head.find(expected) == std::string::npos) {
      client.send(
          "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n");
      return -1;
    }
    const std::string place = head.substr(8, head.find(' ', 8) - 8);
    const size_t colon = place.rfind(':');
    const int target =
        connect_to(place.substr(0, colon), static_cast<uint16_t>(std::stoi(place.substr(colon + 1))));
    client.send((target < 0
                     ? "HTTP/1.1 502 Bad Gateway\r\n\r\n"
                     : "HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n" + options_.behind_answer));
    return target;
  }

  int serve_socks(TcpClient& client) {
    const std::string greeting = client.read_exactly(2);
    const std::string methods = client.read_exactly(static_cast<uint8_t>(greeting[1]));
    const char wanted = options_.user.empty() ? '\0' : '\x02';
    if (methods.find(wanted) == std::string::npos) {
      client.send("\x05\xff");
      return -1;
    }
    client.send({std::string("\x05") + wanted});
    if (wanted == '\x02') {
      const std::string user = client.read_exactly(static_cast<uint8_t>(client.read_exactly(2)[1]));
      const std::string password = client.read_exactly(static_cast<uint8_t>(client.read_exactly(1)[0]));
      const bool good = user == options_.user && password == options_.password;
      client.send({good ? "\x01\0" : "\x01\x07", 2});
      if (!good) return -1;
    }
    const std::string request = client.read_exactly(4);
    std::string host;
    if (request[3] == 1) {
      const std::string figures = client.read_exactly(4);
      for (const char c : figures)
        host += (host.empty() ? "" : ".") + std::to_string(static_cast<uint8_t>(c));
    } else {
      host = client.read_exactly(static_cast<uint8_t>(client.read_exactly(1)[0]));
    }
    const std::string port = client.read_exactly(2);
    const int target = connect_to(
        host, static_cast<uint16_t>(static_cast<uint8_t>(port[0]) << 8 | static_cast<uint8_t>(port[1])));
    // Bound to a name, so that the length of the answer has to be read.
    client.send(std::string("\x05") + (target < 0 ? '\x05' : '\0') +
                std::string("\0\x03\x04here\x12\x34", 9) + (target < 0 ? "" : options_.behind_answer));
    return target;
  }

  void carry(int one, int other) {
    const std::pair<int, int> ways[] = {{one, other}, {other, one}};
    while (!stopping_) {
      pollfd waiting[] = {{.fd = one, .events = POLLIN, .revents = 0},
                          {.fd = other, .events = POLLIN, .revents = 0}};
      if (poll(waiting, 2, 20) <= 0) continue;
      for (size_t i = 0; i < 2; ++i) {
        if (waiting[i].revents == 0) continue;
        char bytes[16 * 1024];
        const ssize_t got = recv(ways[i].first, bytes, sizeof bytes, 0);
        if (got <= 0) return;
        for (ssize_t sent = 0; sent < got;) {
          const ssize_t now =
              send(ways[i].second, bytes + sent, static_cast<size_t>(got - sent), MSG_NOSIGNAL);
          if (now <= 0) return;
          sent += now;
        }
      }
    }
  }

  const Proxy::Kind kind_;
  const Options options_;
  const int listener_;
  uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::thread acceptor_;
  std::vector<std::thread> carriers_;  // the acceptor's
  mutable std::mutex mutex_;
  std::vector<std::string> asked_;  // guarded by mutex_
};

}  // namespace patchbay::net::test
