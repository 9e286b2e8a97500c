#include "net/output_queue.h"

#include <algorithm>
#include <cstring>

namespace patchbay::net {

// Buffers of gathered writes that were sent, for the next writes of this thread's connections: without it
// every turn takes them from the heap anew, and the heap gives its top back to the kernel and faults it in
// again each time.
class OutputQueue::Spares {
 public:
  static Spares& of_this_thread() {
    thread_local Spares spares;
    return spares;
  }
  BufferRef take(std::string_view bytes) {
    if (spares_.empty()) {
      std::string fresh;
      fresh.reserve(std::max(bytes.size(), kSpareBytes));
      fresh = bytes;
      return make_buffer(std::move(fresh));
    }
    BufferRef buffer = std::move(spares_.back());
    spares_.pop_back();
    buffer->bytes_ = bytes;
    return buffer;
  }
  void keep(BufferRef buffer) {
    if (spares_.size() < kMaxSpares && buffer->use_count() == 1 && buffer->bytes_.capacity() <= kGatherBytes)
      spares_.push_back(std::move(buffer));
  }

 private:
  static constexpr size_t kSpareBytes =
      1024;  // capacity of a fresh one; it grows with its use up to kGatherBytes
  static constexpr size_t kMaxSpares = 256;
  std::vector<BufferRef> spares_;
};

void OutputQueue::append(std::string_view bytes) {
  if (bytes.empty()) return;
  size_ += bytes.size();
  if (segments_.size() > first_ && segments_.back().gathered &&
      segments_.back().buffer->bytes_.size() + bytes.size() <= kGatherBytes) {
    segments_.back().buffer->bytes_ += bytes;
    return;
  }
  segments_.push_back({.buffer = Spares::of_this_thread().take(bytes), .bytes = {}, .gathered = true});
}

void OutputQueue::append(BufferRef buffer) {
  const std::string_view bytes = buffer->view();
  if (bytes.empty()) return;
  size_ += bytes.size();
  segments_.push_back({.buffer = std::move(buffer), .bytes = bytes});
}

void OutputQueue::append_static(std::string_view bytes) {
  if (bytes.empty()) return;
  size_ += bytes.size();
  segments_.push_back({.buffer = nullptr, .bytes = bytes});
}

size_t OutputQueue::gather(std::span<iovec> out) const {
  size_t used = 0;
  for (size_t i = first_; i < segments_.size() && used < out.size(); ++i, ++used) {
    const std::string_view rest = segments_[i].rest();
    out[used] = {const_cast<char*>(rest.data()), rest.size()};
  }
  return used;
}

size_t OutputQueue::copy_front(std::span<char> out) const {
  size_t used = 0;
  for (size_t i = first_; i < segments_.size() && used < out.size(); ++i) {
    const std::string_view rest = segments_[i].rest().substr(0, out.size() - used);
    std::memcpy(out.data() + used, rest.data(), rest.size());
    used += rest.size();
  }
  return used;
}

void OutputQueue::consume(size_t count) {
  size_ -= count;
  if (size_ == 0) return clear();
  while (count > 0) {
    Segment& segment = segments_[first_];
    const size_t left = segment.rest().size();
    if (count < left) {
      if (segment.gathered) {
        segment.consumed += count;
      } else {
        segment.bytes.remove_prefix(count);
      }
      return;
    }
    count -= left;
    segment = {};
    ++first_;
  }
  // Sent segments are dropped now and then, so that a queue which never empties does not grow.
  if (first_ > 64 && first_ * 2 > segments_.size()) {
    segments_.erase(segments_.begin(), segments_.begin() + static_cast<ptrdiff_t>(first_));
    first_ = 0;
  }
}

void OutputQueue::unshare() {
  for (Segment& segment : segments_) {
    if (segment.buffer == nullptr || segment.buffer->use_count() == 1) continue;
    segment.buffer = make_buffer(std::string(segment.rest()));
    segment.bytes = segment.buffer->view();
  }
}

void OutputQueue::clear() {
  for (size_t i = first_; i < segments_.size(); ++i)
    if (segments_[i].gathered) Spares::of_this_thread().keep(std::move(segments_[i].buffer));
  std::vector<Segment>().swap(segments_);
  first_ = 0;
  size_ = 0;
}

}  // namespace patchbay::net
