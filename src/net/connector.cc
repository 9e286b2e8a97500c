#include "net/connector.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace patchbay::net {

void Connector::Deleter::operator()(Connector* connector) const {
  connector->done_ = nullptr;
  connector->self_.reset();
  connector->cancel();
  connector->drop_socket();
  connector->shard_.destroy_later(std::unique_ptr<Disposable>(connector));
}

Connector::Connector(Shard& shard, ConnectOptions options, Done done)
    : shard_(shard),
      options_(std::move(options)),
      done_(std::move(done)),
      self_(std::make_shared<Connector*>(this)),
      deadline_ms_(shard.now_ms() + static_cast<uint64_t>(std::max<int64_t>(options_.timeout.count(), 1))) {}

Connector::~Connector() {
  drop_socket();
}

Connector::Ptr Connector::start(Shard& shard, Resolver& resolver, ConnectOptions options, Done done) {
  Ptr connector(new Connector(shard, std::move(options), std::move(done)));
  shard.schedule(*connector, connector->options_.timeout);
  const std::optional<Proxy>& proxy = connector->options_.proxy;
  resolver.resolve(shard, connector->next_hop(), proxy ? proxy->port : connector->options_.port,
                   [weak = std::weak_ptr(connector->self_)](Result<std::vector<SocketAddress>> addresses) {
                     if (const auto self = weak.lock()) (*self)->on_resolved(std::move(addresses));
                   });
  return connector;
}

std::string Connector::where() const {
  std::string text = "'" + options_.host + "' port " + std::to_string(options_.port);
  if (options_.proxy) text += " through " + options_.proxy->describe();
  return text;
}

void Connector::finish(Result<StreamPtr> result) {
  cancel();
  drop_socket();
  self_.reset();
  Done done = std::move(done_);
  done(std::move(result));
}

void Connector::drop_socket() {
  if (ssl_ != nullptr) SSL_free(std::exchange(ssl_, nullptr));
  if (fd_ < 0) return;
  shard_.unwatch(fd_, *this);
  close(std::exchange(fd_, -1));
}

void Connector::on_resolved(Result<std::vector<SocketAddress>> addresses) {
  if (!addresses) return finish(std::unexpected(std::move(addresses).error()));
  addresses_ = std::move(*addresses);
  try_next();
}

// Each address has its share of the time that is left, so that a silent one does not use up that of the
// others.
void Connector::arm() {
  const uint64_t left = deadline_ms_ > shard_.now_ms() ? deadline_ms_ - shard_.now_ms() : 0;
  const uint64_t candidates = std::max<size_t>(addresses_.size() - next_ + 1, 1);
  shard_.schedule(*this, Milliseconds(static_cast<int64_t>(std::max<uint64_t>(left / candidates, 1))));
}

void Connector::try_next() {
  while (next_ < addresses_.size()) {
    const SocketAddress& address = addresses_[next_++];
    fd_ = socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd_ < 0) {
      attempt_failed(errno);
      continue;
    }
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd_, reinterpret_cast<const sockaddr*>(&address.storage), address.size) != 0 &&
        errno != EINPROGRESS) {
      attempt_failed(errno);
      continue;
    }
    if (const int error = shard_.watch(fd_, *this, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET); error != 0) {
      attempt_failed(error);
      continue;
    }
    return arm();  // a connection made at once is told by epoll as well
  }
  finish(fail(ErrorCode::kServiceUnavailable, "cannot connect to " + where() + ": " + failures_ +
                                                  "; check the address, and that the server runs"));
}

void Connector::attempt_failed(int error) {
  drop_socket();
  if (!failures_.empty()) failures_ += "; ";
  failures_ += std::string(std::strerror(error)) + " (" + addresses_[next_ - 1].text + ")";
}

void Connector::on_events(uint32_t) {
  if (ssl_ != nullptr) return shake_hands();
  if (handshake_) return talk_to_proxy();
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error == 0) {
    // An event before the connection stands: wait for the next.
    sockaddr_storage peer{};
    socklen_t peer_size = sizeof peer;
    if (getpeername(fd_, reinterpret_cast<sockaddr*>(&peer), &peer_size) != 0) return;
    return on_connected();
  }
  attempt_failed(error);
  try_next();
}

