#include "socketio/admin_sessions.h"

#include <gtest/gtest.h>

namespace patchbay::socketio {
namespace {

constexpr SteadyTime kStart{Milliseconds(5'000)};

TEST(AdminSessions, AreKnownUntilTheirTimeIsOver) {
  AdminSessions sessions(10, Milliseconds(1'000));
  const std::string id = sessions.create(kStart);
  EXPECT_EQ(id.size(), 16u);
  EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_NE(sessions.create(kStart), id);
  EXPECT_TRUE(sessions.contains(id, kStart + Milliseconds(999)));
  EXPECT_FALSE(sessions.contains(id, kStart + Milliseconds(1'000)));
  EXPECT_FALSE(sessions.contains("", kStart));
  EXPECT_FALSE(sessions.contains("0123456789abcdef", kStart));
}

TEST(AdminSessions, AreBoundedAndTheOldestGo) {
  AdminSessions sessions(3, Milliseconds(1'000));
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(sessions.create(kStart));
  EXPECT_EQ(sessions.count(), 3u);
  EXPECT_FALSE(sessions.contains(ids[1], kStart));
  EXPECT_TRUE(sessions.contains(ids[2], kStart));
  EXPECT_TRUE(sessions.contains(ids[4], kStart));
}

TEST(AdminSessions, ThatHaveEndedTakeNoMemoryOnceANewOneComes) {
  AdminSessions sessions(1'000, Milliseconds(1'000));
  for (int i = 0; i < 100; ++i) sessions.create(kStart);
  sessions.create(kStart + Milliseconds(2'000));
  EXPECT_EQ(sessions.count(), 1u);
}

}  // namespace
}  // namespace patchbay::socketio
