// What waits for one connection whose transport is congested: an OutputBacklog, in the order it will be sent,
// within limits, with a policy for what happens when they are reached. And ByteBudget, the limit that many
// backlogs share. Does no I/O, encodes nothing, closes nothing: its answers say what the owner must do.
// OutputBacklog is shard-local, ByteBudget thread-safe.
#pragma once

#include <atomic>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace patchbay::socketio {

// A limit in bytes that several owners share: those of a namespace, those of the process. Budgets form chains
// (a namespace's names the process's as its parent): what is reserved in one is reserved in all above it, or
// in none. Thread-safe, without locks. A parent outlives its children; everything reserved is released before
// the end.
class ByteBudget {
 public:
  explicit ByteBudget(size_t limit, ByteBudget* parent = nullptr) : limit_(limit), parent_(parent) {}
  ~ByteBudget() { assert(used() == 0); }
  ByteBudget(const ByteBudget&) = delete;
  ByteBudget& operator=(const ByteBudget&) = delete;

  // False, and nothing is reserved anywhere, when any budget of the chain would pass its limit. While another
  // thread tries and fails, the bytes it asked for count for that moment.
  bool try_reserve(size_t bytes);
  // At most what was reserved and not released.
  void release(size_t bytes);
  size_t used() const { return used_.load(std::memory_order_relaxed); }
  size_t limit() const { return limit_; }
  // What the chain could still give; with other threads about, a guess.
  size_t available() const;

 private:
  const size_t limit_;
  ByteBudget* const parent_;
  std::atomic<size_t> used_{0};
};

// Of a quantity: it has risen to the high mark or above, it has fallen to the low mark or below.
enum class Watermark : uint8_t { kNone, kHigh, kLow };

// Tells each crossing once: kHigh, then nothing until kLow, and so on. Between the marks it keeps silent, so
// that one who pauses on kHigh and resumes on kLow does not flutter. Shard-local.
class WatermarkGauge {
 public:
  // `high` 0: never tells anything. A `low` that is not below `high` counts as high - 1.
  WatermarkGauge(size_t high, size_t low) : high_(high), low_(low < high ? low : high - (high > 0)) {}
  Watermark update(size_t level);
  bool is_high() const { return is_high_; }

 private:
  size_t high_;
  size_t low_;
  bool is_high_ = false;
};

// What to do when an item does not fit.
enum class OverflowPolicy : uint8_t {
  kDisconnect,  // disconnect: nothing is ever lost unnoticed
  kDropNewest,  // drop it; if it is not droppable, drop the newest droppable ones until it fits
  kDropOldest,  // drop the oldest droppable ones until it fits
};

struct BacklogLimits {
  size_t max_bytes = 4'000'000;  // of all items; an event counts its payload and 256 bytes of bookkeeping
  size_t max_items = 100'000;
  size_t high_bytes = 1'000'000;  // watermarks, see WatermarkGauge
  size_t low_bytes = 250'000;
  OverflowPolicy policy = OverflowPolicy::kDisconnect;
};

struct BacklogItemOptions {
  // May be dropped by the policy. Packets that the protocol needs (CONNECT, DISCONNECT, acknowledgements) may
  // not.
  bool droppable = false;
  // Waits only if nothing else does; implies `droppable`, makes no room for itself and never calls for
  // disconnecting.
  bool is_volatile = false;
  // Not empty: takes the place of the item that waits with the same key and group, if there is one. The key's
  // bytes count as the item's.
  std::string_view coalesce_key = {};
  // For accounting: the namespace, as the connection numbers them. Small and dense.
  uint32_t group = 0;
};

enum class PushResult : uint8_t {
  kQueued,
  kReplaced,  // it took the place of an item with its key, which is gone
  kDropped,   // it was dropped; an item with its key still waits as it was
  kOverflow,  // it was not taken, and the owner must disconnect
};

