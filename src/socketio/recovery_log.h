// What connection state recovery keeps: the broadcasts of the last minutes (BroadcastLog), what one socket
// alone was sent (DirectLog), and the sessions of clients that have gone and may come back (SessionTable).
// All three are bounded in bytes, what they count includes their own overhead, and time is passed in. They do
// not know who was to receive a broadcast, they encode nothing, and they set no timers. Shard-local.
// https://socket.io/docs/v4/connection-state-recovery
#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "base/clock.h"

namespace patchbay::socketio {

// A place in the sequence of all that one socket was sent. Broadcast number s has the place {s, 0}; what the
// socket alone was sent after it and before the next broadcast has {s, 1}, {s, 2} and so on.
struct Offset {
  uint64_t seq = 0;
  uint32_t sub = 0;
  auto operator<=>(const Offset&) const = default;
};

// "17" for a broadcast, "17-2" for what follows it: the text that goes to clients and comes back from them.
std::string to_string(const Offset& offset);
// The exact inverse: nothing for any text that to_string() does not write (signs, leading zeros, "17-0", a
// number that does not fit, anything around it). For text of any length.
std::optional<Offset> parse_offset(std::string_view text);

// Oldest first in one piece of memory. Removing from the front costs O(1) on average; memory is given back as
// the queue gets shorter.
template <typename T>
class ShrinkingQueue {
 public:
  std::span<const T> items() const { return std::span(items_).subspan(head_); }
  bool empty() const { return head_ == items_.size(); }
  size_t size() const { return items_.size() - head_; }
  const T& front() const { return items_[head_]; }
  void push_back(T item) { items_.push_back(std::move(item)); }
  void pop_front() {
    items_[head_++] = T();
    if (empty()) {
      items_ = std::vector<T>();
    } else if (head_ * 2 >= items_.size()) {
      const auto first = items_.begin() + static_cast<std::ptrdiff_t>(head_);
      if (items_.capacity() > 4 * size()) {
        items_ = std::vector<T>(std::move_iterator(first), std::move_iterator(items_.end()));
      } else {
        items_.erase(items_.begin(), first);
      }
    } else {
      return;
    }
    head_ = 0;
  }

 private:
  std::vector<T> items_;
  size_t head_ = 0;  // in front of it: items taken out
};

// The last broadcasts of one namespace, by number. The numbers only grow; they may leave gaps.
template <typename Message>
class BroadcastLog {
 public:
  struct Options {
    size_t max_bytes = 8'000'000;                  // of all entries, kEntryOverhead included
    Milliseconds max_age = Milliseconds(120'000);  // an entry of exactly this age still stays
  };
  struct Entry {
    uint64_t seq = 0;
    std::shared_ptr<const Message> message;
    size_t bytes = 0;  // as given, plus kEntryOverhead
    SteadyTime time;
  };
  // What an entry costs beside its message, spare capacity included.
  static constexpr size_t kEntryOverhead = 2 * sizeof(Entry);

  // `start`: the number of the last broadcast before the log began.
  explicit BroadcastLog(const Options& options, uint64_t start = 0)
      : options_(options), floor_(start), last_(start) {}

  // False, and nothing happens, unless `seq` is greater than last(). Trims. A message that is larger than the
  // whole log is not kept, and nothing before it.
  bool append(uint64_t seq, std::shared_ptr<const Message> message, size_t bytes, SteadyTime now) {
    if (seq <= last_) return false;
    last_ = seq;
    bytes += kEntryOverhead;
    bytes_ += bytes;
    entries_.push_back({seq, std::move(message), bytes, now});
    trim(now);
    return true;
  }
  // Drops what is too old and, from the oldest on, what is too much.
  void trim(SteadyTime now) {
    while (!entries_.empty() &&
           (bytes_ > options_.max_bytes || now - entries_.front().time > options_.max_age)) {
      floor_ = entries_.front().seq;
      bytes_ -= entries_.front().bytes;
      entries_.pop_front();
    }
  }

  // Everything after this number is still here: who has seen it, or a later one, can be given the rest.
  uint64_t floor() const { return floor_; }
  // The number of the newest broadcast, kept or not.
  uint64_t last() const { return last_; }
  size_t count() const { return entries_.size(); }
  size_t bytes() const { return bytes_; }

  // Entries with greater numbers, oldest first. Oldest of them found in O(log n).
  std::span<const Entry> after(uint64_t seq) const {
    const std::span<const Entry> all = entries_.items();
    return {std::ranges::upper_bound(all, seq, {}, &Entry::seq), all.end()};
  }
  // Calls `visit(const Entry&)` for each of them, and stops if it returns false. The log must not change
  // meanwhile.
  template <typename Visitor>
  void for_each_after(uint64_t seq, Visitor&& visit) const {
    for (const Entry& entry : after(seq)) {
      if constexpr (std::is_void_v<std::invoke_result_t<Visitor&, const Entry&>>) {
        visit(entry);
      } else if (!visit(entry)) {
        return;
      }
    }
  }

