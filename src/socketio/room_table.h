// Who is in which room, on one shard and in one namespace. Joining, leaving and going through a room are O(1)
// a member. No I/O. Shard-local.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

namespace patchbay::socketio {

class RoomTable;
struct Room;

// What can be in rooms. Leaves them all before it is destroyed (RoomTable::leave_all).
class RoomMember {
 public:
  RoomMember() = default;
  RoomMember(const RoomMember&) = delete;
  RoomMember& operator=(const RoomMember&) = delete;
  size_t room_count() const { return memberships_.size(); }
  std::vector<std::string_view> rooms() const;

 protected:
  ~RoomMember() = default;

 private:
  friend class RoomTable;
  struct Membership {
    Room* room;
    uint32_t index;  // in room->members
  };
  std::vector<Membership> memberships_;
};

struct Room {
  struct Entry {
    RoomMember* member;
    uint32_t membership;  // index in the member's list
  };
  std::string name;
  std::vector<Entry> members;
};

class RoomTable {
 public:
  // False when it was in there already.
  bool join(RoomMember& member, std::string_view room);
  bool leave(RoomMember& member, std::string_view room);
  void leave_all(RoomMember& member);
  // Null when nobody is in it. Valid until the next join or leave.
  const Room* find(std::string_view room) const;
  bool contains(const RoomMember& member, std::string_view room) const;
  size_t room_count() const { return rooms_.size(); }

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  void remove(RoomMember& member, uint32_t membership);

  // The key views the room's own name.
  boost::unordered_flat_map<std::string_view, std::unique_ptr<Room>, Hash, std::equal_to<>> rooms_;
};

}  // namespace patchbay::socketio
