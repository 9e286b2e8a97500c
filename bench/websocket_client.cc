#include "websocket_client.h"

#include <cerrno>
#include <vector>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "websocket/frame.h"

namespace patchbay::bench {
namespace {

constexpr uint32_t kEnd = EPOLLRDHUP | EPOLLHUP | EPOLLERR;

std::vector<char>& read_buffer() {
  static std::vector<char> buffer(256 * 1024);
  return buffer;
}

}  // namespace

WebSocketClient::~WebSocketClient() {
  close();
}

void WebSocketClient::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  state_ = State::kClosed;
  in_.clear();
  out_.clear();
}

void WebSocketClient::end(const char* why) {
  close();
  events_.on_end(*this, why);
}

void WebSocketClient::start(int epoll_fd) {
  fd_ = connect_socket(epoll_fd, *this);
  if (fd_ < 0) return end("no socket");
  state_ = State::kConnecting;
}

void WebSocketClient::on_events(uint32_t mask) {
  if (fd_ >= 0 && mask & EPOLLOUT) on_writable();
  if (fd_ >= 0 && mask & (EPOLLIN | kEnd)) on_readable((mask & kEnd) != 0);
}

void WebSocketClient::on_writable() {
  if (state_ == State::kConnecting) {
    if (!connected(fd_)) return end("refused");
    state_ = State::kUpgrading;
    out_ =
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
        "dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  }
  flush();
}

void WebSocketClient::queue(std::string_view packet) {
  char header[websocket::kMaxFrameHeader];
  // A mask of zeros is a mask: the payload travels as it is.
  const size_t size = websocket::encode_frame_header(header, websocket::Opcode::kText, packet.size() + 1, {});
  out_.append(header, size);
  out_ += '4';
  out_ += packet;
}

void WebSocketClient::flush() {
  while (!out_.empty()) {
    const ssize_t sent = send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EAGAIN) return;
      if (errno == EINTR) continue;
      return end("write failed");
    }
    out_.erase(0, static_cast<size_t>(sent));
  }
}

bool WebSocketClient::handle_frame(std::string_view payload) {
  if (payload.empty()) return end("an empty message"), false;
  if (payload[0] == '4' && state_ == State::kReady) {
    events_.on_packet(*this, payload.substr(1));
  } else if (payload[0] == '2') {
    char header[websocket::kMaxFrameHeader];
    out_.append(header, websocket::encode_frame_header(header, websocket::Opcode::kText, 1, {}));
    out_ += '3';
    flush();
  } else if (payload[0] == '0' && state_ == State::kOpening) {
    state_ = State::kJoining;
    queue("0");
    flush();
  } else if (payload.starts_with("40") && state_ == State::kJoining) {
    state_ = State::kReady;
    events_.on_ready(*this);
  } else {
    end("a packet that was not expected");
  }
  return fd_ >= 0;
}

bool WebSocketClient::consume(std::string_view& bytes) {
  if (state_ == State::kUpgrading) {
    const size_t headers = bytes.find("\r\n\r\n");
    if (headers == std::string_view::npos) return true;
    if (!bytes.starts_with("HTTP/1.1 101")) return end("the upgrade was refused"), false;
    state_ = State::kOpening;
    bytes.remove_prefix(headers + 4);
  }
  while (bytes.size() >= 2) {
    const auto first = static_cast<uint8_t>(bytes[0]);
    size_t size = static_cast<uint8_t>(bytes[1]) & 0x7f;
    size_t header = 2;
    if (size == 126) {
      header = 4;
      if (bytes.size() < header) break;
      size = static_cast<size_t>(static_cast<uint8_t>(bytes[2])) << 8 | static_cast<uint8_t>(bytes[3]);
    } else if (size == 127) {
      return end("a frame larger than any scenario has"), false;
    }
    if (bytes.size() < header + size) break;
    if ((first & 0x0f) == 8) return end("closed by the server"), false;
    if (!handle_frame(bytes.substr(header, size))) return false;
    bytes.remove_prefix(header + size);
  }
  return true;
}

void WebSocketClient::on_readable(bool ended) {
  std::vector<char>& buffer = read_buffer();
  for (;;) {
    const ssize_t got = recv(fd_, buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return end(state_ == State::kConnecting ? "refused" : "the connection ended");
    // The end is not told a second time when it came together with the last bytes.
    const bool more = ended || static_cast<size_t>(got) == buffer.size();
    std::string_view bytes(buffer.data(), static_cast<size_t>(got));
    std::string joined;
    if (!in_.empty()) {
      joined = std::move(in_);
      joined += bytes;
      bytes = joined;
    }
    if (!consume(bytes)) return;
    in_ = bytes;
    if (!more) return;
  }
}

}  // namespace patchbay::bench
