// Latencies, in microseconds, with a resolution of about 3 %: 32 buckets for every power of two. A value; one
// thread.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

namespace patchbay::bench {

class Histogram {
 public:
  void record(int64_t microseconds) {
    ++counts_[bucket(static_cast<uint64_t>(std::max<int64_t>(microseconds, 0)))];
    ++total_;
  }
  uint64_t total() const { return total_; }
  // The value that `fraction` of the records do not exceed, rounded up to its bucket's end. 0 without
  // records.
  double quantile(double fraction) const {
    const auto wanted = static_cast<uint64_t>(std::ceil(fraction * static_cast<double>(total_)));
    uint64_t seen = 0;
    for (size_t i = 0; i < counts_.size(); ++i)
      if ((seen += counts_[i]) >= wanted && counts_[i] > 0) return static_cast<double>(upper(i));
    return 0;
  }

 private:
  static constexpr unsigned kBits = 5;
  static constexpr unsigned kPowers = 34;  // up to about three days

  static size_t bucket(uint64_t value) {
    if (value < (1u << kBits)) return value;
    const auto power = static_cast<unsigned>(std::bit_width(value)) - 1 - kBits;
    return std::min<size_t>((power << kBits) + (value >> power), (kPowers << kBits) - 1);
  }
  static uint64_t upper(size_t index) {
    if (index < (1u << kBits)) return index;
    const size_t power = (index >> kBits) - 1;
    return (((index & ((1u << kBits) - 1)) + (1u << kBits) + 1) << power) - 1;
  }

  std::array<uint64_t, size_t{kPowers} << kBits> counts_{};
  uint64_t total_ = 0;
};

}  // namespace patchbay::bench
