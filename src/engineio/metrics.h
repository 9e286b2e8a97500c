// What an Engine.IO server counts: each shard for itself, in plain relaxed stores, and a sum for readers.
// ShardMetrics: written by its shard, read by anyone. Metrics: a value.
#pragma once

#include <array>
#include <cstdint>

#include "base/counters.h"
#include "engineio/kinds.h"
#include "engineio/refusal.h"

namespace patchbay::engineio {

template <typename Number>
struct TrafficCounts {
  Number packets_in{};
  Number packets_out{};
  // Of the packets as they travelled inside WebSocket messages and polling bodies; no headers, no masks.
  Number bytes_in{};
  Number bytes_out{};
};

// Arrays are indexed by the enumeration that their comment names.
template <typename Number>
struct MetricCounts {
  std::array<Number, kTransportKinds> opened{};     // sessions, by first TransportKind
  std::array<Number, kCloseReasons> closed{};       // sessions, by CloseReason
  std::array<Number, kTransportKinds> ended{};      // sessions that are gone, by last TransportKind
  std::array<Number, kUpgradeOutcomes> upgrades{};  // by UpgradeOutcome
  std::array<Number, kRefusalCodes> refused{};      // requests, by RefusalCode
  std::array<Number, kBusyReasons> busy{};          // handshakes turned away for now, by BusyReason
  std::array<TrafficCounts<Number>, kTransportKinds> traffic{};  // by TransportKind
  Number heartbeats_sent{};    // pings of ours; in revision 3, answers to those of the client
  Number heartbeats_missed{};  // sessions that ended for the lack of one
};

// Upper bounds of the buckets of heartbeat_lateness_ms.
inline constexpr std::array<uint64_t, 12> kLatenessMs{0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1'000, 5'000};

struct ShardMetrics : MetricCounts<Counter> {
  // How long after its due time a ping was sent: how late this shard runs. Milliseconds.
  Histogram<kLatenessMs> heartbeat_lateness_ms;
};

struct Metrics : MetricCounts<uint64_t> {
  uint64_t sessions = 0;  // now
  HistogramValues heartbeat_lateness_ms;

  void add(const ShardMetrics& shard);
  uint64_t opened_total() const;
  uint64_t closed_total() const;
};

}  // namespace patchbay::engineio
