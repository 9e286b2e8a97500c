#include "socketio/decoder.h"

#include <functional>
#include <vector>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>

#include "socketio/binary.h"

namespace patchbay::socketio {
namespace {

// Owns what it was shown.
struct Recorder final : Decoder::Events {
  struct Seen {
    std::string text;  // the packet, encoded again
    std::vector<std::string> attachments;
    bool operator==(const Seen&) const = default;
  };
  bool on_packet(const PacketView& packet, std::span<const Attachment> attachments) override {
    Seen seen;
    append_packet(seen.text, packet);
    for (const Attachment& attachment : attachments) {
      seen.attachments.push_back(*attachment);
      kept.push_back(attachment);
    }
    packets.push_back(std::move(seen));
    data = packet.data.data();
    if (then) then();
    return true;
  }
  std::vector<Seen> packets;
  std::vector<Attachment> kept;
  const char* data = nullptr;
  std::function<void()> then;
};

constexpr std::string_view kTwo =
    R"(52-/admin,7["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}])";

class SocketIoDecoder : public testing::Test {
 protected:
  Recorder seen;
  Decoder decoder{Decoder::Options{}};
};

TEST_F(SocketIoDecoder, TextPacketsPassAtOnceWithoutACopy) {
  const std::string text = R"(2["hey",1])";
  EXPECT_TRUE(decoder.on_text(text, seen));
  ASSERT_EQ(seen.packets.size(), 1u);
  EXPECT_EQ(seen.data, text.data() + 1);
  EXPECT_FALSE(decoder.has_pending());
}

TEST_F(SocketIoDecoder, ABinaryPacketComesWithItsAttachmentsInOrder) {
  {
    std::string buffer(kTwo);  // gone, as a read buffer is, before the attachments arrive
    EXPECT_TRUE(decoder.on_text(buffer, seen));
    buffer.assign(buffer.size(), '#');
  }
  EXPECT_TRUE(decoder.has_pending());
  std::string bytes = "\x01\x02";
  EXPECT_TRUE(decoder.on_binary(bytes, seen));
  bytes.assign("##");
  EXPECT_TRUE(decoder.has_pending());
  EXPECT_EQ(decoder.pending_bytes(), kTwo.size() + 2);
  EXPECT_TRUE(seen.packets.empty());
  EXPECT_TRUE(decoder.on_binary("", seen));
  EXPECT_FALSE(decoder.has_pending());
  EXPECT_EQ(decoder.pending_bytes(), 0u);
  EXPECT_EQ(seen.packets, (std::vector<Recorder::Seen>{{std::string(kTwo), {"\x01\x02", ""}}}));
}

TEST_F(SocketIoDecoder, TheMainNamespaceSurvivesTheWait) {
  EXPECT_TRUE(decoder.on_text(R"(51-["x",{"_placeholder":true,"num":0}])", seen));
  EXPECT_TRUE(decoder.on_binary("b", seen));
  EXPECT_EQ(seen.packets.at(0).text, R"(51-["x",{"_placeholder":true,"num":0}])");
}

TEST_F(SocketIoDecoder, AttachmentsMayBeKeptPastTheDecoder) {
  {
    Decoder brief{Decoder::Options{}};
    EXPECT_TRUE(brief.on_text(R"(51-["x",{"_placeholder":true,"num":0}])", seen));
    EXPECT_TRUE(brief.on_binary("bytes", seen));
  }
  EXPECT_EQ(*seen.kept.at(0), "bytes");
}

TEST_F(SocketIoDecoder, BinaryWithoutAPacketThatAnnouncesItIsRefused) {
  EXPECT_FALSE(decoder.on_binary("x", seen));
  EXPECT_TRUE(decoder.on_text(R"(2["a"])", seen));
  EXPECT_FALSE(decoder.on_binary("x", seen));
  EXPECT_TRUE(decoder.on_text(R"(51-["a"])", seen));
  EXPECT_TRUE(decoder.on_binary("x", seen));
  EXPECT_FALSE(decoder.on_binary("one too many", seen));
}

TEST_F(SocketIoDecoder, TextWhereAnAttachmentIsDueIsRefused) {
  EXPECT_TRUE(decoder.on_text(kTwo, seen));
  EXPECT_FALSE(decoder.on_text(R"(2["a"])", seen));
  EXPECT_FALSE(decoder.has_pending()) << "what was held is given back";
  EXPECT_TRUE(seen.packets.empty());
}

TEST_F(SocketIoDecoder, ABrokenBinaryPacketLeavesNothingPending) {
  for (const std::string_view bad : {R"(50-["a"])", R"(511-["a"])", R"(51-["a")", R"(5)", R"(6)",
                                     R"(51-["disconnect"])", R"(51-["x",{"_placeholder":true,"num":1}])"}) {
    EXPECT_FALSE(decoder.on_text(bad, seen)) << bad;
    EXPECT_FALSE(decoder.has_pending()) << bad;
  }
}

TEST_F(SocketIoDecoder, TheBytesOfABinaryPacketAreLimitedAsAWhole) {
  const std::string text = R"(52-["x"])";
  Decoder small{{.max_attachments = 10, .max_bytes = text.size() + 10}};
  EXPECT_TRUE(small.on_text(text, seen));
  EXPECT_TRUE(small.on_binary("12345", seen));
  EXPECT_TRUE(small.on_binary("67890", seen));
  EXPECT_EQ(seen.packets.size(), 1u);
  EXPECT_TRUE(small.on_text(text, seen));
  EXPECT_TRUE(small.on_binary("12345", seen));
  EXPECT_EQ(small.on_binary("678901", seen).message(), "a binary packet is too large");
  EXPECT_FALSE(small.has_pending());
  EXPECT_FALSE(small.on_text("51-[\"" + std::string(100, 'x') + "\"]", seen));
}

TEST_F(SocketIoDecoder, TheOwnerMayResetInsideTheCall) {
  seen.then = [&] { decoder.reset(); };
  EXPECT_TRUE(decoder.on_text(R"(51-["x",{"_placeholder":true,"num":0}])", seen));
  EXPECT_TRUE(decoder.on_binary("b", seen));
  EXPECT_EQ(seen.packets.at(0).attachments, std::vector<std::string>{"b"});
  EXPECT_FALSE(decoder.has_pending());
}

TEST_F(SocketIoDecoder, IsSmallWhenIdle) {
  EXPECT_LE(sizeof(Decoder), 24u);
}

TEST(Placeholder, IsRecognisedInAParsedTree) {
  const auto index = [](std::string_view json) { return placeholder_index(boost::json::parse(json)); };
  EXPECT_EQ(index(R"({"_placeholder":true,"num":0})"), 0u);
  EXPECT_EQ(index(R"({"num":3,"_placeholder":true})"), 3u);
  for (const std::string_view other :
       {R"({"_placeholder":false,"num":0})", R"({"_placeholder":true})", R"({"num":0})",
        R"({"_placeholder":true,"num":-1})", R"({"_placeholder":true,"num":0.5})",
        R"({"_placeholder":true,"num":"0"})", "[]", "1"})
    EXPECT_EQ(index(other), std::nullopt) << other;
  std::string text;
  append_placeholder(text, 12);
  EXPECT_EQ(index(text), 12u);
}

}  // namespace
}  // namespace patchbay::socketio
