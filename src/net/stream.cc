#include "net/stream.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace patchbay::net {
namespace {

// Reads in a row before other connections get their turn.
constexpr int kReadsPerTurn = 8;

}  // namespace

// Owns a stream whose conversation is over, until its last bytes are gone and the peer has closed too.
class Stream::Lingerer final : public Stream::Handler, public Disposable, private TimerNode {
 public:
  static void take(Ptr stream) {
    auto owned = std::make_unique<Lingerer>();
    Lingerer& it = *owned;
    Shard& shard = *stream->shard_;
    it.stream_ = std::move(stream);
    it.stream_->handler_ = &it;
    it.stream_->reading_ = true;
    shard.adopt(std::move(owned));
    if (it.stream_->output_.empty()) it.on_drained();
    if (it.stream_ && it.stream_->readable_) it.stream_->read_again();
  }

 private:
  void on_data(std::span<char>) override {}  // thrown away
  void on_closed(CloseCause) override { finish(); }
  void on_drained() override {
    if (scheduled()) return;
    if (stream_->ssl_ != nullptr) SSL_shutdown(stream_->ssl_);
    shutdown(stream_->fd_, SHUT_WR);
    stream_->shard_->schedule(*this, kLinger);
  }
  void on_timer() override { finish(); }
  void finish() {
    cancel();
    stream_.reset();
    Shard::current()->release(*this);
  }
  Ptr stream_;
};

std::string_view to_string(CloseCause cause) {
  switch (cause) {
    case CloseCause::kPeerClosed:
      return "peer closed";
    case CloseCause::kError:
      return "error";
    case CloseCause::kWriteStalled:
      return "write stalled";
    case CloseCause::kOverflow:
      return "output overflow";
  }
  return "error";
}

void Stream::Deleter::operator()(Stream* stream) const {
  stream->handler_ = nullptr;
  Shard* const shard = stream->shard_;
  stream->shut();
  if (shard != nullptr) {
    shard->destroy_later(std::unique_ptr<Disposable>(stream));
  } else {
    delete stream;
  }
}

StreamPtr Stream::create(int fd, ssl_st* ssl, std::string remote_address, StreamLimits limits) {
  return Ptr(new Stream(fd, ssl, std::move(remote_address), limits));
}

Stream::Stream(int fd, ssl_st* ssl, std::string remote_address, StreamLimits limits)
    : fd_(fd),
      write_stall_ms_(static_cast<uint32_t>(std::clamp<int64_t>(limits.write_stall.count(), 0, UINT32_MAX))),
      max_queued_bytes_(static_cast<uint32_t>(std::min<size_t>(limits.max_queued_bytes, UINT32_MAX))),
      ssl_(ssl),
      remote_address_(std::move(remote_address)) {}

Stream::~Stream() {
  shut();
}

void Stream::attach(Shard& shard, Handler& handler) {
  shard_ = &shard;
  handler_ = &handler;
  reading_ = true;
  // EPOLLOUT is always asked for: being edge-triggered it costs nothing, and saves an epoll_ctl per stall.
  if (shard.watch(fd_, *this, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET) != 0) {
    unwatchable_ = true;
    return read_again();
  }
  if (!output_.empty()) mark_dirty();
  // TLS may hold decrypted bytes that epoll knows nothing about.
  if (ssl_ != nullptr && SSL_pending(ssl_) > 0) readable_ = true;
  if (readable_ || unread_) read_again();
}

void Stream::detach() {
  if (shard_ == nullptr) return;
  leave();
  output_.unshare();
}

void Stream::leave() {
  if (left_ != nullptr) *std::exchange(left_, nullptr) = true;
  cancel();
  if (dirty_ || resuming_) shard_->forget(*this);
  dirty_ = resuming_ = false;
  blocked_ = tls_blocked_ = false;
  shard_->unwatch(fd_, *this);
  shard_ = nullptr;
  handler_ = nullptr;
}

void Stream::shut() {
  if (fd_ < 0) return;
  if (shard_ != nullptr) leave();
  if (ssl_ != nullptr) {
    if (SSL_is_init_finished(ssl_)) {
      ERR_clear_error();
      SSL_shutdown(ssl_);  // sends close_notify when the socket takes it; nobody waits for the answer
    }
    SSL_free(ssl_);
    ssl_ = nullptr;
  }
  close(fd_);
  fd_ = -1;
  output_.clear();
}

void Stream::end(CloseCause cause) {
  Handler* const handler = handler_;
  shut();
  if (handler != nullptr) handler->on_closed(cause);
}

void Stream::close_gracefully(Ptr stream) {
  if (stream->fd_ >= 0 && stream->shard_ != nullptr) Lingerer::take(std::move(stream));
}

void Stream::mark_dirty() {
  if (dirty_ || shard_ == nullptr) return;
  dirty_ = true;
  shard_->flush_at_end_of_turn(*this);
}

void Stream::read_again() {
  if (resuming_ || shard_ == nullptr) return;
  resuming_ = true;
  shard_->run_next_turn(*this);
}

void Stream::write(std::string_view bytes) {
  if (fd_ < 0 || over_limit_) return;
  output_.append(bytes);
  over_limit_ = output_.size() > max_queued_bytes_;
  mark_dirty();
}

void Stream::write(std::string_view head, std::string_view tail) {
  if (fd_ < 0 || over_limit_) return;
  output_.append(head);
  output_.append(tail);
  over_limit_ = output_.size() > max_queued_bytes_;
  mark_dirty();
}

