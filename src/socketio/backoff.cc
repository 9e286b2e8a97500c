#include "socketio/backoff.h"

#include <algorithm>

namespace patchbay::socketio {

Milliseconds Backoff::next(double random) {
  // Past 2^20 every ceiling is reached.
  const auto factor = static_cast<double>(uint64_t{1} << std::min<uint32_t>(attempts_, 20));
  if (attempts_ < UINT32_MAX) ++attempts_;
  const auto max = static_cast<double>(options_.max.count());
  const double base = std::min(static_cast<double>(options_.min.count()) * factor, max);
  const double jitter = std::clamp(options_.jitter, 0.0, 1.0);
  const double varied = base * (1 - jitter + 2 * jitter * random);
  return Milliseconds(static_cast<int64_t>(std::clamp(varied, 0.0, max)));
}

}  // namespace patchbay::socketio
