#include "engineio/metrics.h"

#include <numeric>

namespace patchbay::engineio {
namespace {

template <size_t kSize>
void add_each(std::array<uint64_t, kSize>& sums, const std::array<Counter, kSize>& counters) {
  for (size_t i = 0; i < kSize; ++i) sums[i] += counters[i].get();
}

}  // namespace

void Metrics::add(const ShardMetrics& shard) {
  add_each(opened, shard.opened);
  add_each(closed, shard.closed);
  add_each(ended, shard.ended);
  add_each(upgrades, shard.upgrades);
  add_each(refused, shard.refused);
  add_each(busy, shard.busy);
  for (size_t i = 0; i < traffic.size(); ++i) {
    traffic[i].packets_in += shard.traffic[i].packets_in.get();
    traffic[i].packets_out += shard.traffic[i].packets_out.get();
    traffic[i].bytes_in += shard.traffic[i].bytes_in.get();
    traffic[i].bytes_out += shard.traffic[i].bytes_out.get();
  }
  heartbeats_sent += shard.heartbeats_sent.get();
  heartbeats_missed += shard.heartbeats_missed.get();
  heartbeat_lateness_ms += shard.heartbeat_lateness_ms.get();
}

uint64_t Metrics::opened_total() const {
  return std::accumulate(opened.begin(), opened.end(), uint64_t{0});
}

uint64_t Metrics::closed_total() const {
  return std::accumulate(closed.begin(), closed.end(), uint64_t{0});
}

}  // namespace patchbay::engineio
