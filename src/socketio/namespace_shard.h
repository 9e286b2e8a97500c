// The part of a namespace that lives on one shard. Internal to the module.
#pragma once

#include <atomic>
#include <string_view>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "socketio/namespace.h"
#include "socketio/room_table.h"

namespace patchbay::socketio {

struct Namespace::PerShard {
  boost::unordered_flat_map<std::string_view, Socket*> sockets;  // the key views the socket's own id
  RoomTable rooms;
  std::vector<Socket*> chosen;  // scratch of select()
  uint64_t mark = 0;
  std::atomic<size_t> count{0};

  void update_count() { count.store(sockets.size(), std::memory_order_relaxed); }
};

}  // namespace patchbay::socketio
