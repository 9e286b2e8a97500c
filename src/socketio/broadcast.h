// Sending to many: choose rooms, take some out, emit. A value; made by Namespace, Server and Socket, used at
// once (it refers to its namespace). Through a pattern it is for all namespaces made from it. Any thread may
// emit: the packet is encoded once, each shard frames it once and hands the same bytes to all its receivers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "socketio/args.h"
#include "socketio/remote_socket.h"
#include "socketio/selection.h"

namespace patchbay::socketio {

class Namespace;

// A packet on its way to a set of sockets; immutable, shared by the shards.
struct BroadcastMessage {
  Selection to;
  EmitFlags flags;
  std::string packet;  // Socket.IO packet text
  std::vector<Attachment> attachments;
  // The id in `packet` when receivers are to acknowledge.
  std::optional<uint64_t> ack_id;
  // Its place in the order of what can be recovered; 0 when it cannot.
  uint64_t sequence = 0;
};

// What came back from a broadcast that asked for acknowledgements.
struct BroadcastAcks {
  std::vector<Args> responses;  // in the order they came
  size_t expected = 0;          // receivers
  // Nobody was left out: neither silent until the timeout nor gone before it answered.
  bool complete() const { return responses.size() == expected; }
};
using BroadcastAckHandler = std::move_only_function<void(BroadcastAcks)>;

class Broadcast {
 public:
  static constexpr Milliseconds kDefaultTimeout{5'000};

  explicit Broadcast(Namespace& nsp) : nsp_(nsp) {}
  // Receivers are in any of the rooms given; each gets one copy.
  Broadcast& to(std::string_view room);
  Broadcast& in(std::string_view room) { return to(room); }
  // Not those in this room, nor the socket of this id.
  Broadcast& except(std::string_view room);
  // Only sockets of this process.
  Broadcast& local();
  // Skips receivers that have something waiting already. (`volatile` is a word of C++.)
  Broadcast& make_volatile();
  Broadcast& compress(bool compress);
  // See EmitFlags::coalesce_key.
  Broadcast& coalesce(std::string_view key);
  // How long emit_with_ack() and fetch_sockets() wait for the last answer.
  Broadcast& timeout(Milliseconds timeout);

  // Reserved names (is_reserved_event: connect, disconnect, …) are not sent; an error in the log says so.
  template <typename... Values>
  void emit(std::string_view event, Values&&... values) {
    emit_args(event, make_args(std::forward<Values>(values)...));
  }
  void emit_args(std::string_view event, const Args& args);

  // Each receiver is asked for an acknowledgement. `handler` runs once, when all have answered, have gone, or
  // the timeout has passed, with what came: on the calling shard, elsewhere called on the first shard. For a
  // reserved name at once, with nothing.
  void emit_with_ack_args(std::string_view event, const Args& args, BroadcastAckHandler handler);

  // The chosen sockets, as they are when each shard is asked. Thread as above.
  void fetch_sockets(FetchHandler handler);
  // Joins and leaves happen on the sockets' shards; they have been posted when this returns. Rooms that
  // Socket::join() refuses are left out.
  void sockets_join(std::vector<std::string> rooms);
  void sockets_leave(std::vector<std::string> rooms);
  // Disconnects every socket chosen; with `close` their connections too.
  void disconnect_sockets(bool close = false);

 private:
  friend class SocketEmitter;

  void for_each_namespace(const std::function<void(Namespace&)>& action);

  Namespace& nsp_;
  Selection selection_;
  EmitFlags flags_;
  Milliseconds timeout_ = kDefaultTimeout;
};

}  // namespace patchbay::socketio
