// What reaches sockets of other shards and, with another implementation, of other processes: every operation
// on many sockets goes through its namespace's adapter. LocalAdapter is the one for a single process; one
// that joins several processes derives from it, sends what it is told to the others as well, and carries out
// what they send by calling the local operations. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "socketio/broadcast.h"

namespace patchbay::socketio {

// Answers of other processes to a server_side_emit(), one for each; `missing` were silent until the timeout.
struct ServerSideAcks {
  std::vector<Args> responses;
  size_t missing = 0;
};
using ServerSideAckHandler = std::move_only_function<void(ServerSideAcks)>;

class Adapter {
 public:
  using Factory = std::function<std::unique_ptr<Adapter>(Namespace&)>;

  virtual ~Adapter() = default;

  // To all sockets of message.to, wherever they are.
  virtual void broadcast(std::shared_ptr<const BroadcastMessage> message) = 0;
  virtual void broadcast_with_ack(std::shared_ptr<const BroadcastMessage> message, Milliseconds timeout,
                                  BroadcastAckHandler handler) = 0;
  virtual void fetch_sockets(Selection selection, Milliseconds timeout, FetchHandler handler) = 0;
  virtual void sockets_join(Selection selection, std::vector<std::string> rooms) = 0;
  virtual void sockets_leave(Selection selection, std::vector<std::string> rooms) = 0;
  virtual void disconnect_sockets(Selection selection, bool close) = 0;
  // An event for the other processes' Namespace::on_server_side handlers. Without `handler` nobody answers.
  virtual void server_side_emit(std::string_view event, Args args, Milliseconds timeout,
                                ServerSideAckHandler handler) = 0;

  // A room got its first socket on a shard, lost its last one there. On that shard.
  virtual void on_room_created(std::string_view room) = 0;
  virtual void on_room_deleted(std::string_view room) = 0;
};

class LocalAdapter : public Adapter {
 public:
  // `nsp` outlives the adapter.
  explicit LocalAdapter(Namespace& nsp) : nsp_(nsp) {}

  void broadcast(std::shared_ptr<const BroadcastMessage> message) override;
  void broadcast_with_ack(std::shared_ptr<const BroadcastMessage> message, Milliseconds timeout,
                          BroadcastAckHandler handler) override;
  void fetch_sockets(Selection selection, Milliseconds timeout, FetchHandler handler) override;
  void sockets_join(Selection selection, std::vector<std::string> rooms) override;
  void sockets_leave(Selection selection, std::vector<std::string> rooms) override;
  void disconnect_sockets(Selection selection, bool close) override;
  // There is nobody else: answered at once with nothing.
  void server_side_emit(std::string_view event, Args args, Milliseconds timeout,
                        ServerSideAckHandler handler) override;
  void on_room_created(std::string_view) override {}
  void on_room_deleted(std::string_view) override {}

 protected:
  Namespace& nsp_;
};

}  // namespace patchbay::socketio
