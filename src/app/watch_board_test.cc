#include "app/watch_board.h"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>

namespace patchbay::app {
namespace {

boost::json::value parse(std::string_view text) {
  return boost::json::parse(text);
}

constexpr std::string_view kHead = "Patchbay";

const boost::json::value& shop() {
  static const boost::json::value instance = parse(
      R"({"id":"c1","name":"shop","status":"DISCONNECTED","phone":null,"lastSeq":5,"statusSince":"2026-11-23T10:00:00.000Z",
          "reason":{"code":"X","text":"Nobody asked yet."},"nextStep":{"what":"OPERATOR","text":"Connect it.","at":null}})");
  return instance;
}

bool shows(const std::vector<std::string>& lines, std::string_view text) {
  for (const std::string& line : lines)
    if (line.find(text) != std::string::npos) return true;
  return false;
}

TEST(WatchBoard, ShowsTheFirstPictureAndWhatEventsChange) {
  WatchBoard board({});
  EXPECT_TRUE(shows(board.picture(kHead, 120, 40, false), "No instances yet."));
  board.apply_instance(shop());
  auto lines = board.picture(kHead, 120, 40, false);
  EXPECT_EQ(lines[2], "shop DISCONNECTED  10:00:00   Nobody asked yet. Connect it.");
  EXPECT_TRUE(board.apply_event(
      "instance:status:changed",
      parse(
          R"({"instanceId":"c1","seq":6,"timestamp":"2026-11-23T11:22:33.000Z","newStatus":"QR_REQUIRED",
          "reason":{"text":"A code waits."},"nextStep":{"text":"Scan it.","at":"2026-11-23T11:23:33.000Z"}})")));
  EXPECT_TRUE(board.apply_event(
      "instance:qr:generated",
      parse(
          R"({"instanceId":"c1","seq":7,"timestamp":"2026-11-23T11:22:34.000Z","qrText":"code","expiry":"2026-11-23T11:23:33.000Z"})")));
  lines = board.picture(kHead, 120, 40, false);
  EXPECT_EQ(lines[2], "shop QR_REQUIRED   11:22:34   A code waits. Scan it. (11:23:33 UTC)");
  EXPECT_TRUE(shows(lines, "Scan for shop, valid until 11:23:33 UTC"));
  EXPECT_TRUE(shows(lines, "█"));
  EXPECT_TRUE(board.apply_event("instance:status:changed",
                                parse(R"({"instanceId":"c1","seq":8,"newStatus":"CONNECTED"})")));
  lines = board.picture(kHead, 120, 40, false);
  EXPECT_FALSE(shows(lines, "Scan"));
  EXPECT_TRUE(shows(board.picture(kHead, 120, 40, true), "\x1b[32mCONNECTED"));
}

TEST(WatchBoard, ShowsTheCodesOfLinkingWithoutAQrCode) {
  WatchBoard board({});
  board.apply_instance(shop());
  const auto hears = [&](std::string_view event, std::string_view payload) {
    EXPECT_TRUE(board.apply_event(event, parse(payload)));
    EXPECT_TRUE(board.find("c1")->qr_text.empty());
    return board.log_lines(event, parse(payload));
  };
  EXPECT_TRUE(
      board.apply_event("instance:qr:generated", parse(R"({"instanceId":"c1","seq":6,"qrText":"code"})")));
  EXPECT_TRUE(
      shows(hears("instance:pair-code:generated", R"({"instanceId":"c1","seq":7,"pairCode":"ABCD-EFGH"})"),
            "shop Type ABCD-EFGH into WhatsApp"));
  EXPECT_TRUE(shows(board.picture(kHead, 120, 40, false), "Type ABCD-EFGH into WhatsApp on the phone."));
  EXPECT_TRUE(
      shows(hears("instance:passkey:required", R"({"instanceId":"c1","seq":8,"options":{}})"), "passkey"));
  EXPECT_TRUE(
      shows(hears("instance:passkey:code", R"({"instanceId":"c1","seq":9,"verificationCode":"WXYZ-1234"})"),
            "Compare WXYZ-1234"));
  EXPECT_TRUE(board.apply_event("instance:status:changed",
                                parse(R"({"instanceId":"c1","seq":10,"newStatus":"CONNECTED"})")));
  EXPECT_FALSE(shows(board.picture(kHead, 120, 40, false), "WXYZ"));
}

TEST(WatchBoard, IgnoresWhatIsOldForeignOrMalformed) {
  WatchBoard board({"c1"});
  board.apply_instance(shop());
  board.apply_instance(parse(R"({"id":"c2","name":"other"})"));
  for (const auto& [event, payload] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"instance:status:changed", R"({"instanceId":"c1","seq":4,"newStatus":"ERROR"})"},
           {"instance:status:changed", R"({"instanceId":"c2","seq":9,"newStatus":"ERROR"})"},
           {"instance:status:changed", R"({"instanceId":5})"},
           {"instance:status:changed", R"("text")"},
           {"chat", R"({"instanceId":"c1"})"}})
    EXPECT_FALSE(board.apply_event(event, parse(payload))) << payload;
  EXPECT_EQ(board.find("c1")->status, "DISCONNECTED");
  EXPECT_EQ(board.ids(), std::vector<std::string>{"c1"});
  EXPECT_TRUE(board.apply_event(
      "instance:status:changed",
      parse(R"({"instanceId":"c1","seq":9,"newStatus":7,"reason":"x","nextStep":[],"timestamp":null})")));
  board.keep_only({"c2"});
  EXPECT_TRUE(board.ids().empty());
}

