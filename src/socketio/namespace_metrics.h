// What a namespace has counted. Values; see Namespace::metrics().
#pragma once

#include <cstdint>

namespace patchbay::socketio {

struct NamespaceMetrics {
  uint64_t sockets = 0;  // now
  uint64_t rooms = 0;    // now; a room counts once a shard
  uint64_t connected = 0;
  uint64_t refused = 0;  // by middleware or limits
  uint64_t recovered = 0;
  uint64_t recovery_failed = 0;
  uint64_t events_in = 0;
  uint64_t acks_in = 0;
  uint64_t events_out = 0;  // one a receiver
  uint64_t acks_out = 0;
  uint64_t broadcasts = 0;  // one a shard
  uint64_t ack_timeouts = 0;
  uint64_t event_errors = 0;  // refused by event middleware
  // Packets that were not sent, by reason.
  uint64_t dropped_volatile = 0;
  uint64_t dropped_newest = 0;
  uint64_t dropped_oldest = 0;
  uint64_t coalesced = 0;
  uint64_t overflowed = 0;  // sockets disconnected because too much waited

  NamespaceMetrics& operator+=(const NamespaceMetrics& other);
};

}  // namespace patchbay::socketio
