// The part of a namespace that lives on one shard. Internal to the module.
#pragma once

#include <atomic>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "socketio/namespace.h"
#include "socketio/namespace_handlers.h"
#include "socketio/recovery.h"
#include "socketio/room_table.h"

namespace patchbay::socketio {

struct Namespace::PerShard {
  // Written by the shard, read by anyone.
  struct Counters {
    std::atomic<uint64_t> sockets{0}, rooms{0}, connected{0}, refused{0}, recovered{0}, recovery_failed{0},
        events_in{0}, acks_in{0}, events_out{0}, acks_out{0}, broadcasts{0}, ack_timeouts{0}, event_errors{0},
        dropped_volatile{0}, dropped_newest{0}, dropped_oldest{0}, coalesced{0}, overflowed{0};
  };

  boost::unordered_flat_map<std::string_view, Socket*> sockets;  // the key views the socket's own id
  RoomTable rooms;
  std::vector<Socket*> scratch;  // of Chosen
  uint64_t mark = 0;
  Counters counters;
  std::unique_ptr<RecoveryShard> recovery;  // null unless recovery is on

  static void bump(std::atomic<uint64_t>& counter, uint64_t by = 1) {
    counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
  void update_counts() {
    counters.sockets.store(sockets.size(), std::memory_order_relaxed);
    counters.rooms.store(rooms.room_count(), std::memory_order_relaxed);
  }
};

// The sockets of the current shard that an operation is for. Owns its list: whoever goes through it may run
// code of the application, which may choose again. The memory goes back to the shard.
class Namespace::Chosen {
 public:
  Chosen(const Namespace& nsp, const Selection& selection);
  ~Chosen() { shard_.scratch = std::move(sockets_); }
  Chosen(const Chosen&) = delete;
  Chosen& operator=(const Chosen&) = delete;

  template <typename Predicate>
  void leave_out(Predicate&& which) {
    std::erase_if(sockets_, which);
  }
  bool empty() const { return sockets_.empty(); }
  size_t size() const { return sockets_.size(); }
  auto begin() const { return sockets_.begin(); }
  auto end() const { return sockets_.end(); }

 private:
  PerShard& shard_;
  std::vector<Socket*> sockets_;
};

}  // namespace patchbay::socketio
