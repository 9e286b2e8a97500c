#include "binary/node.h"

#include <gtest/gtest.h>

namespace patchbay::binary {
namespace {

Node message() {
  return {
      "message", {{"to", "1@lid"}, {"id", "A"}}, Nodes{{"enc", {{"v", "2"}}, Bytes("\0\xff", 2)}, {"meta"}}};
}

TEST(Node, AnswersForWhatItHasAndForWhatItLacks) {
  Node node = message();
  EXPECT_EQ(node.attribute("to"), "1@lid");
  EXPECT_EQ(node.attribute("from"), "");
  EXPECT_TRUE(node.has_attribute("id"));
  EXPECT_FALSE(node.has_attribute("from"));
  node.set("id", "B");
  node.set("from", "2@lid");
  EXPECT_EQ(node.attributes, (Attributes{{"to", "1@lid"}, {"id", "B"}, {"from", "2@lid"}}));
  EXPECT_EQ(node.children().size(), 2);
  EXPECT_EQ(node.child_bytes("enc"), std::string_view("\0\xff", 2));
  EXPECT_EQ(node.child_bytes("meta"), "");
  EXPECT_EQ(node.child("none"), nullptr);
  EXPECT_EQ(node.bytes(), "");
  EXPECT_TRUE(node.child("meta")->children().empty());
}

TEST(Node, IsDescribedWithoutItsContent) {
  EXPECT_EQ(describe(message()), R"(<message to="1@lid" id="A"><enc v="2">[2 bytes]</enc><meta/></message>)");
  EXPECT_EQ(describe({"a", {}, Bytes("x")}), "<a>[1 byte]</a>");
  EXPECT_EQ(describe({"a", {}, Bytes()}), "<a>[0 bytes]</a>");
}

TEST(Node, IsDescribedInOneLineOfValidText) {
  EXPECT_EQ(describe({"a", {{"name", "José \"☕\"\n\x1b[31m\\"}}}),
            R"(<a name="José \x22☕\x22\x0a\x1b[31m\x5c"/>)");
  EXPECT_EQ(describe({"a", {{"name", "Jos\xe9"}}}), R"(<a name="Jos\xe9"/>)");
}

TEST(Node, IsDescribedWithLongValuesCut) {
  const std::string dots(64, '.');
  EXPECT_EQ(describe({"a", {{"v", dots}}}), "<a v=\"" + dots + "\"/>");
  EXPECT_EQ(describe({"a", {{"v", dots + "."}}}), "<a v=\"" + dots + "…\"/>");
  // Not in the middle of a character.
  EXPECT_EQ(describe({"a", {{"v", dots.substr(1) + "é"}}}), "<a v=\"" + dots.substr(1) + "…\"/>");
}

TEST(Node, IsDescribedInNoMoreBytesThanAsked) {
  Node node{"list"};
  node.content = Nodes(10'000, Node{"ítem", {{"name", "☕"}}});
  for (size_t most = 0; most < 200; ++most) {
    const std::string text = describe(node, most);
    EXPECT_LE(text.size(), most);
    EXPECT_TRUE(is_valid_utf8(text));
    if (most >= 3) {
      EXPECT_TRUE(text.ends_with("…"));
      EXPECT_GT(text.size() + 6, most);
    }
  }
  EXPECT_EQ(describe(message(), 70).size(), 70);
  EXPECT_TRUE(describe(message(), 69).ends_with("…"));
}

}  // namespace
}  // namespace patchbay::binary