struct PushOutcome {
  PushResult result = PushResult::kQueued;
  Watermark watermark = Watermark::kNone;
  // What was dropped to make room; the pushed and the replaced item do not count.
  uint32_t dropped_items = 0;
  size_t dropped_bytes = 0;
  // With kDropped and kOverflow: a shared budget was exhausted, not this connection's own limits.
  bool shared_limit = false;
};

// `Item`: movable; a handle on encoded packets. All operations O(1) (O(groups) when something must be
// dropped), memory for what waits and no more; an empty backlog has only its groups.
template <typename Item>
class OutputBacklog {
 public:
  struct Popped {
    Item item;
    size_t bytes = 0;
    uint32_t group = 0;
    Watermark watermark = Watermark::kNone;
  };

  explicit OutputBacklog(const BacklogLimits& limits)
      : limits_(limits), gauge_(limits.high_bytes, limits.low_bytes) {}
  ~OutputBacklog() { clear(); }
  OutputBacklog(const OutputBacklog&) = delete;
  OutputBacklog& operator=(const OutputBacklog&) = delete;

  // Items of `group` also reserve their bytes in `budget` and all above it; null: in none. The budget
  // outlives the backlog. Only while nothing of the group waits.
  void set_budget(uint32_t group, ByteBudget* budget) {
    Group& entry = group_of(group);
    assert(entry.bytes == 0);
    entry.budget = budget;
  }

  // `bytes`: what the item costs while it waits, the backlog's own bookkeeping included.
  PushOutcome push(Item item, size_t bytes, const BacklogItemOptions& options = {}) {
    PushOutcome outcome;
    const bool droppable = options.droppable || options.is_volatile;
    const size_t size = bytes + options.coalesce_key.size();
    const uint32_t waiting = find(options);
    if (options.is_volatile && waiting == kNone && count_ > 0) {
      outcome.result = PushResult::kDropped;
      return outcome;
    }
    if (!make_room(size, options, waiting, outcome)) {
      const bool may_drop =
          options.is_volatile || (droppable && limits_.policy != OverflowPolicy::kDisconnect);
      outcome.result = may_drop ? PushResult::kDropped : PushResult::kOverflow;
    } else if (waiting != kNone) {
      outcome.result = PushResult::kReplaced;
      replace(waiting, std::move(item), size, droppable);
    } else {
      append(std::move(item), size, droppable, options);
    }
    outcome.watermark = gauge_.update(bytes_);
    return outcome;
  }

  // The item that has waited longest; null, or nothing, when there is none.
  const Item* front() const { return count_ > 0 ? &*nodes_[first_].item : nullptr; }
  std::optional<Popped> pop_front() {
    if (count_ == 0) return std::nullopt;
    Node& node = nodes_[first_];
    Popped popped{std::move(*node.item), node.bytes, node.group, Watermark::kNone};
    remove(first_);
    popped.watermark = gauge_.update(bytes_);
    return popped;
  }
  // Drops everything.
  Watermark clear() {
    while (count_ > 0) remove(first_);
    return gauge_.update(bytes_);
  }

  bool empty() const { return count_ == 0; }
  size_t count() const { return count_; }
  size_t bytes() const { return bytes_; }
  // Of one group.
  size_t bytes_of(uint32_t group) const { return group < groups_.size() ? groups_[group].bytes : 0; }
  // Above the high mark, and not yet down to the low one.
  bool is_high() const { return gauge_.is_high(); }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;

  struct Key {
    uint32_t group;
    std::string text;
  };
  struct KeyView {
    uint32_t group;
    std::string_view text;
  };
  struct KeyHash {
    using is_transparent = void;
    size_t operator()(const auto& key) const {
      return std::hash<std::string_view>{}(key.text) ^ (size_t{key.group} * 0x9e3779b97f4a7c15);
    }
  };
  struct KeyEqual {
    using is_transparent = void;
    bool operator()(const auto& a, const auto& b) const { return a.group == b.group && a.text == b.text; }
  };
  using Keys = std::unordered_map<Key, uint32_t, KeyHash, KeyEqual>;

