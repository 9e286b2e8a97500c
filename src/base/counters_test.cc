#include "base/counters.h"

#include <gtest/gtest.h>

namespace patchbay {
namespace {

constexpr std::array<uint64_t, 3> kBounds{1, 10, 100};

TEST(Histogram, ABoundBelongsToItsBucket) {
  Histogram<kBounds> histogram;
  for (const uint64_t value : {0, 1, 2, 10, 11, 100, 101, 5000}) histogram.observe(value);
  const HistogramValues values = histogram.get();
  EXPECT_EQ(values.counts, (std::vector<uint64_t>{2, 2, 2, 2}));
  EXPECT_EQ(values.sum, 5225u);
  EXPECT_EQ(values.count(), 8u);
}

TEST(Histogram, ValuesOfSeveralAddUp) {
  Histogram<kBounds> one, other;
  one.observe(1);
  other.observe(1);
  other.observe(1000);
  HistogramValues sum;
  sum += one.get();
  sum += other.get();
  EXPECT_EQ(sum.counts, (std::vector<uint64_t>{2, 0, 0, 1}));
  EXPECT_EQ(sum.sum, 1002u);
}

}  // namespace
}  // namespace patchbay
