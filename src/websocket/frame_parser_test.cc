#include "websocket/frame_parser.h"

#include <functional>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "websocket/deflate.h"

namespace patchbay::websocket {
namespace {

using Kind = FrameParser::Outcome::Kind;
using Role = FrameParser::Role;

constexpr MaskKey kKey{0x12, 0x34, 0x56, 0xf8};

// Writes down what happens, one line an event.
class Recorder : public FrameParser::Events {
 public:
  bool on_message(MessageKind kind, std::string_view payload) override {
    return note((kind == MessageKind::kText ? "text " : "binary ") + std::string(payload));
  }
  bool on_ping(std::string_view payload) override { return note("ping " + std::string(payload)); }
  bool on_pong(std::string_view payload) override { return note("pong " + std::string(payload)); }
  bool on_close(std::optional<uint16_t> code, std::string_view reason) override {
    return note("close " + (code ? std::to_string(*code) : "-") + " " + std::string(reason));
  }
  bool note(std::string event) {
    events.push_back(std::move(event));
    return events.size() < stop_after;
  }
  std::vector<std::string> events;
  size_t stop_after = SIZE_MAX;
};

struct Trace {
  std::vector<std::string> events;
  FrameParser::Outcome outcome;
  std::string reason;
};

// Feeds `bytes` in pieces as `next_piece` says.
Trace run(std::string bytes, const FrameParser::Options& options, const std::function<size_t()>& next_piece) {
  FrameParser parser(options);
  Recorder recorder;
  Trace result;
  for (size_t at = 0; at < bytes.size() && result.outcome.kind == Kind::kOk;) {
    const size_t size = std::min(next_piece(), bytes.size() - at);
    result.outcome = parser.feed({bytes.data() + at, size}, recorder);
    at += size;
  }
  result.events = recorder.events;
  result.reason = result.outcome.reason;
  return result;
}

Trace run_whole(const std::string& bytes, const FrameParser::Options& options = {}) {
  return run(bytes, options, [&] { return bytes.size(); });
}

Trace run_by_bytes(const std::string& bytes, const FrameParser::Options& options = {}) {
  return run(bytes, options, [] { return 1; });
}

// One masked frame with any header bits: `first` is the whole first byte.
std::string frame(uint8_t first, std::string_view payload) {
  std::string out;
  append_masked_frame(out, Opcode::kContinuation, payload, kKey);
  out[0] = static_cast<char>(first);
  return out;
}
std::string hex(std::string_view text) {
  return from_hex(text).value();
}

// Shared by all cases: nothing of one message may show in the next.
DeflateCodec& codec() {
  static DeflateCodec codec({.enabled = true, .threshold = 0});
  return codec;
}

constexpr uint8_t kText = 0x81, kBinary = 0x82, kTextStart = 0x01, kBinaryStart = 0x02, kMore = 0x00,
                  kLast = 0x80, kClose = 0x88, kPing = 0x89, kPong = 0x8a;

struct Case {
  std::string name;
  std::string bytes;
  std::vector<std::string> events;
  CloseCode violation = 0;  // 0: none
  std::string reason = {};
  FrameParser::Options options = {};
};

std::vector<Case> cases() {
  const std::string big(70'000, 'b');
  const std::string middle(300, 'm');
  std::vector<Case> all = {
      {"nothing", "", {}},
      {"text", frame(kText, "hello"), {"text hello"}},
      {"empty text", frame(kText, ""), {"text "}},
      {"binary is not checked as text", frame(kBinary, "\xff\xfe"), {"binary \xff\xfe"}},
      {"16-bit length", frame(kText, middle), {"text " + middle}},
      {"64-bit length", frame(kBinary, big), {"binary " + big}},
      {"several in a row",
       frame(kText, "a") + frame(kBinary, "b") + frame(kText, "c"),
       {"text a", "binary b", "text c"}},
      {"fragments", frame(kTextStart, "hel") + frame(kMore, "lo ") + frame(kLast, "you"), {"text hello you"}},
      {"empty fragments", frame(kBinaryStart, "") + frame(kMore, "") + frame(kLast, ""), {"binary "}},
      {"control frames between fragments",
       frame(kTextStart, "a") + frame(kPing, "p") + frame(kMore, "b") + frame(kPong, "q") + frame(kLast, "c"),
       {"ping p", "pong q", "text abc"}},
      {"a character cut by fragments",
       frame(kTextStart, "\xe2") + frame(kMore, "\x82") + frame(kLast, "\xac"),
       {"text \u20ac"}},
      {"ping of 125 bytes", frame(kPing, std::string(125, 'x')), {"ping " + std::string(125, 'x')}},
      {"empty close", frame(kClose, ""), {"close - "}},
      {"close with a code", frame(kClose, hex("03e8")), {"close 1000 "}},
      {"close with a reason", frame(kClose, hex("0fa0") + "bye \u20ac"), {"close 4000 bye \u20ac"}},
      {"close inside a fragmented message", frame(kTextStart, "a") + frame(kClose, ""), {"close - "}},
      {"what follows a close is ignored",
       frame(kClose, "") + frame(kText, "late") + "\xff\xff",
       {"close - "}},

      {"reserved bit 1", frame(0xc1, "x"), {}, 1002, "reserved bits set without an extension"},
      {"reserved bit 2", frame(0xa1, "x"), {}, 1002, "reserved bits set without an extension"},
      {"reserved bit 3", frame(0x91, "x"), {}, 1002, "reserved bits set without an extension"},
      {"no mask", hex("810161"), {}, 1002, "frame without a mask"},
      {"continuation of nothing", frame(kLast, "x"), {}, 1002, "continuation of no message"},
      {"continuation after a whole message",
       frame(kText, "a") + frame(kLast, "x"),
       {"text a"},
       1002,
       "continuation of no message"},
      {"message in a message",
       frame(kTextStart, "a") + frame(kText, "b"),
       {},
       1002,
       "new message inside a fragmented one"},
      {"fragmented ping", frame(0x09, "p"), {}, 1002, "fragmented control frame"},
      {"ping of 126 bytes",
       frame(kPing, std::string(126, 'x')),
       {},
       1002,
       "control frame longer than 125 bytes"},
      {"16-bit length for 125", hex("81fe007d"), {}, 1002, "frame length not in its shortest form"},
      {"64-bit length for 65535",
       hex("81ff000000000000ffff"),
       {},
       1002,
       "frame length not in its shortest form"},
      {"top bit of the length", hex("82ff8000000000000001"), {}, 1002, "frame length with its top bit set"},
      {"close with one byte", frame(kClose, "x"), {}, 1002, "close frame with half a code"},
      {"close with a broken reason",
       frame(kClose, hex("03e8ff")),
       {},
       1007,
       "reason of the close frame is not valid UTF-8"},
      {"text that is not UTF-8", frame(kText, "a\xff"), {}, 1007, "text is not valid UTF-8"},
      {"text that ends inside a character", frame(kText, "a\xe2\x82"), {}, 1007, "text is not valid UTF-8"},
      {"fragments that end inside a character",
       frame(kTextStart, "a\xe2") + frame(kLast, "\x82"),
       {},
       1007,
       "text is not valid UTF-8"},
      {"good messages before a bad one arrive",
       frame(kText, "ok") + frame(0x83, ""),
       {"text ok"},
       1002,
       "reserved opcode"},
  };
  for (const int opcode : {0x3, 0x4, 0x5, 0x6, 0x7, 0xb, 0xc, 0xd, 0xe, 0xf})
    all.push_back({"reserved opcode " + std::to_string(opcode),
                   frame(static_cast<uint8_t>(0x80 | opcode), ""),
                   {},
                   1002,
                   "reserved opcode"});
  for (const int code : {0, 999, 1004, 1005, 1006, 1012, 1014, 1015, 1016, 1100, 2000, 2999, 5000, 65535}) {
    const std::string body{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
    all.push_back({"close code " + std::to_string(code),
                   frame(kClose, body),
                   {},
                   1002,
                   "close frame with a code that may not be sent"});
  }
  for (const int code : {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999}) {
    const std::string body{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
    all.push_back(
        {"close code " + std::to_string(code), frame(kClose, body), {"close " + std::to_string(code) + " "}});
  }
  const FrameParser::Options ten{.max_message_bytes = 10};
  const std::string too_big = "message is larger than the limit of 10 bytes";
  all.push_back({"a message of the limit", frame(kText, "0123456789"), {"text 0123456789"}, 0, "", ten});
  all.push_back({"a message past the limit", frame(kText, "0123456789a"), {}, 1009, too_big, ten});
  all.push_back({"fragments of the limit",
                 frame(kTextStart, "01234") + frame(kLast, "56789"),
                 {"text 0123456789"},
                 0,
                 "",
                 ten});
  all.push_back({"fragments past the limit",
                 frame(kTextStart, "01234") + frame(kLast, "56789a"),
                 {},
                 1009,
                 too_big,
                 ten});
  all.push_back({"the limit is not for control frames",
                 frame(kPing, "0123456789ab"),
                 {"ping 0123456789ab"},
                 0,
                 "",
                 ten});
  const FrameParser::Options three{.max_fragments = 3};
  all.push_back({"as many fragments as allowed",
                 frame(kTextStart, "a") + frame(kMore, "b") + frame(kLast, "c"),
                 {"text abc"},
                 0,
                 "",
                 three});
  all.push_back({"a fragment too many",
                 frame(kTextStart, "a") + frame(kMore, "") + frame(kMore, "") + frame(kLast, "d"),
                 {},
                 1008,
                 "message has more than 3 fragments",
                 three});
  // permessage-deflate. 0x40 in the first byte marks a compressed message.
  const std::string hello = hex("f248cdc9c90700");  // RFC 7692 §7.2.3.1
  const FrameParser::Options deflate{.max_message_bytes = 1000, .deflate = &codec()};
  const std::string bomb(*codec().deflate({}, std::string(1001, 'x'), 15));
  const std::string exact(*codec().deflate({}, std::string(1000, 'x'), 15));
  const auto compressed = [&](std::string name, std::string bytes, std::vector<std::string> events,
                              CloseCode violation = 0, std::string reason = {}) {
    all.push_back(
        {std::move(name), std::move(bytes), std::move(events), violation, std::move(reason), deflate});
  };
  compressed("a compressed text", frame(0xc1, hello), {"text Hello"});
  compressed("a compressed binary", frame(0xc2, hello), {"binary Hello"});
  compressed("compressed and plain messages in turn",
             frame(0xc1, hello) + frame(kText, "plain") + frame(0xc1, hello),
             {"text Hello", "text plain", "text Hello"});
  compressed(
      "a compressed message in fragments, a ping among them",
      frame(0x41, hello.substr(0, 3)) + frame(kPing, "p") + frame(kMore, "") + frame(kLast, hello.substr(3)),
      {"ping p", "text Hello"});
  compressed("an empty compressed message", frame(0xc1, hex("00")), {"text "});
  compressed("a compressed message without a byte", frame(0xc1, ""), {"text "});
  compressed("a compressed message of the limit", frame(0xc1, exact), {"text " + std::string(1000, 'x')});
  compressed("a compressed message past the limit", frame(0xc1, bomb), {}, 1009,
             std::to_string(bomb.size()) + " compressed bytes inflate to more than the limit of 1000 bytes");
  compressed("fragments that inflate past the limit",
             frame(0x41, bomb.substr(0, 5)) + frame(kLast, bomb.substr(5)), {}, 1009,
             std::to_string(bomb.size()) + " compressed bytes inflate to more than the limit of 1000 bytes");
  compressed("compressed bytes past what any message of the limit needs", frame(0xc2, std::string(1100, 'x')),
             {}, 1009, "message is larger than the limit of 1000 bytes");
  compressed("a plain message past the limit", frame(kBinary, std::string(1001, 'x')), {}, 1009,
             "message is larger than the limit of 1000 bytes");
  compressed("what is no DEFLATE data", frame(0xc1, "\xff\xff"), {}, 1007,
             "compressed message is not valid DEFLATE data");
  compressed("half of a compressed message", frame(0xc1, hello.substr(0, 4)), {}, 1007,
             "compressed message is not valid DEFLATE data");
  compressed("compressed text that is not UTF-8", frame(0xc1, hex("000200fdffc32800")), {}, 1007,
             "text is not valid UTF-8");
  compressed("compressed binary is not checked as text", frame(0xc2, hex("000200fdffc32800")),
             {"binary \xc3("});
  compressed("a compressed ping", frame(0xc9, ""), {}, 1002, "compressed control frame");
  compressed("a compressed close", frame(0xc8, ""), {}, 1002, "compressed control frame");
  compressed("the bit on a continuation", frame(0x41, hello.substr(0, 3)) + frame(0xc0, hello.substr(3)), {},
             1002, "compression bit on a continuation");
  compressed("reserved bit 2 beside compression", frame(0xe1, hello), {}, 1002,
             "reserved bits set without an extension");
  compressed("reserved bit 3 beside compression", frame(0xd1, hello), {}, 1002,
             "reserved bits set without an extension");
  compressed("a reserved opcode with the bit", frame(0xc3, hello), {}, 1002, "reserved opcode");

  const FrameParser::Options client{.role = Role::kClient};
  all.push_back({"a client takes bare frames",
                 hex("810161"
                     "8200"
                     "890170"),
                 {"text a", "binary ", "ping p"},
                 0,
                 "",
                 client});
  all.push_back(
      {"a client refuses masked frames", frame(kText, "a"), {}, 1002, "masked frame from a server", client});
  return all;
}

void expect(const Case& wanted, const Trace& got, std::string_view how) {
  SCOPED_TRACE(wanted.name + ", " + std::string(how));
  EXPECT_EQ(got.events, wanted.events);
  EXPECT_EQ(got.outcome.kind == Kind::kViolation, wanted.violation != 0);
  EXPECT_EQ(got.outcome.close_code, wanted.violation);
  EXPECT_EQ(got.reason, wanted.reason);
  EXPECT_LE(got.reason.size(), kMaxCloseReason);
}

TEST(FrameParser, UnderstandsAndRefusesWhatTheSpecificationSaysInOnePiece) {
  for (const Case& one : cases()) expect(one, run_whole(one.bytes, one.options), "whole");
}

TEST(FrameParser, UnderstandsAndRefusesTheSameOneByteAtATime) {
  for (const Case& one : cases()) expect(one, run_by_bytes(one.bytes, one.options), "byte by byte");
}

TEST(FrameParser, UnderstandsAndRefusesTheSameHoweverTheInputIsCut) {
  std::minstd_rand random(1);
  for (const Case& one : cases())
    for (int round = 0; round < 20; ++round)
      expect(one, run(one.bytes, one.options, [&] { return 1 + random() % (round % 2 == 0 ? 9 : 4000); }),
             "cut at random");
}

TEST(FrameParser, HandsOnAWholeMessageWithoutACopy) {
  struct Where : Recorder {
    bool on_message(MessageKind, std::string_view payload) override {
      data = payload.data();
      return true;
    }
    const char* data = nullptr;
  } where;
  std::string bytes = frame(kText, "hello") + frame(kText, "again");
  FrameParser parser({});
  parser.feed(bytes, where);
  EXPECT_EQ(where.data, bytes.data() + bytes.size() - 5);
  EXPECT_FALSE(parser.has_partial());
}

TEST(FrameParser, KnowsWhenAMessageIsUnfinished) {
  const std::vector<std::string> beginnings = {hex("81"), hex("8185000000"),
                                               frame(kText, "hello").substr(0, 8), frame(kTextStart, "x")};
  for (std::string bytes : beginnings) {
    FrameParser parser({});
    Recorder recorder;
    EXPECT_EQ(parser.feed(bytes, recorder).kind, Kind::kOk);
    EXPECT_TRUE(parser.has_partial()) << to_hex(bytes);
  }
  FrameParser parser({});
  Recorder recorder;
  std::string bytes = frame(kTextStart, "x") + frame(kPing, "") + frame(kLast, "y");
  for (char& byte : bytes) parser.feed({&byte, 1}, recorder);
  EXPECT_FALSE(parser.has_partial());
}

TEST(FrameParser, TellsOneUnfinishedMessageFromTheNext) {
  FrameParser parser({});
  Recorder recorder;
  const auto feed = [&](std::string bytes) {
    parser.feed(bytes, recorder);
    return parser.partials_begun();
  };
  const uint32_t first = feed(frame(kTextStart, "x"));
  EXPECT_EQ(feed(frame(kMore, "y") + frame(kPing, "")), first);
  EXPECT_NE(feed(frame(kLast, "z") + frame(kTextStart, "x")), first);
}

TEST(FrameParser, IsSmallWhileIdle) {
  EXPECT_LE(sizeof(FrameParser), 64u);
}

TEST(FrameParser, RefusesAHugeMessageFromItsHeaderAlone) {
  const Trace result = run_whole(hex("82ff00000000000f4241"), {.max_message_bytes = 1'000'000});
  EXPECT_EQ(result.outcome.close_code, 1009);
  EXPECT_EQ(result.reason, "message is larger than the limit of 1000000 bytes");
}

TEST(FrameParser, RefusesInvalidTextBeforeItsFrameHasEnded) {
  const Trace result = run_whole(frame(kText, "\xc0\x80" + std::string(100, 'x')).substr(0, 8));
  EXPECT_EQ(result.outcome.close_code, 1007);
}

TEST(FrameParser, SaysTheSameViolationForGood) {
  FrameParser parser({});
  Recorder recorder;
  std::string bad = hex("ff");
  std::string good = frame(kText, "x");
  EXPECT_EQ(parser.feed(bad, recorder).close_code, 1002);
  const FrameParser::Outcome again = parser.feed(good, recorder);
  EXPECT_EQ(again.kind, Kind::kViolation);
  EXPECT_EQ(again.close_code, 1002);
  EXPECT_EQ(again.reason, "reserved bits set without an extension");
  EXPECT_TRUE(recorder.events.empty());
}

TEST(FrameParser, StaysStoppedAfterAClose) {
  FrameParser parser({});
  Recorder recorder;
  std::string close = frame(kClose, "");
  std::string text = frame(kText, "x");
  EXPECT_EQ(parser.feed(close, recorder).kind, Kind::kStopped);
  EXPECT_EQ(parser.feed(text, recorder).kind, Kind::kStopped);
  EXPECT_EQ(recorder.events.size(), 1u);
}

// An event may destroy the parser and then returns false: nothing is touched afterwards (the sanitizer
// watches).
TEST(FrameParser, MayBeDestroyedInsideAnyEvent) {
  struct Destroyer : Recorder {
    bool destroy() {
      parser.reset();
      return false;
    }
    bool on_message(MessageKind, std::string_view payload) override {
      parser.reset();
      seen = payload;
      return false;
    }
    bool on_ping(std::string_view) override { return destroy(); }
    bool on_pong(std::string_view) override { return destroy(); }
    bool on_close(std::optional<uint16_t>, std::string_view) override { return destroy(); }
    std::unique_ptr<FrameParser> parser;
    std::string seen;
  };
  const std::string rest = frame(kText, "rest");
  for (const std::string& first : {frame(kText, "hello"), frame(kTextStart, "hel") + frame(kLast, "lo"),
                                   frame(kPing, "p"), frame(kPong, "p"), frame(kClose, "")}) {
    for (const bool cut : {false, true}) {
      Destroyer destroyer;
      destroyer.parser = std::make_unique<FrameParser>(FrameParser::Options{});
      FrameParser& parser = *destroyer.parser;
      std::string bytes = first + rest;
      const size_t head = cut ? first.size() - 1 : 0;
      if (cut) {
        EXPECT_EQ(parser.feed({bytes.data(), head}, destroyer).kind, Kind::kOk);
      }
      EXPECT_EQ(parser.feed({bytes.data() + head, bytes.size() - head}, destroyer).kind, Kind::kStopped);
      EXPECT_EQ(destroyer.parser, nullptr);
    }
  }
}

TEST(FrameParser, ReadsFramesAfterAnInterruptedOneFromWhereTheyAre) {
  // The tail of one frame and whole frames behind it in one input, as a busy socket delivers them.
  std::string bytes = frame(kText, "first") + frame(kText, "second") + frame(kBinary, "third");
  FrameParser parser({});
  Recorder recorder;
  parser.feed({bytes.data(), 9}, recorder);
  parser.feed({bytes.data() + 9, bytes.size() - 9}, recorder);
  EXPECT_EQ(recorder.events, (std::vector<std::string>{"text first", "text second", "binary third"}));
  EXPECT_FALSE(parser.has_partial());
}

}  // namespace
}  // namespace patchbay::websocket
