// Counters for one writer and any readers: a shard counts, whoever renders metrics reads. Adding is a plain
// load and store, no locked instruction, so two threads must not add to the same one. Each value is exact;
// several together are not a consistent set.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace patchbay {

class Counter {
 public:
  // The writer only.
  void add(uint64_t by = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
  // Any thread.
  uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

// What a histogram held when it was read; several of the same bounds can be summed.
struct HistogramValues {
  std::span<const uint64_t> bounds;  // upper, inclusive, ascending
  std::vector<uint64_t> counts;      // one a bound, and one more for what is above the last
  uint64_t sum = 0;                  // of the values observed

  HistogramValues& operator+=(const HistogramValues& other) {
    if (counts.empty()) return *this = other;
    for (size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
    sum += other.sum;
    return *this;
  }
  uint64_t count() const {
    uint64_t total = 0;
    for (const uint64_t bucket : counts) total += bucket;
    return total;
  }
};

// `Bounds` is a constexpr std::array of ascending upper bounds, inclusive. Small values first: a bucket is
// found by walking.
template <const auto& Bounds>
class Histogram {
 public:
  // The writer only.
  void observe(uint64_t value) {
    size_t bucket = 0;
    while (bucket < Bounds.size() && value > Bounds[bucket]) ++bucket;
    counts_[bucket].add();
    sum_.add(value);
  }
  // Any thread.
  HistogramValues get() const {
    HistogramValues values{.bounds = Bounds, .counts = {}, .sum = sum_.get()};
    values.counts.reserve(counts_.size());
    for (const Counter& bucket : counts_) values.counts.push_back(bucket.get());
    return values;
  }

 private:
  std::array<Counter, Bounds.size() + 1> counts_;
  Counter sum_;
};

}  // namespace patchbay
