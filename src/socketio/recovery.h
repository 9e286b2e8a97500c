// Connection state recovery: a client that comes back in time finds its socket's id, rooms and data again,
// and gets what it missed. Broadcasts are numbered by the namespace's first shard and logged on every shard
// in that one order; the number travels to clients as the last argument of each event, and comes back from
// them as `offset`. A session lies where its socket was; the shard that its private id (`pid`) names knows
// where that is. Internal to the module. https://socket.io/docs/v4/connection-state-recovery
#pragma once

#include <any>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "socketio/broadcast.h"
#include "socketio/namespace.h"
#include "socketio/recovery_log.h"
#include "socketio/server_options.h"

namespace patchbay::socketio {

// An event that one socket alone was sent.
struct DirectMessage {
  std::string packet;
  std::vector<Attachment> attachments;
};

// What a socket of a namespace with recovery has on top. Shard-local.
struct Socket::Recovery {
  std::string pid;
  Offset start;  // where the session began: everything after it concerns this client
  DirectLog<DirectMessage> direct;
  // Broadcasts up to this number have reached the client already, on another shard that was ahead.
  uint64_t floor = 0;
};

// An event with its attachments.
struct MissedPacket {
  std::shared_ptr<const void> owner;  // of what the views show
  std::string_view packet;
  std::span<const Attachment> attachments;
};

// A socket's state while nobody is connected.
struct StoredSession {
  std::string sid;
  std::vector<std::string> rooms;
  std::any data;
  Offset start;
  DirectLog<DirectMessage> direct;
  size_t bytes() const;
};

// The part of a namespace's recovery that lives on one shard.
struct Namespace::RecoveryShard {
  RecoveryShard(const RecoveryOptions& options, std::move_only_function<void(std::string_view pid)> on_gone);

  BroadcastLog<BroadcastMessage> log;
  SessionTable<StoredSession> sessions;
  boost::unordered_flat_map<std::string_view, Socket*> live;  // by pid; the key views the socket's own
  Executor::Timer sweep;
  bool sweeping = false;  // the timer runs
};

// Puts `offset` behind the arguments of the event `packet`.
void append_offset(std::string& packet, const Offset& offset);

// The `pid` and `offset` that a client gave in its CONNECT payload; nothing when it gave no pid.
struct RecoveryRequest {
  std::string pid;
  std::optional<Offset> offset;  // none: it has got no event yet
};
std::optional<RecoveryRequest> recovery_request(std::string_view auth_json);

}  // namespace patchbay::socketio
