#include "http/server.h"

#include "http/connection.h"
#include "http/server_shard.h"

namespace patchbay::http {

Server::Server(net::ShardGroup& shards, Handler& handler, ServerOptions options)
    : shards_(shards), handler_(handler), options_(std::move(options)) {
  for (size_t i = 0; i < shards.size(); ++i) per_shard_.push_back(std::make_unique<PerShard>());
}

Server::~Server() = default;

Status Server::start() {
  PB_TRY(net::Listener::check_free(options_.listen));
  for (auto& per_shard : per_shard_) {
    PB_ASSIGN(per_shard->listener, net::Listener::open(options_.listen));
    options_.listen.port = port_ = per_shard->listener->port();
  }
  shards_.run_on_each([this](net::Shard& shard) {
    per_shard_[shard.index()]->listener->start(shard, [this, &shard](net::StreamPtr stream) {
      counters_.connections.fetch_add(1, std::memory_order_relaxed);
      net::Shard& chosen = options_.scatter
                               ? shards_[scattered_.fetch_add(1, std::memory_order_relaxed) % shards_.size()]
                               : shard;
      if (&chosen == &shard) return take(shard, std::move(stream));
      chosen.post([this, &chosen, stream = std::move(stream)]() mutable { take(chosen, std::move(stream)); });
    });
  });
  return {};
}

// On `shard`.
void Server::take(net::Shard& shard, net::StreamPtr stream) {
  PerShard& mine = *per_shard_[shard.index()];
  const bool full = mine.connections.size() >= options_.max_connections_per_shard;
  // No TLS handshake just to say no.
  if (full && stream->secure()) return;
  auto connection = std::make_unique<Connection>(*this, shard, std::move(stream));
  Connection& it = *connection;
  mine.add(std::move(connection));
  full ? it.turn_away() : it.start();
}

void Server::stop_accepting() {
  shards_.run_on_each([this](net::Shard& shard) {
    if (auto& listener = per_shard_[shard.index()]->listener) listener->stop();
  });
}

void Server::stop() {
  shards_.run_on_each([this](net::Shard& shard) {
    PerShard& mine = *per_shard_[shard.index()];
    if (mine.listener) mine.listener->stop();
    while (!mine.connections.empty()) mine.connections.back()->close();
  });
}

}  // namespace patchbay::http
