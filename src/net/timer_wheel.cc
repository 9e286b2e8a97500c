#include "net/timer_wheel.h"

#include <algorithm>
#include <bit>

namespace patchbay::net {

TimerWheel::TimerWheel(uint64_t now_ms) : elapsed_ms_(now_ms) {}

TimerWheel::~TimerWheel() {
  for (auto& level : slots_)
    for (Head& head : level)
      while (!head.empty()) head.next_->cancel();
}

void TimerWheel::schedule(TimerNode& node, uint64_t when_ms) {
  node.cancel();
  // Past the wheel's span the node waits in the last slot and is placed anew from there.
  const uint64_t span = (uint64_t{1} << (kBits * kLevels)) - 1;
  node.when_ms_ = std::clamp(when_ms, elapsed_ms_ + 1, elapsed_ms_ + span);
  link(node);
}

void TimerWheel::link(TimerNode& node) {
  // The level is that of the highest bit in which the deadline differs from the present.
  const uint64_t difference = (elapsed_ms_ ^ node.when_ms_) | 1;
  const unsigned level =
      std::min<unsigned>((63u - static_cast<unsigned>(std::countl_zero(difference))) / kBits, kLevels - 1);
  const auto index = static_cast<unsigned>(node.when_ms_ >> (kBits * level)) & (kSlots - 1);
  Head& head = slots_[level][index];
  node.prev_ = head.prev_;
  node.next_ = &head;
  head.prev_->next_ = &node;
  head.prev_ = &node;
  occupied_[level] |= uint64_t{1} << index;
}

std::optional<TimerWheel::Expiry> TimerWheel::next_expiry() const {
  for (unsigned level = 0; level < kLevels; ++level) {
    const unsigned shift = kBits * level;
    const auto now_slot = static_cast<unsigned>(elapsed_ms_ >> shift) & (kSlots - 1);
    unsigned index = 0;
    while (occupied_[level] != 0) {
      const auto ahead =
          static_cast<unsigned>(std::countr_zero(std::rotr(occupied_[level], static_cast<int>(now_slot))));
      index = (now_slot + ahead) % kSlots;
      if (!slots_[level][index].empty()) break;
      occupied_[level] &= ~(uint64_t{1} << index);
    }
    if (occupied_[level] == 0) continue;
    const uint64_t level_span = uint64_t{1} << (shift + kBits);
    uint64_t deadline = (elapsed_ms_ & ~(level_span - 1)) + (uint64_t{index} << shift);
    // Only the last level can wrap around: there a slot behind the present means the next revolution.
    if (deadline < elapsed_ms_ && level == kLevels - 1) deadline += level_span;
    return Expiry{level, index, std::max(deadline, elapsed_ms_)};
  }
  return std::nullopt;
}

std::optional<uint64_t> TimerWheel::next_wakeup_ms() const {
  const auto expiry = next_expiry();
  if (!expiry) return std::nullopt;
  return expiry->deadline_ms;
}

void TimerWheel::advance(uint64_t now_ms) {
  while (const auto expiry = next_expiry()) {
    if (expiry->deadline_ms > now_ms) break;
    elapsed_ms_ = expiry->deadline_ms;
    Head& slot = slots_[expiry->level][expiry->index];
    // Taken off the wheel first: what fires may schedule into this very slot.
    Head due;
    due.next_ = slot.next_;
    due.prev_ = slot.prev_;
    due.next_->prev_ = &due;
    due.prev_->next_ = &due;
    slot.reset();
    occupied_[expiry->level] &= ~(uint64_t{1} << expiry->index);
    while (!due.empty()) {
      TimerNode& node = *due.next_;
      node.cancel();
      if (node.when_ms_ <= elapsed_ms_) {
        node.on_timer();
      } else {
        link(node);
      }
    }
  }
  elapsed_ms_ = std::max(elapsed_ms_, now_ms);
}

}  // namespace patchbay::net
