// What the Admin UI draws as charts: differences of the Engine.IO server's counters, by second. Nothing is
// counted for it; the counters of all shards are read once a second. Shard-local, time passed in. Internal to
// the module.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "engineio/metrics.h"

namespace boost::json {
class array;
}

namespace patchbay::socketio {

class AdminStats {
 public:
  // Seconds that are kept when nobody takes them; past it the oldest go.
  static constexpr size_t kMaxSeconds = 120;

  // What has happened since the last call goes to the second of `now`. The first call only sets the start.
  void sample(const engineio::Metrics& metrics, WallTime now);
  // [{timestamp, type, subType?, count}], oldest first; empty afterwards.
  boost::json::array take();

 private:
  struct Kind {
    std::string_view type;      // literals
    std::string_view sub_type;  // empty for none
    auto operator<=>(const Kind&) const = default;
  };
  using Values = std::map<Kind, uint64_t>;

  static Values read(const engineio::Metrics& metrics);

  Values last_;
  std::map<int64_t, Values> seconds_;  // by their start, Unix time in milliseconds
};

// Sessions whose transport is polling.
uint64_t polling_sessions(const engineio::Metrics& metrics);

}  // namespace patchbay::socketio
