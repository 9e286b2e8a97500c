// Sending to many: choose rooms, take some out, emit. A value; made by Namespace and Socket. Any thread may
// emit: the packet is encoded once, each shard frames it once and hands the same bytes to all its receivers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "socketio/args.h"

namespace patchbay::socketio {

class Namespace;

// A packet on its way to a set of sockets; immutable, shared by the shards.
struct BroadcastMessage {
  std::string packet;  // Socket.IO packet text
  std::vector<Attachment> attachments;
  std::vector<std::string> rooms;   // a socket's id is a room of its own; empty: everybody
  std::vector<std::string> except;  // rooms and ids
  bool is_volatile = false;
};

class Broadcast {
 public:
  explicit Broadcast(Namespace& nsp) : nsp_(nsp) {}
  // Receivers are in any of the rooms given; each gets one copy.
  Broadcast& to(std::string_view room);
  Broadcast& in(std::string_view room) { return to(room); }
  // Not those in this room, nor the socket of this id.
  Broadcast& except(std::string_view room);
  // Skips receivers that have something waiting already.
  Broadcast& make_volatile();

  template <typename... Values>
  void emit(std::string_view event, Values&&... values) {
    emit_args(event, make_args(std::forward<Values>(values)...));
  }
  void emit_args(std::string_view event, const Args& args);
  // Disconnects every socket chosen; with `close` their connections too.
  void disconnect_sockets(bool close = false);

 private:
  Namespace& nsp_;
  BroadcastMessage message_;
};

}  // namespace patchbay::socketio
