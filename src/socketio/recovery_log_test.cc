#include "socketio/recovery_log.h"

#include <deque>
#include <map>
#include <random>

#include <gtest/gtest.h>

namespace patchbay::socketio {
namespace {

using RecoveryLog = BroadcastLog<std::string>;
using Direct = DirectLog<std::string>;
using Sessions = SessionTable<std::string>;

SteadyTime at(int64_t ms) {
  return SteadyTime(Milliseconds(ms));
}
std::shared_ptr<const std::string> message(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}
std::vector<uint64_t> numbers_after(const RecoveryLog& log, uint64_t seq) {
  std::vector<uint64_t> numbers;
  log.for_each_after(seq, [&](const RecoveryLog::Entry& entry) { numbers.push_back(entry.seq); });
  return numbers;
}
std::vector<std::string> texts_after(const Direct& log, Offset offset) {
  std::vector<std::string> texts;
  log.for_each_after(offset, [&](const Direct::Entry& entry) { texts.push_back(*entry.message); });
  return texts;
}

TEST(Offset, TextAndBack) {
  for (const auto& [offset, text] : {std::pair<Offset, std::string>{{0, 0}, "0"},
                                     {{17, 0}, "17"},
                                     {{17, 2}, "17-2"},
                                     {{0, 1}, "0-1"},
                                     {{UINT64_MAX, UINT32_MAX}, "18446744073709551615-4294967295"}}) {
    EXPECT_EQ(to_string(offset), text);
    EXPECT_EQ(parse_offset(text), offset);
  }
}

TEST(Offset, TextThatTheServerNeverWroteIsRefused) {
  for (const std::string& text : {std::string(),
                                  std::string("-"),
                                  std::string("-1"),
                                  std::string("+1"),
                                  std::string("01"),
                                  std::string("1-0"),
                                  std::string("1-01"),
                                  std::string("1-"),
                                  std::string("1--1"),
                                  std::string("1-1-1"),
                                  std::string(" 1"),
                                  std::string("1 "),
                                  std::string("1.5"),
                                  std::string("1-2x"),
                                  std::string("0x1"),
                                  std::string("1\0", 2),
                                  std::string("18446744073709551616"),
                                  std::string("1-4294967296"),
                                  std::string("__proto__"),
                                  std::string(1'000'000, '1')})
    EXPECT_EQ(parse_offset(text), std::nullopt) << text.substr(0, 40);
}

TEST(Offset, DirectMessagesStandBetweenTheirBroadcasts) {
  EXPECT_LT((Offset{1, 0}), (Offset{1, 1}));
  EXPECT_LT((Offset{1, 9}), (Offset{2, 0}));
}

TEST(BroadcastLog, GivesWhatCameAfterANumber) {
  RecoveryLog log({});
  EXPECT_TRUE(numbers_after(log, 0).empty());
  EXPECT_TRUE(log.append(3, message("a"), 1, at(0)));
  EXPECT_TRUE(log.append(4, message("b"), 1, at(1)));
  EXPECT_TRUE(log.append(9, message("c"), 1, at(2)));
  EXPECT_EQ(numbers_after(log, 0), (std::vector<uint64_t>{3, 4, 9}));
  EXPECT_EQ(numbers_after(log, 3), (std::vector<uint64_t>{4, 9}));
  EXPECT_EQ(numbers_after(log, 5), (std::vector<uint64_t>{9}));
  EXPECT_TRUE(numbers_after(log, 9).empty());
  EXPECT_TRUE(numbers_after(log, UINT64_MAX).empty());
  EXPECT_EQ(log.floor(), 0u);
  EXPECT_EQ(log.last(), 9u);
  EXPECT_EQ(*log.after(4).front().message, "c");
}

TEST(BroadcastLog, AVisitorMayStop) {
  RecoveryLog log({});
  for (uint64_t seq = 1; seq <= 5; ++seq) log.append(seq, message(""), 0, at(0));
  int seen = 0;
  log.for_each_after(1, [&](const RecoveryLog::Entry&) { return ++seen < 2; });
  EXPECT_EQ(seen, 2);
}

TEST(BroadcastLog, NumbersMustGrow) {
  RecoveryLog log({}, 5);
  EXPECT_EQ(log.floor(), 5u);
  EXPECT_FALSE(log.append(5, message("old"), 1, at(0)));
  EXPECT_TRUE(log.append(6, message("new"), 1, at(0)));
  EXPECT_FALSE(log.append(6, message("again"), 1, at(0)));
  EXPECT_EQ(log.count(), 1u);
  EXPECT_EQ(log.last(), 6u);
}

TEST(BroadcastLog, TheOldestGoWhenBytesAreTooMany) {
  RecoveryLog log({.max_bytes = 3 * (100 + RecoveryLog::kEntryOverhead)});
  for (uint64_t seq = 1; seq <= 5; ++seq) log.append(seq, message(""), 100, at(0));
  EXPECT_EQ(numbers_after(log, 0), (std::vector<uint64_t>{3, 4, 5}));
  EXPECT_EQ(log.floor(), 2u);
  EXPECT_EQ(log.bytes(), 3 * (100 + RecoveryLog::kEntryOverhead));
}

TEST(BroadcastLog, MessagesWithoutBytesStillHaveABound) {
  RecoveryLog log({.max_bytes = 100 * RecoveryLog::kEntryOverhead});
  for (uint64_t seq = 1; seq <= 1'000; ++seq) log.append(seq, message(""), 0, at(0));
  EXPECT_EQ(log.count(), 100u);
}

TEST(BroadcastLog, WhatIsTooOldGoesAndIsLetGoAtOnce) {
  RecoveryLog log({.max_age = Milliseconds(1'000)});
  auto first = message("first");
  const std::weak_ptr<const std::string> watched = first;
  log.append(1, std::move(first), 5, at(0));
  log.append(2, message("second"), 6, at(500));
  log.trim(at(1'000));
  EXPECT_EQ(log.count(), 2u);
  log.trim(at(1'001));
  EXPECT_TRUE(watched.expired());
  EXPECT_EQ(log.floor(), 1u);
  EXPECT_EQ(log.count(), 1u);
  log.trim(at(1'501));
  EXPECT_EQ(log.floor(), 2u);
  EXPECT_EQ(log.bytes(), 0u);
  EXPECT_EQ(log.last(), 2u);
}

TEST(BroadcastLog, AMessageLargerThanTheLogLeavesItEmptyAndSaysSo) {
  RecoveryLog log({.max_bytes = 1'000});
  log.append(1, message("small"), 5, at(0));
  EXPECT_TRUE(log.append(2, message("large"), 5'000, at(0)));
  EXPECT_EQ(log.count(), 0u);
  EXPECT_EQ(log.floor(), 2u);
  EXPECT_EQ(log.bytes(), 0u);
}

TEST(BroadcastLog, AgreesWithASimpleModelOverRandomMoves) {
  struct Kept {
    uint64_t seq;
    size_t bytes;
    int64_t time;
  };
  std::mt19937 random(7);
  constexpr size_t kMaxBytes = 40'000;
  constexpr int64_t kMaxAge = 400;
  RecoveryLog log({.max_bytes = kMaxBytes, .max_age = Milliseconds(kMaxAge)});
  std::deque<Kept> model;
  uint64_t seq = 0;
  uint64_t floor = 0;
  int64_t now = 0;
  for (int step = 0; step < 20'000; ++step) {
    now += random() % 10;
    if (random() % 4 != 0) {
      seq += 1 + random() % 3;
      // Mostly small; at times one that pushes most or all of the others out.
      const size_t bytes = random() % 200 == 0 ? random() % (2 * kMaxBytes) : random() % 800;
      ASSERT_TRUE(log.append(seq, message(std::to_string(seq)), bytes, at(now)));
      model.push_back({seq, bytes + RecoveryLog::kEntryOverhead, now});
    } else {
      log.trim(at(now));
    }
    const auto total = [&] {
      size_t sum = 0;
      for (const Kept& kept : model) sum += kept.bytes;
      return sum;
    };
    while (!model.empty() && (total() > kMaxBytes || now - model.front().time > kMaxAge)) {
      floor = model.front().seq;
      model.pop_front();
    }
    ASSERT_EQ(log.bytes(), total());
    ASSERT_EQ(log.count(), model.size());
    ASSERT_EQ(log.floor(), floor);
    ASSERT_EQ(log.last(), seq);
    const uint64_t from = floor + random() % (seq - floor + 2);
    std::vector<uint64_t> expected;
    for (const Kept& kept : model)
      if (kept.seq > from) expected.push_back(kept.seq);
    ASSERT_EQ(numbers_after(log, from), expected);
    for (const auto& entry : log.after(from)) ASSERT_EQ(*entry.message, std::to_string(entry.seq));
  }
}

TEST(DirectLog, PlacesMessagesAfterTheLastBroadcast) {
  Direct log(100'000);
  EXPECT_EQ(log.append(0, message("a"), 1), (Offset{0, 1}));
  EXPECT_EQ(log.append(0, message("b"), 1), (Offset{0, 2}));
  EXPECT_EQ(log.append(8, message("c"), 1), (Offset{8, 1}));
  EXPECT_EQ(log.append(8, message("d"), 1), (Offset{8, 2}));
  EXPECT_EQ(log.append(3, message("e"), 1), (Offset{8, 3})) << "places only grow";
  EXPECT_EQ(texts_after(log, {}), (std::vector<std::string>{"a", "b", "c", "d", "e"}));
  EXPECT_EQ(texts_after(log, {0, 1}), (std::vector<std::string>{"b", "c", "d", "e"}));
  EXPECT_EQ(texts_after(log, {4, 0}), (std::vector<std::string>{"c", "d", "e"}));
  EXPECT_EQ(texts_after(log, {8, 2}), (std::vector<std::string>{"e"}));
  EXPECT_TRUE(texts_after(log, {8, 3}).empty());
  EXPECT_EQ(log.floor(), Offset{});
}

TEST(DirectLog, TheOldestGoWhenBytesAreTooMany) {
  Direct log(2 * (10 + Direct::kEntryOverhead));
  for (int i = 0; i < 5; ++i) log.append(1, message(std::to_string(i)), 10);
  EXPECT_EQ(texts_after(log, {}), (std::vector<std::string>{"3", "4"}));
  EXPECT_EQ(log.floor(), (Offset{1, 3}));
  log.append(2, message("large"), 1'000'000);
  EXPECT_EQ(log.count(), 0u);
  EXPECT_EQ(log.bytes(), 0u);
  EXPECT_EQ(log.floor(), (Offset{2, 1}));
}

TEST(DirectLog, GoesOnWhereARecoveredSocketWas) {
  Direct log(100'000, {5, 2});
  EXPECT_EQ(log.floor(), (Offset{5, 2}));
  EXPECT_EQ(log.append(5, message("x"), 1), (Offset{5, 3}));
  EXPECT_EQ(log.append(6, message("y"), 1), (Offset{6, 1}));
}

// Otherwise two messages would share a place, and one of them could be lost unseen.
TEST(DirectLog, WithoutPlacesLeftNothingIsRecoverableUntilTheNextBroadcast) {
  Direct log(100'000, {5, UINT32_MAX - 1});
  const Offset last = log.append(5, message("x"), 1);
  EXPECT_EQ(last, (Offset{5, UINT32_MAX}));
  EXPECT_LE(log.floor(), last);
  log.append(5, message("y"), 1);
  EXPECT_GT(log.floor(), last);
  EXPECT_EQ(log.count(), 0u);
  EXPECT_EQ(log.append(6, message("z"), 1), (Offset{6, 1}));
  EXPECT_EQ(texts_after(log, log.floor()), std::vector<std::string>{"z"});
}

TEST(RecoveryLogs, AreReadAsOneSequence) {
  RecoveryLog broadcasts({});
  Direct direct(100'000);
  std::vector<std::string> sent;
  std::vector<Offset> places;
  std::mt19937 random(11);
  for (uint64_t seq = 0; sent.size() < 60;) {
    sent.push_back(std::to_string(sent.size()));
    if (random() % 2 == 0) {
      broadcasts.append(++seq, message(sent.back()), 1, at(0));
      places.push_back({seq, 0});
    } else {
      places.push_back(direct.append(seq, message(sent.back()), 1));
    }
  }
  for (size_t seen = 0; seen <= sent.size(); ++seen) {
    std::vector<std::string> missed;
    const auto take = [&](const auto& entry) { missed.push_back(*entry.message); };
    for_each_after(broadcasts, direct, seen == 0 ? Offset{} : places[seen - 1], take, take);
    ASSERT_EQ(missed, std::vector<std::string>(sent.begin() + static_cast<std::ptrdiff_t>(seen), sent.end()));
  }
}

TEST(SessionTable, ASessionIsTakenOnce) {
  Sessions table({});
  EXPECT_TRUE(table.put("p", "state", 5, at(0)));
  EXPECT_EQ(table.count(), 1u);
  EXPECT_EQ(table.bytes(), 5 + 1 + Sessions::kSessionOverhead);
  EXPECT_EQ(table.take("q", at(1)), std::nullopt);
  EXPECT_EQ(table.take("__proto__", at(1)), std::nullopt);
  EXPECT_EQ(table.take("p", at(1)), "state");
  EXPECT_EQ(table.take("p", at(1)), std::nullopt);
  EXPECT_EQ(table.bytes(), 0u);
}

TEST(SessionTable, SessionsExpireAndTheOwnerIsTold) {
  std::vector<std::string> gone;
  Sessions table({.lifetime = Milliseconds(100)},
                 [&](std::string_view pid, std::string& session, Sessions::Gone why) {
                   EXPECT_EQ(why, Sessions::Gone::kExpired);
                   gone.push_back(std::string(pid) + "=" + session);
                 });
  EXPECT_EQ(table.next_expiry(), std::nullopt);
  table.put("a", "1", 1, at(0));
  table.put("b", "2", 1, at(50));
  EXPECT_EQ(table.next_expiry(), at(100));
  EXPECT_EQ(table.expire(at(99)), 0u);
  EXPECT_EQ(table.expire(at(100)), 1u);
  EXPECT_EQ(gone, std::vector<std::string>{"a=1"});
  EXPECT_EQ(table.take("b", at(150)), std::nullopt) << "also when nobody has called expire()";
  EXPECT_EQ(gone, (std::vector<std::string>{"a=1", "b=2"}));
}

TEST(SessionTable, TheOldestMakeRoom) {
  std::vector<std::string> gone;
  const auto note = [&](std::string_view pid, std::string&, Sessions::Gone why) {
    EXPECT_EQ(why, Sessions::Gone::kEvicted);
    gone.emplace_back(pid);
  };
  Sessions few({.max_sessions = 2}, note);
  for (const char* const pid : {"a", "b", "c"}) EXPECT_TRUE(few.put(pid, "", 0, at(0)));
  EXPECT_EQ(gone, std::vector<std::string>{"a"});

  gone.clear();
  const size_t one = 100 + 1 + Sessions::kSessionOverhead;
  Sessions small({.max_bytes = 3 * one}, note);
  for (const char* const pid : {"a", "b", "c"}) EXPECT_TRUE(small.put(pid, "", 100, at(0)));
  EXPECT_TRUE(small.put("d", "", 101, at(0)));
  EXPECT_EQ(gone, (std::vector<std::string>{"a", "b"}));
  EXPECT_FALSE(small.put("e", "", 3 * one, at(0))) << "it alone is too large";
  EXPECT_EQ(small.count(), 2u) << "and pushes nobody out";
}

TEST(SessionTable, TheSameIdAgainReplaces) {
  int replaced = 0;
  Sessions table({}, [&](std::string_view, std::string& session, Sessions::Gone why) {
    EXPECT_EQ(why, Sessions::Gone::kReplaced);
    EXPECT_EQ(session, "old");
    ++replaced;
  });
  table.put("p", "old", 1'000, at(0));
  table.put("p", "new", 3, at(10));
  EXPECT_EQ(replaced, 1);
  EXPECT_EQ(table.count(), 1u);
  EXPECT_EQ(table.bytes(), 3 + 1 + Sessions::kSessionOverhead);
  EXPECT_EQ(table.take("p", at(11)), "new");
}

TEST(SessionTable, KnowsWhichShardHasASession) {
  Sessions table({.max_forwards = 2});
  EXPECT_EQ(table.forwarded_to("a"), std::nullopt);
  table.forward("a", 3);
  table.forward("b", 0);
  EXPECT_EQ(table.forwarded_to("a"), 3u);
  EXPECT_EQ(table.forwarded_to("b"), 0u);
  table.forward("a", 5);
  EXPECT_EQ(table.forwarded_to("a"), 5u);
  table.forward("c", 1);
  EXPECT_EQ(table.forwarded_to("b"), std::nullopt) << "the oldest went";
  EXPECT_EQ(table.forward_count(), 2u);
  table.forget("a");
  table.forget("nobody");
  EXPECT_EQ(table.forwarded_to("a"), std::nullopt);
  EXPECT_EQ(table.forwarded_to("c"), 1u);
}

TEST(SessionTable, AgreesWithASimpleModelOverRandomMoves) {
  struct Kept {
    std::string pid, session;
    size_t bytes;
    int64_t expiry;
  };
  std::mt19937 random(13);
  constexpr size_t kMaxBytes = 20'000, kMaxSessions = 12;
  constexpr int64_t kLifetime = 60;
  size_t told = 0;
  Sessions table({.lifetime = Milliseconds(kLifetime), .max_sessions = kMaxSessions, .max_bytes = kMaxBytes},
                 [&](std::string_view, std::string&, Sessions::Gone) { ++told; });
  std::deque<Kept> model;
  size_t gone = 0;
  int64_t now = 0;
  const auto total = [&] {
    size_t sum = 0;
    for (const Kept& kept : model) sum += kept.bytes;
    return sum;
  };
  for (int step = 0; step < 20'000; ++step) {
    now += random() % 6;
    gone += static_cast<size_t>(std::erase_if(model, [&](const Kept& kept) { return kept.expiry <= now; }));
    const std::string pid = "pid" + std::to_string(random() % 20);
    const auto same = [&](const Kept& kept) { return kept.pid == pid; };
    if (random() % 3 != 0) {
      const size_t bytes = random() % 50 == 0 ? random() % (2 * kMaxBytes) : random() % 3'000;
      const size_t counted = bytes + pid.size() + Sessions::kSessionOverhead;
      gone += static_cast<size_t>(std::erase_if(model, same));
      const bool fits = counted <= kMaxBytes;
      ASSERT_EQ(table.put(pid, std::to_string(step), bytes, at(now)), fits);
      for (; fits && (model.size() == kMaxSessions || total() + counted > kMaxBytes); ++gone)
        model.pop_front();
      if (fits) model.push_back({pid, std::to_string(step), counted, now + kLifetime});
    } else {
      const auto found = std::ranges::find_if(model, same);
      const auto taken = table.take(pid, at(now));
      ASSERT_EQ(taken.has_value(), found != model.end());
      if (taken) {
        ASSERT_EQ(*taken, found->session);
        model.erase(found);
      }
    }
    ASSERT_EQ(table.count(), model.size());
    ASSERT_EQ(table.bytes(), total());
    ASSERT_EQ(told, gone);
    ASSERT_EQ(table.next_expiry(), model.empty() ? std::nullopt : std::optional(at(model.front().expiry)));
  }
}

}  // namespace
}  // namespace patchbay::socketio
