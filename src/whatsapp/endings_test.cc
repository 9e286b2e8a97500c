#include "whatsapp/endings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "whatsapp/stanza.h"

namespace patchbay::whatsapp {
namespace {

using binary::Node;

struct Ending {
  const char* what;
  SessionEnd end;
  CloseReason reason;
  bool gone;
  bool retry;
  std::optional<Milliseconds> after = std::nullopt;
};

Node failure(std::string_view reason) {
  return element("failure", {{"reason", std::string(reason)}, {"location", "frc"}});
}
Node ending_error(std::string_view code, std::string_view conflict = {}) {
  Node out = element("stream:error");
  if (!code.empty()) out.set("code", code);
  if (!conflict.empty()) out.content = binary::Nodes{element("conflict", {{"type", std::string(conflict)}})};
  return out;
}

TEST(Endings, EachOneSaysWhatItMeansForTheCredentialsAndForTheNextAttempt) {
  Node ban = failure("402");
  ban.set("code", "101");
  ban.set("expire", "3600");
  Node long_ban = failure("402");
  long_ban.set("expire", "18446744073709551615");
  const Ending kEndings[] = {
      {"401 removed", end_of_stream(ending_error("401", "device_removed")).end, CloseReason::kUnlinkedByPhone,
       true, false},
      {"replaced", end_of_stream(ending_error("", "replaced")).end, CloseReason::kReplaced, false, false},
      {"stream 503", end_of_stream(ending_error("503")).end, CloseReason::kServerBusy, false, true},
      {"stream 401 alone", end_of_stream(ending_error("401")).end, CloseReason::kNetworkLost, false, true},
      {"other stream error", end_of_stream(ending_error("516")).end, CloseReason::kNetworkLost, false, true},
      {"empty stream error", end_of_stream(ending_error("")).end, CloseReason::kNetworkLost, false, true},
      {"401", end_of_login(failure("401")), CloseReason::kUnlinkedByPhone, true, false},
      {"402", end_of_login(ban), CloseReason::kTemporarilyBanned, false, true, Milliseconds(3'600'000)},
      {"402 for ever", end_of_login(long_ban), CloseReason::kTemporarilyBanned, false, true,
       Milliseconds(400LL * 24 * 3600 * 1000)},
      {"402 without an end", end_of_login(failure("402")), CloseReason::kTemporarilyBanned, false, false},
      {"403", end_of_login(failure("403")), CloseReason::kBanned, true, false},
      {"405", end_of_login(failure("405")), CloseReason::kClientOutdated, false, false},
      {"406", end_of_login(failure("406")), CloseReason::kBanned, true, false},
      {"500", end_of_login(failure("500")), CloseReason::kServerBusy, false, true},
      {"503", end_of_login(failure("503")), CloseReason::kServerBusy, false, true},
      {"400", end_of_login(failure("400")), CloseReason::kRefused, false, false},
      {"409", end_of_login(failure("409")), CloseReason::kRefused, false, false},
      {"413", end_of_login(failure("413")), CloseReason::kRefused, false, false},
      {"414", end_of_login(failure("414")), CloseReason::kRefused, false, false},
      {"415", end_of_login(failure("415")), CloseReason::kRefused, false, false},
      {"418", end_of_login(failure("418")), CloseReason::kRefused, false, false},
      {"501", end_of_login(failure("501")), CloseReason::kRefused, false, false},
      {"unknown", end_of_login(failure("999")), CloseReason::kRefused, false, false},
      {"no number", end_of_login(failure("x")), CloseReason::kRefused, false, false},
      {"no reason", end_of_login(element("failure")), CloseReason::kRefused, false, false},
      {"old phone", end_of_old_phone(), CloseReason::kRefused, false, false},
      {"network", end_of_network("reset"), CloseReason::kNetworkLost, false, true},
      {"unreachable", end_of_connecting({ErrorCode::kServiceUnavailable, "no route", {}}),
       CloseReason::kUnreachable, false, true},
      {"too slow", end_of_connecting({ErrorCode::kRequestTimeout, "late", {}}), CloseReason::kTimedOut, false,
       true},
      {"silent", end_of_waiting("answer"), CloseReason::kTimedOut, false, true},
      {"nonsense", end_of_nonsense("x"), CloseReason::kNetworkLost, false, true},
  };
  for (const Ending& ending : kEndings) {
    EXPECT_EQ(to_string(ending.end.reason), to_string(ending.reason)) << ending.what;
    EXPECT_EQ(ending.end.credentials_gone, ending.gone) << ending.what;
    EXPECT_EQ(ending.end.retry_makes_sense, ending.retry) << ending.what;
    EXPECT_EQ(ending.end.retry_after, ending.after) << ending.what;
    EXPECT_THAT(ending.end.text, testing::EndsWith(".")) << ending.what;
  }
  EXPECT_TRUE(end_of_stream(ending_error("515")).restart);
  EXPECT_FALSE(end_of_stream(ending_error("503")).restart);
}

TEST(Endings, WhatAPeerWroteReachesPeopleInPrintableForm) {
  Node locked = failure("403");
  locked.set("logout_message_header", "Read\nthis\x1b[31m " + std::string(5'000, 'x'));
  const std::string text = end_of_login(locked).text;
  EXPECT_LT(text.size(), 400u);
  EXPECT_EQ(text.find_first_of("\n\x1b"), std::string::npos);
  EXPECT_LT(end_of_login(failure(std::string(5'000, 'x'))).text.size(), 200u);
  EXPECT_LT(end_of_stream(ending_error(std::string(5'000, 'x'))).end.text.size(), 200u);
}

}  // namespace
}  // namespace patchbay::whatsapp
