// The sessions of one shard. Internal to the module.
#pragma once

#include <cstring>
#include <memory>

#include <boost/unordered/unordered_flat_map.hpp>

#include "engineio/link.h"
#include "net/turn_budget.h"
#include "websocket/deflate.h"

namespace patchbay::engineio {

struct Server::PerShard {
  struct Hash {
    size_t operator()(const SessionId& id) const {
      // Random characters behind the first: as good as a hash.
      uint64_t value;
      std::memcpy(&value, id.view().data() + 1, sizeof value);
      return value * 0x9e3779b97f4a7c15ull;
    }
  };

  net::Shard* shard = nullptr;
  boost::unordered_flat_map<SessionId, std::unique_ptr<Link>, Hash> sessions;
  std::atomic<size_t> session_count{0};
  Counters counters;
  websocket::DeflateCodec deflate;
  net::TurnBudget compressed_polls;

  explicit PerShard(const ServerOptions& options)
      : deflate(options.per_message_deflate), compressed_polls(options.http_compression.max_bytes_per_turn) {}

  Link* find(const SessionId& id) {
    const auto it = sessions.find(id);
    return it == sessions.end() ? nullptr : it->second.get();
  }
  static void bump(std::atomic<uint64_t>& counter, uint64_t by = 1) {
    counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
};

}  // namespace patchbay::engineio
