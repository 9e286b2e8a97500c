#include "net/output_queue.h"

#include <array>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace patchbay::net {
namespace {

std::string gathered(const OutputQueue& queue) {
  std::array<iovec, 64> parts;
  std::string all;
  for (size_t i = 0, used = queue.gather(parts); i < used; ++i)
    all.append(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len);
  return all;
}

TEST(OutputQueue, KeepsTheOrderOfCopiesSharedBuffersAndStaticBytes) {
  OutputQueue queue;
  queue.append("a");
  queue.append("b");
  queue.append(make_buffer("shared"));
  queue.append_static("static");
  queue.append("");
  queue.append("c");
  EXPECT_EQ(queue.size(), 15u);
  EXPECT_EQ(gathered(queue), "absharedstaticc");
}

TEST(OutputQueue, GathersSmallWritesInOneEntry) {
  OutputQueue queue;
  for (int i = 0; i < 100; ++i) queue.append("x");
  std::array<iovec, 64> parts;
  EXPECT_EQ(queue.gather(parts), 1u);
}

TEST(OutputQueue, AgreesWithAStringWhateverIsConsumed) {
  std::mt19937 random(3);
  OutputQueue queue;
  std::string expected;
  const BufferRef shared = make_buffer(std::string(5000, 's'));
  for (int step = 0; step < 20'000; ++step) {
    switch (random() % 4) {
      case 0: {
        const std::string text(random() % 3 == 0 ? 20'000 : random() % 50,
                               static_cast<char>('a' + step % 26));
        queue.append(text);
        expected += text;
        break;
      }
      case 1:
        queue.append(shared);
        expected += shared->view();
        break;
      default: {
        const size_t count = random() % (queue.size() + 1);
        queue.consume(count);
        expected.erase(0, count);
      }
    }
    ASSERT_EQ(queue.size(), expected.size());
    std::array<char, 700> front;
    const size_t copied = queue.copy_front(front);
    ASSERT_EQ(std::string_view(front.data(), copied), std::string_view(expected).substr(0, front.size()));
    ASSERT_TRUE(expected.starts_with(gathered(queue)));
  }
}

TEST(OutputQueue, LetsGoOfSharedBuffersOnceTheyAreSent) {
  OutputQueue queue;
  const BufferRef shared = make_buffer("12345");
  queue.append(shared);
  queue.append("tail");
  queue.consume(5);
  EXPECT_EQ(shared->use_count(), 1u);
  EXPECT_EQ(gathered(queue), "tail");
}

TEST(OutputQueue, SharesNothingAfterUnshare) {
  OutputQueue queue;
  const BufferRef shared = make_buffer("12345");
  queue.append(shared);
  queue.append("tail");
  queue.consume(2);
  queue.unshare();
  EXPECT_EQ(shared->use_count(), 1u);
  EXPECT_EQ(gathered(queue), "345tail");
  queue.consume(4);
  EXPECT_EQ(gathered(queue), "ail");
}

}  // namespace
}  // namespace patchbay::net
