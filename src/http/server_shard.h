// The part of the server that lives on one shard: its listener and its connections. Internal to the module.
#pragma once

#include <memory>
#include <vector>

#include "http/connection.h"
#include "http/server.h"

namespace patchbay::http {

struct Server::PerShard {
  std::unique_ptr<net::Listener> listener;
  std::vector<std::unique_ptr<Connection>> connections;

  void add(std::unique_ptr<Connection> connection) {
    connection->index_ = connections.size();
    connections.push_back(std::move(connection));
  }
  // Destroys it at the end of the turn.
  void remove(Connection& connection) {
    const size_t index = connection.index_;
    std::unique_ptr<Connection> gone = std::move(connections[index]);
    if (index + 1 != connections.size()) {
      connections[index] = std::move(connections.back());
      connections[index]->index_ = index;
    }
    connections.pop_back();
    connection.shard_.destroy_later(std::move(gone));
  }
};

}  // namespace patchbay::http
