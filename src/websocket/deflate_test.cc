#include "websocket/deflate.h"

#include <random>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "websocket/shared_frame.h"

namespace patchbay::websocket {
namespace {

using Verdict = DeflateCodec::Verdict;

DeflateOptions on(size_t threshold = 0) {
  return {.enabled = true, .threshold = threshold};
}

std::string text_of(size_t size) {
  std::string text;
  for (int i = 0; text.size() < size; ++i)
    text += R"({"id":)" + std::to_string(i) + R"(,"status":"CONNECTED"},)";
  text.resize(size);
  return text;
}

std::string noise(size_t size) {
  std::minstd_rand random(7);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random() >> 8);
  return bytes;
}

TEST(DeflateCodec, BringsBackWhatItCompressed) {
  DeflateCodec codec(on());
  for (unsigned bits = kMinSendWindowBits; bits <= kMaxWindowBits; ++bits)
    for (const size_t size : {100u, 1024u, 65'536u, 300'000u}) {
      const std::string text = text_of(size);
      codec.set_turn(bits * 1000 + size);
      const auto compressed = codec.deflate("4", text, bits);
      ASSERT_TRUE(compressed) << bits << " " << size;
      EXPECT_LT(compressed->size(), text.size());
      std::string back;
      EXPECT_EQ(codec.inflate(std::string(*compressed), size + 1, back), Verdict::kOk);
      EXPECT_EQ(back, "4" + text);
    }
}

TEST(DeflateCodec, CompressesEveryMessageByItself) {
  DeflateCodec codec(on());
  const std::string text = text_of(2000);
  const std::string first(*codec.deflate({}, text, 15));
  codec.deflate({}, noise(5000), 15);
  EXPECT_EQ(*codec.deflate({}, text, 15), first) << "nothing of the messages between shows";
}

TEST(DeflateCodec, KeepsToTheWindowThatThePeerAskedFor) {
  // The same 600 random bytes twice: only a window larger than 600 sees the repetition.
  DeflateCodec codec(on());
  const std::string once = noise(600);
  EXPECT_FALSE(codec.deflate(once, once, 9)) << "a window of 512 bytes finds nothing";
  EXPECT_TRUE(codec.deflate(once, once, 15));
  EXPECT_FALSE(codec.deflate({}, text_of(5000), 8)) << "zlib has no window of 256 bytes";
}

TEST(DeflateCodec, LeavesShortAndIncompressibleMessagesAsTheyAre) {
  DeflateCodec codec(on(1024));
  EXPECT_FALSE(codec.deflate({}, text_of(1023), 15));
  EXPECT_TRUE(codec.deflate("4", text_of(1023), 15));
  EXPECT_FALSE(codec.deflate({}, noise(5000), 15));
}

TEST(DeflateCodec, CompressesNoMoreInATurnThanItsBudget) {
  DeflateOptions options = on();
  options.max_deflated_per_turn = 5000;
  DeflateCodec codec(options);
  codec.set_turn(1);
  EXPECT_TRUE(codec.deflate({}, text_of(3000), 15));
  EXPECT_FALSE(codec.deflate({}, text_of(3000), 15));
  EXPECT_TRUE(codec.deflate({}, text_of(2000), 15)) << "what is left may be spent";
  codec.set_turn(2);
  EXPECT_TRUE(codec.deflate({}, text_of(3000), 15));
  EXPECT_FALSE(codec.deflate({}, text_of(6000), 15)) << "larger than any turn's budget";
}

TEST(DeflateCodec, KnowsWhenATurnHasInflatedEnough) {
  DeflateOptions options = on();
  options.max_inflated_per_turn = 10'000;
  DeflateCodec codec(options);
  const std::string compressed(*codec.deflate({}, std::string(9'000, 'x'), 15));
  std::string out;
  codec.set_turn(1);
  codec.inflate(compressed, 10'000, out);
  EXPECT_FALSE(codec.inflate_exhausted());
  out.clear();
  codec.inflate(compressed, 10'000, out);
  EXPECT_TRUE(codec.inflate_exhausted());
  codec.set_turn(2);
  EXPECT_FALSE(codec.inflate_exhausted());
}

// RFC 7692 §7.2.3.
TEST(DeflateCodec, InflatesTheExamplesOfTheSpecification) {
  const std::pair<std::string, std::string> cases[] = {
      {"f248cdc9c90700", "Hello"},              // §7.2.3.1
      {"000500faff48656c6c6f00", "Hello"},      // §7.2.3.3, a block without compression
      {"f348cdc9c9070000", "Hello"},            // §7.2.3.4, a block that says it is the last
      {"f24805000000ffffcac9c90700", "Hello"},  // §7.2.3.5, two blocks
      {"00", ""},                               // §7.2.3.6
      {"", ""},
      {"f348cdc9c90700", "Hello"},  // the last block without the empty one behind it
  };
  DeflateCodec codec(on());
  for (const auto& [payload, message] : cases) {
    std::string out;
    EXPECT_EQ(codec.inflate(from_hex(payload).value(), 100, out), Verdict::kOk) << payload;
    EXPECT_EQ(out, message) << payload;
  }
}

TEST(DeflateCodec, RefusesWhatIsNotDeflateDataOrNotAllOfIt) {
  DeflateCodec codec(on());
  const std::string whole(*codec.deflate({}, text_of(3000), 15));
  std::vector<std::string> bad = {
      from_hex("ff").value(),                    // reserved kind of block
      from_hex("f248cdc9").value(),              // ends inside a block
      from_hex("000500faff48656c").value(),      // ends inside a block without compression
      from_hex("000500fbff48656c6c6f").value(),  // its length does not match
      from_hex("f348cdc9c907000041").value(),    // something behind the last block
      from_hex("f348cdc9c90700f248cdc9c90700").value(),
      noise(500)};
  bad.push_back(whole.substr(0, whole.size() / 2));
  for (const std::string& payload : bad) {
    std::string out;
    EXPECT_EQ(codec.inflate(payload, 10'000, out), Verdict::kInvalid) << to_hex(payload);
  }
  std::string out;
  EXPECT_EQ(codec.inflate(from_hex("f248cdc9c90700").value(), 100, out), Verdict::kOk)
      << "no trace of the others is left";
  EXPECT_EQ(out, "Hello");
}

TEST(DeflateCodec, StopsInflatingAtTheLimit) {
  DeflateOptions options = on();
  options.max_deflated_per_turn = SIZE_MAX;
  DeflateCodec codec(options);
  const std::string bomb(*codec.deflate({}, std::string(20'000'000, '\0'), 15));
  EXPECT_LT(bomb.size(), 100'000u);
  std::string out;
  EXPECT_EQ(codec.inflate(bomb, 1'000'000, out), Verdict::kTooLarge);
  EXPECT_LE(out.size(), 1'000'000u);
  EXPECT_LE(out.capacity(), 3'000'000u);
  const std::string exact(*codec.deflate({}, std::string(1'000'000, 'x'), 15));
  out.clear();
  EXPECT_EQ(codec.inflate(exact, 1'000'000, out), Verdict::kOk);
  out.clear();
  EXPECT_EQ(codec.inflate(exact, 999'999, out), Verdict::kTooLarge);
}

TEST(SharedFrame, IsCompressedOnceForAllReceiversOfOneWindow) {
  DeflateCodec codec(on());
  const SharedFrame frame(Opcode::kText, "4", text_of(2000), true);
  const net::BufferRef& first = frame.deflated(codec, 15);
  EXPECT_EQ(static_cast<uint8_t>(first->view()[0]), 0xc1);
  EXPECT_EQ(frame.deflated(codec, 15), first);
  EXPECT_NE(frame.deflated(codec, 10), first);
  EXPECT_EQ(static_cast<uint8_t>(frame.plain()->view()[0]), 0x81);
  std::string back;
  EXPECT_EQ(codec.inflate(first->view().substr(first->view().size() < 130 ? 2 : 4), 5000, back),
            Verdict::kOk);
  EXPECT_EQ(back, frame.message());
}

TEST(SharedFrame, IsPlainWhereCompressionIsNotWantedOrDoesNotPay) {
  DeflateCodec codec(on(1024));
  for (const SharedFrame& frame : {SharedFrame(Opcode::kText, "4", text_of(2000), false),
                                   SharedFrame(Opcode::kText, "4", text_of(500), true),
                                   SharedFrame(Opcode::kBinary, {}, noise(5000), true)})
    EXPECT_EQ(frame.deflated(codec, 15), frame.plain());
  EXPECT_EQ(SharedFrame(Opcode::kText, "4", text_of(2000), true).deflated(codec, 8)->view()[0], '\x81');
}

}  // namespace
}  // namespace patchbay::websocket
