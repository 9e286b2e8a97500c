// One TCP connection, plain or TLS, on one shard. Reads go through the shard's one buffer and are handed up
// at once; writes are queued and leave together at the end of the turn. Shard-local; may be moved to another
// shard whole (detach, then attach there).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "net/buffer.h"
#include "net/output_queue.h"
#include "net/shard.h"

struct ssl_st;

namespace patchbay::net {

// Why a stream ended.
enum class CloseCause {
  kPeerClosed,    // orderly end from the peer
  kError,         // reset, unreachable, TLS failure
  kWriteStalled,  // the peer took nothing for StreamLimits::write_stall
  kOverflow,      // more waits to be sent than StreamLimits::max_queued_bytes
};
std::string_view to_string(CloseCause cause);

struct StreamLimits {
  // Bytes that may wait to be sent; past it the stream closes with kOverflow. More than 4 GB is 4 GB.
  size_t max_queued_bytes = 16 * 1024 * 1024;
  // How long the kernel may refuse to take anything before the stream closes with kWriteStalled.
  Milliseconds write_stall{30'000};
};

class Stream final : public Pollable, public Flushable, public Disposable, private TimerNode {
 public:
  // The object above a stream. Its functions run on the stream's shard.
  class Handler {
   public:
    virtual ~Handler() = default;
    // Bytes from the peer, valid and writable during the call only. The handler may close, detach or let go
    // of the stream in here.
    virtual void on_data(std::span<char> bytes) = 0;
    // The stream is dead and will call nothing any more. Not called after close() or detach().
    virtual void on_closed(CloseCause cause) = 0;
    // Everything that was queued has been handed to the kernel.
    virtual void on_drained() {}
  };

  // Closes at once and destroys at the end of the turn, so that a stream may be let go from its own
  // callbacks.
  struct Deleter {
    void operator()(Stream* stream) const;
  };
  using Ptr = std::unique_ptr<Stream, Deleter>;

  // Takes ownership of `fd` (non-blocking) and of `ssl` (null for plain TCP).
  static Ptr create(int fd, ssl_st* ssl, std::string remote_address, StreamLimits limits);

  // Starts on `shard`, which must be the current one. Reads what is there already at the end of the call to
  // epoll, not inside attach().
  void attach(Shard& shard, Handler& handler);
  // Leaves the shard: no callbacks until attached again, there or elsewhere. Queued output stays.
  void detach();
  void set_handler(Handler& handler) { handler_ = &handler; }

  void write(std::string_view bytes);
  // Both, one behind the other.
  void write(std::string_view head, std::string_view tail);
  void write(BufferRef buffer);
  void write_static(std::string_view bytes);
  size_t queued_bytes() const { return output_.size(); }

  // Stops handing up data; what the peer sends waits in the kernel.
  void pause_reading() { reading_ = false; }
  void resume_reading();

  // Hands `bytes` up in the next turn, before anything the peer sends from now on: for what was read too far
  // by the protocol before, or is put off by on_data() so that others get their share. Once a turn.
  void unread(std::string bytes);

  // Sends what is queued, then says goodbye and waits a moment for the peer to do the same, so that the last
  // bytes are not lost to a reset; the handler hears nothing more. Bounded by the write stall limit and
  // kLinger.
  static void close_gracefully(Ptr stream);
  static constexpr Milliseconds kLinger{2'000};

  const std::string& remote_address() const { return remote_address_; }
  bool secure() const { return ssl_ != nullptr; }
  bool attached() const { return shard_ != nullptr; }
  Shard* shard() const { return shard_; }

  ~Stream() override;

 private:
  Stream(int fd, ssl_st* ssl, std::string remote_address, StreamLimits limits);

  void on_events(uint32_t events) override;
  void on_end_of_turn() override;
  void on_next_turn() override;
  void on_timer() override;

  class Lingerer;
  void leave();
  // Calls the handler; false when reading must stop: it left the shard, the stream or reading.
  bool hand_up(std::span<char> bytes);
  void mark_dirty();
  void read_again();
  void read_all();
  // >0 bytes, 0 orderly end, -1 nothing now, -2 error.
  ssize_t read_some(std::span<char> into);
  ssize_t write_some();
  void flush();
  void end(CloseCause cause);
  void shut();

  // One stream a connection: the fields are packed.
  int fd_;
  bool reading_ : 1 = true;
  bool readable_ : 1 = false;  // an edge came that has not been read to its end
  bool dirty_ : 1 = false;
  bool resuming_ : 1 = false;     // on_next_turn is due
  bool blocked_ : 1 = false;      // the kernel took less than we had; EPOLLOUT will come
  bool tls_blocked_ : 1 = false;  // the handshake waits to write
  bool over_limit_ : 1 = false;
  bool ending_ : 1 = false;       // the peer has closed or the connection failed: no further edge will tell
  bool unwatchable_ : 1 = false;  // epoll refused it
  const uint32_t write_stall_ms_;
  const uint32_t max_queued_bytes_;
  bool* left_ = nullptr;  // set when the stream leaves its shard while hand_up() is on the stack
  Shard* shard_ = nullptr;
  Handler* handler_ = nullptr;
  ssl_st* ssl_;
  OutputQueue output_;
  std::string remote_address_;
  std::unique_ptr<std::string> unread_;
};

using StreamPtr = Stream::Ptr;

}  // namespace patchbay::net
