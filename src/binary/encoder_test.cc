#include "binary/encoder.h"

#include <fstream>
#include <iterator>
#include <random>
#include <stdexcept>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "binary/decoder.h"
#include "binary/tokens.h"

namespace patchbay::binary {
namespace {

std::string hex_of(const Node& node) {
  return to_hex(encode(node));
}

// ---------------------------------------------------------------- known answers of other implementations

Node node_of(const boost::json::value& json) {
  Node node{std::string(json.at("tag").as_string())};
  for (const auto& [name, value] : json.at("attrs").as_object()) {
    const std::string text(value.as_string());
    node.attributes.emplace_back(name, text == "@s.whatsapp.net" ? "s.whatsapp.net" : text);  // our spelling
  }
  const boost::json::value& content = json.at("content");
  if (const auto* const children = content.if_array()) {
    auto& nodes = node.content.emplace<Nodes>();
    for (const boost::json::value& child : *children) nodes.push_back(node_of(child));
  } else if (const auto* const bytes = content.if_object()) {
    node.content = bytes->contains("hex") ? from_hex(bytes->at("hex").as_string()).value()
                                          : Bytes(bytes->at("text").as_string());
  }
  return node;
}

Node without_empty_attributes(Node node) {
  std::erase_if(node.attributes, [](const auto& pair) { return pair.second.empty(); });
  if (auto* const children = std::get_if<Nodes>(&node.content))
    for (Node& child : *children) child = without_empty_attributes(std::move(child));
  return node;
}

TEST(Encoder, WritesAndTheDecoderReadsWhatOtherImplementationsDo) {
  std::ifstream file(PATCHBAY_WA_VECTORS);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const boost::json::value vectors = boost::json::parse(text);
  ASSERT_EQ(vectors.at("nodes").as_array().size(), 9);
  for (const boost::json::value& vector : vectors.at("nodes").as_array()) {
    const Node node = node_of(vector.at("node"));
    const Bytes encoded = from_hex(vector.at("encoded").as_string()).value();
    EXPECT_EQ(decode(encoded).value(), node) << describe(node);
    const Node written = without_empty_attributes(node);
    EXPECT_EQ(decode(encode(node)).value(), written) << describe(node);
    if (written != node) continue;
    EXPECT_EQ(to_hex(encode(node)), to_hex(encoded)) << describe(node);
  }
}

// ---------------------------------------------------------------- the form of each value

TEST(Encoder, WritesAStringInTheFirstFormThatFits) {
  const struct {
    std::string_view text;
    std::string_view form;
  } cases[] = {
      {"receipt", "07"},
      {"read-self", "ec00"},
      {"0", "2d"},               // a token, although it is a digit
      {"404", "ec35"},           // of a dictionary
      {"1.5-", "ff021b5a"},      // nibbles
      {"77777", "ff8377777f"},   // an odd number of them
      {"ABCD", "fb02abcd"},      // hexadecimal digits
      {"0A1", "fb820a1f"},       //
      {"abcd", "fc0461626364"},  // capitals only
      {"A-", "fc02412d"},        // of both alphabets
      {"é", "fc02c3a9"},
      {std::string_view("\0", 1), "fc0100"},
  };
  for (const auto& [text, form] : cases)
    EXPECT_EQ(hex_of({std::string(text)}), "00f801" + std::string(form)) << text;
}

TEST(Encoder, PacksUpTo127Digits) {
  EXPECT_EQ(encode({std::string(127, '7')}).substr(3, 2), "\xff\xc0");
  EXPECT_EQ(encode({std::string(128, '7')}).substr(3, 2), "\xfc\x80");
  EXPECT_EQ(encode({std::string(127, 'A')}).substr(3, 2), "\xfb\xc0");
  EXPECT_EQ(encode({std::string(128, 'A')}).substr(3, 2), "\xfc\x80");
}

TEST(Encoder, WritesJidsInAttributesInTheirOwnForms) {
  const struct {
    std::string_view text;
    std::string_view form;
  } cases[] = {
      {"s.whatsapp.net", "fa0003"},
      {"@g.us", "fa001c"},
      {"77777@s.whatsapp.net", "faff8377777f03"},
      {"77777:7@s.whatsapp.net", "f70007ff8377777f"},
      {"77777@lid", "faff8377777f76"},
      {"77777:255@lid", "f701ffff8377777f"},
      {"77777@hosted", "f78000ff8377777f"},
      {"77777:9@hosted.lid", "f78109ff8377777f"},
      {"77777:258@msgr", "f6ff8377777f0102cc"},
      {"3-77777:258@interop", "f5ff8377777f01020003fc07696e7465726f70"},
  };
  for (const auto& [text, form] : cases) {
    const Node node{"type", {{"to", std::string(text)}}};
    EXPECT_EQ(hex_of(node), "00f8030411" + std::string(form)) << text;
    EXPECT_EQ(decode(encode(node)).value(), node) << text;
  }
}

TEST(Encoder, WritesAsTextWhatOnlyLooksLikeAJid) {
  for (const std::string_view value :
       {"me@home", "@", "lid", "g.us", "@s.whatsapp.net", "1:0@lid", "1:256@lid", "1:1@g.us", "a b@lid",
        "1@lid\n", ":1@lid", "@msgr", "@hosted", "user@interop"}) {
    const Node node{"type", {{"name", std::string(value)}}};
    const auto form = static_cast<uint8_t>(encode(node)[5]);
    EXPECT_TRUE(form < 240 || form > 250) << value;
    EXPECT_EQ(decode(encode(node)).value(), node) << value;
  }
  // Only attributes hold JIDs.
  EXPECT_EQ(encode({"1@lid"})[3], '\xfc');
  EXPECT_EQ(encode({"type", {{"1@lid", "x"}}})[4], '\xfc');
  EXPECT_EQ(encode({"type", {}, Bytes("1@lid")})[4], '\xfc');
}

TEST(Encoder, LeavesOutEmptyAttributesAndEmptyLists) {
  EXPECT_EQ(hex_of({"type", {{"to", ""}, {"id", "x"}, {"from", ""}}}), "00f8030408fc0178");
  EXPECT_EQ(hex_of({"type", {}, Nodes{}}), "00f80104");
  EXPECT_EQ(hex_of({"type", {}, Bytes{}}), "00f80204fc00");
}

TEST(Encoder, WritesLengthsOf8And20And32Bits) {
  const struct {
    size_t bytes;
    std::string_view header;
  } cases[] = {{255, "fcff"},
               {256, "fd000100"},
               {0xfffff, "fd0fffff"},
               {0x100000, "fe00100000"},
               {0x1234567, "fe01234567"}};
  for (const auto& [bytes, header] : cases) {
    const Node node{"type", {}, Bytes(bytes, 'x')};
    const Bytes encoded = encode(node);
    EXPECT_EQ(to_hex(std::string_view(encoded).substr(4, header.size() / 2)), header);
    EXPECT_EQ(decode(encoded).value(), node);
  }
}

TEST(Encoder, WritesLongLists) {
  for (const size_t count : {255, 256, 65'535}) {
    const Node node{"type", {}, Nodes(count, Node{"to"})};
    EXPECT_EQ(static_cast<uint8_t>(encode(node)[4]), count <= 255 ? 248 : 249);
    EXPECT_EQ(decode(encode(node)).value(), node);
  }
  EXPECT_THROW(encode({"type", {}, Nodes(65'536, Node{"to"})}), std::length_error);

  Node node{"type"};
  for (size_t i = 0; i < 32'766; ++i) node.attributes.emplace_back("n" + std::to_string(i), "x");
  EXPECT_EQ(decode(encode(node)).value(), node);
  node.content = Nodes{{"to"}};
  EXPECT_EQ(decode(encode(node)).value(), node);
  node.set("one-more", "x");
  EXPECT_THROW(encode(node), std::length_error);
}

// ---------------------------------------------------------------- random nodes

class RandomNodes {
 public:
  explicit RandomNodes(uint32_t seed) : random_(seed) {}

  Node node(size_t depth) {
    Node node{string(false)};
    for (size_t count = below(5); count > 0; --count)
      node.set(string(false), below(3) == 0 ? jid() : string(false));
    const size_t kind = below(3);
    if (kind == 0) node.content = string(true);
    if (kind == 1 && depth > 0) {
      auto& children = node.content.emplace<Nodes>();
      for (size_t count = 1 + below(below(20) == 0 ? 400 : 5); count > 0; --count)
        children.push_back(this->node(below(depth)));
    }
    return node;
  }

 private:
  size_t below(size_t bound) { return bound == 0 ? 0 : random_() % bound; }

  std::string of(std::string_view alphabet, size_t length) {
    std::string text(length, '\0');
    for (char& character : text) character = alphabet[below(alphabet.size())];
    return text;
  }

  std::string string(bool may_be_empty) {
    const size_t length = below(may_be_empty ? 200 : 199) + (may_be_empty ? 0 : 1);
    switch (below(6)) {
      case 0:
        return std::string(token_text(static_cast<TokenNumber>(1 + below(kTokens - 1))));
      case 1:
        return of("0123456789-.", length);
      case 2:
        return of("0123456789ABCDEF", length);
      case 3:
        return of("0123456789abcdef@:s.whatsappnetlid", length);
      case 4:
        return of("0123456789", 1 + below(20));
      default:
        break;
    }
    std::string bytes(below(50) == 0 ? 300 : length, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random_());
    return bytes;
  }

  std::string jid() {
    static constexpr std::string_view kServers[] = {"s.whatsapp.net", "lid",    "g.us",       "broadcast",
                                                    "newsletter",     "hosted", "hosted.lid", "msgr",
                                                    "interop",        "bot",    "else"};
    std::string text = below(4) == 0 ? "" : of("0123456789", 1 + below(16));
    if (below(3) == 0) text += ":" + std::to_string(below(300));
    return (below(4) == 0 ? std::to_string(below(70'000)) + "-" : "") + text + "@" +
           std::string(kServers[below(std::size(kServers))]);
  }

  std::mt19937 random_;
};

TEST(Encoder, IsUndoneByTheDecoder) {
  for (uint32_t seed = 0; seed < 500; ++seed) {
    const Node node = RandomNodes(seed).node(6);
    const auto decoded = decode(encode(node));
    ASSERT_TRUE(decoded) << "seed " << seed << ": " << decoded.error().message;
    ASSERT_EQ(*decoded, node) << "seed " << seed << ": " << describe(node);
  }
}

}  // namespace
}  // namespace patchbay::binary