TEST(WatchBoard, IsBoundedHoweverMuchTheServerTells) {
  WatchBoard board({});
  for (int i = 0; i < 1'500; ++i)
    board.apply_instance(parse(R"({"id":"c)" + std::to_string(i) + R"(","name":"n"})"));
  EXPECT_EQ(board.ids().size(), WatchBoard::kMaxInstances);
  EXPECT_LE(board.picture(kHead, 80, 24, false).size(), 24u);
  EXPECT_TRUE(shows(board.picture(kHead, 80, 24, false), "more"));
}

TEST(WatchBoard, LetsNoEscapeSequenceThrough) {
  WatchBoard board({});
  board.apply_instance(parse(R"({"id":"c1","name":"\u001b]0;x\u0007\u009b31m","status":"\u001b[2J",
                                 "reason":{"text":"a\u001b[1mb\nc"}})"));
  for (const std::string& line : board.picture("head\x1b[0m", 100, 20, false))
    for (const char c : line) EXPECT_TRUE(static_cast<uint8_t>(c) >= ' ' && c != 0x7f) << line;
  const auto event = parse(R"({"instanceId":"c1","error":"\u001b[5mboo\r","timestamp":"\u001b"})");
  EXPECT_TRUE(board.apply_event("instance:error", event));
  for (const std::string& line : board.log_lines("instance:error", event))
    EXPECT_EQ(line.find_first_of("\x1b\r\n"), std::string::npos);
}

TEST(WatchBoard, SaysThatTheTerminalIsTooSmallForTheCode) {
  WatchBoard board({});
  board.apply_instance(shop());
  board.apply_event("instance:qr:generated", parse(R"({"instanceId":"c1","seq":7,"qrText":"code"})"));
  const auto lines = board.picture(kHead, 80, 10, false);
  EXPECT_TRUE(shows(lines, "the terminal is too small for the code"));
  EXPECT_LE(lines.size(), 10u);
}

TEST(WatchBoard, WritesEventsAsALog) {
  WatchBoard board({});
  board.apply_instance(shop());
  const auto qr = parse(
      R"({"instanceId":"c1","seq":7,"timestamp":"2026-11-23T11:22:34.000Z","qrText":"code","expiry":"2026-11-23T11:23:33.000Z"})");
  EXPECT_TRUE(board.apply_event("instance:qr:generated", qr));
  const auto lines = board.log_lines("instance:qr:generated", qr);
  EXPECT_EQ(lines[0], "2026-11-23T11:22:34.000Z shop QR code to scan, valid until 2026-11-23T11:23:33.000Z");
  EXPECT_GT(lines.size(), 10u);
  EXPECT_TRUE(board.log_lines("instance:qr:generated", parse("{}")).empty());
}

TEST(ForTerminal, CutsAtCharacters) {
  EXPECT_EQ(for_terminal("äöüß", 4), "äöüß");
  EXPECT_EQ(for_terminal("äöüß", 3), "äö…");
  EXPECT_EQ(for_terminal("a\xff\xc3z", 9), "az");
  EXPECT_EQ(for_terminal("abc", 0), "");
}

}  // namespace
}  // namespace patchbay::app
