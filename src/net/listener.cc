#include "net/listener.h"

#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"

namespace patchbay::net {
namespace {

// Connections taken in one turn, so that a storm of them does not starve those that are there.
constexpr int kAcceptsPerTurn = 64;
// How long to leave the queue alone when descriptors have run out.
constexpr Milliseconds kDescriptorPause{100};

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

Result<Address> parse_address(const ListenOptions& options) {
  Address address;
  if (auto* const v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
      inet_pton(AF_INET, options.host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(options.port);
    address.size = sizeof *v4;
    return address;
  }
  if (auto* const v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
      inet_pton(AF_INET6, options.host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(options.port);
    address.size = sizeof *v6;
    return address;
  }
  return fail(ErrorCode::kConfiguration,
              "'" + options.host +
                  "' is not a numeric IPv4 or IPv6 address to listen on; for example 127.0.0.1, "
                  "0.0.0.0 or ::");
}

std::string numeric_address(const sockaddr_storage& storage) {
  char text[INET6_ADDRSTRLEN] = "";
  if (storage.ss_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(storage).sin_addr, text, sizeof text);
  } else {
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr, text, sizeof text);
    if (const std::string_view view(text); view.starts_with("::ffff:")) return std::string(view.substr(7));
  }
  return text;
}

Result<int> bind_socket(const ListenOptions& options, bool share_port) {
  PB_ASSIGN(const Address address, parse_address(options));
  const int fd = socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return fail(ErrorCode::kConfiguration, std::string("cannot open a socket: ") + std::strerror(errno));
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (share_port) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address.storage), address.size) == 0) return fd;
  const int error = errno;
  close(fd);
  const std::string where = options.host + " port " + std::to_string(options.port);
  if (error == EADDRINUSE)
    return fail(ErrorCode::kConfiguration, "cannot listen on " + where +
                                               ": the port is taken by another program; stop it or choose "
                                               "another with --port");
  if (error == EACCES)
    return fail(
        ErrorCode::kConfiguration,
        "cannot listen on " + where + ": permission denied; ports under 1024 need CAP_NET_BIND_SERVICE");
  return fail(ErrorCode::kConfiguration, "cannot listen on " + where + ": " + std::strerror(error));
}

}  // namespace

Status Listener::check_free(const ListenOptions& options) {
  if (options.port == 0) return {};
  PB_ASSIGN(const int fd, bind_socket(options, false));
  close(fd);
  return {};
}

Result<std::unique_ptr<Listener>> Listener::open(const ListenOptions& options) {
  PB_ASSIGN(const int fd, bind_socket(options, true));
  if (listen(fd, options.backlog) != 0) {
    const int error = errno;
    close(fd);
    return fail(ErrorCode::kConfiguration, std::string("cannot listen: ") + std::strerror(error));
  }
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size);
  const uint16_t port = ntohs(bound.ss_family == AF_INET ? reinterpret_cast<sockaddr_in&>(bound).sin_port
                                                         : reinterpret_cast<sockaddr_in6&>(bound).sin6_port);
  return std::unique_ptr<Listener>(new Listener(fd, port, options));
}

Listener::~Listener() {
  stop();
}

void Listener::start(Shard& shard, Accept accept) {
  shard_ = &shard;
  accept_ = std::move(accept);
  on_timer();
}

void Listener::stop() {
  cancel();
  if (fd_ < 0) return;
  if (shard_ != nullptr) shard_->unwatch(fd_, *this);
  close(fd_);
  fd_ = -1;
}

void Listener::on_events(uint32_t) {
  for (int i = 0; i < kAcceptsPerTurn && fd_ >= 0; ++i) {
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    const int fd = accept4(fd_, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        log::warning("not accepting for a moment: out of file descriptors or memory", {{"errno", errno}});
        shard_->unwatch(fd_, *this);
        shard_->schedule(*this, kDescriptorPause);
      }
      return;  // nothing waits, or a connection died in the queue: level-triggered, we are called again
    }
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ssl_st* ssl = nullptr;
    if (options_.tls) {
      ssl = options_.tls->make_server_session(fd);
      if (ssl == nullptr) {
        close(fd);
        continue;
      }
    }
    accept_(Stream::create(fd, ssl, numeric_address(peer), options_.stream));
  }
}

void Listener::on_timer() {
  if (shard_->watch(fd_, *this, EPOLLIN) != 0) shard_->schedule(*this, kDescriptorPause);
}

}  // namespace patchbay::net
