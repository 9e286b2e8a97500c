#include "socketio/server.h"

#include "socketio/client_connection.h"

namespace patchbay::socketio {

Server::Server(net::ShardGroup& shards, ServerOptions options)
    : shards_(shards),
      options_(std::move(options)),
      engine_(shards, options_.engine, [this](engineio::Connection& connection) {
        return std::make_unique<ClientConnection>(*this, connection);
      }) {
  of("/");
}

Server::~Server() = default;

Namespace& Server::of(std::string_view name) {
  std::string key(name);
  if (!key.starts_with('/')) key.insert(0, 1, '/');
  auto& nsp = namespaces_[key];
  if (nsp == nullptr) nsp = std::make_unique<Namespace>(*this, key, shards_.size());
  return *nsp;
}

Namespace* Server::find(std::string_view name) {
  const auto it = namespaces_.find(name);
  return it == namespaces_.end() ? nullptr : it->second.get();
}

}  // namespace patchbay::socketio
