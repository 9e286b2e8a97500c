#include "load_connection.h"

#include <cerrno>
#include <cstring>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "websocket/frame.h"

namespace patchbay::bench {
namespace {

std::vector<char>& read_buffer() {
  static std::vector<char> buffer(256 * 1024);
  return buffer;
}

}  // namespace

LoadConnection::~LoadConnection() {
  if (fd_ >= 0) close(fd_);
}

bool LoadConnection::start(int epoll_fd) {
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return false;
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 && errno != EINPROGRESS)
    return false;
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = this;
  return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd_, &event) == 0;
}

bool LoadConnection::on_writable() {
  if (state_ == State::kConnecting) {
    state_ = State::kUpgrading;
    out_ =
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
        "dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  }
  return flush();
}

void LoadConnection::queue(std::string_view packet) {
  char header[websocket::kMaxFrameHeader];
  // A mask of zeros is a mask: the payload travels as it is.
  const size_t size = websocket::encode_frame_header(header, websocket::Opcode::kText, packet.size() + 1, {});
  out_.append(header, size);
  out_ += '4';
  out_ += packet;
}

bool LoadConnection::flush() {
  while (!out_.empty()) {
    const ssize_t sent = send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN || errno == EINTR;
    out_.erase(0, static_cast<size_t>(sent));
  }
  return true;
}

bool LoadConnection::handle_frame(std::string_view payload,
                                  const std::function<void(LoadConnection&, std::string_view)>& packet) {
  if (payload.empty()) return false;
  if (payload[0] == '4' && state_ == State::kReady) {
    packet(*this, payload.substr(1));
    return true;
  }
  if (payload[0] == '2') {
    char header[websocket::kMaxFrameHeader];
    out_.append(header, websocket::encode_frame_header(header, websocket::Opcode::kText, 1, {}));
    out_ += '3';
    return flush();
  }
  if (payload[0] == '0' && state_ == State::kOpening) {
    state_ = State::kJoining;
    queue("0");
    return flush();
  }
  if (payload.starts_with("40") && state_ == State::kJoining) {
    state_ = State::kReady;
    packet(*this, payload.substr(1));
    return true;
  }
  return false;
}

bool LoadConnection::on_readable(const std::function<void(LoadConnection&, std::string_view)>& packet) {
  for (;;) {
    std::vector<char>& buffer = read_buffer();
    const ssize_t got = recv(fd_, buffer.data(), buffer.size(), 0);
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    if (got == 0) return false;
    const bool more = static_cast<size_t>(got) == buffer.size();
    std::string_view bytes(buffer.data(), static_cast<size_t>(got));
    std::string joined;
    if (!in_.empty()) {
      joined = std::move(in_);
      in_.clear();
      joined += bytes;
      bytes = joined;
    }
    if (state_ == State::kUpgrading) {
      const size_t end = bytes.find("\r\n\r\n");
      if (end == std::string_view::npos) {
        in_ = bytes;
        continue;
      }
      if (!bytes.starts_with("HTTP/1.1 101")) return false;
      state_ = State::kOpening;
      bytes.remove_prefix(end + 4);
    }
    while (bytes.size() >= 2) {
      const auto first = static_cast<uint8_t>(bytes[0]);
      uint64_t size = static_cast<uint8_t>(bytes[1]) & 0x7f;
      size_t header = 2;
      if (size == 126) {
        header = 4;
        if (bytes.size() < header) break;
        size = static_cast<uint64_t>(static_cast<uint8_t>(bytes[2])) << 8 | static_cast<uint8_t>(bytes[3]);
      } else if (size == 127) {
        return false;  // nothing that large is part of any scenario
      }
      if (bytes.size() < header + size) break;
      if ((first & 0x0f) == 8) return false;
      if (!handle_frame(bytes.substr(header, size), packet)) return false;
      bytes.remove_prefix(header + size);
    }
    in_ = bytes;
    if (!more) return true;
  }
}

}  // namespace patchbay::bench
