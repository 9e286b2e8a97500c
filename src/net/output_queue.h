// What one connection still has to send, in order: small writes gathered in one string, shared buffers by
// reference, static bytes by address. No I/O. Shard-local.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include <sys/uio.h>

#include "net/buffer.h"

namespace patchbay::net {

class OutputQueue {
 public:
  bool empty() const { return size_ == 0; }
  // Bytes not yet consumed.
  size_t size() const { return size_; }

  // Copies `bytes`; consecutive copies share one allocation.
  void append(std::string_view bytes);
  void append(BufferRef buffer);
  // `bytes` must live as long as the process.
  void append_static(std::string_view bytes);

  // Fills `out` with the front of the queue; returns how many entries were used.
  size_t gather(std::span<iovec> out) const;
  // Copies up to out.size() bytes of the front; returns how many.
  size_t copy_front(std::span<char> out) const;
  // Drops the first `count` bytes; an empty queue holds no memory of its own.
  void consume(size_t count);
  void clear();
  // Copies what is shared with other queues: after it the queue may move to another shard.
  void unshare();

 private:
  struct Segment {
    BufferRef buffer;        // null for static bytes
    std::string_view bytes;  // what is left of it; for a gathered segment recomputed from the buffer
    bool gathered = false;   // ours alone: more may be appended
    size_t consumed = 0;     // of a gathered segment
    std::string_view rest() const { return gathered ? buffer->view().substr(consumed) : bytes; }
  };

  class Spares;

  // A gathered segment grows up to this; then the next begins.
  static constexpr size_t kGatherBytes = 16 * 1024;

  std::vector<Segment> segments_;
  size_t first_ = 0;
  size_t size_ = 0;
};

}  // namespace patchbay::net
