#include "binary/decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "binary/encoder.h"
#include "binary/tokens.h"

namespace patchbay::binary {
namespace {

using ::testing::HasSubstr;

Bytes bytes_of(std::string_view hex) {
  return from_hex(hex).value();
}

Bytes compressed(std::string_view bytes) {
  uLongf size = compressBound(bytes.size());
  Bytes out(size, '\0');
  compress2(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(bytes.data()),
            bytes.size(), 9);
  out.resize(size);
  return "\x02" + out;
}

// What the decoder says against `frame`.
std::string refusal(std::string_view frame, const DecodeLimits& limits = {}) {
  const auto decoded = decode(frame, limits);
  if (decoded) return "accepted: " + describe(*decoded);
  EXPECT_EQ(decoded.error().code, ErrorCode::kBadRequest);
  return decoded.error().message;
}

// A node of `depth` levels.
Node nested(size_t depth) {
  Node node{"list"};
  while (--depth > 0) node = Node{"list", {}, Nodes{std::move(node)}};
  return node;
}

TEST(Decoder, TakesEveryFormOfAString) {
  const struct {
    std::string_view form;
    std::string_view text;
  } cases[] = {
      {"07", "receipt"},
      {"eb", token_text(235)},
      {"ec00", "read-self"},
      {"efff", token_text(kTokens - 1)},
      {"fc0161", "a"},
      {"fd00000161", "a"},
      {"fdf0000161", "a"},  // the upper half of the first byte says nothing
      {"fe0000000161", "a"},
      {"ff021b5a", "1.5-"},
      {"ff811f", "1"},
      {"ff8115", "1"},  // any padding
      {"ff00", ""},
      {"fb01af", "AF"},
      {"fb81a0", "A"},
      {"fc00", ""},
      {"00", ""},
      {"fa0003", "s.whatsapp.net"},
      {"faff8377777f03", "77777@s.whatsapp.net"},
      {"fafc0161fc0162", "a@b"},
      {"f70000fc0161", "a@s.whatsapp.net"},
      {"f70005fb0112", "12:5@s.whatsapp.net"},
      {"f70105fb0112", "12:5@lid"},
      {"f78005fb0112", "12:5@hosted"},
      {"f78100fb0112", "12@hosted.lid"},
      {"f70205fb0112", "12:5@s.whatsapp.net"},  // a domain that nobody knows
      {"f7ff00fb0112", "12@s.whatsapp.net"},
      {"f6fb01120102fc046d736772", "12:258@msgr"},
      {"f5fb011200010003fc07696e7465726f70", "3-12:1@interop"},
  };
  for (const auto& [form, text] : cases) {
    // <type to=…/>
    auto decoded = decode(bytes_of("00f8030411" + std::string(form)));
    ASSERT_TRUE(decoded) << form << ": " << decoded.error().message;
    EXPECT_EQ(*decoded, (Node{"type", {{"to", std::string(text)}}})) << form;
    if (form == "00") continue;  // as content, an empty list
    decoded = decode(bytes_of("00f80204" + std::string(form)));
    ASSERT_TRUE(decoded) << form << ": " << decoded.error().message;
    EXPECT_EQ(*decoded, (Node{"type", {}, Bytes(text)})) << form;
    if (text.empty()) continue;
    EXPECT_EQ(decode(bytes_of("00f801" + std::string(form))).value(), (Node{std::string(text)})) << form;
    EXPECT_EQ(decode(bytes_of("00f803" + std::string("04") + std::string(form) + "07")).value(),
              (Node{"type", {{std::string(text), "receipt"}}}))
        << form;
  }
}

TEST(Decoder, TakesEveryFormOfAList) {
  EXPECT_EQ(decode(bytes_of("00f9000104")).value(), (Node{"type"}));
  EXPECT_EQ(decode(bytes_of("00f8020400")).value(), (Node{"type"}));
  EXPECT_EQ(decode(bytes_of("00f80204f800")).value(), (Node{"type"}));
  EXPECT_EQ(decode(bytes_of("00f80204f90000")).value(), (Node{"type"}));
  EXPECT_EQ(decode(bytes_of("00f80204f90002f80111f80108")).value(),
            (Node{"type", {}, Nodes{{"to"}, {"id"}}}));
}

TEST(Decoder, SaysWhatIsWrongAndAtWhichByte) {
  const struct {
    std::string_view frame;
    std::string_view message;
  } cases[] = {
      {"", "the frame is empty"},
      {"00", "byte 1: cut short: 1 bytes needed, 0 left"},
      {"0000", "byte 1: a node of no parts"},
      {"00f800", "byte 1: a node of no parts"},
      {"0004", "byte 1: 4 stands where a list was expected"},
      {"00fc0104", "byte 1: 252 stands where a list was expected"},
      {"00f80100", "byte 3: a node without a tag"},
      {"00f801fc00", "byte 3: a node without a tag"},
      {"00f801f0", "byte 3: 240 stands where a string was expected"},
      {"00f801f4", "byte 3: 244 stands where a string was expected"},
      {"00f801f801f80104", "byte 3: 248 stands where a string was expected"},
      {"00f8010400", "byte 4: 1 bytes stand behind the node"},
      {"00f8ff04", "byte 1: a node of more parts than bytes are left"},
      {"00f9ffff04", "byte 1: a node of more parts than bytes are left"},
      {"00f803040007", "byte 4: an attribute without a name"},
      {"00f805040807fc0561", "byte 8: cut short: 5 bytes needed, 1 left"},
      {"00f80204f803f80104", "byte 4: a list of more nodes than bytes are left for"},
      {"00f80204f9fffff80104", "byte 4: a list of more nodes than bytes are left for"},
      {"00f80204f80104f801", "byte 6: 4 stands where a list was expected"},
      {"00f80204feffffffff00", "byte 9: cut short: 4294967295 bytes needed, 1 left"},
      {"00f80204fdffffff00", "byte 8: cut short: 1048575 bytes needed, 1 left"},
      {"00f80204ff0200", "byte 6: cut short"},
      {"00f80204ff80", "byte 5: a packed string of odd length without bytes"},
      {"00f80204ff021cff", "byte 6: a packed string holds what is no digit"},
      {"00f80204ff0212f1", "byte 7: a packed string holds what is no digit"},
      {"00f80204fafa000303", "byte 5: 250 stands where a part of a JID was expected"},
      {"00f80204fa00f70001fc0161", "byte 6: 247 stands where a part of a JID was expected"},
      {"00f80204fafc016100", "byte 4: a JID without a server"},
      {"00f80204f7000100", "byte 4: a JID of a device without a user"},
      {"00f80204f6fc0161000103", "byte 4: a JID of this form has the server \"msgr\""},
      {"00f80204f5fc01610001000103", "byte 4: a JID of this form has the server \"interop\""},
  };
  for (const auto& [frame, message] : cases)
    EXPECT_THAT(refusal(bytes_of(frame)), HasSubstr(message)) << frame;
}

TEST(Decoder, TakesTheFirstOfAnAttributeThatStandsTwice) {
  EXPECT_EQ(decode(bytes_of("00f80504080708fc0161")).value(), (Node{"type", {{"id", "receipt"}}}));
  // "to" in two forms
  EXPECT_EQ(decode(bytes_of("00f805041107fc02746f00")).value(), (Node{"type", {{"to", "receipt"}}}));
  EXPECT_EQ(decode(bytes_of("00f80904080708fc0161110708fc0162")).value(),
            (Node{"type", {{"id", "receipt"}, {"to", "receipt"}}}));
}

TEST(Decoder, RefusesWhenStrictWhatCanBeReadAllTheSame) {
  const DecodeLimits strict{.strict = true};
  const struct {
    std::string_view frame;
    std::string_view message;
  } cases[] = {
      {"00f80504080708fc0161", "byte 4: an attribute stands twice"},
      {"00f805041107fc02746f00", "byte 4: an attribute stands twice"},
      {"00f80204f70201fc0161", "byte 5: a JID of the unknown domain 2"},
  };
  for (const auto& [frame, message] : cases) {
    EXPECT_THAT(refusal(bytes_of(frame), strict), HasSubstr(message)) << frame;
    EXPECT_TRUE(decode(bytes_of(frame))) << frame;
  }
}

TEST(Decoder, RefusesFramesThatAreCutAtAnyByte) {
  const Node node{
      "message",
      {{"to", "1:7@lid"}, {"id", "3EB0A1"}, {"name", "José"}, {"from", "7-x:1@interop"}, {"t", "1700000000"}},
      Nodes{{"enc", {{"v", "2"}}, Bytes(300, 'x')}, {"list", {}, Nodes(300, Node{"to"})}}};
  const Bytes frame = encode(node);
  for (size_t size = 0; size < frame.size(); ++size) {
    const std::string message = refusal(std::string_view(frame).substr(0, size));
    EXPECT_THAT(message, ::testing::StartsWith("binary node")) << size;
  }
  EXPECT_EQ(decode(frame).value(), node);

  const Bytes small = compressed(std::string_view(frame).substr(1));
  for (size_t size = 1; size < small.size(); ++size)
    EXPECT_THAT(refusal(std::string_view(small).substr(0, size)), HasSubstr("cut short")) << size;
  EXPECT_EQ(decode(small).value(), node);
}

TEST(Decoder, InflatesCompressedFramesUpToItsLimit) {
  const Node node{"type", {}, Bytes(1'000'000, 'x')};
  const Bytes frame = compressed(std::string_view(encode(node)).substr(1));
  EXPECT_LT(frame.size(), 2'000);
  EXPECT_EQ(decode(frame).value(), node);
  EXPECT_EQ(decode(frame, {.max_inflated_bytes = 1'000'007}).value(), node);
  EXPECT_THAT(refusal(frame, {.max_inflated_bytes = 1'000'006}),
              HasSubstr("inflates to more than the limit"));
  EXPECT_THAT(refusal(frame + "x"), HasSubstr("bytes behind the end"));
  EXPECT_THAT(refusal("\x02 no such stream"), HasSubstr("not a zlib stream"));
  EXPECT_THAT(refusal(compressed("")), HasSubstr("byte 0: cut short"));
  EXPECT_THAT(refusal(compressed("\xf8\x01\xf0")), HasSubstr("byte 2: 240 stands"));
}

TEST(Decoder, TakesAnyOtherBitOfTheFlagByte) {
  EXPECT_EQ(decode(bytes_of("fdf80104")).value(), (Node{"type"}));
}

TEST(Decoder, KeepsNodesFromNestingTooDeep) {
  EXPECT_EQ(decode(encode(nested(32))).value(), nested(32));
  EXPECT_THAT(refusal(encode(nested(33))), HasSubstr("deeper than 32 levels"));
  EXPECT_THAT(refusal(encode(nested(4)), {.max_depth = 3}), HasSubstr("byte 16: deeper than 3 levels"));
  // A hundred thousand levels, and JIDs in JIDs: no recursion follows them.
  Bytes deep(1, '\0');
  for (int i = 0; i < 100'000; ++i) deep += bytes_of("f80204f801");
  EXPECT_THAT(refusal(deep), HasSubstr("deeper than 32 levels"));
  EXPECT_THAT(refusal(bytes_of("00f801") + Bytes(1'000'000, '\xfa')), HasSubstr("a part of a JID"));
}

TEST(Decoder, CountsNodesAndAttributesOfTheWholeFrame) {
  Node node{"list", {}, Nodes(10, Node{"list", {}, Nodes(10, Node{"to", {{"id", "1"}, {"t", "2"}}})})};
  const Bytes frame = encode(node);
  EXPECT_EQ(decode(frame, {.max_nodes = 111, .max_attributes = 200}).value(), node);
  EXPECT_THAT(refusal(frame, {.max_nodes = 110}), HasSubstr("more than 110 nodes"));
  EXPECT_THAT(refusal(frame, {.max_attributes = 199}), HasSubstr("more than 199 attributes"));
}

// Two bytes an attribute is the densest that exists: what 65,535 parts a node and 16 MiB could hold without a
// limit would take half a gigabyte.
TEST(Decoder, RefusesAFrameOfNothingButAttributes) {
  Node node{"to"};
  for (size_t i = 0; i < 32'766; ++i) node.attributes.emplace_back("n" + std::to_string(i), "2");
  const Bytes encoded = encode(node).substr(1);
  Bytes frame = bytes_of("00f80204f810");
  for (int i = 0; i < 16; ++i) frame += encoded;
  EXPECT_THAT(refusal(frame), HasSubstr("more than 500000 attributes"));
}

TEST(Decoder, FindsAnAttributeThatStandsTwiceAmongThirtyThousand) {
  Node node{"to"};
  for (size_t i = 0; i < 32'766; ++i) node.attributes.emplace_back("n" + std::to_string(i), "2");
  EXPECT_EQ(decode(encode(node)).value(), node);
  Node twice = node;
  twice.attributes.back() = {"n0", "3"};
  node.attributes.pop_back();
  EXPECT_EQ(decode(encode(twice)).value(), node) << "the first counts, in its place";
  EXPECT_THAT(refusal(encode(twice), {.strict = true}), HasSubstr("stands twice"));
}

}  // namespace
}  // namespace patchbay::binary
