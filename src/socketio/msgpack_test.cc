#include "socketio/msgpack.h"

#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "socketio/json_scan.h"

namespace patchbay::socketio {
namespace {

using namespace std::string_literals;

struct PacketCase {
  std::string bytes;
  PacketView packet;
  std::vector<std::string> attachments = {};
};

// The strings that every packet has, as they are packed.
const std::string kType = "\xa4type",
                  kData =
                      "\xa4"
                      "data"s,
                  kId = "\xa2id", kNsp = "\xa3nsp";
const std::string kRoot = kNsp + "\xa1/";
const std::string kOptions =
    "\xa7options\x81\xa8"
    "compress\xc3"s;

// What npm's parser 3.0.2 (on notepack.io 2.2) writes in clients, in its order of keys; and python-socketio,
// which sends nil for what it does not have.
const std::vector<PacketCase>& client_packets() {
  static const std::vector<PacketCase> cases = {
      {"\x83" + kType + "\x00"s + kData + "\xd4\x00\x00"s + kRoot, {.type = PacketType::kConnect}},
      {"\x83" + kType + "\x00"s + kData + "\xc0" + kRoot, {.type = PacketType::kConnect}},
      {"\x83" + kType + "\x00"s + kData +
           "\x81\xa5token\xa3"
           "123" +
           kNsp + "\xa6/admin",
       {.type = PacketType::kConnect, .nsp = "/admin", .data = R"({"token":"123"})"}},
      {"\x82" + kType + "\x01" + kRoot, {.type = PacketType::kDisconnect}},
      {"\x84" + kType + "\x02" + kData +
           "\x94\xa5hello\x01\xa1"
           "2\x92\x03\xc3" +
           kOptions + kRoot,
       {.type = PacketType::kEvent, .data = R"(["hello",1,"2",[3,true]])"}},
      {"\x85" + kType + "\x02" + kData +
           "\x92\xa3"
           "ask\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00"s +
           kOptions + kId + "\x00"s + kRoot,
       {.type = PacketType::kEvent, .id = 0, .data = R"(["ask",1.5])"}},
      {"\x84" + kType + "\x02" + kData +
           "\x94\xa6"
           "binary\x90\x81\xa1"
           "a\xa1"
           "b\xc4\x04"
           "asdf" +
           kOptions + kRoot,
       {.type = PacketType::kBinaryEvent,
        .data = R"(["binary",[],{"a":"b"},{"_placeholder":true,"num":0}])",
        .attachments = 1},
       {"asdf"}},
      {"\x84" + kType + "\x03" + kId + "\xcd\x01\xc8" + kData + "\x92\xc4\x00\x81\xa1x\xc4\x02\x00\xff"s +
           kNsp + "\xa5/chat",
       {.type = PacketType::kBinaryAck,
        .nsp = "/chat",
        .id = 456,
        .data = R"([{"_placeholder":true,"num":0},{"x":{"_placeholder":true,"num":1}}])",
        .attachments = 2},
       {"", "\x00\xff"s}},
      {"\x83" + kData + "\x90" + kType + "\x03" + kNsp + "\xa3/\xc3\xa9",
       {.type = PacketType::kAck, .nsp = "/\xc3\xa9", .data = "[]"}},
  };
  return cases;
}

std::vector<Attachment> attach(const std::vector<std::string>& bytes) {
  std::vector<Attachment> attachments;
  for (const std::string& one : bytes) attachments.push_back(std::make_shared<const std::string>(one));
  return attachments;
}

void expect_same_message(const PacketView& a, const PacketView& b, std::string_view about) {
  EXPECT_EQ(a.type, b.type) << about;
  EXPECT_EQ(a.nsp, b.nsp) << about;
  EXPECT_EQ(a.id, b.id) << about;
  EXPECT_EQ(a.data, b.data) << about;
  EXPECT_EQ(a.attachments, b.attachments) << about;
}

// An acknowledgement with one argument.
std::string ack_with(std::string_view packed) {
  return "\x83" + kType + "\x03" + kData + "\x91" + std::string(packed) + kRoot;
}
// The JSON of that argument, or the reason why there is none.
std::string argument(std::string_view packed, const MsgpackLimits& limits = {}) {
  MsgpackPacket packet;
  const DecodeStatus status = decode_msgpack_packet(ack_with(packed), limits, packet);
  if (!status) return std::string(status.message());
  return packet.data.substr(1, packet.data.size() - 2);
}
std::string packed(std::string_view json, const std::vector<std::string>& attachments = {}) {
  const std::string data = "[" + std::string(json) + "]";
  const std::string bytes =
      encode_msgpack_packet({.type = PacketType::kAck, .data = data}, attach(attachments));
  const size_t head = ack_with("").size() - kRoot.size();
  return bytes.substr(head, bytes.size() - head - kRoot.size());
}
DecodeStatus decode_msgpack(std::string_view bytes, const MsgpackLimits& limits = {}) {
  MsgpackPacket packet;
  return decode_msgpack_packet(bytes, limits, packet);
}

TEST(Msgpack, ClientsPacketsAreReadAsTheDefaultEncodingWouldBe) {
  for (const PacketCase& c : client_packets()) {
    MsgpackPacket packet;
    const DecodeStatus status = decode_msgpack_packet(c.bytes, {}, packet);
    ASSERT_TRUE(status) << to_hex(c.bytes) << ": " << status.message();
    expect_same_message(packet.view(), c.packet, to_hex(c.bytes));
    ASSERT_EQ(packet.attachments.size(), c.attachments.size());
    for (size_t i = 0; i < c.attachments.size(); ++i) EXPECT_EQ(*packet.attachments[i], c.attachments[i]);
  }
}

TEST(Msgpack, ServersPacketsAreWrittenAsNpmsParserReadsThem) {
  const auto write = [](const PacketView& packet, const std::vector<std::string>& attachments = {}) {
    return to_hex(encode_msgpack_packet(packet, attach(attachments)));
  };
  EXPECT_EQ(write({.type = PacketType::kConnect, .data = R"({"sid":"abc"})"}),
            to_hex("\x83" + kType + "\x00"s + kData +
                   "\x81\xa3sid\xa3"
                   "abc" +
                   kRoot));
  // npm's parser wants `data` and `id` to be absent, not nil.
  EXPECT_EQ(write({.type = PacketType::kDisconnect, .nsp = "/chat"}),
            to_hex("\x82" + kType + "\x01" + kNsp + "\xa5/chat"));
  EXPECT_EQ(write({.type = PacketType::kEvent, .data = R"( [ "hello" , 1, "2",[3 ,true] ])"}),
            to_hex("\x83" + kType + "\x02" + kData +
                   "\x94\xa5hello\x01\xa1"
                   "2\x92\x03\xc3" +
                   kRoot));
  EXPECT_EQ(write({.type = PacketType::kBinaryEvent,
                   .id = 300,
                   .data = R"(["b",{"num":0,"_placeholder":true},{"x":{"_placeholder":true,"num":1}},null])",
                   .attachments = 2},
                  {"first", ""}),
            to_hex("\x84" + kType + "\x02" + kData +
                   "\x94\xa1"
                   "b\xc4\x05"
                   "first\x81\xa1x\xc4\x00\xc0"s +
                   kId + "\xcd\x01\x2c" + kRoot));
  EXPECT_EQ(
      write({.type = PacketType::kBinaryAck, .id = 0, .data = R"([{"_placeholder":true,"num":0}])"}, {"x"}),
      to_hex("\x84" + kType + "\x03" + kData + "\x91\xc4\x01x" + kId + "\x00"s + kRoot));
  EXPECT_EQ(write({.type = PacketType::kConnectError, .data = R"({"message":"no"})"}),
            to_hex("\x83" + kType + "\x04" + kData + "\x81\xa7message\xa2no" + kRoot));
}

TEST(Msgpack, ValuesTravelBothWays) {
  const std::pair<std::string, std::string> cases[] = {
      {"\xc0", "null"},
      {"\xc2", "false"},
      {"\xc3", "true"},
      {"\x00"s, "0"},
      {"\x7f", "127"},
      {"\xcc\x80", "128"},
      {"\xcc\xff", "255"},
      {"\xcd\x01\x00"s, "256"},
      {"\xcd\xff\xff", "65535"},
      {"\xce\x00\x01\x00\x00"s, "65536"},
      {"\xce\xff\xff\xff\xff", "4294967295"},
      {"\xcf\x00\x00\x00\x01\x00\x00\x00\x00"s, "4294967296"},
      {"\xcf\x00\x1f\xff\xff\xff\xff\xff\xff"s, "9007199254740991"},
      {"\xcf\xff\xff\xff\xff\xff\xff\xff\xff", "18446744073709551615"},
      {"\xff", "-1"},
      {"\xe0", "-32"},
      {"\xd0\xdf", "-33"},
      {"\xd0\x80", "-128"},
      {"\xd1\xff\x7f", "-129"},
      {"\xd1\x80\x00"s, "-32768"},
      {"\xd2\xff\xff\x7f\xff", "-32769"},
      {"\xd2\x80\x00\x00\x00"s, "-2147483648"},
      {"\xd3\xff\xff\xff\xff\x7f\xff\xff\xff", "-2147483649"},
      {"\xd3\x80\x00\x00\x00\x00\x00\x00\x00"s, "-9223372036854775808"},
      {"\xcb\x3f\xb9\x99\x99\x99\x99\x99\x9a", "0.1"},
      {"\xcb\xbf\xe0\x00\x00\x00\x00\x00\x00"s, "-0.5"},
      {"\xcb\x44\x80\xf0\xcf\x06\x4d\xd5\x92", "1e+22"},
      {"\xcb\x7f\xef\xff\xff\xff\xff\xff\xff", "1.7976931348623157e+308"},
      {"\xcb\x00\x00\x00\x00\x00\x00\x00\x01"s, "5e-324"},
      {"\xa0", R"("")"},
      {"\xa5\"\\\n\x01/", R"("\"\\\n\u0001/")"},
      {"\xa6\xe2\x82\xac\xc3\xa9!", "\"\xe2\x82\xac\xc3\xa9!\""},
      {"\x90", "[]"},
      {"\x80", "{}"},
      {"\x93\x90\x80\x91\x91\x01", "[[],{},[[1]]]"},
      {"\x82\xa0\x81\xa1"
       "b\xc0\xa1"
       "c\xc2",
       R"({"":{"b":null},"c":false})"},
      {"\x82\xa1"
       "a\x01\xa1"
       "a\x02",
       R"({"a":1,"a":2})"},
  };
  for (const auto& [bytes, json] : cases) {
    EXPECT_EQ(argument(bytes), json) << to_hex(bytes);
    EXPECT_EQ(to_hex(packed(json)), to_hex(bytes)) << json;
  }
}

TEST(Msgpack, LongFormsOfShortValuesAreRead) {
  const std::pair<std::string, std::string> cases[] = {
      {"\xcc\x05", "5"},
      {"\xcf\x00\x00\x00\x00\x00\x00\x00\x05"s, "5"},
      {"\xd0\x05", "5"},
      {"\xd3\x7f\xff\xff\xff\xff\xff\xff\xff", "9223372036854775807"},
      {"\xd3\xff\xff\xff\xff\xff\xff\xff\xff", "-1"},
      {"\xd9\x01"
       "a",
       R"("a")"},
      {"\xda\x00\x01"
       "a"s,
       R"("a")"},
      {"\xdb\x00\x00\x00\x01"
       "a"s,
       R"("a")"},
      {"\xdc\x00\x01\x01"s, "[1]"},
      {"\xdd\x00\x00\x00\x01\x01"s, "[1]"},
      {"\xde\x00\x01\xd9\x01"
       "a\x01"s,
       R"({"a":1})"},
      {"\xdf\x00\x00\x00\x01\xa1"
       "a\x01"s,
       R"({"a":1})"},
      {"\xca\x3f\xc0\x00\x00"s, "1.5"},
      {"\xca\x00\x00\x00\x01"s, "1.401298464324817e-45"},
      // Floats that are integers, and those that no JSON number is.
      {"\xcb\x40\x00\x00\x00\x00\x00\x00\x00"s, "2"},
      {"\xcb\x80\x00\x00\x00\x00\x00\x00\x00"s, "0"},
      {"\xcb\x43\xe0\x00\x00\x00\x00\x00\x00"s, "9223372036854775808"},
      {"\xcb\xc3\xe0\x00\x00\x00\x00\x00\x00"s, "-9223372036854775808"},
      {"\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00"s, "null"},
      {"\xcb\xff\xf0\x00\x00\x00\x00\x00\x00"s, "null"},
      {"\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00"s, "null"},
      {"\xca\x7f\xc0\x00\x00"s, "null"},
  };
  for (const auto& [bytes, json] : cases) EXPECT_EQ(argument(bytes), json) << to_hex(bytes);
}

TEST(Msgpack, NumbersOfJsonAreWrittenAsJavaScriptWould) {
  const std::pair<std::string, std::string> cases[] = {
      {"1.0", "\x01"},
      {"1e3", "\xcd\x03\xe8"},
      {"-0", "\x00"s},
      {"-0.0", "\x00"s},
      {"-1.5e1", "\xf1"},
      {"0e99999", "\x00"s},
      {"18446744073709551616", "\xcb\x43\xf0\x00\x00\x00\x00\x00\x00"s},
      {"-9223372036854775809", "\xd3\x80\x00\x00\x00\x00\x00\x00\x00"s},
      {"1e999", "\xc0"},
      {"-1e999", "\xc0"},
      {"1e99999999999999999999", "\xc0"},
      {"1e-999", "\x00"s},
      {"1e-99999999999999999999", "\x00"s},
      {"1" + std::string(400, '0'), "\xc0"},
      {"0." + std::string(400, '0') + "1", "\x00"s},
      {"1" + std::string(400, '0') + "e-400", "\x01"},
      {"2.2250738585072014e-308", "\xcb\x00\x10\x00\x00\x00\x00\x00\x00"s},
  };
  for (const auto& [json, bytes] : cases) EXPECT_EQ(to_hex(packed(json)), to_hex(bytes)) << json;
}

TEST(Msgpack, StringsOfJsonAreWrittenDecoded) {
  EXPECT_EQ(to_hex(packed(R"("\u00e9\n\ud83d\ude00")")), to_hex("\xa7\xc3\xa9\n\xf0\x9f\x98\x80"));
  EXPECT_EQ(to_hex(packed(R"("\ud83d")")), to_hex("\xa3\xef\xbf\xbd")) << "half a pair";
  EXPECT_EQ(to_hex(packed(R"({"\u0061":1})")), to_hex("\x81\xa1"
                                                      "a\x01"));
}

TEST(Msgpack, LengthsAreWrittenInTheirSmallestForm) {
  struct Form {
    size_t size;
    std::string string, binary, array, map;
  };
  const Form forms[] = {
      {15, "\xaf", "\xc4\x0f", "\x9f", "\x8f"},
      {16, "\xb0", "\xc4\x10", "\xdc\x00\x10"s, "\xde\x00\x10"s},
      {31, "\xbf", "\xc4\x1f", "\xdc\x00\x1f"s, "\xde\x00\x1f"s},
      {32, "\xd9\x20", "\xc4\x20", "\xdc\x00\x20"s, "\xde\x00\x20"s},
      {255, "\xd9\xff", "\xc4\xff", "\xdc\x00\xff"s, "\xde\x00\xff"s},
      {256, "\xda\x01\x00"s, "\xc5\x01\x00"s, "\xdc\x01\x00"s, "\xde\x01\x00"s},
      {65535, "\xda\xff\xff", "\xc5\xff\xff", "\xdc\xff\xff", "\xde\xff\xff"},
      {65536, "\xdb\x00\x01\x00\x00"s, "\xc6\x00\x01\x00\x00"s, "\xdd\x00\x01\x00\x00"s,
       "\xdf\x00\x01\x00\x00"s},
  };
  for (const Form& form : forms) {
    const std::string text(form.size, 'x');
    EXPECT_EQ(to_hex(packed("\"" + text + "\"")), to_hex(form.string + text));
    EXPECT_EQ(argument(form.string + text), "\"" + text + "\"");
    EXPECT_EQ(to_hex(packed(R"({"_placeholder":true,"num":0})", {text})), to_hex(form.binary + text));
    std::string array = "[", packed_array = form.array, map = "{", packed_map = form.map;
    for (size_t i = 0; i < form.size; ++i) {
      array += i == 0 ? "1" : ",1";
      packed_array += '\x01';
      map += i == 0 ? "\"k\":1" : ",\"k\":1";
      packed_map += "\xa1k\x01";
    }
    array += ']';
    map += '}';
    EXPECT_TRUE(packed(array) == packed_array) << form.size;
    EXPECT_TRUE(argument(packed_array) == array) << form.size;
    EXPECT_TRUE(packed(map) == packed_map) << form.size;
    EXPECT_TRUE(argument(packed_map) == map) << form.size;
  }
}

TEST(Msgpack, DatesBecomeTheirText) {
  const std::pair<std::string, std::string> cases[] = {
      // The specification's, of 32, 64 and 96 bits.
      {"\xd6\xff\x39\x45\x79\x80", R"("2000-06-13T00:00:00.000Z")"},
      {"\xd6\xff\xff\xff\xff\xff", R"("2106-02-07T06:28:15.000Z")"},
      {"\xd7\xff\x1d\xcd\x65\x00\x39\x45\x79\x80"s, R"("2000-06-13T00:00:00.125Z")"},
      {"\xc7\x0c\xff\x3b\x8b\x87\xc0\xff\xff\xff\xff\xff\xff\xff\xff", R"("1969-12-31T23:59:59.999Z")"},
      {"\xc7\x0c\xff\x00\x00\x00\x00\x00\x00\x00\x3a\xff\xf4\x41\x7f"s, R"("9999-12-31T23:59:59.000Z")"},
      {"\xc7\x0c\xff\x00\x00\x00\x00\x00\x00\x00\x3a\xff\xf4\x41\x80"s, "null"},
      {"\xc7\x0c\xff\x00\x00\x00\x00\x80\x00\x00\x00\x00\x00\x00\x00"s, "null"},
      {"\xc7\x0c\xff\x3b\x9a\xca\x00\x00\x00\x00\x00\x00\x00\x00\x00"s, "null"},
      // npm's parser: milliseconds.
      {"\xd7\x00\x00\x00\x00\xdf\xb7\x62\x9c\x00"s, R"("2000-06-13T00:00:00.000Z")"},
      {"\xd7\x00\xff\xff\xff\xff\xff\xff\xff\xff"s, R"("1969-12-31T23:59:59.999Z")"},
      {"\xd7\x00\x7f\xff\xff\xff\xff\xff\xff\xff"s, "null"},
  };
  for (const auto& [bytes, json] : cases) EXPECT_EQ(argument(bytes), json) << to_hex(bytes);
}

TEST(Msgpack, UndefinedIsWhatJsonStringifyMakesOfIt) {
  const std::string undefined = "\xd4\x00\x00"s;
  EXPECT_EQ(argument(undefined), "null");
  EXPECT_EQ(argument("\x93\x01" + undefined + "\x02"), "[1,null,2]");
  EXPECT_EQ(argument("\x81\xa1"
                     "a" +
                     undefined),
            "{}");
  EXPECT_EQ(argument("\x83\xa1"
                     "a" +
                     undefined +
                     "\xa1"
                     "b\x01\xa1"
                     "c" +
                     undefined),
            R"({"b":1})");
  EXPECT_EQ(argument("\x83\xa1"
                     "a\x01\xa1"
                     "b" +
                     undefined +
                     "\xa1"
                     "c\x80"),
            R"({"a":1,"c":{}})");
}

TEST(Msgpack, ExtensionsBecomeAttachments) {
  const auto expect = [](const std::string& bytes, std::string_view json, const std::string& attachment) {
    MsgpackPacket packet;
    ASSERT_TRUE(decode_msgpack_packet(ack_with(bytes), {}, packet)) << to_hex(bytes);
    EXPECT_EQ(packet.data, "[" + std::string(json) + "]");
    ASSERT_EQ(packet.attachments.size(), 1u);
    EXPECT_EQ(*packet.attachments[0], attachment);
  };
  // npm's parser in Node, for an ArrayBuffer or a typed array.
  expect("\xc7\x04\x00\x01\x02\x03\x04"s, R"({"_placeholder":true,"num":0})", "\x01\x02\x03\x04");
  expect("\xc8\x00\x01\x00x"s, R"({"_placeholder":true,"num":0})", "x");
  expect(
      "\xc9\x00\x00\x00\x08\x00"
      "12345678"s,
      R"({"_placeholder":true,"num":0})", "12345678");
  // Types without a meaning.
  expect("\xd4\x05x"s, R"([5,{"_placeholder":true,"num":0}])", "x");
  expect("\xd5\x80xy"s, R"([-128,{"_placeholder":true,"num":0}])", "xy");
  expect(
      "\xd8\x01"
      "0123456789abcdef"s,
      R"([1,{"_placeholder":true,"num":0}])", "0123456789abcdef");
  expect("\xc7\x00\x07"s, R"([7,{"_placeholder":true,"num":0}])", "");
  expect(
      "\xc7\x03\xff"
      "abc"s,
      R"([-1,{"_placeholder":true,"num":0}])", "abc");
}

TEST(Msgpack, KeysComeInAnyOrderTheLastCountsAndOthersAreIgnored) {
  MsgpackPacket packet;
  ASSERT_TRUE(decode_msgpack_packet("\x8a" + kNsp + "\xa2/x" + kId + "\x05" + kData + "\x91\xc4\x01x" +
                                        kType + "\x00"s +
                                        "\xa3"
                                        "foo\x92\x81\x01\xc4\x01x\xd4\x09x" +
                                        kData +
                                        "\x91\xa1"
                                        "a" +
                                        kType + "\x02" + kNsp + "\xa2/y" + kId + "\xc0" + "\xa0\xa1\xff",
                                    {}, packet));
  expect_same_message(packet.view(), {.type = PacketType::kEvent, .nsp = "/y", .data = R"(["a"])"}, "");
}

TEST(Msgpack, APacketObjectCanBeUsedAgain) {
  MsgpackPacket packet;
  for (int round = 0; round < 2; ++round) {
    for (const PacketCase& c : client_packets()) {
      EXPECT_FALSE(decode_msgpack_packet(c.bytes.substr(0, c.bytes.size() - 1), {}, packet));
      ASSERT_TRUE(decode_msgpack_packet(c.bytes, {}, packet));
      expect_same_message(packet.view(), c.packet, to_hex(c.bytes));
    }
  }
}

TEST(Msgpack, MalformedPacketsAreRefusedWithAReason) {
  const std::string event = "\x83" + kType + "\x02" + kRoot + kData;
  const std::pair<std::string, std::string_view> cases[] = {
      {"", "empty Socket.IO packet"},
      {"\x05", "a Socket.IO packet in msgpack must be a map"},
      {"\x90", "a Socket.IO packet in msgpack must be a map"},
      {"\xc4\x01\x01", "a Socket.IO packet in msgpack must be a map"},
      {"\xc1", "the msgpack message has the byte 0xc1, which begins no value"},
      {"\x80", "the type of the msgpack packet is missing"},
      {"\x81" + kType +
           "\xa1"
           "a",
       "unknown Socket.IO packet type: in msgpack it must be 0 to 4"},
      {"\x81" + kType + "\x05", "unknown Socket.IO packet type: in msgpack it must be 0 to 4"},
      {"\x81" + kType + "\xff", "unknown Socket.IO packet type: in msgpack it must be 0 to 4"},
      {"\x81" + kType + "\xcb\x40\x00\x00\x00\x00\x00\x00\x00"s,
       "unknown Socket.IO packet type: in msgpack it must be 0 to 4"},
      {"\x81" + kType + "\x01", "the namespace of the msgpack packet is missing"},
      {"\x82" + kType + "\x01" + kNsp + "\x02",
       "the namespace of a msgpack packet must be a string that begins with '/' and has no comma"},
      {"\x82" + kType + "\x01" + kNsp + "\xc0",
       "the namespace of a msgpack packet must be a string that begins with '/' and has no comma"},
      {"\x82" + kType + "\x01" + kNsp +
           "\xa4"
           "chat",
       "the namespace of a msgpack packet must be a string that begins with '/' and has no comma"},
      {"\x82" + kType + "\x01" + kNsp + "\xa4/a,b",
       "the namespace of a msgpack packet must be a string that begins with '/' and has no comma"},
      {"\x82" + kType + "\x01" + kNsp + "\xa3/a\n", "control character in the name of the namespace"},
      {"\x82" + kType + "\x01" + kNsp + "\xa2/\xff", "the name of the namespace is not UTF-8"},
      {"\x82" + kType + "\x01" + kNsp + "\xda\x04\x01/" + std::string(1024, 'n'),
       "the name of the namespace is too long"},
      {"\x82" + kType + "\x02" + kRoot, "the data of an event must be a JSON array"},
      {event + "\x04", "the data of an event must be a JSON array"},
      {event + "\x80", "the data of an event must be a JSON array"},
      {event + "\x90", "the name of an event must be a string"},
      {event + "\x91\xc0", "the name of an event must be a string"},
      {event + "\x91\x80", "the name of an event must be a string"},
      {event + "\x91\xc4\x01x", "the name of an event must be a string"},
      {event + "\x91\xa7"
               "connect",
       "this event name is reserved"},
      {event +
           "\x91\xa1"
           "a" +
           "\xc0",
       "bytes follow the Socket.IO packet in the msgpack message"},
      {event + "\x92\xa1"
               "a\xc1",
       "the msgpack message has the byte 0xc1, which begins no value"},
      {event + "\x92\xa1"
               "a\x81\x01\x01",
       "a map in the msgpack packet has a key that is not a string"},
      {event + "\x92\xa1"
               "a\xa1\xff",
       "a string in the msgpack packet is not UTF-8"},
      {event + "\x92\xa1"
               "a\xa3\xed\xa0\x80",
       "a string in the msgpack packet is not UTF-8"},
      {event + "\x92\xa1"
               "a\x81\xa1\x80\x01",
       "a string in the msgpack packet is not UTF-8"},
      {"\x84" + kType + "\x02" + kRoot + kData +
           "\x91\xa1"
           "a" +
           kId + "\xff",
       "the acknowledgement id must be an integer that is not negative"},
      {"\x84" + kType + "\x02" + kRoot + kData +
           "\x91\xa1"
           "a" +
           kId +
           "\xa1"
           "1",
       "the acknowledgement id must be an integer that is not negative"},
      {"\x83" + kType + "\x03" + kRoot + kData + "\xa1x",
       "the data of an acknowledgement must be a JSON array"},
      {"\x83" + kType + "\x00"s + kRoot + kData + "\x90", "the data of CONNECT must be a JSON object"},
      {"\x83" + kType + "\x00"s + kRoot + kData + "\x81\xa1k\xc4\x00"s,
       "only events and acknowledgements may have binary values"},
      {"\x83" + kType + "\x01" + kRoot + kData + "\x80", "DISCONNECT must not have data"},
      {"\x83" + kType + "\x04" + kRoot + kData + "\x90",
       "the data of CONNECT_ERROR must be a JSON object or string"},
      {"\x81\x01\x01", "a map in the msgpack packet has a key that is not a string"},
  };
  for (const auto& [bytes, reason] : cases) {
    const DecodeStatus status = decode_msgpack(bytes);
    EXPECT_FALSE(status) << to_hex(bytes);
    EXPECT_EQ(status.message(), reason) << to_hex(bytes);
    EXPECT_LE(status.message().size(), 123u);
  }
}

// Otherwise a client could name an attachment twice, and what one side reads would differ from what it passes
// on.
TEST(Msgpack, AMapThatLooksLikeAPlaceholderIsRefusedBesideRealOnes) {
  const std::string fake = "\x82\xac_placeholder\xc3\xa3num\x00"s;
  EXPECT_EQ(argument("\x92" + fake + "\xc4\x01x"),
            "a map with \"_placeholder\" stands beside binary values: it could be taken for one");
  EXPECT_EQ(argument("\x92" + fake + "\x01"), R"([{"_placeholder":true,"num":0},1])")
      << "a plain object alone";
  EXPECT_EQ(to_hex(packed(R"({"_placeholder":true,"num":0})")), to_hex(fake));
  EXPECT_EQ(argument("\x92\x81\xac_placeholder\xc2\xc4\x01x"),
            R"([{"_placeholder":false},{"_placeholder":true,"num":0}])");
}

TEST(Msgpack, OnlyPlaceholdersThatNameAnAttachmentAreReplaced) {
  EXPECT_EQ(
      to_hex(packed(R"([{"_placeholder":true,"num":0,"more":[{}]},{"_placeholder":true,"num":1}])", {"x"})),
      to_hex("\x92\xc4\x01x\x82\xac_placeholder\xc3\xa3num\x01"));
  EXPECT_EQ(to_hex(packed(R"([{"num":0},["_placeholder",true,"num",0]])", {"x"})),
            to_hex("\x92\x81\xa3num\x00\x94\xac_placeholder\xc3\xa3num\x00"s));
}

TEST(Msgpack, EveryPrefixIsRefused) {
  std::vector<std::string> packets;
  for (const PacketCase& c : client_packets()) packets.push_back(c.bytes);
  packets.push_back(
      ack_with("\xda\x00\x03"
               "abc"s));
  packets.push_back(ack_with("\xc7\x0c\xff\x3b\x8b\x87\xc0\xff\xff\xff\xff\xff\xff\xff\xff"));
  packets.push_back(
      ack_with("\xdf\x00\x00\x00\x01\xa1"
               "a\xd3\x80\x00\x00\x00\x00\x00\x00\x00"s));
  for (const std::string& bytes : packets) {
    // Each piece stands alone in memory, so that a sanitizer sees every read past its end.
    for (size_t size = 0; size < bytes.size(); ++size) {
      const std::vector<char> alone(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
      EXPECT_FALSE(decode_msgpack({alone.data(), alone.size()})) << to_hex(bytes) << " cut at " << size;
    }
    EXPECT_FALSE(decode_msgpack(bytes + '\xc0'));
  }
}

TEST(Msgpack, EveryDamagedByteIsDecodedOrRefused) {
  for (const PacketCase& c : client_packets()) {
    std::vector<char> alone(c.bytes.begin(), c.bytes.end());
    for (char& byte : alone) {
      const char before = byte;
      for (int damage = 0; damage < 256; ++damage) {
        byte = static_cast<char>(damage);
        MsgpackPacket packet;
        if (!decode_msgpack_packet({alone.data(), alone.size()}, {}, packet)) continue;
        const PacketView view = packet.view();
        EXPECT_TRUE(view.nsp.starts_with('/'));
        EXPECT_TRUE(view.data.empty() || is_valid_json(view.data, {.check_utf8 = true}));
        EXPECT_EQ(view.attachments > 0, is_binary(view.type));
        MsgpackPacket again;
        ASSERT_TRUE(decode_msgpack_packet(encode_msgpack_packet(view, packet.attachments), {}, again));
        expect_same_message(again.view(), view, to_hex({alone.data(), alone.size()}));
      }
      byte = before;
    }
  }
}

// A few bytes that announce gigabytes: refused before anything is allocated for them.
TEST(Msgpack, LengthsThatCannotBeTrueAreRefused) {
  for (const std::string& bomb :
       {"\xdd\xff\xff\xff\xff"s, "\xdf\xff\xff\xff\xff"s, "\xdf\x80\x00\x00\x00"s, "\xc6\xff\xff\xff\xff"s,
        "\xdb\xff\xff\xff\xff"s, "\xc9\xff\xff\xff\xff\x01"s, "\xdc\xff\xff"s}) {
    EXPECT_EQ(argument(bomb), "the msgpack message ends in the middle of a value") << to_hex(bomb);
    EXPECT_FALSE(decode_msgpack(bomb));
    EXPECT_FALSE(decode_msgpack("\x81\xa1?" + bomb)) << "also where it would be ignored";
  }
}

TEST(Msgpack, DataHasALimitAsJson) {
  const MsgpackLimits limits{.max_data_bytes = 20};
  EXPECT_EQ(argument("\xb0" + std::string(16, 'x'), limits), "\"" + std::string(16, 'x') + "\"");
  EXPECT_EQ(argument("\xb1" + std::string(17, 'x'), limits), "the data of the msgpack packet is too large");
  EXPECT_EQ(argument("\xa3\x01\x01\x01", limits), "the data of the msgpack packet is too large");
  EXPECT_EQ(argument("\x94\xc2\xc2\xc2\xc2", limits), "the data of the msgpack packet is too large");
  EXPECT_EQ(argument("\xd9\xff" + std::string(255, 'x'), limits),
            "the data of the msgpack packet is too large");
}

// CVE-2026-33151, here without an announcement.
TEST(Msgpack, TheNumberOfAttachmentsIsLimited) {
  std::string ten = "\x9a", eleven = "\x9b";
  for (int i = 0; i < 11; ++i) {
    if (i < 10) ten += "\xc4\x01x";
    eleven += "\xc4\x01x";
  }
  MsgpackPacket packet;
  ASSERT_TRUE(decode_msgpack_packet(ack_with(ten), {}, packet));
  EXPECT_EQ(packet.view().attachments, 10u);
  EXPECT_EQ(argument(eleven), "too many attachments in one packet");
  EXPECT_EQ(argument("\xc4\x00"s, {.max_attachments = 0}), "too many attachments in one packet");
}

TEST(Msgpack, NestingHasALimit) {
  // ack_with() adds one level.
  const std::string arrays(kMaxJsonDepth - 2, '\x91');
  EXPECT_EQ(argument(arrays + "\x90"),
            std::string(kMaxJsonDepth - 1, '[') + std::string(kMaxJsonDepth - 1, ']'));
  EXPECT_FALSE(decode_msgpack(ack_with(arrays + "\x91\x90")));
  EXPECT_TRUE(decode_msgpack(ack_with(arrays + "\xc4\x01x"))) << "a placeholder is one level";
  EXPECT_FALSE(decode_msgpack(ack_with(arrays + "\x91\xc4\x01x")));
  EXPECT_FALSE(decode_msgpack(ack_with(arrays + "\xd4\x05x")));
  EXPECT_FALSE(decode_msgpack(ack_with(std::string(1'000'000, '\x91') + "\x90")));
  // What is ignored may be as deep as it likes: it is skipped without a stack.
  EXPECT_TRUE(decode_msgpack("\x83\xa1?" + std::string(1'000'000, '\x91') + "\x90" + kType + "\x01" + kRoot));
}

}  // namespace
}  // namespace patchbay::socketio