 private:
  Options options_;
  ShrinkingQueue<Entry> entries_;
  uint64_t floor_;
  uint64_t last_;
  size_t bytes_ = 0;
};

// What one socket alone was sent, placed between the broadcasts it has seen. Allocates nothing while it is
// empty.
template <typename Message>
class DirectLog {
 public:
  struct Entry {
    Offset offset;
    std::shared_ptr<const Message> message;
    size_t bytes = 0;  // as given, plus kEntryOverhead
  };
  static constexpr size_t kEntryOverhead = 2 * sizeof(Entry);

  // `max_bytes` of all entries, kEntryOverhead included. `start`: where the socket is; for a recovered one,
  // where it was.
  explicit DirectLog(size_t max_bytes, Offset start = {})
      : max_bytes_(max_bytes), floor_(start), last_(start) {}

  // Gives the place of the message: after the broadcast `last_broadcast`, the last that this socket was sent,
  // and after all that was appended before. Oldest entries go until the rest fits; a message larger than the
  // whole log is not kept, and nothing before it.
  Offset append(uint64_t last_broadcast, std::shared_ptr<const Message> message, size_t bytes) {
    if (last_broadcast > last_.seq) {
      last_ = {last_broadcast, 1};
    } else if (last_.sub < UINT32_MAX) {
      ++last_.sub;
    } else {
      // No numbers are left before the next broadcast: until then nothing can be recovered.
      clear();
      floor_ = {last_.seq + 1, 0};
      return last_;
    }
    bytes += kEntryOverhead;
    bytes_ += bytes;
    entries_.push_back({last_, std::move(message), bytes});
    while (bytes_ > max_bytes_) {
      floor_ = std::max(floor_, entries_.front().offset);
      bytes_ -= entries_.front().bytes;
      entries_.pop_front();
    }
    return last_;
  }

  // Everything after this place is still here.
  Offset floor() const { return floor_; }
  Offset last() const { return last_; }
  size_t count() const { return entries_.size(); }
  size_t bytes() const { return bytes_; }

  std::span<const Entry> after(Offset offset) const {
    const std::span<const Entry> all = entries_.items();
    return {std::ranges::upper_bound(all, offset, {}, &Entry::offset), all.end()};
  }
  // As BroadcastLog::for_each_after.
  template <typename Visitor>
  void for_each_after(Offset offset, Visitor&& visit) const {
    for (const Entry& entry : after(offset)) {
      if constexpr (std::is_void_v<std::invoke_result_t<Visitor&, const Entry&>>) {
        visit(entry);
      } else if (!visit(entry)) {
        return;
      }
    }
  }

 private:
  void clear() {
    while (!entries_.empty()) entries_.pop_front();
    bytes_ = 0;
  }

  ShrinkingQueue<Entry> entries_;
  size_t max_bytes_;
  size_t bytes_ = 0;
  Offset floor_;
  Offset last_;
};

// Both logs as one sequence: what comes after `offset`, in the order it was sent. `on_broadcast(entry)` and
// `on_direct(entry)` must change neither log.
template <typename Broadcast, typename Direct, typename OnBroadcast, typename OnDirect>
void for_each_after(const BroadcastLog<Broadcast>& broadcasts, const DirectLog<Direct>& direct, Offset offset,
                    OnBroadcast&& on_broadcast, OnDirect&& on_direct) {
  auto own = direct.after(offset);
  for (const auto& entry : broadcasts.after(offset.seq)) {
    for (; !own.empty() && own.front().offset.seq < entry.seq; own = own.subspan(1)) on_direct(own.front());
    on_broadcast(entry);
  }
  for (const auto& entry : own) on_direct(entry);
}

// Sessions of clients that have gone, by their private id, until they come back or expire; and, for sessions
// that are not here, which shard has them. Ids are the server's own, hard to guess; look-ups take any text.
template <typename Session>
class SessionTable {
 public:
  struct Options {
    Milliseconds lifetime = Milliseconds(120'000);  // of a stored session; maxDisconnectionDuration in Node
    size_t max_sessions = 100'000;
    size_t max_bytes = 64'000'000;  // of all sessions, kSessionOverhead and ids included
    size_t max_forwards = 100'000;
  };
  enum class Gone : uint8_t {
    kExpired,   // its time was over
    kEvicted,   // made room for a newer one
    kReplaced,  // put() came again with its id
  };
  // Told of every session that leaves otherwise than by take(). Must not touch the table.
  using GoneHandler = std::move_only_function<void(std::string_view pid, Session& session, Gone why)>;