  // Nodes are linked twice: all in the order of sending, and the droppable ones of each group in the same
  // order.
  struct Links {
    uint32_t previous = kNone;
    uint32_t next = kNone;
  };
  struct Node {
    std::optional<Item> item;  // nothing: the node is free, all.next names the next free one
    size_t bytes = 0;
    uint64_t number = 0;  // grows in the order of sending
    const Key* key = nullptr;
    uint32_t group = 0;
    bool droppable = false;
    Links all;
    Links drop;
  };
  struct Group {
    ByteBudget* budget = nullptr;
    size_t bytes = 0;
    size_t droppable_bytes = 0;
    uint32_t first_droppable = kNone;
    uint32_t last_droppable = kNone;
  };

  Group& group_of(uint32_t group) {
    if (group >= groups_.size()) groups_.resize(size_t{group} + 1);
    return groups_[group];
  }
  uint32_t find(const BacklogItemOptions& options) const {
    if (options.coalesce_key.empty() || !keys_) return kNone;
    const auto found = keys_->find(KeyView{options.group, options.coalesce_key});
    return found != keys_->end() ? found->second : kNone;
  }

  // Reserves what an item of `size` bytes needs beyond what the item `waiting`, whose place it takes, has
  // reserved. Drops by the policy what must go; nothing for the sake of a limit in bytes that dropping would
  // not satisfy.
  bool make_room(size_t size, const BacklogItemOptions& options, uint32_t waiting, PushOutcome& outcome) {
    Group& group = group_of(options.group);
    const size_t held = waiting != kNone ? nodes_[waiting].bytes : 0;
    if (waiting != kNone && size <= held) return true;  // replace() releases the rest
    const size_t more = size - held;
    const size_t more_items = waiting != kNone ? 0 : 1;
    const bool oldest = limits_.policy == OverflowPolicy::kDropOldest;
    const bool newest = limits_.policy == OverflowPolicy::kDropNewest && !options.droppable;
    const bool may_drop = !options.is_volatile && (oldest || newest);
    const bool waiting_droppable = waiting != kNone && nodes_[waiting].droppable;

    // This connection's limits: any group can make room.
    const auto fits = [&](size_t others) {
      return others <= limits_.max_bytes && more <= limits_.max_bytes - others;
    };
    const size_t kept = waiting_droppable ? held : 0;
    if (!fits(bytes_ - (may_drop ? droppable_bytes_ - kept : 0))) return false;
    while (!fits(bytes_) || count_ + more_items > limits_.max_items) {
      const uint32_t victim = may_drop ? choose(oldest, waiting) : kNone;
      if (victim == kNone) return false;
      drop(victim, outcome);
    }
    // The shared ones: only what is of the same group relieves the whole chain.
    if (group.budget == nullptr) return reserved(group, more);
    while (!group.budget->try_reserve(more)) {
      const size_t can_drop = may_drop ? group.droppable_bytes - kept : 0;
      const size_t available = group.budget->available();
      outcome.shared_limit = true;
      if (available < more && can_drop < more - available) return false;
      const uint32_t victim = may_drop ? choose_in(group, oldest, waiting) : kNone;
      if (victim == kNone) return false;
      drop(victim, outcome);
    }
    outcome.shared_limit = false;
    return reserved(group, more);
  }
  bool reserved(Group& group, size_t more) {
    group.bytes += more;
    bytes_ += more;
    return true;
  }
  void release(Group& group, size_t bytes) {
    group.bytes -= bytes;
    bytes_ -= bytes;
    if (group.budget != nullptr) group.budget->release(bytes);
  }

  // The oldest or newest droppable item but `spared`.
  uint32_t choose_in(const Group& group, bool oldest, uint32_t spared) const {
    const uint32_t found = oldest ? group.first_droppable : group.last_droppable;
    if (found == kNone || found != spared) return found;
    return oldest ? nodes_[found].drop.next : nodes_[found].drop.previous;
  }
  uint32_t choose(bool oldest, uint32_t spared) const {
    uint32_t best = kNone;
    for (const Group& group : groups_) {
      const uint32_t found = choose_in(group, oldest, spared);
      if (found == kNone) continue;
      if (best == kNone || (nodes_[found].number < nodes_[best].number) == oldest) best = found;
    }
    return best;
  }
  void drop(uint32_t victim, PushOutcome& outcome) {
    ++outcome.dropped_items;
    outcome.dropped_bytes += nodes_[victim].bytes;
    remove(victim);
  }

