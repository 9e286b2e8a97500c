#include "socketio/room_table.h"

namespace patchbay::socketio {

std::vector<std::string_view> RoomMember::rooms() const {
  std::vector<std::string_view> names;
  names.reserve(memberships_.size());
  for (const Membership& membership : memberships_) names.push_back(membership.room->name);
  return names;
}

bool RoomTable::contains(const RoomMember& member, std::string_view room) const {
  // Members are in few rooms, rooms may have many members.
  for (const auto& membership : member.memberships_)
    if (membership.room->name == room) return true;
  return false;
}

bool RoomTable::join(RoomMember& member, std::string_view room) {
  auto it = rooms_.find(room);
  if (it == rooms_.end()) {
    auto made = std::make_unique<Room>(Room{.name = std::string(room), .members = {}});
    const std::string_view key = made->name;
    it = rooms_.emplace(key, std::move(made)).first;
  } else {
    // Whichever list is shorter tells.
    const Room& existing = *it->second;
    if (existing.members.size() < member.memberships_.size()) {
      for (const auto& entry : existing.members)
        if (entry.member == &member) return false;
    } else if (contains(member, room)) {
      return false;
    }
  }
  Room& target = *it->second;
  member.memberships_.push_back({&target, static_cast<uint32_t>(target.members.size())});
  target.members.push_back({&member, static_cast<uint32_t>(member.memberships_.size() - 1)});
  return true;
}

bool RoomTable::leave(RoomMember& member, std::string_view room) {
  const Room* const existing = find(room);
  if (existing == nullptr) return false;
  // Whichever list is shorter tells.
  if (existing->members.size() < member.memberships_.size()) {
    for (const auto& entry : existing->members)
      if (entry.member == &member) {
        remove(member, entry.membership);
        return true;
      }
    return false;
  }
  for (uint32_t i = 0; i < member.memberships_.size(); ++i)
    if (member.memberships_[i].room == existing) {
      remove(member, i);
      return true;
    }
  return false;
}

void RoomTable::leave_all(RoomMember& member) {
  while (!member.memberships_.empty()) remove(member, static_cast<uint32_t>(member.memberships_.size() - 1));
}

const Room* RoomTable::find(std::string_view room) const {
  const auto it = rooms_.find(room);
  return it == rooms_.end() ? nullptr : it->second.get();
}

// Both lists give up an entry by moving their last into its place.
void RoomTable::remove(RoomMember& member, uint32_t membership) {
  Room& room = *member.memberships_[membership].room;
  const uint32_t index = member.memberships_[membership].index;
  room.members[index] = room.members.back();
  room.members.pop_back();
  if (index < room.members.size()) {
    const Room::Entry& moved = room.members[index];
    moved.member->memberships_[moved.membership].index = index;
  }
  member.memberships_[membership] = member.memberships_.back();
  member.memberships_.pop_back();
  if (membership < member.memberships_.size()) {
    const auto& moved = member.memberships_[membership];
    moved.room->members[moved.index].membership = membership;
  }
  if (room.members.empty()) rooms_.erase(rooms_.find(std::string_view(room.name)));
}

}  // namespace patchbay::socketio