void Connector::on_timer() {
  const bool over = shard_.now_ms() >= deadline_ms_;
  if (!over && fd_ >= 0 && ssl_ == nullptr && !handshake_) {
    attempt_failed(ETIMEDOUT);
    return try_next();
  }
  const char* const stage = addresses_.empty() ? "while its name was looked up"
                            : ssl_ != nullptr  ? "during the TLS handshake"
                            : handshake_       ? "while the proxy was asked"
                                               : "while connecting";
  finish(fail(ErrorCode::kRequestTimeout, "cannot connect to " + where() + ": no answer within " +
                                              std::to_string(options_.timeout.count()) + " ms, " + stage));
}

void Connector::on_connected() {
  const uint64_t left = deadline_ms_ > shard_.now_ms() ? deadline_ms_ - shard_.now_ms() : 1;
  shard_.schedule(*this, Milliseconds(static_cast<int64_t>(left)));
  if (!options_.proxy) return on_way_open();
  handshake_.emplace(*options_.proxy, options_.host, options_.port);
  talk_to_proxy();
}

bool Connector::send_to_proxy() {
  to_proxy_ += handshake_->take_output();
  while (!to_proxy_.empty()) {
    const ssize_t sent = send(fd_, to_proxy_.data(), to_proxy_.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
    to_proxy_.erase(0, static_cast<size_t>(sent));
  }
  return true;
}

// Looks at what came and takes only what is the proxy's: what follows belongs to TLS or to the stream's
// owner.
void Connector::talk_to_proxy() {
  for (;;) {
    if (handshake_->state() == ProxyHandshake::State::kFailed) {
      Error error = handshake_->error();
      error.message = "cannot connect to '" + options_.host + "' port " + std::to_string(options_.port) +
                      ": " + error.message;
      return finish(std::unexpected(std::move(error)));
    }
    if (handshake_->state() == ProxyHandshake::State::kDone) {
      if (!to_proxy_.empty())
        return finish(fail(ErrorCode::kServiceUnavailable,
                           "cannot connect to " + where() + ": it answered before it was asked"));
      handshake_.reset();
      return on_way_open();
    }
    if (!send_to_proxy())
      return finish(fail(ErrorCode::kServiceUnavailable,
                         "cannot connect to " + where() + ": it closed the connection",
                         std::strerror(errno)));
    char bytes[2048];
    const ssize_t seen = recv(fd_, bytes, sizeof bytes, MSG_PEEK);
    if (seen < 0 && errno == EINTR) continue;
    if (seen < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (seen <= 0)
      return finish(
          fail(ErrorCode::kServiceUnavailable,
               "cannot connect to " + where() + ": it closed the connection before it gave an answer",
               seen < 0 ? std::strerror(errno) : ""));
    const size_t taken = handshake_->feed({bytes, static_cast<size_t>(seen)});
    if (taken > 0) (void)!recv(fd_, bytes, taken, 0);
  }
}

void Connector::on_way_open() {
  if (options_.tls) {
    ssl_ = options_.tls->make_client_session(fd_, options_.host);
    if (ssl_ == nullptr)
      return finish(
          fail(ErrorCode::kConfiguration,
               "cannot set up TLS for " + where() + ": the context is not for clients, or memory is out"));
    return shake_hands();
  }
  shard_.unwatch(fd_, *this);
  finish(Stream::create(std::exchange(fd_, -1), nullptr, addresses_[next_ - 1].text, options_.stream));
}

void Connector::shake_hands() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_);
  if (result == 1) {
    shard_.unwatch(fd_, *this);
    return finish(Stream::create(std::exchange(fd_, -1), std::exchange(ssl_, nullptr),
                                 addresses_[next_ - 1].text, options_.stream));
  }
  const int error = SSL_get_error(ssl_, result);
  if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) tls_failed(error);
}

void Connector::tls_failed(int error) {
  const long verified = SSL_get_verify_result(ssl_);
  const unsigned long code = ERR_peek_error();
  const int reason = ERR_GET_REASON(code);
  std::string why;
  if (verified != X509_V_OK) {
    why = "its certificate is not trusted: " + std::string(X509_verify_cert_error_string(verified)) +
          "; give the file of the authority that signed it, or the host name it was made for";
  } else if (error == SSL_ERROR_SYSCALL || error == SSL_ERROR_ZERO_RETURN ||
             reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    why = "it closed the connection during the TLS handshake";
  } else if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_PACKET_LENGTH_TOO_LONG) {
    why = "that port does not speak TLS; use http:// or ws:// there";
  } else {
    const char* const text = ERR_reason_error_string(code);
    why = "the TLS handshake failed: " + std::string(text == nullptr ? "unknown reason" : text);
  }
  ERR_clear_error();
  finish(fail(ErrorCode::kConfiguration, "cannot connect to " + where() + ": " + why));
}

}  // namespace patchbay::net