  // The bytes are reserved already.
  void append(Item item, size_t size, bool droppable, const BacklogItemOptions& options) {
    uint32_t index = free_;
    if (index != kNone) {
      free_ = nodes_[index].all.next;
    } else {
      index = static_cast<uint32_t>(nodes_.size());
      nodes_.emplace_back();
    }
    Node& node = nodes_[index];
    node.item.emplace(std::move(item));
    node.bytes = size;
    node.number = next_number_++;
    node.group = options.group;
    node.droppable = droppable;
    if (!options.coalesce_key.empty()) {
      if (!keys_) keys_ = std::make_unique<Keys>();
      node.key = &keys_->emplace(Key{options.group, std::string(options.coalesce_key)}, index).first->first;
    }
    link(first_, last_, index, &Node::all);
    if (droppable) link_droppable(index);
    ++count_;
  }
  void replace(uint32_t index, Item item, size_t size, bool droppable) {
    Node& node = nodes_[index];
    // One of the two must not be lost: then what stands for both must not.
    if (node.droppable && !droppable) {
      unlink_droppable(index);
      node.droppable = false;
    }
    Group& group = groups_[node.group];
    if (node.droppable) {
      group.droppable_bytes += size - node.bytes;
      droppable_bytes_ += size - node.bytes;
    }
    if (size < node.bytes) release(group, node.bytes - size);
    node.bytes = size;
    node.item.emplace(std::move(item));
  }
  void remove(uint32_t index) {
    Node& node = nodes_[index];
    if (node.droppable) unlink_droppable(index);
    unlink(first_, last_, index, &Node::all);
    release(groups_[node.group], node.bytes);
    if (node.key != nullptr) keys_->erase(keys_->find(*node.key));
    node = Node{};
    node.all.next = std::exchange(free_, index);
    if (--count_ > 0) return;
    nodes_ = std::vector<Node>();
    keys_ = nullptr;
    free_ = kNone;
  }

  void link_droppable(uint32_t index) {
    Group& group = groups_[nodes_[index].group];
    link(group.first_droppable, group.last_droppable, index, &Node::drop);
    group.droppable_bytes += nodes_[index].bytes;
    droppable_bytes_ += nodes_[index].bytes;
  }
  void unlink_droppable(uint32_t index) {
    Group& group = groups_[nodes_[index].group];
    unlink(group.first_droppable, group.last_droppable, index, &Node::drop);
    group.droppable_bytes -= nodes_[index].bytes;
    droppable_bytes_ -= nodes_[index].bytes;
  }
  void link(uint32_t& first, uint32_t& last, uint32_t index, Links Node::* links) {
    (nodes_[index].*links) = {.previous = last, .next = kNone};
    (last != kNone ? (nodes_[last].*links).next : first) = index;
    last = index;
  }
  void unlink(uint32_t& first, uint32_t& last, uint32_t index, Links Node::* links) {
    const Links own = nodes_[index].*links;
    (own.previous != kNone ? (nodes_[own.previous].*links).next : first) = own.next;
    (own.next != kNone ? (nodes_[own.next].*links).previous : last) = own.previous;
  }

  BacklogLimits limits_;
  WatermarkGauge gauge_;
  std::vector<Node> nodes_;
  std::vector<Group> groups_;
  std::unique_ptr<Keys> keys_;  // none while no item with a key has waited since the backlog was empty
  uint64_t next_number_ = 0;
  size_t bytes_ = 0;
  size_t droppable_bytes_ = 0;
  size_t count_ = 0;
  uint32_t first_ = kNone;
  uint32_t last_ = kNone;
  uint32_t free_ = kNone;
};

}  // namespace patchbay::socketio
