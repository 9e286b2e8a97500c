#include "socketio/packet.h"

#include <vector>

#include <gtest/gtest.h>

#include "socketio/json_scan.h"

namespace patchbay::socketio {
namespace {

struct TextCase {
  std::string_view text;
  PacketView packet;
};

const TextCase kTextCases[] = {
    {"0", {.type = PacketType::kConnect}},
    {R"(0{"token":"123"})", {.type = PacketType::kConnect, .data = R"({"token":"123"})"}},
    {"0/custom,", {.type = PacketType::kConnect, .nsp = "/custom"}},
    {R"(0/custom,{"a":1})", {.type = PacketType::kConnect, .nsp = "/custom", .data = R"({"a":1})"}},
    {"0/chat?x=1,", {.type = PacketType::kConnect, .nsp = "/chat?x=1"}},
    {"1", {.type = PacketType::kDisconnect}},
    {"1/admin,", {.type = PacketType::kDisconnect, .nsp = "/admin"}},
    {R"(2["hey"])", {.type = PacketType::kEvent, .data = R"(["hey"])"}},
    {R"(2["hey",1,{"a":[]}])", {.type = PacketType::kEvent, .data = R"(["hey",1,{"a":[]}])"}},
    {R"(213["project:delete",123])",
     {.type = PacketType::kEvent, .id = 13, .data = R"(["project:delete",123])"}},
    {R"(2/admin,456["a"])", {.type = PacketType::kEvent, .nsp = "/admin", .id = 456, .data = R"(["a"])"}},
    {R"(20["a"])", {.type = PacketType::kEvent, .id = 0, .data = R"(["a"])"}},
    {R"(218446744073709551615["a"])", {.type = PacketType::kEvent, .id = UINT64_MAX, .data = R"(["a"])"}},
    {R"(2[1,2])", {.type = PacketType::kEvent, .data = "[1,2]"}},
    {R"(3/admin,456[])", {.type = PacketType::kAck, .nsp = "/admin", .id = 456, .data = "[]"}},
    {R"(4{"message":"Not authorized"})",
     {.type = PacketType::kConnectError, .data = R"({"message":"Not authorized"})"}},
    {R"(4/x,"why")", {.type = PacketType::kConnectError, .nsp = "/x", .data = R"("why")"}},
    {R"(51-["hello",{"_placeholder":true,"num":0}])",
     {.type = PacketType::kBinaryEvent,
      .data = R"(["hello",{"_placeholder":true,"num":0}])",
      .attachments = 1}},
    {R"(52-/admin,456["x",{"_placeholder":true,"num":1},{"a":[{"_placeholder":true,"num":0}]}])",
     {.type = PacketType::kBinaryEvent,
      .nsp = "/admin",
      .id = 456,
      .data = R"(["x",{"_placeholder":true,"num":1},{"a":[{"_placeholder":true,"num":0}]}])",
      .attachments = 2}},
    {R"(61-/admin,456[{"_placeholder":true,"num":0}])",
     {.type = PacketType::kBinaryAck,
      .nsp = "/admin",
      .id = 456,
      .data = R"([{"_placeholder":true,"num":0}])",
      .attachments = 1}},
    {R"(510-["none of them named"])",
     {.type = PacketType::kBinaryEvent, .data = R"(["none of them named"])", .attachments = 10}},
};

void expect_same_packet(const PacketView& a, const PacketView& b, std::string_view text) {
  EXPECT_EQ(a.type, b.type) << text;
  EXPECT_EQ(a.nsp, b.nsp) << text;
  EXPECT_EQ(a.id, b.id) << text;
  EXPECT_EQ(a.data, b.data) << text;
  EXPECT_EQ(a.attachments, b.attachments) << text;
}

DecodeStatus decode_text(std::string_view text) {
  PacketView packet;
  return decode_packet(text, {}, packet);
}

TEST(SocketIoPacket, PacketsDecodeAndEncodeBack) {
  for (const auto& [text, expected] : kTextCases) {
    PacketView packet;
    const DecodeStatus status = decode_packet(text, {}, packet);
    ASSERT_TRUE(status) << text << ": " << status.message();
    expect_same_packet(packet, expected, text);
    std::string again;
    append_packet(again, packet);
    EXPECT_EQ(again, text);
  }
}

TEST(SocketIoPacket, VariantsOfOneMeaningDecodeAlike) {
  const std::tuple<std::string_view, std::string_view> cases[] = {
      {"0/custom", "0/custom,"},                                           // without the comma
      {"1/custom", "1/custom,"},        {R"(0/,{"a":1})", R"(0{"a":1})"},  // the main namespace by name
      {R"(2 [ "a" ] )", R"(2[ "a" ])"},                                    // white space around the data
      {R"(2007["a"])", R"(27["a"])"},
  };
  for (const auto& [variant, plain] : cases) {
    PacketView a, b;
    ASSERT_TRUE(decode_packet(variant, {}, a)) << variant;
    ASSERT_TRUE(decode_packet(plain, {}, b)) << plain;
    expect_same_packet(a, b, variant);
  }
}

TEST(SocketIoPacket, MalformedPacketsAreRefusedWithAReason) {
  const std::pair<std::string, std::string_view> cases[] = {
      {"", "empty Socket.IO packet"},
      {"abc", "unknown Socket.IO packet type: it must be 0 to 6"},
      {"7", "unknown Socket.IO packet type: it must be 0 to 6"},
      {"0[]", "the data of CONNECT must be a JSON object"},
      {"0\"token\"", "the data of CONNECT must be a JSON object"},
      {"0null", "the data of CONNECT must be a JSON object"},
      {"0{", "the data of the packet is not valid JSON, or nested too deep"},
      {"0{} {}", "the data of the packet is not valid JSON, or nested too deep"},
      {"1{}", "DISCONNECT must not have data"},
      {"1/a,\"x\"", "DISCONNECT must not have data"},
      {"2", "the data of an event must be a JSON array"},
      {"2{}", "the data of an event must be a JSON array"},
      {"2abc[\"a\"]", "the data of an event must be a JSON array"},
      {"2[", "the data of the packet is not valid JSON, or nested too deep"},
      {"2[\"a\",]", "the data of the packet is not valid JSON, or nested too deep"},
      {"2[\"a\"]x", "the data of the packet is not valid JSON, or nested too deep"},
      {"2[]", "the name of an event must be a string"},
      {"2[{\"toString\":1}]", "the name of an event must be a string"},
      {"2[null]", "the name of an event must be a string"},
      {"2[[\"a\"]]", "the name of an event must be a string"},
      {"218446744073709551616[\"a\"]", "the acknowledgement id is too large"},
      {"2-1[\"a\"]", "the data of an event must be a JSON array"},
      {"3", "the data of an acknowledgement must be a JSON array"},
      {"31{}", "the data of an acknowledgement must be a JSON array"},
      {"4", "the data of CONNECT_ERROR must be a JSON object or string"},
      {"4[]", "the data of CONNECT_ERROR must be a JSON object or string"},
      {"5", "a binary packet must begin with the number of its attachments"},
      {"5-[\"a\"]", "a binary packet must begin with the number of its attachments"},
      {"5[\"a\"]", "a binary packet must begin with the number of its attachments"},
      {"5 1-[\"a\"]", "a binary packet must begin with the number of its attachments"},
      {"5-1-[\"a\"]", "a binary packet must begin with the number of its attachments"},
      {"51[\"a\"]", "a '-' must follow the number of attachments"},
      {"51.5-[\"a\"]", "a '-' must follow the number of attachments"},
      {"51e0-[\"a\"]", "a '-' must follow the number of attachments"},
      {"50-[\"a\"]", "a binary packet must have at least one attachment"},
      {"60-1[]", "a binary packet must have at least one attachment"},
      {"511-[\"a\"]", "too many attachments in one packet"},
      {"599999999999999999999-[\"a\"]", "too many attachments in one packet"},
      {"51-{}", "the data of an event must be a JSON array"},
      {"61-1\"x\"", "the data of an acknowledgement must be a JSON array"},
      {"2/a\x1e"
       "b,[\"a\"]",
       "control character in the name of the namespace"},
      {"0/" + std::string(1024, 'n') + ",", "the name of the namespace is too long"},
      {"2" + std::string(300, '[') + std::string(300, ']'),
       "the data of the packet is not valid JSON, or nested too deep"},
  };
  for (const auto& [text, reason] : cases) {
    const DecodeStatus status = decode_text(text);
    EXPECT_FALSE(status) << text;
    EXPECT_EQ(status.message(), reason) << text;
    EXPECT_LE(status.message().size(), 123u);
  }
}

// CVE-2026-69185: a packet that waits for no attachment would never be whole.
TEST(SocketIoPacket, ABinaryPacketWithZeroAttachmentsIsRefused) {
  EXPECT_FALSE(decode_text(R"(50-["a"])"));
  EXPECT_FALSE(decode_text(R"(500-["a"])"));
  EXPECT_FALSE(decode_text(R"(60-1["a"])"));
}

// CVE-2026-33151.
TEST(SocketIoPacket, TheNumberOfAttachmentsIsLimited) {
  PacketView packet;
  EXPECT_TRUE(decode_packet(R"(53-["a"])", {.max_attachments = 3}, packet));
  EXPECT_FALSE(decode_packet(R"(54-["a"])", {.max_attachments = 3}, packet));
  EXPECT_FALSE(decode_packet(R"(54294967297-["a"])", {.max_attachments = 3}, packet));
}

TEST(SocketIoPacket, NamesThatMeanSomethingElseToClientsAreRefused) {
  for (const std::string_view name :
       {"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"}) {
    EXPECT_TRUE(is_reserved_event(name));
    EXPECT_EQ(decode_text("2[\"" + std::string(name) + "\"]").message(), "this event name is reserved");
    EXPECT_EQ(decode_text("51-[\"" + std::string(name) + "\"]").message(), "this event name is reserved");
    // An acknowledgement has no name.
    EXPECT_TRUE(decode_text("31[\"" + std::string(name) + "\"]"));
  }
  EXPECT_FALSE(decode_text(R"(2["conn\u0065ct"])")) << "escapes do not hide it";
  for (const std::string_view name : {"error", "Connect", "connection", "", "__proto__", "message"})
    EXPECT_TRUE(decode_text("2[\"" + std::string(name) + "\"]")) << name;
}

// CVE-2022-2421.
TEST(SocketIoPacket, PlaceholdersMustNameAnAttachment) {
  for (const std::string_view bad :
       {R"({"_placeholder":true,"num":1})", R"({"_placeholder":true,"num":-1})",
        R"({"_placeholder":true,"num":0.5})", R"({"_placeholder":true,"num":"0"})",
        R"({"_placeholder":true,"num":"splice"})", R"({"_placeholder":true})",
        R"({"_placeholder":true,"num":null})", R"({"_placeholder":true,"num":[0]})",
        R"({"_placeholder":true,"num":{}})", R"({"_placeholder":true,"num":0,"num":7})",
        R"({"num":7,"x":{"num":0},"_placeholder":true})",
        R"({"_placeholder":true,"num":18446744073709551616})", R"({"_pl\u0061ceholder":true,"num":3})",
        R"({"a":[[{"b":{"_placeholder" : true , "num" : 9 }}]]})",
        R"({"_placeholder":true,"num":0,"x":{"_placeholder":true}})"}) {
    EXPECT_FALSE(decode_text("51-[\"x\"," + std::string(bad) + "]")) << bad;
    EXPECT_TRUE(decode_text("2[\"x\"," + std::string(bad) + "]"))
        << "a plain object where nothing is binary: " << bad;
  }
  for (const std::string_view good :
       {R"({"_placeholder":true,"num":0})", R"({"_placeholder":false,"num":9})",
        R"({"_placeholder":1,"num":9})", R"({"_placeholder":"true","num":9})", R"({"num":9})",
        R"(["_placeholder",true,"num",9])", R"({"_placeholder":true,"_placeholder":false})",
        R"({"num":9,"num":0,"_placeholder":true})", R"({"a":"_placeholder","b":true,"num":9})",
        R"({"_placeholder":{"true":true},"num":9})", R"({"_placeholder":true,"num":0,"extra":[{}]})"})
    EXPECT_TRUE(decode_text("51-[\"x\"," + std::string(good) + "]")) << good;
}

TEST(SocketIoPacket, ServersPacketsAreWrittenAsNodeWritesThem) {
  const auto text = [](auto&& append, auto&&... args) {
    std::string out;
    append(out, args...);
    return out;
  };
  EXPECT_EQ(text(append_connect, "/", "abc", ""), R"(0{"sid":"abc"})");
  EXPECT_EQ(text(append_connect, "/", "abc", "def"), R"(0{"sid":"abc","pid":"def"})");
  EXPECT_EQ(text(append_connect, "/custom", "abc", ""), R"(0/custom,{"sid":"abc"})");
  EXPECT_EQ(text(append_connect_error, "/random", "Invalid namespace", ""),
            R"(4/random,{"message":"Invalid namespace"})");
  EXPECT_EQ(text(append_connect_error, "/", "a \"b\"", R"({"code":1})"),
            R"(4{"message":"a \"b\"","data":{"code":1}})");
  EXPECT_EQ(text(append_disconnect, "/"), "1");
  EXPECT_EQ(text(append_disconnect, "/custom"), "1/custom,");
  EXPECT_EQ(text(append_event, "/", std::nullopt, "auth", "{}", size_t{0}), R"(2["auth",{}])");
  EXPECT_EQ(text(append_event, "/", std::nullopt, "bare", "", size_t{0}), R"(2["bare"])");
  EXPECT_EQ(text(append_event, "/a", uint64_t{7}, "x", "1,2", size_t{0}), R"(2/a,7["x",1,2])");
  EXPECT_EQ(text(append_event, "/a", uint64_t{7}, "x", R"({"_placeholder":true,"num":0})", size_t{1}),
            R"(51-/a,7["x",{"_placeholder":true,"num":0}])");
  EXPECT_EQ(text(append_ack, "/", uint64_t{456}, "", size_t{0}), "3456[]");
  EXPECT_EQ(text(append_ack, "/a", uint64_t{456}, "1,\"b\"", size_t{0}), R"(3/a,456[1,"b"])");
  EXPECT_EQ(text(append_ack, "/", uint64_t{789}, R"({"_placeholder":true,"num":0})", size_t{1}),
            R"(61-789[{"_placeholder":true,"num":0}])");
}

// Each piece stands alone in memory, so that a sanitizer sees every read past its end.
TEST(SocketIoPacket, EveryPrefixAndEveryDamagedByteIsDecodedOrRefused) {
  const auto check = [](const std::vector<char>& alone) {
    PacketView packet;
    if (decode_packet({alone.data(), alone.size()}, {}, packet)) {
      EXPECT_TRUE(packet.nsp.starts_with('/'));
      EXPECT_TRUE(packet.data.empty() || is_valid_json(packet.data));
      EXPECT_EQ(packet.attachments > 0, is_binary(packet.type));
    }
  };
  for (const TextCase& c : kTextCases) {
    std::vector<char> alone;
    check(alone);
    for (const char character : c.text) {
      alone.push_back(character);
      alone.shrink_to_fit();
      check(alone);
    }
    for (char& character : alone)
      for (const char damage : {'\0', '"', '\\', '{', ']', ',', '-', '9', ' ', '\x1e', '\xff'}) {
        const char before = std::exchange(character, damage);
        check(alone);
        character = before;
      }
  }
}

}  // namespace
}  // namespace patchbay::socketio