  explicit SessionTable(const Options& options, GoneHandler on_gone = {})
      : options_(options), on_gone_(std::move(on_gone)) {}

  // Keeps `session` until now + lifetime. The oldest ones go until it fits. False, and it is not kept, when
  // it is larger than the whole table may be.
  bool put(std::string_view pid, Session session, size_t bytes, SteadyTime now) {
    expire(now);
    if (const auto found = sessions_.find(pid)) drop(*found, Gone::kReplaced);
    bytes += kSessionOverhead + pid.size();
    if (bytes > options_.max_bytes || options_.max_sessions == 0) return false;
    while (sessions_.size() == options_.max_sessions || bytes_ > options_.max_bytes - bytes)
      drop(sessions_.oldest(), Gone::kEvicted);
    sessions_.add(pid, Stored{std::move(session), bytes, now + options_.lifetime});
    bytes_ += bytes;
    return true;
  }
  // The session, which is no longer here; nothing when there is none or it has expired.
  std::optional<Session> take(std::string_view pid, SteadyTime now) {
    expire(now);
    const auto found = sessions_.find(pid);
    if (!found) return std::nullopt;
    std::optional<Session> session(std::move((*found)->value.session));
    bytes_ -= (*found)->value.bytes;
    sessions_.remove(*found);
    return session;
  }
  // Drops those whose time is over (at `now` or before); gives their number.
  size_t expire(SteadyTime now) {
    size_t expired = 0;
    for (; sessions_.size() > 0 && sessions_.oldest()->value.expiry <= now; ++expired)
      drop(sessions_.oldest(), Gone::kExpired);
    return expired;
  }
  // When expire() has something to do next; nothing while the table is empty.
  std::optional<SteadyTime> next_expiry() const {
    return sessions_.size() > 0 ? std::optional(sessions_.oldest()->value.expiry) : std::nullopt;
  }
  size_t count() const { return sessions_.size(); }
  size_t bytes() const { return bytes_; }

  // Shard `shard` has the session `pid`. Replaces what was known; the oldest pointer goes when there are too
  // many.
  void forward(std::string_view pid, uint32_t shard) {
    forget(pid);
    if (options_.max_forwards == 0) return;
    if (forwards_.size() == options_.max_forwards) forwards_.remove(forwards_.oldest());
    forwards_.add(pid, shard);
  }
  void forget(std::string_view pid) {
    if (const auto found = forwards_.find(pid)) forwards_.remove(*found);
  }
  std::optional<uint32_t> forwarded_to(std::string_view pid) const {
    const auto found = forwards_.find(pid);
    return found ? std::optional((*found)->value) : std::nullopt;
  }
  size_t forward_count() const { return forwards_.size(); }

 private:
  // Values by text, which also know the order they came in. All O(1).
  template <typename Value>
  class AgedMap {
   public:
    struct Node {
      std::string key;
      Value value;
    };
    using Handle = typename std::list<Node>::iterator;

    AgedMap() = default;
    AgedMap(const AgedMap&) = delete;
    AgedMap& operator=(const AgedMap&) = delete;
    size_t size() const { return index_.size(); }
    // Not empty.
    Handle oldest() { return nodes_.begin(); }
    auto oldest() const { return nodes_.begin(); }
    std::optional<Handle> find(std::string_view key) const {
      const auto found = index_.find(key);
      return found != index_.end() ? std::optional(found->second) : std::nullopt;
    }
    // `key` is not there yet.
    void add(std::string_view key, Value value) {
      nodes_.push_back({std::string(key), std::move(value)});
      const Handle added = std::prev(nodes_.end());
      index_.emplace(added->key, added);
    }
    void remove(Handle node) {
      index_.erase(node->key);
      nodes_.erase(node);
    }

   private:
    std::list<Node> nodes_;
    // The keys view those of the nodes.
    boost::unordered_flat_map<std::string_view, Handle, std::hash<std::string_view>> index_;
  };
  struct Stored {
    Session session;
    size_t bytes;
    SteadyTime expiry;
  };

 public:
  // What a session costs beside its own bytes and its id.
  static constexpr size_t kSessionOverhead = sizeof(typename AgedMap<Stored>::Node) + 64;

 private:
  void drop(typename AgedMap<Stored>::Handle node, Gone why) {
    if (on_gone_) on_gone_(node->key, node->value.session, why);
    bytes_ -= node->value.bytes;
    sessions_.remove(node);
  }

  Options options_;
  GoneHandler on_gone_;
  AgedMap<Stored> sessions_;
  size_t bytes_ = 0;
  AgedMap<uint32_t> forwards_;
};

}  // namespace patchbay::socketio
