#include "socketio/admin_stats.h"

#include <algorithm>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace patchbay::socketio {

AdminStats::Values AdminStats::read(const engineio::Metrics& metrics) {
  Values values;
  values[{"rawConnection", {}}] = metrics.opened_total();
  for (size_t i = 0; i < metrics.closed.size(); ++i)
    values[{"rawDisconnection", to_string(static_cast<engineio::CloseReason>(i))}] += metrics.closed[i];
  for (const auto& traffic : metrics.traffic) {
    values[{"packetsIn", {}}] += traffic.packets_in;
    values[{"packetsOut", {}}] += traffic.packets_out;
    values[{"bytesIn", {}}] += traffic.bytes_in;
    values[{"bytesOut", {}}] += traffic.bytes_out;
  }
  return values;
}

void AdminStats::sample(const engineio::Metrics& metrics, WallTime now) {
  Values values = read(metrics);
  const Values before = std::exchange(last_, values);
  if (before.empty()) return;
  const int64_t second = to_unix_ms(std::chrono::floor<std::chrono::seconds>(now));
  for (const auto& [kind, value] : values)
    if (const uint64_t count = value - before.at(kind); count > 0) seconds_[second][kind] += count;
  while (seconds_.size() > kMaxSeconds) seconds_.erase(seconds_.begin());
}

boost::json::array AdminStats::take() {
  boost::json::array events;
  for (const auto& [second, values] : std::exchange(seconds_, {}))
    for (const auto& [kind, count] : values) {
      boost::json::object event{{"timestamp", second}, {"type", kind.type}, {"count", count}};
      if (!kind.sub_type.empty()) event["subType"] = kind.sub_type;
      events.push_back(std::move(event));
    }
  return events;
}

uint64_t polling_sessions(const engineio::Metrics& metrics) {
  constexpr auto kPolling = static_cast<size_t>(engineio::TransportKind::kPolling);
  const uint64_t left =
      metrics.ended[kPolling] + metrics.upgrades[static_cast<size_t>(engineio::UpgradeOutcome::kSucceeded)];
  // The counters are not read at one instant.
  return metrics.opened[kPolling] - std::min(left, metrics.opened[kPolling]);
}

}  // namespace patchbay::socketio
