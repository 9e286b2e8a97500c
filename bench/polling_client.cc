#include "polling_client.h"

#include <array>
#include <cerrno>
#include <cstdlib>

#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace patchbay::bench {
namespace {

constexpr char kSeparator = '\x1e';

// Content-Length of an answer's head; SIZE_MAX when it has none.
size_t content_length(std::string_view head) {
  constexpr std::string_view kName = "content-length:";
  for (size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at)) {
    at += 2;
    if (head.size() - at >= kName.size() && strncasecmp(head.data() + at, kName.data(), kName.size()) == 0)
      return std::strtoul(head.data() + at + kName.size(), nullptr, 10);
  }
  return SIZE_MAX;
}

}  // namespace

// --- The HTTP connection -----------------------------------------------------------------------------------

bool PollingClient::Http::open(int epoll_fd) {
  fd_ = owner_.connect_socket(epoll_fd, *this);
  return fd_ >= 0;
}

void PollingClient::Http::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  connected_ = false;
  in_.clear();
  out_.clear();
}

void PollingClient::Http::request(std::string_view text) {
  out_ += text;
  if (connected_) write();
}

void PollingClient::Http::on_events(uint32_t mask) {
  if (fd_ >= 0 && mask & EPOLLOUT) {
    if (!connected_ && !Client::connected(fd_)) return owner_.end("refused");
    connected_ = true;
    write();
  }
  if (fd_ >= 0 && mask & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) read();
}

void PollingClient::Http::write() {
  while (!out_.empty()) {
    const ssize_t sent = send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EAGAIN) return;
      if (errno == EINTR) continue;
      return owner_.end("write failed");
    }
    out_.erase(0, static_cast<size_t>(sent));
  }
}

void PollingClient::Http::read() {
  static std::array<char, 64 * 1024> buffer;
  while (fd_ >= 0) {
    const ssize_t got = recv(fd_, buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return owner_.end("the connection ended");
    in_.append(buffer.data(), static_cast<size_t>(got));
    take_answer();
    if (static_cast<size_t>(got) < buffer.size()) return;
  }
}

void PollingClient::Http::take_answer() {
  const size_t head = in_.find("\r\n\r\n");
  if (head == std::string::npos) return;
  if (!in_.starts_with("HTTP/1.1 200")) return owner_.end("an answer other than 200");
  const size_t length = content_length(std::string_view(in_).substr(0, head + 2));
  if (length == SIZE_MAX) return owner_.end("an answer without Content-Length");
  if (in_.size() < head + 4 + length) return;
  const std::string answer = std::move(in_);
  in_.clear();
  (owner_.*answered_)(std::string_view(answer).substr(head + 4, length));
}

// --- The client --------------------------------------------------------------------------------------------

void PollingClient::end(const char* why) {
  close();
  events_.on_end(*this, why);
}

void PollingClient::close() {
  get_.close();
  post_.close();
  state_ = State::kClosed;
  posting_ = false;
  waiting_.clear();
}

void PollingClient::start(int epoll_fd) {
  if (!get_.open(epoll_fd) || !post_.open(epoll_fd)) return end("no socket");
  state_ = State::kOpening;
  target_ = "/socket.io/?EIO=4&transport=polling";
  poll();
}

void PollingClient::poll() {
  get_.request("GET " + target_ + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
}

void PollingClient::append(std::string_view packet) {
  if (!waiting_.empty()) waiting_ += kSeparator;
  waiting_ += packet;
}

void PollingClient::queue(std::string_view packet) {
  append("4" + std::string(packet));
}

void PollingClient::flush() {
  if (posting_ || waiting_.empty() || state_ == State::kClosed) return;
  posting_ = true;
  post_.request("POST " + target_ +
                " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain;charset=UTF-8\r\nContent-Length: " +
                std::to_string(waiting_.size()) + "\r\n\r\n" + waiting_);
  waiting_.clear();
}

void PollingClient::on_posted(std::string_view body) {
  if (body != "ok") return end("a POST was not answered with ok");
  posting_ = false;
  flush();
}

void PollingClient::on_payload(std::string_view body) {
  while (!body.empty() && state_ != State::kClosed) {
    const size_t size = std::min(body.find(kSeparator), body.size());
    handle(body.substr(0, size));
    body.remove_prefix(std::min(size + 1, body.size()));
  }
  if (state_ == State::kClosed) return;
  flush();
  poll();
}

void PollingClient::handle(std::string_view packet) {
  if (packet.starts_with('4') && state_ == State::kReady) {
    events_.on_packet(*this, packet.substr(1));
  } else if (packet == "2") {
    append("3");
  } else if (packet.starts_with('0') && state_ == State::kOpening) {
    constexpr std::string_view kKey = "\"sid\":\"";
    const size_t at = packet.find(kKey);
    if (at == std::string_view::npos) return end("an open packet without an id");
    const std::string_view rest = packet.substr(at + kKey.size());
    target_.append("&sid=").append(rest.substr(0, rest.find('"')));
    state_ = State::kJoining;
    append("40");
  } else if (packet.starts_with("40") && state_ == State::kJoining) {
    state_ = State::kReady;
    events_.on_ready(*this);
  } else if (packet != "6") {
    end("a packet that was not expected");
  }
}

}  // namespace patchbay::bench
