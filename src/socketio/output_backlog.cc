#include "socketio/output_backlog.h"

#include <algorithm>

namespace patchbay::socketio {

bool ByteBudget::try_reserve(size_t bytes) {
  size_t used = used_.load(std::memory_order_relaxed);
  do {
    if (bytes > limit_ - used) return false;
  } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
  if (parent_ == nullptr || parent_->try_reserve(bytes)) return true;
  used_.fetch_sub(bytes, std::memory_order_relaxed);
  return false;
}

void ByteBudget::release(size_t bytes) {
  [[maybe_unused]] const size_t before = used_.fetch_sub(bytes, std::memory_order_relaxed);
  assert(before >= bytes);
  if (parent_ != nullptr) parent_->release(bytes);
}

size_t ByteBudget::available() const {
  const size_t own = limit_ - used();
  return parent_ != nullptr ? std::min(own, parent_->available()) : own;
}

Watermark WatermarkGauge::update(size_t level) {
  if (high_ == 0) return Watermark::kNone;
  if (!is_high_ && level >= high_) {
    is_high_ = true;
    return Watermark::kHigh;
  }
  if (is_high_ && level <= low_) {
    is_high_ = false;
    return Watermark::kLow;
  }
  return Watermark::kNone;
}

}  // namespace patchbay::socketio
