#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/result.h"

namespace patchbay {
namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return fail(ErrorCode::kValidation, "odd");
  return n / 2;
}

Result<int> quarter(int n) {
  PB_ASSIGN(const int h, half(n));
  PB_TRY(half(h));
  return h / 2;
}

TEST(Result, PropagatesTheFirstFailure) {
  EXPECT_EQ(quarter(8), 2);
  EXPECT_EQ(quarter(3).error().message, "odd");
  EXPECT_EQ(quarter(6).error().code, ErrorCode::kValidation);
}

TEST(ErrorCode, CarriesItsWireNameAndStatus) {
  EXPECT_EQ(to_string(ErrorCode::kInstanceNotFound), "INSTANCE_NOT_FOUND");
  EXPECT_EQ(http_status(ErrorCode::kInstanceLimitReached), 403);
}

TEST(Clock, WritesIso8601WithMilliseconds) {
  EXPECT_EQ(to_iso8601(from_unix_ms(1'700'000'000'007)), "2023-11-14T22:13:20.007Z");
}

TEST(Ids, HaveTheirFormAndDoNotRepeat) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string cuid = make_cuid(from_unix_ms(1'700'000'000'000));
    EXPECT_TRUE(looks_like_cuid(cuid)) << cuid;
    EXPECT_EQ(cuid[0], 'c');
    EXPECT_TRUE(seen.insert(cuid).second);
    EXPECT_TRUE(seen.insert(random_id(20)).second);
  }
  EXPECT_EQ(random_id(20).size(), 20u);
  EXPECT_EQ(random_hex(32).size(), 64u);
}

TEST(RedactTarget, HidesSecretsAndKeepsTheRest) {
  EXPECT_EQ(log::redact_target("/socket.io/?EIO=4&token=abc.def&t=1"),
            "/socket.io/?EIO=4&token=[redacted]&t=1");
  EXPECT_EQ(log::redact_target("/x?Tok%65n=abc"), "/x?Tok%65n=[redacted]");
  EXPECT_EQ(log::redact_target("/x"), "/x");
  EXPECT_EQ(log::redact_target("/x?"), "/x?");
}

TEST(Log, GivesWholeLinesToTheSinkOfTheProgram) {
  std::vector<std::pair<log::Level, std::string>> lines;
  log::set_sink([&](log::Level level, std::string_view line) { lines.emplace_back(level, line); });
  log::info("hello", {{"room", "a \"b\""}, {"count", -3}, {"share", 0.5}, {"open", true}});
  log::debug("not at this level");
  log::configure(log::Level::kWarning, log::Format::kJson);
  log::info("nor this");
  log::error("lost", {{"bytes", uint64_t{18'446'744'073'709'551'615u}}});
  log::configure(log::Level::kInfo, log::Format::kText);
  log::set_sink([](log::Level, std::string_view) {});

  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].first, log::Level::kInfo);
  EXPECT_EQ(lines[0].second.substr(24), R"( info    hello room="a \"b\"" count=-3 share=0.5 open=true)");
  EXPECT_EQ(lines[1].first, log::Level::kError);
  EXPECT_EQ(lines[1].second.substr(lines[1].second.find(",\"level")),
            R"(,"level":"error","event":"lost","bytes":18446744073709551615})");
}

}  // namespace
}  // namespace patchbay