void Stream::write(BufferRef buffer) {
  if (fd_ < 0 || over_limit_) return;
  output_.append(std::move(buffer));
  over_limit_ = output_.size() > max_queued_bytes_;
  mark_dirty();
}

void Stream::write_static(std::string_view bytes) {
  if (fd_ < 0 || over_limit_) return;
  output_.append_static(bytes);
  mark_dirty();
}

void Stream::resume_reading() {
  if (reading_) return;
  reading_ = true;
  if (readable_) read_again();
}

void Stream::on_events(uint32_t events) {
  if (events & EPOLLOUT && blocked_) {
    blocked_ = false;
    mark_dirty();
  }
  if (events & EPOLLOUT && tls_blocked_) {
    tls_blocked_ = false;
    events |= EPOLLIN;
  }
  if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) ending_ = true;
  if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
    readable_ = true;
    // A TLS write may be waiting for something to read.
    if (ssl_ != nullptr && blocked_) {
      blocked_ = false;
      mark_dirty();
    }
    if (reading_) read_all();
  }
}

void Stream::unread(std::string bytes) {
  unread_ = std::make_unique<std::string>(std::move(bytes));
  read_again();
}

bool Stream::hand_up(std::span<char> bytes) {
  bool left = false;
  left_ = &left;
  handler_->on_data(bytes);
  // By then *this may be on another shard's thread.
  if (left) return false;
  left_ = nullptr;
  // What was given back comes first, in the next turn.
  return reading_ && unread_ == nullptr;
}

void Stream::read_all() {
  if (unread_) {
    const auto bytes = std::move(unread_);
    if (!hand_up(*bytes) || !readable_) return;
  }
  for (int i = 0; i < kReadsPerTurn; ++i) {
    const std::span<char> buffer = shard_->read_buffer();
    const ssize_t got = read_some(buffer);
    if (got == -1) {
      readable_ = false;
      return;
    }
    if (got <= 0) return end(got == 0 ? CloseCause::kPeerClosed : CloseCause::kError);
    const auto size = static_cast<size_t>(got);
    // A plain read that did not fill the buffer has taken all there was: the next byte makes a new edge. Not
    // so the end that was announced together with it.
    const bool maybe_more = ssl_ != nullptr || ending_ || size == buffer.size();
    if (!maybe_more) readable_ = false;
    if (!hand_up(buffer.first(size)) || !maybe_more) return;
  }
  // More is waiting, but so are others.
  read_again();
}

ssize_t Stream::read_some(std::span<char> into) {
  if (ssl_ == nullptr) {
    for (;;) {
      const ssize_t got = recv(fd_, into.data(), into.size(), 0);
      if (got >= 0) return got;
      if (errno == EINTR) continue;
      return errno == EAGAIN || errno == EWOULDBLOCK ? -1 : -2;
    }
  }
  ERR_clear_error();
  const int got = SSL_read(ssl_, into.data(), static_cast<int>(into.size()));
  if (got > 0) return got;
  switch (SSL_get_error(ssl_, got)) {
    case SSL_ERROR_WANT_READ:
      return -1;
    case SSL_ERROR_WANT_WRITE:
      tls_blocked_ = true;
      return -1;
    case SSL_ERROR_ZERO_RETURN:
      return 0;
    default:
      break;
  }
  if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST) {
    constexpr std::string_view answer =
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: "
        "44\r\n\r\n"
        "This port speaks TLS. Use https:// or wss://";
    [[maybe_unused]] const ssize_t sent =
        send(fd_, answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    // Closing with unread bytes would reset the connection before the peer has read the answer.
    [[maybe_unused]] const ssize_t dropped = recv(fd_, into.data(), into.size(), MSG_DONTWAIT);
  }
  ERR_clear_error();
  return -2;
}

ssize_t Stream::write_some() {
  if (ssl_ == nullptr) {
    std::array<iovec, 64> parts;
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = output_.gather(parts);
    for (;;) {
      const ssize_t sent = sendmsg(fd_, &message, MSG_NOSIGNAL);
      if (sent >= 0) return sent;
      if (errno == EINTR) continue;
      return errno == EAGAIN || errno == EWOULDBLOCK ? -1 : -2;
    }
  }
  const std::span<char> scratch = shard_->write_buffer();
  const size_t size = output_.copy_front(scratch);
  ERR_clear_error();
  const int sent = SSL_write(ssl_, scratch.data(), static_cast<int>(size));
  if (sent > 0) return sent;
  const int error = SSL_get_error(ssl_, sent);
  ERR_clear_error();
  return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? -1 : -2;
}

void Stream::on_end_of_turn() {
  dirty_ = false;
  flush();
}

void Stream::on_next_turn() {
  resuming_ = false;
  if (unwatchable_) return end(CloseCause::kError);
  if ((readable_ || unread_) && reading_) read_all();
}

void Stream::flush() {
  if (over_limit_) return end(CloseCause::kOverflow);
  if (output_.empty() || blocked_) return;
  while (!output_.empty()) {
    const ssize_t sent = write_some();
    if (sent == -2) return end(CloseCause::kError);
    if (sent == -1) {
      blocked_ = true;
      // The clock starts with the first refusal and again with every byte taken.
      if (!scheduled()) shard_->schedule(*this, Milliseconds(write_stall_ms_));
      return;
    }
    cancel();
    output_.consume(static_cast<size_t>(sent));
  }
  if (handler_ != nullptr) handler_->on_drained();
}

void Stream::on_timer() {
  end(CloseCause::kWriteStalled);
}

}  // namespace patchbay::net
