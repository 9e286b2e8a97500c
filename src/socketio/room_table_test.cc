#include "socketio/room_table.h"

#include <map>
#include <random>
#include <set>

#include <gtest/gtest.h>

namespace patchbay::socketio {
namespace {

struct Member : RoomMember {
  ~Member() = default;
};

TEST(RoomTable, JoinsOnceAndForgetsEmptyRooms) {
  RoomTable table;
  Member a, b;
  EXPECT_TRUE(table.join(a, "x"));
  EXPECT_FALSE(table.join(a, "x"));
  EXPECT_TRUE(table.join(b, "x"));
  EXPECT_EQ(table.find("x")->members.size(), 2u);
  EXPECT_TRUE(table.leave(a, "x"));
  EXPECT_FALSE(table.leave(a, "x"));
  table.leave_all(b);
  EXPECT_EQ(table.find("x"), nullptr);
  EXPECT_EQ(table.room_count(), 0u);
}

TEST(RoomTable, AgreesWithAMapOfSetsOverRandomMoves) {
  std::mt19937 random(3);
  RoomTable table;
  std::vector<std::unique_ptr<Member>> members;
  for (int i = 0; i < 30; ++i) members.push_back(std::make_unique<Member>());
  std::map<std::string, std::set<RoomMember*>> model;
  for (int step = 0; step < 20'000; ++step) {
    Member& member = *members[random() % members.size()];
    const std::string room = "room" + std::to_string(random() % 12);
    switch (random() % 5) {
      case 0:
      case 1:
        EXPECT_EQ(table.join(member, room), model[room].insert(&member).second);
        break;
      case 2:
      case 3:
        EXPECT_EQ(table.leave(member, room), model[room].erase(&member) == 1);
        break;
      default:
        table.leave_all(member);
        for (auto& [name, set] : model) set.erase(&member);
    }
    for (const auto& [name, set] : model) {
      const Room* const found = table.find(name);
      ASSERT_EQ(found == nullptr, set.empty());
      if (found == nullptr) continue;
      std::set<RoomMember*> seen;
      for (const auto& entry : found->members) seen.insert(entry.member);
      ASSERT_EQ(seen, set);
    }
  }
  for (auto& member : members) table.leave_all(*member);
}

}  // namespace
}  // namespace patchbay::socketio
