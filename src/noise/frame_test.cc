#include "noise/frame.h"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace patchbay::noise {
namespace {

std::string framed(std::string_view payload) {
  std::string out;
  EXPECT_TRUE(append_frame(out, payload));
  return out;
}

std::vector<std::string> feed(FrameReader& reader, std::string_view bytes) {
  std::vector<std::string> frames;
  EXPECT_TRUE(reader.feed(bytes, [&](std::string_view frame) {
    frames.emplace_back(frame);
    return true;
  }));
  return frames;
}

TEST(Frame, IsAThreeByteLengthAndThePayload) {
  EXPECT_EQ(framed("abc"), std::string("\0\0\3abc", 6));
  EXPECT_EQ(framed(""), std::string(3, '\0'));
  EXPECT_EQ(framed(std::string(0x012345, 'x')).substr(0, 4), "\x01\x23\x45x");
}

TEST(Frame, AppendsBehindWhatIsThere) {
  std::string out = "WA";
  EXPECT_TRUE(append_frame(out, "p"));
  EXPECT_EQ(out, std::string("WA\0\0\1p", 6));
}

TEST(Frame, OneTooLongForItsLengthIsNotAppended) {
  const std::string longest(kMaxFrameBytes, 'x');
  std::string out = "before";
  const Status status = append_frame(out, longest + 'x');
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kPayloadTooLarge);
  EXPECT_EQ(out, "before");
  FrameReader reader;
  EXPECT_EQ(feed(reader, framed(longest)), std::vector{longest});
}

TEST(FrameReader, FindsTheSameFramesHoweverTheBytesAreSplit) {
  const std::vector<std::string> frames = {"first", "", "x", std::string(300, 'y'), "", "last"};
  std::string stream;
  for (const auto& frame : frames) stream += framed(frame);
  for (size_t step = 1; step <= stream.size(); ++step) {
    FrameReader reader;
    std::vector<std::string> found;
    for (size_t at = 0; at < stream.size(); at += step)
      for (auto& frame : feed(reader, std::string_view(stream).substr(at, step)))
        found.push_back(std::move(frame));
    EXPECT_EQ(found, frames) << "in steps of " << step;
    EXPECT_EQ(reader.buffered_bytes(), 0u);
  }
}

TEST(FrameReader, GivesAFrameAsSoonAsItsLastByteCame) {
  FrameReader reader;
  EXPECT_TRUE(feed(reader, std::string("\0\0\2a", 4)).empty());
  EXPECT_EQ(reader.buffered_bytes(), 4u);
  EXPECT_EQ(feed(reader, "b"), std::vector<std::string>{"ab"});
  EXPECT_EQ(feed(reader, std::string(3, '\0')), std::vector<std::string>{""});
}

TEST(FrameReader, RefusesAFrameFromItsHeaderAndKeepsRefusing) {
  FrameReader reader(100);
  EXPECT_EQ(feed(reader, framed(std::string(100, 'x'))).size(), 1u);
  const std::string header("\0\0\x65", 3);
  for (const std::string& bytes : {header, std::string("any"), framed("good")}) {
    const Status status = reader.feed(bytes, [](std::string_view) {
      ADD_FAILURE();
      return true;
    });
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::kPayloadTooLarge);
    EXPECT_EQ(status.error().message, "A frame announces 101 bytes; the limit is 100.");
    EXPECT_EQ(reader.buffered_bytes(), 3u);
  }
}

TEST(FrameReader, RefusesAnOversizedFrameThatIsHereWhole) {
  FrameReader reader(4);
  std::vector<std::string> found;
  const Status status = reader.feed(framed("good") + framed("wrong"), [&](std::string_view frame) {
    found.emplace_back(frame);
    return true;
  });
  EXPECT_FALSE(status);
  EXPECT_EQ(found, std::vector<std::string>{"good"});
}

TEST(FrameReader, MemoryFollowsWhatCameNotWhatIsAnnounced) {
  FrameReader reader;
  EXPECT_TRUE(feed(reader,
                   "\xff\xff\xff"
                   "abc")
                  .empty());
  EXPECT_EQ(reader.buffered_bytes(), 6u);
}

TEST(FrameReader, MayBeDestroyedByItsReceiver) {
  for (const bool split : {false, true}) {
    auto reader = std::make_unique<FrameReader>();
    const std::string stream = framed("one") + framed("two");
    if (split) {
      EXPECT_TRUE(feed(*reader, std::string_view(stream).substr(0, 2)).empty());
    }
    int calls = 0;
    EXPECT_TRUE(reader->feed(std::string_view(stream).substr(split ? 2 : 0), [&](std::string_view frame) {
      reader.reset();
      EXPECT_EQ(frame, "one");
      ++calls;
      return false;
    }));
    EXPECT_EQ(calls, 1);
  }
}

}  // namespace
}  // namespace patchbay::noise
